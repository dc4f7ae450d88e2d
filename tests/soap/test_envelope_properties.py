"""What holds for any message: bytes become a message or a refusal, and nothing else; spelling changes no argument;
and an answer has the very bytes that Spyne's own protocol writes.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

# isort: split
from soap_service import spyne_compat  # noqa: F401 - before anything of Spyne

# isort: split
from spyne import MethodContext
from spyne.protocol.soap import Soap11, Soap12
from spyne.server import ServerBase
from spyne.server.wsgi import WsgiApplication
from werkzeug.test import Client

from soap_service.demo import prepare_demo
from soap_service.errors import InvalidArgument, SoapServiceError
from soap_service.rules.unknown_budgets import UnknownBudget
from soap_service.services import Caller, DadosSolicitacao, RespostaChamada, make_application
from soap_service.soap.message import Message, MessageRefused, SoapVersion, list_operations
from soap_service.soap.reader import read_message
from soap_service.soap.writer import Answers, Fault
from soap_service.store import KnownIntegration, Store
from tests.conftest import NAMESPACE
from tests.soap.corpus import CASES
from tests.soap.corpus.forms import QUESTION, SOAP_11, SOAP_12, Case, asking

APPLICATION = make_application()
OPERATIONS = list_operations(APPLICATION)
ANSWERS = {version: Answers(APPLICATION, version) for version in SoapVersion}
CONTENT_TYPES = sorted({case.content_type or "" for case in CASES})
SEEDS = [case.body for case in CASES if len(case.body) < 2_000]

bounded = settings(max_examples=400)
content_types = st.sampled_from(CONTENT_TYPES) | st.text(max_size=60)
_MARKS = (
    "<",
    ">",
    "</",
    "/>",
    "=",
    "'",
    '"',
    "&",
    ";",
    "&#",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<!DOCTYPE",
)
_NAMES = ("e:", "Envelope", "Body", "Header", "Fault", "obterQtdeSolicitacoes", "cpf", "xmlns", "xmlns:e", "é", "1")
_TOKENS = (*_MARKS, *_NAMES, SOAP_11, SOAP_12, NAMESPACE, " ", "\0", "\ufeff")


def read(body: bytes, content_type: str = "text/xml") -> Message:
    return read_message(body, content_type, OPERATIONS)


def assert_is_message_or_refusal(body: bytes, content_type: str) -> None:
    """Anything but a message with bound arguments or an error of the domain is raised, and fails."""
    try:
        message = read(body, content_type)
        assert message.operation in OPERATIONS.values()
        message.bind()
    except MessageRefused as refusal:
        assert refusal.version in (None, *SoapVersion)
        assert str(refusal.key).encode("latin-1").endswith(b".")
    except SoapServiceError:
        pass


@bounded
@given(st.binary(max_size=400), content_types)
def test_any_bytes_are_a_message_or_a_refusal(body: bytes, content_type: str) -> None:
    assert_is_message_or_refusal(body, content_type)


@bounded
@given(
    st.lists(st.sampled_from(_TOKENS), max_size=60).map("".join),
    st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be"]),
    content_types,
)
def test_any_pieces_of_xml_are_a_message_or_a_refusal(text: str, encoding: str, content_type: str) -> None:
    assert_is_message_or_refusal(text.encode(encoding), content_type)


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A message of the corpus in which some stretches are cut out, doubled, or replaced by something else."""
    body = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start, length = draw(st.integers(0, len(body))), draw(st.integers(0, 30))
        stretch = body[start : start + length]
        piece = draw(
            st.sampled_from([b"", stretch * 2, stretch.swapcase(), stretch[::-1]])
            | st.binary(max_size=4)
            | st.sampled_from(_TOKENS).map(str.encode)
        )
        body = body[:start] + piece + body[start + length :]
    return body


@bounded
@given(mutations(), content_types)
def test_any_mutation_of_a_message_is_a_message_or_a_refusal(body: bytes, content_type: str) -> None:
    assert_is_message_or_refusal(body, content_type)


