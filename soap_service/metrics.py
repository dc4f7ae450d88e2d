"""What is counted, in Prometheus' terms, for `GET /metrics`. Knows nothing of what it counts."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class Durations(Collector):
    """A histogram that takes many observations at once: prometheus_client's own costs 2 µs for each."""

    def __init__(self, name: str, help_: str, label: str, bounds: Sequence[float]) -> None:
        self._name, self._help, self._label, self._bounds = name, help_, label, bounds
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, label: str, seconds: Iterable[float]) -> None:
        """Count observations of that label; called in one thread."""
        counts = self._counts.setdefault(label, [0] * (len(self._bounds) + 1))
        total = 0.0
        for one in seconds:
            counts[bisect_left(self._bounds, one)] += 1
            total += one
        self._sums[label] = self._sums.get(label, 0.0) + total

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return what was counted, as Prometheus reads it."""
        family = HistogramMetricFamily(self._name, self._help, labels=[self._label])
        bounds = [*map(str, map(float, self._bounds)), "+Inf"]
        for label, counts in tuple(self._counts.items()):
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            family.add_metric([label], buckets, self._sums.get(label, 0.0))
        yield family


registry = CollectorRegistry()

soap_calls = Counter(
    "soap_calls_total", "SOAP calls by operation and outcome", ["operation", "outcome"], registry=registry
)
soap_seconds = Durations(
    "soap_call_seconds",
    "Time from a whole SOAP request to its answer",
    "operation",
    (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3),
)
registry.register(soap_seconds)
open_streams = Gauge("event_streams", "Event streams open to browsers", registry=registry)
delivery_seconds = Histogram(
    "call_delivery_seconds",
    "Time from a call's announcement to its event being sent to a browser",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60),
    registry=registry,
)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    return generate_latest(registry)
