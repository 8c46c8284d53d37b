"""Trees and regression against values worked out by hand, and against a plain walk down each tree."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.models.boosted_trees import Logistic, Trees

STUMP_AND_LEAF = {"features": ["a", "b"], "start": 0.5, "depth": 2,
                  "trees": [[[0, 1.0, 1, 2], [-1.0], [1, 0.0, 3, 4], [2.0], [3.0]], [[0.25]]]}


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_probabilities_by_hand() -> None:
    trees = Trees.from_json(STUMP_AND_LEAF)
    rows = np.array([[1.0, 9], [1.1, 0], [1.1, 0.1], [9, 9]])  # a value on the threshold goes left
    assert trees.names == ("a", "b")
    assert trees.probability(rows) == pytest.approx([sigmoid(0.5 + leaf + 0.25) for leaf in (-1, 2, 3, 3)], abs=1e-12)


def test_a_row_has_the_same_probability_alone_and_no_rows_have_none() -> None:
    trees, rows = Trees.from_json(STUMP_AND_LEAF), np.array([[0.0, 0], [2, -1], [2, 1]])
    assert [trees.probability(row[None])[0] for row in rows] == trees.probability(rows).tolist()
    assert trees.probability(np.zeros((0, 2))).shape == (0,)


def grown(draw: st.DrawFn, depth: int, nodes: list) -> int:
    """Adds a random tree of at most `depth` splits to `nodes`, parents before children; its root's place."""
    place = len(nodes)
    nodes.append([draw(st.floats(-2, 2))])
    if depth and draw(st.booleans()):
        split = [draw(st.integers(0, 2)), draw(st.integers(-2, 2)) / 2]
        nodes[place] = [*split, grown(draw, depth - 1, nodes), grown(draw, depth - 1, nodes)]
    return place


@st.composite
def models(draw: st.DrawFn) -> dict:
    trees: list[list] = [[] for _ in range(draw(st.integers(1, 3)))]
    for nodes in trees:
        grown(draw, 3, nodes)
    return {"features": ["a", "b", "c"], "start": draw(st.floats(-1, 1)), "depth": 3, "trees": trees}


def walked(model: dict, row: tuple[float, ...]) -> float:
    total = model["start"]
    for tree in model["trees"]:
        node = tree[0]
        while len(node) > 1:
            feature, threshold, left, right = node
            node = tree[left if row[feature] <= threshold else right]
        total += node[0]
    return sigmoid(total)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(models(), st.lists(st.tuples(*[st.sampled_from([-1.5, -0.5, 0, 0.5, 1])] * 3), min_size=1, max_size=4))
def test_all_trees_at_once_equal_a_walk_down_each(model: dict, rows: list[tuple[float, ...]]) -> None:
    trees = Trees.from_json(json.loads(json.dumps(model)))
    assert trees.probability(np.array(rows)) == pytest.approx([walked(model, row) for row in rows], abs=1e-12)


def test_a_regression_by_hand() -> None:
    model = Logistic.from_json({"bias": 0.5, "threshold": 0.4, "columns": {
        "a": {"mean": 1, "deviation": 2, "weight": 3}, "b": {"mean": 0, "deviation": 1, "weight": -1}}})
    assert (model.names, model.threshold) == (("a", "b"), 0.4)
    assert model.probability(np.array([3.0, 1.0])) == pytest.approx(sigmoid(0.5 + 3 - 1), abs=1e-12)
    assert model.probability(np.array([1.0, 0.0])) == pytest.approx(sigmoid(0.5), abs=1e-12)
