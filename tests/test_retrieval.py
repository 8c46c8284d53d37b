"""Words and vectors fused: order, weight, reach, filters, and what must not be found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from bigram_embedding import BigramEmbedding
from langchain_core.retrievers import BaseRetriever

from assistant.errors import EmbeddingError, IndexMismatch
from assistant.index import verification
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import Embedding
from assistant.retrieval import ARTICLES, HybridRetriever, as_document, distinct_articles
from assistant.schema import Article, Chunk, Filters, Passage

FRONT = "---\ntitle: {title}\ndate: {date}\nauthors: [{author}]\nsection: {section}\n---\n{text}\n"
QUESTION = "骑手可以在哪里充电？"


class ScriptedEmbedding(Embedding):
    """Knows what each question is about: both it and the texts that hold its `answers` word have one direction."""

    def __init__(self, answers: Mapping[str, str], weight: float, fingerprint: str = "scripted-1") -> None:
        super().__init__("scripted", fingerprint, 1 + len(answers), weight, self._directions)
        self.answers = answers

    def _directions(self, texts: list[str], questions: bool) -> np.ndarray:
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            held = [i for i, (asked, word) in enumerate(self.answers.items(), 1)
                    if (text == asked if questions else word in text)]
            row[held or [0]] = 0.0 if questions and not held else 1.0
        return rows


def write(corpus: Path, name: str, text: str, *, title: str = "消息", date: str = "2025-11", author: str = "张三",
          section: str = "要闻") -> None:
    corpus.mkdir(exist_ok=True)
    written = FRONT.format(title=title, date=date, author=author, section=section, text=text)
    (corpus / f"{name}.md").write_text(written, encoding="utf-8")


def retriever(tmp_path: Path, embedding: Embedding) -> HybridRetriever:
    refresh(tmp_path / "corpus", tmp_path / "index", embedding)
    return HybridRetriever(index=Index(tmp_path / "index"), embedding=embedding)


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a new snapshot is made in this process, which is faster."""
    monkeypatch.setattr("assistant.index.refresh.examine", lambda folder, deep: verification.examine_here(folder, deep))


@pytest.fixture
def riders(tmp_path: Path) -> Path:
    """Three articles: one shares the question's words, one answers it in other words, one does neither."""
    write(tmp_path / "corpus", "甲", "骑手们说可以在路边停车，哪里都有充电的人。", author="张三")
    write(tmp_path / "corpus", "乙", "外卖员的车到驿站补能。", author="李四", section="社区")
    write(tmp_path / "corpus", "丙", "某市的图书馆周末开放。", author="王五", date="2024-03-01")
    return tmp_path


def found(passages: list[Passage]) -> list[str]:
    return [passage.article.id for passage in passages]


def test_the_embeddings_weight_decides(riders: Path) -> None:
    words_first = retriever(riders, ScriptedEmbedding({QUESTION: "驿站"}, weight=0.1))
    assert found(words_first.passages(QUESTION))[:2] == ["甲.md", "乙.md"]
    words_first.embedding.weight = 0.9
    passages = words_first.passages(QUESTION)
    assert found(passages)[:2] == ["乙.md", "甲.md"]
    assert [passage.score for passage in passages[:2]] == pytest.approx([0.9, 0.1])


def test_a_chunk_found_by_both_legs_is_one_passage_with_both_shares(riders: Path) -> None:
    passages = retriever(riders, ScriptedEmbedding({QUESTION: "骑手"}, weight=0.4)).passages(QUESTION)
    assert len({passage.chunk.id for passage in passages}) == len(passages)
    assert (passages[0].article.id, passages[0].score) == ("甲.md", pytest.approx(1.0))


def test_scores_fall_from_best_to_worst_and_lie_between_0_and_1(sample_retriever: HybridRetriever) -> None:
    for question in ("解放区有多少个网格？", "谁是陈列馆馆长？", "科普"):
        scores = [passage.score for passage in sample_retriever.passages(question)]
        assert scores == sorted(scores, reverse=True)
        assert 0 <= scores[-1] <= scores[0] <= 1 + 1e-9


