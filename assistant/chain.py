"""The retrieval chain: from a question to an Answer. Chat, command line and evaluation all call this one."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableConfig

from assistant import answers, parts, same_name
from assistant.archive import about_archive
from assistant.catalogue import known_names
from assistant.corrections import all_corrections, beside
from assistant.errors import LanguageModelError
from assistant.generation.chat_model import load_chat_model, stream_text
from assistant.generation.connection import too_late
from assistant.generation.grounding import Grounded, best_quote, ground_stream
from assistant.generation.prompting import Source, condense_messages, condensed, messages, number_sources
from assistant.index.snapshot import Index, Snapshot
from assistant.language.dating import cite
from assistant.language.periods import whens
from assistant.naming import with_names
from assistant.question.analysis import COURTESIES, QUESTION_LIMIT, SURELY, WHOLE, Question, understand
from assistant.question.filters import described_filters, read_beside
from assistant.question.on_the_day import on_the_day
from assistant.question.terms import Terms
from assistant.reading.changes import COURSE, answering, asks_for_change, by_time, changes, of_the_year
from assistant.reading.disagreement import disagreement
from assistant.reading.offices import holders, office_asked, offices_asked, offices_of
from assistant.reading.premises import of_another
from assistant.reading.reader import Quote, Reader, Reading, days_in, unknown_things
from assistant.reading.tables import asked_rows
from assistant.reading.weather import asks_for_weather, weather_of
from assistant.reading.windows import PASSAGES
from assistant.renamed import renamed
from assistant.retrieval import HybridRetriever, distinct_articles
from assistant.schema import Answer, Ask, Citation, Coverage, Filters, Passage, Turn
from assistant.settings import Settings
from assistant.suggestions import follow_ups, starters, untried
from assistant.trace import Trace
from assistant.unheard import unheard

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

IN_ENGLISH = "The newspaper is in Chinese: “{}” was looked for, and the quotes are as they were printed."
ON_THE_DAY = 0.5
"""The share of its threshold from which the reader is believed where the quote dates itself by the day that is asked for."""
NO_FIGURE = ("date", "place", "person", "organisation", "why")
"""What a question wants that asks of something else than how a figure changed (原来在几号, 以前的校长是谁)."""
OFFICES = 200
"""Articles of one person in which offices are looked for."""
MODEL_THRESHOLD = 0.5
"""A model is not asked where the reader's probability is below this share of its own threshold."""


