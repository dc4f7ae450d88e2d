"""A browser's end of an event stream, for tests and proofs that need no browser around it."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from tests.conftest import Service, element, wait_until


@dataclass(eq=False)
class Listener:
    """A browser's end of a stream: the events it got, each as id, name, data, and when they came."""

    events: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    retry: int = 0
    stream_id: str = ""
    attendance: dict[str, str] = field(default_factory=dict)
    pulses: int = 0
    is_open: bool = False
    has_ended: bool = False

    def live_events(self, kind: str) -> list[dict[str, str]]:
        """Return what live events of a kind it got."""
        return [data for _, name, data in self.events if name == "novidade" and data["kind"] == kind]

    @property
    def tokens(self) -> list[str]:
        return [data["token"] for _, name, data in self.events if name == "chamada"]


def log_in(service: Service, login: str, extension: str = "") -> str:
    store = service.store
    agent = store.staff.find_agent(login)
    if extension:
        store.extensions.register(agent.id, extension, take_over=True)
    return store.logins.open(agent.id, timedelta(hours=1))


@contextmanager
def listening(service: Service, cookie: str, last_event_id: str = "", query: str = "?prova=") -> Iterator[Listener]:
    """Hold a stream open in a thread of its own; it is open, and known to be, when this yields.

    Pulses are not among its events: nothing proves to the service that it receives, which is believed at first.
    """
    listener = Listener()
    client = httpx.Client(timeout=30, verify=service.verify)
    sockets: list[socket.socket] = []
    headers = {
        "Cookie": f"{service.session_cookie}={cookie}",
        **({"Last-Event-ID": last_event_id} if last_event_id else {}),
    }

    def listen() -> None:
        try:
            with client.stream("GET", f"{service.url}/eventos{query}", headers=headers) as response:
                sockets.append(response.extensions["network_stream"].get_extra_info("socket"))
                assert response.headers["content-type"].startswith("text/event-stream")
                event: dict[str, str] = {}
                for line in response.iter_lines():
                    listener.is_open = True
                    if line:
                        name, _, value = line.partition(": ")
                        event[name] = value
                        if name == "retry":
                            listener.retry = int(value)
                    elif event.get("event") == "pulso":
                        pulse = json.loads(event["data"])
                        listener.stream_id = pulse.pop("prova")
                        listener.attendance.update(pulse)
                        listener.pulses += 1
                        event = {}
                    elif "data" in event:
                        listener.times.append(time.monotonic())
                        listener.events.append((event.get("id", ""), event["event"], json.loads(event["data"])))
                        event = {}
        except (httpx.TransportError, httpx.StreamError, RuntimeError, OSError):
            pass
        listener.has_ended = True

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        wait_until(lambda: listener.is_open)
        yield listener
    finally:
        for one in sockets:  # the thread that reads closes: a socket closed under it was left to the collector
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)
        thread.join(10)
        client.close()


def announce(service: Service, cpf: str = "11144477735", ramal: str = "4067") -> str:
    return element(service.call("novaSolicitacao", cpf=cpf, ramal=ramal), "url").rpartition("/")[2]
