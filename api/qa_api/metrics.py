"""What Prometheus reads: requests, latency by stage, refusals, conflicts, the size of the index."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from qa.storage.index import Counts
from qa.types import Answer

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one application; `counts` tells what its index holds."""

    def __init__(self, counts: Callable[[], Counts]) -> None:
        # A registry of its own: several applications in one process do not mix.
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "qa_http_requests",
            "Requests by route and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "qa_http_request_seconds",
            "Time until a response was complete.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "qa_stage_seconds",
            "Time by stage of an answer.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._answers = Counter(
            "qa_answers",
            "Answers by status: 'not_found' are refusals, 'conflict' disagreements.",
            ("status",),
            registry=self._registry,
        )
        for status in ("answered", "partial", "conflict", "not_found"):
            self._answers.labels(status)
        for what in ("documents", "passages"):
            gauge = Gauge(f"qa_index_{what}", f"Number of {what} in the index.", registry=self._registry)
            gauge.set_function(lambda what=what: float(getattr(counts(), what)))  # type: ignore[misc]

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request has been answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count(self, answer: Answer) -> None:
        """A question has been answered."""
        self._answers.labels(answer.status).inc()
        for stage, milliseconds in answer.trace.timings_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)
