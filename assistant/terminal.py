"""What the commands show in a terminal: progress, failures, an answer in plain text or as JSON."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Any

import click

from assistant.language.dating import dated_note
from assistant.schema import Answer, Failure

FAILURES_SHOWN = 20
PROGRESS_SECONDS = 0.5
"""Work that ends sooner draws no bar."""
STAGES = {"files": "文件 files", "chunks": "段落 chunks", "articles": "文章 articles", "words": "词 words",
          "vectors": "向量 vectors", "verify": "核对 verify", "names": "人名地名 names", "questions": "问题 questions",
          "reading": "读题 reading", "cross-validating": "验证 folds"}


class Bar:
    """Progress on standard error: a bar for people, at most two JSON lines a second with `as_json`."""

    def __init__(self, as_json: bool = False) -> None:
        self._as_json, self._stage, self._last = as_json, "", 0.0
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int | None = None) -> None:
        if self._as_json:
            if time.monotonic() - self._last > PROGRESS_SECONDS or done == total:
                self._last = time.monotonic()
                click.echo(json.dumps({"stage": stage, "done": done, "total": total}), err=True)
            return
        if stage != self._stage or self._bar is None:
            from tqdm import tqdm

            self.close()
            self._stage = stage
            self._bar = tqdm(total=total, desc=STAGES.get(stage, stage), delay=PROGRESS_SECONDS, file=sys.stderr,
                             disable=None, leave=False, dynamic_ncols=True)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def written(answer: Answer) -> str:
    """The answer for a terminal: the text with the short answer in bold, notes, then a line a source."""
    text, at = "", 0
    for start, end in answer.emphasis:
        text += answer.text[at:start] + click.style(answer.text[start:end], bold=True)
        at = end
    lines = [f"您问的是：{answer.understood}"] if answer.understood else []
    lines += [*answer.notes, text + answer.text[at:] + dated_note(answer.citations, answer.text)]
    sources = {citation.n: citation for citation in answer.citations}
    if sources and answer.kind in ("quotes", "model"):
        lines.append("")
        for n, c in sorted(sources.items()):
            about = " · ".join(filter(None, (c.newspaper, c.date, c.section, "、".join(c.authors))))
            lines.append(f"[{n}] {c.title}（{about}）{c.article_id}" if about else f"[{n}] {c.title}  {c.article_id}")
    return "\n".join(lines)


def answer_row(answer: Answer) -> dict[str, Any]:
    """All of an answer as JSON values; passages by article, chunk and score."""
    row = asdict(answer)
    row["answer"] = row.pop("text")
    row["passages"] = [{"article_id": p.article.id, "chunk_id": p.chunk.id, "title": p.article.heading,
                        "date": p.article.date, "score": round(p.score, 4)} for p in answer.passages]
    return row


def list_failures(failures: tuple[Failure, ...], label: str = "失败 failed") -> None:
    """Lists what could not be used on standard error, the first FAILURES_SHOWN of it."""
    for failure in failures[:FAILURES_SHOWN]:
        click.echo(f"  {label} {failure}", err=True)
    if len(failures) > FAILURES_SHOWN:
        click.echo(f"  ……还有 and {len(failures) - FAILURES_SHOWN} more（--json 列出全部 lists all）", err=True)
