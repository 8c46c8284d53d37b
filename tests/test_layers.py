"""Who may import whom, and what must not be loaded to show --help."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "assistant"
LAYERS = (
    "schema errors text numbers names metrics boosted_trees",
    "settings masthead newspaper_page file_formats corpus chunking named answer_spans dating reprints timeline "
    "correction publication gold_questions embedding embedding_training vector_index vector_server ray_engine "
    "lexical_index article_store vector_cache llm",
    "snapshot verification survey vector_place refresh watch question second_look reranker retrieval calibration",
    "reader_features answerability reader reader_training disagreement prompting grounding answers archive suggestions chain",
    "evaluation chat.conversation chat.cards chat.page chat.server chat",
    "terminal cli __main__",
)
ORDER = " ".join(LAYERS).split()
"""Lowest first: a module imports only those before it, so there is no cycle."""
OWNERS = {
    "chromadb": {"vector_index", "vector_server"},
    "gradio": {"chat.page", "chat.server"},
    "langchain": {"llm"},
    "langchain_core": {"chain", "embedding", "llm", "prompting", "retrieval"},
    "ray": {"ray_engine"},
    "tantivy": {"lexical_index"},
}
"""The only modules that may import a library at all."""
HEAVY = {"chromadb", "gradio", "langchain", "ray", "sentence_transformers", "sklearn", "torch", "trafilatura", "transformers"}
"""Imported only inside the function that needs them."""


def name_of(file: Path) -> str:
    """chat/page.py → chat.page, chat/__init__.py → chat, __init__.py → ""."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def imported(node: ast.AST) -> set[str]:
    """The dotted names of every import under `node`; `from a import b` gives a.b and a."""
    names: set[str] = set()
    for found in ast.walk(node):
        if isinstance(found, ast.Import):
            names |= {alias.name for alias in found.names}
        elif isinstance(found, ast.ImportFrom):
            assert not found.level, "a relative import"
            names |= {found.module, *(f"{found.module}.{alias.name}" for alias in found.names)}
    return names


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


@cache
def libraries(name: str) -> set[str]:
    """What a module imports, wherever in it, by the first part of its name."""
    return {found.split(".")[0] for found in imported(tree_of(name))}


def ours(name: str) -> set[str]:
    """The project's own modules that a module imports, wherever in it."""
    dotted = {found.removeprefix("assistant.") for found in imported(tree_of(name)) if found.startswith("assistant.")}
    modules = {found for found in dotted if found in FILES}
    return {found for found in modules if not any(other.startswith(f"{found}.") for other in modules)} - {name}


def at_the_top(tree: ast.Module) -> set[str]:
    """The libraries that are loaded when a module is; what only type checkers read is not."""
    statements = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {found.split(".")[0] for node in statements for found in imported(node)}


def test_every_module_stands_in_the_list() -> None:
    assert len(ORDER) == len(set(ORDER))
    missing, gone = sorted(set(FILES) - {""} - set(ORDER)), sorted(set(ORDER) - set(FILES))
    assert not missing, f"{', '.join(missing)}: new here; give it a place in LAYERS, after all that it imports"
    assert not gone, f"{', '.join(gone)}: in LAYERS, but there is no such module"


@pytest.mark.parametrize("name", [name for name in ORDER if name in FILES])
def test_a_module_imports_only_what_stands_before_it(name: str) -> None:
    below = set(ORDER[:ORDER.index(name)])
    wrong = sorted(ours(name) - below)
    assert not wrong, f"{name} imports {', '.join(wrong)}, which does not stand before it in LAYERS"


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_by_its_owners_only(library: str) -> None:
    users = {name for name in FILES if library in libraries(name)}
    assert users <= OWNERS[library]


@pytest.mark.parametrize("name", FILES)
def test_nothing_heavy_is_imported_at_the_top(name: str) -> None:
    assert at_the_top(tree_of(name)) & HEAVY == set()


HELP_OF_EVERY_COMMAND = """
import sys
from click.testing import CliRunner
from assistant.cli import main
for name in main.commands:
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0, name
print(*sys.modules, sep="\\n", file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [
    ["-X", "importtime", "-m", "assistant", "--help"], ["-c", HELP_OF_EVERY_COMMAND],
])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=PACKAGE.parent, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert {"assistant", "click"} <= loaded
    assert loaded & {*HEAVY, "langchain_core", "numpy", "tantivy", "rjieba"} == set()
