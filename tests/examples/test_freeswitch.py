"""The FreeSWITCH kit in each real Lua against the real service, with a double of FreeSWITCH, which Debian lacks."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import free_port, wait_until
from tests.event_streams import listening, log_in
from tests.examples.conftest import require
from tests.interop.conftest import Secured
from tests.interop.stacks import needs

KIT = Path(__file__).parents[2] / "examples" / "freeswitch" / "telefonia.lua"
PLATFORM = Path(__file__).parent / "freeswitch" / "platform.lua"
#: FreeSWITCH 1.10 brings 5.2 or 5.3, its older versions 5.1. Plain `lua` is whichever was installed last.
LUAS = ("lua5.1", "lua5.2", "lua5.3", "lua5.4")


@pytest.fixture(params=LUAS)
def lua(request: pytest.FixtureRequest) -> str:
    """One Lua after the other."""
    require(f"freeswitch, {request.param}", needs(request.param, "curl"))
    return str(request.param)


def _heard(lua: str, digits: str, url: str, secured: Secured) -> list[str]:
    """Run the script for a caller who types digits; return what the platform was told, line by line."""
    settings = {"url": url, "user": secured.user, "secret": secured.secret, "agent": "4055"}
    variables = [f"telefonia_{name}={value}" for name, value in settings.items()]
    done = subprocess.run([lua, PLATFORM, KIT, digits, *variables], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    first, *between, last = done.stdout.splitlines()
    assert (first, last) == ("answer", "execute bridge user/4055")
    assert between.pop(0) == "ask telefonia/informe-o-cpf.wav"
    return between


@pytest.mark.parametrize(
    ("digits", "heard"),
    [
        ("11144477735", ["play telefonia/uma-solicitacao.wav", "say 34534 pt number iterated"]),
        (
            "52998224725",
            [
                "play telefonia/voce-tem.wav",
                "say 3 pt number pronounced feminine",
                "play telefonia/solicitacoes.wav",
            ],
        ),
        ("12345678909", ["play telefonia/nenhuma-solicitacao.wav"]),
        ("123456789012345", ["log warning telefonia: DOCUMENTO_INVALIDO", "play telefonia/servico-indisponivel.wav"]),
    ],
)
def test_the_script_speaks_the_count_and_announces_the_call(
    lua: str, digits: str, heard: list[str], secured: Secured
) -> None:
    with listening(secured.service, log_in(secured.service, "consulta", "4055")) as screen:
        assert _heard(lua, digits, secured.service.endpoint, secured) == heard
        wait_until(lambda: screen.tokens)


def test_the_script_goes_on_without_the_service(lua: str, secured: Secured) -> None:
    heard = _heard(lua, "11144477735", f"http://127.0.0.1:{free_port()}/soap", secured)
    assert heard == ["log warning telefonia: INDISPONIVEL", "play telefonia/servico-indisponivel.wav"]


@pytest.fixture(scope="module")
def reserved(secured: Secured) -> Secured:
    """The same service, for an integration whose name means something in an address and to Lua's gsub."""
    user = "50%1@central"
    secret = secured.service.command("integration", "add", user).rpartition(": ")[2].strip()
    return replace(secured, user=user, secret=secret)


def test_the_script_sends_a_name_with_reserved_characters(lua: str, reserved: Secured) -> None:
    spoken = ["play telefonia/nenhuma-solicitacao.wav"]
    # A running service learns of a new integration within seconds.
    wait_until(lambda: _heard(lua, "12345678909", reserved.service.endpoint, reserved) == spoken)
