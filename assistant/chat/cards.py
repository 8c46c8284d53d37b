"""The head of the page and the articles beside the talk, as HTML.

Everything that comes from an article, a question or a model goes through `escape` first; tags are ours
alone. What is said in both languages carries both, and the page shows one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape
from urllib.parse import urlsplit

from assistant.chat.markup import Span, both, chinese_date, english_date, paragraphs, shortened
from assistant.export.addresses import article_address
from assistant.export.citation_styles import headline
from assistant.export.documents import Find
from assistant.index.snapshot import Writer
from assistant.language.text import sentences
from assistant.schema import Answer, Article, Citation, Coverage, Passage

ARTICLE_CHARACTERS = 12_000
"""An opened card shows at most this much of its article, around the quoted words."""
PANEL_CHARACTERS = 1_000_000
"""Beyond so many of HTML no earlier turn is shown: fifty turns of five cards have as many."""
MARGIN = 90
"""A card shows the whole sentences within this many characters on both sides of a quote."""
OPENING = 160
"""Characters of a passage on the card of an article that is not cited."""
NEAREST = 3
"""Articles shown as cards when nothing could be cited; the rest stay in a fold."""
AUTHORS = 6
NEWSPAPERS = 3
SECTIONS = 200
STRAY = 5
"""Of a thousand dates, how many at either end may be misread."""
PAGES = {"/search": ("检索", "Search"), "/issues": ("往期", "Issues"), "/people": ("人物", "Names"),
         "/briefing": ("简报", "Briefing")}

KINDS = {"news": ("消息", "News"), "comment": ("评论", "Comment"), "caption": ("图片和漫画", "Pictures")}
"""The kinds of articles, in Chinese and in English."""

_REFRESHING = {"articles": ("读文章", "reading articles"), "chunks": ("分段", "chunks"), "words": ("词", "words"),
               "names": ("人名地名", "names"), "vectors": ("向量", "vectors"), "verify": ("核对", "checking")}
"""What is said of the stages of a refresh that has something to do."""


def masthead(coverage: Coverage, dates: Sequence[str] = (), *, tagged: bool = False) -> str:
    """The head of the page: the newspaper's name, what its archive holds in one line, the other pages.

    `dates` are those of the articles; a few that lie far from the others do not stretch the line. The people are among the
    other pages where the archive is `tagged`.
    """
    names = [escape(name) for name in coverage.newspapers]
    span = [escape(date) for date in dict.fromkeys(_span(dates) or (coverage.first_date, coverage.last_date)) if date]
    chinese = [f"{coverage.articles} 篇文章", "—".join(map(chinese_date, span))]
    english = ["1 article" if coverage.articles == 1 else f"{coverage.articles} articles", " – ".join(map(english_date, span))]
    if len(names) > 1:
        rest = len(names) - NEWSPAPERS
        chinese.append("、".join(names[:NEWSPAPERS]) + (f"等 {len(names)} 家" if rest > 0 else ""))
        english.append(", ".join(names[:NEWSPAPERS]) + (f" and {rest} more" if rest > 0 else ""))
    paper = f'<span class="paper">{names[0]}</span>' if len(names) == 1 else ""
    pages = "".join(f'<a href=".{address}">{both(*name)}</a>' for address, name in PAGES.items() if tagged or address != "/people")
    return (f'<header class="masthead"><h1>{paper}<span class="product">{both("问报", "Ask the paper")}</span></h1>'
            f'<p class="coverage">{both(" · ".join(filter(None, chinese)), " · ".join(filter(None, english)))}</p>'
            f"<nav>{pages}</nav></header>")


def _span(dates: Sequence[str]) -> tuple[str, str] | None:
    """The first and last month of nearly all dates; None where there are too few to tell which are astray."""
    known = sorted(date[:7] for date in dates if len(date) >= 7)
    stray = len(known) * STRAY // 1000
    return (known[stray], known[-1 - stray]) if stray else None


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


def filter_bar(coverage: Coverage, kinds: Collection[str]) -> str:
    """The filters that go into every question, folded, those of /search; chat.js reads and keeps them, and puts below
    them what was read from the newest question."""
    fields = [("date_from", "从", "From", 'placeholder="2025-11-18" size="10"'),
              ("date_to", "到", "To", 'placeholder="2025-11" size="10"'),
              *([("newspaper", "报纸", "Newspaper", 'list="chat-newspapers" size="10"')] if len(coverage.newspapers) > 1 else []),
              *([("section", "栏目", "Section", 'list="chat-sections" size="8"')] if coverage.sections else []),
              ("author", "作者", "Author", 'size="8"')]
    inputs = "".join(f'<label>{both(chinese, english)}<input data-under="{name}" maxlength="100" {more}></label>'
                     for name, chinese, english, more in fields)
    lists = "".join(f'<datalist id="chat-{of}">{"".join(f"<option>{escape(name)}</option>" for name in names[:SECTIONS])}</datalist>'
                    for of, names in (("newspapers", coverage.newspapers), ("sections", coverage.sections)))
    offered = "".join(f'<option value="{kind}">{" · ".join(names)}</option>' for kind, names in KINDS.items() if kind in kinds)
    if offered:
        inputs += f'<label>{both("体裁", "Kind")}<select data-under="kind"><option value=""></option>{offered}</select></label>'
    return (f'<details class="under"><summary>{both("只看部分报道", "Only some of the articles")}'
            f'<span class="set"></span></summary><div class="fields">{inputs}'
            f'<button type="button" class="act unfilter">{both("去掉", "Clear")}</button>'
            f'{lists}</div></details><div class="taken"></div>')


def fine_print() -> str:
    """The line under the question box: the keys, and what takes the whole conversation along."""
    keys = f'<p class="keys">{both("Enter 发送，Shift+Enter 换行", "Enter sends, Shift+Enter breaks the line")}</p>'
    acts = (("all-markdown", "Markdown", "Markdown"), ("all-docx", "Word", "Word"), ("print", "打印", "Print"))
    buttons = "".join(f'<button type="button" class="act {act}">{both(chinese, english)}</button>' for act, chinese, english in acts)
    return f'{keys}<div class="acts whole-talk"><span>{both("整段对话：", "Conversation:")}</span>{buttons}</div>'


def sources_html(answers: Sequence[Answer], find: Find) -> str:
    """The cards of a conversation: the newest turn open, the earlier ones folded below it, newest first, as far back as
    PANEL_CHARACTERS go.

    "" when no answer has a source.
    """
    cards, length = [], 0
    for turn in range(len(answers), 0, -1):
        cards.append(_turn(answers[turn - 1], turn, find, newest=turn == len(answers)))
        length += len(cards[-1])
        if length > PANEL_CHARACTERS:
            break
    return _panel("".join(cards))


def latest_html(articles: Iterable[Article]) -> str:
    """What stands beside an empty page: the articles given, to leaf through."""
    found = "".join(_found_card(article, 0) for article in articles)
    hint = both("回答里的每个编号，都会在这里对应一篇报道。", "Each number in an answer will stand for an article here.")
    return _panel(f'<section><h2>{both("最近的文章", "Latest articles")}</h2>{found}<p class="hint">{hint}</p></section>')


def _panel(cards: str) -> str:
    """The cards as a landmark with its name and the button that shuts it where it is a sheet; "" for none."""
    name = f'<h2 class="sr" id="sources-name">{both("来源", "Sources")}</h2>'
    shut = f'<button type="button" class="shut">{both("收起来源", "Close the sources")}</button>'
    return f'<aside aria-labelledby="sources-name">{name}{shut}{cards}</aside>' if cards else ""


def _turn(answer: Answer, turn: int, find: Find, *, newest: bool) -> str:
    """One question's cards; "" when it has none. Only the newest lists what was found besides."""
    cited: dict[int, list[Citation]] = {}
    for citation in answer.citations:
        cited.setdefault(citation.n, []).append(citation)
    found: dict[str, list[Passage]] = {}
    for passage in answer.passages:
        found.setdefault(passage.article.id, []).append(passage)
    cards = [_cited_card(cited[n], found.pop(cited[n][0].article_id, []), find, turn, answer.refused) for n in sorted(cited)]
    others = [_found_card(passages[0].article, passages[0].chunk.start, passages) for passages in found.values()]
    if not cards:
        cards, others = others[:NEAREST], others[NEAREST:]
        if not cards:
            return ""
    if others and newest and answer.done:
        label = both(f"另外找到 {len(others)} 篇", f"{len(others)} more found")
        cards.append(f'<details class="others"><summary>{label}</summary>{"".join(others)}</details>')
    is_open, refused = " open" if newest else "", " refused" if answer.refused else ""
    return (f'<details class="turn{refused}"{is_open}><summary><span class="label">{_turn_title(answer)}</span>'
            f'<span class="asked">{escape(shortened(answer.question, 60))}</span></summary>{"".join(cards)}</details>')


