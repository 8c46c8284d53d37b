"""A chat model from the settings, and its answer as pieces of text under one deadline.

Every fault of a model or its server becomes a LanguageModelError in plain words. What a server says is
never passed on: error bodies may repeat the key. Nothing here turns tracing on; LangChain sends traces
to LangSmith only where LANGSMITH_TRACING (or LANGCHAIN_TRACING_V2) is set in the environment.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from functools import cache
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.errors import LanguageModelError, SettingsError
from assistant.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

ANSWER_CHARACTERS = 8000
"""Where reading stops: an answer of four sentences that grows beyond this is no answer."""
CONNECT_SECONDS = 5.0
"""A server that cannot be reached should be known quickly; only its answer may take long."""
RETRIES = 1
OLLAMA_ADDRESS = "http://127.0.0.1:11434"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_NO_KEY = "none"
_SENTENCE_ENDS = "。！？!?.…]］】”’」』）)"
_THINKING = ("<think>", "</think>")


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
    if settings.llm_base_url and not _host(settings.llm_base_url):
        raise SettingsError(
            "语言模型的地址不对。请写完整，如 ASSISTANT_LLM_BASE_URL=http://127.0.0.1:8000/v1。",
            "The language model's address is incomplete. Set it as in ASSISTANT_LLM_BASE_URL=http://127.0.0.1:8000/v1.",
        )
    from langchain.chat_models import init_chat_model
    from openai import OpenAIError

    try:
        return init_chat_model(name, model_provider=provider, temperature=0, **_connection(provider, settings))
    except ImportError:
        fault = (f"没有安装语言模型提供者 {provider} 的程序包。", f"The package of the provider {provider} is not installed.")
    except (OpenAIError, ValueError) as error:
        fault = ((f"没有 {settings.llm} 的密钥。", f"There is no key for {settings.llm}.") if "key" in str(error).lower() else
                 (f"不认识语言模型 {settings.llm}，或地址不对。", f"The language model {settings.llm} or its address is not known."))
    raise SettingsError(
        f"{fault[0]}凡是兼容 OpenAI 接口的服务，都可设 ASSISTANT_LLM=openai:模型名、ASSISTANT_LLM_BASE_URL=地址、"
        "ASSISTANT_LLM_API_KEY=密钥；本机的 Ollama 设 ASSISTANT_LLM=ollama:模型名。",
        f"{fault[1]} For any OpenAI-compatible service set ASSISTANT_LLM=openai:MODEL, ASSISTANT_LLM_BASE_URL=ADDRESS "
        "and ASSISTANT_LLM_API_KEY=KEY; for an Ollama of your own ASSISTANT_LLM=ollama:MODEL.",
    )


def _connection(provider: str, settings: Settings) -> dict[str, Any]:
    """Address, key and timeouts in the provider's own words."""
    address = {"base_url": settings.llm_base_url} if settings.llm_base_url else {}
    if provider == "ollama":
        if settings.llm_api_key:
            raise SettingsError(
                "Ollama 不用密钥。请去掉 ASSISTANT_LLM_API_KEY；要密钥的服务请用 ASSISTANT_LLM=openai:模型名 和它的 /v1 地址。",
                "Ollama takes no key. Unset ASSISTANT_LLM_API_KEY, or use ASSISTANT_LLM=openai:MODEL with the server's "
                "/v1 address.",
            )
        given = {"base_url": OLLAMA_ADDRESS, **address}
        # neither a proxy of the environment nor a redirect leads away from this machine
        here = {"trust_env": False, "follow_redirects": False} if _host(given["base_url"]) in LOOPBACK else {}
        return {**given, "client_kwargs": {"timeout": settings.llm_timeout, **here}}
    key = settings.llm_api_key or (_NO_KEY if settings.llm_base_url else "")
    return {**address, **({"api_key": key} if key else {}), "max_retries": RETRIES,
            "timeout": (CONNECT_SECONDS, settings.llm_timeout)}


