"""A file that an administrator uploads to the real service: what it holds up, what it may weigh, what it leaves."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.screens.bounded_request import LARGEST_UPLOAD
from tests.conftest import Service, start_service

HERE = "/administracao/importar"
PEOPLE = 20_000
#: A page and a call take milliseconds; an import in their process or thread would take as long as it does itself.
PAGE_SECONDS = 2.0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = start_service(tmp_path_factory.mktemp("uploads"))
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log


@contextmanager
def browser_of(service: Service, login: str) -> Iterator[httpx.Client]:
    """Give a browser of an agent, or of a visitor."""
    cookies = {}
    if login:
        agent = service.store.staff.find_agent(login)
        cookies = {SESSION_COOKIE: service.store.logins.open(agent.id, timedelta(hours=1))}
    with httpx.Client(base_url=service.url, cookies=cookies, timeout=60) as browser:
        yield browser


def people(count: int) -> bytes:
    lines = (f"{n:014};Pessoa {n} {'da Silva ' * 17};62 {n};p{n}@exemplo.com.br" for n in range(10**13, 10**13 + count))
    return "\n".join(("documento;nome;telefone;email", *lines)).encode()


def post(browser: httpx.Client, content: bytes, action: str, **fields: str) -> httpx.Response:
    page = browser.get("/preferencias").text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    data = {"form_token": token[1], "tabela": "solicitantes", "acao": action, **fields}
    return browser.post(HERE, data=data, files={"arquivo": ("people.csv", content)})


def lines_of(page: str) -> tuple[int, ...]:
    return tuple(int(one.replace(".", "")) for one in re.findall(r"<dd>([\d.]+)</dd>", page))


def test_calls_and_pages_go_on_while_a_file_is_taken_in(desk: Service) -> None:
    content = people(PEOPLE)
    assert 2**22 < len(content) < LARGEST_UPLOAD
    with browser_of(desk, "admin") as admin, browser_of(desk, "atendente") as agent:
        times, answers = import_meanwhile(desk, admin, agent, content)
    assert len(times) > 10 and max(times) < PAGE_SECONDS, sorted(times)[-5:]
    assert all(lines_of(answer.text) for answer in answers), [answer.text for answer in answers]
    assert sum(lines_of(answer.text)[1] for answer in answers) == PEOPLE
    assert "1?34534" in desk.call("obterQtdeSolicitacoes", cpf="11144477735")
    folder = Path(f"/proc/{desk.process.pid}/fd")
    held = [str(one.readlink()) for one in folder.iterdir() if one.is_symlink()]
    assert not [name for name in held if "deleted" in name]


def import_meanwhile(
    desk: Service, admin: httpx.Client, agent: httpx.Client, content: bytes
) -> tuple[list[float], list[httpx.Response]]:
    """Check and import a file; return how long pages and calls took meanwhile, in seconds, and what was answered."""
    checked = post(admin, content, "conferir")
    assert lines_of(checked.text) == (PEOPLE, PEOPLE, 0, 0, 0), checked
    digest = re.search(r'name="conferido" value="(\w+)"', checked.text)
    assert digest
    answers: list[httpx.Response] = []

    def import_all() -> None:
        while not answers or "Importe de novo para continuar" in answers[-1].text:  # a slow machine needs several
            answers.append(post(admin, content, "importar", conferido=digest[1]))

    importing = threading.Thread(target=import_all)
    importing.start()
    times = []
    while importing.is_alive():
        for ask in (
            lambda: agent.get("/solicitacoes").raise_for_status(),
            lambda: desk.call("obterQtdeSolicitacoes", cpf="11144477735"),
        ):
            begun = time.monotonic()
            ask()
            times.append(time.monotonic() - begun)
        importing.join(0.02)
    return times, answers


def test_a_file_that_is_too_large_is_refused_with_what_to_do(desk: Service) -> None:
    with browser_of(desk, "admin") as admin:
        answer = post(admin, bytes(LARGEST_UPLOAD), "conferir")
    assert answer.status_code == 413
    assert "passa de 8 MiB" in answer.text and "soap-service import" in answer.text


@pytest.mark.parametrize("login", ["", "atendente"])
def test_who_is_no_administrator_sends_no_more_than_a_form(desk: Service, login: str) -> None:
    with browser_of(desk, login) as browser:
        small = browser.post(HERE, data={"acao": "conferir"}, files={"arquivo": ("a.csv", b"cpf;nome\n")})
        assert small.status_code == (403 if login else 401)
        assert browser.post(HERE, files={"arquivo": ("a.csv", bytes(70_000))}).status_code == 413
