"""What a refresh tags and keeps: each text once, of removed articles nothing, and after a kill no text again."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from bigram_embedding import BigramEmbedding
from test_names import ROWS, write

from assistant.errors import IndexDamaged
from assistant.index import building, tagging
from assistant.index.manifest import current_id
from assistant.index.name_index import NameIndex
from assistant.index.refresh import refresh
from assistant.index.snapshot import Snapshot, roll_back
from assistant.index.verification import examine_here
from assistant.schema import RefreshSummary

KINDS = ("person", "place", "body")
NEW = {"id": "9", "title": "又一篇", "date": "2031-07-01", "text": "南桥区副区长王建明和居民田桂花到云河公园。"}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new snapshot is examined without a child of its own, which takes seconds to start."""
    monkeypatch.setattr("assistant.index.refresh.examine", examine_here)


@pytest.fixture
def tagged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are tagged from here on."""
    texts: list[str] = []
    real = tagging.Tagged.of
    monkeypatch.setattr(tagging.Tagged, "of", lambda text: texts.append(text) or real(text))
    return texts


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., RefreshSummary]:
    """Refreshes the index of these rows; a tagged one unless it is said otherwise."""
    def refreshed(rows: list[dict[str, str]], *, tag: bool | None = True, **how: object) -> RefreshSummary:
        write(tmp_path / "corpus", rows)
        return refresh(tmp_path / "corpus", tmp_path / "index", BigramEmbedding(), tag=tag, **how)

    return refreshed


def opened(index: Path) -> Snapshot:
    return Snapshot(index / "snapshots" / current_id(index))


def contents(names: NameIndex) -> object:
    """Everything that can be asked of the names."""
    listed = {(kind, initial): names.listed(kind, 0, 999, initial) for kind in KINDS for initial in ("", *names.initials(kind))}
    return (names.article_ids(), names.text_hashes(), listed, [names.initials(kind) for kind in KINDS],
            {(kind, one.key): (names.occurrences(kind, one.key), names.forms(kind, one.key)) for kind in KINDS for one in listed[kind, ""]})


def test_each_text_is_tagged_once_and_nothing_changed_tags_nothing(place: Callable, tagged: list[str], tmp_path: Path) -> None:
    place(ROWS)
    assert sorted(tagged) == sorted(row["text"] for row in ROWS)
    tagged.clear()
    assert place(ROWS).unchanged == place(ROWS, tag=None).unchanged == len(ROWS)
    place([*ROWS, {**ROWS[0], "id": "copy"}], tag=None)  # the same text in another place
    place(ROWS, rebuild=True)
    assert tagged == []
    place([*ROWS, NEW], tag=None)
    assert tagged == [NEW["text"]]
    assert opened(tmp_path / "index").names.occurrences("person", "王建明")[0].article_id == "9"


def test_names_in_parts_are_those_of_an_index_made_from_nothing(place: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(building, "SMALL", 0)
    monkeypatch.setattr(building, "TOMBSTONES", 9.0)
    monkeypatch.setattr(building, "ABSORBED", 0)
    place(ROWS)
    changed = [{**ROWS[0], "text": "花园街社区的书屋由石岭市图书馆设立。"}, *ROWS[1:3], *ROWS[5:], NEW]
    place([*ROWS, NEW])
    place([*changed[:-1], {**NEW, "text": NEW["text"] + "王建明任云河市副市长。"}])
    place(changed)
    snapshot = opened(tmp_path / "index")
    assert len(snapshot.manifest.parts) > 2
    refresh(tmp_path / "corpus", tmp_path / "fresh", BigramEmbedding(), tag=True)
    assert contents(snapshot.names) == contents(opened(tmp_path / "fresh").names)
    assert snapshot.names.key("person", "拉琴") == "" and examine_here(snapshot.manifest.folder(tmp_path / "index"), deep=True)[0] == []


def test_of_a_purged_article_nothing_is_left(place: Callable, tmp_path: Path) -> None:
    place(ROWS)
    gone = ROWS[3]
    place([row for row in ROWS if row is not gone], purge=[gone["id"]])
    names = opened(tmp_path / "index").names
    assert names.key("person", "田桂花") == "" and gone["id"] not in names.article_ids() and not names.found(gone["id"])
    with closing(sqlite3.connect(tmp_path / "index" / "mentions.db")) as cache:
        assert {row[0] for row in cache.execute("SELECT text_hash FROM vectors")} == names.text_hashes()
    files = [path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file()]
    assert not any("田桂花".encode() in content for content in files)
    assert len(list((tmp_path / "index" / "snapshots").iterdir())) == 1


KILLED = """
import os, sys
from pathlib import Path
from assistant.index import tagging
from assistant.index.refresh import refresh
from bigram_embedding import BigramEmbedding
tagging.BATCH, real, left = 2, tagging.Tagged.of, [5]
def of(text):
    left[0] -= 1
    return real(text) if left[0] else os._exit(9)
tagging.Tagged.of = of
refresh(Path(sys.argv[1]), Path(sys.argv[2]), BigramEmbedding(), tag=True)
"""


def test_a_killed_tagging_leaves_the_old_index_and_goes_on_where_it_was(place: Callable, tagged: list[str], tmp_path: Path) -> None:
    place(ROWS, tag=None)
    before = current_id(tmp_path / "index")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "corpus"), str(tmp_path / "index")], cwd=Path(__file__).parent)
    assert done.returncode == 9 and current_id(tmp_path / "index") == before
    assert opened(tmp_path / "index").names is None and len(opened(tmp_path / "index").articles.ids()) == len(ROWS)
    place(ROWS)
    assert len(tagged) == len(ROWS) - 4  # two batches of two were kept
    assert opened(tmp_path / "index").names.article_ids() == {row["id"] for row in ROWS}
    assert len(list((tmp_path / "index" / "parts").iterdir())) == 2


def test_the_index_remembers_whether_it_is_tagged(place: Callable, tagged: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    index = tmp_path / "index"
    place(ROWS, tag=None)
    assert opened(index).names is None and tagged == [] and not list(index.rglob("mentions.db*"))
    place(ROWS)
    place([*ROWS, NEW], tag=None, rebuild=True)
    assert opened(index).names.key("person", "王建明") == "王建明"
    roll_back(index)
    assert place([*ROWS, NEW], tag=None).notes  # a rollback holds, though the archive is tagged
    place([*ROWS, NEW], tag=False)
    assert opened(index).names is None and opened(index).manifest.tagged == ""
    place([*ROWS, NEW])
    tagged.clear()
    for module in ("building", "refresh", "tagging"):
        monkeypatch.setattr(f"assistant.index.{module}.FINGERPRINT", "mentions-next")
    place([*ROWS, NEW], tag=None)
    assert len(tagged) == len(ROWS) + 1 and opened(index).manifest.tagged == "mentions-next"


def test_progress_is_told_and_damage_is_seen(place: Callable, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int | None]] = []
    place(ROWS, progress=lambda stage, done, total: steps.append((stage, done, total)))
    assert ("names", len(ROWS), len(ROWS)) in steps
    names = next((tmp_path / "index" / "parts").rglob("names.db"))
    names.write_bytes(names.read_bytes()[:-1] + b"x")
    with pytest.raises(IndexDamaged, match=r"names\.db"):
        opened(tmp_path / "index")
    place(ROWS)
    assert opened(tmp_path / "index").names.article_ids()
