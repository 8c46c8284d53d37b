"""What the newspaper put right: printed corrections (更正, 勘误, 来函照登), linked to the articles that they correct."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from assistant import answers
from assistant.catalogue import catalogue
from assistant.corpus.reprints import is_reprint
from assistant.index.articles import ArticleStore
from assistant.index.snapshot import Snapshot
from assistant.language.dating import chinese_date, cite
from assistant.language.pages import page_number
from assistant.language.periods import iso
from assistant.language.quantities import dates, meanings
from assistant.language.text import fold, sentences, squeeze
from assistant.question.analysis import Question
from assistant.reading.reader import Quote
from assistant.schema import Answer, Article, Passage

NOTICES = ("更正", "勘误", "订正", "来函照登", "致歉", "更正启事", "说明与更正")
"""What a notice is headed or ends with."""
SAYING_SO = ("应为", "应是", "应当为", "更正为", "实为", "误为", "误作", "误写", "误登", "有误", "不实", "系")
READ = 400
"""Characters of a notice; a longer article that holds such words tells of something else."""
LOOKED_AT = 2_000
_PAGE = re.compile(r"第?(?P<page>[A-D]?\d{1,2}|[头一二三四五六七八九十])版")


@dataclass(frozen=True, slots=True)
class Correction:
    """A printed `notice` whose `notice.text[start:end]` puts right what the article `corrects` says."""

    notice: Article
    start: int
    end: int
    corrects: Article


_KNOWN: WeakKeyDictionary[ArticleStore, tuple[Correction, ...]] = WeakKeyDictionary()


def corrections(snapshot: Snapshot) -> tuple[Correction, ...]:
    """All corrections that name what they correct, the newest first; found once a snapshot."""
    store = snapshot.articles
    if store not in _KNOWN:
        ids = dict.fromkeys(article_id for word in NOTICES[:4] for article_id in snapshot.words.holding(word)[:LOOKED_AT])
        notices = [article for article_id in ids if (article := store.article(article_id)) and is_notice(article)]
        notices.sort(key=lambda article: (article.date or "", article.id), reverse=True)
        _KNOWN[store] = tuple(found for notice in notices for found in _linked(notice, snapshot))
    return _KNOWN[store]


def asks_for_corrections(question: Question) -> bool:
    """Whether a question asks which corrections were printed, and not what one says."""
    about = question.topic.strip("过了的") in ("", *NOTICES)
    return question.kind in ("list", "count", "latest") and about and any(word in question.search for word in NOTICES[:3])


def all_corrections(question: Question, passages: Sequence[Passage], snapshot: Snapshot) -> Answer | None:
    """The corrections under the question's filters with what they put right, newest first; None where it asks for none, or
    there are none."""
    if not asks_for_corrections(question):
        return None
    under = {entry.id for entry in catalogue(snapshot).under(question.filters)}
    rows = [(one.corrects, Quote(one.notice, one.start, one.end)) for one in corrections(snapshot) if one.notice.id in under]
    return answers.corrected(question, rows, passages) if rows else None


def is_notice(article: Article) -> bool:
    """Whether an article is a short notice that something printed was wrong."""
    if len(article.text) > READ:
        return False
    headed = any(word in (article.title or "") for word in NOTICES)
    return any(word in article.text for word in SAYING_SO) and (headed or any(word in article.text for word in NOTICES))


def beside(answer: Answer, snapshot: Snapshot) -> Answer:
    """The answer with the corrections of the articles that it cites after it, where it does not cite them already."""
    cited = {citation.article_id for citation in answer.citations}
    wanted = [one for one in corrections(snapshot) if one.corrects.id in cited and one.notice.id not in cited]
    if answer.refused or not wanted:
        return answer
    text, citations, n = answer.text, list(answer.citations), max((c.n for c in answer.citations), default=0)
    for one in {one.notice.id: one for one in wanted}.values():
        n += 1
        citations.append(cite(n, one.notice, one.start, one.end, None))
        when = chinese_date(one.notice.date)
        text += f"\n报纸另有更正{f'（{when}）' if when else ''}：“{one.notice.text[one.start:one.end]}”[{n}]"
    return answer.with_(text=text, citations=tuple(citations))


def _linked(notice: Article, snapshot: Snapshot) -> Iterator[Correction]:
    spans = sentences(notice.text)
    said = next((span for span in spans if any(word in notice.text[slice(*span)] for word in SAYING_SO)), spans[0])
    originals = list(_named(notice, snapshot))
    for original in originals:
        yield Correction(notice, *said, original)
    for other in _reprints(originals, snapshot):
        yield Correction(notice, *said, other)


def _named(notice: Article, snapshot: Snapshot) -> Iterator[Article]:
    """The articles that a notice is about: of its 《title》, or of its day and page, that hold what it quotes."""
    days = {iso(form) for _, forms in meanings(dates(notice.text, notice.date), notice.date) for form in forms}
    pages = {page_number(match["page"]) for match in _PAGE.finditer(notice.text)}
    titles = {squeeze(fold(title)) for title in re.findall(r"《(.+?)》", notice.text)}
    quoted = [fold(words) for words in re.findall(r"“(.+?)”", notice.text)]
    searched = [*titles, *quoted]
    ids = dict.fromkeys(found for words in searched for found in snapshot.words.holding(words)[:50])
    for article in filter(None, map(snapshot.articles.article, ids)):
        if article.id == notice.id or is_notice(article) or (article.date or "") > (notice.date or "9999"):
            continue
        by_title = squeeze(fold(article.title or "")) in titles
        same_issue = article.date in days and (not pages or not article.page or page_number(article.page) in pages)
        holds = any(words in fold(article.text) for words in quoted)
        if by_title and (not days or article.date in days or holds) or same_issue and holds:
            yield article


def _reprints(originals: Iterable[Article], snapshot: Snapshot) -> Iterator[Article]:
    for original in originals:
        opening = original.text[slice(*sentences(original.text)[0])][:20]
        for other in map(snapshot.articles.article, snapshot.words.holding(opening)[:20]):
            if other and other.id != original.id and not is_notice(other) and is_reprint(original, other):
                yield other
