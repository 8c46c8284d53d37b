"""tantivy: which chunks hold the question's words, and which lie under a filter.

Terms are cut by `text.search_tokens` and handed over ready, so a question is never parsed as query syntax.

The index only grows: tantivy's own segment files never change, so the next snapshot has them as hard links, and
scores stay those of an index made from nothing, because nothing in a score depends on what else there is or was:
- What is replaced or deleted is passed over when it is found. Its words are added once more as `gone`; from the
  words of all chunks, those are taken away where it is counted how rare a word is.
- BM25 compares a chunk's length with a fixed one (PIVOT) and not with the mean of the index, which what is gone
  would shift. tantivy knows only the mean: documents without a chunk are added that bring it to the pivot.
"""

from __future__ import annotations

import errno
import math
import os
import re
import shutil
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import IndexDamaged
from assistant.index.mirror import made_at, opened_at
from assistant.language.pages import page_number
from assistant.language.text import fold, query_tokens, search_tokens
from assistant.schema import Article, Chunk, Filters

if TYPE_CHECKING:
    import tantivy

TITLE_WEIGHT = 0.3
BYLINE_WEIGHT = 0.3
"""What a word in the title or the byline counts beside the same word in the text. Chosen, not measured: the
question sets at hand have neither titles nor authors."""
WEIGHTS = {"body": 1.0, "title": TITLE_WEIGHT, "byline": BYLINE_WEIGHT}
PIVOT = {"body": 448, "title": 40, "byline": 24}
"""The length in tokens that BM25 takes for the usual one: about the means of news-2023 (435) and of the sample.
Odd parts below 8, so that single precision holds the mean exactly up to two million chunks."""
BALANCED = 2000
"""Documents after which the mean is brought to the pivot; it bounds the size of the one that does it."""
FILLER = "0"
DECIMALS = 4
TIES = 8
"""Chunks beyond the last wanted one that are looked at, so that of equal ones the same are taken every time."""
MEMORY_BYTES = 64_000_000
LAST_DAY = {4: "-12-31", 7: "-31", 10: ""}


def day_range(date: str | None) -> tuple[int, int] | None:
    """The first and last day of an ISO date of any precision as YYYYMMDD; None without a date."""
    if not date or not re.fullmatch(r"\d{4}(-\d\d){0,2}", date):
        return None
    first, last = date + {4: "-01-01", 7: "-01", 10: ""}[len(date)], date + LAST_DAY[len(date)]
    return int(first.replace("-", "")), int(last.replace("-", ""))


def rareness(frequency: int, of: int) -> float:
    """BM25's idf (Robertson and Zaragoza 2009) of a word in `frequency` of `of` chunks, scaled to 0-1."""
    return math.log(1 + (of - min(frequency, of) + 0.5) / (frequency + 0.5)) / math.log(2 + 2 * of)


