"""The Gradio page: what stands on it, and what happens when a visitor does something."""

# No `from __future__ import annotations` here: Gradio reads the annotations of the handlers inside
# `build_chat`, where `gr` is a local name.
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant.api.admission import Busy
from assistant.catalogue import known_names
from assistant.chat import cards, reply
from assistant.chat.conversation import QUESTION_CHARACTERS, TURNS, history, restore, save, stamped
from assistant.chat.starters import Starters
from assistant.errors import AssistantError
from assistant.export.documents import Find
from assistant.generation.chat_model import load_chat_model, local_models
from assistant.generation.connection import no_proxies
from assistant.index.snapshot import writer
from assistant.schema import AS_TYPED, Answer, Article, Ask, Filters
from assistant.settings import Settings

if TYPE_CHECKING:
    import gradio as gr

    from assistant.chain import AnswerChain

TITLE = "问报 · Ask the paper"
STARTERS = 6
LATEST = 5
"""Articles beside the empty page."""
ANSWERS_AT_ONCE = 32
"""Questions that stand before the chain at the same time, nearly all of them waiting in its line; more wait in the queue."""
NO_MODEL = "none"
"""What is chosen to have quotes where a model is set; "" is what is set."""
BANNER_SECONDS = 5
"""How often a page asks whether the index is being refreshed: the server reads one line for it."""
FRAME_SECONDS = 0.1
"""A growing answer is shown ten times a second: a browser takes some 40 ms to draw a long conversation."""

UNAVAILABLE = "这会儿答不上来，请稍后再问一次。\nThe assistant cannot answer right now. Please ask again later."
QUOTES_ONLY = "不用语言模型（只引原文） · No model"
STOPPED = "已停止。\nStopped."
LEFT = f"一段对话留 {TURNS} 轮，最早的一轮已移出这一页。\nA conversation keeps {TURNS} turns; the oldest has left this page."

_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")

_log = logging.getLogger(__name__)


class Desk:
    """Answers the visitors: the chain and the settings behind the page, free of Gradio.

    `key` seals the answers, so that one that comes back from a browser is known.
    """

    def __init__(self, chain: "AnswerChain", settings: Settings, key: bytes = b"") -> None:
        self._chain, self._key = chain, key
        self._index = Path(settings.index)
        self._starters = Starters(chain, STARTERS)
        self._settings = settings
        self._offered = {name: of for name, of in local_models(settings).items() if name != settings.llm}
        if self._offered and settings.llm:
            self._offered = {NO_MODEL: replace(settings, llm=""), **self._offered}
        self._chains = {"": chain}

    def article(self, article_id: str) -> Article | None:
        """The article in the archive as it is now."""
        return self._chain.index.current().articles.article(article_id)

    def restored(self, saved: object) -> list[Answer]:
        """A conversation out of a visitor's browser, checked against the archive."""
        return restore(saved, self.article)

    def masthead(self) -> str:
        """The head of the page, for the archive as it is now."""
        snapshot = self._chain.index.current()
        return cards.masthead(self._chain.coverage(), list(snapshot.dates.values()), tagged=snapshot.names is not None)

    def filter_bar(self) -> str:
        """The filters above the conversation, for the archive as it is now."""
        return cards.filter_bar(self._chain.coverage(), known_names(self._chain.index.current()).kinds)

    def banner(self) -> str:
        """What is told of a refresh at work on the index; "" while there is none."""
        return cards.banner(writer(self._index))

    def starters(self) -> list[Any]:
        """Questions that the archive answers, as Gradio's chat takes them."""
        return [{"text": question} for question in self._starters.now()]

    def models(self) -> list[tuple[str, str]]:
        """(label, value) of what may write a visitor's answers, the default first; [] where there is no choice."""
        offered = {"": self._settings, **self._offered} if self._offered else {}
        return [(settings.llm or QUOTES_ONLY, value) for value, settings in offered.items()]

    def model(self, chosen: object) -> str:
        """What a visitor's browser says was chosen, where it is offered; "", the default, for anything else."""
        return chosen if isinstance(chosen, str) and chosen in self._offered else ""

    def _chain_with(self, model: str) -> "AnswerChain":
        if model not in self._chains:
            self._chains[model] = self._chain.with_model(load_chat_model(self._offered[model]))
        return self._chains[model]

    def sources(self, answers: list[Answer]) -> str:
        """The cards beside a conversation; the latest articles where it has none."""
        latest = self._chain.index.current().articles.articles()
        return cards.sources_html(answers, self.article) or cards.latest_html(islice(latest, LATEST))

    def answers(self, question: str, earlier: list[Answer], chosen: object = "",
                filters: Filters = Filters(), aside: frozenset[str] = frozenset()) -> Iterator[Answer]:
        """The growing answers to a question by the model chosen; what follows too soon is shown with the next.

        A fault becomes a last answer without path or trace.
        """
        shown, at = None, 0.0
        try:
            for answer in self._chain_with(self.model(chosen)).stream(Ask(question, history(earlier), filters, aside)):
                news = shown is None or answer.done or answer.passages != shown.passages
                if news or time.monotonic() - at >= FRAME_SECONDS:
                    shown, at = answer, time.monotonic()
                    yield self._whole(answer, earlier) if answer.done else answer
        except Busy as busy:
            yield Answer(question, str(busy), kind="hint", refused=True)
        except Exception as fault:
            log_fault(fault)
            yield Answer(question, UNAVAILABLE, kind="hint", refused=True)

    def _whole(self, answer: Answer, earlier: list[Answer]) -> Answer:
        """A finished answer as it is kept, with what is to be said of the conversation."""
        if len(earlier) >= TURNS:
            answer = answer.with_(notes=(*answer.notes, LEFT))
        return stamped(answer, datetime.now(UTC).isoformat(), self._key)


