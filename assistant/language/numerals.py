"""What a run of digits or Chinese numerals is worth: 1,584, 0.3亿, 一百二十七点五万, 廿三, 二〇二五."""

from __future__ import annotations

import re
from fractions import Fraction

PLAIN = str.maketrans("０１２３４５６７８９．％：／－–—～〜兩萬億壹貳叁參肆伍陸柒捌玖拾佰仟貮陆贰号號個餘點　",
                      "0123456789.%:/-----两万亿一二三三四五六七八九十百千二六二号号个余点 ")
"""One character to one, so that offsets hold. 号 is listed for 號; the full-width comma stays a comma of prose."""
DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
MAGNITUDES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_TWENTIES = str.maketrans({"廿": "二十", "卅": "三十"})

ARABIC = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
MAGNITUDE = r"(?: ?[余多]? ?(?:(?!千[米克瓦赫卡伏])[十百千万亿])+)"
CHINESE = r"(?:(?!千[米克瓦赫卡伏])[零〇一二两三四五六七八九十廿卅百千万亿])+"
"""A run of numerals; the 千 of 千米 is the measure's."""


def value(body: str) -> Fraction | None:
    """The value of a run of digits, numerals and magnitudes; None where it has no single one (三四, 一二)."""
    body = body.replace(" ", "").replace(",", "")
    if body.isascii() and body.isdigit():
        return Fraction(int(body))
    if not body[0].isdigit() or body[0] in DIGITS:
        return _chinese(body.translate(_TWENTIES))
    total = Fraction(0)
    for piece in re.finditer(r"([\d.]+)[余多]?([十百千万亿]*)", body):
        total += _times(Fraction(piece[1]), piece[2])
    return total


def small(words: str | None) -> int | None:
    """The number in 2025年, 十一月, 元月份, 18日; None for nothing."""
    bare = (words or "").rstrip("年月份日号 ")
    if bare in ("元", "正"):
        return 1
    found = value(bare) if bare else None
    return None if found is None else int(found)


def _times(number: Fraction, magnitudes: str) -> Fraction:
    for magnitude in magnitudes:
        number *= MAGNITUDES[magnitude]
    return number


def _chinese(body: str) -> Fraction | None:
    body = body.replace("余", "").replace("多", "")
    if "点" in body:
        whole, _, rest = body.partition("点")
        decimals = rest.rstrip("万亿")
        number = _chinese(whole)
        if number is None or not decimals or not all(character in DIGITS for character in decimals):
            return None
        digits = "".join(str(DIGITS[character]) for character in decimals)
        return _times(number + Fraction(int(digits), 10 ** len(digits)), rest[len(decimals):])
    if all(character in DIGITS for character in body):
        if len(body) == 2 and not set(body) & {"零", "〇"}:
            return None
        return Fraction(int("".join(str(DIGITS[character]) for character in body)))
    return _positional(body)


def _positional(body: str) -> Fraction | None:
    """三千零五, 十五, 一万二 (12,000), 百万; None where two digits stand side by side (三四十)."""
    for magnitude in "亿万千百十":
        before, found, after = body.rpartition(magnitude)
        if not found:
            continue
        size = MAGNITUDES[magnitude]
        high = _positional(before) if before else Fraction(1)
        low = _positional(after) if after else Fraction(0)
        if high is None or low is None:
            return None
        return high * size + (low * size / 10 if after in DIGITS and magnitude != "十" else low)
    bare = body.lstrip("零〇")
    return None if len(bare) > 1 else Fraction(DIGITS.get(bare, 0))
