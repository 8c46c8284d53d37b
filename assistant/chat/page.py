"""The Gradio page: what stands on it, and what happens when a visitor does something."""

# No `from __future__ import annotations` here: Gradio reads the annotations of the handlers inside
# `build_chat`, where `gr` is a local name.
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant.chat import cards
from assistant.chat.conversation import QUESTION_CHARACTERS, TURNS, feedback_row, history, restore, save
from assistant.errors import AssistantError
from assistant.generation.chat_model import load_chat_model, local_models
from assistant.schema import Answer, Article, Ask
from assistant.settings import Settings
from assistant.index.snapshot import writer

if TYPE_CHECKING:
    import gradio as gr

    from assistant.chain import AnswerChain

TITLE = "问报 · Ask the paper"
STARTERS = 6
LATEST = 5
"""Articles beside the empty page."""
ANSWERS_AT_ONCE = 8
"""Questions answered at the same time; more wait in the queue."""
NO_MODEL = "none"
"""What is chosen to have quotes where a model is set; "" is what is set."""
BANNER_SECONDS = 5
"""How often a page asks whether the index is being refreshed: the server reads one line for it."""
FRAME_SECONDS = 0.1
"""A growing answer is shown ten times a second: a browser takes some 40 ms to draw a long conversation."""

UNAVAILABLE = "这会儿答不上来，请稍后再问一次。\nThe assistant cannot answer right now. Please ask again later."
QUOTES_ONLY = "不用语言模型（只引原文） · No model"
STOPPED = "已停止。\nStopped."

_log = logging.getLogger(__name__)


class Desk:
    """Answers the visitors: the chain and the settings behind the page, free of Gradio."""

    def __init__(self, chain: "AnswerChain", settings: Settings) -> None:
        self._chain = chain
        self._feedback, self._index = settings.feedback, Path(settings.index)
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
        return cards.masthead(self._chain.coverage())

    def banner(self) -> str:
        """What is told of a refresh at work on the index; "" while there is none."""
        return cards.banner(writer(self._index))

    def starters(self) -> list[dict[str, str]]:
        """Questions that the archive answers, as Gradio's chat takes them."""
        return [{"text": question} for question in self._chain.starters(STARTERS)]

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

    def answers(self, question: str, earlier: list[Answer], chosen: object = "") -> Iterator[Answer]:
        """The growing answers to a question by the model chosen; what follows too soon is shown with the next.

        A fault becomes a last answer without path or trace.
        """
        shown, at = None, 0.0
        try:
            for answer in self._chain_with(self.model(chosen)).stream(Ask(question, history(earlier))):
                news = shown is None or answer.done or answer.passages != shown.passages
                if news or time.monotonic() - at >= FRAME_SECONDS:
                    shown, at = answer, time.monotonic()
                    yield answer
        except Exception as fault:
            log_fault(fault)
            yield Answer(question, UNAVAILABLE, kind="hint", refused=True)

    def keep_thumb(self, answer: Answer, liked: bool) -> None:
        """Adds one line to the feedback file. Raises OSError when it cannot be written."""
        row = feedback_row(answer, liked, datetime.now(timezone.utc).isoformat(timespec="seconds"))
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        # One write to a file opened for appending: the lines of several visitors do not mix.
        with open(self._feedback, "ab", buffering=0) as file:
            file.write(line)


def log_fault(fault: Exception) -> None:
    """Tells the operator what no visitor is shown: a known fault as its sentence, any other with its trace."""
    _log.error("%s", fault, exc_info=None if isinstance(fault, AssistantError) else fault)


def messages(answers: list[Answer]) -> list[dict[str, Any]]:
    """The conversation as Gradio's chat takes it; the last answer offers its follow-up questions."""
    shown: list[dict[str, Any]] = []
    for turn, answer in enumerate(answers, 1):
        options = [{"value": question} for question in answer.follow_ups] if answer.done else []
        shown += [{"role": "user", "content": cards.question_html(answer.question[:QUESTION_CHARACTERS])},
                  {"role": "assistant", "content": cards.answer_html(answer, turn), "options": options}]
    return shown


class _Parts(NamedTuple):
    """The components that something happens to."""

    page: Any
    head: Any
    kept: Any
    chosen: Any
    chat: Any
    box: Any
    panel: Any
    clear: Any


def build_chat(chain: "AnswerChain", settings: Settings) -> "gr.Blocks":
    """The chat page over a chain, not yet launched. Raises AssistantError when there is no index."""
    # Gradio would look up its maker's servers when it is imported.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    desk, say = Desk(chain, settings), interface_texts()
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        head = gr.HTML(desk.masthead(), elem_id="masthead", apply_default_css=False)
        banner = gr.HTML(desk.banner(), elem_id="banner", apply_default_css=False)
        gr.on([page.load, gr.Timer(BANNER_SECONDS).tick], desk.banner, None, banner, queue=False,
              show_progress="hidden", api_visibility="private")
        # No secret: what comes back from a browser is checked, whoever wrote it.
        kept = gr.BrowserState([], storage_key="newspaper-assistant", secret="newspaper-assistant")
        chosen = gr.BrowserState("", storage_key="newspaper-assistant-model", secret="newspaper-assistant")
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=3, min_width=280, elem_id="talk"):
                chat = gr.Chatbot(elem_id="chat", label=say("chat"), show_label=False, layout="panel", height=None,
                                  placeholder=cards.greeting(), examples=desk.starters(), latex_delimiters=[],
                                  buttons=[])
                box = gr.Textbox(elem_id="box", label=say("question"), show_label=False, placeholder=say("placeholder"),
                                 max_length=QUESTION_CHARACTERS, lines=1, max_lines=6, submit_btn=True, autofocus=True)
                with gr.Row(elem_id="fine"):
                    gr.HTML(cards.fine_print(), apply_default_css=False)
                    picker = _picker(gr, desk, say)
                    clear = gr.Button(say("clear"), elem_id="clear", size="sm", variant="secondary")
            panel = gr.HTML(desk.sources([]), elem_id="sources", apply_default_css=False)
        _listen(gr, desk, _Parts(page, head, kept, chosen, chat, box, panel, clear))
        if picker is not None:
            quiet = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
            page.load(desk.model, [chosen], [picker], **quiet)
            picker.input(desk.model, [picker], [chosen], **quiet)
    return page


