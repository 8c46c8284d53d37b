"""What is known of an answer while it is made: attached to every Answer that the chain gives, growing or done."""

from __future__ import annotations

import time
from collections.abc import Sequence

from assistant.schema import Answer, Filters, Passage, Step


class Trace:
    """The steps of one question with their times, its notes, what was understood and read from it, and the passages found so far."""

    def __init__(self) -> None:
        self.question = self.understood = ""
        self.read = Filters()
        self.passages: tuple[Passage, ...] = ()
        self._steps: tuple[Step, ...] = ()
        self._notes: tuple[str, ...] = ()
        self._last = time.perf_counter()

    def step(self, name: str, detail: str = "") -> None:
        """Ends a step that began where the one before ended."""
        now = time.perf_counter()
        self._steps += (Step(name, now - self._last, detail),)
        self._last = now

    def note(self, text: str) -> None:
        """Says something beside the answer; nothing for ""."""
        self._notes += (text,) if text else ()

    def found(self, passages: Sequence[Passage]) -> None:
        """Takes the passages that the answer is read from."""
        self.passages = tuple(passages)

    def growing(self, answer: Answer | None = None) -> Answer:
        """The answer so far, not done, with all that is known; without an `answer` only that."""
        return self.done(answer or Answer(self.question, passages=self.passages)).with_(done=False)

    def done(self, answer: Answer) -> Answer:
        """The finished answer with all that is known; its own notes come last."""
        return answer.with_(understood=self.understood, read=self.read, notes=(*self._notes, *answer.notes), steps=self._steps, done=True)
