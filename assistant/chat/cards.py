"""Answers and articles as HTML.

Everything that comes from an article, a question or a model goes through `escape` first; tags are ours
alone. What is said in both languages carries both, and the page shows one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import urlsplit

from assistant.chat.conversation import QUESTION_CHARACTERS, Find
from assistant.language.dating import cite, dated_note
from assistant.schema import Answer, Article, Citation, Coverage, Passage
from assistant.index.snapshot import Writer
from assistant.language.text import sentences

ARTICLE_CHARACTERS = 12_000
"""An opened card shows at most this much of its article, around the quoted words."""
MARGIN = 90
"""A card shows the whole sentences within this many characters on both sides of a quote."""
OPENING = 160
"""Characters of a passage on the card of an article that is not cited."""
NEAREST = 3
"""Articles shown as cards when nothing could be cited; the rest stay in a fold."""
AUTHORS = 6
NEWSPAPERS = 3

Span = tuple[int, int]

_REFRESHING = {"articles": ("读文章", "reading articles"), "chunks": ("分段", "chunks"), "words": ("词", "words"),
               "vectors": ("向量", "vectors"), "verify": ("核对", "checking")}
"""What is said of the stages of a refresh that has something to do."""
_MARK = re.compile(r"\[(\d{1,4})\]")
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")


def both(chinese: str, english: str) -> str:
    """HTML that says the same in both languages; both are HTML already."""
    return f'<span class="zh">{chinese}</span><span class="en" lang="en">{english}</span>'


def highlight(text: str, spans: Iterable[Span], tag: str, start: int = 0, end: int | None = None) -> str:
    """`text[start:end]` escaped, with `tag` around the parts of `spans` that lie in it.

    Spans count characters of `text`, may overlap and may reach outside.
    """
    end = len(text) if end is None else end
    pieces, at = [], start
    for left, right in sorted(spans):
        left, right = max(left, at), min(right, end)
        if left < right:
            pieces += [escape(text[at:left]), f"<{tag}>{escape(text[left:right])}</{tag}>"]
            at = right
    return "".join([*pieces, escape(text[at:end])])


def paragraphs(text: str, spans: Sequence[Span], start: int, end: int) -> str:
    """`text[start:end]` as one <p> a line, blank lines dropped, `spans` marked."""
    lines, at = [], start
    for line in text[start:end].split("\n"):
        if line.strip():
            lines.append(f"<p>{highlight(text, spans, 'mark', at, at + len(line))}</p>")
        at += len(line) + 1
    return "".join(lines)


def chinese_date(date: str) -> str:
    """2025-11-08 → 2025年11月8日, at the precision given; anything else unchanged."""
    if not (match := _DATE.fullmatch(date)):
        return date
    return "".join(f"{int(number)}{unit}" for number, unit in zip(match.groups(), "年月日") if number)


def english_date(date: str) -> str:
    """2025-11-08 → 8 November 2025, at the precision given; anything else unchanged."""
    match = _DATE.fullmatch(date)
    if not match or not 1 <= int(match[2] or 1) <= 12:
        return date
    year, month, day = match.groups()
    return " ".join([*([str(int(day))] if day else []), *([_MONTHS[int(month) - 1]] if month else []), year])


def masthead(coverage: Coverage) -> str:
    """The head of the page: the newspaper's name and, in one line, what its archive holds."""
    names = [escape(name) for name in coverage.newspapers]
    dates = list(dict.fromkeys(date for date in (coverage.first_date, coverage.last_date) if date))
    chinese = [f"{coverage.articles} 篇文章", "—".join(escape(chinese_date(date)) for date in dates)]
    english = ["1 article" if coverage.articles == 1 else f"{coverage.articles} articles",
               " – ".join(escape(english_date(date)) for date in dates)]
    if names:
        rest = len(names) - NEWSPAPERS
        chinese.append("、".join(names[:NEWSPAPERS]) + (f"等 {len(names)} 家" if rest > 0 else ""))
        english.append(", ".join(names[:NEWSPAPERS]) + (f" and {rest} more" if rest > 0 else ""))
    paper = f'<span class="paper">{names[0]}</span>' if len(names) == 1 else ""
    return (f'<header class="masthead"><h1>{paper}<span class="product">{both("问报", "Ask the paper")}</span></h1>'
            f'<p class="coverage">{both(" · ".join(filter(None, chinese)), " · ".join(filter(None, english)))}</p>'
            "</header>")


