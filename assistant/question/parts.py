"""A question about two things as two questions: 甲和乙分别在哪里, 比较《甲》和《乙》, 谁主办谁承办."""

from __future__ import annotations

from assistant.question.intent import Intent

_JOINTS = ("和", "与", "跟", "、", "及", "以及", "还是", "同", "，", ",", "and")
_EACH = ("分别", "各自", "各是", "各", "都")
_COMPARES = ("哪个", "谁的", "谁", "哪家", "哪篇", "哪一个", "更")
LONGEST = 12
"""Characters of the second of two things."""
_OPENERS = ("比较一下", "比较", "对比一下", "对比", "比一比", "把")


def split(question: str, intent: Intent) -> list[str]:
    """The questions that one about two or three things consists of, each to be answered by itself; [] for one thing.

    The things are slots of one kind with nothing but 和, 与, 跟 or 、 between them, or one slot that holds such a word; and
    the question must set them apart (分别, 比较, 谁…更). 谁主办谁承办 is of two askers.
    """
    if question.count("谁") == 2 and len(halves := question.replace("，", "").split("谁")) == 3 and halves[1] and halves[2]:
        about = halves[0] or halves[2].removeprefix("承办").removeprefix("主办")
        return [f"{about}谁{halves[1]}", f"{about}谁{halves[2]}"]
    things = _things(question, intent)
    compares = intent.kind == "compare" or any(word in question for word in (*_EACH[:3], *_COMPARES))
    if len(things) < 2 or not compares:
        return []
    start, end = things[0][0], things[-1][1]
    before, after = question[:start], question[end:]
    for opener in _OPENERS:
        before = before.removeprefix(opener)
    before, after = before.rstrip("《“\""), after.lstrip("》”\"")
    for word in _EACH:
        after = after.removeprefix(word)
    for word in _COMPARES:
        if after.startswith(word):
            after = ("的" if word == "谁的" else "") + after.removeprefix(word)
            break
    marks = ("《", "》") if intent.first("title") and question[start - 1:start] == "《" else ("", "")
    return [f"{before}{marks[0]}{question[a:b]}{marks[1]}{after}" for a, b in things]


def _things(question: str, intent: Intent) -> list[tuple[int, int]]:
    """The (start, end) of the things of one kind that stand side by side."""
    for name in ("title", "author", "newspaper", "date"):
        spans = [(slot.start, slot.end) for slot in intent.slots if slot.name == name]
        if len(spans) in (2, 3) and all(question[a:b].strip("《》“” ") in _JOINTS for (_, a), (b, _) in zip(spans, spans[1:])):
            return spans
    joint = next((at for word in ("和", "与", "跟", "还是") if (at := question.find(word)) > 1), 0)
    right = joint + (2 if question[joint:].startswith("还是") else 1)
    ends = [at for word in (*_EACH[:3], *_COMPARES) if (at := question.find(word, right)) > right]
    if not joint or not ends:
        return []
    return [(_noun_before(question, joint), joint), (right, min(ends))] if 2 <= min(ends) - right <= LONGEST else []


def _noun_before(question: str, end: int) -> int:
    """Where the nouns begin that end at `end`."""
    import rjieba

    start = end
    for word, tag in reversed(rjieba.tag(question[:end])):
        if tag[0] not in "njasbxmq" or word in ("的",):
            break
        start -= len(word)
    return start if end - start > 1 else max(0, end - 2)
