"""`assistant verify --repair` and what readers do with each kind of damage, on real stores."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_refresh import file_of

from assistant import retrieval
from assistant.cli import main
from assistant.errors import AssistantError
from assistant.index import refresh as refreshing
from assistant.index import verification
from assistant.index.manifest import Manifest, seal
from assistant.index.snapshot import Index, current_id
from assistant.index.words import LexicalIndex
from assistant.models import embedding
from assistant.schema import Article, Chunk

LOADED = cache(embedding.load_embedding)
QUESTION = "甲街道图书馆有多少册图书？"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To be quick, everything runs in this process, and the shipped embedding is loaded once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(refreshing, "examine", verification.examine_here)
    monkeypatch.setattr(verification, "examine", _examined)
    for module in (embedding, retrieval):
        monkeypatch.setattr(module, "load_embedding", LOADED)


def _examined(folder: Path, *, deep: bool) -> tuple[list[str], float | None]:
    """What the child that checks an index tells; no file that is not as the manifest has it is opened."""
    try:
        return verification.examine_here(folder, deep)
    except (AssistantError, FileNotFoundError) as error:
        return [str(error)], None


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "甲.md").write_text("甲街道图书馆有3.6万册图书。", encoding="utf-8")
    for text in ("乙公交线路停运。", "乙公交线路自11月20日起改道。"):  # so that there are two snapshots
        (folder / "乙.md").write_text(text, encoding="utf-8")
        assert run("refresh").exit_code == 0
    return folder


def run(*arguments: str) -> Result:
    """A command; whatever is not told as a sentence is raised here."""
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def folder() -> Path:
    return Path("index", "snapshots", current_id(Path("index")))


def test_a_whole_index_is_not_repaired(corpus: Path) -> None:
    before = current_id(Path("index"))
    done = run("verify", "--repair")
    assert (done.exit_code, done.stderr, current_id(Path("index"))) == (0, "", before)


@pytest.mark.parametrize("name", ["articles.db", "words/meta.json", "vectors/chroma.sqlite3", "manifest.json",
                                  "readers"])
def test_a_damaged_file_is_repaired_without_embedding_anew(corpus: Path, name: str) -> None:
    file_of(Path("index"), name).unlink()
    done = run("verify", "--repair", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["faults"] == []
    assert "修复 Repairing:" in done.stderr and name in done.stderr and '"embedded": 0' in done.stderr
    assert Index(Path("index")).current().articles.ids() == {"甲.md", "乙.md"}


def test_what_only_a_look_into_the_stores_shows_is_repaired(corpus: Path) -> None:
    """The words have one article too many, and the checksums agree with that."""
    manifest = Manifest.read(folder())
    with closing(LexicalIndex.open(folder() / "words")) as words:
        words.add(Article("多", "多出来的一篇。"), [Chunk("多", 0, 0, 7, "多出来的一篇。")])
        words.commit()
    replace(manifest, files=seal(Path("index"), manifest, None)).write(folder())
    done = run("verify", "--repair")
    assert done.exit_code == 0 and "words: 多@0 多余" in done.stderr and "The index is whole" in done.stdout
    assert Index(Path("index")).current().words.chunk_ids() == {"甲.md@0", "乙.md@0"}


def test_a_repair_tells_which_articles_failed(corpus: Path) -> None:
    file_of(Path("index"), "articles.db").unlink()
    (corpus / "乙.md").write_bytes(b"\xff\xfe\x00\xd8" + b"\xff" * 99)
    done = run("verify", "--repair")
    assert done.exit_code == 1 and "失败 failed 乙.md" in done.stderr


def test_an_index_without_any_manifest_cannot_be_repaired(corpus: Path) -> None:
    """It cannot be known which corpus it was made from."""
    for path in Path("index", "snapshots").glob("*/manifest.json"):
        path.unlink()
    done = run("verify", "--repair")
    assert done.exit_code == 2 and "assistant refresh --rebuild" in done.stderr


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "removed", "a folder"])
def test_a_question_to_a_damaged_index_is_answered_rightly_or_not_at_all(corpus: Path, damage: str) -> None:
    for path in (*map(Path("index").joinpath, Manifest.read(folder()).files), folder() / "manifest.json", folder() / "readers"):
        name = path.name
        kept = path.read_bytes()
        middle = len(kept) // 2
        path.unlink()
        if damage == "a folder":
            path.mkdir()
        elif damage != "removed":
            flipped = kept[:middle] + bytes(byte ^ 0x40 for byte in kept[middle:middle + 1]) + kept[middle + 1:]
            path.write_bytes({"truncated": kept[:-1], "flipped": flipped, "emptied": b""}[damage])
        asked, verified = run("ask", QUESTION), run("verify")
        if asked.exit_code == 0:
            assert "3.6万册" in asked.stdout
        else:
            assert asked.exit_code == 2 and asked.stdout == ""
            assert name in asked.stderr or (name, damage) == ("manifest.json", "flipped")
        if name == "readers" or not kept:
            assert verified.exit_code in (0, 2)
        else:
            assert verified.exit_code == 2
            assert name in verified.output or (name, damage) == ("manifest.json", "flipped")
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.write_bytes(kept)
    assert run("verify").exit_code == 0
