"""Where in a sentence something of the kind asked for stands: a number, date, person, place, title.

Pure functions over the text as printed; offsets count its characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from assistant.language.names import names
from assistant.language.text import HAN, fold

_DIGITS = r"(?:\d[\d,，]*(?:\.\d+)?|[〇零一二两三四五六七八九十百千半]+)"
_NUMBER = rf"(?:近|约|超过?|逾|至少|不足|多达|达)?{_DIGITS}(?:多|余|来|几)?[十百千]?[万亿]?(?:多|余|来)?"
MEASURES = ("人次", "个百分点", "百分点", "平方公里", "平方米", "平方千米", "立方米", "公里", "千米", "万元", "亿元", "美元", "元",
            "公斤", "千克", "小时", "分钟", "个月", "周岁", "余名", "余人", "余个", "余次", "场次", "批次", "户次", "车次",
            "个", "名", "位", "人", "家", "次", "场", "项", "件", "条", "支", "座", "所", "处", "岁", "年", "天", "日", "周", "月",
            "秒", "米", "厘米", "毫米", "公顷", "克", "吨", "篇", "份", "户", "辆", "亩", "块", "只", "种", "批", "届", "首", "部", "本", "套", "栋", "间", "期",
            "轮", "分", "度", "成", "倍", "斤", "号", "页", "版", "台", "张", "站", "句", "字", "级", "层", "幅", "类", "股", "颗",
            "棵", "株", "头", "艘", "架", "对", "双", "组", "队", "村", "镇", "县", "区", "街道", "社区", "%", "％", "‰", "℃", "°")
PEOPLE = frozenset(("名", "位", "人", "个", "余名", "余人", "人次"))
"""Measure words that count people alike: 多少人 is answered by 56名."""
QUANTITIES = {
    "时长": ("年", "个月", "月", "周", "天", "日", "小时", "分钟", "秒", "分"),
    "面积": ("平方公里", "平方千米", "平方米", "亩", "公顷"),
    "长度": ("公里", "千米", "米", "里", "层"),
    "重量": ("吨", "公斤", "千克", "斤", "克"),
}
"""What may count a quantity that the question asks for without a measure word (多久, 多远)."""
_MEASURED = re.compile(
    rf"百分之{_DIGITS}(?:点{_DIGITS})?|(?:第)?{_NUMBER}\s*"
    rf"(?:个?(?:{'|'.join(map(re.escape, sorted(MEASURES, key=len, reverse=True)))}))|"
    rf"第{_DIGITS}|\d[\d,]*(?:\.\d+)?[万亿]?")
_DATE = re.compile(
    rf"(?:\d{{4}}|[〇零一二三四五六七八九]{{4}})年(?:底|初|末|(?:上|下)半年|[\d一二三四五六七八九十]{{1,3}}月(?:\d{{1,2}}[日号]|[上中下]旬|份|底|初)?)?|"
    r"(?:今年|去年|明年|当年|前年)?\d{1,2}月(?:\d{1,2}[日号]|[上中下]旬|份|底|初)?(?:至(?:明年)?(?:\d{1,2}月)?\d{0,2}[日号]?)?|"
    r"(?:本|上|下|当)月[上中下]?旬?(?:至[^，。；]{2,6}月)?|(?:明年|今年|去年|前年)(?:元月|年初|年底|春节|暑假|[春夏秋冬][天季])?|"
    r"(?:今|昨|当|明|前|次)[日天晚]|近[日期年]|日前|\d{1,2}[日号](?:上午|下午|晚|凌晨)?|元月|"
    r"(?:上午|下午|晚上?|凌晨|早上)?\d{1,2}(?:[:：]\d{2}|[点时](?:\d{1,2}分|半)?)(?![\d个名])|(?:周|星期)[一二三四五六日天]|"
    r"(?:春节|端午|中秋|国庆|元旦|清明|五一|暑假|寒假|周末)|\d{2}年代|(?:上|下)半年|每(?:周[一二三四五六日天]?|[月年日天])|\d{4}-\d{2}(?:-\d{2})?")
_TITLE = re.compile(r"《[^《》]{1,40}》|“[^“”]{1,30}”|「[^「」]{1,30}」|\"[^\"]{1,30}\"")
_PLACE_END = re.compile(
    rf"[{HAN}A-Za-z0-9·]{{1,14}}?(?:陈列馆|展览馆|体育馆|图书馆|文化馆|博物馆|科技馆|纪念馆|报告厅|会议室|会议中心|大礼堂|礼堂|剧院|影院|"
    r"广场|公园|大厅|中心|社区|街道|新村|小区|花园|学校|小学|中学|大学|学院|医院|车站|机场|基地|园区|大厦|酒店|商场|商超|市场|馆|厅|"
    r"村|镇|乡|县|区|市|省|州|路|街|巷|桥|山|河|湖|江|岛|楼|室|寺|站|国|门口|现场)")
_ORGANISATION_END = re.compile(
    rf"[{HAN}A-Za-z0-9·]{{1,16}}?(?:总工会|工会|协会|委员会|人社局|管理局|局|委|部|厅|办公室|中心|公司|集团|企业|银行|医院|学校|小学|中学|"
    r"大学|学院|研究院|研究所|剧团|艺术团|俱乐部|基金会|联合会|联盟|法院|检察院|公安|派出所|政府|街道|社区|团工委|团委|媒体|报社|报|社|队|站|会)")
_SPEECH = re.compile(r"说|表示|介绍|认为|指出|坦言|强调|回忆|讲|称|告诉|：“|:“")


@cache
def _tagged(sentence: str) -> tuple[tuple[int, int, str], ...]:
    import rjieba

    spans, at = [], 0
    for word, tag in rjieba.tag(sentence):
        at = sentence.find(word, at)
        spans.append((at, at + len(word), tag))
        at += len(word)
    return tuple(spans)


def spans(sentence: str, wants: str, measure: str = "") -> list[tuple[int, int]]:
    """The (start, end) of everything in `sentence` of the kind `wants` names, in order.

    With a `measure`, numbers counted by another one are left out, unless it is one that counts people
    alike. [] for kinds that have no form of their own ("what", "why", "how", "yesno").
    """
    found = sorted(set(_FINDERS.get(wants, lambda *_: iter(()))(sentence, measure)))
    return [span for span in found if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for other in found)]


def _numbers(sentence: str, measure: str) -> Iterator[tuple[int, int]]:
    dates = [] if measure in ("年", "天", "月", "日", "号", "时长") else _dates_with_day(sentence)
    for match in _MEASURED.finditer(sentence):
        if any(start <= match.start() < end for start, end in dates):
            continue
        if measure and not fits_measure(match.group(), measure):
            continue
        yield match.span()


def fits_measure(number: str, measure: str) -> bool:
    """Whether a number as printed ("56名") can answer 多少`measure`; 号码 is any number of five digits or more."""
    if measure == "号码":
        return bool(re.fullmatch(r"\d{5,}", number))
    if measure == "%":
        return number.endswith(("%", "％", "‰", "百分点", "成", "倍")) or number.startswith("百分之")
    if measure == "点":
        return number.endswith(("点", "时", "分")) or ":" in number
    if measure in QUANTITIES:
        return number.endswith(QUANTITIES[measure]) and (measure == "面积" or "方" not in number)
    if measure in PEOPLE:
        return any(number.endswith(word) for word in PEOPLE) or number[-1].isdigit() or number[-1] in "万亿"
    if measure in ("元", "钱", "块", "万元", "亿元"):
        return "元" in number or "块" in number
    return number.endswith(measure.removeprefix("个")) or number[-1].isdigit()


def _dates_with_day(sentence: str) -> list[tuple[int, int]]:
    return [match.span() for match in _DATE.finditer(sentence) if re.search(r"\d.*[年月日号点时:：]", match.group())]


def _dates(sentence: str, _: str) -> Iterator[tuple[int, int]]:
    for match in _DATE.finditer(sentence):
        yield match.span()


def _titles(sentence: str, _: str) -> Iterator[tuple[int, int]]:
    for match in _TITLE.finditer(sentence):
        yield match.span()


def _people(sentence: str, _: str) -> Iterator[tuple[int, int]]:
    yield from names(sentence)


def _places(sentence: str, _: str) -> Iterator[tuple[int, int]]:
    yield from _named(sentence, _PLACE_END, ("ns",))


def _organisations(sentence: str, _: str) -> Iterator[tuple[int, int]]:
    yield from _named(sentence, _ORGANISATION_END, ("nt",))


def _named(sentence: str, ending: re.Pattern[str], tags: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Names by their last word, begun at the border of a rjieba word after a preposition or a verb."""
    tagged = _tagged(sentence)
    for i, (start, end, tag) in enumerate(tagged):
        if tag in tags:
            yield start, end
    for match in ending.finditer(sentence):
        start = match.start()
        for begin, stop, tag in tagged:
            ends_it = tag in ("p", "v", "vd", "c", "u", "uj", "ul", "d", "r", "f", "x", "m")
            if match.start() <= begin < match.end() - 1 and ends_it:
                start = stop
        if match.end() - start >= 2:
            yield start, match.end()


_FINDERS = {"number": _numbers, "date": _dates, "person": _people, "place": _places, "organisation": _organisations,
            "title": _titles}


def holds_speech(sentence: str) -> bool:
    """Whether somebody says something in the sentence."""
    return bool(_SPEECH.search(fold(sentence)))
