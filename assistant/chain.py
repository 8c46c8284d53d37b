"""The retrieval chain: from a question to an Answer. Chat, command line and evaluation all call this one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableConfig

from assistant import answers
from assistant.embedding import load_embedding
from assistant.errors import LanguageModelError
from assistant.grounding import Grounded, best_quote, ground_stream
from assistant.llm import load_chat_model, stream_text
from assistant.prompting import Source, condense_messages, condensed, messages, number_sources
from assistant.question import QUESTION_LIMIT, Question, understand
from assistant.reader import Reader, Reading
from assistant.retrieval import HybridRetriever
from assistant.schema import Answer, Article, Ask, Citation, Coverage, Filters, Passage, Step, Turn
from assistant.settings import Settings
from assistant.snapshot import Index, Snapshot
from assistant.suggestions import follow_ups, starters
from assistant.text import fold, squeeze, words

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

MENTIONS = 2000
"""Chunks looked through for a topic; a list of articles needs no more."""
MODEL_THRESHOLD = 0.5
"""A model is not asked where the reader's probability is below this share of its own threshold."""


class AnswerChain(Runnable[Ask | str | Mapping[str, Any], Answer]):
    """A LangChain Runnable from a question to an Answer.

    The input is an Ask, a question as a string, or a mapping with Ask's fields. `stream` gives growing Answers
    whose `done` is false: first what was understood, then the passages, then the text; the last is done
    and equals what `invoke` returns. Without a `model` an answer consists of quotes. With `suggest` an answer
    offers follow-up questions.
    """

    def __init__(self, retriever: HybridRetriever, reader: Reader, model: BaseChatModel | None = None,
                 model_seconds: float = 60.0, suggest: bool = True) -> None:
        self.retriever, self.reader, self.model, self.model_seconds = retriever, reader, model, model_seconds
        self.suggest = suggest
        self.index: Index = retriever.index
        self._tried: tuple[str, dict[str, bool]] = ("", {})

    def invoke(self, input: Ask | str | Mapping[str, Any], config: RunnableConfig | None = None, **_: Any) -> Answer:
        """The whole answer. Raises IndexFault; a fault of the language model becomes quotes and a note."""
        return self._call_with_config(lambda ask: list(self._answers(as_ask(ask)))[-1], input, config)

    def stream(self, input: Ask | str | Mapping[str, Any], config: RunnableConfig | None = None,
               **_: Any) -> Iterator[Answer]:
        """Growing answers, the last of which is done."""
        yield from self._answers(as_ask(input))

    def coverage(self) -> Coverage:
        """What the archive holds now."""
        return self.index.current().articles.coverage()

    def starters(self, n: int) -> list[str]:
        """At most `n` questions of different kinds that the archive answers, tried out beforehand."""
        snapshot = self.index.current()
        return starters(snapshot, self._answered_in(snapshot), n)

    def _answered_in(self, snapshot: Snapshot) -> Callable[[str], bool]:
        """Whether a question is answered from the snapshot, without a model; each is tried once a snapshot."""
        if self._tried[0] != snapshot.manifest.id:
            self._tried = snapshot.manifest.id, {}
        tried = self._tried[1]

        def is_answered(question: str) -> bool:
            if question not in tried:
                *_, answer = self._answers(Ask(question), snapshot, trial=True)
                tried[question] = not answer.refused and bool(answer.citations)
            return tried[question]

        return is_answered

    def _answers(self, ask: Ask, snapshot: Snapshot | None = None, *, trial: bool = False) -> Iterator[Answer]:
        """The growing answer, every part of it from one snapshot. A `trial` takes neither model nor suggestions."""
        clock = _Clock()
        snapshot = snapshot or self.index.current()
        with_model, suggest = self.model is not None and not trial, self.suggest and not trial
        coverage = snapshot.articles.coverage()
        question = self._understood(ask, snapshot, with_model)
        clock.tick("理解问题", _explained(question))
        notes = (f"问题太长，只读了前 {QUESTION_LIMIT} 个字。",) if question.cut else ()
        growing = Answer(question.text, understood=question.search if question.completed else "", notes=notes, done=False)
        yield growing
        if question.kind in ("greeting", "thanks", "help", "empty"):
            answer = answers.courtesy(question, coverage)
            offered = starters(snapshot, self._answered_in(snapshot), 3) if suggest else []
            yield answer.with_(notes=notes, steps=clock.steps, follow_ups=tuple(offered))
            return
        listed = _matching_articles(snapshot, question) if question.kind == "articles" else []
        passages = self.retriever.passages(question.search, ask.filters, snapshot=snapshot)
        clock.tick("检索", f"{len(passages)} 段，{len({p.article.id for p in passages})} 篇")
        growing = growing.with_(passages=tuple(passages))
        yield growing
        if listed:
            answer = answers.articles(question, listed, coverage).with_(passages=tuple(passages))
        elif question.kind in ("gist", "byline"):
            answer = _about_piece(question, passages, coverage)
        else:
            reading = self.reader.read(question, passages, self.reader.idf(snapshot.words))
            clock.tick("阅读", f"把握 {reading.probability:.0%}")
            answer = self._from_reading(question, reading, passages, coverage)
            if with_model and question.kind != "articles" and reading.probability >= MODEL_THRESHOLD * self.reader.judge.threshold:
                for answer in self._from_model(question, ask, growing, answer, coverage):
                    if not answer.done:
                        yield answer
                clock.tick("生成与核对")
        answer = answer.with_(notes=(*notes, *answer.notes), understood=growing.understood)
        if suggest:
            yield answer.with_(done=False, steps=clock.steps)
            answer = answer.with_(follow_ups=tuple(follow_ups(snapshot, answer, self._answered_in(snapshot))))
            clock.tick("追问建议", f"{len(answer.follow_ups)} 个")
        yield answer.with_(steps=clock.steps)

    def _understood(self, ask: Ask, snapshot: Snapshot, with_model: bool) -> Question:
        def known(**named: str) -> bool:
            return bool(snapshot.words.matching(Filters(**named), 1))

        question = understand(ask, lambda name: known(author=name), lambda name: known(section=name), date.today())
        if question.completed and with_model:
            try:
                reply = "".join(stream_text(self.model, condense_messages(question.text, ask.history),
                                            deadline_seconds=self.model_seconds / 4))
                return replace(question, search=condensed(reply, question.search))
            except LanguageModelError:
                return question
        return question

    def _from_reading(self, question: Question, reading: Reading, passages: Sequence[Passage], coverage: Coverage) -> Answer:
        if reading.refused or question.kind == "articles":
            return answers.refusal(question, reading, passages, coverage)
        return answers.quotes(question, reading, passages)

    def _from_model(self, question: Question, ask: Ask, growing: Answer, quoted: Answer,
                    coverage: Coverage) -> Iterator[Answer]:
        """The model's answer as it is checked; at its fault, or where nothing of it stands, the quotes."""
        sources = number_sources(growing.passages)
        grounded = Grounded()
        try:
            pieces = stream_text(self.model, messages(question.search, sources, ask.history),
                                 deadline_seconds=self.model_seconds)
            for grounded in ground_stream(pieces, sources):
                yield growing.with_(text=grounded.text, kind="model", citations=_citations(grounded, sources))
        except LanguageModelError as error:
            yield quoted.with_(notes=(f"{error.chinese}下面是报道原文。",))
            return
        if not grounded.text and grounded.refused:
            refused = answers.refusal(question, Reading(), growing.passages, coverage)
            yield refused.with_(notes=("语言模型没有在报道里找到答案。",))
            return
        if not grounded.text:
            yield quoted.with_(notes=("语言模型的回答没有出处，没有采用；下面是报道原文。",))
            return
        notes = tuple(filter(None, (
            f"有 {grounded.dropped} 句话没有出处，已略去。" if grounded.dropped else "",
            f"有 {grounded.unsupported_count} 处数字、日期、人名或引语未见于所引报道，已标出。" if grounded.unsupported_count else "",
            f"去掉了 {grounded.removed_marks} 个不存在的出处编号。" if grounded.removed_marks else "")))
        yield growing.with_(text=grounded.text, kind="model", refused=grounded.refused,  # then it sets a premise right
                            citations=_citations(grounded, sources), notes=notes, done=True)


