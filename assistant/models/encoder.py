"""The reading encoder: question, lead and window read together, by onnxruntime, without torch.

`model.onnx` and `tokenizer.json` lie in a folder, the shipped one in models/reader beside its card. For each window it
says whether the window answers, and for each token how likely the evidence and the short answer begin and end there.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import SettingsError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

SHIPPED = Path(__file__).parent / "reader"
EVIDENCE, SHORT = 0, 2
"""First columns of the span logits: the stretch that answers in full, the short answer; each has a start and an end."""
QUESTION_TOKENS, LEAD_TOKENS, WINDOW_TOKENS = 48, 48, 192
"""What is read of a question, of what leads to a window and of the window, as in training: 65, 65 and 270 characters."""
BEGIN, PAD, END = 0, 1, 2
"""The pieces of the tokenizer that stand around and behind a text."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the encoder makes of one window.

    `answers` is a logit. `spans` (tokens, 4) are logits of start and end of evidence and of the short answer, each less
    that of there being none; `places` (tokens, 2) are the characters of the window that a token covers.
    """

    answers: float
    spans: np.ndarray
    places: np.ndarray

    def best(self, kind: int, n: int = 5, longest: int = 160) -> list[tuple[float, int, int]]:
        """The `n` best spans of a kind, at most `longest` characters each, as (score, start, end), best first."""
        if not len(self.places):
            return []
        scores = self.spans[:, kind, None] + self.spans[None, :, kind + 1]
        lengths = self.places[None, :, 1] - self.places[:, None, 0]
        scores = np.where((lengths > 0) & (lengths <= longest), scores, -np.inf)
        order = np.argsort(-scores, axis=None)[:n]
        pairs = (divmod(int(at), len(self.places)) for at in order if np.isfinite(scores.flat[at]))
        return [(float(scores[i, j]), int(self.places[i, 0]), int(self.places[j, 1])) for i, j in pairs]


def head_of(question: Sequence[int], lead: Sequence[int]) -> list[int]:
    """The pieces that stand before a window's: `<s> question </s></s> lead </s>`, without a lead up to the second `</s>`."""
    begun = [BEGIN, *question[:QUESTION_TOKENS], END, END]
    return [*begun, *lead[:LEAD_TOKENS], END] if lead else begun


class Encoder:
    """A folder's encoder; one may be used by several threads."""

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, threads: int) -> None:
        self._session, self._tokenizer = session, tokenizer
        self._threads = ThreadPoolExecutor(threads, "reader")

    @classmethod
    def from_folder(cls, folder: Path = SHIPPED, threads: int = 2) -> Encoder:
        """The encoder whose files lie in `folder`. Raises SettingsError where they are missing or not its own."""
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # windows are shared out, not matrices
        options.log_severity_level = 3
        try:
            session = InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
            if [one.name for one in session.get_inputs()] != ["ids"]:
                raise ValueError("model.onnx is an earlier version's")
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # onnxruntime and tokenizers raise bare ones; nothing is swallowed
            raise SettingsError(
                f"摘句模型 {folder} 打不开（{str(error).splitlines()[0]}）。请重新安装本程序，"
                "或改正 ASSISTANT_READER；自己训练用 assistant train-reader。",
                f"Cannot load the reader in {folder} ({str(error).splitlines()[0]}). Install this program again, correct "
                "ASSISTANT_READER, or train one with: assistant train-reader") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(session, tokenizer, threads)

    def read(self, asked: Sequence[tuple[str, str, str]]) -> list[Judgement]:
        """A judgement of each (question, lead, window), in order; what lies behind WINDOW_TOKENS of a window is not read."""
        if not asked:
            return []
        # tokenizers refuse lone surrogates
        readable = [text.encode(errors="replace").decode() for texts in asked for text in texts]
        coded = self._tokenizer.encode_batch(readable, add_special_tokens=False)
        heads = [head_of(question.ids, lead.ids) for question, lead in zip(coded[::3], coded[1::3])]
        return list(self._threads.map(self._judged, heads, coded[2::3]))

    def _judged(self, head: Sequence[int], window: Encoding) -> Judgement:
        """The judgement of one window. Each is run by itself: together, padded, they take half as long again."""
        places = np.array(window.offsets[:WINDOW_TOKENS], dtype=np.int32).reshape(-1, 2)
        ids = np.array([[*head, *window.ids[:WINDOW_TOKENS], END]], dtype=np.int64)
        answers, spans = self._session.run(None, {"ids": ids})
        real = places[:, 1] > places[:, 0]
        logits = spans[0, len(head):len(head) + len(places)] - spans[0, 0]
        return Judgement(float(answers[0]), logits[real], places[real])
