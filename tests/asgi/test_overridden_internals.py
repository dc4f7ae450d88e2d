"""What is overridden or private of other libraries: one test each, which names what an upgrade has broken.

These tests ask the libraries alone. That the service behaves is shown by the tests of its own.

Source: docs/decisions.md, What is patched or private.
"""

import asyncio
import inspect
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from configparser import ConfigParser
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import httptools
import psycopg
import pytest
import uvicorn
from packaging.requirements import Requirement
from prometheus_client import Histogram
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import DateTime, Integer, bindparam, column, select, table
from sqlalchemy.dialects import postgresql, sqlite
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from soap_service.asgi.protocol import BoundedProtocol
from soap_service.soap.fast_path import FastPath
from tests.waiting import run_in_own_loop

ROOT = Path(__file__).parents[2]
#: Libraries whose internals are overridden or used: each has an upper bound that is raised by hand.
BOUNDED = ("uvicorn", "httptools", "psycopg", "sqlalchemy", "spyne", "prometheus-client")
CALLBACKS = {
    "connection_made": ["transport"],
    "connection_lost": ["exc"],
    "data_received": ["data"],
    "eof_received": [],
    "on_message_begin": [],
    "on_header": ["name", "value"],
    "on_headers_complete": [],
    "on_body": ["body"],
    "on_message_complete": [],
    "on_response_complete": [],
    "timeout_keep_alive_handler": [],
}
CALLED = {"_unset_keepalive_if_required": [], "send_400_response": ["msg"]}
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
POST_HEAD = b"POST /a?b HTTP/1.1\r\nHOST: here\r\nContent-Length: 4\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"


def broken(library: str, internal: str) -> str:
    """Return what a failing test says."""
    return (
        f"{library} {metadata.version(library)}: {internal} is not what soap_service relies on; "
        "see docs/decisions.md, What is patched or private"
    )


def parameters(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def requirements() -> dict[str, Requirement]:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options"]["install_requires"].split("\n")
    return {found.name: found for found in map(Requirement, filter(None, lines))}


@pytest.mark.parametrize("library", BOUNDED)
def test_a_library_with_overridden_internals_is_bounded(library: str) -> None:
    requirement = requirements()[library]
    operators = {specifier.operator for specifier in requirement.specifier}
    assert operators & {"<", "=="}, f"{library} has no upper bound in setup.cfg"
    assert metadata.version(library) in requirement.specifier


# uvicorn: its protocol class


@pytest.mark.parametrize("name", [*CALLBACKS, *CALLED])
def test_a_callback_of_uvicorn_has_its_parameters(name: str) -> None:
    expected = {**CALLBACKS, **CALLED}[name]
    function = getattr(HttpToolsProtocol, name, None)
    assert function is not None and parameters(function) == expected, broken("uvicorn", f"HttpToolsProtocol.{name}")


def test_what_is_overridden_is_listed_here() -> None:
    """A name of ours that uvicorn begins to use itself would be overridden without anybody's wish."""
    state = HttpToolsProtocol(uvicorn.Config(_quiet), ServerState(), {}, asyncio.new_event_loop())
    taken = set(dir(state)) - set(dir(object))
    ours = {name for kind in (BoundedProtocol, FastPath) for name in vars(kind) if not name.startswith("__")}
    state.loop.close()
    assert ours & taken == set(CALLBACKS), broken("uvicorn", f"one of {sorted(ours & taken ^ set(CALLBACKS))}")


def test_uvicorn_writes_status_lines_as_the_fast_path_does() -> None:
    lines = {STATUS_LINE[200], STATUS_LINE[500]}
    expected = {b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 500 Internal Server Error\r\n"}
    assert lines == expected, broken("uvicorn", "httptools_impl.STATUS_LINE")


def test_a_connection_has_the_state_that_is_read() -> None:
    seen = run_in_own_loop(_after(POST_HEAD))
    kinds = {
        "loop": asyncio.AbstractEventLoop,
        "parser": httptools.HttpRequestParser,
        "server_state": ServerState,
        "transport": asyncio.Transport,
        "pipeline": deque,
        "url": bytes,
        "headers": list,
        "scope": dict,
        "expect_100_continue": bool,
        "cycle": RequestResponseCycle,
        "timeout_keep_alive": int,
        "client": tuple,
    }
    for name, kind in kinds.items():
        assert isinstance(seen.states[-1].get(name), kind), broken("uvicorn", f"HttpToolsProtocol.{name}")
    assert callable(getattr(seen.protocol.logger, "warning", None)), broken("uvicorn", "HttpToolsProtocol.logger")
    assert seen.protocol.flow.write_paused is False, broken("uvicorn", "HttpToolsProtocol.flow.write_paused")


def test_the_url_is_whole_and_names_of_headers_are_lower_case() -> None:
    protocol = run_in_own_loop(_after(POST_HEAD)).protocol
    assert protocol.url == b"/a?b", broken("uvicorn", "HttpToolsProtocol.url")
    expected = [(b"host", b"here"), (b"content-length", b"4")]
    assert protocol.headers == expected, broken("uvicorn", "HttpToolsProtocol.headers")
    assert protocol.scope["headers"] is protocol.headers, broken("uvicorn", "HttpToolsProtocol.scope")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_started", False),
        ("response_complete", False),
        ("disconnected", False),
        ("chunked_encoding", None),
        ("keep_alive", True),
        ("more_body", True),
        ("waiting_for_100_continue", False),
    ],
)
def test_an_exchange_begins_with_the_state_that_is_read(name: str, value: object) -> None:
    state = run_in_own_loop(_after(POST_HEAD, is_held=True)).states[0]
    assert state.get(name, "absent") == value, broken("uvicorn", f"RequestResponseCycle.{name}")


