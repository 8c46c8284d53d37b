"""What a thing is called now and was called before, asked both ways of an archive whose articles tell it."""

from __future__ import annotations

import json

import pytest

from assistant.chain import AnswerChain
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.language.aliases import Told, told_names
from assistant.models.embedding import Embedding
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever
from assistant.schema import Answer

PAPER = {
    "a": ("2023-03-02", "3月1日，汀兰市第五人民医院（原汀兰市职工医院）揭牌，开放床位480张。"),
    "b": ("2023-07-15", "7月14日，枫桥县正式更名为枫桥区，枫桥区现有人口41万人。"),
    "c": ("2019-09-01", "汀兰师范学校更名为汀兰师范专科学校，校址不变。"),
    "d": ("2023-09-01", "汀兰师范专科学校于8月31日经省政府批准，正式更名为汀兰师范学院。"),
    "e": ("2024-09-01", "市七中今年招收新生900名，教师120名。")}


@pytest.fixture(scope="module")
def chain(shipped_embedding: Embedding, shipped_reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> AnswerChain:
    folder = tmp_path_factory.mktemp("renamed")
    rows = [{"id": name, "title": f"短讯{name}", "date": date, "newspaper": "汀兰日报", "text": text} for name, (date, text) in PAPER.items()]
    (folder / "corpus").mkdir()
    (folder / "corpus/paper.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    refresh(folder / "corpus", folder / "index", shipped_embedding)
    return AnswerChain(HybridRetriever(index=Index(folder / "index"), embedding=shipped_embedding), shipped_reader, suggest=False)


def strong(answer: Answer) -> set[str]:
    return {answer.text[start:end] for start, end in answer.emphasis}


@pytest.mark.parametrize(("question", "names"), [
    ("汀兰市职工医院现在叫什么？", {"汀兰市第五人民医院"}), ("原市职工医院是现在的哪家医院？", {"汀兰市第五人民医院"}),
    ("市五院的前身是什么？", {"汀兰市职工医院"}), ("枫桥区以前叫什么名字？", {"枫桥县"}), ("枫桥县现在是哪里？", {"枫桥区"}),
    ("汀兰师范学校现在叫什么？", {"汀兰师范专科学校", "汀兰师范学院"}), ("汀兰师范学院原来叫什么？", {"汀兰师范专科学校", "汀兰师范学校"})])
def test_names_are_asked_forwards_and_backwards(chain: AnswerChain, question: str, names: set[str]) -> None:
    answer = chain.invoke(question)
    assert not answer.refused and strong(answer) == names


def test_what_no_article_tells_is_not_made_up(chain: AnswerChain) -> None:
    assert chain.invoke("市七中原来叫什么？").refused
    assert not strong(chain.invoke("市七中今年招收多少新生？")) & {"汀兰市职工医院", "枫桥县"}


@pytest.mark.parametrize(("text", "told"), [
    ("石岭化工厂2004年改制为石岭化工集团有限公司。", [Told("石岭化工集团有限公司", "石岭化工厂", True)]),
    ("汀兰师范学院的前身是汀兰师范专科学校。", [Told("汀兰师范学院", "汀兰师范专科学校", True)]),
    ("汀兰师范学院由汀兰师范专科学校更名而来。", [Told("汀兰师范学院", "汀兰师范专科学校", True)]),
    ("澄陵纺织集团有限公司（以下简称“澄纺集团”）投产。", [Told("澄陵纺织集团有限公司", "澄纺集团")]),
    ("张三改名为李四。", [])])
def test_sentences_that_tell_two_names(text: str, told: list[Told]) -> None:
    assert told_names(text) == told
