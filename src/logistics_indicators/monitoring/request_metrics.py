"""What a process counts: its requests by route template, and the connections of its pool."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ..database import Pool
from .worker_files import forget_dead_workers, shared_folder

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Upper ends of the histogram's buckets."""


class RequestMetrics:
    """One an app. Labels are bounded: a route's template, never a path that somebody asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "From the request's head to the last byte of the answer",
            ["method", "route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.connections = Gauge(
            "logistics_pool_connections",
            "Connections to the database that are kept for requests",
            ["state"],
            multiprocess_mode="livesum",
            registry=self.registry,
        )

        self.reads = Counter(
            "logistics_reads",
            "Questions that only read, by the server that was asked (twice where the replica failed)",
            ["server"],
            registry=self.registry,
        )

    def count_read(self, server: str) -> None:
        self.reads.labels(server).inc()

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in METHODS else "other"
        self.requests.labels(method, route, status).inc()
        self.seconds.labels(method, route).observe(seconds)

    def watch_pool(self, pool: Pool) -> None:
        """Notes the pool's connections as they are now."""
        idle = pool.get_idle_size()
        self.connections.labels("idle").set(idle)
        self.connections.labels("busy").set(pool.get_size() - idle)

    def exposition(self, accept: str, *more: Collector) -> tuple[bytes, str]:
        """The numbers of all workers and of `more`, in the dialect that `accept` asks for; and its media type."""
        registry = CollectorRegistry()
        folder = shared_folder()
        if folder is None:
            registry.register(_Of(self.registry))
        else:
            forget_dead_workers(folder)
            MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
        for collector in more:
            registry.register(collector)
        encode, media_type = _encoder_for(accept)
        return encode(registry), media_type


def _encoder_for(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """The plain one where the header names a version that is none."""
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):
        return choose_encoder("")


class _Of(Collector):
    """All that is in a registry, as a part of another."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()
