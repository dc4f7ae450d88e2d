"""What is written in one turn of the event loop is sent at its end: one answer after the other, not between questions.

Each send wakes its peer. A peer that wakes between two answers takes the processor, or the other one's caches, from the
answers that follow; sent in one go, answers find all their peers still waiting.
"""

import asyncio
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any


class Outbox:
    """The connections of one event loop that have something to send at the end of this turn.

    `on_first` is called when the first of a turn has something to wait with, `before_sending` before any sends.
    """

    def __init__(
        self, on_first: Callable[[], None] = lambda: None, before_sending: Callable[[], None] = lambda: None
    ) -> None:
        self._on_first, self._before_sending = on_first, before_sending
        self._waiting: list[GatheringTransport] = []

    def add(self, transport: "GatheringTransport") -> None:
        """Have the transport flushed when everything that has arrived was looked at."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._empty)
            self._on_first()
        self._waiting.append(transport)

    def send(self, transport: "GatheringTransport") -> None:
        """Have the transport flushed now."""
        self._before_sending()
        transport.flush()

    def _empty(self) -> None:
        self._before_sending()
        waiting, self._waiting = self._waiting, []
        for transport in waiting:
            transport.flush()


class GatheringTransport:
    """A transport that holds what is written to it until the turn's end, or until it is closed.

    Everything that writes on a connection writes here, so the order stays. How much the peer may leave unread is
    bounded by the transport below, as ever; what one turn may add to that, by `MOST_HELD`.
    """

    MOST_HELD = 64 * 1024

    def __init__(self, transport: Any, outbox: Outbox, connections: Collection[object]) -> None:
        self._transport = transport
        self._outbox = outbox
        self._connections = connections
        self._held = b""
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        connection = transport.get_extra_info("socket")
        self._file = -1 if connection is None or transport.get_extra_info("sslcontext") else connection.fileno()

    def write(self, data: bytes) -> None:
        """Hold data; send it at once if it is much, or if no other connection is open for which it could wait."""
        is_first = not self._held
        self._held += data
        if len(self._connections) == 1 or len(self._held) > self.MOST_HELD:
            self._outbox.send(self)
        elif is_first:
            self._outbox.add(self)

    def flush(self) -> None:
        """Send what is held: straight to the kernel while it takes everything, else by way of the transport."""
        data, self._held = self._held, b""
        if not data or self._transport.is_closing():
            return
        if self._file >= 0 and not self._transport.get_write_buffer_size():
            with suppress(OSError):  # full, or broken: the transport finds out too, and knows what to do
                data = data[os.write(self._file, data) :]
        if data:
            self._transport.write(data)

    def close(self) -> None:
        """Close once everything is sent."""
        self._outbox.send(self)
        self._transport.close()
