"""Callers that call the same again until it is answered, streams that hear every call, and what became of the calls."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

from tests.conftest import Service, element
from tests.event_streams import log_in
from tests.resilience.browsers import Browser
from tests.waiting import wait_until

#: Within which the service holds two announcements for one. A call that is tried again for as long as a machine that
#: others use needs shall still be the same.
REPEAT = {"SOAP_SERVICE_REPEAT_SECONDS": "120"}


class Platforms:
    """Callers at nodes in turn, and a journal of what was answered: the call's token by its document."""

    def __init__(self, nodes: Sequence[Service], pause: float = 0.02) -> None:
        self._nodes = nodes
        self._pause = pause
        self._is_ending = threading.Event()
        self.journal: dict[str, str] = {}
        self.answered_at: list[float] = []
        #: How long each INDISPONIVEL took, in seconds.
        self.told: list[float] = []

    @contextmanager
    def calling(self, callers: int = 4) -> Iterator[None]:
        """Call until it ends; each caller's last call is answered, too."""
        with ThreadPoolExecutor(callers) as threads:
            calls = [threads.submit(self._call, caller) for caller in range(1, callers + 1)]
            try:
                yield
            finally:
                self._is_ending.set()
        for one in calls:
            one.result()

    def _call(self, caller: int) -> None:
        number = 0
        while not self._is_ending.is_set():
            number += 1
            document = f"{caller}{number:010}"
            while document not in self.journal:
                started = time.monotonic()
                node = self._nodes[number % len(self._nodes)]
                answer = node.call("novaSolicitacao", cpf=document, ramal="4067")
                if "INDISPONIVEL" in answer:
                    self.told.append(time.monotonic() - started)
                    time.sleep(0.1)
                else:
                    self.journal[document] = element(answer, "url").rpartition("/")[2]
                    self.answered_at.append(time.monotonic())
            time.sleep(self._pause)

    def wait_for_answer(self, after: float, seconds: float = 20) -> float:
        """Return when the first call after an instant was answered, once one was."""
        wait_until(lambda: self.answered_at[-1:] > [after], seconds)
        return min(at for at in self.answered_at if at > after)

    def longest_silence(self, since: float, until: float) -> float:
        """Return the longest time without an answer that touches what lies between two instants, in seconds."""
        instants = sorted(self.answered_at)
        return max(b - a for a, b in pairwise(instants) if b > since and a < until)

    def verify(self, calls: Iterable[tuple[str, str]]) -> tuple[int, int]:
        """Take the document and the token of each call there is; return how many were lost and doubled."""
        tokens, times = {}, Counter[str]()
        for document, token in calls:
            tokens[document] = token
            times[document] += 1
        lost = sum(tokens.get(document) != token for document, token in self.journal.items())
        return lost, times.total() - len(times)


@contextmanager
def streams_open(nodes: Sequence[Service], count: int = 10) -> Iterator[list[Browser]]:
    """Hold streams of one agent open at nodes in turn; each stays at its node."""
    cookie = log_in(nodes[0], "atendente", "4067")
    streams = [Browser([nodes[number % len(nodes)].url], cookie) for number in range(count)]
    try:
        for one in streams:
            one.start()
        wait_until(lambda: all(one.opened for one in streams))
        yield streams
    finally:
        for one in streams:
            one.stop()


def count_heard_twice(streams: Sequence[Browser], platforms: Platforms, seconds: float = 30) -> int:
    """Wait until each stream has heard each call that was answered; return how many events came twice."""
    answered = set(platforms.journal.values())
    try:
        wait_until(lambda: all(answered <= set(one.times) for one in streams), seconds)
    except AssertionError:
        for number, one in enumerate(streams):
            print(f"stream {number}: {len(answered - set(one.times))} not heard, opened {len(one.opened)} times")
        raise
    return sum(len(one.tokens) - len(set(one.tokens)) for one in streams)
