"""Personal names, found well enough to check an answer."""

from __future__ import annotations

import pytest

from assistant.language.names import names, unsupported_names


@pytest.mark.parametrize(("text", "expected"), [
    ("馆长陈海明说", ["陈海明"]), ("本报记者张三丰报道", ["张三丰"]), ("村民高超凡把车停下", ["高超凡"]), ("李先生来了", ["李先生"]),
    ("嫌疑人王某被抓", ["王某"]), ("欧阳明表示", ["欧阳明"]), ("球员雷诺·艾德到场", ["雷诺·艾德"]), ("由周亚担任导演", ["周亚"]),
    ("获奖的有王小明、李四光、高平", ["王小明", "李四光", "高平"]),
])
def test_names_are_found(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in names(text)] == expected


@pytest.mark.parametrize("text", ["", "高水平开放", "文明城市建设单位", "解放区向群众张开怀抱", "查消防要严", "no names here", "黄河边的陈列馆"])
def test_words_are_no_names(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(("text", "missing"), [
    ("馆长陈海霞介绍", []), ("陈海霞馆长写道", []), ("馆长陈海明介绍", ["陈海明"]), ("馆长王海霞介绍", ["王海霞"]),
    ("记者张苗写了这篇报道", []), ("记者张苹写了这篇报道", ["张苹"]), ("陈女士讲解", []), ("刘女士讲解", ["刘女士"]),
])
def test_only_names_that_do_not_stand_there_are_told(text: str, missing: list[str]) -> None:
    evidence = "本报讯（记者张苗）馆长陈海霞是家属。陈海霞和丈夫自费建馆，陈海霞说：“讲了五年。”"
    assert [text[start:end] for start, end in unsupported_names(text, evidence)] == missing