def banner(writer: Writer | None) -> str:
    """The line that tells of a refresh at work and how far it is; "" while none changes anything."""
    if writer is None or writer.stage not in _REFRESHING:
        return ""
    chinese, english = _REFRESHING[writer.stage]
    if writer.total:
        percent = min(100, 100 * writer.done // writer.total)
        chinese, english = f"{chinese}已完成 {percent}%", f"{english} {percent}% done"
    return ('<p class="banner" role="status">'
            + both(f"正在更新索引：{chinese}，旧索引照常回答", f"Refreshing the index: {english}; the current one answers")
            + "</p>")


def greeting() -> str:
    """What stands on the page before the first question."""
    return ('<div class="greeting"><p class="headline">' + both("想知道报上说了什么？", "What did the paper say?") + "</p><p>"
            + both("用一句话提问。答案出自报库里的文章，每一句都注明出处。",
                   "Ask in a sentence. Answers come from the articles of the archive, each statement with its source.")
            + "</p></div>")


def fine_print() -> str:
    """The line under the question box."""
    keys = both("，Enter 发送，Shift+Enter 换行", "; Enter sends, Shift+Enter breaks the line")
    limit = both(f"一个问题最多 {QUESTION_CHARACTERS} 字", f"{QUESTION_CHARACTERS} characters at most")
    return f'<p>{limit}<span class="keys">{keys}</span></p>'


def question_html(question: str) -> str:
    """A question as the visitor typed it, on one line of HTML so that no Markdown is read in it."""
    typed = _lines(escape(question)) or both("（空）", "(empty)")
    return f'<div class="question">{typed}</div>'


def answer_html(answer: Answer, turn: int) -> str:
    """An answer on one line of HTML: its text with links to the cards of `turn`, its notes, how it was found."""
    if not answer.text and not answer.done:
        return f'<div class="answer" id="answer-{turn}"><p class="waiting">{_waiting(answer)}</p></div>'
    text = _linked(highlight(answer.text, answer.emphasis, "strong"), {c.n for c in answer.citations}, turn)
    notes = "".join(f'<p class="note">{_lines(escape(note))}</p>' for note in answer.notes)
    dated = _dated(dated_note(answer.citations, answer.text))
    growing = "" if answer.done else " growing"
    foot = f'<div class="foot">{_how(answer)}{_copy(answer)}</div>' if answer.done else ""
    return (f'<div class="answer{growing}" id="answer-{turn}">{notes}<p class="said">{_lines(text)}</p>{dated}{foot}</div>')


def sources_html(answers: Sequence[Answer], find: Find) -> str:
    """The cards of a conversation: the newest turn open, the earlier ones folded below it, newest first.

    "" when no answer has a source.
    """
    turns = [_turn(answer, turn, find, newest=turn == len(answers)) for turn, answer in enumerate(answers, 1)]
    return "".join(reversed(turns))


def latest_html(articles: Iterable[Article]) -> str:
    """What stands beside an empty page: the articles given, to leaf through."""
    found = "".join(_found_card(article, 0) for article in articles)
    hint = both("回答里的每个编号，都会在这里对应一篇报道。", "Each number in an answer will stand for an article here.")
    return f'<section><h2>{both("最近的文章", "Latest articles")}</h2>{found}<p class="hint">{hint}</p></section>'


def _turn(answer: Answer, turn: int, find: Find, *, newest: bool) -> str:
    """One question's cards; "" when it has none. Only the newest lists what was found besides."""
    cited: dict[int, list[Citation]] = {}
    for citation in answer.citations:
        cited.setdefault(citation.n, []).append(citation)
    found: dict[str, list[Passage]] = {}
    for passage in answer.passages:
        found.setdefault(passage.article.id, []).append(passage)
    cards = [_cited_card(cited[n], found.pop(cited[n][0].article_id, []), find, turn) for n in sorted(cited)]
    others = [_found_card(passages[0].article, passages[0].chunk.start, passages) for passages in found.values()]
    if not cards:
        cards, others = others[:NEAREST], others[NEAREST:]
        if not cards:
            return ""
    if others and newest and answer.done:
        label = both(f"另外找到 {len(others)} 篇", f"{len(others)} more found")
        cards.append(f'<details class="others"><summary>{label}</summary>{"".join(others)}</details>')
    is_open = " open" if newest else ""
    return (f'<details class="turn"{is_open}><summary><span class="label">{_turn_title(answer)}</span>'
            f'<span class="asked">{escape(_short(answer.question, 60))}</span></summary>{"".join(cards)}</details>')


def _turn_title(answer: Answer) -> str:
    if not answer.done and not answer.citations:
        return both("正在读的报道", "Reading")
    return both("最接近的报道", "Nearest articles") if answer.refused else both("来源", "Sources")


def _cited_card(quotes: Sequence[Citation], passages: Sequence[Passage], find: Find, turn: int) -> str:
    """The card of one cited article; only its quotes where the archive no longer has them."""
    first = quotes[0]
    anchor = f"source-{turn}-{first.n}"
    number = f'<a class="number" href="#answer-{turn}" title="回到回答 · Back to the answer">{first.n}</a>'
    article = passages[0].article if passages else find(first.article_id)
    if article is None or any(article.text[quote.start:quote.end] != quote.quote for quote in quotes):
        quoted = "".join(f"<p><mark>{escape(quote.quote)}</mark></p>" for quote in quotes)
        return _card(first, first.title, quoted, anchor=anchor, number=number)
    spans = [(quote.start, quote.end) for quote in quotes]
    shown = _joined([_surroundings(article.text, start, end) for start, end in spans])
    days = dated_note(cite(quote.n, article, quote.start, quote.end) for quote in quotes)
    below = _dated(days) + _reprints(passages) + _whole(article, spans, spans[0])
    return _card(first, first.title, _passages(article, spans, shown), below, anchor, number)


def _found_card(article: Article, start: int, passages: Sequence[Passage] = ()) -> str:
    """The card of an article that is not cited, with its words from `start`: no number, nothing marked."""
    opening = (start, min(len(article.text), start + OPENING))
    below = _reprints(passages) + _whole(article, [], opening)
    return _card(article, article.heading, _passages(article, [], [opening]), below)


def _dated(note: str) -> str:
    """The line that says which days the words of a quote mean; "" for none."""
    return f'<p class="meta dated"><small>{escape(note)}</small></p>' if note else ""


def _reprints(passages: Sequence[Passage]) -> str:
    """The line that names the articles that print the same text; "" for none."""
    also = {article.id: article for passage in passages for article in passage.reprints}
    if not also:
        return ""
    named = "；".join("，".join(filter(None, (f"《{article.heading}》", article.newspaper, chinese_date(article.date or ""))))
                     for article in also.values())
    return f'<p class="meta reprints">{both("同文另见：", "Also printed: ")}{escape(named)}</p>'


def _card(of: Article | Citation, title: str, passage: str, whole: str = "", anchor: str = "", number: str = "") -> str:
    """One article: number, title, what is known of it, the passage, the fold with all of it, the original."""
    names = "、".join(of.authors[:AUTHORS]) + ("等" if len(of.authors) > AUTHORS else "")
    facts = " · ".join(escape(fact) for fact in (of.newspaper, chinese_date(of.date or ""), of.section, names) if fact)
    place = f'class="card" id="{anchor}" tabindex="-1"' if anchor else 'class="card found"'
    return (f'<article {place}><h3>{number}<span class="title">{escape(title)}</span></h3>'
            f'<p class="meta">{facts}</p><blockquote class="passage">{passage}</blockquote>{whole}{_link(of.url)}'
            "</article>")


def _passages(article: Article, marked: Sequence[Span], shown: Sequence[Span]) -> str:
    """Stretches of an article with the words in `marked` marked, and … where something is left out between."""
    return '<p class="cut">……</p>'.join(paragraphs(article.text, marked, start, end) for start, end in shown)


def _whole(article: Article, marked: Sequence[Span], near: Span) -> str:
    """A fold with the article; of a very long one the part around `near`, and a line that says so."""
    length = len(article.text)
    start = max(0, min(near[0] - ARTICLE_CHARACTERS // 2, length - ARTICLE_CHARACTERS))
    end = min(length, start + ARTICLE_CHARACTERS)
    note = "" if end - start == length else '<p class="note">' + both(
        f"全文 {length} 字，这里是引文前后的 {end - start} 字。",
        f"{length} characters in all; shown are the {end - start} around the passage.") + "</p>"
    return (f'<details class="whole"><summary>{both("展开全文", "Whole article")}</summary>'
            f'{paragraphs(article.text, marked, start, end)}{note}</details>')


def _surroundings(text: str, start: int, end: int) -> Span:
    """The span with the whole sentences around it, at most MARGIN characters of them on each side."""
    left, right = max(0, start - MARGIN), min(len(text), end + MARGIN)
    before, after = sentences(text[left:start]), sentences(text[end:right])
    if left > 0:
        before = before[1:]  # cut by the margin
    if right < len(text):
        after = after[:-1]
    return left + before[0][0] if before else start, end + after[-1][1] if after else end


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The spans in order, those that touch made one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _link(url: str | None) -> str:
    """A link to the original, where the address is one of the web; "" for any other."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    label = both("原文链接", "Original")
    return f'<a class="original" href="{escape(url or "")}" target="_blank" rel="noopener noreferrer">{label} ↗</a>'


def _linked(html: str, numbers: set[int], turn: int) -> str:
    """Escaped text with each [n] that has a card made a link to it."""
    def link(match: re.Match[str]) -> str:
        n = int(match[1])
        return f'<a class="cite" href="#source-{turn}-{n}">[{n}]</a>' if n in numbers else match[0]
    return _MARK.sub(link, html)


def _how(answer: Answer) -> str:
    """The fold that says what was searched and how long it took; "" when there were no steps."""
    if not answer.steps:
        return ""
    seconds = sum(step.seconds for step in answer.steps)
    understood = (f'<p class="understood">{both("理解为", "Understood as")}：{_lines(escape(answer.understood))}</p>'
                  if answer.understood and answer.understood != answer.question else "")
    rows = "".join(f'<li><span class="name">{escape(step.name)}</span>'
                   f'<span class="detail">{_lines(escape(step.detail))}</span>'
                   f'<span class="time">{step.seconds:.3f} s</span></li>' for step in answer.steps)
    articles = len({passage.article.id for passage in answer.passages})
    label = both(f"检索过程 · 看了 {articles} 篇 · {seconds:.2f} 秒",
                 f"How this was found · {articles} articles · {seconds:.2f} s")
    return f'<details class="how"><summary>{label}</summary>{understood}<ol>{rows}</ol></details>'


def _copy(answer: Answer) -> str:
    """The copy button with the text it copies: the answer and a line for each source."""
    sources = {c.n: f"[{c.n}] {'，'.join(filter(None, (c.newspaper, chinese_date(c.date or ''), f'《{c.title}》')))}"
               for c in answer.citations}
    text = "\n".join([answer.text, *([""] if sources else []), *(sources[n] for n in sorted(sources))])
    return (f'<button class="copy" type="button">{both("复制", "Copy")}'
            f'<span class="clip" hidden>{_lines(escape(text))}</span></button>')


def _waiting(answer: Answer) -> str:
    articles = len({passage.article.id for passage in answer.passages})
    return both(f"正在读 {articles} 篇报道", f"Reading {articles} articles") if articles else both("正在查找", "Searching")


def _lines(html: str) -> str:
    """One line of HTML: Gradio reads Markdown after a blank line, so no line break may stand in a message."""
    return "<br>".join(html.splitlines())


def _short(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length] + "…"
