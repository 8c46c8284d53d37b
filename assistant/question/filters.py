"""The filters that a question's slots mean, checked against the archive's own names, and how filters are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date

from assistant.language.dating import chinese_date
from assistant.language.eras import is_named
from assistant.language.pages import page_number
from assistant.language.periods import Period, asked_period
from assistant.language.text import fold
from assistant.question.intent import Intent, Slot
from assistant.schema import AS_TYPED, Filters

COMMENTS = ("评论", "社论", "言论", "时评")
_KIND_NAMES = {"comment": "评论", "caption": "图片和漫画", "news": "消息"}
SECTION_ENDS = ("栏目", "专栏", "专版", "版面", "版", "栏")
_IS_SOURCE = ("写的", "采写的", "撰写的", "的报道里", "的报道中", "报道里", "栏目里", "里说", "上说", "上的", "说", "中说", "的文章里", "采写")
"""What stands behind a name that says where a fact was reported: 陆青写的报道里, 云河日报上说."""

_ABOUT = ("关于", "有关", "提到", "涉及", "谈到", "写到", "讲到", "介绍", "说到", "对", "与", "和")
"""Behind one of these a time is what articles are about, and not when they were printed."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What a question's words are checked against: `newspapers` and `sections` as printed by their folded form,
    whether a folded string is an author, the kinds of articles there are, the newest ISO date ("" where unknown), the Chinese name that is
    spelled so in pinyin ("" for none), and the oldest ISO date."""

    newspapers: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    is_author: Callable[[str], bool] = lambda _: False
    kinds: frozenset[str] = frozenset()
    newest: str = ""
    name_of: Callable[[str], str] = lambda _: ""
    oldest: str = ""

    def slot_of(self, folded: str) -> str:
        """Which slot a folded string is a name of: "newspaper", "section" or "author"; "" for none."""
        if _newspaper(folded, self) and len(folded) > 1:
            return "newspaper"
        if folded in self.sections:
            return "section"
        return "author" if 2 <= len(folded) <= 8 and self.is_author(folded) else ""


def filters_of(question: str, intent: Intent, given: Filters, archive: Archive, today: date) -> tuple[Filters, list[str]]:
    """The given filters with those that the slots of a question about the archive name; and the slots' words that name
    nothing of the archive's own (they are part of the topic)."""
    filters, rest = given, []
    if "漫画" in question and "caption" in archive.kinds:
        filters = replace(filters, kind="caption")
    elif "comment" in archive.kinds and any(word in question for word in COMMENTS):
        filters = replace(filters, kind="comment")
    for slot in intent.slots:
        name = fold(slot.text)
        if slot.name == "author":
            filters = replace(filters, author=slot.text)
        elif slot.name == "newspaper":
            paper = _newspaper(name, archive)
            filters = replace(filters, newspaper=paper or slot.text)
        elif slot.name == "page" or slot.name == "section" and page_number(name):
            filters = replace(filters, page=page_number(name) or None)
        elif slot.name == "section":
            found = _section(name, archive)
            filters = replace(filters, **found)
            rest += [slot.text] if not found else []
    days = _period(question, archive, today)
    if days and not any(slot.name in ("topic", "title") and slot.start <= days.start < slot.end for slot in intent.slots):
        filters = replace(filters, **_days(days))
    return filters, rest


def days_apart(intent: Intent, question: str, archive: Archive, today: date) -> Intent:
    """The intent with a time that has a name (“十三五”期间, 民国二十三年) either as its topic, where it stands behind 关于 or
    ended before the archive begins, or not in it, where it says when the articles are to be printed."""
    days = _period(question, archive, today)
    if days is None or not is_named(question[days.start:days.end]):
        return intent
    others = tuple(slot for slot in intent.slots if slot.name not in ("topic", "date") or not (
        days.start <= slot.start + 1 and slot.end <= days.end + 2))
    about = question[:days.start].rstrip("“\"").endswith(_ABOUT) or days.last and days.last < archive.oldest[:len(days.last)]
    if about and not any(slot.name == "topic" for slot in others):
        others = (*others, Slot("topic", days.start, days.end, question[days.start:days.end]))
    return replace(intent, slots=others)


