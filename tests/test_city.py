"""A made city's newspaper and questions of the kinds that a local paper's readers ask, through the whole chain.

The questions in `city/questions.jsonl` were written from the articles before any answer was seen.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from assistant.chain import AnswerChain
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import Embedding
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever
from assistant.schema import Answer

CITY = Path(__file__).parent / "city"
RIGHT, REFUSED = 0.85, 0.70
"""Shares of the answerable questions answered right and of the others refused, at least."""


def is_right(case: dict, answer: Answer) -> bool:
    """Whether an answer holds all that it must, cites all articles that it must and no other, and is refused if it must be."""
    cited = {citation.article_id for citation in answer.citations}
    return (answer.refused == case.get("refused", False)
            and all(words in answer.text for words in case.get("holds", ()))
            and not any(words in answer.text for words in case.get("lacks", ()))
            and ("cites" not in case or cited == set(case["cites"])))


def test_a_city_asked_through_the_whole_chain(shipped_embedding: Embedding, shipped_reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/paper.jsonl").write_text((CITY / "paper.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    refresh(tmp_path / "corpus", tmp_path / "index", shipped_embedding)
    chain = AnswerChain(HybridRetriever(index=Index(tmp_path / "index"), embedding=shipped_embedding), shipped_reader, suggest=False)
    asked, right = Counter[tuple[bool, str]](), Counter[tuple[bool, str]]()
    for case in map(json.loads, (CITY / "questions.jsonl").read_text(encoding="utf-8").splitlines()):
        kind = case.get("refused", False), case["kind"]
        answer = chain.invoke(case["q"])
        asked[kind] += 1
        right[kind] += is_right(case, answer)
        if not is_right(case, answer):
            print(f"{case['kind']}: {case['q']} → {'refused: ' if answer.refused else ''}{answer.text[:160]!r}")
    for (refused, kind), n in asked.items():
        print(f"{kind:24}{right[refused, kind]:3} of {n}{' refused' if refused else ''}")
    shares = [sum(right[kind] for kind in asked if kind[0] == refused) / sum(asked[kind] for kind in asked if kind[0] == refused)
              for refused in (False, True)]
    print(f"right {shares[0]:.1%}, unanswerable refused {shares[1]:.1%}")
    assert shares[0] >= RIGHT and shares[1] >= REFUSED


