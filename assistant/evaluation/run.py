"""The batch question-answer evaluation: a question file in; results, a summary and a report out.

The chain that is asked is the one that the chat uses.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError, QuestionsError
from assistant.evaluation import metrics
from assistant.evaluation.questions import GoldQuestion, read_questions
from assistant.schema import Answer, Article

if TYPE_CHECKING:
    from assistant.chain import AnswerChain

RESULTS, SUMMARY, REPORT, TABLE = "results.jsonl", "summary.json", "report.html", "results.csv"
RESULT_FIELDS = {"id", "question", "answer", "short_answer", "refused", "citations", "passages", "seconds"}
FAILURES = ("wrong_answer", "false_refusal", "not_refused", "wrong_article", "error")
OUTCOMES = (*FAILURES, "unjudged", "right")
"""What can become of a question, in the report's order; "unjudged" has no gold to hold the answer against."""
LISTED = 10
"""The report lists, and hit@10, MRR@10 and nDCG@10 look at, this many articles of each question."""


@dataclass(frozen=True, slots=True)
class Score:
    """The mean of a measure, from 0 to 1, and over how many it was taken; None over none."""

    value: float | None
    of: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What an evaluation measured: the content of summary.json.

    An answer here is one that is not a refusal. A question that failed has none: it is not accurate, found
    nothing, and is not refused.
    """

    finished: str
    """When, in ISO format with the time zone."""
    questions: int
    """Lines of the question file, malformed ones included; with a limit, the first so many."""
    kept: int
    """Of these, results that a resumed run found already made."""
    replaced: int
    """Results of an earlier run in the same folder that this one overwrote."""
    errors: int
    """Malformed lines and questions that failed: rows with `error`."""
    answerable: int
    """Well-formed questions that the archive should answer."""
    unanswerable: int
    """Well-formed questions that should be refused."""
    unknown_articles: tuple[str, ...]
    """Gold article ids that are not in the archive, sorted: mistakes of the question file or a gap in the archive."""
    outcomes: Mapping[str, int]
    """How many questions had each of OUTCOMES."""
    accuracy: Score
    """Answers that hold the gold string, over answerable questions with gold strings; a refusal holds none."""
    accuracy_interval: tuple[float, float] | None
    """The 95 % bootstrap interval of `accuracy`."""
    accuracy_with_source: Score
    """Accurate answers that also cite a gold article, over answerable questions with gold strings and articles."""
    hit_at_1: Score
    """A gold article is the first one found, over questions with gold articles; passages grouped by article."""
    hit_at_5: Score
    """The same for the first five."""
    hit_at_10: Score
    """The same for the first ten."""
    mrr_at_10: Score
    """One over the place of the first gold article, 0 beyond ten; over the same questions."""
    ndcg_at_10: Score
    """The order of the first ten against the best order possible; over the same questions."""
    citation_precision: Score
    """Citations of a gold article, or whose quote holds a gold string, over those in answers to
    answerable questions with gold."""
    citation_recall: Score
    """Share of the gold articles that an answer cites, over answers to answerable questions with gold articles."""
    verbatim_quotes: Score
    """Quotes that stand in the cited article character by character, over all quotes."""
    refusal_rate: Score
    """Refused, over unanswerable questions."""
    false_refusal_rate: Score
    """Refused, over answerable questions."""
    short_answer_em: Score
    """Emphasised short answers equal to a gold string, over the answers that have one and gold strings."""
    short_answer_f1: Score
    """Their F1 against the nearest gold string, as CMRC 2018 scores it."""
    latency_p50_ms: float | None
    """Milliseconds from question to whole answer that half of the answered questions did not exceed."""
    latency_p95_ms: float | None
    """The same for 95 of 100."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with its result row and what that is worth; the tuples go along `row["citations"]`."""

    question: GoldQuestion
    row: Mapping[str, Any]
    ranked: tuple[str, ...]
    supported: tuple[bool, ...]
    verbatim: tuple[bool, ...]

    @property
    def cited(self) -> set[str]:
        """The ids of the cited articles."""
        return {citation["article_id"] for citation in self.row.get("citations", ())}

    @property
    def answered(self) -> bool:
        """Whether there is an answer that is not a refusal."""
        return not self.row.get("refused", True)

    @property
    def accurate(self) -> bool:
        """Whether the answer holds the gold strings."""
        return self.answered and metrics.accurate(self.row["answer"], self.question.answers, self.question.need)

    @property
    def outcome(self) -> str:
        """One of OUTCOMES."""
        if "error" in self.row:
            return "error"
        if self.question.unanswerable:
            return "not_refused" if self.answered else "right"
        if not self.answered:
            return "false_refusal"
        if self.question.answers and not self.accurate:
            return "wrong_answer"
        if self.question.articles and not self.cited & set(self.question.articles):
            return "wrong_article"
        return "right" if self.question.answers or self.question.articles else "unjudged"


