"""tantivy: which chunks hold the question's words, and which lie under a filter.

Terms are cut by `text.search_tokens` and handed over ready, so a question is never parsed as query syntax.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import IndexDamaged
from assistant.schema import Article, Chunk, Filters
from assistant.language.text import fold, query_tokens, search_tokens

if TYPE_CHECKING:
    import tantivy

TITLE_WEIGHT = 0.3
BYLINE_WEIGHT = 0.3
"""What a word in the title or the byline counts beside the same word in the text. Chosen, not measured: the
question sets at hand have neither titles nor authors."""
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
    """Chunks by their words. Made by `create` or `open`; changes are seen after `commit`."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index

    @classmethod
    def create(cls, folder: Path) -> LexicalIndex:
        """An empty index in `folder`, which is made."""
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("chunk", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("article", stored=True, tokenizer_name="raw", index_option="basic")
        for name in ("body", "title", "byline"):
            builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
        for name in ("newspaper", "section", "author", "kind"):
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
        for name in ("first_day", "last_day"):
            builder.add_unsigned_field(name, indexed=True, fast=True)
        folder.mkdir(parents=True, exist_ok=True)
        with _disk_faults():
            return cls(tantivy.Index(builder.build(), path=str(folder), reuse=False))

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """The index in `folder`. Raises IndexDamaged where there is none that can be read."""
        import tantivy

        try:
            return cls(tantivy.Index.open(str(folder)))
        except (ValueError, OSError) as error:
            raise IndexDamaged(
                f"索引里的词表 {folder} 打不开（{error}）。请运行 assistant refresh --rebuild。",
                f"Cannot open the words of the index in {folder} ({error}). Run: assistant refresh --rebuild",
            ) from error

    @cached_property
    def _writer(self) -> tantivy.IndexWriter:
        return self._index.writer(heap_size=MEMORY_BYTES, num_threads=1)

    def add(self, article: Article, chunks: Sequence[Chunk]) -> None:
        """Adds the chunks of one article."""
        import tantivy

        days = day_range(article.date)
        named = {"newspaper": article.newspaper, "section": article.section, "kind": article.kind}
        title = " ".join(search_tokens(article.title or ""))
        byline = " ".join(search_tokens(" ".join((*article.authors, article.section or "", article.newspaper or ""))))
        for chunk in chunks:
            document = tantivy.Document()
            document.add_text("chunk", chunk.id)
            document.add_text("article", article.id)
            document.add_text("body", " ".join(search_tokens(chunk.text)))
            document.add_text("title", title)
            document.add_text("byline", byline)
            for field, value in named.items():
                if value:
                    document.add_text(field, fold(value))
            for author in article.authors:
                document.add_text("author", fold(author))
            if days:
                document.add_unsigned("first_day", days[0])
                document.add_unsigned("last_day", days[1])
            with _disk_faults():
                self._writer.add_document(document)

    def delete(self, article_ids: Iterable[str]) -> None:
        """Removes every chunk of the articles; unknown ids are nothing to remove."""
        with _disk_faults():
            for article_id in article_ids:
                self._writer.delete_documents_by_term("article", article_id)

    def commit(self) -> None:
        """Writes all changes to disk and frees the writer."""
        with _disk_faults():
            if "_writer" in self.__dict__:
                self._writer.commit()
                self._writer.wait_merging_threads()
                del self._writer
            self._index.reload()

    def search(self, question: str, k: int, filters: Filters = Filters()) -> list[tuple[str, float]]:
        """The (chunk id, BM25 score) of the `k` best chunks, best first; [] when no word is known."""
        import tantivy

        schema = self._index.schema
        weights = {"body": 1.0, "title": TITLE_WEIGHT, "byline": BYLINE_WEIGHT}
        terms = []
        for token in query_tokens(question):
            for field, weight in weights.items():
                term = tantivy.Query.term_query(schema, field, token, index_option="freq")
                terms.append((tantivy.Occur.Should, tantivy.Query.boost_query(term, weight)))
        if not terms or k < 1:
            return []
        query = tantivy.Query.boolean_query(terms)
        if filters:
            conditions = [(tantivy.Occur.Must, tantivy.Query.const_score_query(self._condition(filters), 0.0))]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *conditions])
        return self._run(query, k)

    def matching(self, filters: Filters, limit: int) -> list[str]:
        """The ids of at most `limit` chunks that lie under the filters; all of them under none."""
        return [chunk_id for chunk_id, _ in self._run(self._condition(filters), limit)]

    def document_frequency(self, token: str) -> int:
        """In how many chunks' text a token stands."""
        return self._index.searcher().doc_freq("body", token)

    def rareness(self, token: str) -> float:
        """How rare a token is among the chunks, 0 (in all) to 1 (in none)."""
        return rareness(self.document_frequency(token), self.count())

    def chunk_ids(self) -> set[str]:
        """The ids of all chunks."""
        import tantivy

        return {chunk_id for chunk_id, _ in self._run(tantivy.Query.all_query(), max(1, self.count()))}

    def count(self) -> int:
        """The number of chunks."""
        return self._index.searcher().num_docs

    def close(self) -> None:
        """Frees the files."""
        self.__dict__.pop("_writer", None)
        del self._index

    def _condition(self, filters: Filters) -> tantivy.Query:
        import tantivy

        schema, day = self._index.schema, tantivy.FieldType.Unsigned
        conditions = []
        for field in ("newspaper", "section", "author", "kind"):
            if value := getattr(filters, field):
                conditions.append(tantivy.Query.term_query(schema, field, fold(value), index_option="basic"))
        if first := day_range(filters.date_from):
            conditions.append(tantivy.Query.range_query(schema, "last_day", day, lower_bound=first[0]))
        if last := day_range(filters.date_to):
            conditions.append(tantivy.Query.range_query(schema, "first_day", day, upper_bound=last[1]))
        if not conditions:
            return tantivy.Query.all_query()
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, condition) for condition in conditions])

    def _run(self, query: tantivy.Query, k: int) -> list[tuple[str, float]]:
        if k < 1:
            return []
        searcher = self._index.searcher()
        hits = searcher.search(query, limit=k, count=False).hits
        return [(searcher.doc(address)["chunk"][0], score) for score, address in hits]


@contextmanager
def _disk_faults() -> Iterator[None]:
    """A full disk and the like, which tantivy reports as a ValueError that only tells the number, as OSError."""
    try:
        yield
    except ValueError as error:
        if (number := re.search(r"os error (\d+)", str(error))) is None:
            raise
        raise OSError(int(number[1]), str(error)) from error
