"""The desk that all doors for programs ask at: a few questions at a time, each answered by the one chain."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from assistant.api.metrics import Metrics
from assistant.evaluation.run import answer_row
from assistant.schema import Answer, Article, Ask, Filters, Turn

if TYPE_CHECKING:
    from assistant.chain import AnswerChain
    from assistant.index.snapshot import Snapshot

AT_ONCE = 8
"""Questions answered at the same time."""
WAITING = 8
"""Questions that may wait, some two seconds on two cores; the next is told at once that too many are asked."""
QUESTION_CHARACTERS = 2_000
TURNS = 20
TURN_CHARACTERS = 20_000
_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"


class Busy(Exception):
    """Too many questions wait."""


class AskedTurn(BaseModel):
    """One question of the conversation before, with its answer."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(max_length=QUESTION_CHARACTERS)
    answer: str = Field(max_length=TURN_CHARACTERS)


class AskedFilters(BaseModel):
    """What the articles must be like; dates are YYYY, YYYY-MM or YYYY-MM-DD, both ends included."""

    model_config = ConfigDict(extra="forbid")
    date_from: str | None = Field(default=None, pattern=_DATE)
    date_to: str | None = Field(default=None, pattern=_DATE)
    newspaper: str | None = Field(default=None, max_length=200)
    section: str | None = Field(default=None, max_length=200)
    author: str | None = Field(default=None, max_length=200)
    kind: str | None = Field(default=None, max_length=200)
    page: str | None = Field(default=None, max_length=20)

    def filters(self) -> Filters:
        """As the chain takes them."""
        return Filters(**{f.name: getattr(self, f.name) for f in fields(Filters)})


class Asked(BaseModel):
    """A question with what was said before it."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(min_length=1, max_length=QUESTION_CHARACTERS, examples=["解放区有多少个网格？"])
    history: list[AskedTurn] = Field(default=[], max_length=TURNS)
    filters: AskedFilters = AskedFilters()
    stream: bool = Field(False, description="Server-sent events in place of one JSON object.")

    def ask(self) -> Ask:
        """As the chain takes it."""
        return Ask(self.question, tuple(Turn(turn.question, turn.answer) for turn in self.history), self.filters.filters())


class Desk:
    """Answers questions that come through `door`; what comes too much raises Busy."""

    def __init__(self, chain: AnswerChain, metrics: Metrics) -> None:
        self.chain, self.metrics = chain, metrics
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def snapshot(self) -> Snapshot:
        """The archive as it is now. Raises IndexFault."""
        return self.chain.index.current()

    async def answers(self, ask: Ask, door: str) -> AsyncGenerator[Answer, None]:
        """The growing answer; the last is done. Closing it early ends the work."""
        if self._waiting >= WAITING:
            self.metrics.turned_away()
            raise Busy
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        begun = time.perf_counter()
        growing = self.chain.stream(ask)
        try:
            while (answer := await asyncio.to_thread(next, growing, None)) is not None:
                yield answer
                if answer.done:
                    self.metrics.answered(door, answer, time.perf_counter() - begun)
        except Exception:
            self.metrics.failed(door)
            raise
        finally:
            await asyncio.to_thread(growing.close)
            self._places.release()

    async def answer(self, ask: Ask, door: str) -> Answer:
        """The whole answer."""
        return [answer async for answer in self.answers(ask, door)][-1]


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as the evaluation writes it, and what else a program can use."""
    return {**answer_row(answer), "kind": answer.kind, "understood": answer.understood, "notes": list(answer.notes),
            "follow_ups": list(answer.follow_ups),
            "steps": [{"name": step.name, "seconds": round(step.seconds, 4), "detail": step.detail}
                      for step in answer.steps]}


def article_json(article: Article) -> dict[str, Any]:
    """What is listed of an article: all but its text."""
    return {name: value for name, value in article.to_json().items() if name not in ("text", "boxes", "image") and value}
