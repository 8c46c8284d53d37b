"""A chain written by hand: it knows its articles and the answer to each question beforehand.

It streams as the real chain does: what was understood, then the passages, then the text in pieces,
and last the whole answer. It stands in for the language of the answers only; the chat page around it
is the real one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace

from assistant.language.dating import cite
from assistant.schema import Answer, Article, Ask, Chunk, Citation, Coverage, Filters, Passage, Step

PIECE = 6
"""Characters of the answer that each piece of the stream adds."""

LIBRARY = Article(
    id="a.md", title="甲街道图书馆周末开放到晚上九点", newspaper="某市晚报", date="2025-11-18", section="社区",
    authors=("张三", "李四"), kind="news", url="https://example.org/a",
    text="本报讯（记者张三 通讯员李四）从本月起，甲街道图书馆周末开放到晚上九点。\n"
         "图书馆馆长王五说，馆里有36000册图书和120个座位。居民凭身份证可以免费借书。\n"
         "过去三年，图书馆接待了8万多名读者，其中一半是中小学生。",
)
BUS = Article(
    id="b.md", title="乙公交线路改道", newspaper="某市晚报", date="2025-11", section="出行", authors=("赵六",), kind="news",
    text="为配合丙路施工，乙公交线路自11月20日起改道，绕行丁路。\n改道期间，图书馆站停用，乘客可以在丁路站上车。",
)
PARK = Article(
    id="c.md", newspaper="某市晚报", date="2025", section="画中话", authors=("孙七",), kind="caption",
    text="冬日的戊公园里，老人在阳光下下棋，孩子们放起风筝。",
)
HOSTILE = Article(
    id="<b>d</b>.md", title="<img src=x onerror=alert('title')>标题", newspaper="<script>alert('paper')</script>某报",
    date="<i>2025</i>", section="\"><svg onload=alert('section')>", authors=("<b onmouseover=alert('author')>周八</b>",),
    url="javascript:alert('url')",
    text="<script>alert('text')</script>丙路施工队说<img src=http://example.org/leak.png onerror=alert('body')>三月完工。\n\n"
         "![leak](http://example.org/leak2.png) [点我](javascript:alert(1)) ${alert('template')} {{7*7}} $$x^2$$ "
         "`code` **粗**",
)


def passage_of(article: Article, score: float = 1.0) -> Passage:
    """The whole article as one passage."""
    return Passage(Chunk(article.id, 0, 0, len(article.text), article.text), article, score)


def quoted(n: int, article: Article, quote: str, emphasis: str = "") -> Citation:
    """The citation of `quote`, which stands in the article, with the short answer in it."""
    start = article.text.index(quote)
    inside = (quote.index(emphasis), quote.index(emphasis) + len(emphasis)) if emphasis else None
    return cite(n, article, start, start + len(quote), inside)


def said(question: str, text: str, citations: Sequence[Citation], passages: Sequence[Article], *,
         bold: str = "", **more: object) -> Answer:
    """A finished answer; `bold` is its short answer."""
    emphasis = ((text.index(bold), text.index(bold) + len(bold)),) if bold else ()
    steps = (Step("理解", 0.001), Step("检索", 0.12, f"{len(passages)} 段"), Step("摘句", 0.03))
    return Answer(question, text, citations=tuple(citations), passages=tuple(map(passage_of, passages)),
                  emphasis=emphasis, steps=steps, **more)


BOOKS = said(
    "图书馆有多少册图书？", "图书馆馆长王五说，馆里有36000册图书和120个座位。[1]乘客可以在丁路站上车。[2]",
    [quoted(1, LIBRARY, "图书馆馆长王五说，馆里有36000册图书和120个座位。", "36000册"), quoted(2, BUS, "乘客可以在丁路站上车。")],
    [LIBRARY, BUS, PARK], bold="36000册", follow_ups=("图书馆开放到几点？", "乙公交线路怎么改道？"),
)
HOURS = said(
    "图书馆开放到几点？", "从本月起，甲街道图书馆周末开放到晚上九点。[1]", [quoted(1, LIBRARY, "从本月起，甲街道图书馆周末开放到晚上九点。")],
    [LIBRARY, PARK], bold="晚上九点", understood="甲街道图书馆周末开放到几点？", notes=("语言模型没有回答，下面是原文摘句。",),
)
NOTHING = said(
    "己广场何时建成？", "报库里没有找到能回答这个问题的报道。", [], [PARK, BUS], kind="refusal", refused=True,
)
ATTACK = said(
    "丙路<img src=x onerror=alert('question')>何时完工？",
    "丙路施工队说<img src=http://example.org/leak.png onerror=alert('body')>三月完工。[1]\n\n"
    "![x](http://example.org/leak3.png) [link](http://example.org) <script>alert('answer')</script> "
    "${alert(2)} {{7*7}}",
    [quoted(1, HOSTILE, "丙路施工队说<img src=http://example.org/leak.png onerror=alert('body')>三月完工。")], [HOSTILE],
    follow_ups=("<img src=x onerror=alert('follow')>？",), notes=("<img src=x onerror=alert('note')>",),
    understood="<img src=x onerror=alert('understood')>",
)
LISTED = said(
    "哪些报道提到图书馆？", f"提到图书馆的报道有 1 篇：\n《{LIBRARY.title}》，甲报[1]",
    [quoted(1, LIBRARY, "图书馆馆长王五说，馆里有36000册图书和120个座位。")], [LIBRARY], kind="list")
READ = said(
    "张三上个月写图书馆开放到几点？", "从本月起，甲街道图书馆周末开放到晚上九点。[1]", [quoted(1, LIBRARY, "从本月起，甲街道图书馆周末开放到晚上九点。")],
    [LIBRARY], read=Filters(date_from="2025-11", date_to="2025-11", author="张三"),
)
ARTICLES = (LIBRARY, BUS, PARK, HOSTILE)
ANSWERS = (BOOKS, HOURS, NOTHING, ATTACK, LISTED, READ)


class ScriptedChain:
    """Answers from a list; a question not on it is refused.

    `asked` keeps every Ask in order, `broken_off` every question whose answer was not listened to until
    its end. An exception in `faults` is raised in place of an answer. `pause` is waited before each
    piece, in seconds.
    """

    retriever = None  # its doors search nothing

    model, suggest = "scripted", True
    """As of a chain with a model: no answer of it is kept for the next who asks the same."""

    def __init__(self, answers: Sequence[Answer] = ANSWERS, articles: Sequence[Article] = ARTICLES, *,
                 faults: Mapping[str, Exception] | None = None, pause: float = 0.0) -> None:
        self.answers = {answer.question: answer for answer in answers}
        self.articles = {article.id: article for article in articles}
        self.faults = dict(faults or {})
        self.pause = pause
        self.asked: list[Ask] = []
        self.models: list[object] = []
        self.broken_off: list[str] = []
        store = SimpleNamespace(article=lambda id: self.articles.get(id), articles=lambda: iter(self.articles.values()))
        dates = {article.id: article.date or "" for article in self.articles.values()}
        now = SimpleNamespace(articles=store, names=None, dates=dates, coverage=self.coverage(), manifest=SimpleNamespace(id="1"),
                              words=SimpleNamespace(matching=lambda filters, n: []))
        self.index = SimpleNamespace(current=lambda: now)

    def coverage(self) -> Coverage:
        """The articles of one paper and month."""
        return Coverage(len(self.articles), 6, "2025-11", "2025-11", ("某市晚报",), ("社区", "出行"))

    def starters(self, n: int) -> list[str]:
        """The questions of the list, at most `n`."""
        return list(self.answers)[:n]

    def with_model(self, model: object) -> ScriptedChain:
        """The same chain: it never asks a model. `models` keeps each it was given."""
        self.models.append(model)
        return self

    def stream(self, ask: Ask) -> Iterator[Answer]:
        """The growing answers; the last is done."""
        self.asked.append(ask)
        if fault := self.faults.get(ask.question):
            raise fault
        whole = self.answers.get(ask.question, NOTHING.with_(question=ask.question))
        self.broken_off.append(ask.question)
        yield Answer(ask.question, understood=whole.understood, done=False)
        yield Answer(ask.question, understood=whole.understood, passages=whole.passages, done=False)
        for end in range(PIECE, len(whole.text), PIECE):
            time.sleep(self.pause)
            yield whole.with_(text=whole.text[:end], emphasis=(), citations=(), follow_ups=(), steps=(), done=False)
        self.broken_off.remove(ask.question)
        yield whole
