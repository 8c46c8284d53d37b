"""What the README, docs/ and the help say exists, and what exists is said there."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import Field, fields
from functools import partial
from pathlib import Path

import click
import pytest

from assistant.cli import main
from assistant.evaluation.run import Summary
from assistant.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = {"python app.py": "chat", "python ingest.py": "refresh", "python evaluate.py": "evaluate"}
PROGRAMS = {"assistant": (), ".venv/bin/assistant": (), **{script: (name,) for script, name in SCRIPTS.items()}}
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
         for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md",
                      *sorted((ROOT / "docs").glob("*.md")))}
TEXT = "\n".join(PAGES.values())
BLOCKS = [block for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE) if kind != "python"]


def commands_in(text: str) -> list[str]:
    """The command lines of this project in a text: whole lines of blocks and help, or `quoted` within a sentence."""
    starts = "|".join(map(re.escape, PROGRAMS))
    line = rf"(?:^|[\s*$`])((?:{PREFIX}\w+=\S+ )*(?:{starts}) [^`\n]+)"
    return [found.strip() for found in re.findall(line, text) if " | " not in found]


def parsed(line: str) -> str:
    """The name of the command that a line calls, once click has taken its arguments."""
    line = re.sub(rf"^({PREFIX}\w+=\S+ )*", "", line)
    program = next(program for program in PROGRAMS if line.startswith(program + " "))
    name, *arguments = [*PROGRAMS[program], *shlex.split(line.removeprefix(program))]
    main.commands[name].make_context(name, arguments).close()
    return name


def quoted_commands() -> list[str]:
    """What the pages show to be typed: in blocks by line, in sentences between backticks."""
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL))
    lines = [line for block in BLOCKS for line in block.splitlines()]
    return [found for text in (*inline, *lines) for found in commands_in(text)]


def faults(checked: Iterable[tuple[str, Callable[[], object]]]) -> list[str]:
    """What each check says that raises, under its name."""
    found = []
    for name, check in checked:
        try:
            check()
        except (AssertionError, click.ClickException, KeyError, StopIteration) as error:
            found.append(f"{name}: {error!r}")
    return found


def test_every_command_shown_can_be_typed_and_every_command_is_shown() -> None:
    lines = quoted_commands()
    assert faults((line, partial(parsed, line)) for line in lines) == []
    assert set(main.commands) - {parsed(line) for line in lines} == set()


def test_the_help_of_every_command_ends_with_an_example_that_can_be_typed() -> None:
    def check(name: str) -> None:
        context = click.Context(main.commands[name], info_name=name)
        examples = commands_in(main.commands[name].get_help(context).rpartition("Example:")[2])
        assert name in [parsed(line) for line in examples]

    assert faults((name, partial(check, name)) for name in main.commands) == []


def test_every_option_is_explained() -> None:
    silent = [f"{name} {option.opts[0]}" for name, command in main.commands.items() for option in command.params
              if isinstance(option, click.Option) and not option.help and option.opts[0] not in TEXT]
    assert silent == []


def test_every_option_shown_exists() -> None:
    existing = {name for command in main.commands.values() for option in command.params
                for name in (*option.opts, *option.secondary_opts)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {"--extra-index-url", "--help", "--path"}
    assert "--dry-run" in named and named <= existing | {"--debug"}


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    def check(setting: Field[object]) -> None:
        rows = re.findall(rf"^\| `{PREFIX}{setting.name.upper()}` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
        assert len(rows) == 1, "one row"
        shown = f"{setting.default:g}" if isinstance(setting.default, float) else str(setting.default)
        assert "`" not in rows[0][0] if setting.default == "" else rows[0][0] == f"`{shown}`", rows[0][0]

    assert faults((setting.name, partial(check, setting)) for setting in fields(Settings)) == []


def test_the_readme_names_no_setting_that_is_gone() -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]*[A-Z])", TEXT))
    assert named <= {setting.name.upper() for setting in fields(Settings)}


def test_the_page_on_evaluation_names_its_measures() -> None:
    table = PAGES["docs/evaluation.md"].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w/]+)`", row)}
    measures = {measure for name in named for measure in
                ([f"hit_at_{k}" for k in (1, 5, 10)] if name == "hit_at_1/5/10" else [name])}
    assert measures and measures <= {measure.name for measure in fields(Summary)}


def test_the_python_shown_imports_what_there_is() -> None:
    examples = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    imports = [node for code in examples for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        module = importlib.import_module(node.module or "")
        assert all(hasattr(module, alias.name) for alias in node.names)


def test_the_pages_are_finished_and_their_links_lead_somewhere() -> None:
    assert re.findall(r"\b[A-Z]+_PLACE\b|TODO|TBD", TEXT) == []
    dead = [f"{page}: {link}" for page, text in PAGES.items() for link in re.findall(r"\]\(([^)#]+)\)", text)
            if "://" not in link and not (ROOT / page).parent.joinpath(link).exists()]
    assert dead == []


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(("target", "steps"), [
    (["chat"], ['assistant refresh --corpus "corpus" --index "index"', 'assistant chat --index "index" --port 7860']),
    (["chat", "CORPUS=my/folder"],
     ['--corpus "my/folder" --index "index-my-folder"', 'chat --index "index-my-folder"']),
    (["test"], ["python -m pytest"]),
])
def test_the_two_commands_of_the_readme_are_in_the_makefile(target: list[str], steps: list[str]) -> None:
    assert f"make {target[0]}" in README
    done = subprocess.run(["make", "-n", *target], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert [step for step in steps if step not in done.stdout] == []