def _turn_title(answer: Answer) -> str:
    if not answer.done and not answer.citations:
        return both("正在读的报道", "Reading")
    return both("可能相关", "Perhaps related") if answer.refused else both("来源", "Sources")


def _cited_card(quotes: Sequence[Citation], passages: Sequence[Passage], find: Find, turn: int, refused: bool) -> str:
    """The card of one cited article; only its quotes where the archive no longer has them.

    Of a `refused` answer nothing is marked but what sets a premise right.
    """
    first = quotes[0]
    anchor = f"source-{turn}-{first.n}"
    number = f'<a class="number" href="#answer-{turn}" title="回到回答 · Back to the answer">{first.n}</a>'
    article = passages[0].article if passages else find(first.article_id)
    if article is None or any(article.text[quote.start:quote.end] != quote.quote for quote in quotes):
        quoted = "".join(f"<p><mark>{escape(quote.quote)}</mark></p>" for quote in quotes)
        return _card(first, first.title, quoted, anchor=anchor, number=number)
    spans = [(quote.start, quote.end) for quote in quotes]
    shown = _joined([_surroundings(article.text, start, end) for start, end in spans])
    marked = [(quote.start, quote.end) for quote in quotes if quote.emphasis or not refused]
    below = _reprints(passages) + _whole(article, marked, spans[0])
    return _card(article, headline(article), _passages(article, marked, shown), below, anchor, number, spans[0])