def test_an_exchange_begins_with_its_scope_and_event() -> None:
    seen = run_in_own_loop(_after(POST_HEAD, is_held=True))
    cycle = seen.cycles[0]
    assert cycle.scope is seen.protocol.scope, broken("uvicorn", "RequestResponseCycle.scope")
    assert isinstance(cycle.message_event, asyncio.Event), broken("uvicorn", "RequestResponseCycle.message_event")


def test_an_expected_100_is_awaited_until_the_body_is_read() -> None:
    head = POST_HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    state = run_in_own_loop(_after(head, is_held=True)).states[0]
    assert state["waiting_for_100_continue"] is True, broken("uvicorn", "RequestResponseCycle.waiting_for_100_continue")


def test_a_streamed_answer_is_in_chunks_and_not_complete() -> None:
    seen = run_in_own_loop(_after(GET, application=_begin_to_stream))
    for name, value in {"response_started": True, "chunked_encoding": True, "response_complete": False}.items():
        assert seen.states[0].get(name) is value, broken("uvicorn", f"RequestResponseCycle.{name}")
    assert seen.answer.endswith(b"\r\n\r\n2\r\nab\r\n"), broken("uvicorn", "the form of a chunk")


def test_a_part_written_between_is_not_reordered() -> None:
    """`_write_part` writes to the transport itself: uvicorn must hold nothing back of what was sent before."""

    async def after_all(seen: "_Seen") -> None:
        seen.protocol.transport.write(b"2\r\ncd\r\n")

    seen = run_in_own_loop(_after(GET, application=_begin_to_stream, then=after_all))
    assert seen.answer.endswith(b"2\r\nab\r\n2\r\ncd\r\n"), broken("uvicorn", "RequestResponseCycle.send")


def test_the_event_wakes_an_exchange_that_waits_for_its_body() -> None:
    async def wake(seen: "_Seen") -> None:
        seen.cycles[0].message_event.set()

    seen = run_in_own_loop(_after(POST_HEAD + b"ab", then=wake, application=_read_twice))
    expected = [b"ab", b""]
    assert [event.get("body") for event in seen.events] == expected, broken("uvicorn", "RequestResponseCycle.receive")


def test_what_comes_behind_an_unfinished_exchange_waits_newest_first() -> None:
    seen = run_in_own_loop(_after(GET + GET + GET, is_held=True))
    waiting = [cycle for cycle, _ in seen.protocol.pipeline]
    assert waiting == [seen.cycles[2], seen.cycles[1]], broken("uvicorn", "HttpToolsProtocol.pipeline")


