"""The archive as a whole, read from the store and not from the best passages: which articles there are, on what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from weakref import WeakKeyDictionary, proxy

from assistant.corpus.reprints import is_reprint
from assistant.index.articles import ArticleStore, Entry
from assistant.index.snapshot import Snapshot
from assistant.language.borders import is_mentioned
from assistant.language.eras import written_otherwise
from assistant.language.mentions import mentions as named_in
from assistant.language.mentions import people
from assistant.language.pages import page_number
from assistant.language.text import fold, words
from assistant.question.english import by_spelling
from assistant.question.filters import Archive
from assistant.schema import Article, Filters

LOOKED_AT, GROUPED = 1_000, 1_000
"""Articles holding a topic's characters that are looked at for a mention on the borders of words, 0.1 ms each, and articles
of which reprints are told apart; of a topic that more hold, their number is that of the articles holding the characters."""
FOUND = 64
"""Lists kept of a snapshot: the next page of one is asked for more often than another."""
SPELLED = 500
"""Articles whose people are looked for when a question spells a name in Latin letters, some 5 ms each, once a snapshot."""
KINDS = ("news", "comment", "caption")
Read = Callable[[str], Article | None]


@dataclass(frozen=True, slots=True)
class Found:
    """Articles by their entries, newest first and those without a date last, reprints counted once and teasers not at
    all; the `reprints` of an entry by its id; `parts` where the topic stands nowhere whole and each of its words
    somewhere in every article; the `names` under which the topic was looked for."""

    entries: tuple[Entry, ...] = ()
    reprints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Catalogue:
    """The entries of one snapshot, read once. It does not hold their store: it is kept as long as that is."""

    def __init__(self, store: ArticleStore) -> None:
        self._store: ArticleStore = proxy(store)
        self._found: dict[tuple[str, Filters], Found] = {}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, newest first, but for the teasers."""
        return tuple(entry for entry in self._store.entries() if not entry.teaser)

    @cached_property
    def by_id(self) -> dict[str, Entry]:
        """The entries by their article's id, in their order."""
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def spellings(self) -> dict[str, str]:
        """The names of authors, and in an archive of at most SPELLED articles of all people and places, by their pinyin."""
        named = dict.fromkeys(author for entry in self.entries for author in entry.authors)
        for article in map(self._store.held, self.by_id) if len(self.entries) <= SPELLED else ():
            named |= dict.fromkeys(article.text[start:end] for start, end in people(article.text))
            named |= dict.fromkeys(one.name for one in named_in(article.title or "") if one.kind in ("place", "person"))
        return by_spelling(named)

    def found(self, snapshot: Snapshot, topic: str, filters: Filters) -> Found:
        """What `matching` finds in this snapshot, the latest FOUND of it kept."""
        if (topic, filters) not in self._found:
            if len(self._found) >= FOUND:
                self._found.pop(next(iter(self._found)), None)
            self._found[topic, filters] = _matching(snapshot, topic, filters)
        return self._found[topic, filters]

    def under(self, filters: Filters) -> list[Entry]:
        """The entries under the filters, newest first."""
        return [entry for entry in self.entries if lies_under(entry, filters)] if filters else list(self.entries)


_CATALOGUES: WeakKeyDictionary[ArticleStore, Catalogue] = WeakKeyDictionary()


def catalogue(snapshot: Snapshot) -> Catalogue:
    """The catalogue of a snapshot, which is kept as long as its store is."""
    return _CATALOGUES.setdefault(snapshot.articles, Catalogue(snapshot.articles))


def known_names(snapshot: Snapshot) -> Archive:
    """The names against which a question's words are checked."""
    coverage = snapshot.coverage

    def is_author(name: str) -> bool:
        return bool(snapshot.words.matching(Filters(author=name), 1))

    kinds = frozenset(kind for kind in KINDS if snapshot.words.matching(Filters(kind=kind), 1))
    def name_of(spelling: str) -> str:
        return catalogue(snapshot).spellings.get(spelling, "")

    return Archive({fold(name): name for name in coverage.newspapers}, {fold(name): name for name in coverage.sections},
                   is_author, kinds, coverage.last_date, name_of, coverage.first_date)


