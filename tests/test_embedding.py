"""embedding.py: the shipped model, folders made on the spot, and everything that can be wrong with one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from assistant.errors import EmbeddingError
from assistant.models.embedding import DEFAULT_WEIGHT, SHIPPED, Embedding, load_embedding

WORDS = ["[UNK]", "公交", "改线", "图书馆", "开放", "东路"]
TABLE = np.array([[0, 0, 0], [3, 0, 0], [0, 4, 0], [0, 0, 5], [1, 1, 0], [0, 2, 1]], np.float32)


def save(folder: Path, modules: list, **more) -> Path:
    from sentence_transformers import SentenceTransformer

    SentenceTransformer(modules=modules, device="cpu", **more).save_pretrained(str(folder), create_model_card=False)
    return folder


def static_module():
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models

    tokenizer = Tokenizer(models.Unigram([(word, -30.0 if word == "[UNK]" else -1.0) for word in WORDS], unk_id=0))
    return StaticEmbedding(tokenizer, embedding_weights=TABLE.copy())


@pytest.fixture(scope="module")
def static_folder(tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("static") / "model", [static_module()])


@pytest.fixture(scope="module")
def transformer_folder(tmp_path_factory) -> Path:
    """A BERT of random weights over single characters, with mean pooling and prompts."""
    import torch
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("transformer")
    characters = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"甲乙街道公交改线问文"]
    (folder / "vocab.txt").write_text("\n".join(characters), encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(characters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=32, max_position_embeddings=64)
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"))
    pooling = Pooling(transformer.get_embedding_dimension())
    return save(folder / "model", [transformer, pooling], prompts={"query": "问", "document": "文"})


@pytest.fixture
def copy(static_folder, tmp_path) -> Path:
    return Path(shutil.copytree(static_folder, tmp_path / "copy"))


def refused(name: str) -> str:
    with pytest.raises(EmbeddingError) as caught:
        load_embedding(name)
    return str(caught.value)


# The shipped model

def test_shipped_model_is_the_default():
    embedding = load_embedding()
    assert isinstance(embedding, Embeddings)
    assert (embedding.name, embedding.dimension) == ("news-static", 512)
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 16_000_000


def test_shipped_model_ranks_a_paraphrase_first():
    passages = ["市图书馆周末延长开放时间，读者晚上也能借书。", "公交公司调整两条线路，新增三个站点。", "医院举办义诊，为老人测量血压。"]
    embedding = load_embedding()
    scores = embedding.encode(passages) @ np.array(embedding.embed_query("坐巴士出行有什么变化"))
    assert scores.argmax() == 1


def test_shipped_model_reads_traditional_and_full_width_as_simplified():
    vectors = load_embedding().encode(["解放區圖書館２０２５年開放", "解放区图书馆2025年开放"])
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-6)


def test_shipped_model_is_the_same_in_sentence_transformers_and_model2vec():
    from model2vec import StaticModel
    from sentence_transformers import SentenceTransformer

    texts = ["市图书馆周末延长开放时间。", "公交公司调整 3.5 万人出行的线路", "it之家消息"]
    ours = load_embedding().encode(texts)
    theirs = SentenceTransformer(str(SHIPPED), device="cpu").encode(texts).astype(np.float32)
    third = StaticModel.from_pretrained(SHIPPED).encode(texts).astype(np.float32)
    for vectors in (theirs, third):
        assert vectors / np.linalg.norm(vectors, axis=1, keepdims=True) == pytest.approx(ours, abs=1e-3)


def test_shipped_model_needs_no_torch():
    code = "import sys; from assistant.models.embedding import load_embedding; load_embedding().embed_query('公交'); " \
           "sys.exit(any(m in sys.modules for m in ('torch', 'sentence_transformers', 'transformers')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# A StaticEmbedding folder

def test_static_vectors_are_the_mean_of_the_words(static_folder):
    embedding = load_embedding(str(static_folder))
    assert embedding.encode(["公交改线", "图书馆", "改线改线"]) == pytest.approx(
        np.array([[0.6, 0.8, 0], [0, 0, 1], [0, 1, 0]]), abs=1e-6)
    assert embedding.encode(["公交"]).dtype == np.float32


def test_no_text_is_no_row_and_an_unknown_one_is_zero(static_folder):
    embedding = load_embedding(str(static_folder))
    assert embedding.encode([]).shape == (0, 3)
    assert not embedding.encode(["", "  \n", "？！……", "猫猫", "\x00\ud800"]).any()


def test_unknown_words_change_nothing_beside_known_ones(static_folder):
    embedding = load_embedding(str(static_folder))
    assert embedding.encode(["猫公交\ud800猫"])[0] == pytest.approx([1, 0, 0])


def test_order_is_kept_over_many_batches_and_long_texts(static_folder):
    texts = [("公交" if i % 3 else "改线") * (1 + i % 5) for i in range(2000)] + ["图书馆" * 50_000 + "公交"]
    vectors = load_embedding(str(static_folder)).encode(texts)
    assert [int(row.argmax()) for row in vectors[:6]] == [1, 0, 0, 1, 0, 0]
    assert 0 < vectors[-1][0] < 1e-4 and vectors[-1][2] > 0.99


def test_langchain_gives_lists(static_folder):
    embedding = load_embedding(str(static_folder))
    assert embedding.embed_documents(["公交", "改线"]) == [[1, 0, 0], [0, 1, 0]]
    assert embedding.embed_query("图书馆") == [0, 0, 1]


def test_many_threads_may_encode_at_once(static_folder):
    from concurrent.futures import ThreadPoolExecutor

    embedding = load_embedding(str(static_folder))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(embedding.embed_query, ["改线"] * 200)) == [[0, 1, 0]] * 200


def test_prompts_of_a_static_model_are_respected(tmp_path):
    folder = save(tmp_path / "prompted", [static_module()], prompts={"query": "公交", "document": ""})
    embedding = load_embedding(str(folder))
    assert embedding.embed_query("改线") == pytest.approx([0.6, 0.8, 0])
    assert embedding.encode(["改线"])[0] == pytest.approx([0, 1, 0])


# The fingerprint and the weight

def test_fingerprint_is_of_the_files_not_of_the_name(static_folder, copy):
    before = load_embedding(str(static_folder)).fingerprint
    (copy / "README.md").write_text("words", encoding="utf-8")
    (copy / "fusion.json").write_text('{"weight": 0.5}', encoding="utf-8")
    assert load_embedding(str(copy)).fingerprint == before


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config_sentence_transformers.json"])
def test_fingerprint_changes_with_weights_tokenizer_and_configuration(static_folder, copy, file):
    from safetensors.numpy import save_file

    if file == "model.safetensors":
        save_file({"embedding.weight": TABLE * 2}, copy / file)
    else:
        (copy / file).write_text((copy / file).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load_embedding(str(copy)).fingerprint != load_embedding(str(static_folder)).fingerprint


def test_weight_is_stored_with_the_model(static_folder, copy):
    assert load_embedding(str(static_folder)).weight == DEFAULT_WEIGHT == 0.1
    (copy / "fusion.json").write_text('{"weight": 0.75}', encoding="utf-8")
    assert load_embedding(str(copy)).weight == 0.75


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"weight": "much"}', '{"weight": 1.5}', '{"weight": NaN}'])
def test_a_wrong_weight_file_is_named(copy, content):
    (copy / "fusion.json").write_text(content, encoding="utf-8")
    assert str(copy / "fusion.json") in refused(str(copy))


# Any other model

def test_transformer_folder_with_its_prompts(transformer_folder):
    from sentence_transformers import SentenceTransformer

    embedding = load_embedding(str(transformer_folder))
    model = SentenceTransformer(str(transformer_folder), device="cpu")
    texts = ["甲街道公交改线", "乙街道"]
    assert embedding.dimension == 16
    assert embedding.encode(texts) == pytest.approx(model.encode_document(texts, normalize_embeddings=True), abs=1e-5)
    question = embedding.embed_query("甲街道")
    assert question == pytest.approx(model.encode_query("甲街道", normalize_embeddings=True).tolist(), abs=1e-5)
    assert question != pytest.approx(embedding.encode(["甲街道"])[0].tolist(), abs=1e-3)
    assert not np.any(embedding.embed_query("？！"))


def test_a_model_that_brings_code_is_refused(transformer_folder, tmp_path):
    folder = Path(shutil.copytree(transformer_folder, tmp_path / "foreign"))
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    modules[1]["type"] = "custom_pooling.Pooling"
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    (folder / "custom_pooling.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    assert "custom_pooling.Pooling" in refused(str(folder))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_an_error(bad):
    embedding = Embedding("broken", "f", 2, 0.1, lambda texts, questions: np.full((len(texts), 2), bad))
    with pytest.raises(EmbeddingError, match="broken"):
        embedding.encode(["公交"])


def test_vectors_of_another_shape_are_an_error():
    embedding = Embedding("broken", "f", 2, 0.1, lambda texts, questions: np.ones((len(texts), 3)))
    with pytest.raises(EmbeddingError, match=r"\(1, 3\)"):
        embedding.encode(["公交"])


# What is not a model

def damage_truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])


def damage_table_of_other_size(folder: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"embedding.weight": TABLE[:3]}, folder / "model.safetensors")


def damage_not_a_table(folder: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"embedding.weight": TABLE[:, 0]}, folder / "model.safetensors")


DAMAGES = {
    "truncated weights": damage_truncate,
    "empty weights": lambda folder: (folder / "model.safetensors").write_bytes(b""),
    "noise for weights": lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 500),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "fewer rows than words": damage_table_of_other_size,
    "not a table": damage_not_a_table,
    "broken tokenizer": lambda folder: (folder / "tokenizer.json").write_text("{}", encoding="utf-8"),
    "no tokenizer": lambda folder: (folder / "tokenizer.json").unlink(),
    "broken modules": lambda folder: (folder / "modules.json").write_text("[{", encoding="utf-8"),
    "modules of another shape": lambda folder: (folder / "modules.json").write_text('{"a": 1}', encoding="utf-8"),
    "broken configuration": lambda folder: (folder / "config_sentence_transformers.json").write_text("{"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_folder_is_an_error_that_names_it(copy, damage):
    damage(copy)
    message = refused(str(copy))
    assert str(copy) in message and "ASSISTANT_EMBEDDING" in message


def test_nan_in_the_weights_is_an_error(copy):
    from safetensors.numpy import save_file

    save_file({"embedding.weight": np.where(TABLE == 3, np.nan, TABLE)}, copy / "model.safetensors")
    with pytest.raises(EmbeddingError):
        load_embedding(str(copy)).encode(["公交"])


def test_an_empty_folder_is_an_error(tmp_path):
    assert str(tmp_path) in refused(str(tmp_path))


@pytest.mark.parametrize("name", ["/no/such/folder", "./missing", "../missing", "a/b/c", "两 个", "x" * 300])
def test_what_cannot_be_a_hub_name_is_no_model(name):
    assert name in refused(name)


# A name from the hub, without the hub

@pytest.fixture
def hub(monkeypatch):
    """The hub's client with nothing cached and no network; `cached` makes a folder the cached one."""
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    folders: dict[str, Path] = {}

    def snapshot_download(name, local_files_only=False, **_):
        if name in folders:
            return str(folders[name])
        raise LocalEntryNotFoundError("not cached") if local_files_only else AssertionError("downloads")

    def model_info(self, name, timeout):
        assert timeout <= 10
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    return folders


def test_a_name_without_a_network_says_what_to_do(hub):
    message = refused("someone/some-model")
    assert all(part in message for part in ("someone/some-model", "Name or service not known", "ASSISTANT_EMBEDDING"))


def test_a_cached_name_needs_no_network(hub, static_folder):
    hub["someone/some-model"] = static_folder
    embedding = load_embedding("someone/some-model")
    assert embedding.name == "someone/some-model"
    assert embedding.fingerprint == load_embedding(str(static_folder)).fingerprint


def test_a_name_cached_without_its_weights_is_asked_for_again(hub, copy):
    (copy / "model.safetensors").unlink()
    hub["someone/some-model"] = copy
    assert "Name or service not known" in refused("someone/some-model")
