"""The question sets that the benchmarks share, the archive that each is asked of, and how a table is printed.

The news archive is the whole of news-2023.jsonl.xz; the paragraphs of CMRC and DRCD are articles of archives
of their own, alone or among DISTRACTORS chunks of the news; the sample is the newspaper in corpus/.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from costs import apart

from assistant.evaluation import metrics
from assistant.evaluation.questions import GoldQuestion, read_questions
from assistant.index.articles import ArticleStore
from assistant.index.chunking import chunk_article
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import load_embedding
from assistant.retrieval import HybridRetriever
from assistant.schema import Article

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "../shared/data"
SAMPLE = ROOT / "corpus"
CACHE = ROOT / "evaluation/benchmarks"
"""Where the archives and the peers' indexes are kept by default."""
NEWS_FILE = "news.jsonl"
DISTRACTORS = 50_000
"""Chunks of the news beside the paragraphs of CMRC and DRCD, as in the published trials on them."""
NOTHING = "无法推断"
"""What CRUD writes where its document does not answer."""
SQUAD = {"cmrc": "cmrc2018_dev.json", "drcd": "drcd_dev.json"}


@dataclass(frozen=True)
class QuestionSet:
    """Questions with the name of the archive they are asked of.

    `premises` are the ids of those that presume something false; `before` is the question that was asked
    before a follow-up, by the follow-up's id; `evidence` the shortest stretches that answer, as (article, start, end);
    `kinds` what each asks for, by id, where that is annotated.
    """

    name: str
    archive: str
    questions: tuple[GoldQuestion, ...]
    premises: frozenset[str] = frozenset()
    before: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, tuple[tuple[str, int, int], ...]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    def some(self, limit: int | None) -> QuestionSet:
        """The set with so many of its questions, evenly spread."""
        step = max(1, len(self.questions) // limit) if limit else 1
        return replace(self, questions=self.questions[::step][:limit])


@dataclass(frozen=True)
class Archives:
    """Where the archives are: `data` holds the files, `cache` the indexes that are made once, and `news`
    is a ready index of the news or None. One embedding, by its folder, for all of them.

    Their names: sample, news, cmrc, drcd; "cmrc+50000" has so many chunks of the news beside its paragraphs,
    "news+1000" is the first so many.
    """

    data: Path
    cache: Path
    embedding_name: str = ""
    news: Path | None = None

    def retriever(self, name: str) -> HybridRetriever:
        """The retriever on the archive of that name, which is indexed where it is not yet."""
        return HybridRetriever(index=Index(self.index(name)), embedding=load_embedding(self.embedding_name))

    def index(self, name: str) -> Path:
        """The folder of the index. What making it cost is noted beside it (costs.Cost.read of its parent)."""
        if name == "news" and self.news:
            return self.news
        folder = self.cache / name
        corpus = SAMPLE if name == "sample" else folder / "corpus"
        if not corpus.is_dir():
            told(f"writing the archive {name}")
            half_made = folder / "half-made"
            half_made.mkdir(parents=True, exist_ok=True)
            rows = list(self._rows(name))
            for file in {file for file, _ in rows}:
                lines = (json.dumps(row, ensure_ascii=False) + "\n" for named, row in rows if named == file)
                (half_made / file).write_text("".join(lines), encoding="utf-8")
            half_made.rename(corpus)
        told(f"indexing the archive {name}")
        embedded, cost = apart(_refreshed, corpus, folder / "index", self.embedding_name)
        if embedded:
            cost.write(folder)
        return folder / "index"

    def _rows(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(file, article) of an archive that is written here."""
        main, _, limit = name.partition("+")
        if main in SQUAD:
            for number, (text, _) in enumerate(squad(self.data / SQUAD[main])):
                yield f"{main}.jsonl", {"id": f"{main}-{number}", "text": text}
        chunks = 0
        for row in news(self.data) if limit or main == "news" else ():
            chunks += len(chunk_article(Article("", row["text"])))
            yield NEWS_FILE, row
            if limit and chunks >= int(limit):
                return


def _refreshed(corpus: Path, index: Path, embedding_name: str) -> int:
    """The number of chunks that a refresh of the index had to embed."""
    return refresh(corpus, index, load_embedding(embedding_name)).embedded


def news(data: Path) -> Iterator[dict[str, Any]]:
    """The news articles in the order of the file."""
    with lzma.open(data / "news-2023.jsonl.xz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def squad(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(paragraph, its questions) of a file in SQuAD's form."""
    for entry in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in entry["paragraphs"]:
            yield paragraph["context"], paragraph["qas"]


def natural(name: str, data: Path) -> QuestionSet:
    """natural_dev or natural_train. Their `article` counts the lines of the news file from 0, ids from 1."""
    rows = _lines(data / f"{name}.jsonl")
    questions = tuple(GoldQuestion(
        line, row["id"], row["question"], tuple(row["answers"]), row["need"],
        () if row.get("unanswerable") else (f"{NEWS_FILE}#{row['article'] + 1}",), row.get("unanswerable", False))
        for line, row in enumerate(rows, 1))
    return QuestionSet(name, "news", questions, frozenset(row["id"] for row in rows if "premise" in row),
                       kinds={row["id"]: row["kind"] for row in rows if "kind" in row})


def report(name: str) -> QuestionSet:
    """natural_report or plain_report, which lie here: held out from all that is fitted or chosen."""
    rows = _lines(Path(__file__).with_name(f"{name}.jsonl"))
    questions = tuple(GoldQuestion(
        line, row["id"], row["question"], tuple(row["answers"]), row.get("need", "any"),
        () if row.get("unanswerable") else (f"{NEWS_FILE}#{row['article'] + 1}",), row.get("unanswerable", False))
        for line, row in enumerate(rows, 1))
    evidence = {row["id"]: tuple((f"{NEWS_FILE}#{row['article'] + 1}", start, end) for start, end in row["evidence"])
                for row in rows if "evidence" in row}
    return QuestionSet(name, "news", questions, frozenset(row["id"] for row in rows if "premise" in row),
                       evidence=evidence, kinds={row["id"]: row["kind"] for row in rows})


def paragraphs(name: str, data: Path, beside: int = 0, odd: bool = False) -> QuestionSet:
    """The questions of CMRC or DRCD, with so many chunks of the news beside; the article of each is its paragraph.

    `odd` takes every second paragraph's: those that the reader was not trained on.
    """
    questions = [GoldQuestion(0, str(asked["id"]), asked["question"],
                              tuple(dict.fromkeys(answer["text"] for answer in asked["answers"])),
                              articles=(f"{name}-{number}",))
                 for number, (_, qas) in enumerate(squad(data / SQUAD[name])) for asked in qas if number % 2 or not odd]
    archive = f"{name}+{beside}" if beside else name
    return QuestionSet(archive, archive, tuple(questions))


def crud(data: Path) -> QuestionSet:
    """CRUD's questions on one document. An answer of parts needs each.

    The documents are not named and mostly not in the news: for 38 of 400 an article holds every key phrase. So
    the shares are low for everyone, and only their order says something.
    """
    found = json.loads((data / "crud_qa_1doc_dev.json").read_text(encoding="utf-8"))
    pairs = [pair for row in found.values() for pair in zip(row["question"], row["answers"])]
    questions = (GoldQuestion(line, str(line), question, tuple(answer.replace("、", "|").split("|")), "all")
                 for line, (question, answer) in enumerate(pairs, 1) if answer and NOTHING not in answer)
    return QuestionSet("crud", "news", tuple(questions))


def sample(_: Path) -> QuestionSet:
    """The questions on the sample newspaper."""
    file = SAMPLE / "questions.jsonl"
    premises = frozenset(row["id"] for row in _lines(file) if "premise" in row)
    return QuestionSet("sample", "sample", tuple(read_questions(file)), premises)


def follow_ups(_: Path) -> QuestionSet:
    """Questions on the sample newspaper that stand only after the one before."""
    file = Path(__file__).with_name("follow_ups.jsonl")
    before = {row["id"]: row["before"] for row in _lines(file)}
    return QuestionSet("follow-ups", "sample", tuple(read_questions(file)), before=before)


def about_the_archive(articles: ArticleStore) -> QuestionSet:
    """Questions about the pieces of an archive, made from their authors, sections and titles.

    Where no strings are wanted, the articles that the answer cites must be those wanted, all and no other.
    """
    asked: list[tuple[str, tuple[str, ...], list[str]]] = []
    pieces = list(articles.articles())
    asked += [(f"{author}写了哪些报道？", (), [piece.id for piece in pieces if author in piece.authors])
              for author in sorted({author for piece in pieces for author in piece.authors})]
    asked += [(f"{section}栏目有哪些文章？", (), [piece.id for piece in pieces if piece.section == section])
              for section in sorted({piece.section for piece in pieces if piece.section})]
    for piece in pieces:
        if piece.title:
            asked.append((f"《{piece.title}》讲了什么？", (), [piece.id]))
        if piece.title and piece.authors:
            asked.append((f"《{piece.title}》的作者是谁？", piece.authors, [piece.id]))
    questions = (GoldQuestion(line, str(line), question, answers, "all", tuple(ids))
                 for line, (question, answers, ids) in enumerate(asked, 1))
    return QuestionSet("archive", "sample", tuple(questions))


def renamed(asked: QuestionSet, articles: ArticleStore) -> QuestionSet:
    """The set with the articles of the news called as the index calls them: another file name before the #."""
    name = next(iter(articles.ids())).rpartition("#")[0]
    return replace(asked, questions=tuple(
        replace(one, articles=tuple(article.replace(f"{NEWS_FILE}#", f"{name}#") for article in one.articles))
        for one in asked.questions), evidence={key: tuple((article.replace(f"{NEWS_FILE}#", f"{name}#"), start, end)
                                                          for article, start, end in spans)
                                               for key, spans in asked.evidence.items()})


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# The commands

def arguments_of(description: str | None) -> argparse.ArgumentParser:
    """The arguments that all of them take; `archives_of` makes use of them."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the question sets and the news")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the indexes are made once")
    parser.add_argument("--index", type=Path, help="a ready index of all of the news")
    parser.add_argument("--embedding", default="", help="a model folder; the shipped one by default")
    return parser


def archives_of(given: argparse.Namespace) -> Archives:
    """The archives that the arguments name."""
    return Archives(given.data, given.cache.resolve(), given.embedding, given.index and given.index.resolve())


def told(what: str) -> None:
    """What goes on, for whoever waits; the table alone is standard output."""
    print(what, file=sys.stderr, flush=True)


def printed(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (columns, ["---"] * len(columns), *rows))


def share(scores: Sequence[float], interval: bool = False, sign: str = "") -> str:
    """The mean as a percentage, with its 95 % bootstrap interval; – of nothing.

    The same seed draws the same questions for every row over as many: rows are compared question by question.
    """
    if not scores:
        return "–"
    mean = f"{100 * sum(scores) / len(scores):{sign}.1f}"
    if not interval:
        return mean
    low, high = metrics.bootstrap_interval(scores) or (0.0, 0.0)
    return f"{mean} [{100 * low:{sign}.1f}, {100 * high:{sign}.1f}]"
