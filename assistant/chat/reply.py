"""A question and its answer as print: who speaks, lists as lists, a timeline on its rail, what to do with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from assistant.answers import cells_of
from assistant.chat import english
from assistant.chat.cards import KINDS
from assistant.chat.conversation import save
from assistant.chat.markup import Span, both, english_date, one_line
from assistant.export.addresses import article_address
from assistant.export.citation_styles import headline
from assistant.export.documents import Find, as_text
from assistant.generation.grounding import NOT_IN_SOURCES
from assistant.language.dating import chinese_date
from assistant.question.filters import described_filters
from assistant.schema import AS_TYPED, Answer, Citation, Filters

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


def question_html(question: str) -> str:
    """A question as the visitor typed it, on one line of HTML so that no Markdown is read in it."""
    typed = one_line(escape(question)) or both("（空）", "(empty)")
    acts = _button("edit", "改问", "Edit") + _button("delete", "删去", "Delete")
    return f'<div class="asked"><h2 class="question">{typed}</h2><div class="acts">{acts}</div></div>'


def answer_html(answer: Answer, turn: int, find: Find) -> str:
    """An answer on one line of HTML: its text with links to the cards of `turn`, its notes, how it was found."""
    if not answer.text and not answer.done:
        return f'<div class="answer" id="answer-{turn}"><p class="waiting">{_waiting(answer)}</p></div>'
    notes = "".join(f'<p class="note">{english.note(note)}</p>' for note in answer.notes)
    kind = f" {answer.kind}" if answer.kind in _SPEAKER else ""
    growing = "" if answer.done else " growing"
    speaker = f'<p class="speaker">{both(*_SPEAKER[answer.kind])}</p>' if answer.kind in _SPEAKER and answer.done else ""
    foot = f'<div class="foot">{_acts(answer, find)}{_read(answer)}{_how(answer)}</div>' if answer.done else ""
    return (f'<div class="answer{kind}{growing}" id="answer-{turn}">{notes}{speaker}{body_html(answer, turn, find)}{foot}</div>')


def body_html(answer: Answer, turn: int, find: Find) -> str:
    """The text, its marks leading to #source-TURN-N: paragraphs, lists of articles, dated lines, tables, another report beside."""
    if answer.kind == "hint" and english.frame(answer.text, 0, len(answer.text))[0] == 0:
        return f'<p class="said">{english.note(answer.text)}</p>'
    blocks: list[str] = []
    for shape, lines in groupby(_lines(answer.text), lambda line: _shape(answer.text, *line)):
        spans = list(lines)
        if shape == "table" and len(spans) > 1:
            blocks.append(_table(answer, spans, turn))
        elif shape in ("listed", "timeline"):
            row = _listed_row if shape == "listed" else _dated_row
            blocks.append(f'<ol class="{shape}">{"".join(row(answer, *span, turn, find) for span in spans)}</ol>')
        elif shape == "other" and blocks:
            other = "".join(_paragraph(answer, *span, turn) for span in spans)
            blocks = [f'<div class="compared"><div>{"".join(blocks)}</div><div>{other}</div></div>']
        else:
            blocks += [_paragraph(answer, *span, turn) for span in spans]
    return "".join(blocks)


def _shape(text: str, start: int, end: int) -> str:
    """What a line is: "table", "listed", "timeline", "other" (another report's words), "" for a paragraph."""
    line = text[start:end]
    if cells_of(text, start, end):
        return "table"
    if _LISTED.fullmatch(line):
        return "listed"
    return "timeline" if _DATED.fullmatch(line) else "other" if _OTHER.match(line) else ""


def _paragraph(answer: Answer, start: int, end: int, turn: int) -> str:
    """A line: our own words before the paper's in both languages."""
    at, told = english.frame(answer.text, start, end)
    framed = both(_inline(answer, start, at, turn), escape(told)) if told else ""
    lead = " lead" if at == start and answer.text[start:end].endswith("：") else ""
    return f'<p class="said{lead}">{framed}{_inline(answer, at, end, turn)}</p>'