prefixes = st.sampled_from(["e", "soapenv", "SOAP-ENV", "_", "ação", "x.y-z", "ns1"])
gaps = st.lists(st.sampled_from([" ", "\n", "\t", "\r\n", "<!-- a -->", "<!--<cpf>1</cpf>-->"]), max_size=4).map(
    "".join
)
strangers = st.sampled_from(
    ["", "<outro/>", "<outro><cpf>1</cpf></outro>", '<x:cpf xmlns:x="urn:x">1</x:cpf>', "<!---->"]
)
argument_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=40
)
numbers = st.integers(1, 2**31 - 1)


def spelt(draw: st.DrawFn, text: str) -> str:
    """Write a text in one of the ways that XML has for it."""
    pieces = []
    for character in text:
        plain = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(character, character)
        pieces.append(
            draw(
                st.sampled_from(
                    [plain, plain, f"&#{ord(character)};", f"&#x{ord(character):X};", f"<![CDATA[{character}]]>"]
                )
            )
        )
        pieces.append(draw(st.sampled_from(["", "", "", "<!-- -->"])))
    return "".join(pieces)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[bytes, str, list[object]]:
    """A message in some spelling, its Content-Type, and the arguments that it means."""
    operation, names = draw(
        st.sampled_from(sorted((name, tuple(found.arguments)) for name, found in OPERATIONS.items()))
    )
    values = {name: draw(numbers if name == "id" else argument_texts) for name in names}
    e, t = draw(st.lists(prefixes, min_size=2, max_size=2, unique=True))
    soap, charset = draw(st.sampled_from([SOAP_11, SOAP_12])), draw(st.sampled_from(["utf-8", "utf-16", "utf-16le"]))
    is_qualified, quote = draw(st.booleans()), draw(st.sampled_from("'\""))
    inner = draw(strangers)
    for name in draw(st.permutations(names)):
        tag = f"{t}:{name}" if is_qualified else name
        inner += f"{draw(gaps)}<{tag}>{spelt(draw, str(values[name]))}</{tag}>{draw(gaps)}"
    call = f"<{t}:{operation} xmlns:{t}={quote}{NAMESPACE}{quote}>{inner}</{t}:{operation} >"
    header = draw(st.sampled_from(["", f"<{e}:Header/>", f"<{e}:Header><x/></{e}:Header>"]))
    body = f"{draw(gaps)}{header}{draw(gaps)}<{e}:Body>{draw(gaps)}{call}</{e}:Body>"
    body = f"<{e}:Envelope\txmlns:{e}={quote}{soap}{quote}>{body}</{e}:Envelope>"
    return body.encode(charset), f"text/xml; charset={charset}", [values[name] for name in names]


@bounded
@given(spellings())
def test_no_spelling_changes_an_argument(spelling: tuple[bytes, str, list[object]]) -> None:
    body, content_type, arguments = spelling
    assert read(body, content_type).bind() == arguments


@bounded
@given(st.integers(-(10**12), 10**12), st.sampled_from(["", " ", "\n\t"]), st.sampled_from(["", "+", "00"]))
def test_a_number_is_bound_as_it_is_or_refused(number: int, gap: str, before: str) -> None:
    text = f"{before if number >= 0 else ''}{number}"
    message = read(asking(f"<id>{gap}{text}{gap}</id>", "obterDadosSolicitacao").encode())
    if -(2**31) <= number < 2**31:
        assert message.bind() == [number]
    else:
        with pytest.raises(InvalidArgument):
            message.bind()


@pytest.fixture
def caller(store: Store, tmp_path: Path) -> Iterator[Caller]:
    """A caller on a store with the sample data."""
    prepare_demo(store, tmp_path, {"SOAP_SERVICE_DEMO_PASSWORD": "senha-de-teste"})
    (integration,) = map(KnownIntegration.of, store.integrations.list_all())
    zone = ZoneInfo("America/Sao_Paulo")
    yield Caller(store.telephony, store.calls.announce, integration, UnknownBudget(), "http://127.0.0.1:8000", zone)


