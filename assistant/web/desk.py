"""/desk: what the newspaper's questions got no answer to, for its editors to settle and to take along as a question file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assistant.api.open_questions import NEAREST, OpenQuestion, OpenQuestions, Settled, key_of
from assistant.chat.english import frame
from assistant.chat.reply import REASONS
from assistant.question.likeness import grouped
from assistant.schema import Article
from assistant.web.site import Site, download

SHOWN = 50
"""Groups on the page; the others come up when these are settled."""
ASKED_ALIKE = 200
"""Questions of one group that are settled together."""
FIELD_CHARACTERS = 2_000
_REASONS = {name: (chinese, english) for name, chinese, english in REASONS}


@dataclass(frozen=True, slots=True)
class Group:
    """Like questions: each wording with the times it came, ISO days of the first and the last time, how often refused and
    thumbed down, the reasons with their counts, the ids of the articles found nearest most often."""

    questions: tuple[tuple[str, int], ...]
    first: str
    last: str
    refused: int
    disliked: int
    reasons: tuple[tuple[str, int], ...]
    nearest: tuple[str, ...]


def router(site: Site, open_questions: OpenQuestions) -> APIRouter:
    """The desk's page, what is written on it, and its question file."""
    pages = APIRouter()

    def page(request: Request, status: int = 200, fault: tuple[str, str] | None = None) -> Response:
        settled, asked = open_questions.settled(), open_questions.all()
        groups = groups_of(asked, site)
        find = site.snapshot().articles.article
        rows = [(group, [article for one in group.nearest if (article := find(one))]) for group in groups
                if any(key_of(question) not in settled for question, _ in group.questions)]
        written = [(one, [find(article) for article in one.articles if find(article)]) for one in settled.values() if one.question]
        answer = site.page(request, "desk.html.j2", status, rows=rows[:SHOWN], total=len(rows), written=written[::-1],
                           done=len(groups) - len(rows), days=site.settings.desk_days, fault=fault, reason_names=_REASONS,
                           is_verbatim=is_verbatim,
                           in_english=lambda reason: frame(reason, 0, len(reason))[1] or reason)
        answer.headers["cache-control"] = "no-store"
        return answer

    @pages.get("/desk")
    def desk(request: Request) -> Response:
        return page(request)

    @pages.post("/desk")
    async def settle(request: Request) -> Response:
        given = parse_qs((await request.body()).decode("utf-8", "replace"))
        questions = [question[:FIELD_CHARACTERS] for question in given.get("question", [])[:ASKED_ALIKE]]
        act = next(iter(given.get("act", [])), "")
        answers = [line.strip() for line in _field(given, "answer").splitlines() if line.strip()]
        articles = [_article_id(line) for line in _field(given, "article").split()]
        find = site.snapshot().articles.article
        if fault := _fault(act, answers, articles, [one for one in articles if not find(one)]):
            return page(request, 422, fault)
        if act == "reopen":
            open_questions.reopen(questions)
        else:
            answered = act == "answer"
            open_questions.settle(questions, request.scope["newspaper.user"].name, answers if answered else (),
                                  articles if answered else (), unanswerable=act == "unanswerable")
        return RedirectResponse(f"{request.scope.get('root_path', '').rstrip('/')}/desk", 303)

    @pages.get("/desk/questions.jsonl")
    def question_file() -> Response:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in open_questions.question_file()]
        return download("".join(lines), "questions.jsonl", "application/x-ndjson; charset=utf-8")

    return pages


def groups_of(asked: Sequence[OpenQuestion], site: Site) -> list[Group]:
    """The questions by likeness, what came most often first."""
    times: dict[str, list[OpenQuestion]] = {}
    for one in asked:
        times.setdefault(key_of(one.question), []).append(one)
    wordings = list(times.values())
    together = grouped([wording[0].question for wording in wordings], site.chain.retriever.embedding)
    groups = [_group([wordings[n] for n in group]) for group in together]
    return sorted(groups, key=lambda group: (group.refused + group.disliked, group.last), reverse=True)


def _group(wordings: Sequence[list[OpenQuestion]]) -> Group:
    every = [one for wording in wordings for one in wording]
    days = sorted(one.day for one in every)
    reasons = Counter(one.reason for one in every if one.reason)
    nearest = Counter(article for one in every for article in one.nearest)
    questions = sorted(((wording[0].question, len(wording)) for wording in wordings), key=lambda pair: -pair[1])
    refused = sum(one.how == "refused" for one in every)
    return Group(tuple(questions), days[0], days[-1], refused, len(every) - refused, tuple(reasons.most_common(NEAREST)),
                 tuple(article for article, _ in nearest.most_common(NEAREST)))


def _field(given: dict[str, list[str]], name: str) -> str:
    return next(iter(given.get(name, [])), "")[:FIELD_CHARACTERS]


def _article_id(given: str) -> str:
    """An article's id, which may be given as its address on this server."""
    _, found, name = urlsplit(given).path.partition("/articles/")
    return unquote(name) if found else given


def _fault(act: str, answers: Sequence[str], articles: Sequence[str], unknown: Sequence[str]) -> tuple[str, str] | None:
    """Why what was written cannot be kept, in Chinese and English; None where it can."""
    if act not in ("done", "answer", "unanswerable", "reopen"):
        return "没有这个动作，请用页上的按钮。", "There is no such action; use the buttons of the page."
    if act == "answer" and not answers and not articles:
        return "请写下正确的答案，或指明答案所在的文章。", "Write the right answer, or name the article that holds it."
    if act == "answer" and unknown:
        return f"报库里没有文章 {unknown[0][:100]}。请贴文章页的地址。", \
            f"The archive has no article {unknown[0][:100]}. Paste the address of its page."
    return None


def is_verbatim(one: Settled, articles: Sequence[Article]) -> bool:
    """Whether an answer stands in one of its articles as it was written, as the evaluation looks for it."""
    return not one.answers or not articles or any(answer in article.text for answer in one.answers for article in articles)
