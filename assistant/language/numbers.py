"""Numbers and dates as a Chinese newspaper writes them, in one canonical form.

三千万, 3000万, 0.3亿 and 30,000,000 are one number; 98%, ９８％ and 百分之九十八 another; 二〇二五年十一月 and
2025年11月 one date. What names no single value is left alone: 十几, 几十, 数百, 三四个, 一些.
All offsets count the characters of the text given.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

_PLAIN = str.maketrans("０１２３４５６７８９．％：／－–—～〜兩萬億壹貳叁參肆伍陸柒捌玖拾佰仟貮陆贰号號個餘點　",
                       "0123456789.%:/-----两万亿一二三三四五六七八九十百千二六二号号个余点 ")
"""One character to one, so that offsets hold. 号 is listed for 號; the full-width comma stays a comma of prose."""

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_MAGNITUDES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_ENGLISH = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}

_UNITS: dict[str, tuple[str, int | Fraction]] = {
    unit: (kind, factor) for kind, factor, units in (
        ("%", 1, "% 个百分点 百分点 percent"), ("人", 1, "人 名 位 人次 people"),
        ("次", 1, "次 场 场次 回 趟 遍 times"), ("届", 1, "届"), ("倍", 1, "倍"),
        ("物", 1, "项 件 条 宗 起 例 桩 座 幢 栋 处 所 家 间 台 辆 架 艘 列 本 册 份 张 篇 封 支 只 头 匹 棵 株 颗 枚 瓶 箱 袋 "
                  "盒 套 款 种 类 批 组 幅 首 户 村"),
        ("元", 1, "元 块 块钱 元人民币 yuan"), ("美元", 1, "美元 美金 dollars"), ("欧元", 1, "欧元"), ("港元", 1, "港元 港币"),
        ("日元", 1, "日元"), ("英镑", 1, "英镑"), ("岁", 1, "岁 周岁"), ("年", 1, "年 周年 个年头 years"), ("月", 1, "个月 months"),
        ("天", 1, "天 日 days"), ("周", 1, "周 个星期 weeks"), ("分钟", 60, "小时 个小时 hours"), ("分钟", 1, "分钟 minutes"),
        ("秒", 1, "秒"), ("时", 1, "时 点"), ("米", 1000, "公里 千米 km"), ("米", 1, "米"), ("米", Fraction(1, 100), "厘米 cm"),
        ("米", Fraction(1, 1000), "毫米 mm"), ("克", 10**6, "吨"), ("克", 1000, "公斤 千克 kg"), ("克", 500, "斤"), ("克", 1, "克 g"),
        ("平方米", 10**6, "平方公里 平方千米"), ("平方米", 10**4, "公顷"), ("平方米", Fraction(2000, 3), "亩"),
        ("平方米", 1, "平方米 平米 ㎡"), ("立方米", 1, "立方米"), ("升", 1, "升"), ("度", 1, "度 ℃ 摄氏度"), ("星期", 1, "星期"),
    ) for unit in units.split()
}
"""What a measure word counts, and how many of the kind's first unit it is worth. 个 counts anything."""
_UNIT = re.compile(r" ?[余多来]? ?(?:" + "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True))) + r")(?![a-z])")

_MEASURE = re.compile(" ?(?:个|" + "|".join(
    re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True) if not unit.isascii() and unit != "点")
    + "|号|版|期|层|楼|级|等|轮|步|方面|大|笔|单|对|双|副|片|句|页|代|区|县|镇|市|省|国|州|站)")
"""What must follow a lone 二…九 or 十 for it to count something; elsewhere it is part of a word."""
_ROUND_MEASURE = re.compile(" ?(?:[余多元名人位场次项件亩吨米台辆套]|公里)")
"""The same for a lone 百 or 千, which stand in many words (百年, 千家万户)."""

