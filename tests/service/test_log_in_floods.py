"""A flood of log-ins: what waits for a password's hash, and what does not."""

import asyncio
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from soap_service.rules.credentials import SESSION_COOKIE
from tests.conftest import Service, element, start_service
from tests.demonstration import PASSWORD
from tests.waiting import run_in_own_loop

POSTS = 300
FEWEST_PAGES, MOST_PAGES = 15, 40
#: One second and two are promised, on a machine that is not as busy as that of tests.
POPUP_SECONDS, PAGE_SECONDS = 2.0, 4.0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with started(tmp_path_factory.mktemp("flood")) as service:
        yield service


@contextmanager
def started(folder: Path) -> Iterator[Service]:
    service = start_service(folder)
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log


def cookie_of(service: Service, login: str) -> dict[str, str]:
    agent = service.store.staff.find_agent(login)
    return {SESSION_COOKIE: service.store.logins.open(agent.id, timedelta(hours=1))}


async def flood(service: Service, agent: httpx.AsyncClient) -> tuple[list[httpx.Response], list[float], list[float]]:
    """Post log-ins all at once; return their answers, and how long popups and pages took meanwhile, in seconds."""
    async with httpx.AsyncClient(timeout=100, limits=httpx.Limits(max_connections=POSTS)) as strangers:
        token = re.search(r'name="form_token" value="([^"]+)"', (await strangers.get(f"{service.url}/entrar")).text)
        assert token
        forms = ({"form_token": token[1], "usuario": f"nobody{n}", "senha": "senha errada"} for n in range(POSTS))
        posts = [asyncio.create_task(strangers.post(f"{service.url}/entrar", data=form)) for form in forms]
        await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
        popups = [await timed(agent, f"/chamadas/{await announce(service, n)}/janela") for n in range(5)]
        pages: list[float] = []
        while len(pages) < MOST_PAGES and not all(post.done() for post in posts):  # only while it goes on
            pages.append(await timed(agent, "/chamadas"))
        assert len(pages) >= FEWEST_PAGES
        return list(await asyncio.gather(*posts)), popups, pages


async def timed(agent: httpx.AsyncClient, path: str) -> float:
    started = time.monotonic()
    assert (await agent.get(path)).status_code == 200
    return time.monotonic() - started


async def announce(service: Service, number: int) -> str:
    receipt = await asyncio.to_thread(service.call, "novaSolicitacao", cpf=f"{number:011}", ramal="4067")
    return element(receipt, "url").rpartition("/")[2]


def test_during_300_log_ins_popups_and_pages_do_not_wait(desk: Service) -> None:
    desk.store.extensions.register(desk.store.staff.find_agent("atendente").id, "4067")

    async def main() -> tuple[list[httpx.Response], list[float], list[float]]:
        cookies = cookie_of(desk, "atendente")
        async with httpx.AsyncClient(base_url=desk.url, cookies=cookies, timeout=60) as agent:
            return await flood(desk, agent)

    answers, popups, pages = run_in_own_loop(main())
    assert statistics.median(popups) < POPUP_SECONDS, popups
    assert statistics.quantiles(pages, n=20)[-1] < PAGE_SECONDS, pages
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused, Counter(answer.status_code for answer in answers)
    assert {answer.headers.get("Retry-After") for answer in refused} == {"5"}
    assert "Muitas pessoas estão entrando ao mesmo tempo." in refused[0].text
    assert {answer.status_code for answer in answers} == {403, 429, 503}


def test_a_new_password_waits_with_the_log_ins_and_is_set(desk: Service) -> None:
    agent = desk.store.staff.find_agent("consulta")
    with httpx.Client(base_url=desk.url, cookies=cookie_of(desk, "admin")) as admin:
        token = re.search(r'data-form-token="([^"]+)"', admin.get("/").text)
        assert token
        form = {"form_token": token[1], "senha": "uma senha nova", "senha_de_novo": "uma senha nova"}
        assert admin.post(f"/administracao/atendentes/{agent.id}/senha", data=form).status_code == 303
    assert desk.store.staff.find_agent("consulta").password_hash != agent.password_hash


_HASHING = re.compile(r"\b((hash|check)_password|read_new_password)\(")


def test_every_post_that_hashes_a_password_has_threads_of_its_own() -> None:
    from soap_service.app import _chooses, _hashes  # what is told apart by its address

    sources = Path(__file__).parents[2] / "soap_service" / "screens"
    hashing = [file.name for file in sources.rglob("*.py") if _HASHING.search(file.read_text())]
    assert sorted(hashing) == ["access.py", "password.py", "staff.py"]
    given = ("/administracao/atendentes/novo", "/administracao/atendentes/7/senha")
    own = ("/preferencias/senha", "/preferencias/segundo-fator", "/preferencias/sessoes")
    for path in (*given, *own):
        assert _chooses("POST", path) and not _hashes("POST", path)
        assert not _chooses("GET", path)
    assert _hashes("POST", "/entrar") and not _hashes("GET", "/entrar")
    assert not _chooses("POST", "/administracao/atendentes/7")


def test_passwords_that_are_chosen_hold_up_no_log_in(tmp_path: Path) -> None:
    """At a service that has seen no flood: its budget of log-ins is whole."""
    costly = "z6|s99|<@-1+[@65!5|5[0%3.@15es${xi-9ix1(48|/$z.1ao.e1(+1l-x.1t4-s7x21t[3"

    async def main(desk: Service) -> tuple[float, bool]:
        async with (
            httpx.AsyncClient(base_url=desk.url, cookies=cookie_of(desk, "admin"), timeout=100) as agent,
            httpx.AsyncClient(base_url=desk.url, timeout=100) as colleague,
        ):
            token = re.search(r'data-form-token="([^"]+)"', (await agent.get("/")).text)
            page = re.search(r'name="form_token" value="([^"]+)"', (await colleague.get("/entrar")).text)
            assert token and page
            form = {"form_token": token[1], "senha_atual": PASSWORD, "senha": costly, "senha_de_novo": costly}
            choices = [asyncio.create_task(agent.post("/preferencias/senha", data=form)) for _ in range(6)]
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            entered = {"form_token": page[1], "usuario": "atendente", "senha": PASSWORD}
            assert (await colleague.post("/entrar", data=entered)).status_code == 303
            seconds, is_going_on = time.monotonic() - begun, not all(choice.done() for choice in choices)
            await asyncio.gather(*choices)
            return seconds, is_going_on

    with started(tmp_path) as desk:
        seconds, is_going_on = run_in_own_loop(main(desk))
    assert is_going_on
    assert seconds < PAGE_SECONDS
