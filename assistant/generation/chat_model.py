"""A chat model from the settings, and its answer as pieces of text under one deadline.

Every fault of a model or its server becomes a LanguageModelError in plain words. What a server says is
never passed on: error bodies may repeat the key. Nothing here turns tracing on; LangChain sends traces
to LangSmith only where LANGSMITH_TRACING (or LANGCHAIN_TRACING_V2) is set in the environment.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from functools import cache
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.errors import LanguageModelError, SettingsError
from assistant.generation.connection import LOOPBACK, Line, busy, client_options, host, too_late, too_long
from assistant.generation.prompting import THOUGHT_END
from assistant.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

ANSWER_CHARACTERS = 8000
"""Where reading stops: an answer of four sentences that grows beyond this is no answer."""
MOST_PIECES = 20_000
"""The same for pieces, most of which are empty where a model thinks apart: some 20,000 tokens of thought."""
CONNECT_SECONDS = 5.0
"""A server that cannot be reached should be known quickly; only its answer may take long."""
OLLAMA_ADDRESS = "http://127.0.0.1:11434"

_NO_KEY = "none"
_SENTENCE_ENDS = "。！？!?.…]］】”’」』）)"
_THOUGHT = re.compile(r"<(?:[a-z]+:)?(?:think(?:ing)?|thought|reasoning)>|(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)"
                      r"|analysis(?=[A-Z\u4e00-\u9fff])")
"""How a model's thinking begins: with a tag, with a channel, or with the channel's bare name."""
_LONGEST_OPENING = 40
"""Characters in which it shows whether the answer begins with a thought."""
_PASSING = frozenset({500, 502, 503, 504})
"""Faults of a server that a second request right away may not meet."""
_MODERATED = frozenset({"data_inspection_failed", "datainspectionfailed", "content_filter", "content_policy_violation",
                        "sensitivecontentdetected", "sensitive", "1301"})
"""Codes and finish reasons by which services refuse a content (Alibaba, Azure and OpenAI, Volcengine, Zhipu)."""


def load_chat_model(settings: Settings) -> BaseChatModel | None:
    """The chat model that `settings.llm` names as provider:model, or None where it names none.

    Nothing is sent yet. With an address but no key a placeholder is used, so that a key of the
    environment never goes to another server. Raises SettingsError for a form, provider or key that
    cannot be used.
    """
    if not settings.llm:
        return None
    provider, colon, name = settings.llm.partition(":")
    if not (provider and colon and name.strip()):
        raise SettingsError(
            f"语言模型 {settings.llm} 写得不对。请写成 提供者:模型，如 ASSISTANT_LLM=openai:qwen-plus 或 ollama:qwen3。",
            f"The language model {settings.llm} is not of the form provider:model. Set ASSISTANT_LLM=openai:qwen-plus "
            "or ollama:qwen3, for example.",
        )
    if settings.llm_base_url and not host(settings.llm_base_url):
        raise SettingsError(
            "语言模型的地址不对。请写完整，如 ASSISTANT_LLM_BASE_URL=http://127.0.0.1:8000/v1。",
            "The language model's address is incomplete. Set it as in ASSISTANT_LLM_BASE_URL=http://127.0.0.1:8000/v1.",
        )
    from langchain.chat_models import init_chat_model
    from langchain_ollama import ChatOllama
    from langchain_openai.chat_models.base import BaseChatOpenAI
    from openai import OpenAIError

    # they hold what was said: a server's wrong types would put it into the log
    warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning)
    connection = _connection(provider, settings)
    try:
        model = init_chat_model(name, model_provider=provider, temperature=0, **connection)
        if isinstance(model, (BaseChatOpenAI, ChatOllama)):
            return model
        fault = (f"语言模型提供者 {provider} 的程序包自己连网，管不住它的转址和用量。",
                 f"The package of the provider {provider} opens connections of its own, which cannot be bounded.")
    except ImportError:
        fault = (f"没有安装语言模型提供者 {provider} 的程序包。", f"The package of the provider {provider} is not installed.")
    except (OpenAIError, ValueError, TypeError) as error:
        fault = ((f"没有 {settings.llm} 的密钥。", f"There is no key for {settings.llm}.") if "key" in str(error).lower() else
                 (f"不认识语言模型 {settings.llm}，或地址不对。", f"The language model {settings.llm} or its address is not known."))
    raise SettingsError(
        f"{fault[0]}凡是兼容 OpenAI 接口的服务，都可设 ASSISTANT_LLM=openai:模型名、ASSISTANT_LLM_BASE_URL=地址、"
        "ASSISTANT_LLM_API_KEY=密钥；本机的 Ollama 设 ASSISTANT_LLM=ollama:模型名。",
        f"{fault[1]} For any OpenAI-compatible service set ASSISTANT_LLM=openai:MODEL, ASSISTANT_LLM_BASE_URL=ADDRESS "
        "and ASSISTANT_LLM_API_KEY=KEY; for an Ollama of your own ASSISTANT_LLM=ollama:MODEL.",
    )


def _connection(provider: str, settings: Settings) -> dict[str, Any]:
    """Address, key, timeouts and the bounded client in the provider's own words."""
    hooks = Line().hooks
    if provider == "ollama":
        if settings.llm_api_key:
            raise SettingsError(
                "Ollama 不用密钥。请去掉 ASSISTANT_LLM_API_KEY；要密钥的服务请用 ASSISTANT_LLM=openai:模型名 和它的 /v1 地址。",
                "Ollama takes no key. Unset ASSISTANT_LLM_API_KEY, or use ASSISTANT_LLM=openai:MODEL with the server's "
                "/v1 address.",
            )
        address = settings.llm_base_url or OLLAMA_ADDRESS
        return {"base_url": address, "client_kwargs": {"timeout": settings.llm_timeout, **client_options(address)},
                "async_client_kwargs": {"event_hooks": hooks}}
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

    options = client_options(settings.llm_base_url)
    key = settings.llm_api_key or (_NO_KEY if settings.llm_base_url else "")
    return {**({"base_url": settings.llm_base_url} if settings.llm_base_url else {}), **({"api_key": key} if key else {}),
            "http_client": DefaultHttpxClient(**options),
            "http_async_client": DefaultAsyncHttpxClient(**options, event_hooks=hooks),
            "max_retries": 0, "timeout": (CONNECT_SECONDS, settings.llm_timeout)}