_ARABIC = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_MAGNITUDE = r"(?: ?[余多]? ?(?:(?!千[米克瓦赫卡伏])[十百千万亿])+)"
_CHINESE = r"(?:(?!千[米克瓦赫卡伏])[零〇一二两三四五六七八九十百千万亿])+"
_NUMBER = re.compile(
    # 百分之九十八, 三分之一
    rf"(?P<parts>[百千万](?= ?分之)|{_CHINESE}|{_ARABIC})分之(?P<share>{_CHINESE}(?:点{_CHINESE})?|{_ARABIC})"
    # 1,584, 0.3亿, 1亿2000万, 10余万, 24.55 trillion, 98%
    rf"|(?<![A-Za-z_\d.])(?P<arabic>{_ARABIC}(?:{_MAGNITUDE}(?:{_ARABIC}{_MAGNITUDE})*)?)"
    rf"(?P<english> ?(?:{'|'.join(_ENGLISH)})\b)?(?P<sign> ?[%‰]| ?percent\b)?(?!\.\d)"
    # 三千五百, 三点五亿, 十余万; not what follows 几 or 数
    rf"|(?<!\d)(?![十百千万亿](?<=[几数].))(?P<chinese>{_CHINESE}"
    r"(?:点[零〇一二三四五六七八九]+(?=[万亿倍成]|个百分点)[万亿]*)?(?:[余多](?=[万亿])[万亿]+)?)(?!几)"
)
_LONGEST = 40
"""Characters of a number; a longer run of digits or numerals is something else."""
_TENTH = re.compile(r"成(?![立为员功果本长绩就熟年交效都分品千名了型套人像])")
_WEEKDAY = re.compile(r"(?:星期|礼拜|周)([一二三四五六日天])(?![年岁])")

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")
_MONTH_NAME = "(?:" + "|".join(f"{name[:3].title()}(?:{name[3:]})?" for name in _MONTHS) + r")\.?"
_YEAR = r"(?:1\d{3}|20\d\d)"
_TO = " ?[-至到] ?"
_Y = rf"(?:{_YEAR}(?= ?年|{_TO}{_YEAR} ?年)|[一二][〇零一二三四五六七八九]{{3}}(?=年))(?: ?年)?"
_M = rf"(?:(?<!\d)(?:1[0-2]|0?[1-9])|十[一二]?|[一二三四五六七八九元正])(?: ?月份?|(?={_TO}\d{{1,2}} ?月))"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_D = (rf"(?:(?<!\d){_DAY}(?!\d)|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])"
      rf"(?: ?[日号]|(?={_TO}\d{{1,2}} ?[日号]))")
_LONE_DAY = (rf"(?<![\d.]){_DAY}"
             rf"(?: ?日(?![元均本常益])| ?号(?![楼线院车馆厅机门文房台店令])|(?={_TO}\d{{1,2}} ?日))")
_DATE = re.compile(
    # 2025-11-18, 2025-11, 2025/11/18, 2025.11.18
    rf"(?P<iso>(?<![\d.]){_YEAR}(?:-\d{{1,2}}(?:-\d{{1,2}})?|/\d{{1,2}}/\d{{1,2}}|\.\d{{1,2}}\.\d{{1,2}})(?![\d-]))"
    # November 18, 2025; 18 November 2025; November 2025
    rf"|(?P<english>\b{_MONTH_NAME} \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? {_YEAR}\b)?"
    rf"|\b\d{{1,2}} {_MONTH_NAME}(?: {_YEAR}\b)?|\b{_MONTH_NAME} {_YEAR}\b)"
    # 2025年11月18日, 今年5月
    rf"|(?<![\d.])(?:(?P<y>{_Y})|(?P<ry>今年|去年|明年|前年|本年|上年)) ?(?:(?P<ym>{_M}) ?(?P<ymd>{_D})?)?"
    # 11月18日, 上月3日
    rf"|(?<![\d.个第])(?:(?P<m>{_M})|(?P<rm>本月|上个?月|下个?月)) ?(?P<md>{_D})?"
    # 昨日, 18日
    rf"|(?P<rd>今[天日晚晨早]|昨[天日晚]|前[天日]|明[天日晚])(?!报)|(?P<d>{_LONE_DAY})"
)
_YEARS = {"今年": 0, "本年": 0, "去年": -1, "上年": -1, "前年": -2, "明年": 1}

Form = tuple[int | None, int | None, int | None]
"""Year, month, day; None for what is left open."""


@dataclass(frozen=True, slots=True)
class Number:
    """`text[start:end]` has this value. `unit` is the kind of thing counted ("人", "元", "%"), "" where unknown.

    `worth` is the value in the kind's first unit (5公里 are worth 5000 of "米").
    """

    start: int
    end: int
    value: Fraction
    unit: str = ""
    factor: int | Fraction = 1

    @property
    def worth(self) -> Fraction:
        """The value in the first unit of its kind."""
        return self.value * self.factor


