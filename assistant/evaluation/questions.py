"""Question files: what is asked of the assistant to evaluate or to fit it, with the gold to hold it against.

A line is `{"id", "question", "answers", "need", "articles", "unanswerable"}`; all but the question are
optional, null means absent, and further fields are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import QuestionsError


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """One line of a question file: a question, what it should find, and what the answer should hold.

    `error` says why it cannot be asked; then only `line` and `id` hold.
    """

    line: int
    id: str
    question: str = ""
    answers: tuple[str, ...] = ()
    need: str = "any"
    articles: tuple[str, ...] = ()
    unanswerable: bool = False
    error: str = ""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)


_FIELDS: dict[str, tuple[Callable[[object], bool], str, str]] = {
    "id": (lambda value: _is_text(value) or type(value) is int, "字符串", "a string"),
    "question": (_is_text, "字符串", "a string"),
    "answers": (_is_texts, "非空字符串的列表", "a list of strings that are not empty"),
    "need": (lambda value: value in ("any", "all"), " any 或 all", "any or all"),
    "articles": (_is_texts, "非空字符串的列表", "a list of strings that are not empty"),
    "unanswerable": (lambda value: isinstance(value, bool), " true 或 false", "true or false"),
}
"""What each field of a question line may be: the test, and its wish in Chinese and in English."""


def read_questions(path: Path) -> list[GoldQuestion]:
    """The questions of a JSON Lines file (UTF-8, BOM allowed) in order; blank lines are passed over.

    A malformed line is a GoldQuestion with `error`, and so is one with an id that came before. Raises
    QuestionsError when the file cannot be read or holds no line.
    """
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    except OSError as error:
        raise QuestionsError(
            f"问题文件 {path} 读不了（{error.strerror}）。请给出一个 JSON Lines 文件，例如 corpus/questions.jsonl。",
            f"Cannot read the question file {path} ({error.strerror}). Give a JSON Lines file, "
            "such as corpus/questions.jsonl.") from error
    questions: dict[str, GoldQuestion] = {}
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        question = _question(number, line)
        if first := questions.get(question.id):
            question = _malformed(number, question.id, f"编号 {question.id} 与第 {first.line} 行重复",
                                  f"The id {question.id} repeats that of line {first.line}")
        questions.setdefault(question.id, question)
        found.append(question)
    if not found:
        raise QuestionsError(
            f"问题文件 {path} 里没有问题。每行写一个，例如 {{\"question\": \"…\", \"answers\": [\"…\"]}}。",
            f"The question file {path} holds no question. Write one a line, "
            "such as {\"question\": \"…\", \"answers\": [\"…\"]}.")
    return found


def _question(number: int, line: bytes) -> GoldQuestion:
    try:
        given = json.loads(line.decode())
        json.dumps(given, ensure_ascii=False).encode()  # a lone surrogate can be read but never written
    except (ValueError, RecursionError):
        return _malformed(number, str(number), "这一行不是 UTF-8 编码的 JSON", "This line is not JSON in UTF-8")
    if not isinstance(given, dict):
        return _malformed(number, str(number), "这一行不是 JSON 对象", "This line is not a JSON object")
    given = {name: value for name, value in given.items() if name in _FIELDS and value is not None}
    wrong = [name for name, value in given.items() if not _FIELDS[name][0](value)]
    named = str(number if "id" in wrong else given.pop("id", number))
    if wrong:
        _, chinese, english = _FIELDS[wrong[0]]
        return _malformed(number, named, f"{wrong[0]} 应为{chinese}", f"{wrong[0]} must be {english}")
    if "question" not in given:
        return _malformed(number, named, "这一行没有 question", "This line has no question")
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return GoldQuestion(number, named, **fields)


def _malformed(number: int, named: str, chinese: str, english: str) -> GoldQuestion:
    return GoldQuestion(number, named, error=f"{chinese}。{english}.")
