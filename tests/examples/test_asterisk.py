"""The Asterisk kit in a real Asterisk: real SIP calls, typed digits, what is spoken, and the popup at the end.

sipp is the caller and the agent's telephone. The Asterisk is Debian's, unpacked into a folder (asterisk/fetch.sh).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from soap_service.rules.credentials import SESSION_COOKIE
from tests.conftest import free_port, wait_until
from tests.event_streams import Listener, listening, log_in
from tests.examples.conftest import require
from tests.interop.conftest import Secured
from tests.interop.stacks import CACHE, needs

KIT = Path(__file__).parents[2] / "examples" / "asterisk"
HERE = Path(__file__).parent / "asterisk"
FOLDER = CACHE / "asterisk"
AGENT = "4067"


def _missing() -> str:
    if missing := needs("sipp")():
        return missing
    if (FOLDER / "asterisk").exists():
        return ""
    if not os.environ.get("INTEROP_REQUIRED"):
        return "Asterisk"
    done = subprocess.run([HERE / "fetch.sh", FOLDER], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"Asterisk ({done.stderr.strip()[-200:]})"


@dataclass
class Asterisk:
    """A running Asterisk with the kit's dialplan, and one agent's telephone."""

    folder: Path
    port: int
    agent_port: int

    @property
    def log(self) -> str:
        return (self.folder / "log" / "full").read_text("utf-8", errors="replace")

    def console(self, command: str) -> str:
        done = subprocess.run(
            [FOLDER / "asterisk", "-C", self.folder / "etc" / "asterisk.conf", "-rx", command],
            capture_output=True,
            text=True,
            timeout=20,
        )
        return done.stdout

    def call(self, number: str, digits: str) -> str:
        """Call a number, type the digits, have the agent answer, until both have hung up; return what was spoken."""
        heard = len(self.log)
        caller = self.folder / "caller.xml"
        digit = (HERE / "digit.xml").read_text("utf-8")
        typed = "".join(
            digit.replace("@number@", str(at)).replace("@digit@", symbol) for at, symbol in enumerate(f"{digits}#", 2)
        )
        caller.write_text((HERE / "caller.xml").read_text("utf-8").replace("<!-- digits -->", typed), "utf-8")
        common = ["-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "60", "-timeout_error"]
        agent = subprocess.Popen(
            ["sipp", "-sf", HERE / "agent.xml", "-p", str(self.agent_port), "-mp", "21000", *common],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )
        try:
            done = subprocess.run(
                [
                    "sipp",
                    f"127.0.0.1:{self.port}",
                    "-sf",
                    caller,
                    "-s",
                    number,
                    "-p",
                    str(free_port()),
                    "-mp",
                    "21100",
                    *common,
                ],
                capture_output=True,
                text=True,
                cwd=self.folder,
                timeout=90,
            )
            assert done.returncode == 0, done.stdout[-1500:] + done.stderr + self.log[heard:][-3000:]
            assert agent.wait(20) == 0
        finally:
            agent.kill()
            agent.wait(10)
        return " ".join(re.findall(r"Playing '([^']+?)(?:\.gsm)?' ", self.log[heard:]))


@pytest.fixture(scope="module")
def asterisk(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """Asterisk with the kit's files as they are; the recordings are beeps under the names that README lists."""
    require("asterisk", _missing)
    folder = tmp_path_factory.mktemp("asterisk")
    asterisk = Asterisk(folder, free_port(), free_port())
    _configure(asterisk, secured)
    command = [FOLDER / "asterisk", "-f", "-C", folder / "etc" / "asterisk.conf"]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: "fully booted" in asterisk.console("core waitfullybooted"), 30)
        yield asterisk
    finally:
        process.terminate()
        process.wait(20)


def _configure(asterisk: Asterisk, secured: Secured) -> None:
    folder = asterisk.folder
    for name in ("etc", "log", "var", "agi", "data/sounds"):
        (folder / name).mkdir(parents=True)
    shared = FOLDER / "root" / "usr" / "share" / "asterisk"
    for entry in shared.iterdir():
        if entry.name != "sounds":
            (folder / "data" / entry.name).symlink_to(entry)
    english = next((shared / "sounds").glob("en_US*"))
    (folder / "data" / "sounds" / "en").symlink_to(english)
    recordings = folder / "data" / "sounds" / "telefonia"
    recordings.mkdir()
    for name in _recordings():
        shutil.copy(english / "beep.gsm", recordings / f"{name}.gsm")
    shutil.copy(KIT / "telefonia.py", folder / "agi")
    modules = next((FOLDER / "root" / "usr" / "lib").rglob("asterisk/modules"))
    files = {
        "asterisk.conf": f"""
[directories]
astetcdir => {folder}/etc
astmoddir => {modules}
astvarlibdir => {folder}/var
astdbdir => {folder}/var
astkeydir => {folder}/var
astdatadir => {folder}/data
astagidir => {folder}/agi
astspooldir => {folder}/var
astrundir => {folder}/var
astlogdir => {folder}/log
[options]
verbose = 3
""",
        "modules.conf": "[modules]\nautoload=yes\nnoload => chan_sip.so\n",
        "logger.conf": "[logfiles]\nfull => notice,warning,error,verbose\n",
        "rtp.conf": "[general]\nrtpstart=20000\nrtpend=20200\n",
        "pjsip.conf": f"""
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{asterisk.port}
[telephone](!)
type=endpoint
context=telefonia
disallow=all
allow=ulaw
direct_media=no
dtmf_mode=info
[caller](telephone)
[caller]
type=identify
endpoint=caller
match=127.0.0.1
[{AGENT}](telephone)
aors={AGENT}
[{AGENT}]
type=aor
contact=sip:{AGENT}@127.0.0.1:{asterisk.agent_port}
""",
        "extensions.conf": f"""
[globals]
TELEFONIA_URL={secured.service.endpoint}
TELEFONIA_CREDENTIAL={secured.user}:{secured.secret}
TELEFONIA_PROMPTS=telefonia
TELEFONIA_AGENTS=PJSIP/{AGENT}

#include {KIT / "telefonia.conf"}
""",
    }
    for name, text in files.items():
        (folder / "etc" / name).write_text(text, "utf-8")


