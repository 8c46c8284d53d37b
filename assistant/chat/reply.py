"""A question and its answer as print: who speaks, lists as lists, a timeline on its rail, what to do with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape

from assistant.chat.conversation import save
from assistant.chat.markup import Span, both, one_line, told
from assistant.export.addresses import article_address
from assistant.export.citation_styles import headline
from assistant.export.documents import Find, as_text
from assistant.generation.grounding import NOT_IN_SOURCES
from assistant.language.dating import chinese_date
from assistant.schema import Answer, Citation

ORIGIN = "\ue000"
"""Stands in the text to be copied for the address of the server, which the browser knows."""
REASONS = (("evidence", "依据不对", "Wrong evidence"), ("unanswered", "没有答到", "Not an answer"),
           ("outdated", "已经过时", "Outdated"), ("other", "其他", "Other"))
"""Why an answer was no good, as the feedback file keeps it, in Chinese and in English."""

_SPEAKER = {"quotes": ("报纸原文", "The paper's own words"), "model": ("模型归纳", "Summed up by a model"),
            "articles": ("报库目录", "From the archive's list"), "refusal": ("没有找到", "Not found")}
_MARK = r"\[(\d{1,4})\]"
_MARKS = re.compile(rf"(?P<before>[^<>\s;])?(?P<marks>(?:{_MARK})+)")
_LISTED = re.compile(rf"(?:《.+?》|“.+?”)(?:，.*)?{_MARK}")
_DATED = re.compile(rf"(?P<date>\d{{4}}年[^：“]{{0,16}})：“(?P<said>.*)”(?P<mark>{_MARK})")
_OTHER = re.compile(r"(?:另一篇报道|报纸另有更正)[^“]*：")
_UNSUPPORTED = re.compile(rf"(\d[\d.,]*[万亿]?|[^\W\d_]{{1,4}}|”)?{re.escape(NOT_IN_SOURCES)}")
_ENGLISH = (
    (re.compile(r"在 (\d+) 篇报道.*?没有找到[^。]*。"), r"Nothing in the \1 articles answers this. "),
    (re.compile(r"最接近的报道没有提到(.+?)。"), r"The nearest articles do not mention \1. "),
    (re.compile(r"最接近的报道：$"), "Perhaps related:"),
    (re.compile(r"报道里有日期的 (\d+) 件事，按时间先后："), r"\1 dated events, earliest first:"),
    (re.compile(r"^.*报道有 (\d+) 篇，最近的 (\d+) 篇是："), r"\1 articles; the latest \2:"),
    (re.compile(r"^.*报道有 (\d+) 篇，第 (\d+) 至 (\d+) 篇是："), r"\1 articles; \2 to \3 of them:"),
    (re.compile(r"^.*报道有 (\d+) 篇："), r"\1 articles:"),
    (re.compile(r"^.*报道有 (\d+) 篇，已经全部列出。"), r"\1 articles; all have been listed."),
)
"""Our own sentences around lists, as `answers` writes them, in English."""


def question_html(question: str) -> str:
    """A question as the visitor typed it, on one line of HTML so that no Markdown is read in it."""
    typed = one_line(escape(question)) or both("（空）", "(empty)")
    acts = _button("edit", "改问", "Edit") + _button("delete", "删去", "Delete")
    return f'<div class="asked"><h2 class="question">{typed}</h2><div class="acts">{acts}</div></div>'


def answer_html(answer: Answer, turn: int, find: Find) -> str:
    """An answer on one line of HTML: its text with links to the cards of `turn`, its notes, how it was found."""
    if not answer.text and not answer.done:
        return f'<div class="answer" id="answer-{turn}"><p class="waiting">{_waiting(answer)}</p></div>'
    notes = "".join(f'<p class="note">{told(note)}</p>' for note in answer.notes)
    kind = f" {answer.kind}" if answer.kind in _SPEAKER else ""
    growing = "" if answer.done else " growing"
    speaker = f'<p class="speaker">{both(*_SPEAKER[answer.kind])}</p>' if answer.kind in _SPEAKER and answer.done else ""
    foot = f'<div class="foot">{_acts(answer, find)}{_how(answer)}</div>' if answer.done else ""
    return (f'<div class="answer{kind}{growing}" id="answer-{turn}">{notes}{speaker}{body_html(answer, turn, find)}{foot}</div>')


def body_html(answer: Answer, turn: int, find: Find) -> str:
    """The text, its marks leading to #source-TURN-N: paragraphs, lists of articles, dated lines, another report beside."""
    if answer.kind == "hint":
        return f'<p class="said">{told(answer.text)}</p>'
    blocks: list[str] = []
    rows: list[str] = []
    shape = ""

    def close() -> None:
        nonlocal rows
        if rows:
            blocks.append(f'<ol class="{shape}">{"".join(rows)}</ol>')
        rows = []

    for start, end in _lines(answer.text):
        line = answer.text[start:end]
        now = "listed" if _LISTED.fullmatch(line) else "timeline" if _DATED.fullmatch(line) else ""
        if now != shape:
            close()
        shape = now
        if now:
            rows.append((_listed_row if now == "listed" else _dated_row)(answer, start, end, turn, find))
        elif _OTHER.match(line) and blocks:
            blocks = [f'<div class="compared"><div>{"".join(blocks)}</div><div>{_paragraph(answer, start, end, turn)}</div></div>']
        else:
            blocks.append(_paragraph(answer, start, end, turn))
    close()
    return "".join(blocks)


