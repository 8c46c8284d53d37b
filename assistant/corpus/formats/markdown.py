"""Markdown files with YAML front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assistant.corpus.formats.rmrb import is_rmrb, rmrb_fields
from assistant.corpus.formats.source import Row, Source, failure
from assistant.errors import UnreadableFile
from assistant.language.text import squeeze
from assistant.schema import Failure

FRONT_MATTER_CHARACTERS = 2**16
DEPTH = 20
"""Lists within lists of a front matter; an article's fields are strings and lists of strings."""

_FIELD_LINE = re.compile(r"([A-Za-z_]+)\s*:")
_HEADING = re.compile(r"\s*#\s+(?P<title>[^\n]+?)[ \t#]*(?:\n|$)")


def read_markdown(source: Source) -> Iterator[Row | Failure]:
    """One article. Every scalar of the front matter is taken as it is written: a date stays a string."""
    import yaml
    from frontmatter.default_handlers import YAMLHandler

    text = source.text().strip()
    if is_rmrb(text):
        yield Row(rmrb_fields(text))
        return
    handler, fields, body, head = YAMLHandler(), None, text, ""
    if handler.detect(text):
        try:
            head, rest = handler.split(text)
            if len(head) > FRONT_MATTER_CHARACTERS:
                raise UnreadableFile("文件头太长", "its front matter is too long")
            _refuse_bombs(head)
            fields = yaml.load(head, Loader=yaml.BaseLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", None) or "no YAML"
            line = mark.line + 1 if mark else None
            yield failure(source.name, line, "文件头不是 YAML", f"its front matter is not YAML: {reason}")
            return
        except ValueError:  # a rule of dashes, and no second one
            fields = None
        if isinstance(fields, dict):
            body = rest.strip()
    fields = {key: None if value in ("", "~", "null") else value for key, value in (
        fields if isinstance(fields, dict) else {}).items() if isinstance(key, str)}
    lines = {match[1]: n for n, line in enumerate(head.split("\n"), 1) if (match := _FIELD_LINE.match(line))}
    yield Row(_with_heading(fields, body), lines=lines)


def _refuse_bombs(head: str) -> None:
    """Raises UnreadableFile for YAML that is more than it looks: an alias stands for a whole tree, and ten lines of
    them for 10^9 nodes."""
    import yaml

    depth = 0
    for event in yaml.parse(head, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise UnreadableFile("文件头套得太深", "its front matter is nested too deeply")
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1
            raise UnreadableFile(f"文件头第 {line} 行用了 YAML 别名（*），不读；请写出原文",
                                 f"line {line} of its front matter is a YAML alias (*), which is not read; write it out")


def _with_heading(fields: dict[str, Any], body: str) -> dict[str, Any]:
    """The fields with the body. Its "# heading" is the title where there is none; a repeated title is dropped."""
    heading, title = _HEADING.match(body), fields.get("title")
    if heading and not title:
        fields = {**fields, "title": heading["title"]}
    elif heading and not (isinstance(title, str) and squeeze(title) == squeeze(heading["title"])):
        heading = None
    return {**fields, "text": body[heading.end():] if heading else body}
