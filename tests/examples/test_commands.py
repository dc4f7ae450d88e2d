"""The command-line kits: one form for all (examples/README.md), each run as its README says, with a credential.

Each runs on this machine's platform and on the oldest one that Debian still carries (old/fetch.sh).
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.examples.conftest import require
from tests.interop.conftest import Secured
from tests.interop.stacks import ENVIRONMENT, OLD, needs, needs_node, needs_old, needs_package, needs_php, run

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Kit:
    """A kit: what it needs, and how its command is made in a folder from the WSDL's address."""

    name: str
    missing: Callable[[], str]
    make: Callable[[Path, str], list[str]]


def _make_csharp(folder: Path, wsdl: str) -> list[str]:
    shutil.copy(EXAMPLES / "csharp" / "Telefonia.cs", folder)
    run(folder, "wsdl", "-nologo", "-out:Proxy.cs", wsdl)
    run(folder, "mcs", "-nologo", "-r:System.Web.Services", "Telefonia.cs", "Proxy.cs")
    return ["mono", str(folder / "Telefonia.exe")]


def _on_old(name: str, program: str, *script: str) -> Kit:
    return Kit(name, needs_old(program), lambda _f, _w: [str(OLD / program), str(EXAMPLES.joinpath(*script))])


KITS = (
    Kit("curl", needs("curl"), lambda _f, _w: [str(EXAMPLES / "curl" / "telefonia.sh")]),
    Kit(
        "curl 7.74",
        needs_old("curl"),
        lambda _f, _w: ["env", f"PATH={OLD}:{os.environ['PATH']}", str(EXAMPLES / "curl" / "telefonia.sh")],
    ),
    Kit(
        "python-zeep",
        needs_package("zeep"),
        lambda _f, _w: [sys.executable, str(EXAMPLES / "python-zeep" / "telefonia.py")],
    ),
    Kit("php", needs_php, lambda _f, _w: ["php", str(EXAMPLES / "php" / "telefonia.php")]),
    Kit("node", needs_node, lambda _f, _w: ["node", str(EXAMPLES / "node" / "telefonia.js")]),
    Kit("java", needs("java"), lambda _f, _w: ["java", str(EXAMPLES / "java" / "Telefonia.java")]),
    _on_old("python-zeep, 3.9", "python3", "python-zeep", "telefonia.py"),
    _on_old("php 7.4", "php", "php", "telefonia.php"),
    _on_old("node 12", "node", "node", "telefonia.js"),
    _on_old("java 11", "java", "java", "Telefonia.java"),
    Kit("csharp", needs("wsdl", "mcs", "mono"), _make_csharp),
)

Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module", params=KITS, ids=lambda kit: kit.name)
def call(request: pytest.FixtureRequest, secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> Call:
    """What runs a kit's command with arguments."""
    kit: Kit = request.param
    require(kit.name, kit.missing)
    endpoint = secured.service.endpoint
    command = kit.make(tmp_path_factory.mktemp("kit"), f"{endpoint}?wsdl")
    environment = {**os.environ, **ENVIRONMENT, "TELEFONIA_URL": endpoint}
    environment |= {"TELEFONIA_USER": secured.user, "TELEFONIA_SECRET": secured.secret}

    def call(*arguments: str, **changed: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, *arguments], capture_output=True, encoding="utf-8", timeout=60, env={**environment, **changed}
        )

    return call


def _fields(printed: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in printed.splitlines())


@pytest.mark.parametrize(
    ("document", "answer"), [("11144477735", "1?34534"), ("52998224725", "3"), ("12345678909", "")]
)
def test_a_kit_counts(call: Call, document: str, answer: str) -> None:
    done = call("obterQtdeSolicitacoes", document)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{answer}\n", "")


def test_a_kit_reads_a_request(call: Call) -> None:
    fields = _fields(call("obterDadosSolicitacao", "955").stdout)
    limit = datetime.fromisoformat(fields.pop("prazoLimite"))
    opened = datetime.fromisoformat(fields.pop("dataAbertura"))
    assert limit == datetime.fromisoformat("2016-07-01T12:10:00-03:00")
    assert opened == datetime.fromisoformat("2016-06-30T14:10:00-03:00")
    assert fields == {"id": "955", "situacao": "Em andamento", "dentroDoPrazo": "false"}


def test_a_kit_shows_no_deadline_as_an_empty_one(call: Call) -> None:
    assert _fields(call("obterDadosSolicitacao", "34537").stdout)["prazoLimite"] == ""


def test_a_kit_says_a_fault_with_its_code_and_accents(call: Call) -> None:
    done = call("obterDadosSolicitacao", "999999")
    sentence = "A solicitação não foi encontrada para os dados informados."
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == f"SOLICITACAO_NAO_ENCONTRADA: {sentence}"


def test_a_kit_announces_a_call_with_and_without_an_extension(call: Call) -> None:
    with_one = _fields(call("novaSolicitacao", "11144477735", "4099").stdout)
    assert (with_one["identificado"], with_one["aviso"]) == ("true", "RAMAL_NAO_REGISTRADO")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/chamadas/[\w-]+", with_one["url"])
    assert "não está registrado" in with_one["mensagem"]
    assert _fields(call("novaSolicitacao", "11144477735").stdout)["aviso"] == "RAMAL_NAO_INFORMADO"


def test_a_kit_announces_a_call_about_a_request(call: Call) -> None:
    fields = _fields(call("visualizarSolicitacao", "34534", "11144477735", "4099").stdout)
    assert (fields["identificado"], fields["aviso"]) == ("true", "RAMAL_NAO_REGISTRADO")


def test_a_kit_fails_with_a_wrong_secret(call: Call) -> None:
    done = call("obterQtdeSolicitacoes", "11144477735", TELEFONIA_SECRET="wrong")
    assert done.returncode != 0
    assert done.stdout == ""