def as_ask(input: Ask | str | Mapping[str, Any]) -> Ask:
    """The input as an Ask."""
    if isinstance(input, Ask):
        return input
    if isinstance(input, str):
        return Ask(input)
    turns = tuple(turn if isinstance(turn, Turn) else Turn(**turn) for turn in input.get("history", ()))
    filters = input.get("filters") or Filters()
    return Ask(input["question"], turns, filters if isinstance(filters, Filters) else Filters(**filters))


def build_chain(settings: Settings, *, suggest: bool = False) -> AnswerChain:
    """The chain that the settings describe. Raises EmbeddingError, SettingsError and IndexFault."""
    retriever = HybridRetriever(index=Index(Path(settings.index)), embedding=load_embedding(settings.embedding))
    retriever.index.current()
    return AnswerChain(retriever, Reader.from_folder(), load_chat_model(settings), settings.llm_timeout, suggest)


class _Clock:
    """Collects the steps with the time since the one before."""

    def __init__(self) -> None:
        self.steps: tuple[Step, ...] = ()
        self._last = time.perf_counter()

    def tick(self, name: str, detail: str = "") -> None:
        now = time.perf_counter()
        self.steps += (Step(name, now - self._last, detail),)
        self._last = now


def _explained(question: Question) -> str:
    kinds = {"articles": "找报道", "gist": "问报道内容", "byline": "问署名", "fact": "问事实"}
    filters = question.filters
    parts = (kinds.get(question.kind, "寒暄"), f"作者 {filters.author}" if filters.author else "",
             f"栏目 {filters.section}" if filters.section else "", f"提到 {question.topic}" if question.topic else "",
             f"{filters.date_from or ''}—{filters.date_to or ''}" if filters.date_from or filters.date_to else "")
    return "，".join(filter(None, parts))