class AnswerChain(Runnable[Ask | str | Mapping[str, Any], Answer]):
    """A LangChain Runnable from a question to an Answer.

    The input is an Ask, a question as a string, or a mapping with Ask's fields. `stream` gives growing Answers
    whose `done` is false: first what was understood, then the passages, then the text; the last is done
    and equals what `invoke` returns. Without a `model` an answer consists of quotes; with one, `model_seconds` is
    what it has in all for a question, and `unsupported` is `drop` or `quotes` (Settings.llm_unsupported). With
    `suggest` an answer offers follow-up questions.
    """

    def __init__(self, retriever: HybridRetriever, reader: Reader, model: BaseChatModel | None = None,
                 model_seconds: float = 60.0, suggest: bool = True, unsupported: str = "drop") -> None:
        self.retriever, self.reader, self.model, self.model_seconds = retriever, reader, model, model_seconds
        self.suggest, self.unsupported = suggest, unsupported
        self.index: Index = retriever.index
        self._tried: tuple[str, dict[str, bool]] = ("", {})

    def invoke(self, input: Ask | str | Mapping[str, Any], config: RunnableConfig | None = None, **_: Any) -> Answer:
        """The whole answer. Raises IndexFault; a fault of the language model becomes quotes and a note."""
        return self._call_with_config(lambda ask: list(self._answers(as_ask(ask)))[-1], input, config)

    def stream(self, input: Ask | str | Mapping[str, Any], config: RunnableConfig | None = None,
               **_: Any) -> Generator[Answer]:
        """Growing answers, the last of which is done."""
        yield from self._answers(as_ask(input))

    def with_model(self, model: BaseChatModel | None) -> AnswerChain:
        """This chain with another language model, or with none."""
        other = copy(self)
        other.model = model
        return other

    def coverage(self) -> Coverage:
        """What the archive holds now."""
        return self.index.current().coverage

    def starters(self, n: int) -> list[str]:
        """At most `n` questions of different kinds that the archive answers, tried out beforehand."""
        snapshot = self.index.current()
        return starters(snapshot, self._answered_in(snapshot), n)

    def untried_starters(self, n: int) -> list[str]:
        """At most `n` questions that the archive answers by all signs, in no time."""
        return untried(self.index.current(), n)

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
        trace, deadline = Trace(), time.monotonic() + self.model_seconds
        snapshot = snapshot or self.index.current()
        model, suggest = None if trial else self.model, self.suggest and not trial
        question, fault = self._understood(ask, snapshot, model, deadline)
        trace.question, trace.understood = question.text, question.understood
        trace.read = read_beside(question.filters, ask.filters)
        trace.note(f"问题太长，只读了前 {QUESTION_LIMIT} 个字。" if question.cut else "")
        trace.note(IN_ENGLISH.format(question.search) if question.completed and question.text.isascii() else "")
        trace.step("理解问题", _explained(question))
        yield trace.growing()
        if question.kind in (*COURTESIES, "empty"):
            offered = starters(snapshot, self._answered_in(snapshot), 3) if suggest else []
            yield trace.done(answers.courtesy(question, snapshot.coverage).with_(follow_ups=tuple(offered)))
            return
        # a list goes through all that mention its topic
        under = ask.filters if question.kind in WHOLE else question.filters
        terms = self._terms(question, snapshot)
        trace.found(self.retriever.passages(terms, under, snapshot=snapshot))
        reranked = f"，经 {self.retriever.reranker.name} 重排" if self.retriever.reranker else ""
        trace.step("检索", f"{len(trace.passages)} 段，{len({p.article.id for p in trace.passages})} 篇{reranked}")
        yield trace.growing()
        answer = (parts.answered(question, lambda part: self._part(part, snapshot))
                  or renamed(question, trace.passages, snapshot)
                  or same_name.nearly(question, terms, trace.passages, snapshot)
                  or unheard(question, trace.passages, snapshot, self.reader.background.__contains__)
                  or self._offices(question, trace.passages, snapshot)
                  or all_corrections(question, trace.passages, snapshot)
                  or self._changed(question, terms, trace.passages)
                  or about_archive(question, trace.passages, snapshot, snapshot.coverage)
                  or self._from_table(question, trace.passages)
                  or self._of_one_name(question, terms, trace.passages))
        if answer and question.confidence < SURELY and question.kind in WHOLE:
            answer = self._fact_instead(question, terms, trace.passages, snapshot) or answer
        if answer is None:
            reading = self.reader.read(question, terms, trace.passages)
            if reading.refused and question.sources and (wider := self._without_sources(question, terms, ask, snapshot)):
                passages, reading = wider
                trace.found(passages)
                trace.note(f"只看{question.sources}没有找到答案，下面来自其他报道。")
                yield trace.growing()
            elif (reading.refused or asks_for_weather(question.search)) and (then := self._on_the_day(question, snapshot)):
                passages, reading = then
                trace.found(passages)
            trace.step("阅读", f"把握 {reading.probability:.0%}")
            trace.found(_as_read(trace.passages, reading))
            answer = self._from_reading(question, terms, reading, trace.passages, snapshot.coverage)
            if model and reading.probability >= MODEL_THRESHOLD * self.reader.judge.threshold:
                for said in self._from_model(model, question, ask, trace, answer, snapshot.coverage, deadline, fault):
                    answer = said
                    if not answer.done:
                        yield trace.growing(answer)
                trace.step("生成与核对")
        answer = with_names(beside(answer, snapshot), question, terms, snapshot)
        if suggest:
            yield trace.growing(answer)
            answer = answer.with_(follow_ups=tuple(follow_ups(snapshot, answer, self._answered_in(snapshot))))
            trace.step("追问建议", f"{len(answer.follow_ups)} 个")
        yield trace.done(answer)

    def _understood(self, ask: Ask, snapshot: Snapshot, model: BaseChatModel | None,
                    deadline: float) -> tuple[Question, LanguageModelError | None]:
        """The question made whole, by the model where there is one; and the fault at which the rules did it instead."""
        question = understand(ask, known_names(snapshot), date.today())
        if question.completed and model and question.kind == "fact":
            try:
                reply = "".join(stream_text(model, condense_messages(question.text, ask.history),
                                            deadline_seconds=deadline - time.monotonic()))
                return replace(question, search=condensed(reply, question.search)), None
            except LanguageModelError as fault:
                return question, fault
        return question, None

    def _part(self, part: Question, snapshot: Snapshot) -> Answer:
        """The answer to one part of a question, in quotes."""
        terms = self._terms(part, snapshot)
        passages = self.retriever.passages(terms, Filters() if part.kind in WHOLE else part.filters, snapshot=snapshot)
        found = (renamed(part, passages, snapshot) or same_name.nearly(part, terms, passages, snapshot)
                 or unheard(part, passages, snapshot, self.reader.background.__contains__)
                 or self._changed(part, terms, passages) or about_archive(part, passages, snapshot, snapshot.coverage)
                 or self._from_table(part, passages)
                 or self._of_one_name(part, terms, passages))
        if found:
            return found
        reading = self.reader.read(part, terms, passages)
        best = tuple(quote for quote in reading.quotes if quote.article.id == reading.quotes[0].article.id)
        return self._from_reading(part, terms, replace(reading, quotes=best), passages, snapshot.coverage)

    @staticmethod
    def _offices(question: Question, passages: Sequence[Passage], snapshot: Snapshot) -> Answer | None:
        """The offices that somebody has held, where a question asks for them one after the other."""
        if not (name := offices_asked(question.search)):
            return None
        rows = offices_of(name, map(snapshot.articles.held, snapshot.words.holding(name)[:OFFICES]))
        return answers.offices(question, name, [(row.role, row.quote) for row in rows], passages) if rows else None

    def _terms(self, question: Question, snapshot: Snapshot) -> Terms:
        return Terms.of(question.search, self.reader.rareness(snapshot.words), snapshot.aliases, snapshot.holds)

    def _fact_instead(self, question: Question, terms: Terms, passages: Sequence[Passage],
                      snapshot: Snapshot) -> Answer | None:
        """The answer to an unsure question about the archive as one for a fact; None where no passage gives one."""
        reading = self.reader.read(question, terms, passages)
        return None if reading.refused else self._from_reading(question, terms, reading, passages, snapshot.coverage)

    def _of_one_name(self, question: Question, terms: Terms, passages: Sequence[Passage]) -> Answer | None:
        """The answer for each of several people of one name; None for a question about one."""
        return same_name.of_one_name(question, terms, passages, lambda theirs: self.reader.read(question, terms, theirs))

    def _on_the_day(self, question: Question, snapshot: Snapshot) -> tuple[list[Passage], Reading] | None:
        """What the papers around the day that a question names say of it by 今日, 昨日 or 明日; None where they do not."""
        for told in on_the_day(question, date.today(), snapshot.coverage.last_date):
            terms = self._terms(told.question, snapshot)
            passages = self.retriever.passages(terms, told.question.filters, snapshot=snapshot)
            if asks_for_weather(question.search):
                articles = (one.article for one in distinct_articles(passages) if not unknown_things(terms, one.article))
                if quote := weather_of(told.day, articles):
                    return passages, Reading((quote,), 1.0, False)
                continue
            near = (Quote(one.article, one.chunk.start, one.chunk.end) for one in passages[:PASSAGES])
            if not any(told.day in days_in(quote) for quote in near):
                continue  # a reading costs as much as the rest of the answer
            reading = self.reader.read(told.question, terms, passages)
            if reading.probability >= ON_THE_DAY * self.reader.judge.threshold and not reading.correction \
                    and told.day in {day for quote in reading.quotes for day in days_in(quote)}:
                return passages, replace(reading, refused=False)
        return None

    def _from_table(self, question: Question, passages: Sequence[Passage]) -> Answer | None:
        rows = asked_rows(question.search, [one for one in passages[:PASSAGES] if not of_another(question.search, one.article)])
        return answers.table_rows(question, rows, passages) if rows else None

    def _changed(self, question: Question, terms: Terms, passages: Sequence[Passage]) -> Answer | None:
        """How a figure changed, where that is asked and told; a course of events only where no words for one stand there."""
        if question.kind not in ("fact", "timeline") or question.wants in NO_FIGURE or not asks_for_change(question.search) \
                or question.kind == "timeline" and any(word in question.search for word in COURSE):
            return None
        rows = changes(terms, passages)
        return answers.changed(question, rows, passages) if rows else None

    def _from_reading(self, question: Question, terms: Terms, reading: Reading, passages: Sequence[Passage],
                      coverage: Coverage) -> Answer:
        reading = same_name.with_the_other(reading, terms, passages)
        if reading.refused:
            return answers.refusal(question, reading, passages, coverage)
        lead = reading.quotes[0]
        if question.wants == "number" and (figure := of_the_year(lead, question.search)):
            lead = replace(lead, emphasis=(figure.start - lead.start, figure.end - lead.start))
            reading = replace(reading, quotes=(lead, *reading.quotes[1:]))
        anchor = answering(lead, terms) if question.wants == "number" else None
        if anchor and lead.emphasis is None:
            lead = replace(lead, emphasis=(anchor.start - lead.start, anchor.end - lead.start))
        if other := disagreement(question, lead, passages):
            kept = tuple(one for one in (lead, *reading.quotes[1:]) if one.article.id != other.quote.article.id)
            return answers.quotes(question, replace(reading, quotes=kept), passages, other)
        told = by_time(anchor, terms, passages) if anchor and not whens(question.search) else []
        if len(told) > 1:
            newest, *older = (one.quote for one in told)
            return answers.quotes(question, replace(reading, quotes=(newest,)), passages, older=older)
        if office := office_asked(question.search):
            held = [one.quote for one in holders(office, {one.article.id: one.article for one in passages}.values(), terms.aliases)]
            if held and (held[0].article.date or "") > (lead.article.date or ""):
                return answers.quotes(question, replace(reading, quotes=(held[0],)), passages, older=held[1:])
        return answers.quotes(question, reading, passages)

    def _without_sources(self, question: Question, terms: Terms, ask: Ask, snapshot: Snapshot) -> tuple[list[Passage], Reading] | None:
        """What is found where the sources that the question names are left aside; None where that does not answer either."""
        passages = self.retriever.passages(terms, ask.filters, snapshot=snapshot)
        reading = self.reader.read(question, terms, passages)
        return None if reading.refused else (passages, reading)

    def _from_model(self, model: BaseChatModel, question: Question, ask: Ask, trace: Trace, quoted: Answer,
                    coverage: Coverage, deadline: float, fault: LanguageModelError | None) -> Iterator[Answer]:
        """The model's answer as it is checked; at its fault, or where not enough of it stands, the quotes.

        A model that failed over the follow-up is not asked again.
        """
        sources = number_sources(trace.passages)
        growing = Answer(question.text, kind="model", passages=trace.passages, done=False)
        grounded, doubted, citations = Grounded(), False, _citing(sources)
        try:
            if fault:
                raise fault
            pieces = stream_text(model, messages(question.search, sources, ask.history),
                                 deadline_seconds=deadline - time.monotonic())
            for grounded in ground_stream(pieces, sources):
                if time.monotonic() > deadline:
                    raise too_late()
                doubted = self.unsupported == "quotes" and not grounded.sound
                if doubted and not grounded.refused:
                    yield quoted.with_(notes=("语言模型的回答里有没有依据的话，没有采用；下面是报道原文。",))
                    return
                yield growing.with_(text=grounded.text, citations=citations(grounded))
        except LanguageModelError as error:
            yield quoted.with_(notes=(f"{error.chinese}下面是报道原文。",))
            return
        if grounded.refused and (doubted or not grounded.text):
            refused = answers.refusal(question, Reading(), trace.passages, coverage)
            yield refused.with_(notes=("语言模型没有在报道里找到答案。",))
            return
        if not grounded.text:
            yield quoted.with_(notes=("语言模型的回答没有出处，没有采用；下面是报道原文。",))
            return
        notes = tuple(filter(None, (
            f"有 {grounded.dropped} 句话没有出处，已略去。" if grounded.dropped else "",
            f"有 {grounded.unsupported_count} 处数字、日期、人名、引语或说法未见于所引报道，已标出。" if grounded.unsupported_count else "",
            f"去掉了 {grounded.removed_marks} 个不存在的出处编号。" if grounded.removed_marks else "")))
        yield growing.with_(text=grounded.text, refused=grounded.refused,  # then it sets a premise right
                            citations=citations(grounded), notes=notes, done=True)


