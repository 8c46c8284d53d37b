"""embedding_training.py: a small made-up archive, really trained and loaded."""

import random

import numpy as np
import pytest

from assistant.errors import EmbeddingError
from assistant.models.embedding import load_embedding
from assistant.schema import Article
from assistant.training.embedding import train_embedding

pytestmark = pytest.mark.usefixtures("one_thread")
TOPICS = (
    "公交 线路 站点 乘客 司机 班次 票价 换乘", "医院 护士 门诊 义诊 血压 疫苗 药品 病房",
    "图书馆 读者 借阅 阅览 书架 讲座 期刊 藏书", "小麦 农民 收割 灌溉 田地 种子 丰收 农机",
)
QUICK = {"dimension": 32, "vocabulary": 400, "passes": 10, "batch": 64}


def archive(count: int) -> list[Article]:
    """Articles that each stay with one topic's words, four of them a sentence."""
    chance = random.Random(0)
    articles = []
    for i in range(count):
        words = TOPICS[i % len(TOPICS)].split()
        text = "".join("，".join(chance.sample(words, 4)) + "。" for _ in range(14))
        articles.append(Article(str(i), text, title="某市2025年" + words[0]))
    return articles


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "model"
    told = []
    train_embedding(iter(archive(240)), out, **QUICK, progress=lambda *step: told.append(step))
    return out, told


def test_words_of_one_topic_meet_though_they_share_no_character(trained):
    embedding = load_embedding(str(trained[0]))
    topics = [topic.split() for topic in TOPICS]
    left = embedding.encode(["，".join(words[:4]) for words in topics])
    right = embedding.encode(["，".join(words[4:]) for words in topics])
    assert (left @ right.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_the_folder_is_an_ordinary_half_precision_model(trained):
    from safetensors.numpy import load_file
    from sentence_transformers import SentenceTransformer

    out, _ = trained
    table = load_file(out / "model.safetensors")["embedding.weight"]
    assert table.dtype == np.float16 and table.shape[1] == 32 and table.shape[0] <= 400
    assert not table[0].any()
    text = "公交线路，乘客换乘"
    theirs = SentenceTransformer(str(out), device="cpu").encode(text).astype(np.float32)
    assert theirs / np.linalg.norm(theirs) == pytest.approx(load_embedding(str(out)).encode([text])[0], abs=1e-3)


def test_progress_names_each_stage_and_ends_at_its_total(trained):
    _, told = trained
    last = {stage: (done, total) for stage, done, total in told}
    assert list(last) == ["words", "tokens", "learning"]
    assert last == {"words": (240, None), "tokens": (240, 240), "learning": (30, 30)}


def test_the_same_seed_gives_the_same_model(trained, tmp_path):
    train_embedding(archive(240), tmp_path / "again", **QUICK)
    train_embedding(archive(240), tmp_path / "other", **QUICK, seed=1)
    folders = (trained[0], tmp_path / "again", tmp_path / "other")
    first, again, other = (load_embedding(str(folder)).fingerprint for folder in folders)
    assert first == again != other


@pytest.mark.parametrize("articles", [[], [Article("1", "")], archive(99), [Article(str(i), "短。") for i in range(500)]])
def test_too_few_articles_are_refused(articles, tmp_path):
    with pytest.raises(EmbeddingError, match="100"):
        train_embedding(articles, tmp_path / "model", **QUICK)
    assert not (tmp_path / "model").exists()


def test_a_hundred_articles_without_titles_are_enough_for_the_default_batch(tmp_path):
    articles = [Article(article.id, article.text) for article in archive(100)]
    train_embedding(articles, tmp_path / "model", dimension=8, passes=2)
    assert load_embedding(str(tmp_path / "model")).dimension == 8
