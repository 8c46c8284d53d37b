"""Boosted regression trees and a logistic regression as readable JSON, evaluated with NumPy: no pickle, no sklearn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Trees:
    """Gradient boosted trees (Friedman 2001). Node arrays are (trees, nodes); a leaf is its own child."""

    names: tuple[str, ...]
    start: float
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    depth: int

    @classmethod
    def from_json(cls, model: Mapping[str, Any]) -> Trees:
        """The trees that reader_training wrote: one list of nodes a tree, [feature, threshold, left, right] or [value]."""
        most = max(len(tree) for tree in model["trees"])
        shape = (len(model["trees"]), most)
        feature, left, right = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        threshold, value = np.zeros(shape), np.zeros(shape)
        for t, tree in enumerate(model["trees"]):
            for n, node in enumerate(tree):
                if len(node) == 1:
                    value[t, n], left[t, n], right[t, n] = node[0], n, n
                else:
                    feature[t, n], threshold[t, n], left[t, n], right[t, n] = node
        return cls(tuple(model["features"]), model["start"], feature, threshold, left, right, value, model["depth"])

    def probability(self, rows: np.ndarray) -> np.ndarray:
        """The probability (n,) of each row of a float array (n, len(names))."""
        tree = np.arange(len(self.feature))
        node = np.zeros((len(rows), len(tree)), dtype=np.int64)
        for _ in range(self.depth):
            values = np.take_along_axis(rows, self.feature[tree, node], axis=1)
            node = np.where(values <= self.threshold[tree, node], self.left[tree, node], self.right[tree, node])
        return 1 / (1 + np.exp(-(self.start + self.value[tree, node].sum(axis=1))))


@dataclass(frozen=True, eq=False)
class Logistic:
    """A logistic regression over standardised columns, and the probability below which one refuses."""

    names: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray
    weight: np.ndarray
    bias: float
    threshold: float

    @classmethod
    def from_json(cls, model: Mapping[str, Any]) -> Logistic:
        """The regression that reader_training wrote, one entry a column, in the order of the rows' columns."""
        columns: Sequence[Mapping[str, float]] = list(model["columns"].values())
        mean, deviation, weight = (np.array([column[key] for column in columns]) for key in ("mean", "deviation", "weight"))
        return cls(tuple(model["columns"]), mean, deviation, weight, model["bias"], model["threshold"])

    def probability(self, row: np.ndarray) -> float:
        """The probability of one row (len(names),)."""
        return float(1 / (1 + np.exp(-(self.bias + self.weight @ ((row - self.mean) / self.deviation)))))