class LexicalIndex:
    """Chunks by their words. Made by `create`, `grow` or `open`; changes are seen after `commit`.

    `born` tells in which refresh an article became what it is: what was added for it before is gone.
    """

    def __init__(self, index: tantivy.Index, born: Mapping[str, int]) -> None:
        self._index, self._born = index, born
        self._documents, self._tokens = 0, Counter[str]()
        """Added since the mean was brought to the pivot."""

    @classmethod
    def create(cls, folder: Path) -> LexicalIndex:
        """An empty index in `folder`, which is made."""
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("chunk", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_unsigned_field("born", stored=True)
        for name in ("role", "newspaper", "section", "author", "kind", "page"):
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
        for name in WEIGHTS:
            builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
            builder.add_text_field(f"gone_{name}", tokenizer_name="whitespace", index_option="basic")
        for name in ("first_day", "last_day"):
            builder.add_unsigned_field(name, indexed=True, fast=True)
        folder.mkdir(parents=True, exist_ok=True)
        path, forget = made_at(folder)
        with _disk_faults():
            made = cls(tantivy.Index(builder.build(), path=str(path), reuse=False), {})
        weakref.finalize(made, forget)
        return made

    @classmethod
    def grow(cls, source: Path, folder: Path, born: Mapping[str, int]) -> LexicalIndex:
        """The index in `source` again in `folder`, to be added to; the files of both are the same ones."""
        folder.mkdir()
        for path in sorted(source.iterdir()):
            if path.suffix == ".json":  # tantivy puts others in their place
                shutil.copyfile(path, folder / path.name)
            elif path.suffix != ".lock":
                link(path, folder / path.name)
        return cls.open(folder, born)

    @classmethod
    def open(cls, folder: Path, born: Mapping[str, int] = {}) -> LexicalIndex:
        """The index in `folder`. Raises IndexDamaged where there is none that can be read."""
        import tantivy

        try:
            path, forget = opened_at(folder)
            opened = cls(tantivy.Index.open(str(path)), born)
            weakref.finalize(opened, forget)
            return opened
        except (ValueError, FileNotFoundError) as error:
            raise IndexDamaged(
                f"索引里的词表 {folder} 打不开（{error}）。请运行 assistant refresh --rebuild。",
                f"Cannot open the words of the index in {folder} ({error}). Run: assistant refresh --rebuild",
            ) from error

    @cached_property
    def _writer(self) -> tantivy.IndexWriter:
        return self._index.writer(heap_size=MEMORY_BYTES, num_threads=1)

    def add(self, article: Article, chunks: Sequence[Chunk], born: int = 0) -> None:
        """Adds the chunks of one article, which became what it is in the refresh of this number."""
        import tantivy

        days = day_range(article.date)
        named = {"newspaper": article.newspaper, "section": article.section, "kind": article.kind}
        for chunk, tokens in zip(chunks, _tokens(article, chunks)):
            document = tantivy.Document()
            document.add_text("role", "chunk")
            document.add_text("chunk", chunk.id)
            document.add_unsigned("born", born)
            for field, found in tokens.items():
                document.add_text(field, " ".join(found))
            for field, value in named.items():
                if value:
                    document.add_text(field, fold(value))
            for author in article.authors:
                document.add_text("author", fold(author))
            if page := page_number(article.page):
                document.add_text("page", page)
            if days:
                document.add_unsigned("first_day", days[0])
                document.add_unsigned("last_day", days[1])
            self._add(document, {field: len(found) for field, found in tokens.items()})

    def take_back(self, article: Article, chunks: Sequence[Chunk]) -> None:
        """Takes the words of chunks that were added before, and are gone now, out of the counts."""
        import tantivy

        for tokens in _tokens(article, chunks):
            document = tantivy.Document()
            document.add_text("role", "gone")
            for field, found in tokens.items():
                document.add_text(f"gone_{field}", " ".join(dict.fromkeys(found)))
            self._add(document, {})

    def commit(self) -> None:
        """Writes all changes to disk and frees the writer."""
        self._balance()
        with _disk_faults():
            if "_writer" in self.__dict__:
                self._writer.commit()
                self._writer.wait_merging_threads()
                del self._writer
            self._index.reload()
        self.__dict__.pop("_counted", None)

    def search(self, question: str, k: int, filters: Filters = Filters()) -> list[tuple[str, float]]:
        """The (chunk id, BM25 score) of the `k` best chunks, best first; [] when no word is known.

        Of those whose scores single precision cannot tell apart, the first is the first by id.
        """
        import tantivy

        schema, chunks = self._index.schema, self.count()
        documents = self._index.searcher().num_docs
        terms = []
        for token in query_tokens(question):
            for field, weight in WEIGHTS.items():
                there, alive = self._frequency(field, token)
                if alive:
                    term = tantivy.Query.term_query(schema, field, token, index_option="freq")
                    weight *= _idf(alive, chunks) / _idf(there, documents)
                    terms.append((tantivy.Occur.Should, tantivy.Query.boost_query(term, weight)))
        if not terms or k < 1:
            return []
        query = tantivy.Query.boolean_query(terms)
        if filters:
            conditions = [(tantivy.Occur.Must, tantivy.Query.const_score_query(self._condition(filters), 0.0))]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *conditions])
        hits = [(chunk_id, round(score, DECIMALS)) for chunk_id, score in self._run(query, k + TIES)]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]

    def holding(self, text: str, filters: Filters = Filters()) -> list[str]:
        """The ids of all articles under the filters of which a chunk, or the title, holds every pair of characters of `text`.

        Its longer words are not asked for: 图书馆 stands in 市图书馆, which is a word of its own.
        """
        import tantivy

        schema, must = self._index.schema, tantivy.Occur.Must
        tokens = list(dict.fromkeys(token for run in text.split() for token in _pairs(run)))
        if not tokens:
            return []
        each = [(must, tantivy.Query.boolean_query([
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, field, token, index_option="freq"))
            for field in ("body", "title")])) for token in tokens]
        query = tantivy.Query.const_score_query(tantivy.Query.boolean_query(
            [*each, *([(must, self._condition(filters))] if filters else [])]), 0.0)
        return list(dict.fromkeys(chunk.rpartition("@")[0] for chunk, _ in self._run(query, max(1, self.count()))))

    def best_holding(self, text: str, limit: int, filters: Filters = Filters()) -> list[tuple[str, float]]:
        """The (chunk id, BM25 score) of the chunks that hold all of a text's words, best first, `limit` at most.

        A word stands there when all its pairs of characters do, in the chunk or in its article's title.
        """
        import tantivy

        schema, parts = self._index.schema, []
        for token in (token for run in text.split() for token in _pairs(run)):
            terms = [(tantivy.Occur.Should, tantivy.Query.term_query(schema, field, token, index_option="freq"))
                     for field in ("body", "title")]
            parts.append((tantivy.Occur.Must, tantivy.Query.boolean_query(terms)))
        if not parts:
            return []
        if filters:
            parts.append((tantivy.Occur.Must, tantivy.Query.const_score_query(self._condition(filters), 0.0)))
        return self._run(tantivy.Query.boolean_query(parts), limit)

    def matching(self, filters: Filters, limit: int) -> list[str]:
        """The ids of at most `limit` chunks that lie under the filters; all of them under none."""
        return [chunk_id for chunk_id, _ in self._run(self._condition(filters), limit)]

    def has(self, chunk_id: str) -> bool:
        """Whether a chunk is there."""
        import tantivy

        return bool(self._run(tantivy.Query.term_query(self._index.schema, "chunk", chunk_id, index_option="basic"), 1))

    def document_frequency(self, token: str) -> int:
        """In how many chunks' text a token stands."""
        return self._frequency("body", token)[1]

    def rareness(self, token: str) -> float:
        """How rare a token is among the chunks, 0 (in all) to 1 (in none)."""
        return rareness(self.document_frequency(token), self.count())

    def chunk_ids(self) -> set[str]:
        """The ids of all chunks."""
        return set(self.matching(Filters(), max(1, self.count())))

    def count(self) -> int:
        """The number of chunks."""
        added, gone = self._counted
        return added - gone

    def close(self) -> None:
        """Frees the files."""
        self.__dict__.pop("_writer", None)
        del self._index

    @cached_property
    def _counted(self) -> tuple[int, int]:
        """How many chunks were added, and how many of them are gone."""
        searcher = self._index.searcher()
        return searcher.doc_freq("role", "chunk"), searcher.doc_freq("role", "gone")

    def _frequency(self, field: str, token: str) -> tuple[int, int]:
        """In how many documents a token stands, and in how many chunks that are there."""
        searcher = self._index.searcher()
        there = searcher.doc_freq(field, token)
        gone = searcher.doc_freq(f"gone_{field}", token) if there and self._counted[1] else 0
        return there, there - gone

    def _add(self, document: tantivy.Document, lengths: Mapping[str, int]) -> None:
        with _disk_faults():
            self._writer.add_document(document)
        self._documents += 1
        self._tokens.update(lengths)
        if self._documents >= BALANCED:
            self._balance()

    def _balance(self) -> None:
        """Adds documents without a chunk, the first of them as long as brings each field's mean to the pivot."""
        import tantivy

        if not self._documents:
            return
        more = max(1, *(math.ceil(self._tokens[field] / pivot) - self._documents for field, pivot in PIVOT.items()))
        for number in range(more):
            document = tantivy.Document()
            document.add_text("role", "balance")
            for field, pivot in PIVOT.items() if number == 0 else ():
                missing = pivot * (self._documents + more) - self._tokens[field]
                document.add_text(field, " ".join([FILLER] * missing))
            with _disk_faults():
                self._writer.add_document(document)
        self._documents, self._tokens = 0, Counter()

    def _condition(self, filters: Filters) -> tantivy.Query:
        import tantivy

        schema, day = self._index.schema, tantivy.FieldType.Unsigned
        conditions = []
        if filters.page:
            conditions.append(tantivy.Query.term_query(schema, "page", filters.page, index_option="basic"))
        conditions += [tantivy.Query.term_query(schema, field, fold(value), index_option="basic")
                       for field in ("newspaper", "section", "author", "kind") if (value := getattr(filters, field))]
        if first := day_range(filters.date_from):
            conditions.append(tantivy.Query.range_query(schema, "last_day", day, lower_bound=first[0]))
        if last := day_range(filters.date_to):
            conditions.append(tantivy.Query.range_query(schema, "first_day", day, upper_bound=last[1]))
        if not conditions:
            return tantivy.Query.term_query(schema, "role", "chunk", index_option="basic")
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, condition) for condition in conditions])

    def _run(self, query: tantivy.Query, k: int) -> list[tuple[str, float]]:
        """The best `k` that are there. What is gone takes no one's place: more is asked for where it is met."""
        searcher, gone = self._index.searcher(), self._counted[1]
        for limit in (k + min(gone, k // 8 + 8), k + gone) if k > 0 else ():
            hits = searcher.search(query, limit=limit, count=False).hits
            found = [(document, score) for document, score in ((searcher.doc(address), score) for score, address in hits)
                     if self._is_there(document)][:k]
            if len(found) == k or len(hits) < limit:
                break
        else:
            return []
        return [(document["chunk"][0], score) for document, score in found]

    def _is_there(self, document: tantivy.Document) -> bool:
        return (document["chunk"] != []
                and document["born"][0] >= self._born.get(document["chunk"][0].rpartition("@")[0], 0))


def _tokens(article: Article, chunks: Sequence[Chunk]) -> Iterator[dict[str, list[str]]]:
    """The tokens of each chunk by field."""
    title = search_tokens(article.title or "")
    byline = search_tokens(" ".join((*article.authors, article.section or "", article.newspaper or "")))
    for chunk in chunks:
        yield {"body": search_tokens(chunk.text), "title": title, "byline": byline}


def _idf(frequency: int, of: int) -> float:
    """BM25's idf as tantivy has it."""
    return math.log(1 + (of - frequency + 0.5) / (frequency + 0.5))


def link(source: Path, target: Path) -> None:
    """Makes `target` the same file as `source`, or a copy where the file system has no such links."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        shutil.copyfile(source, target)


def _pairs(run: str) -> list[str]:
    """The tokens of a word that a chunk with it must hold: its pairs of characters, or what has none."""
    tokens = search_tokens(run)
    return [token for token in tokens if len(token) == 2 or token.isascii()] or tokens


@contextmanager
def _disk_faults() -> Iterator[None]:
    """A full disk and the like, which tantivy reports as a ValueError that only tells the number, as OSError."""
    try:
        yield
    except ValueError as error:
        if (number := re.search(r"os error (\d+)", str(error))) is None:
            raise
        raise OSError(int(number[1]), str(error)) from error