@dataclass(frozen=True, slots=True)
class Date:
    """`text[start:end]` names this year, month or day; None for what it leaves open."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None


def same(one: Number, other: Number) -> bool:
    """Whether two numbers say the same: equal worth, and of one kind where both kinds are known."""
    if one.unit and other.unit:
        return one.unit == other.unit and one.worth == other.worth
    return one.value == other.value


def numbers(text: str) -> list[Number]:
    """Every number of `text` that has one value, in order, those inside dates left out.

    The span ends before the measure word; the percent sign belongs to it. A lone 一 is not a number
    (一个 is an article more often than a count); lone 二…九 are where a measure word follows.
    """
    plain = text.translate(_PLAIN)
    taken = [False] * (len(plain) + 1)
    for date in dates(text):
        taken[date.start:date.end] = [True] * (date.end - date.start)
    found = []
    for match in _WEEKDAY.finditer(plain):
        at = match.start(1)
        taken[at] = True
        found.append(Number(at, at + 1, Fraction(_DIGITS.get(match[1], 7)), "星期"))
    found += (number for match in _NUMBER.finditer(plain) if not any(taken[match.start():match.end()])
              for number in _read_number(plain, match))
    return sorted(found, key=lambda number: number.start)


def _read_number(plain: str, match: re.Match[str]) -> Iterator[Number]:
    start, end = match.span()
    if end - start > _LONGEST:
        return
    if match["parts"]:
        whole, share = (_MAGNITUDES.get(match["parts"]) or _value(match["parts"])), _value(match["share"])
        if whole and share is not None:
            yield Number(start, end, share * 100 / whole, "%")
        return
    body = match["arabic"] or match["chinese"]
    value = _value(body)
    if value is None or (match["chinese"] and not _counts(plain, match)):
        return
    value *= _ENGLISH.get((match["english"] or "").strip(), 1)
    if match["sign"]:
        yield Number(start, end, value / 10 if "‰" in match["sign"] else value, "%")
    elif tenth := _TENTH.match(plain, end):
        yield Number(start, tenth.end(), value * 10, "%")
    elif match["arabic"] and re.match(r":\d\d(?!\d)", plain[end:]):
        yield Number(start, end, value, "时")
    else:
        unit = _UNIT.match(plain, end)
        kind, factor = _UNITS[unit.group().strip(" 余多来")] if unit else ("", 1)
        yield Number(start, end, value, kind, factor)


def _counts(plain: str, match: re.Match[str]) -> bool:
    """Whether a run of Chinese numerals is a number here and not a part of a word (统一, 百姓, 万一)."""
    body, end = match["chinese"], match.end()
    if len(body) > 1 and any(character in _DIGITS or character == "十" for character in body):
        return body != "万一"
    if match.start() and plain[match.start() - 1] == "第":
        return True
    if body in ("一", "万", "亿"):
        return False
    measure = _MEASURE if body in _DIGITS or body == "十" else _ROUND_MEASURE
    return bool(measure.match(plain, end) or _TENTH.match(plain, end))


def _value(body: str) -> Fraction | None:
    """The value of a run of digits, numerals and magnitudes; None where it has no single one (三四, 一二)."""
    body = body.replace(" ", "").replace(",", "")
    if not body[0].isdigit() or body[0] in _DIGITS:
        return _chinese_value(body)
    total = Fraction(0)
    for piece in re.finditer(r"([\d.]+)[余多]?([十百千万亿]*)", body):
        part = Fraction(piece[1])
        for magnitude in piece[2]:
            part *= _MAGNITUDES[magnitude]
        total += part
    return total


def _chinese_value(body: str) -> Fraction | None:
    body = body.replace("余", "").replace("多", "")
    if "点" in body:
        whole, _, rest = body.partition("点")
        decimals = rest.rstrip("万亿")
        value = _chinese_value(whole)
        if value is None or not all(character in _DIGITS for character in decimals):
            return None
        value += Fraction(int("".join(str(_DIGITS[character]) for character in decimals)), 10 ** len(decimals))
        for magnitude in rest[len(decimals):]:
            value *= _MAGNITUDES[magnitude]
        return value
    if all(character in _DIGITS for character in body):
        if len(body) == 2 and not set(body) & {"零", "〇"}:
            return None
        return Fraction(int("".join(str(_DIGITS[character]) for character in body)))
    return _positional_value(body)


def _positional_value(body: str) -> Fraction | None:
    """三千零五, 十五, 一万二 (12,000), 百万; None where two digits stand side by side (三四十)."""
    for magnitude in "亿万千百十":
        before, found, after = body.rpartition(magnitude)
        if not found:
            continue
        size = _MAGNITUDES[magnitude]
        high = _positional_value(before) if before else Fraction(1)
        low = _positional_value(after) if after else Fraction(0)
        if high is None or low is None:
            return None
        return high * size + (low * size / 10 if after in _DIGITS and magnitude != "十" else low)
    bare = body.lstrip("零〇")
    return None if len(bare) > 1 else Fraction(_DIGITS.get(bare, 0))


def dates(text: str, anchor: str | None = None) -> list[Date]:
    """Every date of `text` in order. 今年, 上月, 昨日 count from `anchor`, the ISO date of the article.

    A word whose distance from the anchor is not known (昨日 in an article dated by its month) is left
    out. Years are of four digits; 63年 is a span of time and 90年代 a decade, both numbers.
    """
    plain = text.translate(_PLAIN)
    year, month, day = iso_parts(anchor)
    found = []
    for match in _DATE.finditer(plain):
        parts = _read_date(match, year, month, day)
        if any(parts):
            found.append(Date(match.start(), match.end(), *parts))
    return found


def iso_parts(date: str | None) -> Form:
    """Year, month and day of an ISO date of any precision; None for what it leaves open."""
    parts = [int(part) for part in (date or "").split("-") if part.isdigit()]
    return (*parts, None, None, None)[:3]  # type: ignore[return-value]


def _read_date(match: re.Match[str], year: int | None, month: int | None, day: int | None) -> Form:
    if match["iso"]:
        parts = [int(part) for part in re.split(r"[-/.]", match["iso"])]
        return (*parts, None)[:3] if 1 <= parts[1] <= 12 else (parts[0], None, None)  # type: ignore[return-value]
    if match["english"]:
        return _read_english(match["english"])
    if match["y"] or match["ry"]:
        named = _small(match["y"]) if match["y"] else year + _YEARS[match["ry"]] if year else None
        return named, _small(match["ym"]), _small(match["ymd"])
    if match["m"]:
        return None, _small(match["m"]), _small(match["md"])
    if match["rm"]:
        if not (year and month):
            return None, None, _small(match["md"])
        count = year * 12 + month - 1 + {"本": 0, "上": -1, "下": 1}[match["rm"][0]]
        return count // 12, count % 12 + 1, _small(match["md"])
    if match["rd"]:
        return _days_away(year, month, day, {"今": 0, "昨": -1, "前": -2, "明": 1}[match["rd"][0]])
    return None, None, _small(match["d"])


def _days_away(year: int | None, month: int | None, day: int | None, distance: int) -> Form:
    if not (year and month and day):
        return None, None, None
    there = datetime.date(year, month, day) + datetime.timedelta(distance)
    return there.year, there.month, there.day


def _read_english(words: str) -> Form:
    name = re.search(r"[A-Za-z]{3}", words)
    month = next(place for place, full in enumerate(_MONTHS, 1) if name and full.startswith(name.group().lower()))
    parts = [int(part) for part in re.findall(r"\d+", words)]
    return next((part for part in parts if part > 31), None), month, next((part for part in parts if part <= 31), None)


def _small(words: str | None) -> int | None:
    """The number in 2025年, 十一月, 元月份, 18日; None for nothing."""
    if not words:
        return None
    bare = words.rstrip("年月份日号 ")
    if bare in ("元", "正"):
        return 1
    value = _value(bare)
    return None if value is None else int(value)


def meanings(mentions: Iterable[Date], anchor: str | None = None) -> list[tuple[Date, frozenset[Form]]]:
    """Each date of one article with every day, month or year that it can mean, by what stands before and `anchor`.

    11月18日 takes the year last named and the article's; a month later in the year than the article also
    the year before (an article of January tells of 12月). 18日 takes the month last named and the article's.
    """
    anchor_year, anchor_month, _ = iso_parts(anchor)
    year, month = None, None
    found = []
    for mention in mentions:
        forms: set[Form] = set()
        months = {mention.month} if mention.month or not mention.day else {month, anchor_month} - {None}
        for named in months or {None}:
            years = {mention.year} if mention.year else {year, anchor_year} - {None}
            if not mention.year and anchor_year and anchor_month and named and named > anchor_month:
                years = years | {anchor_year - 1}
            forms |= {(candidate, named, mention.day) for candidate in years or {None}}
        found.append((mention, frozenset(forms)))
        year, month = mention.year or year, mention.month or month
    return found


def date_stands(date: Date, forms: Iterable[Form]) -> bool:
    """Whether every part that `date` names is the same in one of the `forms`."""
    asked = (date.year, date.month, date.day)
    return any(all(want is None or want == have for want, have in zip(asked, form)) for form in forms)