def _host(address: str) -> str:
    """The host that an http(s) address names; "" for anything else."""
    try:
        parts = urlsplit(address)
        return parts.hostname or "" if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def stream_text(model: BaseChatModel, messages: Sequence[BaseMessage], *, deadline_seconds: float) -> Iterator[str]:
    """The pieces of the model's answer as they come, without a leading <think> part.

    `deadline_seconds` is for the whole answer, from the first `next()` to the last piece, however slowly
    the server drips; closing the iterator cancels the request. Raises LanguageModelError for every
    fault: also for an answer that is empty, ends in mid-sentence or passes ANSWER_CHARACTERS.
    """
    pieces: SimpleQueue[str | LanguageModelError | None] = SimpleQueue()
    end = time.monotonic() + deadline_seconds
    task = asyncio.run_coroutine_threadsafe(_produce(model, list(messages), pieces), _event_loop())
    try:
        while True:
            try:
                piece = pieces.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                piece = _timeout()
            if isinstance(piece, LanguageModelError):
                raise piece
            if piece is None:
                return
            yield piece
    finally:
        task.cancel()


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
    """Put the answer's pieces, then None or the fault that ended it."""
    length, last, finished = 0, "", False
    try:
        async for piece, finish in _without_thinking(model, messages):
            finished = finished or finish
            length += len(piece)
            if length > ANSWER_CHARACTERS:
                pieces.put(LanguageModelError("语言模型的回答太长。", "The language model's answer is too long."))
                return
            if piece:
                pieces.put(piece)
                last = piece.rstrip()[-1:] or last
    except Exception as error:  # every provider has exceptions of its own; all are told as one of ours
        pieces.put(_translated(error))
        return
    if not last:
        pieces.put(LanguageModelError("语言模型没有作答。", "The language model gave an empty answer."))
    elif not finished and last not in _SENTENCE_ENDS:
        pieces.put(LanguageModelError("语言模型的回答中断了。", "The language model's answer breaks off."))
    else:
        pieces.put(None)


async def _without_thinking(model: BaseChatModel, messages: list[BaseMessage]) -> AsyncIterator[tuple[str, bool]]:
    """(piece, whether the model says that it is done); what stands in <think> at the beginning is left out."""
    opening, closing = _THINKING
    held: str | None = ""
    async for chunk in model.astream(messages):
        reasons = [value for key, value in chunk.response_metadata.items() if key.lower().endswith("reason") and value]
        finish = bool(reasons) and "length" not in reasons
        if held is None:
            yield chunk.text, finish
            continue
        held = (held + chunk.text).lstrip()
        if held.startswith(opening):
            thought, closed, rest = held.partition(closing)
            # of a thought that goes on only the tail is kept, which may hold half of the closing tag
            held = rest.lstrip() if closed else opening + thought[-len(closing):]
        undecided = opening.startswith(held[:len(opening)])
        held, piece = (held, "") if undecided else (None, held)
        yield piece, finish
    if held and not held.startswith(opening):
        yield held, False


def _timeout() -> LanguageModelError:
    return LanguageModelError("语言模型超过了时限。", "The language model did not answer in time.")


def _translated(error: Exception) -> LanguageModelError:
    """A third party's exception in our words, by its status or kind; none of its own words are kept."""
    status = getattr(error, "status_code", None)
    kind = type(error).__name__
    if status in (401, 403):
        return LanguageModelError("语言模型不接受密钥，请检查 ASSISTANT_LLM_API_KEY。",
                                  "The language model refuses the key; check ASSISTANT_LLM_API_KEY.")
    if status == 404:
        return LanguageModelError("语言模型的地址或名称不对，请检查 ASSISTANT_LLM 和 ASSISTANT_LLM_BASE_URL。",
                                  "No such language model there; check ASSISTANT_LLM and ASSISTANT_LLM_BASE_URL.")
    if status == 429:
        return LanguageModelError("语言模型太忙或额度已用完（429）。", "The language model is busy or its quota is used up (429).")
    if isinstance(status, int) and status >= 400:
        return LanguageModelError(f"语言模型的服务器出错（{status}）。", f"The language model's server failed ({status}).")
    if isinstance(error, TimeoutError) or "Timeout" in kind:
        return _timeout()
    if isinstance(error, OSError) or "Connect" in kind:
        return LanguageModelError("连不上语言模型，或者连接断了。", "The language model cannot be reached, or the connection broke.")
    return LanguageModelError(f"语言模型的回答读不了（{kind}）。", f"The language model's answer cannot be read ({kind}).")


def local_models(settings: Settings) -> dict[str, Settings]:
    """`ollama:NAME` for each model that an Ollama on this machine offers, with the settings that make it answer.

    Only a loopback address is asked: the one set for an Ollama, else its usual one. {} where none answers.
    """
    set_for_ollama = settings.llm.partition(":")[0] in ("", "ollama") and _host(settings.llm_base_url) in LOOPBACK
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
