"""The answer to a question of several parts: each with its own sources, which was not found, and what their figures make.

What is computed is told as computed: no article says it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from assistant.language.quantities import Quantity, quantities
from assistant.language.text import fold
from assistant.question.analysis import Question
from assistant.reading.figures import measure_asked
from assistant.schema import Answer, Citation

_MARK = "[{}]"
BESIDE = 8
"""Characters before a figure that say what it counts."""


def answered(question: Question, answer_of: Callable[[Question], Answer]) -> Answer | None:
    """The answers to the parts one after the other, numbered through; None where no part is answered."""
    answers = [answer if answer.kind == "articles" or _tells_of(answer, thing) else answer.with_(refused=True)
               for part, thing in zip(question.parts, question.things) for answer in [answer_of(part)]]
    if not question.parts or all(answer.refused for answer in answers):
        return None
    text = ""
    citations: list[Citation] = []
    emphasis: list[tuple[int, int]] = []
    numbers: dict[str, int] = {}
    for part, answer in zip(question.parts, answers):
        text += ("\n\n" if text else "") + f"{part.search}：\n"
        if answer.refused:
            text += "没有找到。"
            continue
        said, shifts = _renumbered(answer, numbers, citations)
        emphasis += [(len(text) + shifts(start), len(text) + shifts(end)) for start, end in answer.emphasis]
        text += said
    if computed := _computed(question, answers):
        text += "\n\n" + computed
    passages = tuple({passage.chunk.id: passage for answer in answers for passage in answer.passages}.values())
    return Answer(question.text, text, "quotes", citations=tuple(citations), passages=passages, emphasis=tuple(emphasis),
                  understood=question.understood)


def _tells_of(answer: Answer, thing: str) -> bool:
    """Whether an article that an answer cites names the thing: holds the head of its name, and its number (119路)."""
    cited = {citation.article_id for citation in answer.citations}
    told = [fold(f"{one.article.newspaper or ''}{one.article.title or ''}{one.article.text}") for one in answer.passages
            if one.article.id in cited]
    number = "".join(character for character in thing if character.isdigit())
    return not told or any(fold(thing)[:2] in text and number in text for text in told)


def _computed(question: Question, answers: Sequence[Answer]) -> str:
    """The sum or the comparison of the parts' figures, or why there is none; "" where none is asked for or none is read."""
    if not question.together:
        return ""
    adds = question.together == "sum"
    does = "相加" if adds else "比较"
    if missing := [thing for thing, answer in zip(question.things, answers) if answer.refused]:
        return f"没有找到{'、'.join(missing)}的数，不能{does}。"
    figures = [figure for part, thing, answer in zip(question.parts, question.things, answers)
               if (figure := _figure(part.search.replace(thing, ""), _of_the_thing(answer, thing, question.things), thing, question.things))]
    if len(figures) < len(answers):
        return ""
    if len({_counted(figure) for figure in figures}) > 1:
        return f"单位不同，不能{does}。"
    told = [_told(figure.worth, figures[0]) for figure in figures]
    about = "约" * any(figure.rough for figure in figures)
    if adds:
        total = sum((figure.worth for figure in figures), Fraction(0))
        return f"合计（由上面的数算出）：{' + '.join(told)} = {about}{_told(total, figures[0])}。"
    order = sorted(zip(figures, question.things, told), key=lambda one: one[0].worth, reverse=question.together == "more")
    between = abs(order[0][0].worth - order[-1][0].worth)
    apart = f"相差{about}{_told(between, figures[0])}" if between else "一样"
    return f"比较（由上面的数算出）：{'，'.join(thing + its for _, thing, its in order)}，{apart}。"


def _of_the_thing(answer: Answer, thing: str, things: Sequence[str]) -> Answer:
    """An answer out of an article that tells of all the things without what it says before it names the one in question."""
    if not all(thing and _tells_of(answer, thing) for thing in things):
        return answer
    at = max(answer.text.partition("\n")[0].find(fold(thing)[:2]), -1)
    if at < 0:
        return answer.with_(text="")
    emphasis = tuple((start - at, end - at) for start, end in answer.emphasis if start >= at)
    return answer.with_(text=answer.text[at:], emphasis=emphasis)


def _counted(figure: Quantity) -> str:
    """What a figure counts: metres and kilometres the same, volumes and pieces not."""
    return figure.measure if figure.unit in ("", "物", "次") else figure.unit


def _figure(asking: str, answer: Answer, thing: str, things: Sequence[str]) -> Quantity | None:
    """The figure of an answer: of the measure that the words ask for, of the thing and not of another that is named between
    (甲区植树3万株，乙区植树5万株), in the short answer where there is one, and beside those words; None where none is so."""
    measure = measure_asked(asking)
    best: tuple[int, int, int, Quantity] | None = None
    said = answer.text.partition("\n")[0]
    for one in quantities(said):
        if not (one.measure or one.unit) or measure and _counted(one) != _counted(measure):
            continue
        short = any(start <= one.start < end for start, end in answer.emphasis)
        beside = said[max(0, one.left - BESIDE):one.right + 2]
        shared = len(set(beside) & set(asking))
        own = _named_last(said, one.start, things) == thing
        if (best is None or (own, short, shared) > best[:3]) and (short or shared > 1 or measure):
            best = int(own), int(short), shared, one
    return best[3] if best else None


def _named_last(said: str, before: int, things: Sequence[str]) -> str:
    """Which of the things is named last before a place; "" for none."""
    places = {said.rfind(thing, 0, before): thing for thing in things}
    last = max(places, default=-1)
    return places[last] if last >= 0 else ""


def _told(worth: Fraction, like: Quantity) -> str:
    """An amount in the measure of a figure, in 万 or 亿 from a hundred thousand up."""
    value = worth / like.factor
    for size, sign in ((10**8, "亿"), (10**4, "万")):
        if value >= size and (value >= 10 * size or size == 10**8 or value % 1000 == 0):
            return f"{float(value / size):g}{sign}{like.measure or like.unit}"
    return f"{float(value):g}{like.measure or like.unit}" if value.denominator > 1 else f"{value.numerator}{like.measure or like.unit}"


def _renumbered(answer: Answer, numbers: dict[str, int], citations: list[Citation]) -> tuple[str, Callable[[int], int]]:
    """An answer's text with its articles numbered after those before, and where each of its places went."""
    new = {citation.n: numbers.setdefault(citation.article_id, len(numbers) + 1) for citation in answer.citations}
    citations += [replace(citation, n=new[citation.n]) for citation in answer.citations]
    text, at, moved = "", 0, []
    marks = sorted((place, n) for n in new for place in _places(answer.text, _MARK.format(n)))
    for place, n in marks:
        text += answer.text[at:place] + _MARK.format(new[n])
        at = place + len(_MARK.format(n))
        moved.append((place, len(_MARK.format(new[n])) - len(_MARK.format(n))))
    return text + answer.text[at:], lambda where: where + sum(by for place, by in moved if place < where)


def _places(text: str, mark: str) -> list[int]:
    found, at = [], text.find(mark)
    while at >= 0:
        found.append(at)
        at = text.find(mark, at + 1)
    return found
