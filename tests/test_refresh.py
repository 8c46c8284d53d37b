"""Refreshing with real stores: exactly what changed, whatever happens, and never a mixture."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from bigram_embedding import BigramEmbedding
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from assistant.errors import CorpusError, EmbeddingError, IndexDamaged, IndexLocked
from assistant.index import building, verification
from assistant.index import refresh as refreshing
from assistant.index import snapshot as snapshots
from assistant.index import survey as surveying
from assistant.index.manifest import Manifest
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index, Snapshot, current_id, writing
from assistant.schema import Failure, RefreshSummary

ALL = ("文0.md", "文1.md", "文2.md", "文3.md")
LONG = "某市召开会议，研究第{n}条街道的供水改造。张三介绍了施工安排，李四回答了居民的提问。" * 30


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a new snapshot is made in this process, which is faster."""
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(4):
        write(folder, f"文{number}", f"某市第{number}条街道供水改造完成。")
    return folder


@pytest.fixture
def index(tmp_path: Path, corpus: Path) -> Path:
    refresh(corpus, tmp_path / "index", BigramEmbedding())
    return tmp_path / "index"


def write(corpus: Path, name: str, text: str, **fields: str) -> Path:
    path = corpus / f"{name}.md"
    front = "".join(f"{key}: {value}\n" for key, value in fields.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\n{front}---\n{text}\n" if fields else text, encoding="utf-8")
    return path


def outcome(summary: RefreshSummary) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], int]:
    return summary.added, summary.changed, summary.deleted, summary.unchanged


def contents(index: Path) -> dict[str, tuple]:
    """All that an index holds: articles, chunks with their vectors, and the ids in the words."""
    snapshot = Snapshot(index / "snapshots" / current_id(index))
    try:
        articles = list(snapshot.articles.articles())
        chunks = {chunk.id: chunk for article in articles for chunk in snapshot.articles.chunks_of(article)}
        assert snapshot.words.chunk_ids() == snapshot.vectors.ids() == set(chunks)
        vectors = snapshot.vectors.vectors(sorted(chunks))
        return {"articles": articles, "chunks": chunks, "vectors": np.round(vectors, 3).tolist()}
    finally:
        snapshot.close()


def file_of(index: Path, name: str) -> Path:
    """A file of the current snapshot, of several whose path ends so the first."""
    folder = index / "snapshots" / current_id(index)
    files = (index / path for path in Manifest.read(folder).files)
    return next((path for path in files if str(path).endswith(name)), folder / name)


def top_ten(index: Path, question: str) -> tuple[list, list]:
    """The ten best chunks by words and by vectors; those of one score in the order of their ids."""
    snapshot = Snapshot(index / "snapshots" / current_id(index))
    try:
        vector = BigramEmbedding().encode([question])[0]
        legs = snapshot.words.search(question, 100), snapshot.vectors.search(vector, 100)
        return tuple(sorted(((name, round(score, 3)) for name, score in leg), key=lambda hit: (-hit[1], hit[0]))[:10]
                     for leg in legs)
    finally:
        snapshot.close()


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


# ---- what changed


def test_the_first_refresh_adds_everything(corpus: Path, tmp_path: Path) -> None:
    embedding = BigramEmbedding()
    summary = refresh(corpus, tmp_path / "index", embedding)
    assert outcome(summary) == (ALL, (), (), 0)
    assert (summary.chunks, summary.embedded, len(embedding.seen)) == (4, 4, 4)
    assert (summary.failed, summary.skipped, summary.snapshot) == ((), (), current_id(tmp_path / "index"))


def test_nothing_changed_makes_and_embeds_nothing(corpus: Path, index: Path) -> None:
    before, bytes_before, embedding = current_id(index), size(index), BigramEmbedding()
    for _ in range(3):
        summary = refresh(None, index, embedding)
        assert outcome(summary) == ((), (), (), 4)
        assert (summary.snapshot, summary.embedded, summary.chunks) == (before, 0, 4)
    assert embedding.seen == [] and size(index) == bytes_before and os.listdir(index / "snapshots") == [before]