def test_an_exchange_told_not_to_keep_alive_closes() -> None:
    async def end(seen: "_Seen") -> None:
        seen.cycles[0].keep_alive = False
        seen.go_on.set()

    seen = run_in_own_loop(_after(GET, is_held=True, then=end))
    assert seen.protocol.transport.is_closing(), broken("uvicorn", "RequestResponseCycle.keep_alive")


def test_an_answered_connection_sets_the_timer_of_its_handler() -> None:
    async def let_it_expire(seen: "_Seen") -> None:
        seen.protocol.timeout_keep_alive = 0
        seen.events.append(seen.protocol.timeout_keep_alive_task)
        seen.protocol.on_response_complete()

    seen = run_in_own_loop(_after(GET, then=let_it_expire))
    assert isinstance(seen.events[0], asyncio.TimerHandle), broken("uvicorn", "timeout_keep_alive_task")
    assert seen.expired == 1, broken("uvicorn", "HttpToolsProtocol.timeout_keep_alive_handler")
    assert seen.protocol.server_state.total_requests == 2, broken("uvicorn", "ServerState.total_requests")


def test_the_400_of_uvicorn_closes() -> None:
    async def refuse(seen: "_Seen") -> None:
        seen.protocol.send_400_response("No.")

    seen = run_in_own_loop(_after(b"GET / HTTP/1.1\r\n", then=refuse))
    name = "HttpToolsProtocol.send_400_response"
    assert seen.answer.startswith(b"HTTP/1.1 400 ") and seen.answer.endswith(b"\r\n\r\nNo."), broken("uvicorn", name)
    assert seen.protocol.transport.is_closing(), broken("uvicorn", name)


# uvicorn: its server


@pytest.mark.parametrize(
    ("name", "expected"), [("startup", ["sockets"]), ("shutdown", ["sockets"]), ("run", ["sockets"])]
)
def test_a_step_of_the_server_has_its_parameters(name: str, expected: list[str]) -> None:
    function = getattr(uvicorn.Server, name, None)
    assert function is not None and parameters(function) == expected, broken("uvicorn", f"Server.{name}")


def test_the_server_tells_whether_it_listens() -> None:
    server = uvicorn.Server(uvicorn.Config(_quiet))
    assert server.started is False, broken("uvicorn", "Server.started")


def test_lines_of_every_answer_are_a_new_list_each_second() -> None:
    """The fast path writes them once for each list: a list changed in place would send an old date for ever."""
    config = uvicorn.Config(_quiet, server_header=False)
    config.load()
    server = uvicorn.Server(config)
    run_in_own_loop(server.on_tick(0))
    first = server.server_state.default_headers
    kept = list(first)
    run_in_own_loop(server.on_tick(10))
    assert [name for name, _ in first] == [b"date"], broken("uvicorn", "ServerState.default_headers")
    assert server.server_state.default_headers is not first, broken("uvicorn", "ServerState.default_headers")
    assert first == kept, broken("uvicorn", "ServerState.default_headers")


# httptools


def test_an_offered_upgrade_says_where_the_rest_begins() -> None:
    parser = httptools.HttpRequestParser(object())
    head = b"POST / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\n"
    with pytest.raises(httptools.HttpParserUpgrade) as offer:
        parser.feed_data(head + b"abcd")
    assert offer.value.args[0] == len(head), broken("httptools", "HttpParserUpgrade.args")
    assert parser.should_upgrade(), broken("httptools", "HttpRequestParser.should_upgrade")


