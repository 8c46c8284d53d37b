"""What is counted while questions are answered, in Prometheus' text form; no question is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from assistant.schema import Answer

if TYPE_CHECKING:
    from assistant.index.snapshot import Snapshot

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""The borders of the buckets: a quoted answer takes some 60 ms, a model's up to a minute."""


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._questions = Counter("assistant_questions", "Questions answered", ["door", "kind"], registry=self._registry)
        self._refusals = Counter("assistant_refusals", "Questions not answered from the archive", ["door"],
                                 registry=self._registry)
        self._faults = Counter("assistant_faults", "Questions that failed", ["door"], registry=self._registry)
        self._busy = Counter("assistant_busy", "Questions turned away because too many were asked",
                             registry=self._registry)
        self._seconds = Histogram("assistant_answer_seconds", "Seconds to a whole answer", buckets=SECONDS,
                                  registry=self._registry)
        self._steps = Histogram("assistant_step_seconds", "Seconds of one step", ["step"], buckets=SECONDS,
                                registry=self._registry)
        self._articles = Gauge("assistant_articles", "Articles in the archive", registry=self._registry)
        self._indexed = Gauge("assistant_index_timestamp_seconds", "When the index that answers was made",
                              registry=self._registry)

    def answered(self, door: str, answer: Answer, seconds: float, *, again: bool = False) -> None:
        """Counts a finished answer; the steps of one that is given `again` were counted when it was made."""
        self._questions.labels(door, answer.kind).inc()
        if answer.refused:
            self._refusals.labels(door).inc()
        self._seconds.observe(seconds)
        for step in () if again else answer.steps:
            self._steps.labels(step.name).observe(step.seconds)

    def failed(self, door: str) -> None:
        """Counts a question that failed."""
        self._faults.labels(door).inc()

    def turned_away(self) -> None:
        """Counts a question that found no place."""
        self._busy.inc()

    def text(self, snapshot: Snapshot | None) -> bytes:
        """Everything counted, with the state of the index where there is one."""
        if snapshot is not None:
            from datetime import datetime

            self._articles.set(snapshot.manifest.articles)
            self._indexed.set(datetime.fromisoformat(snapshot.manifest.created).timestamp())
        return generate_latest(self._registry)