def test_a_touched_file_is_not_read_again(corpus: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(corpus / "文1.md", (1, 1))
    monkeypatch.setattr(surveying, "read_file", None)
    assert outcome(refresh(corpus, index, BigramEmbedding())) == ((), (), (), 4)


def test_equal_size_and_time_is_found_by_checksum(corpus: Path, index: Path) -> None:
    path = corpus / "文1.md"
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    path.write_text(path.read_text(encoding="utf-8").replace("供水", "供电"), encoding="utf-8")
    os.utime(path, ns=times)
    assert outcome(refresh(corpus, index, BigramEmbedding())) == ((), (), (), 4)
    assert outcome(refresh(corpus, index, BigramEmbedding(), checksum=True)) == ((), ("文1.md",), (), 3)


def test_only_new_lines_of_a_long_file_are_read(corpus: Path, index: Path) -> None:
    path, lines = corpus / "报.jsonl", [f'{{"text": "第{n}条消息。", "id": "{n % 7}"}}' for n in range(5)]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert refresh(corpus, index, BigramEmbedding()).added == ("0", "1", "2", "3", "4")
    told: list[tuple[str, int, int | None]] = []
    lines[2] = lines[2].replace("消息", "通知")
    path.write_text("\n".join([*lines, '{"text": "新消息。", "id": "5"}', "坏"]), encoding="utf-8")
    summary = refresh(corpus, index, BigramEmbedding(), progress=lambda *step: told.append(step))
    assert outcome(summary) == (("5",), ("2",), (), 8) and [failure.line for failure in summary.failed] == [7]
    assert [step for step in told if step[0] == "articles"] == [("articles", 1, None), ("articles", 2, None)]
    del lines[0]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert outcome(refresh(corpus, index, BigramEmbedding())) == ((), (), ("0", "5"), 8)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_a_long_file_in_any_encoding_equals_a_fresh_build(corpus: Path, index: Path, encoding: str) -> None:
    """An id that moves to another line, or comes twice, counts where it stands first."""
    path, line = corpus / "报.jsonl", '{{"text": "第{}条街道的通知。", "id": "{}"}}\r\n'
    for ids in ("abc", "abca", "bbca", "abba", "ab", "ab", "cab"):
        path.write_bytes("".join(line.format(n, name) for n, name in enumerate(ids)).encode(encoding))
        last = refresh(corpus, index, BigramEmbedding())
    fresh = refresh(corpus, index.parent / "fresh", BigramEmbedding())
    assert contents(index) == contents(index.parent / "fresh")
    assert last.failed == fresh.failed


def test_added_changed_deleted_and_renamed(corpus: Path, index: Path) -> None:
    write(corpus, "文1", "公交线路调整。")
    (corpus / "文2.md").unlink()
    (corpus / "文3.md").rename(corpus / "新.md")
    write(corpus, "夹/文", "图书馆开放。")
    embedding = BigramEmbedding()
    summary = refresh(corpus, index, embedding)
    assert outcome(summary) == (("夹/文.md", "新.md"), ("文1.md",), ("文2.md", "文3.md"), 1)
    assert sorted(embedding.seen) == ["公交线路调整。", "图书馆开放。"]


def test_a_rename_or_a_move_embeds_nothing(corpus: Path, index: Path) -> None:
    (corpus / "夹").mkdir()
    (corpus / "文1.md").rename(corpus / "夹" / "文1.md")
    embedding = BigramEmbedding()
    assert outcome(refresh(corpus, index, embedding)) == (("夹/文1.md",), (), ("文1.md",), 3)
    assert embedding.seen == []


def test_an_edited_sentence_embeds_its_chunk(corpus: Path, index: Path) -> None:
    sentences = [f"第{number}条街道的供水改造开工，张三介绍了施工安排，李四回答了提问。" for number in range(30)]
    write(corpus, "长", "".join(sentences))
    assert refresh(corpus, index, BigramEmbedding()).embedded == 3
    write(corpus, "长", "".join(sentences).replace("第29条街道的供水", "第29条街道的供电"))
    embedding = BigramEmbedding()
    assert outcome(refresh(corpus, index, embedding)) == ((), ("长.md",), (), 4)
    assert len(embedding.seen) == 1


def test_deleted_text_is_in_no_query_and_no_file(corpus: Path, index: Path) -> None:
    write(corpus, "撤", "撤回的报道提到了神秘的紫色飞艇。")
    refresh(corpus, index, BigramEmbedding())
    assert top_ten(index, "紫色飞艇")[0][0][0] == "撤.md@0"
    (corpus / "撤.md").unlink()
    refresh(corpus, index, BigramEmbedding())
    words, vectors = top_ten(index, "紫色飞艇")
    assert words == [] and "撤.md@0" not in dict(vectors)
    for path in (index / name for name in Manifest.read(index / "snapshots" / current_id(index)).files):
        assert "紫色飞艇".encode() not in path.read_bytes()


def test_the_cache_forgets_what_two_snapshots_do_not_need(corpus: Path, index: Path) -> None:
    empty = (index / "vectors.db").stat().st_size
    write(corpus, "多", "".join(f"第{number}个街道开会，{number * 7}人参加。" * 9 for number in range(200)))
    assert refresh(corpus, index, BigramEmbedding()).embedded == 100
    assert (index / "vectors.db").stat().st_size > empty
    (corpus / "多.md").unlink()
    refresh(corpus, index, BigramEmbedding())
    write(corpus, "文0", "公交线路调整。")
    refresh(corpus, index, BigramEmbedding())
    assert (index / "vectors.db").stat().st_size <= empty + 4096


def test_a_repeated_id_is_a_failure_of_the_later_file(corpus: Path, index: Path) -> None:
    write(corpus, "甲", "甲文里的通知。", id="编号")
    write(corpus, "乙", "乙文里的通知。", id="编号")
    summary = refresh(corpus, index, BigramEmbedding())
    assert summary.added == ("编号",)
    [failure] = summary.failed
    assert (failure.file, "乙.md" in failure.reason) == ("甲.md", True)  # 乙 U+4E59 sorts before 甲 U+7532
    assert refresh(corpus, index, BigramEmbedding()).failed == (failure,)
    (corpus / "乙.md").unlink()
    summary = refresh(corpus, index, BigramEmbedding())
    assert (outcome(summary), summary.failed) == (((), ("编号",), (), 4), ())
    assert Index(index).current().articles.article("编号").text == "甲文里的通知。"


def test_a_dry_run_tells_and_leaves_no_trace(corpus: Path, index: Path, tmp_path: Path) -> None:
    write(corpus, "文1", "公交线路调整。")
    (corpus / "文2.md").unlink()
    before = {path: path.stat().st_mtime_ns for path in index.rglob("*")}
    embedding = BigramEmbedding()
    summary = refresh(corpus, index, embedding, dry_run=True)
    assert (outcome(summary), summary.dry_run, embedding.seen) == (((), ("文1.md",), ("文2.md",), 2), True, [])
    assert {path: path.stat().st_mtime_ns for path in index.rglob("*")} == before
    assert refresh(corpus, tmp_path / "none", embedding, dry_run=True).added == ("文0.md", "文1.md", "文3.md")
    assert not (tmp_path / "none").exists()


def test_progress_is_told(corpus: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    refresh(corpus, tmp_path / "index", BigramEmbedding(), progress=lambda *step: told.append(step))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["files", "articles", "words", "vectors", "verify"]
    assert ("articles", 4, None) in told and ("vectors", 4, 4) in told


# ---- the corpus


def test_another_corpus_is_refused(corpus: Path, index: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, "别", "另一份报纸。")
    with pytest.raises(CorpusError, match="--rebuild"):
        refresh(other, index, BigramEmbedding())
    assert refresh(corpus / ".." / "corpus", index, BigramEmbedding()).unchanged == 4
    assert outcome(refresh(other, index, BigramEmbedding(), rebuild=True)) == (
        ("别.md",), (), ALL, 0)
    assert Index(index).current().manifest.corpus == str(other)


def test_a_missing_corpus_deletes_nothing(corpus: Path, index: Path, tmp_path: Path) -> None:
    corpus.rename(tmp_path / "away")
    for folder in (corpus, None):
        with pytest.raises(CorpusError, match="There is no corpus folder"):
            refresh(folder, index, BigramEmbedding())
    assert Index(index).current().manifest.articles == 4
    with pytest.raises(CorpusError, match="--corpus FOLDER"):
        refresh(None, tmp_path / "none", BigramEmbedding())


def test_a_file_that_cannot_be_read_now_keeps_its_articles(corpus: Path, index: Path) -> None:
    write(corpus, "文0", "公交线路调整。")
    (corpus / "文1.md").write_bytes(b"\xff\xfe\x00\xd8" + b"\xff" * 99)
    (corpus / "坏.jsonl").write_text('{"text": "好的一行。"}\n{"text": \n', encoding="utf-8")
    summary = refresh(corpus, index, BigramEmbedding())
    assert outcome(summary) == (("坏.jsonl#1",), ("文0.md",), (), 3)
    assert [(failure.file, failure.line) for failure in summary.failed] == [("坏.jsonl", 2), ("文1.md", None)]
    again = refresh(corpus, index, BigramEmbedding())
    assert (again.failed, again.snapshot) == (summary.failed, summary.snapshot)
    write(corpus, "文1", "图书馆开放。")
    assert refresh(corpus, index, BigramEmbedding()).changed == ("文1.md",)


def test_a_file_that_cannot_be_opened_is_tried_again(corpus: Path, index: Path, monkeypatch) -> None:
    write(corpus, "文1", "图书馆开放。")
    monkeypatch.setattr(surveying, "sha256", _denied)
    summary = refresh(corpus, index, BigramEmbedding())
    assert (outcome(summary), [failure.file for failure in summary.failed]) == (((), (), (), 4), ["文1.md"])
    assert refresh(corpus, index, BigramEmbedding()).snapshot == summary.snapshot
    monkeypatch.undo()
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)
    summary = refresh(corpus, index, BigramEmbedding())
    assert (summary.changed, summary.failed) == (("文1.md",), ())


def test_a_folder_that_cannot_be_listed_keeps_its_articles(corpus: Path, index: Path, monkeypatch) -> None:
    write(corpus, "夹/深/文", "图书馆开放。")
    refresh(corpus, index, BigramEmbedding())
    (corpus / "文0.md").unlink()
    listed, skipped = surveying.corpus_files(corpus)
    denied = Failure("夹", None, "打不开 / cannot be opened: Permission denied")
    monkeypatch.setattr(surveying, "corpus_files",
                        lambda _: ([file for file in listed if "/" not in file.name], [*skipped, denied]))
    summary = refresh(corpus, index, BigramEmbedding())
    assert (outcome(summary), summary.skipped) == (((), (), ("文0.md",), 4), (denied,))
    assert Index(index).current().articles.article("夹/深/文.md").text == "图书馆开放。"


def test_a_broken_file_is_read_again_though_nothing_changed(corpus: Path, index: Path, monkeypatch) -> None:
    write(corpus, "文1", "图书馆开放。")
    with monkeypatch.context() as patch:
        patch.setattr(surveying, "read_file", lambda file, through: _denied(file.path))
        summary = refresh(corpus, index, BigramEmbedding())
        assert ([failure.file for failure in summary.failed], summary.unchanged) == (["文1.md"], 4)
        assert refresh(corpus, index, BigramEmbedding()).snapshot == summary.snapshot
    summary = refresh(corpus, index, BigramEmbedding())
    assert (summary.changed, summary.failed) == (("文1.md",), ())


def _denied(path: Path) -> str:
    raise PermissionError(13, "Permission denied", str(path))


# ---- models


def test_another_model_of_the_same_dimension_is_noticed(corpus: Path, index: Path) -> None:
    other = BigramEmbedding("bigram-2")
    summary = refresh(corpus, index, other)
    assert (outcome(summary), summary.embedded) == (((), (), (), 4), 4)
    manifest = Index(index).current().manifest
    assert (manifest.fingerprint, manifest.articles) == ("bigram-2", 4)
    back = refresh(corpus, index, BigramEmbedding("bigram-1", 32))
    assert back.embedded == 4 and Index(index).current().vectors.vectors(["文0.md@0"]).shape == (1, 32)


def test_a_model_change_keeps_articles_of_unreadable_files(corpus: Path, index: Path) -> None:
    (corpus / "文1.md").write_bytes(b"\xff\xfe\x00\xd8" + b"\xff" * 99)
    summary = refresh(corpus, index, BigramEmbedding("bigram-2"))
    assert (summary.unchanged, summary.embedded, len(summary.failed)) == (4, 4, 1)


def test_a_broken_model_leaves_the_old_index_and_is_gone_on_from(corpus: Path, index: Path, monkeypatch) -> None:
    monkeypatch.setattr(building, "EMBED_BATCH", 2)
    before = current_id(index)
    broken = BigramEmbedding("bigram-2", breaks_after=2)
    with pytest.raises(RuntimeError, match="the model broke"):
        refresh(corpus, index, broken)
    assert current_id(index) == before and os.listdir(index / "snapshots") == [before]
    assert refresh(corpus, index, BigramEmbedding("bigram-2")).embedded == 2


@pytest.mark.parametrize("vector", [[np.nan] * 64, [5.0] * 64, [1.0] * 8])
def test_unsound_vectors_are_refused(corpus: Path, index: Path, vector: list[float]) -> None:
    embedding = BigramEmbedding("bigram-2")
    embedding.encode = lambda texts: np.array([vector] * len(texts), np.float32)
    with pytest.raises(EmbeddingError, match="no unit vector of 64 numbers"):
        refresh(corpus, index, embedding)
    assert Index(index).current().manifest.fingerprint == "bigram-1"


def test_a_text_without_a_known_word_has_a_vector_of_zeros(corpus: Path, index: Path) -> None:
    write(corpus, "点", "·")
    assert refresh(corpus, index, BigramEmbedding()).added == ("点.md",)
    assert not Index(index).current().vectors.vectors(["点.md@0"]).any()


# ---- faults


def test_a_second_refresh_is_refused(corpus: Path, index: Path) -> None:
    with writing(index):
        with pytest.raises(IndexLocked, match=f"process {os.getpid()} since"):
            refresh(corpus, index, BigramEmbedding())
        assert refresh(corpus, index, BigramEmbedding(), dry_run=True).unchanged == 4


@pytest.mark.parametrize("name", ["articles.db", "words/meta.json", "vectors/chroma.sqlite3", "manifest.json"])
def test_a_damaged_index_is_made_anew(corpus: Path, index: Path, name: str) -> None:
    """Out of its own articles where these are whole, so that those of a file that is broken now stay."""
    write(corpus, "文0", "公交线路调整。")
    first, damaged = current_id(index), refresh(corpus, index, BigramEmbedding()).snapshot
    if name.partition("/")[1]:
        (corpus / "文1.md").write_bytes(b"\xff\xfe\x00\xd8" + b"\xff" * 99)
    path = file_of(index, name)
    middle = path.stat().st_size // 2
    path.write_bytes(path.read_bytes()[:middle] + b"\0\1\2" + path.read_bytes()[middle + 3:])
    with pytest.raises(IndexDamaged):
        Index(index).current()
    embedding = BigramEmbedding()
    summary, manifest = refresh(corpus, index, embedding), Index(index).current().manifest
    if name.partition("/")[1]:
        assert outcome(summary) == ((), (), (), 4) and manifest.previous == first
        assert sorted(os.listdir(index / "snapshots")) == [first, manifest.id]
    else:
        assert summary.added == ALL and damaged != manifest.id
    assert embedding.seen == [] and manifest.articles == 4


def test_a_damaged_cache_is_made_anew(corpus: Path, index: Path) -> None:
    (index / "vectors.db").write_bytes(b"not a database" * 1000)
    write(corpus, "文0", "公交线路调整。")
    assert refresh(corpus, index, BigramEmbedding()).embedded == 4
    assert refresh(corpus, index, BigramEmbedding(), rebuild=True).embedded == 0


def test_a_snapshot_that_fails_its_check_is_not_switched_to(corpus: Path, index: Path, monkeypatch) -> None:
    before = current_id(index)
    monkeypatch.setattr(refreshing, "examine", lambda folder, deep: (["words: 文0@0 is missing"], None))
    write(corpus, "文0", "公交线路调整。")
    with pytest.raises(IndexDamaged, match="did not pass its checks"):
        refresh(corpus, index, BigramEmbedding())
    assert current_id(index) == before and os.listdir(index / "snapshots") == [before]


def test_a_deleted_text_is_in_no_file_after_a_rebuild(corpus: Path, index: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the stores are changed in place too, the text leaves with the snapshot before."""
    monkeypatch.setattr(building, "SMALL", 0)
    monkeypatch.setattr(building, "TOMBSTONES", float("inf"))
    secret = "张三把一只红漆木箱寄存在甲街道居委会。"
    written = write(corpus, "寄存", secret)
    refresh(corpus, index, BigramEmbedding())

    def holders() -> list[str]:
        return [path.name for path in index.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]

    assert holders() == ["articles.db"]
    written.unlink()
    refresh(corpus, index, BigramEmbedding())
    refresh(corpus, index, BigramEmbedding(), rebuild=True)
    assert holders() == []


def test_the_new_snapshot_is_checked_by_a_child(corpus: Path, index: Path, monkeypatch) -> None:
    monkeypatch.setattr(refreshing, "examine", verification.examine)
    write(corpus, "文0", "公交线路调整。")
    assert refresh(corpus, index, BigramEmbedding()).changed == ("文0.md",)
    monkeypatch.setattr(verification, "CHILD", "import os; os.abort()")
    write(corpus, "文0", "图书馆开放。")
    with pytest.raises(IndexDamaged, match="ended the process"):
        refresh(corpus, index, BigramEmbedding())
    assert Index(index).current().articles.article("文0.md").text == "公交线路调整。"


# ---- equal to an index made from nothing


TEXTS = ("供水管网改造完成。", "公交线路调整。", LONG.format(n=1), LONG.format(n=2))
STEPS = st.lists(st.lists(st.tuples(st.sampled_from(["a", "b", "夹/c"]), st.sampled_from(["", "编号"]),
                                    st.one_of(st.none(), st.integers(0, len(TEXTS) - 1))), max_size=4),
                 min_size=1, max_size=4)


@given(steps=STEPS)
@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_refreshes_equals_a_fresh_build(tmp_path_factory, monkeypatch, steps) -> None:
    """Each step changes, adds or deletes files; two of them may give the same id."""
    monkeypatch.setattr(building, "SMALL", 0)
    place = tmp_path_factory.mktemp("steps")
    corpus = place / "corpus"
    write(corpus, "z", "总在的一篇。")
    for step in steps:
        for name, article_id, text in step:
            if text is None:
                (corpus / f"{name}.md").unlink(missing_ok=True)
            else:
                write(corpus, name, TEXTS[text], section="要闻", **({"id": article_id} if article_id else {}))
        last = refresh(corpus, place / "index", BigramEmbedding())
    fresh = refresh(corpus, place / "fresh", BigramEmbedding())
    assert contents(place / "index") == contents(place / "fresh")
    assert (last.failed, last.chunks) == (fresh.failed, fresh.chunks)


def test_halves_on_two_pages_are_one_article_whichever_changes(corpus: Path, index: Path) -> None:
    def half(name: str, page: int, text: str) -> None:
        write(corpus, name, text, title="老渡口添新桥", date="2025-11-10", newspaper="青屏日报", page=str(page))

    half("一版", 1, "清晨，摆渡人推开了窗。（下转第三版）")
    assert refresh(corpus, index, BigramEmbedding()).added == ("一版.md",)
    half("三版", 3, "（上接第一版）新桥十月通车。")
    summary = refresh(corpus, index, BigramEmbedding())
    assert (summary.added, summary.changed) == ((), ("一版.md",))
    article = Index(index).current().articles.article("一版.md")
    assert article.text == "清晨，摆渡人推开了窗。\n新桥十月通车。"
    assert [box.page for box in article.boxes] == ["1", "3"]
    assert refresh(corpus, index, BigramEmbedding()).changed == ()
    half("三版", 3, "（上接第一版）新桥十二月通车。")
    assert refresh(corpus, index, BigramEmbedding()).changed == ("一版.md",)
    assert Index(index).current().articles.article("一版.md").text.endswith("十二月通车。")
    (corpus / "一版.md").unlink()
    summary = refresh(corpus, index, BigramEmbedding())
    assert (summary.added, summary.deleted) == (("三版.md",), ("一版.md",))
    half("一版", 1, "清晨，摆渡人推开了窗。（下转第三版）")
    summary = refresh(corpus, index, BigramEmbedding())
    assert (summary.added, summary.deleted) == (("一版.md",), ("三版.md",))
