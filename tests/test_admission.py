"""The line before the chain, what is remembered, counted and traced of the questions that stood in it."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripted_chain import BOOKS, HOURS, ScriptedChain

from assistant.api import traces
from assistant.api.admission import Admission, Busy
from assistant.api.desk import REMEMBERED, AtDesk, Desk
from assistant.api.metrics import Metrics
from assistant.api.traces import Traces
from assistant.schema import Answer, Ask, Filters, Turn


class Gated(ScriptedChain):
    """A quoting chain that answers when it is let, and counts how many it answers at a time."""

    model, suggest = None, True

    def __init__(self) -> None:
        super().__init__()
        self.let, self.begun = threading.Event(), threading.Semaphore(0)
        self.now = self.most = 0

    def stream(self, ask: Ask) -> Iterator[Answer]:
        self.now += 1
        self.most = max(self.most, self.now)
        self.begun.release()
        assert self.let.wait(60)
        yield from super().stream(ask)
        self.now -= 1


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for what another thread does. Fails where it never comes."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def desk(chain: object, line: Admission | None = None, **more: object) -> Desk:
    made = Desk(chain, Metrics(), **more)  # type: ignore[arg-type]
    if line:
        made._quoting = line
    return made


def test_first_come_first_served_and_the_rest_are_told_at_once() -> None:
    chain = Gated()
    asked_at, order = desk(chain, Admission(2, 3, 60)), []

    def ask(question: str) -> str:
        try:
            *_, answer = asked_at.answers_here(chain, Ask(question), "chat")
        except Busy:
            return "busy"
        order.append(question)
        return answer.question

    with ThreadPoolExecutor(8) as visitors:
        first = [visitors.submit(ask, f"{n}？") for n in range(2)]
        for _ in first:
            assert chain.begun.acquire(timeout=60)
        waiting = []
        for n in range(2, 5):
            waiting.append(visitors.submit(ask, f"{n}？"))
            until(lambda n=n: len(asked_at._quoting._line) == n - 1)
        assert ask("5？") == "busy" and asked_at.is_full
        with pytest.raises(Busy):
            asyncio.run(asked_at.answer(Ask("6？"), "rest"))
        chain.let.set()
        assert [one.result(60) for one in (*first, *waiting)] == [f"{n}？" for n in range(5)]
    assert chain.most == 2 and order.index("4？") >= 2
    counted = asked_at.metrics.text(None).decode()
    assert "assistant_busy_total 2.0" in counted and 'assistant_questions_total{door="chat",kind="refusal"} 5.0' in counted
    assert asked_at._quoting._free == 2 and not asked_at._quoting._line and not asked_at.is_full


def test_who_waits_too_long_is_told_so_and_takes_no_place() -> None:
    chain = Gated()
    asked_at = desk(chain, Admission(1, 3, 0.05))
    with ThreadPoolExecutor(1) as visitors:
        first = visitors.submit(lambda: list(asked_at.answers_here(chain, Ask(BOOKS.question), "chat")))
        assert chain.begun.acquire(timeout=60)
        with pytest.raises(Busy):
            list(asked_at.answers_here(chain, Ask("别的？"), "chat"))
        with pytest.raises(Busy):
            asyncio.run(asked_at.answer(Ask("别的？"), "rest"))
        chain.let.set()
        assert first.result(60)[-1].text == BOOKS.text
    assert asked_at._quoting._free == 1 and not asked_at._quoting._line
    assert asyncio.run(asked_at.answer(Ask(HOURS.question), "rest")).text == HOURS.text


def test_who_goes_away_gives_the_place_back() -> None:
    chain = Gated()
    chain.let.set()
    asked_at = desk(chain, Admission(1, 0))
    growing = asked_at.answers_here(chain, Ask(BOOKS.question), "chat")
    assert not next(growing).done
    with pytest.raises(Busy):
        next(asked_at.answers_here(chain, Ask(HOURS.question), "chat"))
    growing.close()
    assert list(asked_at.answers_here(chain, Ask(HOURS.question), "chat"))[-1].done
    assert len(asked_at._given) == 1  # what was broken off is no answer


def test_the_same_question_is_answered_again_from_the_same_index_only() -> None:
    chain = Gated()
    chain.let.set()
    asked_at = desk(chain)

    def ask(*given: object) -> Answer:
        return list(AtDesk(chain, asked_at, "chat").stream(Ask(*given)))[-1]  # type: ignore[arg-type]

    first = ask(BOOKS.question)
    assert ask(BOOKS.question) is first and len(chain.asked) == 1
    assert asyncio.run(asked_at.answer(Ask(BOOKS.question), "rest")) is first and len(chain.asked) == 1
    ask(BOOKS.question, (Turn("先前的？", "回答。"),))
    ask(BOOKS.question, (), Filters(author="张三"))
    assert len(chain.asked) == 3
    chain.index.current().manifest.id = "2"
    ask(BOOKS.question)
    assert len(chain.asked) == 4
    chain.model = SimpleNamespace()  # what a model wrote is not kept
    ask(HOURS.question), ask(HOURS.question)
    assert len(chain.asked) == 6
    chain.model = None
    for n in range(REMEMBERED + 5):
        ask(f"{n}？")
    assert len(asked_at._given) == REMEMBERED


def test_an_answer_from_an_index_that_was_left_meanwhile_is_not_kept() -> None:
    chain = Gated()
    asked_at = desk(chain)
    chain.let.set()
    growing = asked_at.answers_here(chain, Ask(BOOKS.question), "chat")  # type: ignore[arg-type]
    next(growing)
    chain.index.current().manifest.id = "2"
    assert list(growing)[-1].done and not asked_at._given


def test_a_trace_says_how_and_not_who(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "trace.jsonl"
    chain = Gated()
    chain.let.set()
    asked_at = desk(chain, traces=Traces(file))
    for _ in range(2):
        list(asked_at.answers_here(chain, Ask(BOOKS.question, (Turn("私事？", "不记。"),), Filters(author="张三")), "chat"))  # type: ignore[arg-type]
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [row["again"] for row in rows] == [False, True] and stat.S_IMODE(file.stat().st_mode) == 0o600
    row = rows[0]
    assert (row["door"], row["question"], row["turns_before"], row["filters"]) == ("chat", BOOKS.question, 1, {"author": "张三"})
    assert row["steps"][1]["name"] == "检索" and row["citations"] == [
        [one.article_id, one.start, one.end] for one in BOOKS.citations]
    assert "私事" not in file.read_text(encoding="utf-8")
    monkeypatch.setattr(traces, "FILE_BYTES", file.stat().st_size + 10)
    list(asked_at.answers_here(chain, Ask(HOURS.question), "chat"))  # type: ignore[arg-type]
    assert len(file.read_text(encoding="utf-8").splitlines()) == 1
    assert len(file.with_name("trace.jsonl.1").read_text(encoding="utf-8").splitlines()) == 2
    file.unlink()
    file.mkdir()  # cannot be written: the answer comes all the same
    assert list(asked_at.answers_here(chain, Ask("别的？"), "chat"))[-1].done  # type: ignore[arg-type]
