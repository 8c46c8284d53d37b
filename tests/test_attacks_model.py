"""A language model that misbehaves: without an end, too fast, too slow, elsewhere, or thinking aloud."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_llm import Reply, redirecting, scripted_server
from test_llm import ASKED, served, settings

from assistant.chain import AnswerChain
from assistant.errors import LanguageModelError, SettingsError
from assistant.generation.chat_model import load_chat_model, stream_text
from assistant.generation.connection import ANSWER_BYTES, rest_seconds
from assistant.settings import Settings

GRIDS = "解放区有多少个网格？"
GOOD = "解放区划分了586个网格[1]。"


def said(*replies: Reply, **changes: object) -> str:
    """What a model with these replies says, or the English sentence of its fault."""
    with served(*replies, **changes) as (_, model):
        try:
            return "".join(stream_text(model, ASKED, deadline_seconds=20))
        except LanguageModelError as fault:
            return fault.english


@pytest.mark.parametrize("pieces", [
    [GOOD] * 100_000, list(GOOD) * 700, ["["] * 7900, [""] * 100_000, ["。"] * 7900, ["“甲。"] * 100_000,
], ids=["sentences", "characters", "brackets", "nothing", "stops", "quotes"])
def test_a_model_without_an_end_gives_way_to_the_quotes_in_time(pieces: list[str], sample_chain: AnswerChain) -> None:
    seconds = 8.0
    with served(Reply(pieces)) as (_, model):
        chain = AnswerChain(sample_chain.retriever, sample_chain.reader, model, seconds)
        begun = time.monotonic()
        answer = chain.invoke(GRIDS)
        took = time.monotonic() - begun
    assert (answer.kind, answer.text) == ("quotes", sample_chain.invoke(GRIDS).text)
    assert answer.notes[0].startswith("语言模型") and took < 60  # without a deadline: minutes


def test_a_token_of_a_hundred_megabytes_is_not_read() -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"a" * (ANSWER_BYTES + 1) + b'"}}]}\n\n'
    assert "too long" in said(Reply(raw=event))


def test_a_compressed_answer_is_not_inflated() -> None:
    bomb = gzip.compress(b"a" * 50_000_000)
    assert "compressed" in said(Reply(raw=bomb, headers={"Content-Encoding": "gzip"}))


ODD = """
import json
from scripted_llm import Reply
from test_llm import ASKED, served
from assistant.errors import LanguageModelError
from assistant.generation.chat_model import stream_text

SAID = "confidential"
for wrong in ({"content": [SAID]}, {"content": {"a": SAID}}, {"content": SAID, "function_call": SAID, "refusal": 5},
              {"content": SAID, "tool_calls": [{"index": 0, "function": {"arguments": 5, "name": SAID}}]}, SAID, None):
    event = {"id": 5, "choices": [{"index": "x", "delta": wrong, "finish_reason": 9}], "usage": {"prompt_tokens": SAID}}
    with served(Reply(raw=f"data: {json.dumps(event)}\\n\\ndata: [DONE]\\n\\n".encode())) as (_, model):
        try:
            print("".join(stream_text(model, ASKED, deadline_seconds=20)))
        except LanguageModelError as fault:
            assert SAID not in str(fault)
for broken in (Reply(["x"] * 3000, finish=None), Reply(["x"], drip=20, pause=0.1), Reply(["x"], reset=True)):
    with served(broken) as (_, model):
        try:
            for _ in stream_text(model, ASKED, deadline_seconds=0.5):
                break  # whoever asked is gone
        except LanguageModelError:
            pass
