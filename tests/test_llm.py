"""The language model's door, against a server on loopback that fails in every way."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from scripted_llm import Reply, ScriptedModel, ScriptedServer, redirecting, scripted_server

from assistant.errors import LanguageModelError, SettingsError
from assistant.generation import chat_model as llm
from assistant.generation.chat_model import load_chat_model, local_models, ollama_models, stream_text
from assistant.settings import Settings

KEY = "sk-must-never-be-seen"
ASKED = [HumanMessage("多少人？")]


def settings(address: str, **changes: Any) -> Settings:
    return replace(Settings(llm="openai:scripted", llm_base_url=address, llm_api_key=KEY), **changes)


@contextmanager
def served(*replies: Reply, **changes: Any) -> Iterator[tuple[ScriptedServer, llm.BaseChatModel]]:
    with scripted_server(*replies) as server:
        model = load_chat_model(settings(server.address, **changes))
        assert model is not None
        yield server, model


def test_no_model_named_is_no_model() -> None:
    assert load_chat_model(Settings()) is None


def test_pieces_come_in_order_and_the_request_is_the_protocols() -> None:
    with served(Reply(["解放区有", "56名", "骑手[1]。"])) as (server, model):
        assert "".join(stream_text(model, ASKED, deadline_seconds=60)) == "解放区有56名骑手[1]。"
    headers, body = server.asked[0]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (body["model"], body["temperature"], body["stream"]) == ("scripted", 0, True)
    assert body["messages"] == [{"role": "user", "content": "多少人？"}]


def test_several_answers_share_one_loop() -> None:
    with served(Reply(["甲。"]), Reply(["乙。"])) as (_, model):
        assert [list(stream_text(model, ASKED, deadline_seconds=60)) for _ in range(2)] == [["甲。"], ["乙。"]]


@pytest.mark.parametrize(("reply", "said"), [
    (Reply(status=401, body=f'{{"error": {{"message": "Incorrect API key provided: {KEY}"}}}}'), "refuses the key"),
    (Reply(status=403), "refuses the key"),
    (Reply(status=404, body="no such model"), "No such language model there"),
    (Reply(status=400, body=f'{{"error": {{"message": "bad {KEY}"}}}}'), "server failed (400)"),
    (Reply(status=429, body="{}"), "busy or its quota is used up (429)"),
    (Reply(status=500, body="oops"), "server failed (500)"),
    (Reply([]), "empty answer"),
    (Reply(["  ", "\n"]), "empty answer"),
    (Reply(["解放区有"], finish=None), "breaks off"),
    (Reply(["解放区有"], finish="length"), "breaks off"),
    (Reply(["解放"], reset=True), "cannot be reached, or the connection broke"),
    (Reply(["长" * 1000] * 1000), "too long"),
    (Reply(["长" * 1_000_000]), "too long"),
    (Reply(raw=b"data: {nonsense\n\n"), "cannot be read"),
    (Reply(raw=b"<html>a page</html>\n\n"), "cannot be read"),
    (Reply(["好"], raw='data: {"choices":[{"index":0,"delta":{"content":"解'.encode()[:-1]), "cannot be read"),
    (Reply(raw=f'data: {{"error": {{"message": "overloaded {KEY}"}}}}\n\n'.encode()), "cannot be read"),
])
def test_every_fault_is_told_without_the_key(reply: Reply, said: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with served(reply) as (server, model), pytest.raises(LanguageModelError) as caught:
        list(stream_text(model, ASKED, deadline_seconds=60))
    assert said in caught.value.english
    assert caught.value.__cause__ is caught.value.__context__ is None
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(model) + str(model)
    assert KEY not in told
    assert len(server.asked) == (2 if reply.status == 500 else 1)


def test_one_retry_can_succeed() -> None:
    with served(Reply(status=503), Reply(["好。"])) as (_, model):
        assert list(stream_text(model, ASKED, deadline_seconds=60)) == ["好。"]


def test_a_whole_sentence_without_a_finish_reason_is_an_answer() -> None:
    with served(Reply(["有56名[1]。"], finish=None)) as (_, model):
        assert list(stream_text(model, ASKED, deadline_seconds=60)) == ["有56名[1]。"]


@pytest.mark.parametrize("reply", [Reply(silent=True), Reply(["好"], drip=1000, pause=0.05)])
def test_the_deadline_holds_against_silence_and_drip(reply: Reply) -> None:
    with served(reply) as (server, model):
        with pytest.raises(LanguageModelError, match="did not answer in time"):
            list(stream_text(model, ASKED, deadline_seconds=0.4))
        if reply.drip:
            assert server.hung_up.wait(60), "the connection is closed, not left dripping"


def test_closing_the_iterator_ends_the_request() -> None:
    with served(Reply(["好"], drip=1000, pause=0.05)) as (server, model):
        pieces = stream_text(model, ASKED, deadline_seconds=60)
        assert next(pieces) == "好"
        pieces.close()
        assert server.hung_up.wait(60)


def test_reading_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm, "ANSWER_CHARACTERS", 6)
    with served(Reply(["一二三", "四五六", "七八九"])) as (_, model):
        said: list[str] = []
        with pytest.raises(LanguageModelError, match="too long"):
            said.extend(stream_text(model, ASKED, deadline_seconds=60))
    assert "".join(said) == "一二三四五六"


@pytest.mark.parametrize("pieces", [
    ["<think>要看来源[9]。</think>\n\n有56名[1]。"],
    ["<thi", "nk>要看", "来源。</thi", "nk>", "\n有56名[1]。"],
    ["\n<think>", "a" * 50, "</think>有56名", "[1]。"],
])
def test_a_thought_before_the_answer_is_left_out(pieces: list[str]) -> None:
    with served(Reply(pieces)) as (_, model):
        assert "".join(stream_text(model, ASKED, deadline_seconds=60)) == "有56名[1]。"


def test_a_thought_without_an_end_is_no_answer() -> None:
    with served(Reply(["<think>想了又想。"])) as (_, model), pytest.raises(LanguageModelError, match="empty answer"):
        list(stream_text(model, ASKED, deadline_seconds=60))


def test_less_than_signs_are_no_thought() -> None:
    with served(Reply(["<", "5人[1]。"])) as (_, model):
        assert "".join(stream_text(model, ASKED, deadline_seconds=60)) == "<5人[1]。"


def test_a_model_without_async_streams_too() -> None:
    """Its second piece is made when the first has been received: pieces that wait are handed on together."""
    received = threading.Event()

    class Waiting(ScriptedModel):
        def _stream(self, *args: Any, **named: Any) -> Iterator[ChatGenerationChunk]:
            first, *others = super()._stream(*args, **named)
            yield first
            assert received.wait(60)
            yield from others

    model = Waiting(replies=[["有56名", "骑手[1]。"]])
    pieces = stream_text(model, ASKED, deadline_seconds=120)
    assert next(pieces) == "有56名"
    received.set()
    assert "".join(pieces) == "骑手[1]。"
    assert model.asked == [ASKED]


@pytest.mark.parametrize("name", ["openai:scripted", "ollama:scripted"])
def test_nobody_at_the_address_is_said_quickly(name: str) -> None:
    model = load_chat_model(settings("http://127.0.0.1:9", llm=name, llm_api_key=""))
    assert model is not None
    with pytest.raises(LanguageModelError, match="cannot be reached"):
        list(stream_text(model, ASKED, deadline_seconds=60))


@pytest.mark.parametrize(("name", "said"), [
    ("qwen-plus", "provider:model"), (":qwen", "provider:model"), ("openai:", "provider:model"),
    ("nosuch:x", "nosuch:x or its address is not known"), ("cohere:x", "cohere is not installed"),
    ("openai:x", "no key for openai:x"),
])
def test_a_model_that_cannot_be_used_says_what_to_type(name: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError) as caught:
        load_chat_model(Settings(llm=name))
    assert said in caught.value.english
    assert "ASSISTANT_LLM=openai:" in caught.value.english and "ASSISTANT_LLM=openai:" in caught.value.chinese


def test_an_address_must_be_whole_and_ollama_takes_no_key() -> None:
    for address in ("localhost:8000", "http://[", "ftp://127.0.0.1"):
        with pytest.raises(SettingsError, match="address is incomplete"):
            load_chat_model(settings(address))
    with pytest.raises(SettingsError, match="Ollama takes no key") as caught:
        load_chat_model(settings("", llm="ollama:qwen3"))
    assert KEY not in str(caught.value)


def test_a_key_of_the_environment_goes_to_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with served(Reply(["好。"]), llm_api_key="") as (server, model):
        list(stream_text(model, ASKED, deadline_seconds=60))
    assert server.asked[0][0]["authorization"] == "Bearer none"


def test_no_ollama_is_no_models() -> None:
    assert ollama_models("http://127.0.0.1:9") == ()
    with scripted_server(Reply()) as server:  # it answers GET with an error page
        assert ollama_models(server.address) == ()


def test_an_ollama_here_offers_its_models_and_each_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(Reply(["有56名", "骑手[1]。"]), models=["qwen3:8b", "glm4"]) as server:
        monkeypatch.setattr(llm, "OLLAMA_ADDRESS", server.ollama)
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):  # a proxy is an address too
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        offered = local_models(Settings(llm_api_key=KEY))
        assert list(offered) == ["ollama:glm4", "ollama:qwen3:8b"]
        model = load_chat_model(offered["ollama:qwen3:8b"])
        assert model is not None
        assert "".join(stream_text(model, ASKED, deadline_seconds=60)) == "有56名骑手[1]。"
    headers, body = server.asked[0]
    assert (body["model"], body["messages"][0]["content"], body["options"]["temperature"]) == ("qwen3:8b", "多少人？", 0)
    assert KEY not in str(headers)


@pytest.mark.parametrize(("name", "address", "asked"), [
    ("", "", "usual"), ("", "http://localhost:1234", "http://localhost:1234"),
    ("", "http://models.example:11434", "usual"),
    ("ollama:qwen3", "http://[::1]:1234", "http://[::1]:1234"), ("ollama:qwen3", "http://10.0.0.1:11434", "usual"),
    ("openai:qwen3", "http://127.0.0.1:8000/v1", "usual"), ("", "http://[", "usual"), ("", "ftp://127.0.0.1", "usual"),
])
def test_only_this_machine_is_asked_for_its_models(name: str, address: str, asked: str,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[str] = []
    monkeypatch.setattr(llm, "OLLAMA_ADDRESS", "usual")
    monkeypatch.setattr(llm, "ollama_models", lambda place: places.append(place) or ("qwen3",))
    (found,) = local_models(Settings(llm=name, llm_base_url=address, llm_api_key=KEY)).values()
    assert places == [asked]
    assert (found.llm, found.llm_base_url, found.llm_api_key) == ("ollama:qwen3", asked, "")


def test_an_ollama_that_leads_elsewhere_is_not_followed() -> None:
    with scripted_server(Reply(["有56名骑手[1]。"]), models=["a"]) as elsewhere, redirecting(elsewhere.ollama) as address:
        assert ollama_models(address) == ()
        model = load_chat_model(Settings(llm="ollama:a", llm_base_url=address))
        assert model is not None
        with pytest.raises(LanguageModelError):
            list(stream_text(model, ASKED, deadline_seconds=60))
    assert elsewhere.asked == [] and elsewhere.looked_up == 0
