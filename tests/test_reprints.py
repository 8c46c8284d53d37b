"""Near-duplicate articles are one card."""

from __future__ import annotations

from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding

from assistant.chat import cards
from assistant.corpus.reprints import is_reprint
from assistant.index import verification
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.retrieval import HybridRetriever
from assistant.schema import Answer, Article

TEXT = "甲街道图书馆周末开放到晚上九点，馆里有36000册图书和120个座位，居民凭身份证可以免费借书。过去三年图书馆接待了8万多名读者。"


@pytest.mark.parametrize(("other", "same"), [
    (TEXT, True), (TEXT.replace("，", ", "), True), ("本报讯 " + TEXT, True), (TEXT.replace("晚上九点", "晚上十点"), True),
    (TEXT + "此外，乙公交线路自下周一起改道，绕行丁路，请乘客留意站牌上的通知，以免耽误出行。", False), (TEXT[:30], False), ("", False),
    ("乙公交线路改道。" * 9, False),
])
def test_what_is_one_text(other: str, same: bool) -> None:
    assert is_reprint(Article("a", TEXT), Article("b", other)) is is_reprint(Article("b", other), Article("a", TEXT)) is same


@pytest.fixture
def retriever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HybridRetriever:
    """Twelve articles on the library, three of which print one text."""
    monkeypatch.setattr("assistant.index.refresh.examine", lambda folder, deep: verification.examine_here(folder, deep))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, paper in (("a", "甲报"), ("b", "乙报<b>"), ("c", "丙报")):
        (corpus / f"{name}.md").write_text(f"---\ntitle: 图书馆{name}\nnewspaper: {paper}\ndate: '2025-11-18'\n---\n\n{TEXT}", encoding="utf-8")
    for n in range(9):
        (corpus / f"x{n}.md").write_text(f"第{n}家图书馆只有{n}个座位。" + "天地玄黄宇宙洪荒"[n % 8] * (40 + n), encoding="utf-8")
    refresh(corpus, tmp_path / "index", BigramEmbedding())
    return HybridRetriever(index=Index(tmp_path / "index"), embedding=BigramEmbedding())


def test_the_best_stays_and_names_the_others(retriever: HybridRetriever) -> None:
    passages = retriever.passages("甲街道图书馆有多少册图书")
    shown = [passage.article.id for passage in passages]
    first = passages[0]
    assert len({*shown} & {"a.md", "b.md", "c.md"}) == 1 and len(set(shown)) == 10
    assert {first.article.id, *(article.id for article in first.reprints)} == {"a.md", "b.md", "c.md"}
    assert all(passage.reprints == () for passage in passages[1:] if passage.article.id != first.article.id)


def test_the_card_names_them_escaped(retriever: HybridRetriever) -> None:
    passages = tuple(retriever.passages("甲街道图书馆有多少册图书"))
    html = cards.sources_html([Answer("问", passages=passages)], lambda _: None)
    assert html.count("同文另见：") == 1 and "《图书馆c》，丙报，2025年11月18日" in html
    assert "乙报&lt;b&gt;" in html and "<b>" not in html