def log_fault(fault: Exception) -> None:
    """Tells the operator what no visitor is shown: a known fault as its sentence, any other with its trace."""
    _log.error("%s", fault, exc_info=None if isinstance(fault, AssistantError) else fault)


def messages(answers: list[Answer], find: Find) -> list[dict[str, Any]]:
    """The conversation as Gradio's chat takes it; the last answer offers its follow-up questions."""
    shown: list[dict[str, Any]] = []
    for turn, answer in enumerate(answers, 1):
        options = [{"value": question} for question in answer.follow_ups] if answer.done else []
        shown += [{"role": "user", "content": reply.question_html(answer.question[:QUESTION_CHARACTERS])},
                  {"role": "assistant", "content": reply.answer_html(answer, turn, find), "options": options}]
    return shown


class _Parts(NamedTuple):
    """The components that something happens to."""

    page: Any
    head: Any
    kept: Any
    chosen: Any
    under: Any
    chat: Any
    box: Any
    panel: Any
    clear: Any
    again: Any
    reshow: Any


def build_chat(chain: "AnswerChain", settings: Settings, key: bytes = b"") -> "gr.Blocks":
    """The chat page over a chain, not yet launched. Raises AssistantError when there is no index."""
    # Gradio would look up its maker's servers when it is imported.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    with no_proxies():  # it makes a client when it is imported, which a SOCKS proxy breaks
        import gradio as gr

    desk, say = Desk(chain, settings, key), interface_texts()
    page: gr.Blocks
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        head = gr.HTML(desk.masthead(), elem_id="masthead", apply_default_css=False)
        banner = gr.HTML(desk.banner(), elem_id="banner", apply_default_css=False)
        gr.on([page.load, gr.Timer(BANNER_SECONDS).tick], desk.banner, None, banner, queue=False,
              show_progress="hidden", api_visibility="private")
        # No secret: what comes back from a browser is checked, whoever wrote it.
        kept = gr.BrowserState([], storage_key="newspaper-assistant", secret="newspaper-assistant")
        chosen = gr.BrowserState("", storage_key="newspaper-assistant-model", secret="newspaper-assistant")
        under = gr.JSON({}, visible="hidden")
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=3, min_width=280, elem_id="talk"):
                gr.HTML(cards.greeting(), elem_id="greeting", apply_default_css=False)
                gr.HTML(desk.filter_bar(), elem_id="under", apply_default_css=False)
                chat = gr.Chatbot(elem_id="chat", label=say("chat"), show_label=False, layout="panel", height=None,
                                  examples=desk.starters(), latex_delimiters=[], buttons=[], autoscroll=False)
                box = gr.Textbox(elem_id="box", label=say("question"), show_label=False, placeholder=say("placeholder"),
                                 max_length=QUESTION_CHARACTERS, lines=1, max_lines=6, submit_btn=True, autofocus=True)
                with gr.Row(elem_id="fine"):
                    gr.HTML(cards.fine_print(), apply_default_css=False)
                    picker = _picker(gr, desk, say)
                    clear = gr.Button(say("clear"), elem_id="clear", size="sm", variant="secondary")
                    again, reshow = (gr.Button(elem_id=name, visible="hidden") for name in ("again", "reshow"))
            panel = gr.HTML(desk.sources([]), elem_id="sources", apply_default_css=False)
        _listen(gr, desk, _Parts(page, head, kept, chosen, under, chat, box, panel, clear, again, reshow))
        if picker is not None:
            quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
            page.load(desk.model, [chosen], [picker], **quiet)
            picker.input(desk.model, [picker], [chosen], **quiet)
    return page


def _picker(gr: Any, desk: Desk, say: "gr.I18n") -> Any:
    """A choice of language models, where there are some; else None."""
    models = desk.models()
    return gr.Dropdown(models, value="", elem_id="model", label=say("model"), show_label=False, container=False,
                       filterable=False, scale=0, min_width=140) if models else None


