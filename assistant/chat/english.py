"""Our own sentences around the paper's words, in English for a browser that speaks no Chinese: frames of answers, notes,
the steps of an answer. What the paper printed stays as it is printed."""

from __future__ import annotations

import re
from html import escape

from assistant.chat.markup import both, english_date, one_line

_DATE = re.compile(r"(\d{4})年(?:(\d{1,2})月)?(?:(\d{1,2})日)?")
_END = re.compile(r"至(?:(\d{1,2})月)?(?:(\d{1,2})日)?")
_OTHERS = re.compile(r"（另有 (\d+) 篇日期在此之外）")
_FRAMES = tuple((re.compile(pattern), english) for pattern, english in (
    (r"在 (\d+) 篇报道(?:（.*?）)?里(?:（.*?）)?没有找到(?:这样的报道|能回答这个问题的内容)。", "Nothing in the {0} articles answers this. "),
    (r"最接近的报道没有提到(.+?)[。：]", "The nearest articles do not mention {0}: "),
    (r"(\d+) 篇报道(?:（.*?）)?里都没有提到(.+?)。", "None of the {0} articles mentions {1}. "),
    (r"(?:[^，。]*的)?报道出自 (\d+) (?:期报纸|个版|位作者|个栏目|家报纸|天|个月)(?:（.*?）)?：$", "They are of {0}:"),
    (r"这 (\d+) 篇报道，最近的 (\d+) 篇是：", "Of these {0} articles the latest {1}:"),
    (r"这 (\d+) 篇报道是：", "These {0} articles:"),
    (r"名字相近的有(“.+?”)：", "One of nearly that name is {0}: "),
    (r"最接近的报道：", "Perhaps related:"),
    (r"报道中说的是(.+?)，不是(.+?)：", "The paper has {0}, not {1}: "),
    (r"报道里(“.+?”)的职务，按时间先后：", "Offices of {0} in the articles, earliest first:"),
    (r"(?:[^，。]*的)?报纸登过的更正有 (\d+) 则：", "{0} corrections were printed:"),
    (r"(《.+?》.*?)，登在(第.+?版)。", "{0} stands on page {1}. "),
    (r"报道里有日期的 (\d+) 件事，按时间先后：", "{0} dated events, earliest first:"),
    (r"(?:[^，。]*的)?报道有 (\d+) 篇(?:（没有整个写到.*?）)?", "{0} articles"),
    (r"，已经全部列出。", "; all have been listed."),
    (r"，第 (\d+) 至 (\d+) 篇是：", "; {0} to {1} of them:"),
    (r"，?最近的 (\d+) 篇是：", " – the latest {0}:"),
    (r"，?最早的 (\d+) 篇是：", " – the earliest {0}:"),
    (r"(?:这些报道)?是：|即：", "These are:"),
    (r"其中最近的 (\d+) 篇：", "The latest {0} of them:"),
    (r"这一天的 (\d+) 篇：", "The {0} of that day:"),
    (r"报库共收 (\d+) 篇报道.*?。$", "The archive holds {0} articles."),
    (r"(?:[^，。]*的)?(\d+) 篇报道里，最多的是(.+?)，(\d+) 篇[。：]", "Of {0} articles most are of {1}: {2}."),
    (r"(?:[^，。]*的)?最近的报道是 (.+?)[。：]$", "The latest article is of {0}:"),
    (r"(?:[^，。]*的|报库里)?最早的报道是 (.+?)(?: 的)?[。：]?$", "The earliest article is of {0}:"),
    (r"最近一期报纸是 (.+?)[。：]?$", "The latest issue is of {0}:"),
    (r"日期：(?=\d)", "Dates: "),
    (r"栏目：", "Sections: "),
    (r"其间没有报道的日子有 (\d+) 天：", "{0} days without an article: "),
    (r"其间没有报道的月份：", "Months without an article: "),
    (r"其间每天都有报道。", "Articles of every day between."),
    (r"其间每个月都有报道。", "Articles of every month between."),
    (r"(.+?)：(\d+) 篇，(\d{4}年.*)$", "{0}: {1} articles, {2}"),
    (r"(《.+?》.*?)，开头是：$", "{0} begins:"),
    (r"署名：(.+?)。", "By {0}. "),
    (r"另一篇报道（(.+?)）的说法不同：", "Another article ({0}) has it otherwise: "),
    (r"另一篇报道的说法不同：", "Another article has it otherwise: "),
    (r"报纸另有更正（(.+?)）：", "The paper put it right ({0}): "),
    (r"报纸另有更正：", "The paper put it right: "),
    (r"(.+)的报道：$", "Articles of {0}:"),
    (r"没有找到。$", "Not found."),
    (r"：$", ":"),
    (r"请说出是哪一篇.*", "Say which article, as in “《title》讲了什么”; or let me list some first, as with “最近有什么新闻”."),
    (r"报库不能按(.+?)排名.*", "The archive cannot be ranked by {0}; it can by reporter, section, page, newspaper, year, month and day."),
    (r"抱歉，没有答好.*", "Sorry. Please ask again in other words, with the name, place or date; every quote opens its article."),
    (r"(?:您好|不客气|我是报纸的问答助手|这个我不会|请输入一个问题)[！：，。].*",
     "I answer questions about this newspaper; every sentence shows its source, and what was not reported I do not make up."),
))
"""What `answers`, `archive`, `corrections` and `parts` write before, between and behind quotes; tried in this order."""
_NOTES = tuple((re.compile(pattern), english) for pattern, english in (
    (r"问题太长，只读了前 (\d+) 个字。", "The question is too long; its first {0} characters were read."),
    (r"只看(.+?)没有找到答案，下面来自其他报道。", "Under {0} nothing answers; this is from other articles."),
    (r"语言模型的回答里有没有依据的话，没有采用；下面是报道原文。",
     "The language model said what the sources do not bear out, so the paper's own words stand here."),
    (r"语言模型没有在报道里找到答案。", "The language model found no answer in the articles."),
    (r"语言模型的回答没有出处，没有采用；下面是报道原文。",
     "The language model named no source, so the paper's own words stand here."),
    (r".*下面是报道原文。", "The language model gave no answer, so the paper's own words stand here."),
    (r"有 (\d+) 句话没有出处，已略去。", "{0} sentences without a source were left out."),
    (r"有 (\d+) 处.*未见于所引报道，已标出。", "{0} details that the cited articles do not have are marked."),
    (r"去掉了 (\d+) 个不存在的出处编号。", "{0} numbers of sources that do not exist were taken away."),
))
_HEADS = {"名次": "Place", "记者": "Reporter", "作者": "Author", "栏目": "Section", "版面": "Page", "报纸": "Newspaper", "年": "Year",
          "月": "Month", "日": "Day", "天": "Day", "期": "Issue", "版": "Page", "日期": "Day", "月份": "Month", "篇数": "Articles"}