def evaluate(chain: AnswerChain, questions: Path, out: Path, *, limit: int | None = None, resume: bool = False,
             workers: int = 1, progress: Callable[[int, int], None] | None = None) -> Summary:
    """The summary of asking the chain every question of a file, after writing OUT's four files.

    `results.jsonl` gets one line per question in order, each written as it is made; `summary.json`, `report.html` and
    `results.csv` appear when all are done. `workers` questions are asked at a time. `limit` takes the first so many questions. `resume` keeps
    the results that OUT holds already; without it an earlier run's are overwritten (`Summary.replaced`).
    `progress` is told (done, of) after each question. Raises QuestionsError when the question file is
    missing or empty, or when the results to go on from belong to other questions; IndexFault when the
    chain has no index. Nothing of an earlier run is touched before these are ruled out.
    """
    asked = read_questions(questions)[:limit]
    chain.index.current()
    results = out / RESULTS
    out.mkdir(parents=True, exist_ok=True)
    earlier = results.read_bytes() if results.exists() else b""
    rows = _resumed(earlier, asked, results) if resume else []
    kept = len(rows)
    for stale in (SUMMARY, REPORT, TABLE):
        (out / stale).unlink(missing_ok=True)
    with results.open("a" if resume else "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for row in _asked(chain, asked[kept:], workers):
            rows.append(row)
            file.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
            file.flush()
            if progress:
                progress(len(rows), len(asked))
    store = chain.index.current().articles
    article = cache(store.article)
    judged = [judge(question, row, article) for question, row in zip(asked, rows, strict=True)]
    summary = summarise(judged, article, kept=kept, replaced=0 if resume else earlier.count(b"\n"))
    write_whole(out / REPORT, render_report(summary, judged, article, questions.name))
    write_whole(out / TABLE, _table(judged))
    write_whole(out / SUMMARY, json.dumps(asdict(summary), ensure_ascii=False, indent=2) + "\n")
    return summary


# Results

def _asked(chain: AnswerChain, questions: Sequence[GoldQuestion], workers: int) -> Iterator[dict[str, Any]]:
    """The results in the order of the questions."""
    with ThreadPoolExecutor(workers) as threads:
        try:
            yield from threads.map(partial(_ask, chain), questions)
        finally:
            threads.shutdown(cancel_futures=True)


def _ask(chain: AnswerChain, question: GoldQuestion) -> dict[str, Any]:
    if question.error:
        return {"id": question.id, "error": question.error, "line": question.line}
    start = time.perf_counter()
    try:
        answer = chain.invoke(question.question)
    except Exception as error:  # whatever befalls one question is its row; the others are still asked
        kind = "" if isinstance(error, AssistantError) else f"{type(error).__name__}: "
        sentence = " ".join(f"{kind}{error}".split())
        return {"id": question.id, "question": question.question, "error": sentence, "line": question.line}
    return {"id": question.id, **answer_row(answer), "question": question.question,
            "seconds": round(time.perf_counter() - start, 4)}


def answer_row(answer: Answer) -> dict[str, Any]:
    """An answer as a line of results.jsonl has it."""
    short = dict.fromkeys(answer.text[start:end] for start, end in answer.emphasis)
    return {
        "question": answer.question,
        "answer": answer.text,
        "short_answer": "、".join(short),
        "refused": answer.refused,
        "citations": [{"n": cited.n, "article_id": cited.article_id, "title": cited.title, "date": cited.date,
                       "quote": cited.quote} for cited in answer.citations],
        "passages": [{"article_id": passage.article.id, "chunk_id": passage.chunk.id, "score": float(passage.score),
                      "reprints": [article.id for article in passage.reprints]} for passage in answer.passages],
    }


def _resumed(earlier: bytes, questions: Sequence[GoldQuestion], results: Path) -> list[dict[str, Any]]:
    """The rows that stand whole at the start of an earlier run's results; what follows is cut off the file."""
    rows: list[dict[str, Any]] = []
    size = 0
    for line in earlier.splitlines(keepends=True):
        try:
            row = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            row = None
        if row is None:
            break
        rows.append(row)
        size += len(line)
    if len(rows) > len(questions) or not all(map(_belongs, rows, questions)):
        raise QuestionsError(
            f"{results} 里的结果不属于这些问题。请去掉 --resume 重新评测，或用 --out 另选文件夹。",
            f"The results in {results} do not belong to these questions. Leave out --resume to start anew, "
            "or choose another folder with --out.")
    if results.exists():
        os.truncate(results, size)
    return rows


def _belongs(row: Any, question: GoldQuestion) -> bool:
    return (isinstance(row, dict) and row.get("id") == question.id and row.get("question", "") == question.question
            and ("error" in row or row.keys() >= RESULT_FIELDS))


# Judgement

def judge(question: GoldQuestion, row: Mapping[str, Any], article: Callable[[str], Article | None]) -> Judged:
    """The result row of a question with its worth; `article` looks one up by id."""
    citations = row.get("citations", ())
    return Judged(
        question, row,
        ranked=tuple(metrics.grouped(_found(passage, question.articles) for passage in row.get("passages", ()))),
        supported=tuple(metrics.supports(cited["article_id"], cited["quote"], question.articles, question.answers)
                        for cited in citations),
        verbatim=tuple((source := article(cited["article_id"])) is not None and cited["quote"] in source.text
                       for cited in citations),
    )


def _found(passage: Mapping[str, Any], wanted: Sequence[str]) -> str:
    """The article that a passage stands for: a wanted one where that prints the same text, else its own."""
    found: str = next((twin for twin in passage.get("reprints", ()) if twin in wanted), passage["article_id"])
    return found


def _score(scores: Iterable[float]) -> Score:
    listed = [float(score) for score in scores]
    return Score(metrics.mean(listed), len(listed))


def summarise(judged: Sequence[Judged], article: Callable[[str], Article | None], *,
              kept: int = 0, replaced: int = 0) -> Summary:
    """The summary of judged questions; `article` looks one up by id."""
    formed = [one for one in judged if not one.question.error]
    answerable = [one for one in formed if not one.question.unanswerable]
    with_answers = [one for one in answerable if one.question.answers]
    ranked = [(one.ranked, one.question.articles) for one in formed if one.question.articles]
    answered = [one for one in answerable if one.answered]
    short = [(one.row["short_answer"], one.question.answers) for one in answered
             if one.row["short_answer"] and one.question.answers]
    refused = [bool(one.row.get("refused")) for one in formed if one.question.unanswerable]
    milliseconds = [one.row["seconds"] * 1000 for one in judged if "seconds" in one.row]
    accurate = [float(one.accurate) for one in with_answers]
    gold = {article_id for one in formed for article_id in one.question.articles}
    return Summary(
        finished=datetime.now().astimezone().isoformat(timespec="seconds"),
        questions=len(judged),
        kept=kept,
        replaced=replaced,
        errors=sum("error" in one.row for one in judged),
        answerable=len(answerable),
        unanswerable=len(refused),
        unknown_articles=tuple(sorted(article_id for article_id in gold if article(article_id) is None)),
        outcomes=dict.fromkeys(OUTCOMES, 0) | Counter(one.outcome for one in judged),
        accuracy=_score(accurate),
        accuracy_interval=metrics.bootstrap_interval(accurate),
        accuracy_with_source=_score(one.accurate and bool(one.cited & set(one.question.articles))
                                    for one in with_answers if one.question.articles),
        hit_at_1=_score(metrics.hit(found, wanted, 1) for found, wanted in ranked),
        hit_at_5=_score(metrics.hit(found, wanted, 5) for found, wanted in ranked),
        hit_at_10=_score(metrics.hit(found, wanted, LISTED) for found, wanted in ranked),
        mrr_at_10=_score(metrics.reciprocal_rank(found, wanted, LISTED) for found, wanted in ranked),
        ndcg_at_10=_score(metrics.ndcg(found, wanted, LISTED) for found, wanted in ranked),
        citation_precision=_score(right for one in answered if one.question.answers or one.question.articles
                                  for right in one.supported),
        citation_recall=_score(metrics.recall(one.cited, one.question.articles) for one in answered
                               if one.question.articles),
        verbatim_quotes=_score(whole for one in judged for whole in one.verbatim),
        refusal_rate=_score(refused),
        false_refusal_rate=_score(bool(one.row.get("refused")) for one in answerable),
        short_answer_em=_score(metrics.exact_match(said, answers) for said, answers in short),
        short_answer_f1=_score(metrics.f1(said, answers) for said, answers in short),
        latency_p50_ms=metrics.percentile(milliseconds, 0.5),
        latency_p95_ms=metrics.percentile(milliseconds, 0.95),
    )


# Reports

def told(summary: Summary, out: Path) -> str:
    """The summary in a few lines for a terminal: Chinese first, then English."""
    lines = [f"{summary.questions} 题，{summary.outcomes['right']} 题正确，{summary.errors} 题出错。"
             f" Of {summary.questions} questions {summary.outcomes['right']} were right, {summary.errors} failed."]
    for name, score in (
        ("答案准确率 accuracy", summary.accuracy), ("准确且出处对 accuracy with source", summary.accuracy_with_source),
        ("首篇命中 hit@1", summary.hit_at_1), ("前十命中 hit@10", summary.hit_at_10),
        ("引用准确率 citation precision", summary.citation_precision), ("引文与原文一致 verbatim quotes", summary.verbatim_quotes),
        ("拒答率 refusal rate", summary.refusal_rate), ("误拒率 false refusal rate", summary.false_refusal_rate),
    ):
        lines.append(f"  {name}: " + ("–" if score.value is None else f"{score.value:.1%} / {score.of}"))
    if summary.kept:
        lines.append(f"沿用了 {summary.kept} 条已有的结果。 Kept {summary.kept} results made before.")
    if summary.replaced:
        lines.append(f"覆盖了先前的 {summary.replaced} 条结果。 Replaced {summary.replaced} results of an earlier run.")
    if unknown := len(summary.unknown_articles):
        lines.append(f"标准出处中有 {unknown} 篇不在档案里。 Gold articles that are not in the archive: {unknown}.")
    return "\n".join([*lines, f"报告 report: {out / REPORT}"])


def render_report(summary: Summary, judged: Sequence[Judged], article: Callable[[str], Article | None],
                  name: str) -> str:
    """The report as one HTML page that needs no network and no script; `name` is the question file's."""
    import jinja2

    page = jinja2.Environment(loader=jinja2.PackageLoader("assistant.evaluation", "."), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    page.filters["pieces"] = _pieces
    groups = {outcome: [one for one in judged if one.outcome == outcome] for outcome in OUTCOMES}
    return page.get_template("report.html.j2").render(
        summary=summary, groups=groups, failures=FAILURES, article=article, name=name, listed=LISTED)


def _table(judged: Sequence[Judged]) -> str:
    """A line a question for a spreadsheet; no cell can be taken for a formula."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(("id", "question", "outcome", "answer", "cited", "seconds"))
    for one in judged:
        said = one.row.get("error") or one.row.get("answer", "")
        cells = (one.question.id, one.question.question, one.outcome, said, " ".join(sorted(one.cited)),
                 one.row.get("seconds", ""))
        rows.writerow([f"'{cell}" if str(cell)[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells])
    return file.getvalue()


def _pieces(text: str, answers: Sequence[str]) -> list[tuple[str, str]]:
    """`text` cut into (piece, what it is): a "gold" string, a "mark" like [1], or "" for the rest."""
    golds = "|".join(re.escape(answer) for answer in sorted(answers, key=len, reverse=True)) or r"(?!)"
    return [(piece, ("", "gold", "mark")[place % 3])
            for place, piece in enumerate(re.split(rf"({golds})|(\[\d+\])", text)) if piece]


def write_whole(path: Path, text: str) -> None:
    """Writes a file that is there as a whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    os.replace(temporary, path)
