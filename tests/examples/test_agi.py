"""The AGI script through its protocol, for machines without an Asterisk: the test is Asterisk's end of the pipes.

Runs under this machine's Python and the oldest one that Debian still carries, Asterisk 16's.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import free_port, wait_until
from tests.event_streams import listening, log_in
from tests.examples.conftest import PYTHONS, require
from tests.interop.conftest import Secured

SCRIPT = Path(__file__).parents[2] / "examples" / "asterisk" / "telefonia.py"


Drive = Callable[..., list[str]]


@pytest.fixture(params=PYTHONS)
def drive(request: pytest.FixtureRequest) -> Drive:
    """What runs the script: one Python after the other."""
    python, missing = PYTHONS[request.param]
    require(f"agi, {request.param}", missing)

    def drive(arguments: list[str], url: str, secured: Secured, digits: str = "") -> list[str]:
        return _drive(python, arguments, url, secured, digits)

    return drive


def _drive(python: str, arguments: list[str], url: str, secured: Secured, digits: str) -> list[str]:
    """Answer the script's commands as Asterisk does; return them, those that ask for variables left out."""
    variables = {"TELEFONIA_URL": url, "TELEFONIA_CREDENTIAL": f"{secured.user}:{secured.secret}"}
    process = subprocess.Popen(
        [python, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", bufsize=1
    )
    assert process.stdin
    assert process.stdout
    commands = []
    with process, process.stdin, process.stdout:
        head = ["agi_request: telefonia.py", "agi_channel: PJSIP/caller-00000000"]
        head += [f"agi_arg_{at}: {argument}" for at, argument in enumerate(arguments, 1)]
        process.stdin.write("\n".join([*head, "", ""]))
        for line in process.stdout:
            command = line.strip()
            if command.startswith("GET VARIABLE"):
                value = variables.get(command.removeprefix("GET VARIABLE "))
                answer = "0" if value is None else f"1 ({value})"
            else:
                commands.append(command)
                answer = digits if command.startswith("GET DATA") else "0"
            process.stdin.write(f"200 result={answer}\n")
    assert process.returncode == 0
    return commands


def test_the_script_asks_speaks_and_tells_the_dialplan(drive: Drive, secured: Secured) -> None:
    commands = drive(["attend"], secured.service.endpoint, secured, digits="12312312312")
    assert commands == [
        "GET DATA telefonia/informe-o-cpf 6000 14",
        'SET VARIABLE DOCUMENT "12312312312"',
        'SET VARIABLE REQUEST ""',
        'SET VARIABLE REQUEST "955"',
        'STREAM FILE telefonia/uma-solicitacao ""',
        'SAY DIGITS 955 ""',
        'STREAM FILE telefonia/situacao-em-andamento ""',
        'STREAM FILE telefonia/prazo ""',
        'SAY DATETIME 1467385800 "" dBYHM America/Sao_Paulo',
        'STREAM FILE telefonia/fora-do-prazo ""',
    ]


def test_the_script_counts_several(drive: Drive, secured: Secured) -> None:
    commands = drive(["attend"], secured.service.endpoint, secured, digits="52998224725")
    assert commands[3:] == [
        'STREAM FILE telefonia/voce-tem ""',
        'SAY NUMBER 3 "" f',
        'STREAM FILE telefonia/solicitacoes ""',
    ]


def test_the_script_announces_at_the_extension_that_answers(drive: Drive, secured: Secured) -> None:
    with listening(secured.service, log_in(secured.service, "consulta", "4033")) as screen:
        commands = drive(["announce", "11144477735", "34534", "4033"], secured.service.endpoint, secured)
        assert commands == ['VERBOSE "telefonia: ENTREGUE: A ligação foi entregue à tela do ramal 4033." 1']
        wait_until(lambda: screen.tokens)


def test_a_caller_without_a_document_is_announced_too(drive: Drive, secured: Secured) -> None:
    (said,) = drive(["announce", "", "", "4099"], secured.service.endpoint, secured)
    assert "RAMAL_NAO_REGISTRADO: Não identificado o cliente da ligação." in said


def test_the_script_says_that_the_service_is_away_and_goes_on(drive: Drive, secured: Secured) -> None:
    commands = drive(["attend"], f"http://127.0.0.1:{free_port()}/soap", secured, digits="11144477735")
    assert commands[-1] == 'STREAM FILE telefonia/servico-indisponivel ""'
    assert "INDISPONIVEL" in commands[-2]
