"""Known messages say what the strict reader says, or nothing. The reader is the truth."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.config import Settings
from soap_service.errors import SoapServiceError
from soap_service.model import Integration
from soap_service.services import NAMESPACE, make_application
from soap_service.soap.dispatcher import Dispatcher, Post
from soap_service.soap.known_messages import MAX_KNOWN, MAX_KNOWN_BYTES, MAX_VALUE, KnownMessages
from soap_service.soap.message import Message, MessageRefused, list_operations
from soap_service.soap.reader import read_message
from soap_service.store import Store
from tests.waiting import run_in_own_loop

OPERATIONS = list_operations(make_application())
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
TYPE = "text/xml; charset=utf-8"


def envelope(argument: str, operation: str = "obterQtdeSolicitacoes", comment: str = "") -> bytes:
    asked = f'<t:{operation} xmlns:t="{NAMESPACE}">{argument}</t:{operation}>'
    return f'<e:Envelope xmlns:e="{SOAP_11}"><e:Body>{comment}{asked}</e:Body></e:Envelope>'.encode()


def taught(body: bytes, content_type: str = TYPE) -> KnownMessages:
    known = KnownMessages()
    known.learn(content_type, body, read_message(body, content_type, OPERATIONS))
    return known


def test_a_known_message_is_recalled_with_another_value() -> None:
    known = taught(envelope("<t:cpf>11144477735</t:cpf>"))
    message = known.recall(TYPE, envelope("<t:cpf>52998224725</t:cpf>"))
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
    known = taught(envelope(argument))
    assert known.recall(TYPE, envelope(argument.replace("11144477735", "52998224725"))) is None


@pytest.mark.parametrize(
    "value",
    ["", " 1", "1 ", "1&amp;", "<x/>", "1</t:cpf><t:cpf>2", "é", "１", "1-1", "]]>", "x" * (MAX_VALUE + 1), "\0"],
)
def test_a_value_that_is_not_plain_is_left_to_the_reader(value: str) -> None:
    known = taught(envelope("<t:cpf>11144477735</t:cpf>"))
    assert known.recall(TYPE, envelope(f"<t:cpf>{value}</t:cpf>")) is None


def test_the_word_that_probes_teaches_nothing_where_it_stands_elsewhere() -> None:
    written = "".join(f"&#{ord(letter)};" for letter in "Probe7x0")
    known = taught(envelope(f'<t:cpf x="Probe7x0">{written}</t:cpf>'))
    assert known.recall(TYPE, envelope(f'<t:cpf x="52998224725">{written}</t:cpf>')) is None


def announcement(document: str, extension: str, template: str = "<t:cpf>{}</t:cpf>\n<t:ramal>{}</t:ramal>") -> bytes:
    return envelope(template.format(document, extension), "novaSolicitacao")


@pytest.mark.parametrize(
    "template", ["<t:cpf>{}</t:cpf>\n<t:ramal>{}</t:ramal>", "<t:ramal>{1}</t:ramal><t:cpf>{0}</t:cpf>"]
)
def test_a_known_message_of_two_values_is_recalled_with_others(template: str) -> None:
    known = taught(announcement("11144477735", "4067", template))
    asked = announcement("52998224725", "4068", template)
    message = known.recall(TYPE, asked)
    assert message is not None
    assert message.bind() == ["52998224725", "4068"]
    assert message == read_message(asked, TYPE, OPERATIONS)


@pytest.mark.parametrize(
    ("document", "extension"),
    [
        ("11144477735", "4447"),  # part of the other: where does it stand?
        ("11144477735", "11144477735"),
        ("11144477735", ""),
        ("111.444.777-35", "4067"),
        ("11144477735", "<!--4067-->&#52;067"),
        ("&#49;1144477735<!--11144477735-->", "4067"),
    ],
)
def test_two_values_of_which_one_is_not_plain_are_not_learned(document: str, extension: str) -> None:
    known = taught(announcement(document, extension))
    assert known._known == []


@pytest.mark.parametrize(
    "value", ["", "4067</t:ramal><t:ramal>4068", "40 67", "40-67", "<x/>", "4067</t:cpf>\n<t:ramal>1"]
)
def test_of_two_values_one_that_is_not_plain_is_left_to_the_reader(value: str) -> None:
    known = taught(announcement("11144477735", "4067"))
    assert known.recall(TYPE, announcement("52998224725", value)) is None
    assert known.recall(TYPE, announcement(value, "4067")) is None


def test_another_media_type_is_another_message() -> None:
    known = taught(envelope("<t:cpf>11144477735</t:cpf>"))
    assert known.recall("text/xml; charset=utf-16", envelope("<t:cpf>11144477735</t:cpf>")) is None


def test_known_messages_are_few_and_small_the_least_used_goes_first() -> None:
    known = KnownMessages()
    bodies = [envelope("<t:cpf>11144477735</t:cpf>", comment=f"<!--{'x' * index}-->") for index in range(MAX_KNOWN + 1)]
    for body in bodies:
        known.learn(TYPE, body, read_message(body, TYPE, OPERATIONS))
        assert known.recall(TYPE, bodies[0]) is not None
    assert known.recall(TYPE, bodies[1]) is None
    large = envelope("<t:cpf>11144477735</t:cpf>", comment=f"<!--{'x' * MAX_KNOWN_BYTES}-->")
    known.learn(TYPE, large, read_message(large, TYPE, OPERATIONS))
    assert known.recall(TYPE, large) is None


def test_a_message_takes_one_entry_however_often_it_comes(tmp_path: Path) -> None:
    """Also on the way that does not ask first whether the answer can be given on the spot."""

    async def simulate(dispatcher: Dispatcher) -> list[str]:
        bodies = [envelope(f"<t:cpf>{number:011}</t:cpf>") for number in range(20)]
        bodies += [envelope(f"<t:id>{number}</t:id>", "obterDadosSolicitacao") for number in range(1, 20)]
        anyone = Integration(id=1, name="x", operations="", language="pt-BR")
        for body in bodies:
            await dispatcher.simulate(Post(body, TYPE, b"", None), anyone)
        return [known.operation.name for known in dispatcher._known_messages._known]

    settings = Settings(database_url=f"sqlite:///{tmp_path}/desk.db")
    store = Store(settings.database_url)
    store.schema.upgrade()
    store.parameters.change(281, "S", "test")
    dispatcher = Dispatcher(make_application(), store, settings)
    assert run_in_own_loop(simulate(dispatcher)) == ["obterDadosSolicitacao", "obterQtdeSolicitacoes"]
    dispatcher.close()
    store.close()


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
def test_whatever_was_learned_a_message_means_what_the_reader_reads(
    before: str, after: str, first: str, second: str
) -> None:
    """The strongest promise: learn from anything readable, ask with anything, and compare."""
    for operation in ("obterQtdeSolicitacoes", "obterDadosSolicitacao"):
        name = "cpf" if operation == "obterQtdeSolicitacoes" else "id"
        around = (before.replace("cpf", name), after.replace("cpf", name))
        try:
            known = taught(envelope(first.join(around), operation))
        except SoapServiceError:
            continue
        asked = envelope(second.join(around), operation)
        recalled = known.recall(TYPE, asked)
        if recalled is not None:
            assert recalled == _read(asked)


@given(pieces, *[st.text("0123456789abcXYZ", min_size=1, max_size=MAX_VALUE)] * 2, *[st.text(max_size=MAX_VALUE)] * 2)
def test_whatever_was_learned_of_two_values_means_what_the_reader_reads(
    piece: str, document: str, extension: str, second_document: str, second_extension: str
) -> None:
    template = "<t:cpf>{}" + piece.replace("cpf", "ramal") + "{}</t:ramal>"
    for around in (template, f"<t:cpf>{{}}</t:cpf><t:ramal>{{}}</t:ramal>{piece}"):
        try:
            known = taught(announcement(document, extension, around))
        except SoapServiceError:
            continue
        asked = announcement(second_document, second_extension, around)
        recalled = known.recall(TYPE, asked)
        if recalled is not None:
            assert recalled == _read(asked)


@given(st.text("0123456789abcXYZ", min_size=1, max_size=MAX_VALUE))
def test_plain_values_are_always_recalled(value: str) -> None:
    known = taught(envelope("<t:cpf>11144477735</t:cpf>"))
    recalled = known.recall(TYPE, envelope(f"<t:cpf>{value}</t:cpf>"))
    assert recalled == _read(envelope(f"<t:cpf>{value}</t:cpf>"))


def _read(body: bytes) -> Message | None:
    try:
        return read_message(body, TYPE, OPERATIONS)
    except MessageRefused:
        return None
