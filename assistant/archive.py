"""Questions about the archive itself, answered from all its articles: lists, counts, rankings, first and latest reports,
what is covered, what a piece says, who wrote it, timelines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from assistant import answers
from assistant.answers import Listed
from assistant.catalogue import Found, catalogue, matching
from assistant.corpus.joining import is_bare_teaser, is_torn
from assistant.index.articles import Entry
from assistant.index.snapshot import Snapshot
from assistant.language.dating import chinese_date
from assistant.language.pages import page_number
from assistant.language.text import fold, squeeze
from assistant.question.analysis import SURELY, Question, own_words
from assistant.question.follow_up import LISTED
from assistant.reading.reader import Reading
from assistant.reading.timeline import timeline
from assistant.retrieval import distinct_articles
from assistant.schema import Answer, Article, Coverage, Passage

LINES = 12
"""Lines of a count or a ranking; more are summed up."""
DAYS = 92
"""An archive of no more days tells which of them are missing, a longer one which months."""
STRAY = 0.001
"""Months at either end with a smaller share of the articles hold stray dates and are no part of what is covered."""
_WHICH_PAGE = ("哪一版", "哪个版", "哪版", "第几版")
_POINTED_AT = ("这篇", "那篇", "该篇", "上述", "这条", "那条", "这则", "那则", "这个报道", "这幅", "那幅")


def about_archive(question: Question, passages: Sequence[Passage], snapshot: Snapshot,
                  coverage: Coverage) -> Answer | None:
    """The answer to a question about the archive; None where it asks for a fact, or must be read for like one."""
    if any(word in question.search for word in _WHICH_PAGE):
        return _page_of(question, passages)
    answered = {"list": _list, "count": _count, "ranking": _ranking, "latest": _ends, "earliest": _ends,
                "coverage": _coverage}.get(question.kind)
    if answered:
        found = matching(snapshot, question.topic, question.filters)
        if not found.entries:
            refused = answers.refusal(question, Reading(), passages, coverage)
            return refused if question.confidence >= SURELY or question.filters else None
        if question.counts and (things := _things(question, _of_one_issue(question, found), snapshot)):
            return things.with_(passages=tuple(passages))
        return answered(question, found, snapshot, coverage).with_(passages=tuple(passages))
    if question.kind == "timeline":
        found = matching(snapshot, question.topic, question.filters)
        rows = timeline(question.topic, _articles(snapshot, found.entries[:LISTED * LISTED]))
        return answers.timeline(question, rows).with_(passages=tuple(passages)) if rows else None
    if question.kind not in ("gist", "byline"):
        return None
    if not question.completed and squeeze(question.search).startswith(_POINTED_AT) and not own_words(squeeze(question.search)[2:]):
        return answers.which_piece(question)
    return _about_piece(question, passages, coverage)


def _page_of(question: Question, passages: Sequence[Passage]) -> Answer | None:
    """The page of the article that a question names or tells of, not of what only announces it; None where none is clear."""
    pieces = [one.article for one in distinct_articles(passages) if one.article.page and tells_of(one.article, question.search)]
    asked = squeeze(fold(question.search))
    piece = next((one for one in pieces if _is_named(one, asked) and not is_torn(one)), None) \
        or next((one for one in pieces if not is_torn(one)), None)
    return answers.on_page(question, piece, passages) if piece else None


def _list(question: Question, found: Found, snapshot: Snapshot, coverage: Coverage) -> Answer:
    return answers.articles(question, _listed(question, found, snapshot), coverage)


def _count(question: Question, found: Found, snapshot: Snapshot, coverage: Coverage) -> Answer:
    """How many, and where the question says by what, how many of each."""
    lines: tuple[str, ...] = ()
    if key := _counted_by(question.by):
        counts = Counter(name for entry in found.entries for name in key(entry))
        in_order = sorted(counts) if _is_time(question.by) else [name for name, _ in counts.most_common()]
        rows = ((_told(question.by, name), f"{counts[name]} 篇") for name in in_order[:LINES])
        lines = tuple(map(answers.table_line, ((_column(question.by), "篇数"), *rows)))
    return answers.articles(question, replace(_listed(question, found, snapshot), lines=lines), coverage)


def _things(question: Question, found: Found, snapshot: Snapshot) -> Answer | None:
    """How many issues, pages, authors, sections, newspapers, days or months the articles are of, each with its articles; None
    where they do not tell."""
    key, column, measure = _THINGS[question.counts]
    counts = Counter(name for entry in found.entries for name in key(entry))
    if not counts:
        return None
    by_number = question.counts in ("author", "section", "newspaper")
    names = [name for name, _ in counts.most_common()] if by_number else sorted(counts, reverse=question.counts != "page")
    rows = ((_thing(name), f"{counts[name]} 篇") for name in names[:LINES])
    lines = tuple(map(answers.table_line, ((column, "篇数"), *rows)))
    about = answers.described_list(question) or "报库的"
    more = f"（前 {LINES} 个见下）" if len(names) > LINES else ""
    listed = _listed(replace(question, oldest=False), found, snapshot)
    shown = f"这 {len(found.entries)} 篇报道" + (f"，最近的 {len(listed.shown)} 篇是：" if listed.total > len(listed.shown) else "是：")
    return answers.told_first(question, f"{about}报道出自 ", f"{len(counts)} {measure}{more}", replace(listed, lines=lines, heading=shown))


def _day(entry: Entry) -> tuple[str, ...]:
    return (entry.date,) if entry.date and len(entry.date) == len("2025-11-18") else ()


_THINGS: dict[str, tuple[Callable[[Entry], Sequence[str]], str, str]] = {
    "issue": (lambda entry: [f"{day} {entry.newspaper or ''}" for day in _day(entry)], "期", "期报纸"),
    "page": (lambda entry: [f"{day} {entry.newspaper or ''} 第{page_number(entry.page).upper():>3}版"
                            for day in _day(entry) or ("",) if page_number(entry.page)], "版", "个版"),
    "author": (lambda entry: entry.authors, "作者", "位作者"),
    "section": (lambda entry: (entry.section,) if entry.section else (), "栏目", "个栏目"),
    "newspaper": (lambda entry: (entry.newspaper,) if entry.newspaper else (), "报纸", "家报纸"),
    "day": (_day, "日期", "天"),
    "month": (lambda entry: (entry.date[:7],) if entry.date and len(entry.date) >= 7 else (), "月份", "个月")}
"""What the archive counts: which of them an article is of (an issue is a newspaper's day, a page a page of an issue), how
they are headed, and their measure word."""
_ONE_ISSUE = {"最新一期": 0, "最近一期": 0, "最后一期": 0, "最早一期": -1, "第一期": -1}


def _thing(name: str) -> str:
    """A counted thing as it is shown: days as the paper writes them."""
    return " ".join(chinese_date(part) or part for part in name.replace("第 ", "第").replace("第 ", "第").split())


def _of_one_issue(question: Question, found: Found) -> Found:
    """The articles of the newest or the oldest day, where a question names one issue only."""
    at = next((at for words, at in _ONE_ISSUE.items() if words in question.search), None)
    days = sorted({day for entry in found.entries for day in _day(entry)}, reverse=True)
    if at is None or not days:
        return found
    return replace(found, entries=tuple(entry for entry in found.entries if entry.date == days[at]))


def _ranking(question: Question, found: Found, snapshot: Snapshot, coverage: Coverage) -> Answer:
    """By whom, where or when most was written, and the articles of the first."""
    key = _counted_by(question.by or "记者")
    if key is None:
        return Answer(question.text, f"报库不能按“{question.by}”排名，可以按记者、栏目、版面、报纸、年、月、日排，如“哪个记者写得最多”。",
                      "hint", refused=True)
    counts = Counter(name for entry in found.entries for name in key(entry))
    if not counts:
        return answers.refusal(question, Reading(), (), coverage)
    most = max(counts.values())
    first = [name for name, n in counts.items() if n == most]
    rows = ((str(place), _told(question.by, name), f"{n} 篇") for place, (name, n) in enumerate(counts.most_common(LINES), 1))
    lines = tuple(map(answers.table_line, (("名次", _column(question.by), "篇数"), *rows)))
    theirs = tuple(entry for entry in found.entries if set(key(entry)) & set(first))
    listed = _listed(question, replace(found, entries=theirs), snapshot)
    about = answers.described_list(question)
    return answers.told_first(question, f"{about}{len(found.entries)} 篇报道里，最多的是", "、".join(
        _told(question.by, name) for name in first[:LINES]) + f"，{most} 篇",
        replace(listed, lines=lines, heading=f"{'、'.join(_told(question.by, name) for name in first[:3])}的报道："))


def _ends(question: Question, found: Found, snapshot: Snapshot, coverage: Coverage) -> Answer:
    """The newest or the oldest article; without a topic or an author all of that day."""
    dated = [entry for entry in found.entries if entry.date]
    if not dated:
        return answers.refusal(question, Reading(), (), coverage)
    earliest = question.kind == "earliest"
    end = dated[-1 if earliest else 0].date
    same_day = tuple(entry for entry in dated if entry.date == end)
    listed = _listed(question, replace(found, entries=same_day), snapshot)
    about = answers.described_list(question)
    what = f"{about}{'最早' if earliest else '最近'}的报道" if about else "报库里最早的报道" if earliest else "最近一期报纸"
    shown = replace(listed, heading="即：" if len(same_day) == 1 else f"这一天的 {len(same_day)} 篇：")
    return answers.told_first(question, f"{what}是 ", chinese_date(end) + " 的" * (not about and earliest), shown)


def _coverage(question: Question, found: Found, snapshot: Snapshot, coverage: Coverage) -> Answer:
    """How many articles of which newspapers and dates, and which dates are missing."""
    entries = found.entries
    papers = Counter(entry.newspaper for entry in entries if entry.newspaper)
    lines = [f"{paper}：{n} 篇，{_span(entry for entry in entries if entry.newspaper == paper)}"
             for paper, n in papers.most_common(LINES)] or [f"日期：{_span(entries)}"]
    lines += _missing([entry.date for entry in entries if entry.date])
    sections = Counter(entry.section for entry in entries if entry.section)
    if sections:
        lines.append("栏目：" + "、".join(f"{name}（{n}）" for name, n in sections.most_common(LINES)))
    return answers.articles(question, replace(_listed(question, found, snapshot), lines=tuple(lines)), coverage)


def _listed(question: Question, found: Found, snapshot: Snapshot) -> Listed:
    """The page of the list that the question asks for."""
    entries = found.entries[::-1] if question.oldest else found.entries
    shown = _articles(snapshot, entries[question.offset:question.offset + LISTED])
    known = catalogue(snapshot).by_id
    reprints = {article.id: tuple(" ".join(filter(None, (known[other].newspaper, chinese_date(known[other].date)))) or other
                                  for other in found.reprints[article.id]) for article in shown if article.id in found.reprints}
    return Listed(len(entries), tuple(shown), reprints, found.parts, names=found.names)


def _articles(snapshot: Snapshot, entries: Iterable[Entry]) -> list[Article]:
    return [article for entry in entries if (article := snapshot.articles.article(entry.id))]


def _counted_by(by: str) -> Callable[[Entry], Sequence[str]] | None:
    """What of an article is counted for 记者, 栏目, 版面, 报纸, 年, 月 or 日; None for what the archive does not hold."""
    word = fold(by)
    if not word:
        return None
    if word in ("谁", "人") or any(name in word for name in ("记者", "作者", "通讯员", "署名", "author", "reporter")):
        return lambda entry: entry.authors
    if any(name in word for name in ("栏目", "专栏", "section")):
        return lambda entry: (entry.section,) if entry.section else ()
    if "版" in word or "page" in word:
        return lambda entry: (page_number(entry.page),) if page_number(entry.page) else ()
    if "报" in word and "报道" not in word or "paper" in word:
        return lambda entry: (entry.newspaper,) if entry.newspaper else ()
    if length := _is_time(by):
        return lambda entry: (entry.date[:length],) if entry.date and len(entry.date) >= length else ()
    return None


def _is_time(by: str) -> int:
    """Characters of an ISO date that 年, 月 or 日 is told by; 0 for what is no time."""
    return next((length for words, length in ((("年", "year"), 4), (("月", "month"), 7), (("天", "日", "day"), 10))
                 if fold(by).startswith(words)), 0)


def _column(by: str) -> str:
    """What heads the column of what is counted."""
    return by if by and by not in ("谁", "人") else "记者"


def _told(by: str, name: str) -> str:
    if _is_time(by):
        return chinese_date(name)
    return f"第{name.upper()}版" if "版" in by else name


def _span(entries: Iterable[Entry]) -> str:
    """From when to when most of the articles are."""
    days = sorted(entry.date for entry in entries if entry.date)
    if not days:
        return "没有日期"
    months = Counter(day[:7] for day in days)
    kept = [day for day in days if months[day[:7]] >= STRAY * len(days)]
    first, last = chinese_date(kept[0]), chinese_date(kept[-1])
    span = first if first == last else f"{first}至{last}"
    stray = len(days) - len(kept)
    return span + (f"（另有 {stray} 篇日期在此之外）" if stray else "")


def _missing(days: Sequence[str]) -> list[str]:
    """Which days, or of a long archive which months, no article is of."""
    months = Counter(day[:7] for day in days)
    held = sorted(day for day in set(days) if months[day[:7]] >= STRAY * len(days) and len(day) == 10)
    if len(held) < 2:
        return []
    first, last = date.fromisoformat(held[0]), date.fromisoformat(held[-1])
    if (last - first).days <= DAYS:
        gone = [day for n in range((last - first).days) if (day := (first + timedelta(n)).isoformat()) not in set(held)]
        return [f"其间没有报道的日子有 {len(gone)} 天：" + "、".join(map(chinese_date, gone[:LINES])) + "……" * (len(gone) > LINES)
                if gone else "其间每天都有报道。"]
    every = [f"{year}-{month:02d}" for year in range(first.year, last.year + 1) for month in range(1, 13)]
    gone = [month for month in every if held[0][:7] < month < held[-1][:7] and month not in months]
    return ["其间没有报道的月份：" + "、".join(map(chinese_date, gone[:LINES])) + "……" * (len(gone) > LINES)
            if gone else "其间每个月都有报道。"]


def _about_piece(question: Question, passages: Sequence[Passage], coverage: Coverage) -> Answer | None:
    """The gist or byline of the article that the question names by its title, else of the best found.

    None where a 《title》 is no article's but stands in one: it is a work that was written about. A refusal
    where it is nowhere.
    """
    asked = squeeze(fold(question.search))
    if any(is_bare_teaser(passage.article.text) and _is_named(passage.article, asked) for passage in passages):
        return answers.refusal(question, Reading(), passages, coverage)
    passages = [passage for passage in passages if not is_bare_teaser(passage.article.text)]
    piece = next((passage.article for passage in passages if _is_named(passage.article, asked)), None)
    title = asked.partition("《")[2].partition("》")[0]
    if piece is None and title:
        if any(title in squeeze(fold(f"{passage.article.title}{passage.article.text}")) for passage in passages):
            return None
    elif piece is None and passages:
        piece = passages[0].article
    if piece is None or not (title or question.completed or tells_of(piece, question.search)):
        return answers.refusal(question, Reading(), passages, coverage)
    if question.kind == "gist":
        return answers.gist(question, piece, passages)
    return answers.byline(question, piece, passages, coverage)


def tells_of(piece: Article, question: str) -> bool:
    """Whether a piece holds any of the words by which a question names it; true of one that names none."""
    own = own_words(question)
    return not own or any(word in fold(f"{piece.title or ''}{piece.text}") for word in own)


def _is_named(article: Article, asked: str) -> bool:
    """Whether a folded, squeezed question holds the article's title, a line of it, or the opening in its place."""
    heading = fold(article.heading.rstrip("…"))
    return squeeze(heading) in asked or any(len(part) > 3 and part in asked for part in heading.split())