def _recordings() -> list[str]:
    """Return the names in README's table."""
    rows = re.findall(r"^\| ([a-z, -]+[a-z]) \|", (KIT / "README.md").read_text("utf-8"), re.MULTILINE)
    return [name for row in rows for name in row.split(", ")]


@dataclass
class Screen:
    """An agent's screen, logged in, at the extension that answers."""

    secured: Secured
    listener: Listener
    last_call: int

    def popup(self) -> str:
        """Return the page of the call that popped up; those that are replayed from before do not count."""
        wait_until(self._tokens)
        (token,) = self._tokens()
        cookie = log_in(self.secured.service, "atendente")
        url = f"{self.secured.service.url}/chamadas/{token}"
        page = httpx.get(url, headers={"Cookie": f"{SESSION_COOKIE}={cookie}"}, timeout=10)
        assert page.status_code == 200, page.text
        return page.text

    def _tokens(self) -> list[str]:
        events = self.listener.events
        return [
            data["token"]
            for number, name, data in events
            if name == "chamada" and int(number.partition("-")[0]) > self.last_call
        ]


@pytest.fixture
def screen(secured: Secured) -> Iterator[Screen]:
    """The screen of the agent at the extension."""
    store = secured.service.store
    last_call = store.calls.newest_position().last
    store.close()
    with listening(secured.service, log_in(secured.service, "atendente", AGENT)) as listener:
        yield Screen(secured, listener, last_call)


@pytest.mark.parametrize("number", ["3000", "3001"], ids=["CURL()", "AGI"], scope="class")
class TestACall:
    """Both ways of the kit do the same but for the state of the request, which only the AGI script reads."""

    def test_one_request_is_spoken_and_pops_up_where_it_is_answered(
        self, asterisk: Asterisk, screen: Screen, number: str
    ) -> None:
        spoken = asterisk.call(number, "11144477735")
        digits = " ".join(f"digits/{digit}" for digit in "34534")
        assert f"telefonia/uma-solicitacao {digits}" in spoken
        if number == "3001":
            assert "telefonia/situacao-em-andamento telefonia/prazo digits/" in spoken
        page = screen.popup()
        assert "Maria Aparecida" in page
        assert "34534" in page

    def test_several_are_counted(self, asterisk: Asterisk, screen: Screen, number: str) -> None:
        assert "telefonia/voce-tem digits/3 telefonia/solicitacoes" in asterisk.call(number, "52998224725")
        assert "João Batista" in screen.popup()

    def test_an_unknown_caller_has_none_and_is_announced_as_such(
        self, asterisk: Asterisk, screen: Screen, number: str
    ) -> None:
        assert "telefonia/nenhuma-solicitacao" in asterisk.call(number, "98765432100")
        assert "Não identificado o cliente da ligação" in screen.popup()

    def test_a_real_browser_shows_it(self, asterisk: Asterisk, secured: Secured, browser: Browser, number: str) -> None:
        for earlier in secured.service.store.call_lists.list_at(AGENT):
            secured.service.store.calls.mark_seen(earlier.token)  # else they pop up first
        cookie = log_in(secured.service, "atendente", AGENT)
        context = browser.new_context(locale="pt-BR")
        context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": secured.service.url}])
        page = context.new_page()
        page.goto(f"{secured.service.url}/")
        expect(page.locator("#connection")).to_have_text("Conectado")
        asterisk.call(number, "12312312312")
        popup = page.get_by_role("dialog", name="Você está recebendo uma ligação")
        expect(popup.get_by_text("[955]", exact=True)).to_be_visible()
        expect(popup.get_by_role("button", name="Executar")).to_be_visible()
        context.close()

    def test_a_silent_service_still_reaches_the_agent(self, asterisk: Asterisk, number: str) -> None:
        good = re.search(r"TELEFONIA_URL=(\S+)", asterisk.console("dialplan show globals"))
        assert good
        asterisk.console(f"dialplan set global TELEFONIA_URL http://127.0.0.1:{free_port()}/soap")
        try:
            assert "telefonia/servico-indisponivel" in asterisk.call(number, "11144477735")
        finally:
            asterisk.console(f"dialplan set global TELEFONIA_URL {good[1]}")