def test_an_upgrade_is_known_when_the_head_is_complete() -> None:
    told: list[bool] = []

    class Told:
        def on_headers_complete(self) -> None:
            told.append(parser.should_upgrade())

    parser = httptools.HttpRequestParser(Told())
    with pytest.raises(httptools.HttpParserUpgrade):
        parser.feed_data(b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert told == [True], broken("httptools", "HttpRequestParser.should_upgrade")


def test_a_callback_that_raises_ends_the_parsing() -> None:
    class Refusing:
        def on_headers_complete(self) -> None:
            raise ValueError

    with pytest.raises(httptools.HttpParserError):
        httptools.HttpRequestParser(Refusing()).feed_data(GET)
        pytest.fail(broken("httptools", "an exception in a callback"))


@pytest.mark.parametrize(
    ("head", "version", "method", "is_kept"),
    [
        (GET, "1.1", b"GET", True),
        (GET.replace(b"1.1", b"1.0"), "1.0", b"GET", False),
        (CLOSING, "1.1", b"GET", False),
        (b"CONNECT here:1 HTTP/1.1\r\nHost: here\r\n\r\n", "1.1", b"CONNECT", True),
    ],
)
def test_the_parser_tells_of_a_head(head: bytes, version: str, method: bytes, is_kept: bool) -> None:
    told: list[tuple[object, ...]] = []

    class Told:
        def on_headers_complete(self) -> None:
            told.append((parser.get_http_version(), parser.get_method(), parser.should_keep_alive()))

    parser = httptools.HttpRequestParser(Told())
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        assert method == b"CONNECT"
    assert told == [(version, method, is_kept)], broken("httptools", "what the parser tells of a head")


def test_a_lenient_parser_ignores_what_follows_a_closing_request() -> None:
    heads: list[int] = []

    class Told:
        def on_message_begin(self) -> None:
            heads.append(1)

    strict, lenient = httptools.HttpRequestParser(object()), httptools.HttpRequestParser(Told())
    lenient.set_dangerous_leniencies(lenient_data_after_close=True)
    lenient.feed_data(CLOSING + GET)
    assert len(heads) == 1, broken("httptools", "lenient_data_after_close")
    with pytest.raises(httptools.HttpParserError):
        strict.feed_data(CLOSING + GET)
        pytest.fail("httptools takes data after a close by itself: set_dangerous_leniencies is not needed any more")


# psycopg


def test_the_wait_of_the_driver_has_its_parameters() -> None:
    assert parameters(psycopg.Connection.wait) == ["gen", "interval", "timeout"], broken("psycopg", "Connection.wait")
    default = inspect.signature(psycopg.Connection.wait).parameters["timeout"].default
    assert default is None, broken("psycopg", "Connection.wait")


def test_the_driver_turns_values_and_results_of_a_pipeline(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        transformer, libpq = Transformer(connection), connection.pgconn
        words = transformer.dump_sequence([[1, 2], None, "x"], [PyFormat.TEXT] * 3)
        assert [None if word is None else bytes(word) for word in words] == [b"{1,2}", None, b"x"], broken(
            "psycopg", "Transformer.dump_sequence"
        )
        transformer.set_pgresult(libpq.exec_(b"SELECT 1, NULL, 'x' UNION ALL SELECT 2, NULL, 'y'"))
        rows = transformer.load_rows(0, 2, tuple)
        assert rows == [(1, None, "x"), (2, None, "y")], broken("psycopg", "Transformer.load_rows")
        failed = libpq.exec_(b"SELECT 1/0")
        error = psycopg.errors.error_from_result(failed, transformer.encoding)
        assert error.sqlstate == "22012", broken("psycopg", "errors.error_from_result")
        assert libpq.socket > 2, broken("psycopg", "PGconn.socket")


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(5)", "BEGIN; SELECT pg_sleep(5); COMMIT"])
def test_every_answer_of_the_driver_is_waited_for_there(postgres_url: str, statement: str) -> None:
    class Waiting(psycopg.Connection[Any]):
        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            return super().wait(gen, interval, 0.2)

    connection = Waiting.connect(postgres_url)
    began = time.monotonic()
    with pytest.raises(psycopg.errors._WaitTimeout):
        connection.execute(statement)
        pytest.fail(broken("psycopg", "Connection.wait with a timeout"))
    assert time.monotonic() - began < 3, broken("psycopg", "Connection.wait with a timeout")
    connection.pgconn.finish()
    assert connection.closed, broken("psycopg", "Connection.pgconn.finish")


# SQLAlchemy


@pytest.mark.parametrize(
    ("dialect", "sql", "names"),
    [
        (sqlite.dialect(), "SELECT t.at \nFROM t \nWHERE t.n = ? AND t.n != ?", ["given", "n_1"]),  # type: ignore[no-untyped-call]
        (postgresql.psycopg.dialect(), "SELECT t.at \nFROM t \nWHERE t.n = %(given)s AND t.n != %(n_1)s", None),
    ],
    ids=["sqlite", "postgresql"],
)
def test_a_compiled_statement_tells_what_prepared_keeps(dialect: Any, sql: str, names: list[str] | None) -> None:
    rows = table("t", column("at", DateTime), column("n", Integer))
    asked = select(rows.c.at).where(rows.c.n == bindparam("given", type_=Integer), rows.c.n != 7)
    compiled: Any = asked.compile(dialect=dialect)
    plain = compiled.string.replace("::INTEGER", "").replace("::INT", "")
    assert plain == sql, broken("sqlalchemy", "Compiled.string")
    assert compiled.positiontup == names, broken("sqlalchemy", "Compiled.positiontup")
    known = {name: (bind.required, bind.value, bind.expanding) for name, bind in compiled.binds.items()}
    expected = {"given": (True, None, False), "n_1": (False, 7, False)}
    assert known.items() >= expected.items(), broken("sqlalchemy", "Compiled.binds")


def test_a_parameter_that_is_a_list_says_so() -> None:
    asked: Any = select(column("n", Integer)).where(column("n", Integer).in_(bindparam("some", expanding=True)))
    binds = asked.compile(dialect=sqlite.dialect()).binds  # type: ignore[no-untyped-call]
    assert binds["some"].expanding, broken("sqlalchemy", "BindParameter.expanding")


def test_a_type_of_sqlite_brings_its_processors() -> None:
    dialect: Any = sqlite.dialect()  # type: ignore[no-untyped-call]
    (found,) = select(column("at", DateTime)).selected_columns
    implementation = found.type.dialect_impl(dialect)
    back = implementation.result_processor(dialect, None)
    there = implementation.bind_processor(dialect)
    assert back is not None and there is not None, broken("sqlalchemy", "TypeEngine.dialect_impl")
    assert there(back("2016-06-30 10:00:00.000000")) == "2016-06-30 10:00:00.000000", broken(
        "sqlalchemy", "TypeEngine.bind_processor"
    )


# Spyne


def test_spyne_reads_six_under_the_name_that_is_replaced() -> None:
    program = (
        "import soap_service.spyne_compat, spyne, sys\n"
        "import spyne.util.six as used\n"
        "assert used is sys.modules['spyne.util.six'] and used.get_function_name(print) == 'print'\n"
        "from spyne.model.complex import six as seen\n"
        "assert seen is used\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, broken("spyne", "spyne.util.six") + done.stderr


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python before 3.12 takes Spyne's own six")
def test_spyne_still_needs_the_six_that_it_is_given() -> None:
    program = "import spyne.util.six; from spyne.util.six.moves import urllib"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, timeout=60)
    assert done.returncode != 0, "Spyne imports by itself: delete soap_service/spyne_compat.py"


def test_messages_of_spyne_list_their_parts_in_order() -> None:
    from spyne import Application, ComplexModel, Integer32, ServiceBase, Unicode, rpc
    from spyne.protocol.soap import Soap11

    class Pair(ComplexModel):  # type: ignore[misc]
        second = Unicode(nillable=False)
        first = Integer32

    class Service(ServiceBase):  # type: ignore[misc]
        @rpc(Unicode, Integer32, _returns=Pair)  # type: ignore[untyped-decorator]
        def ask(ctx: Any, zulu: Any, alpha: Any) -> Any:  # noqa: N805
            return None

    application = Application([Service], "urn:test", in_protocol=Soap11(), out_protocol=Soap11())
    (found,) = application.interface.service_method_map.values()
    asked: Mapping[str, Any] = found[0].in_message._type_info
    assert list(asked) == ["zulu", "alpha"], broken("spyne", "in_message._type_info")
    (result,) = found[0].out_message._type_info.values()
    assert list(result._type_info) == ["second", "first"], broken("spyne", "out_message._type_info")
    nils = [kind.Attributes.nillable for kind in result._type_info.values()]
    assert nils == [False, True], broken("spyne", "Attributes.nillable")


# One connection to uvicorn's own protocol, with all that happened on it.


@dataclass
class _Seen:
    """A connection while it is used, and what came of it."""

    protocol: Any = None
    cycles: list[Any] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    answer: bytes = b""
    expired: int = 0
    #: The attributes of each exchange, and of the protocol, before all was closed.
    states: list[dict[str, Any]] = field(default_factory=list)


async def _quiet(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def _begin_to_stream(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ab", "more_body": True})
    await asyncio.Event().wait()


async def _read_twice(scope: Any, receive: Any, send: Any) -> None:
    scope["state"]["events"].append(await receive())
    scope["state"]["events"].append(await receive())


async def _after(
    sent: bytes,
    *,
    is_held: bool = False,
    application: Any = None,
    then: Callable[[_Seen], Coroutine[Any, Any, None]] | None = None,
) -> _Seen:
    """Send bytes to uvicorn's own protocol, then do something, and return what is seen when all is quiet."""
    seen = _Seen()

    async def held(scope: Any, receive: Any, send: Any) -> None:
        await seen.go_on.wait()
        await _quiet(scope, receive, send)

    class Watched(HttpToolsProtocol):
        def on_headers_complete(self) -> None:
            super().on_headers_complete()
            seen.cycles.append(self.cycle)

        def timeout_keep_alive_handler(self) -> None:
            seen.expired += 1
            super().timeout_keep_alive_handler()

    config = uvicorn.Config(application or (held if is_held else _quiet), log_config=None, timeout_keep_alive=75)
    loop = asyncio.get_running_loop()
    mine, theirs = socket.socketpair()
    mine.setblocking(False)
    seen.protocol = Watched(config, ServerState(), {"events": seen.events}, loop)
    await loop.connect_accepted_socket(lambda: seen.protocol, theirs)
    seen.protocol.client = ("127.0.0.1", 1)  # a pair of sockets has no address
    await loop.sock_sendall(mine, sent)
    await asyncio.sleep(0.02)
    if then is not None:
        await then(seen)
        await asyncio.sleep(0.02)
    seen.answer = await _received(loop, mine)
    seen.states = [dict(vars(part)) for part in (*seen.cycles, seen.protocol)]
    mine.close()
    return seen


async def _received(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
    try:
        return await asyncio.wait_for(loop.sock_recv(connection, 65536), 0.2)
    except TimeoutError:
        return b""


# prometheus_client: what counts many observations at once, and for several processes


def test_a_histogram_has_the_values_that_are_counted_in() -> None:
    histogram = Histogram("some_seconds", "...", buckets=(1, 2), registry=None)
    bounds = getattr(histogram, "_upper_bounds", None)
    assert bounds == [1.0, 2.0, float("inf")], broken("prometheus-client", "Histogram._upper_bounds")
    histogram._buckets[1].inc(3)
    histogram._sum.inc(4.5)
    told = [sample for one in histogram.collect() for sample in one.samples]
    samples = {(sample.name, sample.labels.get("le")): sample.value for sample in told}
    assert samples["some_seconds_bucket", "2.0"] == 3, broken("prometheus-client", "Histogram._buckets")
    assert samples["some_seconds_sum", None] == 4.5, broken("prometheus-client", "Histogram._sum")


def test_figures_are_kept_under_a_workers_number_and_counted_on(tmp_path: Path) -> None:
    program = """
import os, sys
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
assert not values.ValueClass._multiprocess
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
values.ValueClass = values.MultiProcessValue(lambda: 3)
assert values.ValueClass._multiprocess
Counter("some", "...", registry=None).inc()
Gauge("open", "...", registry=None, multiprocess_mode="livesum").inc()
shared = CollectorRegistry()
MultiProcessCollector(shared, sys.argv[1])
print(generate_latest(shared).decode())
"""
    for count in (1, 2):
        done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
        assert f"some_total {count}.0" in done.stdout, broken("prometheus-client", "values.MultiProcessValue")
    assert {file.name for file in tmp_path.iterdir()} == {"counter_3.db", "gauge_livesum_3.db"}
