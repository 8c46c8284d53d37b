"""What the articles say where a question presumes something else."""

from __future__ import annotations

import pytest

from assistant.chain import AnswerChain
from assistant.reading.premises import corrected
from assistant.schema import Article

HALL = Article("a", "本报讯（记者张三）城西区的“一呼百应”调度中心运行以来，累计处理诉求300件。“一呼百应”调度中心主任赵六介绍，他是2023年到任的。", date="2025-11")


@pytest.mark.parametrize(("question", "held"), [
    ("山阳区聘了多少名骑手当兼职网格员？", "报道中说的是解放区，不是山阳区：“本报讯（记者詹长松 通讯员张涛）在解放区，外卖骑手王明路"),
    ("马村区的“民呼必应”调度中心解决了哪些疑难问题？", "报道中说的是中站区，不是马村区：“据《焦作日报》报道，中站区的"),
    ("国防部1965年授予王忠殿“战斗英雄”称号时举行了什么仪式？", "报道中说的是1963年，不是1965年：“据了解，王忠殿烈士"),
    ("首场演出11月22日在哪里举行", "报道中说的是11月21日，不是11月22日：“本报讯（记者张苗）"),
    ("科普专家人才库入库的专家有154名吗", "报道中说的是54名，不是154名：“解放区科协筹建科普专家人才库，入库的各领域专家有54名；……”[1]"),
    ("张海霞是哪个陈列馆的馆长", "报道中说的是陈海霞，不是张海霞：“王忠殿事迹陈列馆馆长陈海霞是王忠殿烈士的外甥女"),
])
def test_a_wrong_place_year_number_or_person_is_set_right_in_the_refusal(sample_chain: AnswerChain, question: str, held: str) -> None:
    answer = sample_chain.invoke(question)
    assert (answer.refused, answer.kind) == (True, "refusal")
    assert held in answer.text and "最接近的报道：" in answer.text and "没有提到" not in answer.text
    first = answer.citations[0]
    assert first.n == 1 and f"“{first.quote}" in answer.text
    assert first.emphasis and answer.text[slice(*answer.emphasis[0])] in held


@pytest.mark.parametrize(("question", "said"), [
    ("焦作明天的房价是多少？", "在 10 篇报道（焦作日报，2025年11月）里没有找到能回答这个问题的内容。"),
    ("郑州市的地铁有几条线？", "10 篇报道（焦作日报，2025年11月）里都没有提到“郑州市”。"),
    ("李明哲是谁", "在 10 篇报道（焦作日报，2025年11月）里没有找到能回答这个问题的内容。")])
def test_a_refusal_claims_nothing_where_nothing_is_clear(sample_chain: AnswerChain, question: str, said: str) -> None:
    answer = sample_chain.invoke(question)
    assert answer.refused and "报道中说的是" not in answer.text
    assert answer.text.startswith(said)


@pytest.mark.parametrize(("question", "unknown", "reported"), [
    ("城东区的“一呼百应”调度中心处理了多少诉求", ["城东区"], "城西区"),
    ("“一呼百应”调度中心主任孙七是哪年到任的", ["孙七"], "赵六"),
    ("“一呼百应”调度中心主任赵六2021年到任后做了什么", ["2021年"], "2023年"),
    ("“一呼百应”调度中心运行以来累计处理诉求900件吗", ["900件"], "300件"),
])
def test_the_thing_of_the_same_kind_beside_the_other_words(question: str, unknown: list[str], reported: str) -> None:
    found = corrected(question, unknown, [HALL])
    assert found and (found.presumed, found.reported) == (unknown[0], reported)
    assert HALL.text[found.start:found.end][slice(*found.emphasis)] == reported


@pytest.mark.parametrize(("question", "unknown", "text"), [
    ("城东区有几个", ["城东区"], HALL.text),  # too little else is asked
    ("城东区的桥梁改造工程花费了多少资金", ["城东区"], HALL.text),  # the article is about something else
    ("城东区的调度中心主任孙七处理了多少诉求", ["城东区", "孙七"], HALL.text),  # two things are wrong
    ("城东区的调度中心累计处理多少诉求", ["城东区"], "西山区的调度中心累计处理诉求300件，南山区的调度中心累计处理诉求5件。"),  # either
    ("城东区的调度中心累计处理多少诉求", ["城东区"], "这个社区的调度中心累计处理诉求300件。"),  # no place of the kind
    ("中医院的调度中心累计处理多少诉求", ["中医院"], "中医医院的调度中心累计处理诉求300件。"),  # one name in two forms
    ("调度中心累计处理的900件诉求都办结了吗", ["900件"], "调度中心累计处理的300件诉求都办结，另有20件在办。"),
])
def test_what_is_not_clear_is_not_claimed(question: str, unknown: list[str], text: str) -> None:
    assert corrected(question, unknown, [Article("b", text)]) is None