def test_one_list_reaches_ten_articles_though_one_fills_the_first_places(tmp_path: Path) -> None:
    write(tmp_path / "corpus", "长文", "".join(f"甲街道第{n}个网格由骑手巡查，骑手说网格里的事有人管。" for n in range(400)))
    for number in range(12):
        write(tmp_path / "corpus", f"短文{number:02d}", f"乙社区第{number}号楼装了电梯。")
    passages = retriever(tmp_path, BigramEmbedding()).passages("骑手网格")
    assert found(passages)[:10] == ["长文.md"] * 10
    assert len(set(found(passages))) == ARTICLES
    assert len(passages) == 10 + ARTICLES - 1


def test_every_article_is_reached_where_there_are_fewer_than_ten(riders: Path) -> None:
    assert set(found(retriever(riders, BigramEmbedding()).passages("骑手充电图书馆驿站"))) == {"甲.md", "乙.md", "丙.md"}


@pytest.mark.parametrize(("filters", "left"), [
    (Filters(author="李四"), {"乙.md"}), (Filters(section="要闻"), {"甲.md", "丙.md"}),
    (Filters(date_from="2025"), {"甲.md", "乙.md"}), (Filters(date_to="2024-12-31"), {"丙.md"}),
    (Filters(author="李四", section="要闻"), set()), (Filters(author="赵六"), set()),
])
def test_filters_hold_for_words_and_for_vectors(riders: Path, filters: Filters, left: set[str]) -> None:
    question = "骑手可以在哪里充电？图书馆"
    everything = ScriptedEmbedding({question: "。"}, weight=0.9)
    assert set(found(retriever(riders, everything).passages(question, filters))) == left


def test_all_ten_articles_of_an_archive_of_ten_are_reached(sample_retriever: HybridRetriever) -> None:
    assert len(set(found(sample_retriever.passages("解放区")))) == ARTICLES


def test_k_is_how_many_passages_come_at_least(sample_retriever: HybridRetriever) -> None:
    assert len(sample_retriever.passages("解放区", k=20)) >= 20
    few = sample_retriever.passages("解放区", k=1)
    assert len(set(found(few))) == len(few)


def test_another_model_of_the_same_dimension_is_refused(riders: Path) -> None:
    retriever(riders, BigramEmbedding())
    other = HybridRetriever(index=Index(riders / "index"), embedding=BigramEmbedding("bigram-2"))
    with pytest.raises(IndexMismatch, match="assistant refresh"):
        other.passages(QUESTION)


def test_a_model_of_another_dimension_is_refused(riders: Path) -> None:
    retriever(riders, BigramEmbedding())
    other = HybridRetriever(index=Index(riders / "index"), embedding=BigramEmbedding("bigram-2", dimension=32))
    with pytest.raises(IndexMismatch, match="assistant refresh"):
        other.passages(QUESTION)


@pytest.mark.parametrize("question", ["骑手\x00可以\x1b在哪里\u202e充电？\x07", "\ud800骑手充电", "骑手充电" * 25_000,
                                      "？" * 100_000 + "骑手充电", "骑手充电" + "鑫" * 100_000])
def test_a_dirty_or_endless_question_finds_what_its_words_find(riders: Path, question: str) -> None:
    assert found(retriever(riders, BigramEmbedding()).passages(question))[0] == "甲.md"


@pytest.mark.parametrize("question", ["\x00\x1b\x07\u202e", "？" * 100_000, "鑫" * 100_000, "\ud800"])
def test_a_dirty_or_endless_question_of_nothing_finds_nothing(riders: Path, question: str) -> None:
    assert retriever(riders, ScriptedEmbedding({QUESTION: "驿站"}, weight=0.9)).passages(question) == []