_PLAIN = [
    *(
        asking(f"<cpf>{cpf}</cpf>")
        for cpf in ("11144477735", "52998224725", "12345678909", "123.123.123-12", "98765432100")
    ),
    *(
        asking(f"<id>{number}</id>", "obterDadosSolicitacao")
        for number in (955, 34534, 34535, 34536, 34537, 34538, 34539)
    ),
    asking("<cpf>11144477735</cpf><ramal>4067</ramal>", "novaSolicitacao"),
    asking("<cpf>11144477735</cpf>", "novaSolicitacao"),
    asking("<cpf>98765432100</cpf><ramal>4067</ramal>", "novaSolicitacao"),
    asking("<cpf>ninguém</cpf><ramal/>", "novaSolicitacao"),
    asking("<id>34535</id><cpf>529.982.247-25</cpf><ramal>4067</ramal>", "visualizarSolicitacao"),
    asking("<id>955</id><cpf>12312312312</cpf>", "visualizarSolicitacao"),
]


def test_an_answer_has_the_bytes_that_spynes_own_server_sends(caller: Caller) -> None:
    application = make_application()
    application.event_manager.add_listener("method_call", lambda ctx: setattr(ctx, "udc", caller))
    spyne = Client(WsgiApplication(application))
    for question in _PLAIN:
        message = read(question.encode())
        result = message.operation.function(SimpleNamespace(udc=caller), *message.bind())
        ours = ANSWERS[SoapVersion.SOAP_11].result(message.operation.name, result)
        theirs = spyne.post("/soap", data=question.encode(), content_type="text/xml; charset=utf-8")
        assert theirs.status_code == 200
        assert ours == theirs.data


answer_texts = st.text(
    st.characters(
        codec="utf-8",
        exclude_categories=["Cs"],
        exclude_characters=[chr(c) for c in range(32) if c not in (9, 10, 13)] + ["\ufffe", "\uffff"],
    ),
    max_size=30,
)
instants = st.datetimes(timezones=st.just(ZoneInfo("America/Sao_Paulo"))).map(
    lambda instant: instant.replace(microsecond=0)
)
results = st.one_of(
    st.tuples(st.just("obterQtdeSolicitacoes"), answer_texts),
    st.tuples(
        st.just("obterDadosSolicitacao"),
        st.builds(
            DadosSolicitacao,
            id=numbers,
            dataAbertura=instants,
            prazoLimite=instants | st.none(),
            situacao=answer_texts,
            dentroDoPrazo=st.booleans(),
        ),
    ),
    st.tuples(
        st.sampled_from(["novaSolicitacao", "visualizarSolicitacao"]),
        st.builds(
            RespostaChamada, identificado=st.booleans(), aviso=answer_texts, url=answer_texts, mensagem=answer_texts
        ),
    ),
)


@bounded
@given(results, st.sampled_from(SoapVersion))
def test_any_answer_has_the_bytes_that_spynes_protocol_writes(result: tuple[str, object], version: SoapVersion) -> None:
    operation, value = result
    protocol = (Soap11 if version is SoapVersion.SOAP_11 else Soap12)(APPLICATION)
    context = MethodContext(ServerBase(APPLICATION), MethodContext.SERVER)
    (context.descriptor,) = (
        found[0] for found in APPLICATION.interface.service_method_map.values() if found[0].name == operation
    )
    context.out_object = [value]
    protocol.serialize(context, protocol.RESPONSE)
    protocol.create_out_string(context)
    assert ANSWERS[version].result(operation, value) == b"".join(context.out_string)


@bounded
@given(st.text(max_size=40), st.sampled_from(SoapVersion))
def test_any_text_makes_a_fault_that_parses(sentence: str, version: SoapVersion) -> None:
    written = ANSWERS[version].fault(Fault("Client", "X", sentence))
    with pytest.raises(MessageRefused, match="não contém uma operação"):
        read(written)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_message_of_the_corpus_costs_a_tenth_of_a_second_to_read(case: Case) -> None:
    started = time.process_time()
    assert_is_message_or_refusal(case.body, case.content_type or "")
    assert time.process_time() - started < 0.1


def test_the_plain_question_binds_its_document() -> None:
    message = read(QUESTION.encode())
    assert (message.operation.name, message.bind()) == ("obterQtdeSolicitacoes", ["11144477735"])


def test_only_a_senders_mistake_in_soap_1_2_has_status_400() -> None:
    codes = ("Client", "Server", "MustUnderstand", "VersionMismatch")
    for version, expected in ((SoapVersion.SOAP_11, [500] * 4), (SoapVersion.SOAP_12, [400, 500, 500, 500])):
        assert [ANSWERS[version].status(Fault(code, "X", "x")) for code in codes] == expected
