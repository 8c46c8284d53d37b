"""A cross-encoder over the best passages: really loaded from a tiny folder, and scripted at our own boundary."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from assistant import retrieval
from assistant.chain import AnswerChain, build_chain
from assistant.errors import EmbeddingError, RerankerError
from assistant.models.embedding import load_embedding
from assistant.models.reranker import Reranker, load_reranker
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever, distinct_articles
from assistant.schema import Filters
from assistant.settings import Settings

QUESTION = "解放区有多少个网格？"
TEXTS = ["甲街道有网格", "乙街道有公交", "公交改线"]


def scripted(scores: object = None) -> tuple[Reranker, list[tuple[str, list[str]]]]:
    """A reranker that gives these scores, or turns the order round; and a list that keeps what it was asked."""
    asked: list[tuple[str, list[str]]] = []

    def score(question: str, texts: list[str]) -> np.ndarray:
        asked.append((question, texts))
        return np.linspace(0.1, 0.9, len(texts)) if scores is None else np.asarray(scores)

    return Reranker("scripted", lambda: score), asked


def with_reranker(retriever: HybridRetriever, reranker: Reranker) -> HybridRetriever:
    return retriever.model_copy(update={"reranker": reranker})


# ---- in the retriever and the chain

def test_it_turns_the_best_round_and_leaves_the_rest_behind(sample_retriever: HybridRetriever,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "RERANKED", 5)
    plain = sample_retriever.passages(QUESTION, k=50)
    reranker, asked = scripted()
    turned = with_reranker(sample_retriever, reranker).passages(QUESTION, k=50)
    ids = [passage.chunk.id for passage in plain]
    assert [passage.chunk.id for passage in turned] == ids[:5][::-1] + ids[5:] and len(ids) > 10
    assert [passage.score for passage in turned] == [passage.score for passage in plain]
    question, texts = asked[0]
    assert (question, len(texts), len(asked)) == (QUESTION, 5, 1)
    assert texts[0] == f"{plain[0].article.title}\n{plain[0].chunk.text}"


def test_equal_scores_keep_the_order(sample_retriever: HybridRetriever) -> None:
    flat = Reranker("flat", lambda: lambda _, texts: np.full(len(texts), 0.5))
    assert with_reranker(sample_retriever, flat).passages(QUESTION) == sample_retriever.passages(QUESTION)


def test_filters_hold_before_it_and_no_passage_asks_nothing(sample_retriever: HybridRetriever) -> None:
    reranker, asked = scripted()
    retriever = with_reranker(sample_retriever, reranker)
    assert {passage.article.authors for passage in retriever.passages(QUESTION, Filters(author="张苗"))} == {("张苗",)}
    asked.clear()
    assert retriever.passages(QUESTION, Filters(author="无此人")) == [] == asked


def test_the_answers_steps_name_it(sample_retriever: HybridRetriever, shipped_reader: Reader) -> None:
    answer = AnswerChain(with_reranker(sample_retriever, scripted()[0]), shipped_reader).invoke(QUESTION)
    (detail,) = [step.detail for step in answer.steps if step.name == "检索"]
    assert detail.endswith("篇，经 scripted 重排")
    plain = AnswerChain(sample_retriever, shipped_reader).invoke(QUESTION)
    assert distinct_articles(answer.passages) != distinct_articles(plain.passages)


@pytest.mark.parametrize("scores", [
    [0.1, np.nan, 0.2], [0.1, 0.2], [[0.1], [0.2], [0.3]], [0.1, 0.2, 1.5], [-0.1, 0.2, 0.3], 0.5, [0.1, np.inf, 0.2],
])
def test_anything_but_a_score_a_passage_is_a_fault(scores: object) -> None:
    with pytest.raises(RerankerError, match="unset ASSISTANT_RERANKER") as caught:
        scripted(scores)[0].scores("问", TEXTS)
    assert "scripted" in caught.value.chinese


def test_no_text_needs_no_model() -> None:
    def load() -> None:
        raise AssertionError("it was loaded")

    assert Reranker("lazy", load).scores("问", []).shape == (0,)  # type: ignore[arg-type]


# ---- a model on disk

@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders, `one` and `three`: BERTs of random weights over single characters with as many scores a pair."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("rerankers")
    characters = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"甲乙街道公交改线网格有问"]
    (folder / "vocab.txt").write_text("\n".join(characters), encoding="utf-8")
    torch.manual_seed(0)
    for name, labels in (("one", 1), ("three", 3)):
        config = BertConfig(vocab_size=len(characters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                            intermediate_size=32, max_position_embeddings=64, num_labels=labels)
        BertForSequenceClassification(config).save_pretrained(folder / f"bert-{name}")
        BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder / f"bert-{name}")
        saved = CrossEncoder(str(folder / f"bert-{name}"), device="cpu")
        saved.save_pretrained(str(folder / name), create_model_card=False)
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "one", tmp_path / "copy"))


def test_none_is_set_by_default() -> None:
    assert load_reranker("") is None and Settings().reranker == ""


def test_a_folder_gives_the_sigmoid_of_its_logits_in_order(made: Path) -> None:
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    reranker = load_reranker(str(made / "one"))
    assert reranker is not None and reranker.name == "one"
    scores = reranker.scores("公交改线", TEXTS)
    logits = CrossEncoder(str(made / "one"), device="cpu").predict([("公交改线", text) for text in TEXTS],
                                                                   activation_fn=Identity())
    assert scores == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)
    assert len(set(scores)) == 3


def test_long_texts_and_lone_surrogates_are_scored(made: Path) -> None:
    reranker = load_reranker(str(made / "one"))
    assert reranker is not None
    assert reranker.scores("公交\ud800", ["公交" * 5000, "\udfff", ""]).shape == (3,)


def test_a_model_of_several_scores_is_a_fault(made: Path) -> None:
    reranker = load_reranker(str(made / "three"))
    assert reranker is not None
    with pytest.raises(RerankerError, match=r"shape \(3, 3\)"):
        reranker.scores("公交", TEXTS)


def test_its_weights_are_read_when_the_first_question_comes(copy: Path) -> None:
    (copy / "model.safetensors").write_bytes(b"nothing")
    reranker = load_reranker(str(copy))
    assert reranker is not None
    for _ in range(2):  # a fault is not kept: the next question tries again
        with pytest.raises(RerankerError, match="Download it again, or unset ASSISTANT_RERANKER"):
            reranker.scores("公交", TEXTS)


def test_code_of_its_own_is_never_run(copy: Path) -> None:
    (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w')\nclass Evil: pass\n", encoding="utf-8")
    (copy / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": "evil.Evil"}]), "utf-8")
    config = json.loads((copy / "config.json").read_text("utf-8"))
    (copy / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoConfig": "evil.Evil"}}), "utf-8")
    for parts in (copy / "modules.json", None):
        reranker = load_reranker(str(copy))
        assert reranker is not None
        try:
            reranker.scores("公交", TEXTS)
        except RerankerError as fault:
            assert parts is None or "evil.Evil is code of its own" in fault.english
        assert not (copy / "ran").exists()
        if parts:
            parts.unlink()


@pytest.mark.parametrize("name", ["/no/such/folder", "a/b/c"])
def test_a_name_of_nothing_says_what_to_set(name: str) -> None:
    with pytest.raises(EmbeddingError, match="Set ASSISTANT_RERANKER to a model folder, or unset it"):
        load_reranker(name)


def test_the_setting_reaches_the_chain(made: Path, sample_index: Path) -> None:
    chain = build_chain(Settings(index=str(sample_index), reranker=str(made / "one")))
    assert chain.retriever.reranker is not None
    assert chain.invoke(QUESTION).steps[1].detail.endswith("，经 one 重排")
    assert chain.retriever.embedding.fingerprint == load_embedding().fingerprint
