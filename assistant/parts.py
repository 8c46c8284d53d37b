"""The answer to a question of several parts: each part with its own sources, and which of them was not found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from assistant.question.analysis import Question
from assistant.schema import Answer, Citation

_MARK = "[{}]"


def answered(question: Question, answer_of: Callable[[Question], Answer]) -> Answer | None:
    """The answers to the parts one after the other, numbered through; None where no part is answered."""
    answers = [answer_of(part) for part in question.parts]
    if not question.parts or all(answer.refused for answer in answers):
        return None
    text = ""
    citations: list[Citation] = []
    emphasis: list[tuple[int, int]] = []
    numbers: dict[str, int] = {}
    for part, answer in zip(question.parts, answers):
        text += ("\n\n" if text else "") + f"{part.search}：\n"
        if answer.refused:
            text += "没有找到。"
            continue
        said, shifts = _renumbered(answer, numbers, citations)
        emphasis += [(len(text) + shifts(start), len(text) + shifts(end)) for start, end in answer.emphasis]
        text += said
    passages = tuple({passage.chunk.id: passage for answer in answers for passage in answer.passages}.values())
    return Answer(question.text, text, "quotes", citations=tuple(citations), passages=passages, emphasis=tuple(emphasis),
                  understood=question.understood)


def _renumbered(answer: Answer, numbers: dict[str, int], citations: list[Citation]) -> tuple[str, Callable[[int], int]]:
    """An answer's text with its articles numbered after those before, and where each of its places went."""
    new = {citation.n: numbers.setdefault(citation.article_id, len(numbers) + 1) for citation in answer.citations}
    citations += [replace(citation, n=new[citation.n]) for citation in answer.citations]
    text, at, moved = "", 0, []
    marks = sorted((place, n) for n in new for place in _places(answer.text, _MARK.format(n)))
    for place, n in marks:
        text += answer.text[at:place] + _MARK.format(new[n])
        at = place + len(_MARK.format(n))
        moved.append((place, len(_MARK.format(new[n])) - len(_MARK.format(n))))
    return text + answer.text[at:], lambda where: where + sum(by for place, by in moved if place < where)


def _places(text: str, mark: str) -> list[int]:
    found, at = [], text.find(mark)
    while at >= 0:
        found.append(at)
        at = text.find(mark, at + 1)
    return found
