"""A connection of the event loop to PostgreSQL: what it answers, and that it ends in time whatever becomes of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy import DateTime, bindparam, make_url, select, text

from soap_service.storage.backend import Question
from soap_service.storage.postgresql_server import ANSWER_SECONDS, Server
from soap_service.storage.server_link import ServerLink
from tests.proxy import Network
from tests.waiting import run_in_own_loop

T = TypeVar("T")

_PROCESS = text("SELECT pg_backend_pid()")
_SLEEP = text("SELECT pg_sleep(1.5)")
_NUMBER = text("SELECT n FROM generate_series(1, 3) AS n WHERE n = ANY(:numbers)")


def on_link(url: str, work: Callable[[ServerLink], Awaitable[T]]) -> T:
    """Return what work comes to on a link of its own."""

    async def run() -> T:
        link = ServerLink(Server(make_url(url)))
        try:
            return await work(link)
        finally:
            link.close()

    return run_in_own_loop(run())


def test_many_questions_travel_together_and_each_has_its_rows(postgresql_database_url: str) -> None:
    moment = datetime(2026, 11, 28, 12, tzinfo=UTC)
    typed = select(bindparam("moment", type_=DateTime(timezone=True)), bindparam("none", type_=DateTime(timezone=True)))

    async def ask(link: ServerLink) -> Any:
        questions = [Question(_NUMBER, {"numbers": numbers}) for numbers in ([3, 1], [], [7])]
        return await link.ask([*questions, Question(typed, {"moment": moment, "none": None})])

    assert on_link(postgresql_database_url, ask) == [[(1,), (3,)], [], [], [(moment, None)]]


def test_more_than_the_kernel_takes_at_once_is_sent_and_read(postgresql_database_url: str) -> None:
    length = text("SELECT length(:word), :word")
    word = "x" * 3_000_000

    async def ask(link: ServerLink) -> Any:
        return await link.ask([Question(length, {"word": word})] * 4)

    assert on_link(postgresql_database_url, ask) == [[(len(word), word)]] * 4


def test_after_an_error_nothing_is_done_and_the_next_one_is_answered(
    postgresql_database_url: str,
) -> None:
    made = Question(text("CREATE TABLE made (n int)"), {})

    async def ask(link: ServerLink) -> Any:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await link.ask([made, Question(text("SELECT 1 / 0"), {}), Question(_PROCESS, {})])
        return await link.fetch(text("SELECT to_regclass('made')"), {})

    assert on_link(postgresql_database_url, ask) == [(None,)]


@pytest.mark.parametrize("is_idle", [False, True])
def test_a_connection_that_the_server_ends_is_told_at_once_or_made_again(
    postgresql_database_url: str, is_idle: bool
) -> None:
    async def ask(link: ServerLink) -> tuple[float, bool]:
        [(process,)] = await link.fetch(_PROCESS, {})
        waiting = asyncio.ensure_future(link.ask([Question(_SLEEP, {})])) if not is_idle else None
        await asyncio.sleep(0.2)
        with psycopg.connect(postgresql_database_url) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (process,))
        began = time.monotonic()
        if waiting is not None:
            with pytest.raises(psycopg.OperationalError):
                await waiting
        [(another,)] = await link.fetch(_PROCESS, {})
        return time.monotonic() - began, another != process

    took, is_another = on_link(postgresql_database_url, ask)
    assert is_another
    assert took < 1


def test_a_silent_server_is_given_up_in_time(postgresql_database_url: str) -> None:
    network = Network(make_url(postgresql_database_url).port or 0)
    url = make_url(postgresql_database_url).set(port=network.port).render_as_string()

    async def ask(link: ServerLink) -> tuple[float, Any]:
        await link.fetch(_PROCESS, {})
        network.half_open()
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match="did not answer in time"):
            await link.ask([Question(_PROCESS, {})])
        return time.monotonic() - began, await link.fetch(text("SELECT 1"), {})

    try:
        took, rows = on_link(url, ask)
    finally:
        network.cut()
    assert ANSWER_SECONDS - 0.1 < took < ANSWER_SECONDS + 1
    assert rows == [(1,)]


def test_who_is_cancelled_leaves_no_answer_to_the_next(postgresql_database_url: str) -> None:
    async def ask(link: ServerLink) -> Any:
        waiting = asyncio.ensure_future(link.ask([Question(_SLEEP, {})]))
        await asyncio.sleep(0.2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return await link.fetch(text("SELECT 42"), {})

    assert on_link(postgresql_database_url, ask) == [(42,)]
