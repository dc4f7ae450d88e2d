"""What is counted, in Prometheus' terms, for `GET /metrics`. Knows nothing of what it counts.

Where workers share their figures (`siblings.py`), those of all are told, by whichever is asked.
"""

import os
from bisect import bisect_left
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector


class Durations(Histogram):
    """A histogram that takes many observations at once: one by one they cost 2 µs each."""

    def observe_all(self, seconds: Sequence[float]) -> None:
        """Count observations; called in one thread."""
        counts: dict[int, int] = {}
        for one in seconds:
            bucket = bisect_left(self._upper_bounds, one)
            counts[bucket] = counts.get(bucket, 0) + 1
        for bucket, count in counts.items():
            self._buckets[bucket].inc(count)
        self._sum.inc(sum(seconds))


registry = CollectorRegistry()

soap_calls = Counter(
    "soap_calls_total", "SOAP calls by operation and outcome", ["operation", "outcome"], registry=registry
)
soap_seconds = Durations(
    "soap_call_seconds",
    "Time from a whole SOAP request to its answer",
    ["operation"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3),
    registry=registry,
)
open_streams = Gauge("event_streams", "Event streams open to browsers", registry=registry, multiprocess_mode="livesum")
delivery_seconds = Histogram(
    "call_delivery_seconds",
    "Time from a call's announcement to its event being sent to a browser",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60),
    registry=registry,
)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    if not values.ValueClass._multiprocess:
        return generate_latest(registry)
    shared = CollectorRegistry()
    MultiProcessCollector(shared, os.environ["PROMETHEUS_MULTIPROC_DIR"])  # type: ignore[no-untyped-call]
    return generate_latest(shared)
