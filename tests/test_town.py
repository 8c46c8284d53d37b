"""What an archive knows of itself, of a second made city: each question of `town/questions.jsonl` is answered as it says.

The questions were written while the code was made, to hold what works; they measure nothing (tests/test_city.py does).
"""

from __future__ import annotations

import json
from pathlib import Path

from assistant.chain import AnswerChain
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import Embedding
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever
from assistant.schema import Answer, Ask, Turn
from tests.test_city import is_right

TOWN = Path(__file__).parent / "town"


def is_as_said(case: dict, answer: Answer) -> bool:
    """Whether an answer is right, with the short answers and the notes that the case names."""
    strong = [answer.text[start:end] for start, end in answer.emphasis]
    return is_right(case, answer) and all(words in strong for words in case.get("strong", ())) \
        and all(any(words in note for note in answer.notes) for words in case.get("notes", ()))


def test_a_town_asked_of_itself(shipped_embedding: Embedding, shipped_reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/paper.jsonl").write_text((TOWN / "paper.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    refresh(tmp_path / "corpus", tmp_path / "index", shipped_embedding)
    chain = AnswerChain(HybridRetriever(index=Index(tmp_path / "index"), embedding=shipped_embedding), shipped_reader, suggest=False)
    wrong = {}
    for case in map(json.loads, (TOWN / "questions.jsonl").read_text(encoding="utf-8").splitlines()):
        before = case.get("before", "")
        history = (Turn(before, chain.invoke(before).text),) if before else ()
        answer = chain.invoke(Ask(case["q"], history))
        if not is_as_said(case, answer):
            wrong[case["q"]] = answer.text[:150]
    assert wrong == {}
