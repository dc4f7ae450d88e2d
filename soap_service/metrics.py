"""What is counted, in Prometheus' terms, for `GET /metrics`. Knows nothing of what it counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

registry = CollectorRegistry()

soap_calls = Counter(
    "soap_calls_total", "SOAP calls by operation and outcome", ["operation", "outcome"], registry=registry
)
soap_seconds = Histogram(
    "soap_call_seconds",
    "Time from a whole SOAP request to its answer",
    ["operation"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3),
    registry=registry,
)
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
