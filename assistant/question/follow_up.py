"""Questions that stand only after others: whether one does, and the same question as it would stand alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import cache

from assistant.language.named import named
from assistant.language.periods import whens
from assistant.language.text import content, fold, squeeze, words
from assistant.question.intent import SHIPPED, Intent, IntentModel, Known
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
_NTH = re.compile(r"^(?:那|请问)*(?:(?:你|上面|刚才)(?:说的|列的|的)?)*第(?P<n>[一二三四五六七八九十]|10|\d)(?:篇|条|个|则)(?:文章|报道|新闻|稿件)?|"
                  r"^(?:那)?(?:最后|末)一?(?P<last>篇|条|则)(?:文章|报道|新闻|稿件)?|^头一(?P<first>篇|条|则)")
_MORE = re.compile(r"^(?:那|请)?(?:还有|继续|下一页|下一?十篇|更多|接着|再来|其他|其余|别的|剩下)(?:更多|别的|其他|其它|一些|十篇|几篇|列|说|往下)*的?"
                   r"(?:报道|文章|新闻)?(?:有|是)?(?:哪些|什么|没有)?(?:呢|吗)?$")
_TAKES_BACK = re.compile(r"^(?:不对|不是(?!不)|错了|你?说错了?|搞错了?|不)?(?:啦|了|吧|，|,| )*(?:我(?:是|要)?(?:问|说|想问|想找|要找)的?是|我问的?|是(?=.+[，,]不是)|换成|改成|应该是)")
_NOT_BUT = re.compile(r"^不是(?:问|说)?.{1,10}?[，,](?:是|问|我问的?是?)")
_OPENING = re.compile(r"^(?:那么?|然后|另外|而|换个?人?|换成|再|只看|只要|关于|有关)(?![些个年里坡且])[，,]?")
_ENDING = re.compile(r"(?:又是多少|又如何|怎么样|的|写)?呢$|的?$")
_PRONOUN = re.compile(r"(?<![其吉])[他她]们?|(?<![应活])该(?:人|同志|记者|作者)|这(?:个)?人")
_POINTING = ("他", "她", "它", "这", "该", "那", "其中", "前者", "后者", "此")
_OPENERS = ("那", "还", "再", "比", "换", "只", "不", "都", "然后", "以前", "之前", "后来", "现在")
_ASKERS = ("谁", "几", "多少", "哪", "为什么", "为啥", "怎么", "在哪", "什么", "啥", "有", "能", "要", "可以", "多大", "多", "结果")


def bare(question: str) -> str:
    """The question folded, without the marks around it."""
    return fold(question).strip(" ？?！!。.，,~～")


def takes_back(question: str) -> bool:
    """Whether a bare question sets the last one right: 不对，我问的是…"""
    return bool(_TAKES_BACK.match(question) or _NOT_BUT.match(question))


def asks_for_more(question: str) -> bool:
    """Whether a bare question asks for the rest of a list: 还有呢, 下一页."""
    return bool(_MORE.match(squeeze(question)))


def listed(answer: str) -> int:
    """How many articles an answer lists."""
    return len(_LISTED.findall(answer))


def picked(question: str, history: Sequence[Turn]) -> str:
    """第二篇讲了什么 with the second article of the list last shown in its place; "" where there is none."""
    match = _NTH.match(squeeze(question))
    lists = [found for turn in reversed(history) if (found := list(_LISTED.finditer(turn.answer)))]
    if not match or not lists:
        return ""
    n = -1 if match["last"] else 0 if match["first"] else ("一二三四五六七八九十".find(match["n"]) + 1 or int(match["n"])) - 1
    if n >= len(lists[0]):
        return ""
    row = lists[0][n]
    rest = squeeze(question)[match.end():]
    return f"《{row['title'] or row['opening'].rstrip('…')}》" + (rest if rest.strip("呢吧啊") else "讲了什么")


def other_subject(question: str) -> str:
    """陆青 in 那陆青呢, 换成陆青, 不对，我问的是陆青; "" where a question is not such a one."""
    for pattern in (_NOT_BUT, _TAKES_BACK):
        if match := pattern.match(question):
            return question[match.end():].strip(" ，,")
    squeezed = squeeze(question)
    opening = _OPENING.match(squeezed)
    rest = squeezed[opening.end():] if opening else squeezed
    if not (squeezed.endswith("呢") or opening and len(rest) <= 8 and content(rest).strip() == rest):
        return ""
    rest = _ENDING.sub("", rest)
    return rest if 1 < len(rest) <= 12 and " " not in content(rest).strip() else ""


def features(question: str, history: Sequence[Turn], intent: Intent) -> list[float]:
    """What tells whether a bare question stands alone, each number between 0 and 1 or so."""
    own = [word for word in words(content(question)) if len(word) > 1]
    before = fold("".join(turn.question + turn.answer for turn in history))
    known = [word for word in own if word in before]
    subject = intent.first("topic") or intent.first("title") or intent.first("author")
    return [
        1.0, min(len(question), 20) / 10, min(len(own), 4) / 2, min(len(own) - len(known), 3) / 2, min(len(known), 2) / 2,
        bool(named(question)), question.startswith(_OPENERS), question.endswith("呢"), any(one in question for one in _POINTING),
        question.startswith(_ASKERS), question.endswith(("没", "不", "吗", "么", "没有")), bool(subject), min(len(subject), 6) / 4,
        bool(subject) and question.startswith(subject), bool(subject) and squeeze(subject) in squeeze(before),
        intent.kind in ("list", "count", "coverage", "ranking") and bool(subject), takes_back(question),
        sum(map(len, own)) < 4, "?" in question or len(question) <= 4]


@cache
def _weights() -> tuple[float, ...]:
    return tuple(json.loads((SHIPPED / "follow_up.json").read_text(encoding="utf-8"))["weights"])


def depends(question: str, history: Sequence[Turn], intent: Intent) -> bool:
    """Whether a bare question cannot stand without the turns before it (a logistic regression)."""
    if not history or intent.kind in ("greeting", "thanks"):
        return False
    if other_subject(question):
        return True
    score = math.fsum(weight * value for weight, value in zip(_weights(), features(question, history, intent), strict=True))
    return score > 0


def whole(question: str, before: str, history: Sequence[Turn], model: IntentModel, known: Known) -> str:
    """A bare question that depends on `before`, the last one made whole, as it stands alone.

    那乙社区呢 takes the place of 甲社区; 他 is the person last spoken of; else what `before` is about is set before it.
    """
    before = bare(before)
    other = other_subject(question)
    if other and (swapped := _swapped(before, other, known)):
        return swapped
    rest = other or _OPENING.sub("", question)
    about = _subject(before, model.read(before, known), rest)
    if person := _PRONOUN.search(rest):
        people = [thing.text for text in (before, fold(history[-1].answer)) for thing in named(text) if thing.kind == "person"]
        if people:
            return rest[:person.start()] + people[0] + rest[person.end():]
    return f"{about} {rest}" if about else rest


def _swapped(before: str, other: str, known: Known) -> str:
    """`before` with what is of the same kind as `other` replaced by it; "" where nothing is."""
    days = whens(before)
    if days and whens(other)[:1] == [(0, len(other))]:
        return before[:days[0][0]] + other + before[days[0][1]:]
    if kind := known(other):
        for length in range(10, 1, -1):
            for start in range(len(before) - length + 1):
                if known(before[start:start + length]) == kind:
                    return before[:start] + other + before[start + length:]
    return _same_ending(before, other)


def _same_ending(before: str, other: str) -> str:
    """`before` with the longest stretch of nouns that ends as `other` does (…社区, …号线) replaced by it."""
    import rjieba

    tagged, at, best = rjieba.tag(before), 0, (0, 0, 0)
    starts = []
    for word, tag in tagged:
        starts.append((at, at + len(word), word, tag))
        at += len(word)
    for n, (_, end, word, _) in enumerate(starts):
        shared = next((length for length in (3, 2, 1) if len(other) > length - 1 and before[:end].endswith(other[-length:])), 0)
        first = n
        while first and starts[first - 1][3][:1] in "njmqzabsxe" and starts[first - 1][2] not in ("和", "的"):
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
