"""A browser's event stream without the browser: it reconnects, to whichever node, with the id of the last event."""

import contextlib
import json
import random
import socket
import threading
import time
from urllib.parse import urlsplit

from soap_service.rules.credentials import SESSION_COOKIE


class Browser(threading.Thread):
    """Hear one log-in's events; `cut` breaks the connection after so many more bytes, and another node is tried."""

    def __init__(self, urls: list[str], cookie: str, first: int = 0, cookie_name: str = SESSION_COOKIE) -> None:
        super().__init__(daemon=True)
        self._urls = urls
        self._cookie = f"{cookie_name}={cookie}"
        self._turn = first
        self._socket: socket.socket | None = None
        self._bytes_left: int | None = None
        self._is_ending = False
        self.last_event_id = ""
        self.tokens: list[str] = []
        self.times: dict[str, float] = {}
        self.opened: list[float] = []
        self.cuts = 0

    def run(self) -> None:
        while not self._is_ending:
            with contextlib.suppress(OSError, ValueError):
                self._listen(urlsplit(self._urls[self._turn % len(self._urls)]))
            self._turn += 1
            time.sleep(random.uniform(0.05, 0.3))

    def stop(self) -> None:
        self._is_ending = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    @property
    def is_to_be_cut(self) -> bool:
        return self._bytes_left is not None

    def cut(self, after_bytes: int) -> None:
        self._bytes_left = after_bytes

    def reopened_after(self, instant: float) -> float:
        """Return how long after an instant the stream was open (again), in seconds; 0 if it never broke."""
        later = [opened - instant for opened in self.opened if opened > instant]
        return later[0] if later else 0.0

    def _listen(self, url: "object") -> None:
        host, port = url.hostname, url.port  # type: ignore[attr-defined]
        with socket.create_connection((host, port), 5) as connection:
            self._socket = connection
            last = f"Last-Event-ID: {self.last_event_id}\r\n" if self.last_event_id else ""
            head = f"GET /eventos HTTP/1.0\r\nHost: {host}\r\nCookie: {self._cookie}\r\n{last}\r\n"
            connection.sendall(head.encode())
            connection.settimeout(40)
            text = b""
            while data := connection.recv(4096):
                if self._bytes_left is not None:
                    data, self._bytes_left = data[: self._bytes_left], self._bytes_left - len(data)
                text += data
                text = self._take_events(text)
                if self._bytes_left is not None and self._bytes_left <= 0:
                    self._bytes_left = None
                    self.cuts += 1
                    return

    def _take_events(self, text: bytes) -> bytes:
        """Take the whole events and return what is left; a browser drops an event whose end has not come."""
        text = text.replace(b"\r\n", b"\n")
        *whole, rest = text.split(b"\n\n")
        for event in whole:
            fields = dict(line.partition(": ")[::2] for line in event.decode().splitlines())
            if event.startswith(b"HTTP/"):
                if b" 200 " not in event.splitlines()[0]:
                    raise ValueError(event)
                self.opened.append(time.monotonic())
            elif fields.get("event") == "chamada":
                token = json.loads(fields["data"])["token"]
                self.tokens.append(token)
                self.times.setdefault(token, time.monotonic())
                self.last_event_id = fields.get("id", self.last_event_id)
        return rest
