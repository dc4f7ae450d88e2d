"""The VoiceXML kit: the form and the gateway over HTTP, followed as an IVR follows them, against the real service."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from tests.conftest import free_port, wait_until
from tests.event_streams import listening, log_in
from tests.examples.conftest import PYTHONS, require
from tests.interop.conftest import Secured

GATEWAY = Path(__file__).parents[2] / "examples" / "voicexml" / "gateway.py"
_VXML = "{http://www.w3.org/2001/vxml}"


def _start(python: str, endpoint: str, secured: Secured) -> tuple["subprocess.Popen[bytes]", str]:
    port = free_port()
    environment = {**os.environ, "TELEFONIA_URL": endpoint, "TELEFONIA_RAMAL": "4044"}
    environment |= {"TELEFONIA_USER": secured.user, "TELEFONIA_SECRET": secured.secret}
    process = subprocess.Popen(
        [python, GATEWAY, str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"

    def is_open() -> bool:
        try:
            return httpx.get(url).status_code == 200
        except httpx.TransportError:
            return False

    wait_until(is_open)
    return process, url


@pytest.fixture(scope="module", params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    """One Python after the other."""
    command, missing = PYTHONS[request.param]
    require(f"voicexml, {request.param}", missing)
    return command


@pytest.fixture(scope="module")
def gateway(python: str, secured: Secured) -> Iterator[str]:
    """The gateway's address."""
    process, url = _start(python, secured.service.endpoint, secured)
    yield url
    process.terminate()
    process.wait(10)


def _spoken(url: str, document: str) -> tuple[str, str]:
    """Fetch the form, submit it as it says, and return what is spoken and where the call goes then."""
    form = ElementTree.fromstring(httpx.get(url).content)
    assert form.tag == f"{_VXML}vxml"
    submit = form.find(f".//{_VXML}submit")
    assert submit is not None
    field = form.find(f".//{_VXML}field[@name='{submit.get('namelist')}']")
    assert field is not None
    answer = httpx.post(f"{url}/{submit.get('next')}", data={submit.get("namelist"): document}, timeout=15)
    assert answer.headers["content-type"].startswith("application/voicexml+xml")
    page = ElementTree.fromstring(answer.content)
    prompts = " ".join("".join(prompt.itertext()) for prompt in page.iter(f"{_VXML}prompt"))
    transfer, goto = page.find(f".//{_VXML}transfer"), page.find(f".//{_VXML}goto")
    return prompts, transfer.get("dest", "") if transfer is not None else goto.get("next", "")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            "11144477735",
            "Você tem uma solicitação em andamento, de número 3 4 5 3 4. Situação: Em andamento. O prazo é ",
        ),
        (
            "12312312312",
            "de número 9 5 5. Situação: Em andamento. O prazo é 01/07/2016 às 12:10. Ela está fora do prazo.",
        ),
        ("52998224725", "Você tem 3 solicitações em andamento."),
        ("98765432100", "Você não tem solicitações em andamento."),
    ],
)
def test_the_form_is_answered_with_what_to_say_and_the_call_pops_up(
    gateway: str, secured: Secured, document: str, sentence: str
) -> None:
    with listening(secured.service, log_in(secured.service, "admin", "4044")) as screen:
        spoken, goes_to = _spoken(gateway, document)
        assert sentence in spoken
        assert goes_to == "tel:4044"
        wait_until(lambda: screen.tokens)


def test_what_is_no_document_is_asked_again(gateway: str) -> None:
    assert _spoken(gateway, "123456789012345") == ("O número digitado não é um CPF.", "/")


def test_the_call_is_transferred_when_the_service_is_away(python: str, secured: Secured) -> None:
    process, url = _start(python, f"http://127.0.0.1:{free_port()}/soap", secured)
    try:
        assert _spoken(url, "11144477735") == ("O sistema não respondeu. Vamos transferir a sua ligação.", "tel:4044")
    finally:
        process.terminate()
        process.wait(10)
