"""The service as an administrator installs it: from its wheel, away from the source. The other tests run the source."""

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.conftest import start_service

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what git has, built in a copy: a build leaves files beside its source."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in _tracked("soap_service", "setup.cfg", "pyproject.toml", "README.md"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    _run("pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(source))
    (built,) = folder.glob("*.whl")
    return built


def _tracked(*paths: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.split()


def _run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert set(_tracked("soap_service")) <= set(archive.namelist())


def test_the_installed_service_answers(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its libraries are those of this environment; its own files only those of the wheel."""
    installed = tmp_path / "installed"
    _run("pip", "install", "--no-deps", "--target", str(installed), str(wheel))
    monkeypatch.chdir(tmp_path)  # where Python looks for modules before anywhere else
    monkeypatch.setenv("PYTHONPATH", str(installed))
    where = [sys.executable, "-c", "import soap_service; print(soap_service.__file__)"]
    assert subprocess.run(where, capture_output=True, text=True).stdout.startswith(str(installed))
    service = start_service(tmp_path / "data", is_first=True)
    assert "1?34534" in service.call("obterQtdeSolicitacoes", cpf="11144477735")
    assert httpx.get(f"{service.url}/static/style.css").status_code == 200
    assert "Log in" in httpx.get(f"{service.url}/entrar", headers={"Accept-Language": "en"}).text
    assert "sound" in service.command("db", "check")
    assert service.stop() == 0


def test_the_wheel_holds_files_and_no_links(wheel: Path) -> None:
    staged = subprocess.run(["git", "ls-files", "-s", "soap_service"], cwd=ROOT, capture_output=True, text=True).stdout
    assert [line for line in staged.splitlines() if line.startswith("120000")] == []
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("soap_service/static/integration-guide.md").startswith(b"# ")
