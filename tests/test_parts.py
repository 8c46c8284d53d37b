"""An index that grew part by part: it answers as one made from nothing, and what is deleted is gone."""

from __future__ import annotations

import os
import random
from contextlib import closing
from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding
from test_refresh import contents, write

from assistant.errors import CorpusError
from assistant.index import building, verification
from assistant.index import refresh as refreshing
from assistant.index import snapshot as snapshots
from assistant.index.manifest import Manifest, current_id
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index, Snapshot

SENTENCES = ("青屏市云河区的供水管网改造完成，惠及{n}户居民。", "云河区图书馆新馆开放，藏书{n}万册。",
             "青屏公交{n}路调整线路，末班车延长到夜里。", "云河社区食堂今天开张，一荤一素{n}元。",
             "青屏市气象台发布第{n}号暴雨预警。")
QUESTIONS = ("云河区供水改造", "图书馆藏书多少万册", "公交末班车", "社区食堂一荤一素", "暴雨预警", "张三", "青屏市 3")


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)


@pytest.fixture
def growing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made afresh because something was deleted."""
    monkeypatch.setattr(building, "SMALL", 0)
    monkeypatch.setattr(building, "TOMBSTONES", float("inf"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for number in range(12):
        write(folder, f"文{number}", SENTENCES[number % 5].format(n=number), title=f"第{number}则", author="张三")
    return folder


@pytest.fixture
def index(tmp_path: Path, corpus: Path) -> Path:
    refresh(corpus, tmp_path / "index", BigramEmbedding())
    return tmp_path / "index"


def manifest(index: Path) -> Manifest:
    return Manifest.read(index / "snapshots" / current_id(index))


def found(index: Path) -> list[list[tuple[str, float]]]:
    """What each question finds by words and by vectors."""
    with closing(Snapshot(index / "snapshots" / current_id(index))) as snapshot:
        asked = zip(QUESTIONS, BigramEmbedding().encode(list(QUESTIONS)))
        return [hits for question, vector in asked
                for hits in (snapshot.words.search(question, 50), snapshot.vectors.search(vector, 50))]


def counts(index: Path) -> tuple[object, ...]:
    with closing(Snapshot(index / "snapshots" / current_id(index))) as snapshot:
        return (snapshot.coverage, snapshot.words.count(), *(snapshot.words.rareness(asked[:2]) for asked in QUESTIONS))


def assert_as_from_nothing(grown: Path, fresh: Path) -> None:
    """Same articles and counts; same hits in the same order, but for those that single precision cannot tell apart."""
    assert contents(grown) == contents(fresh) and counts(grown) == counts(fresh)
    for mine, theirs in zip(found(grown), found(fresh), strict=True):
        assert dict(mine) == pytest.approx(dict(theirs), abs=2e-4)
        for (name, _), (other, score) in zip(mine, theirs, strict=True):
            assert name == other or dict(theirs)[name] == pytest.approx(score, abs=2e-6)


def holders(index: Path, text: str) -> list[Path]:
    """The files of an index that hold a text."""
    return [path for path in index.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


# ---- as if made from nothing


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_changes_and_merges_equals_a_fresh_build(seed: int, tmp_path: Path, corpus: Path, index: Path,
                                                                 growing: None, monkeypatch) -> None:
    """Same articles, same order, same scores; each step changes, adds, moves and deletes some, and may merge."""
    chance = random.Random(seed)
    shapes = set()
    lines = [f'{{"id": "行{n}", "text": "{SENTENCES[n % 5].format(n=n)}"}}' for n in range(9)]
    for step in range(8):
        monkeypatch.setattr(building, "ABSORBED", chance.choice([0, 1, 8]))
        monkeypatch.setattr(building, "BESIDE", chance.choice([6, 5000, 5000]))
        for number in chance.sample(range(16), chance.randrange(4)):
            path = corpus / f"文{number}.md"
            if path.exists() and chance.random() < 0.5:
                path.unlink()
            else:
                write(corpus, f"文{number}", "".join(chance.choices(SENTENCES, k=chance.choice([1, 40]))).format(n=step))
        chance.shuffle(lines)
        lines[0] = f'{{"id": "行{step}{seed}", "text": "{chance.choice(SENTENCES).format(n=step)}"}}'
        (corpus / "报.jsonl").write_text("\n".join(lines[:chance.randrange(5, 10)]), encoding="utf-8")
        refresh(corpus, index, BigramEmbedding())
        shapes.add(len(manifest(index).parts))
    fresh = tmp_path / "fresh"
    refresh(corpus, fresh, BigramEmbedding())
    assert_as_from_nothing(index, fresh)
    assert len(shapes) > 1 and verification.examine_here(index / "snapshots" / current_id(index), True) == ([], 1.0)


def test_a_refresh_writes_what_changed_and_shares_the_rest(corpus: Path, index: Path, growing: None) -> None:
    base = {path: path.stat().st_mtime_ns for path in (index / "parts").rglob("*")}
    write(corpus, "文3", "云河区的一则更正。")
    refresh(corpus, index, BigramEmbedding())
    first, second = manifest(index).parts.items()
    assert (first[1], second[1]) == (12, 1) and sorted(os.listdir(index / "parts")) == [first[0], second[0]]
    assert {path: path.stat().st_mtime_ns for path in base} == base
    linked = [path for path in (index / "snapshots" / current_id(index) / "words").iterdir() if path.stat().st_nlink > 1]
    assert linked, "the words' files are those of the snapshot before"


def test_many_refreshes_leave_few_parts(corpus: Path, index: Path, growing: None) -> None:
    for step in range(20):
        write(corpus, "文3", f"第{step}次更正。")
        refresh(corpus, index, BigramEmbedding())
    assert len(manifest(index).parts) <= 3 and len(os.listdir(index / "parts")) <= 6
    assert Index(index).current().articles.article("文3.md").text == "第19次更正。"


def test_a_reader_keeps_the_base_open(corpus: Path, index: Path, growing: None) -> None:
    reader = Index(index)
    base = reader.current().vectors.base
    write(corpus, "文3", "云河区的一则更正。")
    refresh(corpus, index, BigramEmbedding())
    assert reader.current().vectors.base is base
    assert reader.current().articles.article("文3.md").text == "云河区的一则更正。"


# ---- deleted means gone


SECRET = "张三把一只红漆木箱寄存在云河居委会的柜子里。"


def test_a_deleted_text_is_in_no_file_after_a_merge(corpus: Path, index: Path, growing: None, monkeypatch) -> None:
    written = write(corpus, "寄存", SECRET)
    refresh(corpus, index, BigramEmbedding())
    written.unlink()
    refresh(corpus, index, BigramEmbedding())
    assert Index(index).current().articles.article("寄存.md") is None
    monkeypatch.setattr(building, "BESIDE", 0)
    for text in ("又一则。", "再一则。"):  # the second, because the snapshot before is kept for --rollback
        write(corpus, "文3", text)
        refresh(corpus, index, BigramEmbedding())
    assert holders(index, SECRET) == []


def test_a_purged_text_is_in_no_file_at_once(corpus: Path, index: Path, growing: None) -> None:
    """Neither in the snapshot for --rollback, nor its words or its vector, also while somebody reads it."""
    written = write(corpus, "寄存", SECRET)
    refresh(corpus, index, BigramEmbedding())
    reader = Index(index)
    reader.current()
    with pytest.raises(CorpusError, match=r"still in the corpus, in 寄存\.md"):
        refresh(corpus, index, BigramEmbedding(), purge=["寄存.md"])
    written.unlink()
    refresh(corpus, index, BigramEmbedding())
    assert holders(index, SECRET) != []
    summary = refresh(corpus, index, BigramEmbedding(), purge=["寄存.md"])
    assert (summary.unchanged, os.listdir(index / "snapshots")) == (12, [summary.snapshot])
    vector = BigramEmbedding().encode([SECRET])[0].astype("<f2").tobytes()
    assert [holders(index, text) for text in (SECRET, "红漆", "木箱", "寄存.md")] == [[], [], [], []]
    assert not any(vector in path.read_bytes() for path in index.glob("vectors.db*"))
    assert reader.current().articles.article("寄存.md") is None
