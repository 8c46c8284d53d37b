"""A name is mentioned where it stands as a word, and not where its characters stand in others."""

from __future__ import annotations

from assistant.language.borders import mentions

MENTIONED = (("记者张明说", "张明"), ("去山东省旅游", "山东"), ("山东门户网站", "山东"), ("南岸区有护林员", "护林"), ("总工会举行", "工会"),
             ("张林在北岭", "张林"), ("高平市", "高平"), ("市人社局发放", "人社局"), ("茶农们", "茶农"), ("普法活动", "普法"), ("ＡＢＣ公司", "abc"),
             ("冬训营开营", "冬训营"), ("供水管网", "供水"))
ELSEWHERE = (("农户提高平均亩产", "高平"), ("青屏山东门停车场", "山东"), ("云台山东门", "山东"), ("小学学生张明星在省里", "张明"), ("张明芳", "张明"),
             ("老张明天来", "张明"), ("ABC5号", "abc"), ("", "张明"), ("张明", ""))


def test_where_a_name_is_mentioned() -> None:
    missed = [pair for pair in MENTIONED if not list(mentions(*pair))]
    taken = [pair for pair in ELSEWHERE if list(mentions(*pair))]
    assert (missed, taken) == ([], [])


def test_every_mention_is_given_in_the_text_s_own_offsets() -> None:
    assert list(mentions("張林說，张林又说", "张林")) == [(0, 2), (4, 6)]
