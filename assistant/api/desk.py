"""The desk that all doors ask at: a few questions at a time, each answered by the one chain, counted and traced."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from assistant.api.admission import AT_ONCE, AT_ONCE_BY_MODEL, Admission, Busy
from assistant.api.memory import give_back
from assistant.api.metrics import Metrics
from assistant.api.open_questions import Record
from assistant.api.traces import Traces
from assistant.evaluation.run import answer_row
from assistant.schema import Answer, Article, Ask, Filters, Turn

if TYPE_CHECKING:
    from assistant.chain import AnswerChain
    from assistant.index.snapshot import Snapshot

SPARE = 4
"""Threads beside those of the answers being made: each new question looks at the index first."""
FINISH_SECONDS = 0.05
"""How often a desk that is being closed looks whether all are answered."""
REMEMBERED = 128
"""Quoted answers that are kept of the index that answers now: the same question has the same answer again at once."""
QUESTION_CHARACTERS = 2_000
TURNS = 20
TURN_CHARACTERS = 20_000
_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"


_Key = tuple[Ask, str, date, bool]


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
    """Answers the questions of every door in one line, counted and traced; `record` is told of each answer. What comes too
    much raises Busy."""

    def __init__(self, chain: AnswerChain, metrics: Metrics, traces: Traces | None = None,
                 record: Record = lambda _: None) -> None:
        self.chain, self.metrics, self._traces, self._record = chain, metrics, traces, record
        self._quoting, self._writing = Admission(), Admission(AT_ONCE_BY_MODEL)
        self._threads = ThreadPoolExecutor(AT_ONCE + AT_ONCE_BY_MODEL + SPARE, "answers")
        self._given: OrderedDict[_Key, Answer] = OrderedDict()
        self._given_from: tuple[str, date] | None = None

    def snapshot(self) -> Snapshot:
        """The archive as it is now. Raises IndexFault."""
        return self.chain.index.current()

    async def answers(self, ask: Ask, door: str) -> AsyncGenerator[Answer, None]:
        """The growing answer; the last is done. Closing it early ends the work. Raises Busy."""
        begun, run = time.perf_counter(), partial(asyncio.get_running_loop().run_in_executor, self._threads)
        with self._counted(door):
            key = await run(self._key, self.chain, ask)
            if given := self._again(key, ask, door, begun):
                yield given
                return
            async with self._admission(self.chain).place_soon():
                growing = self.chain.stream(ask)
                try:
                    while (answer := await run(next, growing, None)) is not None:
                        if answer.done:
                            await run(self._finished, key, self.chain, ask, door, answer, begun)
                        yield answer
                finally:
                    await run(growing.close)

    def answers_here(self, chain: AnswerChain, ask: Ask, door: str) -> Iterator[Answer]:
        """The same for a thread, and by another `chain` on the same index."""
        begun = time.perf_counter()
        with self._counted(door):
            key = self._key(chain, ask)
            if given := self._again(key, ask, door, begun):
                yield given
                return
            with self._admission(chain).place():
                for answer in chain.stream(ask):
                    if answer.done:
                        self._finished(key, chain, ask, door, answer, begun)
                    yield answer

    @property
    def is_full(self) -> bool:
        """Whether a new question would be told at once that too many ask."""
        return self._admission(self.chain).is_full

    async def finish(self, seconds: float) -> None:
        """Takes no more questions (Busy), and returns when those at hand are answered or the time is over."""
        until = time.monotonic() + seconds
        for admission in (self._quoting, self._writing):
            admission.close()
        while time.monotonic() < until and not (self._quoting.is_idle and self._writing.is_idle):
            await asyncio.sleep(FINISH_SECONDS)

    async def answer(self, ask: Ask, door: str) -> Answer:
        """The whole answer."""
        return [answer async for answer in self.answers(ask, door)][-1]

    def _admission(self, chain: AnswerChain) -> Admission:
        return self._writing if chain.model else self._quoting

    @contextmanager
    def _counted(self, door: str) -> Iterator[None]:
        try:
            yield
        except Busy:
            self.metrics.turned_away()
            raise
        except Exception:
            self.metrics.failed(door)
            raise

    def _again(self, key: _Key | None, ask: Ask, door: str, begun: float) -> Answer | None:
        """The answer that was given before to the same question; it needs no place."""
        given = self._given.get(key) if key else None
        if given is not None:
            self._told(ask, door, given, begun, again=True)
        return given

    def _finished(self, key: _Key | None, chain: AnswerChain, ask: Ask, door: str, answer: Answer, begun: float) -> None:
        if key and key == self._key(chain, ask):  # from one index, then
            with suppress(KeyError):  # another thread was first
                if self._given_from != (now := key[1:3]):  # nobody asks of an earlier one any more
                    self._given.clear()
                    self._given_from = now
                    give_back()
                self._given[key] = answer
                while len(self._given) > REMEMBERED:
                    self._given.popitem(last=False)
        self._told(ask, door, answer, begun)

    def _told(self, ask: Ask, door: str, answer: Answer, begun: float, *, again: bool = False) -> None:
        seconds = time.perf_counter() - begun
        self.metrics.answered(door, answer, seconds, again=again)
        self._record(answer)
        if self._traces:
            self._traces.add(door, ask, answer, seconds, again=again)

    def _key(self, chain: AnswerChain, ask: Ask) -> _Key | None:
        """All that a quoted answer depends on: the question with what came before it, the index, what today means, and
        whether further questions are offered. None where a model writes, who says it in other words the next time."""
        return None if chain.model else (ask, self.snapshot().manifest.id, date.today(), chain.suggest)


class AtDesk:
    """A chain whose questions go through a desk's `door`; for the rest it is the chain itself."""

    def __init__(self, chain: AnswerChain, desk: Desk, door: str) -> None:
        self._chain, self._desk, self._door = chain, desk, door

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)

    def with_model(self, model: Any) -> AtDesk:
        """The chain with another language model, or with none, at the same desk."""
        return AtDesk(self._chain.with_model(model), self._desk, self._door)

    def stream(self, ask: Ask) -> Iterator[Answer]:
        """The growing answer; the last is done. Raises Busy."""
        return self._desk.answers_here(self._chain, ask, self._door)


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as the evaluation writes it, and what else a program can use."""
    return {**answer_row(answer), "kind": answer.kind, "understood": answer.understood, "notes": list(answer.notes),
            "follow_ups": list(answer.follow_ups),
            "steps": [{"name": step.name, "seconds": round(step.seconds, 4), "detail": step.detail}
                      for step in answer.steps]}


def article_json(article: Article) -> dict[str, Any]:
    """What is listed of an article: all but its text."""
    return {name: value for name, value in article.to_json().items() if name not in ("text", "boxes", "image") and value}