"""What heads the columns of our own tables."""
_STEPS = {"理解问题": "Question read", "检索": "Search", "阅读": "Reading", "生成与核对": "Writing and checking", "追问建议": "Follow-ups"}
_DETAILS = tuple((re.compile(pattern), english) for pattern, english in (
    (r"(\d+) 段，(\d+) 篇", "{0} passages of {1} articles"), (r"，经 (.+) 重排", ", ranked again by {0}"), (r"把握 ", "probability "),
    (r"(\d+) 个$", "{0}"), (r"问事实", "a fact"), (r"找报道", "a list"), (r"数报道", "a count"), (r"问报道内容", "the gist"),
    (r"问署名", "the byline"), (r"问经过", "a timeline"), (r"找最近的报道", "the latest"), (r"找最早的报道", "the earliest"),
    (r"排名", "a ranking"), (r"问报库", "the archive"), (r"比较", "a comparison"), (r"寒暄", "small talk"), (r"，?只看", " under "),
    (r"，?提到 ", " about "),
))


def frame(text: str, start: int, end: int) -> tuple[int, str]:
    """(where the paper's words begin, the English of our own words before them, as text) of a stretch of an answer."""
    at, told = start, ""
    while match := next((found for pattern, _ in _FRAMES if (found := pattern.match(text, at, end)) and found.end() > at), None):
        english = next(english for pattern, english in _FRAMES if pattern is match.re)
        told += _filled(english, match)
        at = match.end()
    return at, told


def head(cell: str, html: str) -> str:
    """The HTML of the head of a column, in both languages where it is one of our own."""
    return both(html, _HEADS[cell]) if cell in _HEADS else html


def note(text: str) -> str:
    """A note as HTML in both languages: one that has an English line below it, or that is known; else as it is."""
    lines = text.splitlines()
    if len(lines) == 2 and lines[1].isascii():
        return both(*map(escape, lines))
    for pattern, english in _NOTES:
        if match := pattern.fullmatch(text):
            return both(escape(text), escape(_filled(english, match)))
    return one_line(escape(text))


def dates(text: str) -> str:
    """A text with its Chinese dates in English; of a range the second may lack its year."""
    told = _OTHERS.sub(r" (\1 articles of other dates)", _DATE.sub(_in_english, text))
    return _END.sub(lambda match: f" to {match[2] or ''} {_month(match[1])}".replace("  ", " ").rstrip(), told)


def step(name: str, detail: str) -> tuple[str, str]:
    """The name and the detail of a step as HTML in both languages."""
    english = detail
    for pattern, meant in _DETAILS:
        english = pattern.sub(lambda match, meant=meant: _filled(meant, match), english)  # type: ignore[misc]
    shown = both(one_line(escape(detail)), one_line(escape(english))) if english != detail else one_line(escape(detail))
    return (both(escape(name), _STEPS[name]) if name in _STEPS else escape(name)), shown


def _filled(english: str, match: re.Match[str]) -> str:
    return english.format(*(dates(group or "") for group in match.groups()))


def _month(number: str | None) -> str:
    return english_date(f"2000-{number.zfill(2)}").partition(" ")[0] if number else ""


def _in_english(date: re.Match[str]) -> str:
    return english_date("-".join(part.zfill(2) for part in date.groups() if part))
