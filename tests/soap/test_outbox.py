"""Answers go out at the end of the event loop's turn: none is lost, none overtakes, none is held for ever."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest
import uvloop

from soap_service.asgi.outbox import GatheringTransport, Outbox
from tests.conftest import Service
from tests.soap.corpus.forms import QUESTION
from tests.soap.wire import Connection, post
from tests.waiting import run_in_own_loop

ASK = post(QUESTION.encode(), "Content-Type: text/xml; charset=utf-8")
ANSWER = b">1?34534<"
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_what_one_turn_writes_is_sent_at_its_end(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def write() -> list[bytes]:
        outbox, peers, own = Outbox(), [], []
        for _ in range(3):
            peer, end = socket.socketpair()
            peer.setblocking(False)
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=end)
            peers.append(peer)
            own.append(GatheringTransport(transport, outbox, own))
        for name, transport in zip(b"abc", own, strict=True):
            transport.write(b"%c1" % name)
            transport.write(b"%c2" % name)
        seen = []
        for peer in peers:
            with suppress(BlockingIOError):
                seen.append(peer.recv(100))
        own[0].close()  # does not wait for the turn's end, and loses nothing
        seen.append(peers[0].recv(100))
        own[1].write(b"x" * GatheringTransport.MOST_HELD)  # nor does what is much
        seen.append(peers[1].recv(4))
        await asyncio.sleep(0.01)
        seen.append(peers[2].recv(100))
        for transport, peer in zip(own, peers, strict=True):
            transport.close()
            peer.close()
        return seen

    assert run_in_own_loop(write(), new_loop) == [b"a1a2", b"b1b2", b"c1c2"]


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_who_reads_for_a_turn_is_told_of_its_begin_and_its_end(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """What had arrived when it was told stands behind each word."""

    async def write() -> list[str]:
        seen: list[str] = []
        peers: list[socket.socket] = []

        def note(what: str) -> None:
            for peer in peers:
                with suppress(BlockingIOError):
                    what += f" {peer.recv(200_000)[:4].decode()}"
            seen.append(what.rstrip())  # of one that was closed nothing comes

        outbox, connections = Outbox(lambda: note("begin"), lambda: note("end")), list[GatheringTransport]()
        for _ in range(3):
            peer, end = socket.socketpair()
            peer.setblocking(False)
            peers.append(peer)
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=end)
            connections.append(GatheringTransport(transport, outbox, connections))
        first, second, third = connections

        first.write(b"a1")
        first.write(b"a2")
        second.write(b"b1")
        await asyncio.sleep(0.01)
        note("turn")
        first.write(b"c1")
        first.write(b"x" * GatheringTransport.MOST_HELD)
        second.write(b"d1")
        await asyncio.sleep(0.01)
        note("much")
        second.write(b"e1")
        second.close()
        third.write(b"f1")
        await asyncio.sleep(0.01)
        note("closed")
        connections.remove(second)
        connections.remove(third)
        first.write(b"g1")
        note("alone")
        told = list(seen)
        for transport in (first, second, third):
            transport.close()
        for peer in peers:
            peer.close()
        return told

    told = run_in_own_loop(write(), new_loop)
    assert told[:3] == ["begin", "end", "turn a1a2 b1"]
    assert told[3:7] == ["begin", "end", "end c1xx", "much d1"]
    assert told[7:11] == ["begin", "end", "end e1", "closed  f1"]
    assert told[11:] == ["end", "alone g1"]


def test_an_answer_that_is_held_reaches_a_client_that_has_closed_its_side(service: Service) -> None:
    """Its request and its end come in one turn: the loop would close the connection at once."""
    for count in range(1, 20):
        with Connection(service) as connection:
            connection.send(ASK * count)
            connection.end()
            assert connection.rest().count(ANSWER) == count


@pytest.mark.parametrize(
    ("last", "words"),
    [(b"GET / HTTP/1.1\r\n\r\n", b" 400 "), (ASK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), ANSWER)],
    ids=["without a host", "close"],
)
def test_what_is_held_goes_before_the_answer_that_closes(service: Service, last: bytes, words: bytes) -> None:
    with Connection(service) as connection:
        connection.send(ASK)
        connection.reply()
        connection.send(ASK * 3 + last)
        received = connection.rest()
    assert received.count(ANSWER) >= 3
    assert words in received


def test_a_client_that_does_not_read_is_held_up(service: Service) -> None:
    """Its requests are long, and their answers too, so that the kernel's buffers of both sides fill with few."""
    request = b"GET /soap?wsdl HTTP/1.1\r\nHost: x\r\nX-Long: %b\r\n\r\n" % (b"x" * 8_000)
    with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])), timeout=2) as connection:
        sent, many = 0, request * 100
        with suppress(TimeoutError):
            while sent < 100_000_000:
                sent += connection.send(many[sent % len(request) :])
        assert sent < 50_000_000
        connection.settimeout(10)
        asked, answered, tail = sent // len(request), 0, b""
        while answered < asked:
            part = connection.recv(1 << 20)
            assert part
            answered += (tail + part).count(b"HTTP/1.1 200 OK")
            tail = (tail + part)[-14:]
        assert answered == asked
