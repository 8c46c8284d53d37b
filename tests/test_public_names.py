"""What another program imports, the example of it, and the log."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import assistant
from assistant.api.logs import JsonLines
from assistant.cli import main

ROOT = Path(__file__).parent.parent


def test_the_package_is_light_until_a_name_is_used() -> None:
    said = subprocess.run([sys.executable, "-c", "import sys, assistant; print(len(sys.modules)); assistant.load_settings; "
                           "print('chromadb' in sys.modules, 'langchain_core' in sys.modules)"],
                          capture_output=True, text=True, check=True, cwd=ROOT)
    loaded, heavy = said.stdout.split("\n")[:2]
    assert int(loaded) < 200 and heavy == "False False"


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(assistant, name) for name in assistant.__all__)
    with pytest.raises(AttributeError):
        assistant.nothing  # noqa: B018


def test_the_example_answers(sample_index: Path) -> None:
    said = subprocess.run([sys.executable, "docs/example.py"], capture_output=True, text=True, check=True, cwd=ROOT,
                          env={**os.environ, "ASSISTANT_INDEX": str(sample_index), "PYTHONPATH": str(ROOT)})
    assert "586" in said.stdout and "[1] " in said.stdout


def test_a_log_line_is_an_object_without_the_question() -> None:
    record = logging.LogRecord("assistant", logging.INFO, "", 0, "asked", (), None)
    record.beside = {"door": "/api/", "status": 200, "seconds": 0.1}
    row = json.loads(JsonLines().format(record))
    assert (row["message"], row["status"], row["level"]) == ("asked", 200, "info") and set(row) == {
        "time", "level", "logger", "message", "door", "status", "seconds"}


def test_the_doctor_says_what_to_type(sample_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSISTANT_PORT", "0")
    well = CliRunner().invoke(main, ["doctor", "--index", str(sample_index)])
    assert "10 篇" in well.output and "不行 no  索引" not in well.output
    ill = CliRunner().invoke(main, ["doctor", "--index", "none"], env={"ASSISTANT_HOST": "0.0.0.0", "ASSISTANT_LLM": "x"})
    assert ill.exit_code == 1
    for remedy in ("assistant refresh --index none", "ASSISTANT_LLM=openai:", "assistant user add NAME"):
        assert remedy in ill.output