def sources_of(question: str, intent: Intent, given: Filters, archive: Archive, today: date) -> Filters:
    """The given filters with those that a question for a fact names beyond doubt: 陆青写的报道里, 评论里说, 11月以来.

    A year that dates the event is none, nor is a name that the archive does not know.
    """
    filters = given
    opening = next((word for word in COMMENTS if question.startswith(word)), "")
    if opening and question[len(opening):].startswith(_IS_SOURCE) and "comment" in archive.kinds:
        filters = replace(filters, kind="comment")
    for slot in intent.slots:
        after = question[slot.end:].lstrip("”\"")
        is_source = after.startswith(_IS_SOURCE)
        name = fold(slot.text)
        if slot.name == "author" and is_source and archive.is_author(name):
            filters = replace(filters, author=slot.text)
        elif slot.name == "newspaper" and is_source and (paper := _newspaper(name, archive)):
            filters = replace(filters, newspaper=paper)
        elif slot.name == "section" and is_source:
            filters = replace(filters, **_section(name, archive))
    days = _period(question, archive, today)
    if days and (not days.last or question[days.end:].startswith(("的报道", "的报纸", "的文章"))):
        filters = replace(filters, **_days(days))
    return filters


def _period(question: str, archive: Archive, today: date) -> Period | None:
    """The days that a question names; a newest article dated to its month may be of its last day."""
    return asked_period(question, today, archive.newest and archive.newest + "9999-12-31"[len(archive.newest):])


def _days(period: Period) -> dict[str, str | None]:
    return {"date_from": period.first or None, "date_to": period.last or None}


def read_beside(filters: Filters, given: Filters) -> Filters:
    """Those of the filters that were not given."""
    return Filters(**{one.name: value for one in fields(Filters)
                      if (value := getattr(filters, one.name)) != getattr(given, one.name)})


def set_aside(filters: Filters, given: Filters, names: frozenset[str]) -> Filters:
    """The filters with the named fields as they were given; all of them for AS_TYPED."""
    if AS_TYPED in names:
        return given
    return replace(filters, **{one.name: getattr(given, one.name) for one in fields(Filters) if one.name in names})


def described_filters(filters: Filters) -> str:
    """What the filters leave, in a phrase: 詹长松署名、“锐评”栏目、2025年11月; "" for none."""
    first, last = chinese_date(filters.date_from), chinese_date(filters.date_to)
    days = first if first == last else f"{first}以来" if not last else f"{last}以前" if not first else f"{first}至{last}"
    return "、".join(filter(None, (
        f"{filters.author}署名" if filters.author else "", f"“{filters.section}”栏目" if filters.section else "",
        filters.newspaper, f"第{filters.page.upper()}版" if filters.page else "",
        _KIND_NAMES.get(filters.kind or "", filters.kind), days)))


def _newspaper(name: str, archive: Archive) -> str:
    """The newspaper of that name, or the only one that ends so (晚报); "" for none."""
    ending = [paper for folded, paper in archive.newspapers.items() if folded.endswith(name)]
    return archive.newspapers.get(name) or (ending[0] if len(ending) == 1 else "")


def _section(name: str, archive: Archive) -> dict[str, str]:
    """The filter that a section's name means, with or without 栏目 and 版 behind it; {} where the archive has none."""
    bare: Sequence[str] = [name, *(name.removesuffix(end) for end in SECTION_ENDS if name.endswith(end))]
    if section := next((archive.sections[one] for one in bare if one in archive.sections), ""):
        return {"section": section}
    comment = any(one in COMMENTS for one in bare) and "comment" in archive.kinds
    return {"kind": "comment"} if comment else {}
