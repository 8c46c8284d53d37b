"""Numbers, measures and codes as a Chinese newspaper writes them, in one canonical form; and the door to dates.

三千万, 3000万, 0.3亿 and 30,000,000 are one number; 98%, ９８％ and 百分之九十八 another; 下午三点半 and 15:30 one time.
What names no single value is left alone: 十几, 几十, 数百, 三四个, 一些.
All offsets count the characters of the text given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from assistant.language import lexicon
from assistant.language.codes import Code, codes
from assistant.language.dates import TO, Date, Form, Time, date_stands, dates, iso_parts, meanings, times
from assistant.language.numerals import ARABIC, CHINESE, DIGITS, MAGNITUDE, MAGNITUDES, PLAIN, value

__all__ = ["Code", "Date", "Form", "Quantity", "Time", "codes", "date_stands", "dates", "figures_by_date", "iso_parts",
           "kind_of", "meanings", "numbers", "quantities", "same", "times"]

_UNITS: dict[str, tuple[str, Fraction]] = {
    unit: (kind, Fraction(factor)) for kind, factor, units in lexicon.rows("measures.tsv") for unit in units.split()}
"""What a measure word counts, and how many of the kind's first unit it is worth. 个 counts anything."""
_LONGEST_UNIT = max(map(len, _UNITS))
_NO_MEASURE = dict(lexicon.rows("not_measures.tsv"))
"""The characters before which a measure word is part of a longer one (5 年级, 3 天津人), and counts nothing."""
_MORE = re.compile(r" ?([余多来]?) ?")
_HALF_OF = re.compile("个半(小时|月|星期)")
_HALF = re.compile(r"半(?![天夜年月日路边山价])")
"""十三年半, 三斤半: half a measure more."""
_HALVED = re.compile(r"(?<![上下大多前后一过各个])半(?=个?(?:年|月|小时|天|世纪|公里|亩|斤|吨)(?![度级报刊]))")
_LEAD = re.compile(r"(?:(?P<up>增长|增加|上升|上涨|提高|提升|增幅|涨幅|[增涨])|(?P<down>下降|减少|降低|下跌|下滑|回落|降幅|跌幅|[减降跌]))?"
                   r"[了到达幅]*(?P<rough>近|大?约|超过?|逾|至少|不足|不到|多达)?$")
"""The words right before a number that round it, and those that say something grew or fell by it."""

_COUNTED = re.compile(" ?(?:号|层|楼|级|等|轮|步|方面|大|笔|单|副|代|区|县|镇|市|省|国|州|站)")
"""What else than a measure word must follow a lone 二…九 or 十 for it to count something; elsewhere it is part of a word."""
_ROUND_MEASURE = re.compile(" ?(?:[余多元名人位场次项件亩吨米台辆套]|公里)")
"""The same for a lone 百 or 千, which stand in many words (百年, 千家万户)."""

