"""Numbers that count nothing: of telephones and of documents, each in one form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from assistant.language.numerals import PLAIN

_HAN = "[\u4e00-\u9fff]"
_CODE = re.compile(
    r"[〔\[(（【{](?P<year>(?:19|20)\d\d)[〕\])）】}] ?第? ?(?P<n>\d+) ?号"
    r"|(?<![\d.-])(?P<phone>0\d{2,3}[- ]?\d{7,8}|\(0\d{2,3}\) ?\d{7,8}|1[3-9]\d{9}|[48]00-?\d{3}-?\d{4}"
    r"|(?:(?<=热线)|(?<=电话)|(?<=号码))[:为是 ]{0,2}\d{3,8}(?!-\d))(?![\d.%])")
_ISSUER = re.compile(f"{_HAN}{{1,10}}$")


@dataclass(frozen=True, slots=True)
class Code:
    """`text[start:end]` is a telephone's number ("phone") or a document's ("document").

    `name` is its one form: digits only, or 云政〔2019〕8号 whatever brackets are printed.
    """

    start: int
    end: int
    kind: str
    name: str


def codes(text: str) -> list[Code]:
    """Every telephone and document number of `text`, in order."""
    return list(_codes(text.translate(PLAIN)))


@lru_cache(maxsize=64)
def _codes(plain: str) -> tuple[Code, ...]:
    found = []
    for match in _CODE.finditer(plain):
        if match["year"]:
            issuer = _issuer(plain, match.start())
            name = f"{issuer}〔{match['year']}〕{match['n']}号"
            found.append(Code(match.start() - len(issuer), match.end(), "document", name))
        else:
            start = match.start() + len(re.match(r"[:为是 ]*", match.group()).group())  # type: ignore[union-attr]
            found.append(Code(start, match.end(), "phone", re.sub(r"\D", "", match.group())))
    return tuple(found)


def _issuer(plain: str, end: int) -> str:
    """The short name of the body before a document's year: 云政办 of 根据云政办〔2021〕15号; "" for none."""
    import rjieba

    run = _ISSUER.search(plain, max(0, end - 10), end)
    issuer = ""
    for word, tag in reversed(rjieba.tag(run.group()) if run else []):
        if tag[0] in "pcuv" and len(word) > 1 or tag[0] in "pcu":
            break
        issuer = word + issuer
    return issuer