def stream_text(model: BaseChatModel, messages: Sequence[BaseMessage], *, deadline_seconds: float) -> Iterator[str]:
    """The model's answer as it comes, without a thought marked as one at its beginning.

    What came since the last `next()` is one piece. Where a thought turns out to be one only at its end, that end
    stands in a piece (`prompting.spoken` takes away what is before). `deadline_seconds` is for the whole answer, from
    the first `next()` to the last piece, however slowly or fast the server drips; closing the iterator cancels the
    request. Raises LanguageModelError for every fault: also for an answer that is empty, ends in mid-sentence or
    passes ANSWER_CHARACTERS.
    """
    pieces: SimpleQueue[str | LanguageModelError | None] = SimpleQueue()
    end = time.monotonic() + deadline_seconds
    task = asyncio.run_coroutine_threadsafe(_produce(model, list(messages), pieces), _event_loop())
    try:
        while True:
            text, fault, last = _waiting(pieces, end)
            if text and time.monotonic() < end:
                yield text
            if fault or last:
                break
        if fault:
            raise fault
    finally:
        task.cancel()


def _waiting(pieces: SimpleQueue[str | LanguageModelError | None],
             end: float) -> tuple[str, LanguageModelError | None, bool]:
    """(what has come, the fault that ended it, whether it is the end); waits for something until `end`."""
    text: list[str] = []
    try:
        piece = pieces.get(timeout=max(0.0, end - time.monotonic()))
        while isinstance(piece, str):
            text.append(piece)
            piece = pieces.get_nowait()
    except Empty:
        late = time.monotonic() >= end
        return "".join(text), too_late() if late else None, False
    return "".join(text), piece, piece is None


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    """One event loop in one thread for all answers: a model's connections belong to the loop that opened them.

    Only a cancelled task ends a read that a server keeps alive with a byte now and then; a thread that
    blocks in it cannot be ended.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language-model", daemon=True).start()
    return loop


async def _produce(model: BaseChatModel, messages: list[BaseMessage],
                   pieces: SimpleQueue[str | LanguageModelError | None]) -> None:
    """Put the answer's pieces, then None or the fault that ended it.

    A server that fails in passing, or allows no temperature of ours, is asked a second time.
    """
    for attempt in (1, 2):
        begun = False
        try:
            async for piece in _answer(model, messages):
                begun = True
                pieces.put(piece)
            pieces.put(None)
            return
        except Exception as error:  # every provider has exceptions of its own; all are told as one of ours
            if begun or attempt == 2 or not (_without_temperature(model, error) or _status(error) in _PASSING):
                pieces.put(_translated(error))
                return


async def _answer(model: BaseChatModel, messages: list[BaseMessage]) -> AsyncIterator[str]:
    """The pieces that are not empty. Raises LanguageModelError for an answer that is none, too long or not whole."""
    length, last, finished = 0, "", False
    async for piece, finish in _without_thinking(model, messages):
        finished = finished or finish
        length += len(piece)
        if length > ANSWER_CHARACTERS:
            raise too_long()
        if piece:
            yield piece
            last = piece.rstrip()[-1:] or last
    if not last:
        raise LanguageModelError("语言模型没有作答。", "The language model gave an empty answer.")
    if not finished and last not in _SENTENCE_ENDS:
        raise LanguageModelError("语言模型的回答中断了。", "The language model's answer breaks off.")


async def _without_thinking(model: BaseChatModel, messages: list[BaseMessage]) -> AsyncIterator[tuple[str, bool]]:
    """(piece, whether the model says that it is done); a thought marked as such at the beginning is left out."""
    held: str | None = ""
    thinking, received = False, 0
    async for chunk in model.astream(messages):
        reasons = [value for key, value in chunk.response_metadata.items() if key.lower().endswith("reason") and value]
        if not _MODERATED.isdisjoint(map(str, reasons)):
            raise _moderated()
        finish = bool(reasons) and "length" not in reasons
        received += 1
        if received > MOST_PIECES:
            raise too_long()
        if held is None:
            yield chunk.text, finish
            continue
        held += chunk.text
        if not thinking:
            held = held.lstrip()
            thinking = bool(_THOUGHT.match(held))
        if thinking:
            end = THOUGHT_END.search(held)
            # of a thought that goes on only the tail is kept, which may hold half of its end
            thinking, held = (False, held[end.end():].lstrip()) if end else (True, held[-_LONGEST_OPENING:])
        undecided = len(held) < _LONGEST_OPENING and (held[:1] == "<" or "analysis".startswith(held[:8]))
        held, piece = (held, "") if thinking or undecided else (None, held)
        yield piece, finish
    if held and not thinking:
        yield held, False


def _status(error: Exception) -> int | None:
    """The HTTP status that a provider's exception carries."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _without_temperature(model: BaseChatModel, error: Exception) -> bool:
    """Whether the server refused the temperature; it is then left to the server from now on."""
    refused = _status(error) in (400, 422) and "temperature" in f"{error} {getattr(error, 'param', '')}".lower()
    if refused and getattr(model, "temperature", None) is None:
        return False
    if refused:
        model.temperature = None  # type: ignore[attr-defined]
    return refused


