"""Prometheus' view of the daemon, on a registry of its own.

What happens often is counted where it happens, in plain counters and histograms; what the database
knows is read when Prometheus asks. Until it has asked once, the event loop is not watched.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import trio
from prometheus_client import (
    CollectorRegistry,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from trio.abc import Instrument

from daemon import build_info
from storage import tallies
from storage.store import Store
from storage.tallies import Tallies

Requests = Mapping[tuple[str, str], int]
disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each histogram, of no use here
_HTTP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30)
_LATE_BUCKETS = (0.01, 0.1, 1, 5, 30, 60, 300, 900, 3600)
_BUSY_BUCKETS = (0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)


class Metrics:
    """Collects; `text` is what Prometheus gets."""

    def __init__(self, store: Store, private: Requests, graph: Requests) -> None:
        """`private` and `graph` count requests to Instagram by endpoint and result."""
        self._store = store
        self._registry = CollectorRegistry()
        self._asked = False
        self.lateness = Histogram(
            "reprise_post_lateness_seconds",
            "How long after it was due a post was begun",
            buckets=_LATE_BUCKETS,
            registry=self._registry,
        )
        self._answers = Histogram(
            "reprise_http_request_duration_seconds",
            "How long requests to the API took",
            ["method", "route", "status"],
            buckets=_HTTP_BUCKETS,
            registry=self._registry,
        )
        # Looking a child up by its labels costs more than observing.
        self._children: dict[tuple[str, str, int], Histogram] = {}
        self._busy = Histogram(
            "reprise_event_loop_busy_seconds",
            "How long the event loop was busy at a time, and could see to nothing else",
            buckets=_BUSY_BUCKETS,
            registry=self._registry,
        )
        self._known = _Known(private, graph)
        self._registry.register(self._known)
        ProcessCollector(registry=self._registry)

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count an answer of the API."""
        labels = method, route, status
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._answers.labels(method, route, str(status))
        child.observe(took_s)

    async def text(self, services: Mapping[str, str]) -> bytes:
        """Return everything in Prometheus' text format."""
        if not self._asked:
            self._asked = True
            trio.lowlevel.add_instrument(_LoopWatch(self._busy))
        self._known.stored = await self._store.read(tallies.tallies)
        self._known.services = dict(services)
        return await trio.to_thread.run_sync(generate_latest, self._registry)


class _LoopWatch(Instrument):
    """Times each turn of the event loop."""

    def __init__(self, busy: Histogram) -> None:
        self._observe = busy.observe
        self._began = time.perf_counter()

    def after_io_wait(self, timeout: float) -> None:
        self._began = time.perf_counter()

    def before_io_wait(self, timeout: float) -> None:
        self._observe(time.perf_counter() - self._began)


class _Known(Collector):
    """What is known when Prometheus asks, instead of counted as it happens."""

    def __init__(self, private: Requests, graph: Requests) -> None:
        self.stored: Tallies | None = None
        self.services: Mapping[str, str] = {}
        self._requests = {"private_api": private, "graph": graph}
        self._version = build_info.build()["version"]

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        build = GaugeMetricFamily("reprise_build_info", "Which Reprise runs", labels=["version"])
        build.add_metric([self._version], 1)
        yield build
        yield _gauge("reprise_service_up", "1 while a service runs", "service", {
            name: state == "running" for name, state in self.services.items()
        })  # fmt: skip
        for name, counts in self._requests.items():
            made = CounterMetricFamily(
                f"reprise_{name}_requests",
                "Requests to Instagram, by what was asked and what came of it",
                labels=["endpoint", "result"],
            )
            for (endpoint, result), count in dict(counts).items():
                made.add_metric([endpoint, result], count)
            yield made
        if (stored := self.stored) is not None:
            accounts = GaugeMetricFamily("reprise_accounts", "Connected accounts")
            accounts.add_metric([], stored.accounts)
            yield accounts
            yield _gauge("reprise_jobs", "Publish jobs by state", "status", stored.jobs)
            yield _gauge("reprise_reposts", "Story reposts by state", "status", stored.reposts)
            yield _gauge(
                "reprise_repost_breaker_open",
                "1 where the circuit breaker has switched story reposts off",
                "account",
                stored.breakers,
            )


def _gauge(name: str, says: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=[label])
    for value, number in values.items():
        family.add_metric([value], float(number))
    return family