def _found_card(article: Article, start: int, passages: Sequence[Passage] = ()) -> str:
    """The card of an article that is not cited, with its words from `start`: no number, nothing marked."""
    opening = (start, min(len(article.text), start + OPENING))
    below = _reprints(passages) + _whole(article, [], opening)
    return _card(article, headline(article), _passages(article, [], [opening]), below)


def _reprints(passages: Sequence[Passage]) -> str:
    """The line that names the articles that print the same text; "" for none."""
    also = {article.id: article for passage in passages for article in passage.reprints}
    if not also:
        return ""
    named = "；".join("，".join(filter(None, (f"《{article.heading}》", article.newspaper, chinese_date(article.date or ""))))
                     for article in also.values())
    return f'<p class="meta reprints">{both("同文另见：", "Also printed: ")}{escape(named)}</p>'


def _card(of: Article | Citation, title: str, passage: str, whole: str = "", anchor: str = "", number: str = "",
          span: Span | None = None) -> str:
    """One article: number, title, what is known of it, the passage, the fold with all of it, its page, the original."""
    names = "、".join(of.authors[:AUTHORS]) + ("等" if len(of.authors) > AUTHORS else "")
    day = both(escape(chinese_date(of.date)), escape(english_date(of.date))) if of.date else ""
    told = [escape(fact) if fact else "" for fact in (of.newspaper, of.section, names)]
    facts = " · ".join(filter(None, (told[0], day, *told[1:])))
    place = f'class="card" id="{anchor}" tabindex="-1"' if anchor else 'class="card found"'
    title = escape(title)
    if isinstance(of, Article):
        title = f'<a class="title" href=".{escape(article_address(of.id, span))}">{title}</a>'
    else:
        title = f'<span class="title">{title}</span>'
    return (f'<article {place}><h3>{number}{title}</h3>'
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
    return (f'<details class="whole"><summary><span class="unfold">{both("展开全文", "Whole article")}</span>'
            f'<span class="fold">{both("收起", "Less")}</span></summary>'
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