def _matching_articles(snapshot: Snapshot, question: Question) -> list[Article]:
    """The articles under the question's filters that hold every word of its topic, newest first."""
    if not question.topic:
        return list(snapshot.articles.articles(question.filters))
    parts = [word for word in words(question.topic) if len(word) > 1] or [fold(question.topic)]
    found = dict.fromkeys(chunk_id.rpartition("@")[0] for chunk_id, _ in
                          snapshot.words.search(question.topic, MENTIONS, question.filters))
    articles = [article for article in map(snapshot.articles.article, found)
                if article and all(part in fold(f"{article.title or ''}\n{article.text}") for part in parts)]
    return sorted(articles, key=lambda article: (article.date or "", article.id), reverse=True)


def _about_piece(question: Question, passages: Sequence[Passage], coverage: Coverage) -> Answer:
    """The gist or byline of the article that the question names, or a refusal."""
    piece = _piece(question, passages)
    if piece is None:
        return answers.refusal(question, Reading(), passages, coverage)
    if question.kind == "gist":
        return answers.gist(question, piece, passages)
    return answers.byline(question, piece, passages, coverage)


def _piece(question: Question, passages: Sequence[Passage]) -> Article | None:
    """The article that the question names by its title, else the best found; None where a 《title》 is nowhere."""
    asked = squeeze(fold(question.search))
    for passage in passages:
        title = fold(passage.article.title or "")
        if title and (squeeze(title) in asked or any(len(part) > 3 and part in asked for part in title.split())):
            return passage.article
    named_so = re.search(r"《(.+?)》", asked)
    if not passages or named_so and not any(named_so[1] in squeeze(fold(f"{p.article.title}{p.article.text}")) for p in passages):
        return None
    return passages[0].article


def _citations(grounded: Grounded, sources: Sequence[Source]) -> tuple[Citation, ...]:
    """For each sentence and each source it cites, the sentence of the article that it shares most with."""
    by_number = {source.n: source for source in sources}
    shown = {number: n for n, number in enumerate(grounded.order, 1)}
    citations: dict[tuple[int, int], Citation] = {}
    for checked in grounded.sentences:
        for number in checked.citations if checked.supported else ():
            source = by_number[number]
            start, end = best_quote(checked.sentence, source)
            citations.setdefault((number, start), Citation.of(shown[number], source.article, start, end))
    return tuple(sorted(citations.values(), key=lambda citation: citation.n))