def matching(snapshot: Snapshot, topic: str, filters: Filters) -> Found:
    """The articles under the filters that mention the topic, or where none does, each of its words."""
    return catalogue(snapshot).found(snapshot, topic, filters)


def _matching(snapshot: Snapshot, topic: str, filters: Filters) -> Found:
    read = cache(snapshot.articles.article)
    if not topic:
        return _grouped(catalogue(snapshot).under(filters), read)
    for parts in ((topic,), tuple(word for word in words(topic) if len(word) > 1)):
        names = [tuple(dict.fromkeys((*snapshot.aliases.writings(part), *(way for _, ways in written_otherwise(part) for way in ways))))
                 for part in parts]
        if found := _mentioning(snapshot, names, filters, read):
            grouped = _grouped(found, read)
            return replace(grouped, names=names[0]) if parts == (topic,) else replace(grouped, parts=parts)
    return Found()


def _mentioning(snapshot: Snapshot, parts: Sequence[tuple[str, ...]], filters: Filters, read: Read) -> list[Entry]:
    """The entries of the articles that mention each of the things, by any of its names."""
    held: set[str] | None = None
    for names in parts:
        holding = {found for name in names for found in snapshot.words.holding(name, filters)}
        held = holding if held is None else held & holding
    by_id = catalogue(snapshot).by_id
    entries = [by_id[article_id] for article_id in held or () if article_id in by_id]
    if filters.page:  # the index of words knows no pages
        entries = [entry for entry in entries if page_number(entry.page) == filters.page]
    if len(entries) <= LOOKED_AT:
        entries = [entry for entry in entries if mentions_all(read(entry.id), parts)]
    return sorted(sorted(entries, key=lambda entry: entry.id), key=lambda entry: entry.date or "", reverse=True)


def lies_under(entry: Entry, filters: Filters) -> bool:
    """Whether an article is as the filters say; a month or a year counts as all of its days."""
    if filters.date_from and (not entry.date or entry.date + "9999-12-31"[len(entry.date):] < filters.date_from):
        return False
    if filters.date_to and (not entry.date or entry.date > filters.date_to + "9999-12-31"[len(filters.date_to):]):
        return False
    if filters.author and fold(filters.author) not in map(fold, entry.authors):
        return False
    if filters.page and page_number(entry.page) != filters.page:
        return False
    named = ((filters.newspaper, entry.newspaper), (filters.section, entry.section), (filters.kind, entry.kind))
    return all(not wanted or fold(wanted) == fold(held or "") for wanted, held in named)


def mentions_all(article: Article | None, things: Iterable[tuple[str, ...]]) -> bool:
    """Whether an article mentions each of the things, by any of its names, in its title or its text."""
    return article is not None and all(
        any(is_mentioned(text, name) for text in (article.text, article.title or "") for name in names) for names in things)


def _grouped(entries: list[Entry], read: Read) -> Found:
    """Reprints as one: articles that open or end alike are read and compared, where there are not too many."""
    if len(entries) > GROUPED:
        return Found(tuple(entries))
    alike: dict[tuple[str, int], list[str]] = {}
    reprints: dict[str, list[str]] = {}
    hidden: set[str] = set()
    for entry in reversed(entries):  # the first print is the article, what came later its reprints
        ends = ("opening", entry.opening), ("ending", entry.ending)
        first = next((one for one in dict.fromkeys(one for end in ends for one in alike.get(end, ()))
                      if _same_text(read(one), read(entry.id))), None)
        if first:
            reprints.setdefault(first, []).append(entry.id)
            hidden.add(entry.id)
            continue
        for end in ends:
            alike.setdefault(end, []).append(entry.id)
    kept = tuple(entry for entry in entries if entry.id not in hidden)
    return Found(kept, {one: tuple(others) for one, others in reprints.items()})


def _same_text(one: Article | None, other: Article | None) -> bool:
    return one is not None and other is not None and is_reprint(one, other)
