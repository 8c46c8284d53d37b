"""A second, slower look at the best passages: a cross-encoder reads question and passage together.

Off unless a model is set. What it reads is decided in `retrieval`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np

from assistant.errors import RerankerError
from assistant.models.embedding import first_line, foreign_part, model_folder

BATCH = 8
"""Pairs scored at once: on a CPU as fast as 32, with less padding."""

Scorer = Callable[[str, list[str]], np.ndarray]
"""A question and n texts → how well each answers it: n numbers from 0 to 1, in the texts' order."""


class Reranker:
    """A cross-encoder by its name; `load` makes its scorer when the first question comes."""

    def __init__(self, name: str, load: Callable[[], Scorer]) -> None:
        self.name = name
        self._load = load
        self._lock = Lock()  # one question at a time: a tokenizer used by two threads raises "Already borrowed"

    @cached_property
    def _scorer(self) -> Scorer:
        return self._load()

    def scores(self, question: str, texts: list[str]) -> np.ndarray:
        """How well each text answers the question: (n,) from 0 to 1, in the texts' order.

        Raises RerankerError when the model cannot be loaded or gives anything but n such numbers.
        """
        if not texts:
            return np.zeros(0)
        # tokenizers refuse lone surrogates
        readable = [text.encode(errors="replace").decode() for text in (question, *texts)]
        with self._lock:
            scores = np.asarray(self._scorer(readable[0], readable[1:]), dtype=np.float64)
        if scores.shape != (len(texts),) or not ((scores >= 0) & (scores <= 1)).all():  # NaN is neither
            raise RerankerError(
                f"重排模型 {self.name} 给出的分数不对（形状 {scores.shape}，应为 {len(texts)} 个 0 到 1 的数）。"
                "请换一个只打一个分的 CrossEncoder，或不设 ASSISTANT_RERANKER。",
                f"The reranker {self.name} gave unusable scores (shape {scores.shape} or NaN, where {len(texts)} "
                "numbers from 0 to 1 were expected). Set a CrossEncoder with one score, or unset ASSISTANT_RERANKER.")
        return scores


def load_reranker(name: str) -> Reranker | None:
    """The cross-encoder in the folder `name`, else by that name from the hub; None for "".

    Its weights are read when the first question comes. Raises EmbeddingError when there is no such model.
    """
    if not name:
        return None
    folder = model_folder(name, "ASSISTANT_RERANKER")
    return Reranker(Path(name).name, lambda: _cross_encoder(folder))  # visitors see it, but never a path


def _cross_encoder(folder: Path) -> Scorer:
    """A sentence-transformers CrossEncoder; the sigmoid of its logit is the score, whatever its files ask for."""
    try:
        from sentence_transformers import CrossEncoder
        from torch.nn import Sigmoid

        if foreign := foreign_part(folder):
            raise ValueError(f"its part {foreign} is code of its own, which is never run")
        model = CrossEncoder(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # as with embeddings; nothing is swallowed
        raise RerankerError(
            f"重排模型 {folder} 打不开，文件可能残缺（{first_line(error)}）。请重新下载它，或不设 ASSISTANT_RERANKER。",
            f"Cannot load the reranker in {folder}, its files may be incomplete ({first_line(error)}). "
            "Download it again, or unset ASSISTANT_RERANKER.") from error

    def score(question: str, texts: list[str]) -> np.ndarray:
        scores: np.ndarray = model.predict([(question, text) for text in texts], batch_size=BATCH, activation_fn=Sigmoid(),
                                           show_progress_bar=False, convert_to_numpy=True)
        return scores

    return score
