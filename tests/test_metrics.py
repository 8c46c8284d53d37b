"""The measures against values worked out by hand, and CMRC's against its official script."""

import math

import pytest

from assistant.evaluation import metrics


@pytest.mark.parametrize(("text", "expected"), [
    ("馆里有 ３６０００ 册图书。", "馆里有36000册图书"),
    ("《甲街道》“九点”（周末）", "甲街道九点周末"),
    ("满意度9８．5％，", "满意度98.5%"),
    ("3.5万.", "3.5万"),
    ("第1. 共2.5倍…3", "第1共2.5倍3"),
    ("1,200名", "1200名"),
    ("5～10天", "510天"),
    ("馆里[1]有书[12]", "馆里有书"),
    ("ＡＢ a\u200bb\u3000c\n", "ababc"),
    ("热线＋网格", "热线+网格"),
    ("千分之三即3‰", "千分之三即3‰"),
    ("……！？", ""),
])
def test_comparable(text, expected):
    assert metrics.comparable(text) == expected


@pytest.mark.parametrize(("text", "answers", "need", "refused", "expected"), [
    ("馆里有３.5 万册。", ["3.5万册"], "any", False, True),
    ("馆里有35万册。", ["3.5万册"], "any", False, False),
    ("占35。", ["35%"], "any", False, False),
    ("有张三。", ["李四", "张三"], "any", False, True),
    ("有张三。", ["李四", "张三"], "all", False, False),
    ("有张三、李四。", ["李四", "张三"], "all", False, True),
    ("有张三。", ["张三"], "any", True, False),
    ("有张三。", [], "any", False, False),
    ("有张三。", [], "all", False, False),
    ("有张三。", ["。"], "any", False, False),
    ("有人。[1]", ["1"], "any", False, False),
])
def test_accurate(text, answers, need, refused, expected):
    assert metrics.accurate(text, answers, need, refused) is expected


@pytest.mark.parametrize(("said", "answers", "em", "f1"), [
    # EM and F1 as cmrc2018_evaluate.py printed them
    ("北京市朝阳区", ["朝阳区", "北京"], 0, 2 / 3),
    ("2025年11月18日", ["11月18日"], 0, 0.8),
    ("约22.5%的居民", ["22.5%"], 0, 0.5),
    ("1,200名", ["1200名"], 0, 0.5),
    ("iPhone 6s手机", ["iphone 6s"], 0, 2 / 3),
    ("《某市晚报》", ["某市晚报"], 1, 1),
    ("甲乙丙丁", ["丁丙乙甲"], 0, 0.25),
    ("A公司的B项目", ["B项目"], 0, 0.6),
    ("张三、李四", ["张三李四"], 1, 1),
    ("", ["张三"], 0, 0),
    ("3-5天", ["3～5天"], 1, 1),
    ("来自Henry A. Walsh", ["Henry A. Walsh"], 0, 0.75),
])
def test_short_answers_score_as_in_cmrc(said, answers, em, f1):
    assert metrics.exact_match(said, answers) == em
    assert metrics.f1(said, answers) == pytest.approx(f1)


def test_rankings():
    ranked = metrics.grouped(["a", "a", "b", "a", "c"])
    assert ranked == ["a", "b", "c"]
    assert [metrics.hit(ranked, {"b"}, k) for k in (1, 2, 5)] == [0, 1, 1]
    assert metrics.reciprocal_rank(ranked, {"c", "x"}) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(ranked, {"c"}, k=2) == 0
    assert metrics.reciprocal_rank([], {"c"}) == 0


def test_ndcg():
    assert metrics.ndcg(["a", "b"], ["a", "b"]) == 1
    assert metrics.ndcg(["x", "a"], ["a"]) == pytest.approx(1 / math.log2(3))
    best = 1 + 1 / math.log2(3)
    assert metrics.ndcg(["a", "x", "b"], ["b", "a"]) == pytest.approx((1 + 0.5) / best)
    assert metrics.ndcg(["x"], ["a"]) == 0


def test_citations():
    assert metrics.supports("a", "无关的话", ["a"], ["九点"])
    assert metrics.supports("b", "开放到 九点。", ["a"], ["九点"])
    assert not metrics.supports("b", "无关的话", ["a"], ["九点"])
    assert metrics.recall({"a", "x"}, ["a", "b"]) == 0.5


def test_percentile_is_the_nearest_rank():
    values = [50, 10, 40, 20, 30]
    assert [metrics.percentile(values, share) for share in (0, 0.2, 0.21, 0.5, 0.95, 1)] == [10, 10, 20, 30, 50, 50]


def test_bootstrap_interval_of_a_share():
    # The normal approximation for half of 100 is 0.5 ± 0.098.
    low, high = metrics.bootstrap_interval([0, 1] * 50)
    assert (low, high) == pytest.approx((0.402, 0.598), abs=0.02)
    assert (low, high) == metrics.bootstrap_interval([0, 1] * 50)
    assert metrics.bootstrap_interval([1.0] * 7) == (1, 1)


def test_nothing_has_no_mean():
    assert metrics.mean([]) is None
    assert metrics.percentile([], 0.5) is None
    assert metrics.bootstrap_interval([]) is None
    assert metrics.mean([1, 0]) == 0.5