"""


def test_wrong_types_and_broken_streams_leave_nothing_on_standard_error() -> None:
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", ODD], capture_output=True, text=True, cwd=root,
                          env={**os.environ, "PYTHONPATH": f"{root}:{root}/tests"})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_server_that_names_a_time_is_left_alone_until_then(status: int) -> None:
    with served(Reply(status=status, headers={"Retry-After": "30"}), Reply([GOOD])) as (server, model):
        for _ in range(3):
            begun = time.monotonic()
            with pytest.raises(LanguageModelError, match="busy"):
                list(stream_text(model, ASKED, deadline_seconds=25))
            assert time.monotonic() - begun < 15
        assert len(server.asked) == 1


def test_after_that_time_it_is_asked_again() -> None:
    with served(Reply(status=429, headers={"Retry-After": "1"}), Reply([GOOD])) as (_, model):
        with pytest.raises(LanguageModelError, match="busy"):
            list(stream_text(model, ASKED, deadline_seconds=20))
        time.sleep(1.1)
        assert "".join(stream_text(model, ASKED, deadline_seconds=20)) == GOOD


def test_the_time_to_come_back_is_a_number_or_a_date() -> None:
    assert [rest_seconds(named) for named in ("30", "soon", "", "Wed, 21 Oct 2015 07:28:00 GMT", "-5")] == [30, 0, 0, 0, 0]
    assert rest_seconds("Wed, 21 Oct 2099 07:28:00 GMT") > 1e9


@pytest.mark.parametrize("name", ["openai:scripted", "ollama:scripted"])
def test_nobody_is_led_elsewhere(name: str) -> None:
    with scripted_server(Reply([GOOD]), models=["scripted"]) as elsewhere, redirecting(elsewhere.ollama) as address:
        model = load_chat_model(settings(address, llm=name, llm_api_key=""))
        assert model is not None
        with pytest.raises(LanguageModelError, match="was not followed"):
            list(stream_text(model, ASKED, deadline_seconds=10))
    assert elsewhere.asked == []


@pytest.mark.parametrize("pieces", [
    ["要看来源[9]。</think>\n\n", GOOD], ["用户问的是网格[1]。", "要看来源。</thi", "nk>", GOOD],
    ["<|channel|>analysis<|message|>看来源[1]。<|end|><|start|>assistant<|channel|>final<|message|>", GOOD, "<|return|>"],
    ["<|channel|>ana", "lysis<|message|>看来源[1]。", "<|end|><|start|>assistant<|chan", "nel|>final<|message|>", GOOD],
    ["analysisWe look at [1].assistantfinal", GOOD], ["<thinking>看来源[1]。</thinking>", GOOD],
])
def test_a_thought_is_never_the_answer(pieces: list[str], sample_chain: AnswerChain) -> None:
    with served(Reply(pieces)) as (_, model):
        answer = AnswerChain(sample_chain.retriever, sample_chain.reader, model, 20.0).invoke(GRIDS)
    assert (answer.kind, answer.text) == ("model", GOOD)


@pytest.mark.parametrize("body", [
    '{"error": {"message": "invalid temperature: only 1 is allowed for this model", "type": "invalid_request_error"}}',
    '{"error": {"message": "Unsupported value", "param": "temperature", "code": "unsupported_value"}}',
])
def test_a_server_of_one_temperature_is_asked_without_it_from_then_on(body: str) -> None:
    with served(Reply(status=400, body=body), Reply([GOOD])) as (server, model):
        for _ in range(2):
            assert "".join(stream_text(model, ASKED, deadline_seconds=20)) == GOOD
    assert ["temperature" in asked for _, asked in server.asked] == [True, False, False]


def test_a_moderated_question_has_its_own_sentence() -> None:
    refused = "content rules"
    assert refused in said(Reply(status=400, body='{"error": {"code": "data_inspection_failed", "message": "x"}}'))
    assert refused in said(Reply(status=400, body='{"error": {"code": "1301", "message": "x"}}'))
    assert refused in said(Reply(["解放区"], finish="content_filter"))


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment whose proxies lead nowhere."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9" if "all" in name.lower() else "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield


@pytest.mark.usefixtures("proxies")
def test_no_proxy_stands_before_this_machine() -> None:
    assert said(Reply([GOOD])) == GOOD


@pytest.mark.usefixtures("proxies")
def test_a_proxy_that_cannot_be_spoken_to_is_called_that() -> None:
    with pytest.raises(SettingsError) as caught:
        load_chat_model(Settings(llm="openai:x", llm_base_url="https://models.example/v1", llm_api_key="k"))
    assert "SOCKS" in caught.value.english and "pip install socksio" in caught.value.english