@pytest.mark.parametrize("question", ["qwxyz", "！？。", "", "什么？", "鑫鑫"])
def test_a_question_that_neither_leg_knows_finds_nothing(riders: Path, question: str) -> None:
    assert retriever(riders, ScriptedEmbedding({QUESTION: "驿站"}, weight=0.9)).passages(question) == []


def test_words_alone_find_it_where_the_embedding_knows_no_word(riders: Path) -> None:
    passages = retriever(riders, ScriptedEmbedding({"别的": "无"}, weight=0.9)).passages("图书馆何时开放？")
    assert (found(passages)[0], passages[0].score) == ("丙.md", pytest.approx(1.0))


def test_vectors_alone_find_it_where_no_word_is_known(riders: Path) -> None:
    passages = retriever(riders, ScriptedEmbedding({"rider charging": "驿站"}, weight=0.1)).passages("rider charging")
    assert (found(passages)[0], passages[0].score) == ("乙.md", pytest.approx(1.0))


def test_a_question_vector_of_nan_is_a_fault_not_arbitrary_hits(riders: Path) -> None:
    parts = retriever(riders, BigramEmbedding())
    parts.embedding = Embedding("broken", parts.embedding.fingerprint, parts.embedding.dimension, 0.9,
                                lambda texts, _: np.full((len(texts), 64), np.nan))
    with pytest.raises(EmbeddingError, match="NaN"):
        parts.passages(QUESTION)


@pytest.mark.parametrize("name", ["王忠殿", "陈海霞", "王明路", "丰源"])
def test_a_rare_name_alone_finds_its_article(sample_retriever: HybridRetriever, name: str) -> None:
    assert name in sample_retriever.passages(name)[0].chunk.text


def test_an_article_that_only_its_byline_names_is_found_by_it(sample_retriever: HybridRetriever) -> None:
    assert sample_retriever.passages("翟倩倩")[0].article.id == "jiefang/03-renshe-zhengce.md"


def test_it_is_a_langchain_retriever(sample_retriever: HybridRetriever) -> None:
    assert isinstance(sample_retriever, BaseRetriever)
    documents = sample_retriever.invoke("解放区有多少个网格？")
    assert [document.id for document in documents] == [
        passage.chunk.id for passage in sample_retriever.passages("解放区有多少个网格？")]
    one = documents[0].metadata
    assert (one["article_id"], one["newspaper"], one["date"], one["section"], one["authors"]) == (
        "jiefang/01-xiaoge-hehuoren.md", "焦作日报", "2025-11", "解放区", ["詹长松", "张涛"])
    filtered = sample_retriever.invoke("网格", filters=Filters(author="张苗"))
    assert {document.metadata["article_id"] for document in filtered} == {
        "jiefang/04-jiaobei-xinli.md", "jiefang/06-gonghui-yanchu.md"}


def test_a_document_carries_what_is_known_and_nothing_else() -> None:
    article = Article("a.md", "甲街道通了水。乙社区通了电。", authors=("张三",), url="https://example.org/1")
    document = as_document(Passage(Chunk("a.md", 1, 7, 14, "乙社区通了电。"), article, 0.5))
    assert (document.id, document.page_content) == ("a.md@1", "乙社区通了电。")
    assert document.metadata == {"authors": ["张三"], "url": "https://example.org/1", "article_id": "a.md",
                                 "heading": "甲街道通了水。乙社区通了电。", "start": 7, "end": 14, "score": 0.5}


def test_distinct_articles_keep_the_best_passage_of_each() -> None:
    one, two = Article("1", "甲。乙。"), Article("2", "丙。")
    first, second, third = (Passage(Chunk(a.id, n, 0, 2, "甲。"), a, score)
                            for a, n, score in ((one, 1, 0.9), (two, 0, 0.5), (one, 0, 0.4)))
    assert distinct_articles([first, second, third]) == [first, second]
