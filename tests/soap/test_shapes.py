"""Learned shapes say what the strict reader says, or nothing. The reader is the truth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.errors import SoapServiceError
from soap_service.services import NAMESPACE, make_application
from soap_service.soap.known_messages import MAX_SHAPE_BYTES, MAX_SHAPES, MAX_VALUE, Shapes
from soap_service.soap.reader import Message, MessageRefused, list_operations, read_message

OPERATIONS = list_operations(make_application())
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
TYPE = "text/xml; charset=utf-8"


def envelope(argument: str, operation: str = "obterQtdeSolicitacoes", comment: str = "") -> bytes:
    asked = f'<t:{operation} xmlns:t="{NAMESPACE}">{argument}</t:{operation}>'
    return f'<e:Envelope xmlns:e="{SOAP_11}"><e:Body>{comment}{asked}</e:Body></e:Envelope>'.encode()


def taught(body: bytes, content_type: str = TYPE) -> Shapes:
    shapes = Shapes()
    shapes.learn(content_type, body, read_message(body, content_type, OPERATIONS))
    return shapes


def test_a_shape_is_recalled_with_another_value() -> None:
    shapes = taught(envelope("<t:cpf>11144477735</t:cpf>"))
    message = shapes.recall(TYPE, envelope("<t:cpf>52998224725</t:cpf>"))
    assert message is not None
    assert message.bind() == ["52998224725"]
    assert message == read_message(envelope("<t:cpf>52998224725</t:cpf>"), TYPE, OPERATIONS)


@pytest.mark.parametrize(
    "argument",
    [
        "<!--11144477735--><t:cpf>&#49;1144477735</t:cpf>",
        '<t:cpf x="11144477735">&#49;1144477735</t:cpf>',
        "<t:x>11144477735</t:x><t:cpf>111&#52;4477735</t:cpf>",
        "<t:cpf>11144477735<!--11144477735--></t:cpf>",
        "<t:cpf>111.444.777-35</t:cpf>",
        "<t:cpf>&#11144;</t:cpf>",
        "<t:cpf> 11144477735 </t:cpf>",
        "<t:cpf></t:cpf>",
    ],
)
def test_a_value_that_is_not_the_whole_plain_text_is_not_learned(argument: str) -> None:
    shapes = taught(envelope(argument))
    assert shapes.recall(TYPE, envelope(argument.replace("11144477735", "52998224725"))) is None


@pytest.mark.parametrize(
    "value",
    ["", " 1", "1 ", "1&amp;", "<x/>", "1</t:cpf><t:cpf>2", "é", "１", "1-1", "]]>", "x" * (MAX_VALUE + 1), "\0"],
)
def test_a_value_that_is_not_plain_is_left_to_the_reader(value: str) -> None:
    shapes = taught(envelope("<t:cpf>11144477735</t:cpf>"))
    assert shapes.recall(TYPE, envelope(f"<t:cpf>{value}</t:cpf>")) is None


def test_another_media_type_is_another_shape() -> None:
    shapes = taught(envelope("<t:cpf>11144477735</t:cpf>"))
    assert shapes.recall("text/xml; charset=utf-16", envelope("<t:cpf>11144477735</t:cpf>")) is None


def test_shapes_are_few_and_small_and_the_least_used_goes_first() -> None:
    shapes = Shapes()
    bodies = [
        envelope("<t:cpf>11144477735</t:cpf>", comment=f"<!--{'x' * index}-->") for index in range(MAX_SHAPES + 1)
    ]
    for body in bodies:
        shapes.learn(TYPE, body, read_message(body, TYPE, OPERATIONS))
        assert shapes.recall(TYPE, bodies[0]) is not None
    assert shapes.recall(TYPE, bodies[1]) is None
    large = envelope("<t:cpf>11144477735</t:cpf>", comment=f"<!--{'x' * MAX_SHAPE_BYTES}-->")
    shapes.learn(TYPE, large, read_message(large, TYPE, OPERATIONS))
    assert shapes.recall(TYPE, large) is None


pieces = st.lists(
    st.sampled_from(
        [
            "<t:cpf>",
            "</t:cpf>",
            "<t:x>",
            "</t:x>",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "&#49;",
            "&amp;",
            "7",
            "77",
            "a",
            " ",
        ]
    ),
    max_size=12,
).map("".join)


@given(pieces, pieces, st.text("0123456789abcXYZ", min_size=1, max_size=MAX_VALUE), st.text(max_size=MAX_VALUE))
def test_whatever_was_learned_and_whatever_comes_it_means_what_the_reader_reads(
    before: str, after: str, first: str, second: str
) -> None:
    """The strongest promise: learn from anything readable, ask with anything, and compare."""
    for operation in ("obterQtdeSolicitacoes", "obterDadosSolicitacao"):
        name = "cpf" if operation == "obterQtdeSolicitacoes" else "id"
        around = (before.replace("cpf", name), after.replace("cpf", name))
        try:
            shapes = taught(envelope(first.join(around), operation))
        except SoapServiceError:
            continue
        asked = envelope(second.join(around), operation)
        recalled = shapes.recall(TYPE, asked)
        if recalled is not None:
            assert recalled == _read(asked)


@given(st.text("0123456789abcXYZ", min_size=1, max_size=MAX_VALUE))
def test_plain_values_are_always_recalled(value: str) -> None:
    shapes = taught(envelope("<t:cpf>11144477735</t:cpf>"))
    recalled = shapes.recall(TYPE, envelope(f"<t:cpf>{value}</t:cpf>"))
    assert recalled == _read(envelope(f"<t:cpf>{value}</t:cpf>"))


def _read(body: bytes) -> Message | None:
    try:
        return read_message(body, TYPE, OPERATIONS)
    except MessageRefused:
        return None
