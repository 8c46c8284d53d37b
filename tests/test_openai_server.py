"""Once against a real OpenAI-compatible server: `transformers serve` with a tiny model of random weights."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from assistant.chain import AnswerChain
from assistant.errors import LanguageModelError
from assistant.generation.chat_model import load_chat_model, stream_text
from assistant.generation.prompting import messages
from assistant.settings import Settings

GRIDS = "解放区有多少个网格？"
START_SECONDS = 240

pytestmark = pytest.mark.slow


def tiny_model(folder: Path) -> Path:
    """A Qwen2 of random weights over bytes, with the chat template that a server needs."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: n for n, token in enumerate(["<end>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>")
    fast.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(Qwen2Config(
        vocab_size=len(vocabulary), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=16384, bos_token_id=0, eos_token_id=0, pad_token_id=0))
    model.generation_config.max_new_tokens = 40
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings that reach the server."""
    pytest.importorskip("accelerate", reason="transformers serve needs it: pip install --no-deps accelerate psutil")
    folder = tiny_model(tmp_path_factory.mktemp("tiny"))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(folder), "--device", "cpu",
               "--host", "127.0.0.1", "--port", str(port)]
    cache = tmp_path_factory.mktemp("cache")
    log = tmp_path_factory.mktemp("log") / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output,
                                  env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache)})
    try:
        end = time.monotonic() + START_SECONDS
        while not healthy(port):
            assert server.poll() is None and time.monotonic() < end, log.read_text(errors="replace")[-3000:]
            time.sleep(0.5)
        yield Settings(llm=f"openai:{folder}", llm_base_url=f"http://127.0.0.1:{port}/v1")
    finally:
        server.terminate()
        server.wait(20)


def healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_a_real_server_streams_its_text(served: Settings) -> None:
    model = load_chat_model(served)
    assert model is not None
    pieces: list[str] = []
    try:
        pieces.extend(stream_text(model, messages(GRIDS, ()), deadline_seconds=120))
    except LanguageModelError as fault:  # what random weights say ends where they are stopped
        assert "breaks off" in fault.english
    assert len(pieces) > 5 and all(pieces)


def test_what_random_weights_say_gives_way_to_the_quotes(served: Settings, sample_chain: AnswerChain) -> None:
    answer = AnswerChain(sample_chain.retriever, sample_chain.reader, load_chat_model(served), 120.0).invoke(GRIDS)
    assert (answer.kind, answer.text) == ("quotes", sample_chain.invoke(GRIDS).text)
    (note,) = answer.notes
    assert note in ("语言模型的回答中断了。下面是报道原文。", "语言模型的回答没有出处，没有采用；下面是报道原文。")


def test_an_unknown_model_is_told(served: Settings) -> None:
    model = load_chat_model(Settings(llm="openai:/no/such/model", llm_base_url=served.llm_base_url))
    assert model is not None
    with pytest.raises(LanguageModelError):
        list(stream_text(model, messages(GRIDS, ()), deadline_seconds=120))