def _table(answer: Answer, lines: Sequence[Span], turn: int) -> str:
    """Lines between bars as a table, the first its header; the marks behind a line stand in its last cell."""
    rows = []
    for n, (start, end) in enumerate(lines):
        marks = answer.text.rindex("|", start, end) + 1
        places = cells_of(answer.text, start, end)
        cells = [_inline(answer, *cell, turn) for cell in places]
        if not n:
            cells = [english.head(answer.text[left:right], cell) for (left, right), cell in zip(places, cells)]
        cells[-1] += _inline(answer, marks, end, turn)
        tag = "td" if n else "th"
        rows.append(f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>")
    body = f"<tbody>{''.join(rows[1:])}</tbody>"
    return f'<div class="scroll" tabindex="0"><table class="rows"><thead>{rows[0]}</thead>{body}</table></div>'


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
            f'<span class="when">{_day(citation.date)}</span><span class="about">{escape(about)}</span></li>')


def _dated_row(answer: Answer, start: int, end: int, turn: int, find: Find) -> str:
    """A line of a timeline: its date, and the sentence that tells of it without our quotation marks."""
    match = _DATED.fullmatch(answer.text, start, end)
    said = _inline(answer, match.start("said"), match.end("said"), turn)  # type: ignore[union-attr]
    mark = _inline(answer, match.start("mark"), match.end("mark"), turn)  # type: ignore[union-attr]
    return f'<li><span class="when">{both(escape(match["date"]), escape(english.dates(match["date"])))}</span><span class="told">{said}{mark}</span></li>'  # type: ignore[index]


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


def _read(answer: Answer) -> str:
    """What was read from the question, each with a button that takes it off, and one that asks it as it was typed; chat.js
    shows the newest above the conversation. "" where nothing was."""
    read = answer.read
    known = (
        ("author", read.author, f"{read.author}署名", f"by {read.author}"),
        ("newspaper", read.newspaper, read.newspaper, read.newspaper),
        ("section", read.section, f"“{read.section}”栏目", f"section “{read.section}”"),
        ("page", read.page, f"第{(read.page or '').upper()}版", f"page {(read.page or '').upper()}"),
        ("kind", read.kind, *KINDS.get(read.kind or "", (read.kind, read.kind))),
        ("date_from date_to", read.date_from or read.date_to, described_filters(Filters(read.date_from, read.date_to)),
         " – ".join(dict.fromkeys(english_date(day) if day else "…" for day in (read.date_from, read.date_to)))))
    chips = "".join(f'<button type="button" class="act aside {names}">{both(escape(chinese or ""), escape(meant or ""))} '
                    f'<span class="off">×</span></button>' for names, value, chinese, meant in known if value)
    whole = answer.understood.partition("（只看")[0]
    followed = f'<span class="whole-question">“{one_line(escape(whole))}”</span>' if whole not in ("", answer.question) else ""
    if not chips and not followed:
        return ""
    typed = f'<button type="button" class="act aside {AS_TYPED}">{both("按我写的检索", "Search what I typed")}</button>'
    return f'<div class="read" hidden><span>{both("理解为", "Understood as")}</span>{followed}{chips}{typed}</div>'


def _how(answer: Answer) -> str:
    """The fold that says what was searched and how long it took; "" when there were no steps."""
    if not answer.steps:
        return ""
    seconds = sum(step.seconds for step in answer.steps)
    understood = (f'<p class="understood">{both("理解为", "Understood as")}：{one_line(escape(answer.understood))}</p>'
                  if answer.understood and answer.understood != answer.question else "")
    told = [(*english.step(step.name, step.detail), step.seconds) for step in answer.steps]
    rows = "".join(f'<li><span class="name">{name}</span><span class="detail">{detail}</span><span class="time">{took:.3f} s</span></li>'
                   for name, detail, took in told)
    articles = len({passage.article.id for passage in answer.passages})
    label = both(f"检索过程 · 看了 {articles} 篇 · {seconds:.2f} 秒",
                 f"How this was found · {articles} articles · {seconds:.2f} s")
    return f'<details class="how"><summary>{label}</summary>{understood}<ol>{rows}</ol></details>'


def _waiting(answer: Answer) -> str:
    articles = len({passage.article.id for passage in answer.passages})
    return both(f"正在读 {articles} 篇报道", f"Reading {articles} articles") if articles else both("正在查找", "Searching")


def _day(date: str | None) -> str:
    return both(escape(chinese_date(date)), escape(english_date(date or "")))


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
