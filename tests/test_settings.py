"""Settings: which source wins, what is refused, and that the key stays out of sight."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.settings import PREFIX, SETTINGS_FILE, Settings, load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder without an assistant.toml."""
    monkeypatch.chdir(tmp_path)


def written(text: str, name: str = "given.toml") -> Path:
    Path(name).write_text(text, encoding="utf-8")
    return Path(name)


def refused(*arguments: object, **given: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(*arguments, **given)
    assert not any(line.isspace() for line in str(caught.value).split("\n")) and str(caught.value).count("\n") == 1
    return str(caught.value)


def test_nothing_given_means_the_defaults() -> None:
    assert load_settings({}) == Settings()


def test_arguments_win_over_the_environment_over_the_file_over_the_defaults() -> None:
    file = written('corpus = "file"\nindex = "file"\nport = 1')
    found = load_settings({"ASSISTANT_INDEX": "environment", "ASSISTANT_PORT": "2"}, file, port=3, host=None)
    assert found == Settings(corpus="file", index="environment", port=3)


def test_the_file_in_the_working_folder_is_read_unless_another_is_named() -> None:
    written("port = 1", SETTINGS_FILE)
    assert load_settings({}).port == 1
    assert load_settings({f"{PREFIX}SETTINGS": str(written("port = 2"))}).port == 2


@pytest.mark.parametrize("name", [f.name for f in fields(Settings)])
def test_every_setting_has_its_variable_and_its_line_in_the_file(name: str) -> None:
    value = {"port": 81, "llm_timeout": 2.5, "llm_unsupported": "quotes",
             "vectors": "http://127.0.0.1:8000", "public_url": "https://paper.example.org/ask", "rate_limit": 5, "desk_days": 30, "log": "json",
             "embed": "https://a.example https://b.example"}.get(name, "甲")
    expected = Settings(**{name: value})
    assert load_settings({PREFIX + name.upper(): str(value)}) == expected
    assert load_settings({}, written(f"{name} = {value!r}")) == expected
    assert load_settings({}, **{name: value}) == expected


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_CORPUS", "甲")
    assert load_settings().corpus == "甲"


def test_a_path_becomes_text_and_a_whole_number_seconds() -> None:
    assert load_settings({}, corpus=Path("甲/乙"), llm_timeout=5) == Settings(corpus="甲/乙", llm_timeout=5.0)


@pytest.mark.parametrize(("name", "value"), [
    ("port", "x"), ("port", ""), ("port", -1), ("port", 65536), ("port", [80]), ("llm_timeout", 0),
    ("llm_timeout", -1), ("llm_timeout", "nan"), ("llm_timeout", "bald"), ("corpus", 3), ("corpus", b"x"),
    ("index", {"x": 1}),
    ("port", 80.9),
    ("llm_timeout", "inf"), ("llm_unsupported", "mark"), ("rate_limit", -1), ("embed", "evil; script-src *"), ("public_url", "paper.example.org"),
    ("public_url", "ftp://paper.example.org"), ("public_url", "https://paper.example.org/?x"), ("llm_unsupported", ""),
])
def test_a_wrong_value_is_refused_with_its_name_and_the_way_out(name: str, value: object) -> None:
    message = refused({}, **{name: value})
    assert f"{PREFIX}{name.upper()}" in message and repr(value) in message


@pytest.mark.parametrize("text", ["prot = 1", '[llm]\nname = "x"', "port =", "port = 'x'"])
def test_a_wrong_file_is_refused(text: str) -> None:
    refused({}, written(text))


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    message = refused({}, written("prot = 1"))
    assert message.startswith("given.toml 里的设置 prot 不认识。") and "llm_timeout、llm_unsupported、log、port、" in message


def test_a_named_file_must_be_there_and_be_utf8_text() -> None:
    Path("latin.toml").write_bytes(b'corpus = "\xe9"')
    assert "none.toml" in refused({}, Path("none.toml"))
    assert "none.toml" in refused({f"{PREFIX}SETTINGS": "none.toml"})
    assert "latin.toml" in refused({}, Path("latin.toml"))
    assert str(Path.cwd()) in refused({f"{PREFIX}SETTINGS": str(Path.cwd())})


def test_the_key_is_never_shown() -> None:
    assert "geheim" not in repr(load_settings({"ASSISTANT_LLM_API_KEY": "geheim"}))
    assert "geheim" not in refused({}, written('llm_api_key = ["geheim"]'))


def test_every_setting_is_explained_under_it() -> None:
    source = Path(load_settings.__code__.co_filename).read_text(encoding="utf-8")
    lines = source.split("class Settings")[1].split("\n\n\n")[0].splitlines()
    for number, line in enumerate(lines):
        if line.startswith("    ") and ": " in line and " = " in line and '"""' not in line:
            assert lines[number + 1].startswith('    """'), line