def _paragraph(answer: Answer, start: int, end: int, turn: int) -> str:
    line = answer.text[start:end]
    shown = _inline(answer, start, end, turn)
    english = line
    for pattern, meant in _ENGLISH:
        english = pattern.sub(meant, english)
    framed = english != line and not re.search(_MARK, line)
    return f'<p class="said">{both(shown, escape(english)) if framed else shown}</p>'


def _listed_row(answer: Answer, start: int, end: int, turn: int, find: Find) -> str:
    """An article of a list: its title, its date at the right, its number."""
    mark = re.search(rf"{_MARK}$", answer.text[start:end])
    citation = next((c for c in answer.citations if mark and c.n == int(mark[1])), None)
    if citation is None:
        return f"<li>{_inline(answer, start, end, turn)}</li>"
    article = find(citation.article_id)
    title = headline(article) if article else citation.title
    about = " · ".join(filter(None, (citation.newspaper, citation.section, "、".join(citation.authors))))
    return (f'<li><a class="title" href="{escape(_place(citation))}">{escape(title)}</a>'
            f'{_linked(escape(f"[{citation.n}]"), {citation.n}, turn)}'
            f'<span class="when">{escape(chinese_date(citation.date))}</span><span class="about">{escape(about)}</span></li>')


def _dated_row(answer: Answer, start: int, end: int, turn: int, find: Find) -> str:
    """A line of a timeline: its date, and the sentence that tells of it without our quotation marks."""
    match = _DATED.fullmatch(answer.text, start, end)
    said = _inline(answer, match.start("said"), match.end("said"), turn)  # type: ignore[union-attr]
    mark = _inline(answer, match.start("mark"), match.end("mark"), turn)  # type: ignore[union-attr]
    return f'<li><span class="when">{escape(match["date"])}</span><span class="told">{said}{mark}</span></li>'  # type: ignore[index]


def _inline(answer: Answer, start: int, end: int, turn: int) -> str:
    """A stretch of the answer's text as HTML: short answer, dates meant, marks that lead to cards."""
    spans = [(*span, "<strong>", "</strong>") for span in answer.emphasis]
    spans += [(left, right, f'<abbr title="{escape(chinese_date(day))}" tabindex="0">', "</abbr>")
              for left, right, day in days_meant(answer)]
    pieces, at = [], start
    for left, right, opening, closing in sorted(spans):
        left, right = max(left, at), min(right, end)
        if left < right:
            pieces += [escape(answer.text[at:left]), opening, escape(answer.text[left:right]), closing]
            at = right
    html = "".join([*pieces, escape(answer.text[at:end])])
    return _linked(_unsupported(html), {citation.n for citation in answer.citations}, turn)


def days_meant(answer: Answer) -> Iterator[tuple[int, int, str]]:
    """(start, end, ISO date) of the words of the text that mean a date which they leave to the reader."""
    for citation in answer.citations:
        at = answer.text.find(citation.quote)
        for left, right, day in citation.dated if at >= 0 else ():
            if not is_obvious(citation, citation.quote[left:right], day):
                yield at + left, at + right, day