def _moderated() -> LanguageModelError:
    return LanguageModelError("语言模型的服务商没有通过内容审查，未作答。",
                              "The language model's provider refused the question or the articles by its content rules.")


def _translated(error: Exception) -> LanguageModelError:
    """A third party's exception in our words, by its status or kind; none of its own words are kept."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LanguageModelError):  # ours, raised on the line and wrapped by the provider's client
            return LanguageModelError(cause.chinese, cause.english)
        cause = cause.__cause__ or cause.__context__
    status, kind = _status(error), type(error).__name__
    if str(getattr(error, "code", "")).lower() in _MODERATED:
        return _moderated()
    if status in (401, 403):
        return LanguageModelError("语言模型不接受密钥，请检查 ASSISTANT_LLM_API_KEY。",
                                  "The language model refuses the key; check ASSISTANT_LLM_API_KEY.")
    if status == 404:
        return LanguageModelError("语言模型的地址或名称不对，请检查 ASSISTANT_LLM 和 ASSISTANT_LLM_BASE_URL。",
                                  "No such language model there; check ASSISTANT_LLM and ASSISTANT_LLM_BASE_URL.")
    if status in (429, 529):
        return busy()
    if status is not None and status >= 400:
        return LanguageModelError(f"语言模型的服务器出错（{status}）。", f"The language model's server failed ({status}).")
    if isinstance(error, TimeoutError) or "Timeout" in kind:
        return too_late()
    if isinstance(error, OSError) or "Connect" in kind:
        return LanguageModelError("连不上语言模型，或者连接断了。", "The language model cannot be reached, or the connection broke.")
    return LanguageModelError(f"语言模型的回答读不了（{kind}）。", f"The language model's answer cannot be read ({kind}).")


def local_models(settings: Settings) -> dict[str, Settings]:
    """`ollama:NAME` for each model that an Ollama on this machine offers, with the settings that make it answer.

    Only a loopback address is asked: the one set for an Ollama, else its usual one. {} where none answers.
    """
    set_for_ollama = settings.llm.partition(":")[0] in ("", "ollama") and host(settings.llm_base_url) in LOOPBACK
    address = settings.llm_base_url if set_for_ollama else OLLAMA_ADDRESS
    return {f"ollama:{name}": replace(settings, llm=f"ollama:{name}", llm_base_url=address, llm_api_key="")
            for name in ollama_models(address)}


def ollama_models(address: str = OLLAMA_ADDRESS, timeout_seconds: float = 0.5) -> tuple[str, ...]:
    """The names of the models that an Ollama at `address` offers, sorted; () where none answers."""
    place = urlsplit(address)
    # not urllib.request: it would ask a proxy of the environment for the loopback address
    connection = HTTPConnection(place.hostname or "", place.port or 11434, timeout=timeout_seconds)
    try:
        connection.request("GET", "/api/tags")
        listed = json.loads(connection.getresponse().read(1_000_000))
        return tuple(sorted(str(model["name"]) for model in listed["models"]))
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return ()
    finally:
        connection.close()
