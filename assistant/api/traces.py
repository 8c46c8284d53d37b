"""A line for every question, where a setting asks for it: how it was understood, found and answered, and how long each
step took.

It holds the question and what came of it, and nothing of who asked: no address, no name, no account, not what was said
before (only how many turns).
"""

from __future__ import annotations

import json
import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.schema import Answer, Ask

FILE_BYTES = 16 << 20
"""A longer file is put aside as NAME.1, and the one put aside before is gone: some 10,000 questions in each."""
TEXT_CHARACTERS = 2_000

_log = logging.getLogger(__name__)


class Traces:
    """The file of the traces, readable by its owner only."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()

    def add(self, door: str, ask: Ask, answer: Answer, seconds: float, *, again: bool = False) -> None:
        """Adds the line of a finished answer, one given `again` without being made. A fault is told to the log only."""
        line = json.dumps(_row(door, ask, answer, seconds, again), ensure_ascii=False) + "\n"
        try:
            with self._lock:
                if self._file.exists() and self._file.stat().st_size + len(line.encode()) > FILE_BYTES:
                    os.replace(self._file, self._file.with_name(self._file.name + ".1"))
                with open(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as out:
                    out.write(line)
        except OSError as fault:
            _log.error("%s", fault)


def _row(door: str, ask: Ask, answer: Answer, seconds: float, again: bool) -> dict[str, Any]:
    filters = {name: value for name in ask.filters.__slots__ if (value := getattr(ask.filters, name))}
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"), "door": door,
        "question": ask.question[:TEXT_CHARACTERS], "turns_before": len(ask.history), "filters": filters,
        "understood": answer.understood[:TEXT_CHARACTERS], "kind": answer.kind, "refused": answer.refused,
        "answer": answer.text[:TEXT_CHARACTERS], "notes": list(answer.notes), "again": again, "seconds": round(seconds, 4),
        "steps": [{"name": step.name, "seconds": round(step.seconds, 4), "detail": step.detail} for step in answer.steps],
        "passages": [[one.chunk.id, round(one.score, 4)] for one in answer.passages],
        "citations": [[one.article_id, one.start, one.end] for one in answer.citations],
    }