def is_obvious(citation: Citation, word: str, day: str) -> bool:
    """Whether the word says the month, and its year is the article's own."""
    return "月" in word and "上" not in word and day[:4] == (citation.date or "")[:4] and any(map(str.isdigit, word))


def _unsupported(html: str) -> str:
    """What a model said and no source bears out, underlined with the reason."""
    reason = "所引报道里没有 · Not in the sources cited"
    return _UNSUPPORTED.sub(lambda match: f'<u class="unsupported" title="{reason}">{match[1] or ""}'
                                          f"<small>{NOT_IN_SOURCES}</small></u>", html)


def _linked(html: str, numbers: set[int], turn: int) -> str:
    """Escaped text with each [n] that has a card made a link to it, which begins no line."""
    def link(match: re.Match[str]) -> str:
        n = int(match[1])
        return f'<a class="cite" href="#source-{turn}-{n}">[{n}]</a>' if n in numbers else match[0]

    def kept_together(match: re.Match[str]) -> str:
        marks = re.sub(_MARK, link, match["marks"])
        return f'<span class="keep">{match["before"] or ""}{marks}</span>' if "<a" in marks else match[0]

    return _MARKS.sub(kept_together, html)


def _acts(answer: Answer, find: Find) -> str:
    """What can be done with an answer: take it along, say how good it is, ask again.

    Gradio keeps no attribute of ours but class, id, title and the like: chat.js reads what to do from the class.
    """
    text = escape(as_text(answer, find, ORIGIN))
    copy = f'<button class="copy" type="button">{both("复制", "Copy")}<span class="clip" hidden>{one_line(text)}</span></button>'
    along = _button("markdown", "Markdown", "Markdown") + _button("docx", "Word", "Word") + _button("share", "链接", "Link")
    thumbs = _button("up", "有用", "Helpful") + _button("down", "不好", "Not good")
    reasons = "".join(f'<button type="button" class="act reason {name}">{both(chinese, english)}</button>'
                      for name, chinese, english in REASONS)
    why = f'<div class="why" hidden><span>{both("哪里不好？", "What is wrong?")}</span>{reasons}</div>'
    turn_data = escape(json.dumps(save([answer])[0], ensure_ascii=False))
    sources = _button("sources", "来源", "Sources") if answer.citations or answer.passages else ""
    return (f'<div class="acts"><span class="saved" hidden>{turn_data}</span>{sources}{copy}{along}{thumbs}'
            f'{_button("again", "重答", "Retry")}{why}</div>')


def _button(act: str, chinese: str, english: str) -> str:
    return f'<button type="button" class="act {act}">{both(chinese, english)}</button>'


def _how(answer: Answer) -> str:
    """The fold that says what was searched and how long it took; "" when there were no steps."""
    if not answer.steps:
        return ""
    seconds = sum(step.seconds for step in answer.steps)
    understood = (f'<p class="understood">{both("理解为", "Understood as")}：{one_line(escape(answer.understood))}</p>'
                  if answer.understood and answer.understood != answer.question else "")
    rows = "".join(f'<li><span class="name">{escape(step.name)}</span>'
                   f'<span class="detail">{one_line(escape(step.detail))}</span>'
                   f'<span class="time">{step.seconds:.3f} s</span></li>' for step in answer.steps)
    articles = len({passage.article.id for passage in answer.passages})
    label = both(f"检索过程 · 看了 {articles} 篇 · {seconds:.2f} 秒",
                 f"How this was found · {articles} articles · {seconds:.2f} s")
    return f'<details class="how"><summary>{label}</summary>{understood}<ol>{rows}</ol></details>'


def _waiting(answer: Answer) -> str:
    articles = len({passage.article.id for passage in answer.passages})
    return both(f"正在读 {articles} 篇报道", f"Reading {articles} articles") if articles else both("正在查找", "Searching")


def _place(citation: Citation) -> str:
    return "." + article_address(citation.article_id, (citation.start, citation.end))


def _lines(text: str) -> list[Span]:
    """The (start, end) of each line that is not blank."""
    spans, at = [], 0
    for line in text.split("\n"):
        if line.strip():
            spans.append((at, at + len(line)))
        at += len(line) + 1
    return spans