_NOT_ALONE = frozenset(("", *"点角字门部队堂团"))
"""Measure words that a lone numeral forms names and words with (红十字, 三门县, 长三角, 三点建议)."""
_IN_WORDS = frozenset("再某")
"""A numeral after one of these is a part of a word (再三, 某十字路口)."""
_ENGLISH = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_DECIMALS = r"点[零〇一二三四五六七八九]+(?:[万亿]+|(?=倍|成|个|级|元|米|吨|公|平|立|千|厘|毫|斤|亩|岁|升|%))"
_NUMBER = re.compile(
    # 百分之九十八, 三分之一
    rf"(?P<parts>[百千万](?= ?分之)|{CHINESE}|{ARABIC}) ?分之 ?(?P<share>{CHINESE}(?:点{CHINESE})?|{ARABIC})"
    # 1,584, 0.3亿, 1亿2000万, 10余万, 24.55 trillion, 98%
    rf"|(?<![A-Za-z_\d.])(?P<arabic>{ARABIC}(?:{MAGNITUDE}(?:{ARABIC}{MAGNITUDE})*)?)"
    rf"(?P<english> ?(?:{'|'.join(_ENGLISH)})\b)?(?P<sign> ?[%‰]| ?percent\b)?(?!\.\d)"
    # 三千五百, 三点五亿, 十余万; not what follows 几 or 数
    rf"|(?<!\d)(?![十百千万亿](?<=[几数].))(?P<chinese>{CHINESE}"
    rf"(?:{_DECIMALS})?(?:[余多](?=[万亿])[万亿]+)?)(?!几)"
)
_LONGEST = 40
"""Characters of a number; a longer run of digits or numerals is something else."""
_TENTH = re.compile(r"成(?![立为员功果本长绩就熟年交效都分品千名了型套人像])")
_WEEKDAY = re.compile(r"(?:星期|礼拜|周)([一二三四五六日天])(?![年岁])")
_RESPECTIVELY = re.compile(r"分别(?:完成|实现|增长|下降|上升|达到?|约?为|是|有)*[:：]?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """`text[start:end]` has this value. `unit` is the kind of thing counted ("人", "元", "%"), "" where unknown.

    `measure` is the measure word as printed ("名", "公里"), and `text[left:right]` the number with it and the words
    that round it (近500余名). `rough` says whether there are any, `change` is 1 or -1 where something grew or fell by it.
    """

    start: int
    end: int
    value: Fraction
    unit: str = ""
    factor: int | Fraction = 1
    measure: str = ""
    left: int = 0
    right: int = 0
    rough: bool = False
    change: int = 0

    @property
    def worth(self) -> Fraction:
        """The value in the first unit of its kind (5公里 are worth 5000 of "米")."""
        return self.value * self.factor


def same(one: Quantity, other: Quantity) -> bool:
    """Whether two numbers say the same: equal worth, and of one kind where both kinds are known."""
    if one.unit and other.unit:
        return one.unit == other.unit and one.worth == other.worth
    return one.value == other.value


def kind_of(measure: str) -> str:
    """The kind of thing that a measure word counts ("人" for 名); "" for one that is not known."""
    return _UNITS.get(measure, ("", 1))[0]


def numbers(text: str) -> list[Quantity]:
    """Every number of `text` that has one value, in order, those inside dates and codes left out.

    The span ends before the measure word; the percent sign belongs to it. A lone 一 is not a number
    (一个 is an article more often than a count); lone 二…九 are where a measure word follows.
    """
    return _read(text, ones=False)


def quantities(text: str) -> list[Quantity]:
    """The `numbers` of a text, and 一 before a measure word with them (一家, 一个)."""
    return _read(text, ones=True)


def figures_by_date(text: str) -> list[tuple[Date, Quantity]]:
    """Which figure belongs to which date where they are told apart: 2021—2024年分别为52.1、54.6、57.3、60.2.

    [] for a 分别 before which not as many dates stand as numbers behind it.
    """
    found: list[tuple[Date, Quantity]] = []
    plain = text.translate(PLAIN)
    for match in _RESPECTIVELY.finditer(plain):
        opening = max(plain.rfind(mark, 0, match.start()) for mark in "。！？；\n") + 1
        closing = next(iter(re.compile("[。！？；\n]|$").finditer(plain, match.end()))).end()
        listed = _listed(plain, [one for one in numbers(text) if match.end() <= one.start < closing], match.end())
        named = _each_year(plain, [date for date in dates(text) if opening <= date.start < match.start()])
        if len(listed) == len(named) > 1:
            found += zip(named, listed)
    return found


def _listed(plain: str, figures: list[Quantity], at: int) -> list[Quantity]:
    """The numbers of an enumeration that begins at `at`, each with the measure of the last where it has none."""
    row: list[Quantity] = []
    for one in figures:
        if not re.fullmatch(r"[\u4e00-\u9fff]{0,3}" if not row else r"\s*(?:[、,，和及与]|以及)\s*[\u4e00-\u9fff]{0,3}?",
                            plain[at:one.left]):
            break
        row.append(one)
        at = one.right
    return [_like(plain, one, row[-1]) for one in row]


def _each_year(plain: str, named: list[Date]) -> list[Date]:
    """The dates, with every year of a range of years (2021—2024年) in its place."""
    row: list[Date] = []
    for date in named:
        last = row[-1] if row else None
        if (last and last.year and date.year and not (last.month or date.month)
                and re.fullmatch(TO, plain[last.end:date.start])):
            row += [replace(date, year=year) for year in range(last.year + 1, date.year)]
        row.append(date)
    return row


def _read(text: str, ones: bool) -> list[Quantity]:
    plain = text.translate(PLAIN)
    taken = bytearray(len(plain) + 1)
    found = [Quantity(time.start, time.end, time.hours, "时", 1, "", time.start, time.end) for time in times(text)]
    spans = [(one.start, one.end) for one in found] + [(date.start, date.end) for date in dates(text)]
    for start, end in (*spans, *((code.start, code.end) for code in codes(text))):
        taken[start:end] = b"\1" * (end - start)
    for match in _WEEKDAY.finditer(plain):
        at = match.start(1)
        taken[at] = 1
        found.append(Quantity(at, at + 1, Fraction(DIGITS.get(match[1], 7)), "星期", 1, "", match.start(), at + 1))
    found += (number for match in _NUMBER.finditer(plain) if not any(taken[match.start():match.end()])
              for number in _read_number(plain, match, ones))
    found += (_measured(plain, match.start(), match.end(), Fraction(1, 2)) for match in _HALVED.finditer(plain))
    return _ranges(plain, sorted(found, key=lambda number: number.start))


def _ranges(plain: str, found: list[Quantity]) -> list[Quantity]:
    """The numbers, the first of 10-15万元 with the magnitude and the measure of the second."""
    for i, (one, other) in enumerate(zip(found, found[1:])):
        if re.fullmatch(TO, plain[one.right:other.start]):
            found[i] = _like(plain, one, other)
    return found


def _like(plain: str, one: Quantity, other: Quantity) -> Quantity:
    """A number without a measure word counted as the other is, with its 万 or 亿."""
    if one.unit or one.measure or not other.measure:
        return one
    magnitude = re.search(r"[万亿]+$", plain[other.start:other.end])
    by = value(magnitude.group()) if magnitude and not re.search("[万亿]", plain[one.start:one.end]) else None
    return replace(one, value=one.value * (by or 1), unit=other.unit, factor=other.factor)


def _read_number(plain: str, match: re.Match[str], ones: bool) -> Iterator[Quantity]:
    start, end = match.span()
    if end - start > _LONGEST:
        return
    if match["parts"]:
        whole, share = (MAGNITUDES.get(match["parts"]) or value(match["parts"])), value(match["share"])
        if whole and share is not None:
            yield _made(plain, start, end, share * 100 / whole, "%")
        return
    body = match["arabic"] or match["chinese"]
    number = value(body)
    if number is None or (match["chinese"] and not _counts(plain, match, ones)):
        return
    if match["english"]:
        number *= _ENGLISH[match["english"].strip()]
    if match["sign"]:
        yield _made(plain, start, end, number / 10 if "‰" in match["sign"] else number, "%")
    elif tenth := _TENTH.match(plain, end):
        yield _made(plain, start, tenth.end(), number * 10, "%")
    else:
        yield _measured(plain, start, end, number)


def _measured(plain: str, start: int, end: int, number: Fraction) -> Quantity:
    """The number with the measure word that follows it."""
    if half_of := _HALF_OF.match(plain, end):
        return _made(plain, start, end, number + Fraction(1, 2), f"个{half_of[1]}", half_of.end())
    more = _MORE.match(plain, end)
    measure = _measure_at(plain, more.end()) if more else ""
    if not more or not measure:
        return _made(plain, start, end, number)
    right = more.end() + len(measure)
    if half := _HALF.match(plain, right):
        right, number = half.end(), number + Fraction(1, 2)
    return _made(plain, start, end, number, measure, right, bool(more[1]))


def _measure_at(plain: str, at: int) -> str:
    """The longest measure word that begins there; "" for none."""
    for size in range(min(_LONGEST_UNIT, len(plain) - at), 0, -1):
        word, after = plain[at:at + size], plain[at + size:at + size + 1]
        if word == "个" or word in _UNITS and not (after and after in _NO_MEASURE.get(word, "")):
            return "" if word.isascii() and after.isascii() and after.isalpha() else word
    return ""


def _made(plain: str, start: int, end: int, number: Fraction, measure: str = "", right: int = 0, more: bool = False) -> Quantity:
    """A number with the words before it that round it or say that something grew or fell by it."""
    kind, factor = _UNITS.get(measure, ("", 1))
    lead = _LEAD.search(plain, max(0, start - 8), start)
    rounded = lead and lead["rough"]
    left = start - len(rounded) if rounded else start - (plain[start - 1:start] == "第")
    change = 1 if lead and lead["up"] else -1 if lead and lead["down"] else 0
    written = plain[start:end]
    return Quantity(start, end, number, kind, factor, "" if measure == "%" else measure, left, right or end,
                    more or bool(rounded) or "余" in written or "多" in written, change)


def _counts(plain: str, match: re.Match[str], ones: bool) -> bool:
    """Whether a run of Chinese numerals is a number here and not a part of a word (统一, 百姓, 万一)."""
    body, end = match["chinese"], match.end()
    if len(body) > 1 and any(character in DIGITS or character in "十廿卅" for character in body):
        return body != "万一"
    if match.start() and plain[match.start() - 1] == "第":
        return True
    if plain[match.start() - 1:match.start()] in _IN_WORDS:
        return False
    if body == "一":
        measure = _measure_at(plain, end)
        return bool(_HALF_OF.match(plain, end) or measure and (ones or _HALF.match(plain, end + len(measure))))
    if body in ("万", "亿"):
        return False
    if body in DIGITS or body in "十廿卅":
        blank = plain[end:end + 1] == " "
        counted = _measure_at(plain, end + blank) not in _NOT_ALONE or _COUNTED.match(plain, end)
    else:
        counted = _ROUND_MEASURE.match(plain, end)
    return bool(counted or _TENTH.match(plain, end))
