"""Who may import whom, and what must not be loaded to show --help."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "assistant"
PLAN = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
HOUSE = next(block for block in re.findall(r"```\n(.*?)```", PLAN, re.DOTALL) if block.startswith("assistant/\n"))
ROOMS = re.findall(r"^  ([a-z_]+/|(?:[a-z_]+ +)+)", HOUSE, re.MULTILINE)
"""The lines of the house as docs/architecture.md draws it, lowest first: a room is a folder ("language/") or modules beside it."""
OWNERS = {
    "chromadb": {"index.vectors", "index.served_vectors"},
    "docx": {"corpus.formats.docx", "export.documents"},
    "fastapi": {"api.chat_completions", "api.doors", "api.health", "api.rest", "chat.mount", "web.app", "web.articles", "web.briefings", "web.desk", "web.issues", "web.names", "web.search", "web.server", "web.site",
                "web.taking_along"},
    "gradio": {"chat.mount", "chat.page", "chat.sessions"},
    "langchain": {"generation.chat_model"},
    "langchain_core": {"chain", "models.embedding", "generation.chat_model", "generation.prompting", "retrieval"},
    "ray": {"index.ray_engine"},
    "tantivy": {"index.words"},
    "uvicorn": {"web.server"},
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


def floor_of(name: str) -> int:
    """The line of the drawn house on which a module stands; raises StopIteration where it stands on none."""
    room = name.partition(".")[0]
    folder = (PACKAGE / room).is_dir()
    return next(floor for floor, line in enumerate(ROOMS) if (f"{room}/" == line if folder else room in line.split()))


def test_every_room_stands_in_the_house_and_imports_only_what_is_below() -> None:
    faults = []
    for name in filter(None, FILES):  # the package itself lends its public names, from whatever floor
        try:
            above = [other for other in ours(name) if floor_of(other) > floor_of(name)]
        except StopIteration:
            faults.append(f"{name} stands nowhere in the drawing of the house in docs/architecture.md")
            continue
        faults += [f"{name} imports {other}, which stands above it" for other in above]
    assert faults == []


def test_there_are_no_cycles() -> None:
    graph = TopologicalSorter({name: ours(name) for name in FILES})
    graph.prepare()  # raises CycleError with the modules of the cycle


def test_a_library_is_imported_by_its_owners_only() -> None:
    users = {library: {name for name in FILES if library in libraries(name)} - owners
             for library, owners in OWNERS.items()}
    assert {library: strangers for library, strangers in users.items() if strangers} == {}


def test_nothing_heavy_is_imported_at_the_top() -> None:
    heavy = {name: at_the_top(tree_of(name)) & HEAVY for name in FILES}
    assert {name: found for name, found in heavy.items() if found} == {}


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
