"""Questions that stand only after others: whether one does, and the same question as it would stand alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import takewhile

from assistant.language import lexicon
from assistant.language.named import named
from assistant.language.numerals import value
from assistant.language.periods import whens
from assistant.language.quantities import dates
from assistant.language.text import content, fold, squeeze, words
from assistant.question.intent import SHIPPED, Intent, IntentModel, Known
from assistant.question.wanted import wants
from assistant.schema import Turn

LISTED = 10
"""Articles named in a list at a time."""
SUBJECT = 5
"""Characters of names that say what a question is about; of a shorter one all that does not ask is taken along, as it is
where the follow-up has no word of its own (为什么)."""
TURNS_READ = 6
"""Turns gone back through for what 它 or 那陆青呢 points at."""
_LISTED = re.compile(r"^(?:《(?P<title>.+?)》|“(?P<opening>.+?)”)(?:，.*)?\[\d+\]$", re.MULTILINE)
"""A line of a list of articles, as answers write it."""
_NUMERALS = "一二两三四五六七八九十"
_TITLES = re.compile(r"《([^》]+)》")
_WORDS = {name: tuple(sorted(words.split(), key=len, reverse=True)) for name, words in lexicon.rows("follow_ups.tsv")}
_POINTING = ("他", "她", "它", "这", "该", "那", "其中", "前者", "后者", "此")
_OPENERS = ("那", "还", "再", "比", "换", "只", "不", "都", "然后", "以前", "之前", "后来", "现在")
_IT = ("它",)
_DAYS_ON = {"第二天": 1, "次日": 1, "隔天": 1, "后一天": 1, "前一天": -1, "头一天": -1}
_ASKERS = ("谁", "几", "多少", "哪", "为什么", "为啥", "怎么", "在哪", "什么", "啥", "有", "能", "要", "可以", "多大", "多", "结果")


def bare(question: str) -> str:
    """The question folded, without the marks around it."""
    return fold(question).strip(" ？?！!。.，,~～")


def takes_back(question: str) -> bool:
    """Whether a bare question sets the last one right: 不对，我问的是…"""
    return bool(_set_right(question))


def _set_right(question: str) -> str:
    """What a question that sets the last one right asks for instead; "" where it does not."""
    denied = _cut(question, "denial")
    rest = denied.lstrip("".join(_WORDS["filler"]) + " ")
    if (asked := _cut(rest, "set_right")) != rest:
        return asked.strip(" ，,")
    mark = next((at for at in (question.find("，"), question.find(",")) if at > 0), 0)
    if denied != question and question.startswith("不是") and mark:  # 不是问隧道，问桥
        behind = question[mark + 1:].strip()
        return rest if (rest := _cut(behind, "not_but")) != behind else ""
    if question.startswith("是") and mark and question[mark + 1:].startswith("不是"):
        return question[1:mark]
    return ""


def asks_for_more(question: str) -> bool:
    """Whether a bare question asks for the rest of a list: 还有呢, 下一页."""
    rest = squeeze(question)
    for opening in ("那", "请"):
        rest = rest.removeprefix(opening)
    more = _cut(rest, "more")
    if more == rest:
        return False
    while (shorter := _cut(more, "more_rest")) != more:
        more = shorter
    return not more


def _cut(text: str, words: str) -> str:
    """The text without the longest of the words that it begins with."""
    return next((text[len(word):] for word in _WORDS[words] if text.startswith(word)), text)


def _opened(question: str) -> str:
    """A question without the word that joins it to the turn before (那, 另外), which may be part of another (那些)."""
    rest = _cut(question, "opening")
    if rest == question or rest.startswith(_WORDS["opening_not"]) and not question.startswith(("只", "换")):
        return question
    return rest.lstrip("，,")


def _ended(text: str) -> str:
    """A text without 呢, or what stands with it, at its end."""
    return next((text.removesuffix(end) for end in _WORDS["ending"] if text.endswith(end)), text)


def _pronoun(text: str) -> tuple[int, int] | None:
    """Where a person is pointed at; None for nowhere."""
    hidden = text
    for word in _WORDS["pronoun_not"]:
        hidden = hidden.replace(word, "　" * len(word))
    return next(((at, at + len(word)) for word in _WORDS["pronoun"] if (at := hidden.find(word)) >= 0), None)


def listed(answer: str) -> int:
    """How many articles an answer lists."""
    return len(_LISTED.findall(answer))


def picked(question: str, history: Sequence[Turn]) -> str:
    """第二篇讲了什么 with the second article of the list last shown in its place; "" where there is none."""
    place = _place(squeeze(question))
    titles = next((found for turn in reversed(history) if (found := _titles(turn.answer))), [])
    if place is None or not -len(titles) <= place[0] < len(titles):
        return ""
    rest = place[1]
    return f"《{titles[place[0]]}》" + (rest if rest.strip("呢吧啊") else "讲了什么")


def _titles(answer: str) -> list[str]:
    """The titles, or the openings in their place, of the articles that an answer lists: one a line, or several 《》 in all."""
    rows = [row["title"] or row["opening"].rstrip("…") for row in _LISTED.finditer(answer)]
    named_in = _TITLES.findall(answer)
    return rows or (named_in if len(named_in) > 1 else [])


def _place(question: str) -> tuple[int, str] | None:
    """Which of a list a squeezed question points at (第二篇: 1, 最后一篇: -1), and what it asks of it; None for none."""
    while (shorter := _cut(question, "pick_before")) != question:
        question = shorter
    if question.startswith("第"):
        number = "".join(takewhile(lambda character: character.isdigit() or character in _NUMERALS, question[1:4]))
        n, rest = value(number) if number else None, question[1 + len(number):]
        place = int(n) - 1 if n else None
    else:
        ends = [(-1, word) for word in _WORDS["last"]] + [(0, word) for word in _WORDS["first"]]
        place, word = next(((at, word) for at, word in ends if question.startswith(word)), (None, ""))
        rest = question[len(word):]
    piece = _cut(rest, "piece")
    return None if place is None or piece == rest else (place, _cut(piece, "piece_word"))


def other_subject(question: str) -> str:
    """陆青 in 那陆青呢, 换成陆青, 不对，我问的是陆青; "" where a question is not such a one."""
    if right := _set_right(question):
        return right
    squeezed = squeeze(question)
    rest = _opened(squeezed)
    if not (squeezed.endswith("呢") or rest != squeezed and len(rest) <= 8 and content(rest).strip() == rest):
        return ""
    rest = _ended(rest)
    return rest if 1 < len(rest) <= 12 and " " not in content(rest).strip() else ""


def features(question: str, history: Sequence[Turn], intent: Intent) -> list[float]:
    """What tells whether a bare question stands alone, each number between 0 and 1 or so."""
    own = [word for word in words(content(question)) if len(word) > 1]
    before = fold("".join(turn.question + turn.answer for turn in history))
    answers = [turn.answer for turn in history]
    known = [word for word in own if word in before]
    subject = intent.first("topic") or intent.first("title") or intent.first("author")
    return [
        1.0, min(len(question), 20) / 10, min(len(own), 4) / 2, min(len(own) - len(known), 3) / 2, min(len(known), 2) / 2,
        bool(named(question)), question.startswith(_OPENERS), question.endswith("呢"), any(one in question for one in _POINTING),
        question.startswith(_ASKERS), question.endswith(("没", "不", "吗", "么", "没有")), bool(subject), min(len(subject), 6) / 4,
        bool(subject) and question.startswith(subject), bool(subject) and squeeze(subject) in squeeze(before),
        intent.kind in ("list", "count", "coverage", "ranking") and bool(subject), takes_back(question),
        intent.kind in ("list", "count", "coverage", "ranking") and not subject and not any(map(listed, answers)),
        intent.kind in ("coverage", "help", "chitchat"),
        sum(map(len, own)) < 4, "?" in question or len(question) <= 4]


@cache
def _weights() -> tuple[float, ...]:
    return tuple(json.loads((SHIPPED / "follow_up.json").read_text(encoding="utf-8"))["weights"])


def depends(question: str, history: Sequence[Turn], intent: Intent) -> bool:
    """Whether a bare question cannot stand without the turns before it (a logistic regression)."""
    if history and says_when(other_subject(question)):
        return True
    if not history or intent.kind in ("greeting", "thanks"):
        return False
    if other_subject(question):
        return True
    if wants(question) != "what" and not content(question).strip() or question.startswith(_IT):
        return True  # 为什么, 在哪里: nothing to look for by itself
    score = math.fsum(weight * value for weight, value in zip(_weights(), features(question, history, intent), strict=True))
    return score > 0


def whole(question: str, before: str, history: Sequence[Turn], model: IntentModel, known: Known) -> str:
    """A bare question that depends on `before`, the last one made whole, as it stands alone.

    以前呢 asks it of another time; 那乙社区呢 takes the place of 甲社区; 他 is the person last spoken of; else what `before` is about is set before it.
    """
    before = bare(before)
    other = other_subject(question)
    if other and says_when(other) and not whens(before):
        return f"{other}{before}"
    if other and (swapped := _swapped(before, other, known)):
        return swapped
    for turn in reversed(history[:-1]) if other else ():  # 男子冠军是谁 – 他是哪个单位的 – 女子冠军呢
        if swapped := _same_ending(bare(turn.question), other, least=2):
            return swapped
    rest = _cut_it(other or _opened(question))
    about = _subject(before, model.read(before, known), rest)
    if person := _pronoun(rest):
        told = (before, fold(history[-1].answer))
        people = [thing.text for text in (told[::-1] if wants(before) == "person" else told)
                  for thing in named(text) if thing.kind == "person"]
        if people:
            return rest[:person[0]] + people[0] + rest[person[1]:]
    return f"{about} {rest}" if about else rest


def says_when(words: str) -> bool:
    """Whether words that are asked of alone say nothing but when: 以前, 原来, 去年 (以前呢 asks the same of another time)."""
    return words in _WORDS["when"] or whens(words)[:1] == [(0, len(words))]


def _swapped(before: str, other: str, known: Known) -> str:
    """`before` with what is of the same kind as `other` replaced by it; "" where nothing is."""
    days = whens(before)
    if other in _DAYS_ON and (day := _days_on(before, _DAYS_ON[other])):
        return day
    if days and whens(other)[:1] == [(0, len(other))]:
        return before[:days[0][0]] + other + before[days[0][1]:]
    if kind := known(other):
        for length in range(10, 1, -1):
            for start in range(len(before) - length + 1):
                if known(before[start:start + length]) == kind:
                    return before[:start] + other + before[start + length:]
    return _same_ending(before, other)


def _days_on(before: str, by: int) -> str:
    """`before` with its one day so many days later; "" where it names none, or several."""
    named_days = [one for one in dates(before) if one.month and one.day]
    if len(named_days) != 1:
        return ""
    [one] = named_days
    try:
        day = date(one.year or date.today().year, one.month or 1, one.day or 1) + timedelta(by)
    except ValueError:  # 2月30日
        return ""
    return f"{before[:one.start]}{f'{day.year}年' if one.year else ''}{day.month}月{day.day}日{before[one.end:]}"


def _cut_it(question: str) -> str:
    """A question without the 它 at its beginning, whose meaning is set before it."""
    return question.removeprefix("它们").removeprefix("它") if question.startswith(_IT) else question


def _same_ending(before: str, other: str, least: int = 1) -> str:
    """`before` with the longest stretch of nouns that ends as `other` does (…社区, …号线; in `least` characters or more)
    replaced by it, of a longer stretch its last words (石门赛男子冠军, 女子冠军)."""
    import rjieba

    tagged, at, best = rjieba.tag(before), 0, (0, 0, 0)
    starts = []
    for word, tag in tagged:
        starts.append((at, at + len(word), word, tag))
        at += len(word)
    for n, (_, end, word, _) in enumerate(starts):
        shared = next((length for length in (3, 2, 1) if length >= least and len(other) > length - 1 and before[:end].endswith(other[-length:])), 0)
        first = n
        while first and not (shared > 1 and end - starts[first][0] >= len(other)) and starts[first - 1][3][:1] in "njmqzabsxe" and starts[first - 1][2] not in ("和", "的"):
            first -= 1
        begin = starts[first][0]
        if shared and word != other and (shared, end - begin) > (best[0], best[2] - best[1]):
            best = shared, begin, end
    _, begin, end = best
    people = [thing.text for thing in named(before) if thing.kind == "person"]
    if end == 0 and people and any(thing.kind == "person" for thing in named(other)):
        return before.replace(people[0], other, 1)
    return before[:begin] + other + before[end:] if end else ""


def _subject(before: str, intent: Intent, rest: str) -> str:
    """What a bare question is about, as it stands in it: its 《title》, or its slots and names, or all its words."""
    if intent.first("title"):
        return f"《{intent.first('title')}》" if intent.first("title") not in rest else ""
    spans = [(slot.start, slot.end) for slot in intent.slots if slot.name != "by"]
    spans += [(at, at + len(thing.text)) for thing in named(before)
              if thing.kind in ("place", "name", "person", "quoted", "date") and (at := before.find(thing.text)) >= 0]
    taken = [any(start <= at < end for start, end in spans) for at in range(len(before))]
    kept = "".join(character if keep else " " for character, keep in zip(before, taken)).split()
    kept = [piece for piece in dict.fromkeys(kept) if piece not in rest]
    asks = any(len(word) > 1 for word in words(content(rest)))
    return " ".join(kept if asks and sum(map(len, kept)) >= SUBJECT else content(before).rstrip("是有 ").split())