def _listen(gr: Any, desk: Desk, parts: _Parts) -> None:
    """Joins what a visitor does to the desk. Nothing of it is offered as an API.

    The `js` of an event is run in the browser before it is sent, and gives its inputs (see chat.js).
    """
    page, head, kept, chosen, under, chat, box, panel, clear, again, reshow = parts
    ready = gr.update(submit_btn=True, stop_btn=False)

    @contextmanager
    def told_plainly() -> Iterator[None]:
        try:
            yield
        except Exception as fault:
            log_fault(fault)
            raise gr.Error(UNAVAILABLE, title="出错了 · Error", print_exception=False) from None

    def opened(saved: object) -> tuple[Any, ...]:
        with told_plainly():
            answers = desk.restored(saved)
            shown = gr.update(value=messages(answers, desk.article), examples=desk.starters())
            return desk.masthead(), shown, desk.sources(answers)

    def answered(question: str, earlier: list[Answer], model: object, filters: object) -> Iterator[tuple[Any, ...]]:
        if not question:
            yield (gr.skip(),) * 4
            return
        box_now, sources = gr.update(value="", submit_btn=False, stop_btn=True), None
        for answer in desk.answers(question, earlier, model, filters_of(filters), aside_of(filters)):
            answers, before = [*earlier, answer][-TURNS:], sources
            sources = (answer.citations, answer.passages, answer.done)
            panel_now = gr.skip() if sources == before else desk.sources(answers)
            yield messages(answers, desk.article), panel_now, save(answers), box_now
            box_now = gr.skip()
        yield gr.skip(), gr.skip(), gr.skip(), ready

    def asked(typed: object, saved: object, model: object, filters: object, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        with told_plainly():
            yield from answered(question_of(event._data, typed), desk.restored(saved), model, filters)

    def asked_again(saved: object, model: object, filters: object) -> Iterator[tuple[Any, ...]]:
        with told_plainly():
            answers = desk.restored(saved)
            yield from answered(answers[-1].question if answers else "", answers[:-1], model, filters)

    def shown_again(answers: list[Answer]) -> tuple[Any, ...]:
        return messages(answers, desk.article), desk.sources(answers), save(answers), ready

    def stopped(saved: object) -> tuple[Any, ...]:
        with told_plainly():
            answers = desk.restored(saved)
            answers[-1:] = [answer.with_(notes=(*answer.notes, STOPPED)) for answer in answers[-1:]]
            return shown_again(answers)

    def reshown(saved: object) -> tuple[Any, ...]:
        with told_plainly():
            return shown_again(desk.restored(saved))

    everything = [chat, panel, kept, box]
    private = {"api_visibility": "private", "show_progress": "hidden"}
    limits = {"trigger_mode": "once", "concurrency_limit": ANSWERS_AT_ONCE, "concurrency_id": "answers",
              "show_progress": "minimal", "show_progress_on": [box], "api_visibility": "private"}
    page.load(opened, [kept], [head, chat, panel], queue=False, **private)
    asking = gr.on([box.submit, chat.example_select, chat.option_select], asked, [box, kept, chosen, under], everything,
                   js="(...given) => newspaper.asking(...given)", **limits)
    retry = again.click(asked_again, [kept, chosen, under], everything,
                        js="(...given) => newspaper.askingAgain(...given)", **limits)
    box.stop(stopped, [kept], everything, cancels=[asking, retry], queue=False, **private)
    clear.click(reshown, [kept], everything, cancels=[asking, retry], queue=False,
                js="(saved) => newspaper.cleared(saved)", **private)
    reshow.click(reshown, [kept], everything, queue=False, js="(saved) => newspaper.changed(saved)", **private)


def filters_of(given: object) -> Filters:
    """The filters that a visitor set beside the question; what is none of them does not count."""
    named = given if isinstance(given, dict) else {}
    texts = {name: " ".join(value.split())[:100] for name, value in named.items() if isinstance(value, str)}
    dates = {name: texts[name] for name in ("date_from", "date_to") if _DATE.fullmatch(texts.get(name, ""))}
    return Filters(**dates, **{name: texts[name] for name in ("newspaper", "section", "author", "kind") if texts.get(name)})


def aside_of(given: object) -> frozenset[str]:
    """What a visitor took off that was read from the question; what is no such thing does not count."""
    names = given.get("aside") if isinstance(given, dict) else None
    known = {AS_TYPED, *(one.name for one in fields(Filters))}
    return frozenset(name for name in names if isinstance(name, str) and name in known) if isinstance(names, list) else frozenset()


def question_of(event: object, typed: object) -> str:
    """The question of a starter or follow-up that was clicked, else the one typed; "" for anything else."""
    clicked = event.get("value") if isinstance(event, dict) else None
    if isinstance(clicked, dict):
        clicked = clicked.get("text")
    question = clicked or typed
    return question.strip() if isinstance(question, str) else ""


def interface_texts() -> "gr.I18n":
    """What Gradio's own parts say, in Chinese and in English."""
    import gradio as gr

    chinese = {"chat": "对话", "question": "问题", "model": "语言模型", "placeholder": "问一问报上的事……", "clear": "清空对话"}
    english = {"chat": "Conversation", "question": "Question", "model": "Language model", "clear": "Clear",
               "placeholder": "Ask about anything in the paper…"}
    return gr.I18n(en=english, zh=chinese, **{"zh-CN": chinese, "zh-TW": chinese, "zh-HK": chinese})
