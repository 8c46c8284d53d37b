"""What the README and the help say exists, and what exists is said there."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import shutil
import subprocess
from dataclasses import fields
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
BLOCKS = re.findall(r"```\n(.*?)```", README, re.DOTALL)


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
    """What the README shows to be typed: in blocks by line, in sentences between backticks."""
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    lines = [line for block in BLOCKS for line in block.splitlines()]
    return [found for text in (*inline, *lines) for found in commands_in(text)]


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert name in {parsed(line) for line in quoted_commands()}


@pytest.mark.parametrize("line", quoted_commands())
def test_every_command_of_the_readme_can_be_typed(line: str) -> None:
    parsed(line)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_example_of_the_help_can_be_typed(name: str) -> None:
    context = click.Context(main.commands[name], info_name=name)
    examples = commands_in(main.commands[name].get_help(context).rpartition("Example:")[2])
    assert name in [parsed(line) for line in examples]


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_option_is_explained(name: str) -> None:
    options = [option for option in main.commands[name].params if isinstance(option, click.Option)]
    silent = [option.name for option in options if not option.help and option.opts[0] not in README]
    assert options and silent == []


def test_every_option_of_the_readme_exists() -> None:
    existing = {name for command in main.commands.values() for option in command.params for name in option.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {"--extra-index-url", "--help", "--path"}
    assert "--dry-run" in named and named <= existing | {"--debug"}


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_every_setting_is_in_the_readme_with_its_default(setting) -> None:
    rows = re.findall(rf"^\| `{PREFIX}{setting.name.upper()}` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    assert len(rows) == 1
    default = rows[0][0]
    if setting.default == "":
        assert "`" not in default
    else:
        assert default == (f"`{setting.default:g}`" if isinstance(setting.default, float) else f"`{setting.default}`")


def test_the_readme_names_no_setting_that_is_gone() -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]*[A-Z])", README))
    assert named <= {setting.name.upper() for setting in fields(Settings)}


def test_the_readme_names_the_measures_of_the_evaluation() -> None:
    table = README.partition("### 评测")[2].partition("##")[0]
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w/]+)`", row)}
    measures = {measure for name in named for measure in
                ([f"hit_at_{k}" for k in (1, 5, 10)] if name == "hit_at_1/5/10" else [name])}
    assert measures and measures <= {measure.name for measure in fields(Summary)}


def test_the_python_of_the_readme_imports_what_there_is() -> None:
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    imports = [node for code in examples for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        module = importlib.import_module(node.module or "")
        assert all(hasattr(module, alias.name) for alias in node.names)


def test_the_readme_is_finished() -> None:
    assert re.findall(r"\b[A-Z]+_PLACE\b|TODO|TBD", README) == []
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links and [link for link in links if not (ROOT / link).exists()] == []


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