def _picker(gr: Any, desk: Desk, say: "gr.I18n") -> Any:
    """A choice of language models, where there are some; else None."""
    models = desk.models()
    return gr.Dropdown(models, value="", elem_id="model", label=say("model"), show_label=False, container=False,
                       filterable=False, scale=0, min_width=140) if models else None


def _listen(gr: Any, desk: Desk, parts: _Parts) -> None:
    """Joins what a visitor does to the desk. Nothing of it is offered as an API."""
    page, head, kept, chosen, chat, box, panel, clear = parts
    ready = gr.update(submit_btn=True, stop_btn=False)

    @contextmanager
    def told_plainly() -> Iterator[None]:
        try:
            yield
        except Exception as fault:
            log_fault(fault)
            raise gr.Error(UNAVAILABLE, title="出错了 · Error", print_exception=False) from None

    def opened(saved: object) -> tuple:
        with told_plainly():
            answers = desk.restored(saved)
            return desk.masthead(), gr.update(value=messages(answers), examples=desk.starters()), desk.sources(answers)

    def answered(question: str, earlier: list[Answer], model: object) -> Iterator[tuple]:
        box_now, sources = gr.update(value="", submit_btn=False, stop_btn=True), None
        for answer in desk.answers(question, earlier, model):
            answers, before = [*earlier, answer][-TURNS:], sources
            sources = (answer.citations, answer.passages, answer.done)
            yield messages(answers), gr.skip() if sources == before else desk.sources(answers), save(answers), box_now
            box_now = gr.skip()
        yield gr.skip(), gr.skip(), gr.skip(), ready

    def asked(typed: object, saved: object, model: object, event: gr.EventData) -> Iterator[tuple]:
        with told_plainly():
            yield from answered(question_of(event._data, typed), desk.restored(saved), model)

    def asked_again(saved: object, model: object) -> Iterator[tuple]:
        with told_plainly():
            answers = desk.restored(saved)
            yield from answered(answers[-1].question if answers else "", answers[:-1], model)

    def stopped(saved: object) -> tuple:
        with told_plainly():
            answers = desk.restored(saved)
            answers[-1:] = [answer.with_(notes=(*answer.notes, STOPPED)) for answer in answers[-1:]]
            return messages(answers), desk.sources(answers), save(answers), ready

    def cleared() -> tuple:
        with told_plainly():
            return [], desk.sources([]), [], ready

    def thumbed(saved: object, thumb: gr.LikeData) -> None:
        with told_plainly():
            answers, turn = desk.restored(saved), turn_of(thumb.index)
            if turn < len(answers):
                desk.keep_thumb(answers[turn], thumb.liked is True)

    everything = [chat, panel, kept, box]
    private = {"api_visibility": "private", "show_progress": "hidden"}
    limits = {"trigger_mode": "once", "concurrency_limit": ANSWERS_AT_ONCE, "concurrency_id": "answers",
              "show_progress": "minimal", "show_progress_on": [box], "api_visibility": "private"}
    page.load(opened, [kept], [head, chat, panel], queue=False, **private)
    asking = gr.on([box.submit, chat.example_select, chat.option_select], asked, [box, kept, chosen], everything,
                   **limits)
    again = chat.retry(asked_again, [kept, chosen], everything, **limits)
    box.stop(stopped, [kept], everything, cancels=[asking, again], queue=False, **private)
    clear.click(cleared, None, everything, cancels=[asking, again], queue=False, **private)
    chat.like(thumbed, [kept], None, queue=False, **private)


def question_of(event: object, typed: object) -> str:
    """The question of a starter or follow-up that was clicked, else the one typed; "" for anything else."""
    clicked = event.get("value") if isinstance(event, dict) else None
    if isinstance(clicked, dict):
        clicked = clicked.get("text")
    question = clicked or typed
    return question.strip() if isinstance(question, str) else ""


def turn_of(index: object) -> int:
    """The turn, from 0, of a message in Gradio's chat: two messages make a turn."""
    first = index[0] if isinstance(index, (list, tuple)) and index else index
    return first // 2 if isinstance(first, int) and first >= 0 else TURNS


def interface_texts() -> "gr.I18n":
    """What Gradio's own parts say, in Chinese and in English."""
    import gradio as gr

    chinese = {"chat": "对话", "question": "问题", "model": "语言模型", "placeholder": "问一问报上的事……", "clear": "清空对话"}
    english = {"chat": "Conversation", "question": "Question", "model": "Language model", "clear": "Clear",
               "placeholder": "Ask about anything in the paper…"}
    return gr.I18n(en=english, zh=chinese, **{"zh-CN": chinese, "zh-TW": chinese, "zh-HK": chinese})
