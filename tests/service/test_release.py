"""What is handed out: locked with hashes, the same to the byte when it is built again, and told what is in it."""

import hashlib
import json
import os
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"


def locked(name: str) -> dict[str, str]:
    """Return the version of each package in a lock."""
    found = re.findall(r"^([\w.-]+)==(\S+)", (LOCKS / f"{name}.txt").read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def wanted(*extras: str) -> list[Requirement]:
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    texts = [settings["options"]["install_requires"], *(settings["options.extras_require"][one] for one in extras)]
    return [Requirement(line) for text in texts for line in text.split("\n") if line]


@pytest.mark.parametrize(("name", "extras"), [("service", ()), ("development", ("test", "dev"))])
def test_a_lock_has_what_is_wanted_in_a_version_that_fits(name: str, extras: tuple[str, ...]) -> None:
    versions = locked(name)
    for one in wanted(*extras):
        assert one.specifier.contains(versions.get(canonicalize_name(one.name), ""), prereleases=True), (
            f"{one} is not what requirements/{name}.txt has: make lock"
        )


@pytest.mark.parametrize("name", ["service", "development", "release"])
def test_every_line_of_a_lock_has_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (LOCKS / f"{name}.txt").read_text().strip())
    entries = [one for one in entries if not one.startswith("#")]
    assert len(entries) > 20
    assert [one.split()[0] for one in entries if "--hash=sha256:" not in one] == []


def test_the_service_is_the_same_in_both_locks() -> None:
    service, development = locked("service"), locked("development")
    assert {name: development.get(name) for name in service} == service


def test_days_are_named_for_each_risk_of_a_component() -> None:
    table = re.findall(r"^\| (\w+) \| .+ \| ([0-9]+) \|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    assert [risk for risk, _ in table] == ["critical", "high", "medium", "low"]
    days = [int(figure) for _, figure in table]
    assert days == sorted(set(days)) and days[0] <= 7 and days[-1] <= 90
    assert "SECURITY.md#weak-components" in (ROOT / "CONTRIBUTING.md").read_text()


@pytest.fixture(scope="module")
def tools() -> Path:
    """The environment that `make release` builds in."""
    subprocess.run(["make", "-s", "tools", f"VENV={sys.prefix}"], cwd=ROOT, check=True, timeout=400)
    return ROOT / "var" / "release"


def build(tools: Path, what: str, folder: Path, umask: int = 0o022, **environment: str) -> None:
    command = ["sh", str(ROOT / "deploy" / "release.sh"), what, "HEAD", str(folder)]
    settings = {**os.environ, "TOOLS": str(tools), **environment}
    subprocess.run(command, env=settings, check=True, timeout=400, umask=umask)


@pytest.mark.timeout(900)  # the tools are installed first
def test_a_wheel_built_elsewhere_at_another_time_is_the_same(tools: Path, tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    build(tools, "wheel", tmp_path / "a", TMPDIR=str(tmp_path / "here"), TZ="UTC", PYTHONHASHSEED="1")
    build(tools, "wheel", tmp_path / "b", 0o077, TMPDIR=str(tmp_path / "there"), TZ="Asia/Tokyo", PYTHONHASHSEED="2")
    [first], [second] = (list((tmp_path / name).glob("*.whl")) for name in "ab")
    assert first.name == second.name
    assert hashlib.sha256(first.read_bytes()).hexdigest() == hashlib.sha256(second.read_bytes()).hexdigest()
    build(tools, "sbom", tmp_path / "a")
    told = json.loads((tmp_path / "a" / "soap_service.cdx.json").read_text())
    assert told["bomFormat"] == "CycloneDX"
    components = {canonicalize_name(one["name"]): one["version"] for one in told["components"]}
    assert components.pop("soap-service") == first.name.split("-")[1]
    assert components.items() <= locked("service").items()
    assert {"cryptography", "spyne", "psycopg-binary", "uvicorn"} <= components.keys()
