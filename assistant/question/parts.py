"""A question about several things as one question for each: 甲和乙分别在哪里, 甲和乙哪个多, 比较《甲》和《乙》, 谁主办谁承办."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import rjieba

from assistant.language import lexicon
from assistant.language.mentions import mentions, tagged
from assistant.language.named import named
from assistant.language.periods import whens
from assistant.question.intent import JOINTS, Intent
from assistant.question.wanted import wants

_WORDS = {name: tuple(sorted(words.split(), key=len, reverse=True)) for name, words in lexicon.rows("several.tsv")}
_ADJECTIVES = sorted(lexicon.rows("comparatives.tsv"), key=lambda row: -max(map(len, row[0].split())))
LONGEST = 12
"""Characters of one of several things, where no slot says which they are."""
_PIECES = ("报道", "文章", "稿", "篇", "写", "发文", "登")
_TWICE = ("谁", "什么时候", "何时", "哪天", "哪一天", "几点", "几号", "哪年")
_TO = ("到", "至")
"""从几点到几点 asks for one span."""
_NAMES = ("place", "body", "person")
_NOUNS = "njasbxmqlit"
"""First letters of the tags of words that a thing's name consists of."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The `questions` that one consists of, the thing that each is about ("" where it is told by the question itself), and
    whether their figures are to be told together: "sum", "more", "less"; "" for apart."""

    questions: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    together: str = ""


def split(question: str, intent: Intent) -> Parts:
    """The questions that a bare one about several things consists of; none for one thing.

    The things stand side by side with 和, 与, 跟 or 、 between them, and the question sets them apart (分别, 比较, 哪个多) or
    takes them together (一共, 加起来); or it asks twice (谁主办谁承办; 甲有多少，乙有多少).
    """
    if twice := _asked_twice(question, intent):
        return Parts(tuple(twice), ("",) * len(twice))
    things = _things(question, intent)
    if len(things) < 2:
        return Parts()
    before, after = question[:things[0][0]].rstrip("《“\""), question[things[-1][1]:].lstrip("》”\"")
    for opener in _WORDS["opens"]:
        before = before.removeprefix(opener)
    names = _in_full([question[start:end] for start, end in things])
    after = after.replace(f"座{names[0][-1]}", "座").replace(f"条{names[0][-1]}", "条")
    pieces = _of_pieces(names, before, after, intent)
    if pieces:
        return Parts(tuple(pieces[0]), tuple(names), pieces[1])
    after, together = _asked_beside(after)
    for kind in ("sum", "each"):
        if word := next((word for word in _WORDS[kind] if word in after), ""):
            rest = _without(after, word, kind)
            return Parts(tuple(f"{before}{name}{rest}" for name in names), tuple(names), together or "sum" * (kind == "sum"))
    if compared := _compared(after):
        return Parts(tuple(f"{before}{name}{compared[0]}" for name in names), tuple(names), compared[1])
    if intent.kind == "compare":
        return Parts(tuple(f"{before}{name}{_undiffering(after)}" for name in names), tuple(names))
    return Parts()


def _asked_beside(after: str) -> tuple[str, str]:
    """各有多少，哪个多 and 各有多少，一共多少 as what is asked of each and how their figures are to be told together."""
    head, _, tail = after.replace("，", ",").rpartition(",")
    if not any(word in head for word in _WORDS["each"]):
        return after, ""
    compared = _compared(tail)
    together = compared[1] if compared else "sum" * any(word in tail for word in _WORDS["sum"])
    return (head, together) if together else (after, "")


def _in_full(names: Sequence[str]) -> list[str]:
    """青岚一中 and 二中 as 青岚一中 and 青岚二中."""
    first = names[0]
    return [first[:len(first) - len(name)] + name if len(name) == 2 < len(first) and name[-1] == first[-1] else name
            for name in names]


def _of_pieces(names: Sequence[str], before: str, after: str, intent: Intent) -> tuple[list[str], str] | None:
    """The questions about two titles, or about how much was written of, by or in two things, or what; None for others."""
    if len(intent.all("title")) > 1:
        return [f"《{name}》讲了什么" for name in names], ""
    compared = _compared(after)
    if not any(word in before + after for word in _PIECES) or intent.kind == "fact":
        return None
    about = f"关于{intent.first('topic')}" if intent.first("topic") not in ("", *names) else ""
    owner = "写" if len(intent.all("author")) > 1 else ""
    if compared:
        return [f"{name}{owner}{about}的报道有几篇" for name in names], compared[1]
    if any(word in after for word in _WORDS["sum"]):
        return [f"{name}{owner}{about}的报道有几篇" for name in names], "" if owner else "sum"
    return [f"{name}{owner}{about}的报道有哪些" for name in names], ""


def _compared(after: str) -> tuple[str, str] | None:
    """What to ask of one of several things of which 哪个…多 is asked, as the words behind it, and "more" or "less"; None
    for a question that does not compare."""
    which = next((word for word in _WORDS["which"] if word in after), "")
    if not which:
        return None
    head, _, tail = after.partition(which)
    tail = tail.rstrip("？?呢啊呀些一点")
    for adjectives, asked, direction in _ADJECTIVES:
        for adjective in adjectives.split():
            if asked == "什么时候" and tail.lstrip("更最").startswith(adjective):
                return f"{head}{asked}{tail.lstrip('更最').removeprefix(adjective)}", direction
            if tail.endswith(adjective):
                return head + _of_one(tail.removesuffix(adjective).rstrip("更最比较得"), asked), direction
    return None


def _of_one(about: str, asked: str) -> str:
    """的小麦 with 多少 as 的小麦有多少, 写 as 写了多少, 关门 with 什么时候 as 什么时候关门."""
    if asked == "什么时候":
        return asked + about
    if asked != "多少":
        return about + asked
    acts = bool(about) and tagged(about)[-1][2] == "v"
    return f"{about}{'了' if acts else '有'}{asked}"


def _without(after: str, word: str, kind: str) -> str:
    """What follows the things without the word that takes them together; with the verb that 一共30人 lacks."""
    rest = after.replace(word, word[-1] * (word in ("各有", "各是")), 1).lstrip("，, ")
    bare = rest.startswith(("多少", "几")) and wants(rest) != "date" or kind == "each" and rest.startswith("什么")
    return ("是" if rest.startswith("什么") else "有") * bare + rest


def _undiffering(after: str) -> str:
    return next((after.replace(word, "", 1) for word in _WORDS["differs"] if word in after), after).rstrip("有的，, ")


def _asked_twice(question: str, intent: Intent) -> list[str]:
    """谁主办谁承办 and 哪天开始、哪天结束 as two questions about the same, 甲有多少，乙有多少 as two that stand by themselves; [] for others."""
    for word in _TWICE:
        halves = question.replace("，", "").replace(",", "").split(word)
        verbs = [half.strip("、和与又的") for half in halves[1:]]
        if len(verbs) == 2 and all(verbs) and not verbs[0].startswith(_TO):
            about = halves[0].rstrip("是由的在") or intent.first("topic")
            return [f"{about if about not in verb else ''}{word}{verb}" for verb in verbs]
    clauses = next((found for mark in ("，", ",", "；") if len(found := [one.strip() for one in question.split(mark)]) == 2), [])
    apart = [{thing.text for thing in named(clause)} for clause in clauses]
    if len(clauses) == 2 and all(apart) and not apart[0] & apart[1] and all(wants(clause) != "what" for clause in clauses) \
            and wants(clauses[0]) == wants(clauses[1]):
        return clauses
    return []


def _things(question: str, intent: Intent) -> list[tuple[int, int]]:
    """The (start, end) of the things of one kind that stand side by side: slots, or nouns around 和."""
    for name in ("title", "author", "newspaper", "section", "date"):
        spans = [(slot.start, slot.end) for slot in intent.slots if slot.name == name]
        if len(spans) in (2, 3) and all(question[a:b].strip("《》“” ") in JOINTS for (_, a), (b, _) in pairwise(spans)):
            return spans
    at, word = min(((at, word) for word in _WORDS["joint"] if (at := question.find(word)) > 1), default=(0, ""))
    if not word:
        return []
    right = at + len(word)
    left = min([_noun_before(question, at), *(one.start for one in mentions(question[:at]) if one.end == at and one.kind in _NAMES)])
    left = next((end for start, end in whens(question) if start == left and end < at - 1), left)
    named_there = (right + one.end for one in mentions(question[right:]) if one.start == 0 and one.kind in _NAMES)
    end = next(named_there, 0) or _alike(question[left:at], question, right)
    return [(left, at), (right, end)] if end > right else []


def _alike(first: str, question: str, right: int) -> int:
    """Where the second thing ends: with the same last character as the first, or where its nouns do; 0 for none."""
    words = rjieba.tag(question[right:])
    stops = [at for kind in ("each", "sum", "which") for word in _WORDS[kind] if (at := question.find(word, right)) > right]
    latest = min([*stops, right + LONGEST, len(question)])
    at, ends = right, []
    for word, tag in words:
        if tag[0] not in _NOUNS or at >= latest:
            break
        at += len(word)
        ends.append(at)
    ends = [end for end in ends if end <= latest]
    same = [end for end in range(right + 2, latest + 1) if question[end - 1] == first[-1]]
    return min(same) if same else ends[-1] if ends else min(stops, default=0)


def _noun_before(question: str, end: int) -> int:
    """Where the nouns begin that end at `end`."""
    start = end
    for word, tag in reversed(rjieba.tag(question[:end])):
        if tag[0] not in _NOUNS or word in ("的", *_WORDS["opens"]):
            break
        start -= len(word)
    return start if end - start > 1 else max(0, end - 2)
