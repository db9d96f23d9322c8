"""The numbers a process shows under /metrics.

prometheus-client registers metrics globally, so the second object of a kind in one process (a test, the demo) fails.
Here every process, and every test, has its own `Metrics`; asking twice for one metric gives the same one.
"""

from collections.abc import Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Named counters, gauges and histograms of one process, in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry(auto_describe=True)
        self._known: dict[str, Counter | Gauge | Histogram] = {}

    def counter(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        """Something that only grows; Prometheus' convention is a name ending in `_total`."""
        found = self._known.get(name) or self._known.setdefault(
            name, Counter(name, meaning, labels, registry=self.registry)
        )
        assert isinstance(found, Counter)
        return found

    def gauge(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        """Something that goes up and down."""
        found = self._known.get(name) or self._known.setdefault(
            name, Gauge(name, meaning, labels, registry=self.registry)
        )
        assert isinstance(found, Gauge)
        return found

    def seconds(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Histogram:
        """Durations in seconds, from a millisecond to half a minute; name ending in `_seconds`."""
        found = self._known.get(name) or self._known.setdefault(
            name, Histogram(name, meaning, labels, registry=self.registry, buckets=_SECONDS)
        )
        assert isinstance(found, Histogram)
        return found

    def render(self) -> bytes:
        """The text that a Prometheus server reads; its type is `CONTENT_TYPE`."""
        return generate_latest(self.registry)
