"""What a question says about the publication: by whom, when, in which section; and whether it asks for articles.

A question is peeled from its opening: 张苗 / 11月 / “锐评”栏目 are checked against the archive and become filters,
and what is left is a list question (写了哪些报道), a topic (提到骑手的报道) or the fact asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from assistant.language.dating import chinese_date
from assistant.schema import Filters
from assistant.language.text import HAN

PIECES = r"(?:新闻报道|报道|文章|新闻(?!发布|媒体|网|社|中心|联播|记者|奖)|稿件|稿子|评论(?!区|员)|社论|言论|时评|消息|篇目|作品|漫画|articles?)"
COMMENTS = ("评论", "社论", "言论", "时评")
_ANY = r"(?:哪些|什么|啥|哪一?几?(?:篇|条)|几(?:篇|条)|多少(?:篇|条)?)"
_ABOUT = r"(?:关于|有关|涉及|提到|提及|谈到|谈及|谈|讲到|讲述|讲|说到|写到|写|介绍|报道|反映)"
_TAIL = rf"(?:(?:都|一共|总共|共|分别)*(?:有|是|在)?(?:{_ANY}|吗|没有|哪里?|呢))"
_FIND = re.compile(r"(?:请|帮我|帮忙|麻烦|给我|给出|告诉我|我想|我要|想|能不能|可以|查询|查找|查|搜索|搜|找出|找|列出|列举|列|看看|看|推荐|"
                   r"有没有|有无|是否有|有(?!关)|所有的?|全部的?|几篇|一些|一下|下)*")
_IN_ARCHIVE = re.compile(r"(?:这里|这份|报纸|报上|你们|报库|库|资料库|数据库|档案|目前|现在)+(?:里|上|中)?(?!道)")
_VERB = r"(?:采写|撰写|写|采访|发表|刊发|刊登|发|登载|登|报道(?=过|了)|收录|收|存|创作|画|署名|有)"
_NO_TOPIC = re.compile(rf"{_ANY}|谁|哪|怎|如何|为何|几|吗|概括|总结|介绍一?下|[这那](?:篇|则|条|个|幅)|时间|讲了|^\d+月")
_KIND_NAMES = {"comment": "评论", "caption": "图片和漫画", "news": "消息"}
TOPIC_CHARACTERS = 14

_PLAIN_LIST = re.compile(
    rf"(?:都|一共|总共|共|还)*(?P<verb>{_VERB})?(?:过|了|的)*(?P<any>{_ANY}|所有|全部)?的?(?P<pieces>{PIECES})?(?P<tail>{_TAIL})?")
_TOPICS = tuple(map(re.compile, (
    rf"(?:{_ANY})?{PIECES}(?:里|中|都|会|有)*{_ABOUT}(?:过|了|到)*(?P<topic>.+)",
    rf"(?:{_VERB}(?:过|了)*)?(?:{_ANY})?{_ABOUT}(?:过|了)*(?P<topic>.+?)(?:方面|有关|相关)?的?(?:相关)?(?:{_ANY})?{PIECES}{_TAIL}?",
    rf"(?:{_ANY})?(?:跟|与|和|同)(?P<topic>.+?)(?:有关|相关)的?(?:{_ANY})?{PIECES}{_TAIL}?",
    rf"(?P<topic>[^，,。]+?)(?:方面|有关|相关)?的(?:相关)?(?:{_ANY})?{PIECES}{_TAIL}?",
    r"(?:有没有|是否|曾)*(?:写|报道|登|刊登|提|讲|谈)(?:到|过|了)+(?P<topic>.+?)(?:吗|没有|没)",
)))
_HAPPENED = re.compile(r"(?:都|一共)?(?:有|举办了?|开展了?|举行了?|办了?)(?:哪些|什么|啥)(?:大|重要)?(?P<topic>活动|会议|演出|比赛|讲座|事情|大事|事)")
_NO_SUBJECT = frozenset(("事情", "大事", "事"))

_DATE = (r"(?:(?:\d{4}年|今年|去年|前年)(?:\d{1,2}月份?|[上下]半年)?(?:\d{1,2}[日号])?|\d{1,2}月份?(?:\d{1,2}[日号])?|"
         r"本月|这个?月|上个?月|今天|昨天|前天|[上下]半年)")
_DATES = re.compile(rf"(?:在|从|自)?(?P<date>{_DATE}(?:[到至—-]{_DATE})?(?:以来|至今|之后|以后|之前|以前)?|最近|近期|最新)(?:期间|这天|当天)?(?:里|中|间)?的?")
_SINCE = re.compile(rf"(?:自|从)?(?P<date>{_DATE}(?:以来|至今))")
_IN_PIECES = rf"(?:的?(?:那篇|这篇|相关)?{PIECES}|的?报纸)"
_SAYS = r"(?:里面?|中|上面?|说|提到|显示|称)"
_SOURCES = {
    "author": re.compile(rf"(?:记者|老师)?(?:(?:采写|撰写|写|署名)过?的(?:{PIECES})?{_SAYS}?|{_IN_PIECES}{_SAYS})"),
    "section": re.compile(rf"[”\"]?(?:栏目|专栏|版面|版)(?:{_IN_PIECES})?{_SAYS}"),
    "newspaper": re.compile(rf"(?:{_IN_PIECES})?{_SAYS}"),
}
"""What must follow a known name for it to be where the fact was reported."""
_NAME = rf"[{HAN}A-Za-z·•]"


@dataclass(frozen=True, slots=True)
class Archive:
    """What a question's words are checked against: `knows("author", "张三")`, the day of asking, and the
    ISO date of the newest article ("" where unknown)."""

    knows: Callable[[str, str], bool]
    today: date
    newest: str = ""


def listing(text: str, filters: Filters, archive: Archive) -> tuple[Filters, str] | None:
    """The filters and the topic ("" for none) of a squeezed question that asks for articles, or None."""
    found = _FIND.match(text)
    finds, rest = bool(found and found.group()), text[found.end() if found else 0:]
    inside = _IN_ARCHIVE.match(rest)
    rest = rest[inside.end():] if inside else rest
    chosen, rest, recent = _peeled(rest, filters, archive)
    peeled = chosen != filters or recent
    chosen = _with_kind(chosen, rest, archive)
    if (match := _PLAIN_LIST.fullmatch(rest)) and rest:
        authored = chosen.author != filters.author or recent or chosen.section != filters.section
        named = match["pieces"] or authored and (match["verb"] or "有") != "有" or text.find("栏目") > 0
        if named and (match["any"] or match["tail"] or finds or peeled):
            return chosen, ""
    if peeled and (chosen.date_from or chosen.date_to) and (match := _HAPPENED.fullmatch(rest)):
        return chosen, "" if match["topic"] in _NO_SUBJECT else match["topic"]
    for pattern in _TOPICS:
        if match := pattern.fullmatch(rest):
            topic = match["topic"].strip("的了过吗呢？?“”\"")
            if topic and len(topic) <= TOPIC_CHARACTERS and not _NO_TOPIC.search(topic):
                return chosen, topic
    return None


def sources_named(text: str, filters: Filters, archive: Archive) -> Filters:
    """The filters, with those that a squeezed question for a fact names beyond doubt in its opening.

    詹长松写的报道里…, 评论里说…, 焦作日报上…, 2025年的报道里… and 11月以来…; never a year that dates the event.
    """
    dated = _SINCE.match(text) or re.match(rf"(?P<date>{_DATE}){_IN_PIECES}{_SAYS}", text)
    if dated:
        filters = replace(filters, **(date_filter(dated["date"], archive.today, archive.newest) or {}))
    for field, follows in _SOURCES.items():
        named = (name for name, end in _known_prefixes(text, field, archive) if follows.match(text, end))
        if name := next(named, ""):
            return replace(filters, **{field: name})
    if re.match(rf"(?:报纸上?的?|报上的?)?(?:{'|'.join(COMMENTS)})(?:文章)?{_SAYS}", text) and archive.knows("kind", "comment"):
        return replace(filters, kind="comment")
    return filters


def described_filters(filters: Filters) -> str:
    """What the filters leave, in a phrase: 詹长松署名、“锐评”栏目、2025年11月; "" for none."""
    first, last = chinese_date(filters.date_from), chinese_date(filters.date_to)
    days = first if first == last else f"{first}以来" if not last else f"{last}以前" if not first else f"{first}至{last}"
    return "、".join(filter(None, (
        f"{filters.author}署名" if filters.author else "", f"“{filters.section}”栏目" if filters.section else "",
        filters.newspaper, _KIND_NAMES.get(filters.kind or "", filters.kind), days)))


def _peeled(text: str, filters: Filters, archive: Archive) -> tuple[Filters, str, bool]:
    """The filters set by the names and dates that open a list question, the rest, and whether the latest are wanted."""
    recent = False
    while True:
        if match := _DATES.match(text):
            days = date_filter(match["date"], archive.today, archive.newest)
            recent = recent or days is None
            filters, text = replace(filters, **(days or {})), text[match.end():]
            continue
        for field, follows in (("author", rf"(?:记者|老师)?(?=都|一共|总共|共|{_VERB}|的|有没有|是否|最近|\d|{PIECES})"),
                               ("section", r"[”\"]?(?:栏目|版面|专栏|版)?(?:上|里|中)?(?=的|有|都|登|刊|发|一共|共|最近|什么|哪|\d)"),
                               ("newspaper", r"(?:上|里)?(?=的|有|都|登|刊|发|报道|写|一共|共|最近|\d)")):
            step = next(((name, match) for name, end in _known_prefixes(text, field, archive)
                         if (match := re.compile(follows).match(text, end))), None)
            if step:
                filters, text = replace(filters, **{field: step[0]}), text[step[1].end():]
                break
        else:
            return filters, re.sub(r"^(?:有没有|是否)(?=写|登|发|报道|采)", "", text), recent


def _known_prefixes(text: str, field: str, archive: Archive) -> list[tuple[str, int]]:
    """The names at the opening of `text` that the archive knows, longest first, each with where it ends."""
    start = len(re.match(r"(?:记者|作者|通讯员|署名(?:为|是)?|由)?[“\"]?", text).group())  # type: ignore[union-attr]
    run = re.compile(rf"{_NAME}{{2,12}}").match(text, start)
    longest = len(run.group()) if run else 0
    ends = range(start + longest, start + 1, -1)
    return [(text[start:end], end) for end in ends if archive.knows(field, text[start:end])]


def _with_kind(filters: Filters, text: str, archive: Archive) -> Filters:
    """With the kind that the pieces asked for are of, where the archive has such."""
    kind = "comment" if re.search("|".join(COMMENTS), text) else "caption" if "漫画" in text else ""
    return replace(filters, kind=kind) if kind and archive.knows("kind", kind) else filters


def date_filter(phrase: str, today: date, newest: str = "") -> dict[str, str | None] | None:
    """The `date_from` and `date_to` that a phrase such as 2025年11月, 11月, 今年, 上个月, 昨天 means; or None.

    A month without a year is the last one that has begun by `today` and, where known, by the `newest` article.
    """
    spans = [span for part in re.split(r"[到至—-](?!今)", phrase) if (span := _span(part, today, newest))]
    if not spans:
        return None
    if re.search(r"以来|至今|之后|以后", phrase):
        return {"date_from": spans[0][0]}
    if re.search(r"之前|以前", phrase):
        return {"date_to": spans[0][0]}
    return {"date_from": spans[0][0], "date_to": spans[-1][1]}


def _span(phrase: str, today: date, newest: str) -> tuple[str, str] | None:
    """The first and last ISO date of one date phrase."""
    if match := re.search(r"[今昨前]天", phrase):
        day = (today - timedelta("今昨前".index(match.group()[0]))).isoformat()
        return day, day
    match = re.search(r"(?:(\d{4})年|(今年|去年|前年))?(?:(\d{1,2})月|([上下])半年)?份?(?:(\d{1,2})[日号])?", phrase)
    written, relative, month, half, day = match.groups()  # type: ignore[union-attr]
    year = int(written) if written else today.year - ("今年", "去年", "前年").index(relative) if relative else None
    if re.search(r"本月|这个?月|上个?月", phrase):
        back = today.year * 12 + today.month - 1 - ("上" in phrase)
        year, month = back // 12, str(back % 12 + 1)
    if half:
        year = year or today.year
        return (f"{year}-01", f"{year}-06") if half == "上" else (f"{year}-07", f"{year}-12")
    if year is None and month is None or month and not 1 <= int(month) <= 12:
        return None
    latest = min(today.isoformat()[:7], (newest or "9999")[:7])
    year = year or int(latest[:4]) - (len(latest) > 4 and int(month) > int(latest[5:7]))
    span = f"{year}" + (f"-{int(month):02d}" if month else "") + (f"-{int(day):02d}" if month and day else "")
    return span, span
