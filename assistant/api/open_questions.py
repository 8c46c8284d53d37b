"""The questions that are open: refused ones, kept only where a setting says so and for as long, thumbed-down ones out of
the feedback file; and what the editors made of them.

Nothing of who asked is kept: a day, the words, why there was no answer and the nearest articles.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from assistant.errors import SettingsError
from assistant.language.text import fold, squeeze
from assistant.retrieval import distinct_articles
from assistant.schema import Answer
from assistant.settings import Settings

Record = Callable[[Answer], None]
"""What is told of every finished answer."""

KEPT = 5_000
"""Newest questions that are listed."""
QUESTION_CHARACTERS = 500
REASON_CHARACTERS = 200
NEAREST = 3

_TABLES = """
CREATE TABLE IF NOT EXISTS asked(day TEXT NOT NULL, question TEXT NOT NULL, reason TEXT NOT NULL, nearest TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS asked_by_day ON asked(day);
CREATE TABLE IF NOT EXISTS settled(key TEXT PRIMARY KEY, day TEXT NOT NULL, editor TEXT NOT NULL, question TEXT NOT NULL,
  answers TEXT NOT NULL, articles TEXT NOT NULL, unanswerable INTEGER NOT NULL);
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One time that a question got no answer, or a bad one: its ISO day, whether it was refused or thumbed down, the
    refusal's words or the thumb's reason ("evidence"), the ids of the nearest articles."""

    day: str
    question: str
    how: Literal["refused", "disliked"]
    reason: str
    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What an editor made of a question. One that was only marked as done keeps no words of it: `question` is ""."""

    day: str
    editor: str
    question: str = ""
    answers: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    unanswerable: bool = False


class OpenQuestions:
    """The file of an editors' desk. A refused question is deleted after `days` days; with 0 none is kept."""

    def __init__(self, file: Path, days: int, feedback: Path) -> None:
        self._file, self._days, self._feedback = file, days, feedback
        self._deleted = ""
        self.delete_old()

    @classmethod
    def of(cls, settings: Settings) -> OpenQuestions | None:
        """The desk of the settings; None where there is none. Raises SettingsError for one that nobody must sign in to,
        or whose file cannot be written."""
        if not settings.desk:
            return None
        if not settings.users:
            raise SettingsError(
                "编辑台要先有账户。请运行 assistant user add 名字 --role editor，再设 ASSISTANT_USERS=users.json。",
                "The editors' desk needs accounts. Run: assistant user add NAME --role editor, and set ASSISTANT_USERS=users.json.")
        try:
            return cls(Path(settings.desk), settings.desk_days, Path(settings.feedback))
        except (sqlite3.Error, OSError) as error:
            raise SettingsError(f"编辑台的文件 {settings.desk} 用不了（{error}）。请改 ASSISTANT_DESK。",
                                f"The desk's file {settings.desk} cannot be used ({error}). Change ASSISTANT_DESK.") from error

    def record(self, answer: Answer) -> None:
        """Keeps a question that was refused, where questions are kept at all. A fault is told to the log only."""
        try:
            if self._deleted != _today():
                self.delete_old()
            if self._days and answer.refused and answer.kind != "hint":
                nearest = [passage.article.id for passage in distinct_articles(answer.passages)[:NEAREST]]
                reason = answer.text.partition("\n")[0].removesuffix("最接近的报道：")[:REASON_CHARACTERS]
                with self._open() as store:
                    store.execute("INSERT INTO asked VALUES (?, ?, ?, ?)",
                                  (_today(), (answer.understood or answer.question)[:QUESTION_CHARACTERS], reason, json.dumps(nearest)))
        except (sqlite3.Error, OSError) as fault:
            _log.error("%s: %s", self._file, fault)

    def delete_old(self) -> None:
        """Deletes the refused questions that are older than they may be, their bytes too."""
        oldest = date.fromisoformat(_today()) - timedelta(days=self._days - 1)
        with self._open() as store:
            store.execute("DELETE FROM asked WHERE day < ? OR ? = 0", (oldest.isoformat(), self._days))
        self._deleted = _today()

    def all(self) -> list[OpenQuestion]:
        """Every question that was refused or thumbed down, the newest first, at most KEPT."""
        self.delete_old()
        with self._open() as store:
            rows = store.execute("SELECT day, question, reason, nearest FROM asked ORDER BY rowid DESC LIMIT ?", (KEPT,)).fetchall()
        refused = [OpenQuestion(day, question, "refused", reason, tuple(json.loads(nearest))) for day, question, reason, nearest in rows]
        return sorted((*refused, *_disliked(self._feedback)), key=lambda one: one.day, reverse=True)[:KEPT]

    def settled(self) -> dict[str, Settled]:
        """What was made of the questions, by `key_of`, in the order in which it was."""
        with self._open() as store:
            rows = store.execute("SELECT key, day, editor, question, answers, articles, unanswerable FROM settled ORDER BY rowid").fetchall()
        return {key: Settled(day, editor, question, tuple(json.loads(answers)), tuple(json.loads(articles)), bool(unanswerable))
                for key, day, editor, question, answers, articles, unanswerable in rows}

    def settle(self, questions: Sequence[str], editor: str, answers: Sequence[str] = (), articles: Sequence[str] = (), *,
               unanswerable: bool = False) -> None:
        """Marks questions as done by an editor, with the right answer where there is one."""
        words = bool(answers or articles or unanswerable)
        with self._open() as store:
            store.executemany("INSERT OR REPLACE INTO settled VALUES (?, ?, ?, ?, ?, ?, ?)", [
                (key_of(question), _today(), editor, question if words else "", json.dumps(list(answers), ensure_ascii=False),
                 json.dumps(list(articles), ensure_ascii=False), unanswerable) for question in questions])

    def reopen(self, questions: Sequence[str]) -> None:
        """Takes back what was made of questions."""
        with self._open() as store:
            store.executemany("DELETE FROM settled WHERE key = ?", [(key_of(question),) for question in questions])

    def question_file(self) -> list[dict[str, Any]]:
        """The questions with a right answer or article, or surely without one, as lines of a question file."""
        return [{"id": f"desk-{key[:12]}", "question": one.question, "answers": list(one.answers), "articles": list(one.articles),
                 "unanswerable": one.unanswerable} for key, one in self.settled().items() if one.question]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file for one piece of work, which is kept as a whole or not at all."""
        new = not self._file.exists()
        store = sqlite3.connect(self._file, timeout=5)
        try:
            if new:
                self._file.chmod(0o600)
            store.execute("PRAGMA secure_delete = ON")
            store.executescript(_TABLES)
            with store:
                yield store
        finally:
            store.close()


def key_of(question: str) -> str:
    """What a question is known by whatever its width, case and spaces: a digest, from which nothing can be read."""
    return hashlib.sha256(squeeze(fold(question)).rstrip("?？。").encode("utf-8", "replace")).hexdigest()


def _disliked(feedback: Path) -> Iterator[OpenQuestion]:
    """The answers that were thumbed down and not taken back; a line that is none is passed over."""
    last: dict[str, dict[str, Any]] = {}
    try:
        lines = feedback.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for number, line in enumerate(lines):
        try:
            row = json.loads(line)
            last[row.get("answer_id") or str(number)] = row
        except (ValueError, AttributeError):
            continue
    for row in last.values():
        if row.get("liked") is False and isinstance(row.get("question"), str):
            nearest = dict.fromkeys(str(one.get("article_id", "")) for one in row.get("citations") or ())
            yield OpenQuestion(str(row.get("time", ""))[:10], row["question"][:QUESTION_CHARACTERS], "disliked",
                               str(row.get("reason") or ""), tuple(nearest)[:NEAREST])


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