def as_ask(input: Ask | str | Mapping[str, Any]) -> Ask:
    """The input as an Ask."""
    if isinstance(input, Ask):
        return input
    if isinstance(input, str):
        return Ask(input)
    turns = tuple(turn if isinstance(turn, Turn) else Turn(**turn) for turn in input.get("history", ()))
    filters = input.get("filters") or Filters()
    return Ask(input["question"], turns, filters if isinstance(filters, Filters) else Filters(**filters),
               frozenset(input.get("aside", ())))


def build_chain(settings: Settings, *, suggest: bool = False) -> AnswerChain:
    """The chain that the settings describe. Raises EmbeddingError, SettingsError and IndexFault."""
    retriever = HybridRetriever.from_settings(settings)
    retriever.index.current()
    return AnswerChain(retriever, Reader.from_folder(settings.reader), load_chat_model(settings), settings.llm_timeout, suggest,
                       settings.llm_unsupported)


def _explained(question: Question) -> str:
    kinds = {"list": "找报道", "count": "数报道", "gist": "问报道内容", "byline": "问署名", "timeline": "问经过", "fact": "问事实",
             "latest": "找最近的报道", "earliest": "找最早的报道", "ranking": "排名", "coverage": "问报库", "compare": "比较"}
    sources = described_filters(question.filters)
    return "，".join(filter(None, (kinds.get(question.kind, "寒暄"), f"只看{sources}" if sources else "",
                                   f"提到 {question.topic}" if question.topic else "")))


def _as_read(passages: Sequence[Passage], reading: Reading) -> list[Passage]:
    """The passages with those of the articles that were read before the others, by how well these answer."""
    places: dict[str, int] = {}
    for quote in reading.ranked:
        places.setdefault(quote.article.id, len(places))
    return sorted(passages, key=lambda passage: places.get(passage.article.id, len(places)))


def _citing(sources: Sequence[Source]) -> Callable[[Grounded], tuple[Citation, ...]]:
    """Gives a growing answer's citations: for each sentence and each source it cites, the sentence of the article
    that it shares most with, which is looked for once."""
    by_number = {source.n: source for source in sources}

    @cache
    def found(sentence: str, number: int) -> Citation:
        source = by_number[number]
        return cite(0, source.article, *best_quote(sentence, source))

    def citations(grounded: Grounded) -> tuple[Citation, ...]:
        shown = {number: n for n, number in enumerate(grounded.order, 1)}
        listed: dict[tuple[int, int], Citation] = {}
        for checked in grounded.sentences:
            for number in checked.citations if checked.supported else ():
                citation = found(checked.sentence, number)
                listed.setdefault((number, citation.start), replace(citation, n=shown[number]))
        return tuple(sorted(listed.values(), key=lambda citation: citation.n))

    return citations
