"""The reader's windows in tokens, batches of them, and what a batch has still to learn."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.errors import QuestionsError
from assistant.models.encoder import END, PAD, WINDOW_TOKENS, head_of
from assistant.schema import Article
from assistant.training.reader_examples import Asked, Example, Span, examples

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

BATCH_TOKENS = 2048
"""Tokens of a batch with its padding: 16 windows of 128."""
LOSSES = {"answers": 1.0, "evidence": 1.0, "short": 0.6}
"""What is learnt, and what each counts."""


@dataclass(frozen=True, slots=True)
class Coded:
    """An example in tokens; spans are (first, last token), both inside. The window's tokens begin at `window_at`."""

    ids: list[int]
    window_at: int
    example: Example
    evidence: tuple[Span, ...]
    short: tuple[Span, ...]


def coded(tokenizer: Tokenizer, made: Sequence[Example]) -> list[Coded]:
    """The examples as the encoder reads them; a span behind WINDOW_TOKENS is none."""
    asked, leads, read_ = (tokenizer.encode_batch(texts, add_special_tokens=False) for texts in (
        [one.question for one in made], [one.lead for one in made], [one.window for one in made]))
    rows = []
    for example, question, lead, window in zip(made, asked, leads, read_):
        head = head_of(question.ids, lead.ids)
        offsets = window.offsets[:WINDOW_TOKENS]
        evidence, short = (_in_tokens(spans, offsets, len(head)) for spans in (example.evidence, example.short))
        rows.append(Coded([*head, *window.ids[:WINDOW_TOKENS], END], len(head), example, evidence, short))
    return rows


def _in_tokens(spans: Sequence[Span], offsets: Sequence[Span], at: int) -> tuple[Span, ...]:
    held = ([i for i, (a, b) in enumerate(offsets) if a < end and b > start and b > a] for start, end in spans)
    return tuple((at + one[0], at + one[-1]) for one in held if one)


def one_pass(tokenizer: Tokenizer, asked: Sequence[Asked], articles: Mapping[str, Article], seed: int) -> list[list[Coded]]:
    """The batches of a pass over the questions, of windows of like lengths, in random order.

    Raises QuestionsError where the questions give no window at all.
    """
    dice = random.Random(seed)
    order = sorted(coded(tokenizer, examples(asked, articles, seed)), key=lambda one: len(one.ids) + 12 * dice.random())
    if not order:
        raise QuestionsError(
            "没有一个问题可以用来训练。问题文件里要写 articles（索引里的文章编号）和 answers，并用 --index 指明索引。",
            "None of the questions can be learnt from. Give articles (ids of the index) and answers in the question files, "
            "and the index with --index.")
    made: list[list[Coded]] = [[]]
    for one in order:
        if made[-1] and (len(made[-1]) + 1) * max(len(one.ids), len(made[-1][-1].ids)) > BATCH_TOKENS:
            made.append([])
        made[-1].append(one)
    dice.shuffle(made)
    return made


def tensors(batch: Sequence[Coded]) -> tuple[Tensor, Tensor, Tensor]:
    """ids, mask, and where a span may lie: in the window, or at <s> for none."""
    import torch

    length = max(len(one.ids) for one in batch)
    ids = torch.full((len(batch), length), PAD)
    allowed = torch.zeros(len(batch), length, dtype=torch.bool)
    for row, one in enumerate(batch):
        ids[row, :len(one.ids)] = torch.tensor(one.ids)
        allowed[row, one.window_at:len(one.ids) - 1] = allowed[row, 0] = True
    return ids, (ids != PAD).long(), allowed


# Loss

def span_loss(logits: Tensor, spans: Sequence[Span], all_needed: bool) -> Tensor:
    """-log p of the spans (start and end, halved): of any of them, or the mean where all are wanted; of <s> for none.

    `logits` (tokens, 2) are log-probabilities. The marginal over spans is that of Clark and Gardner (2018).
    """
    import torch

    each = torch.stack([logits[start, 0] + logits[end, 1] for start, end in spans or ((0, 0),)])
    return -(each.mean() if all_needed else torch.logsumexp(each, 0)) / 2


def losses(answers: Tensor, spans: Tensor, allowed: Tensor, batch: Sequence[Coded]) -> Tensor:
    """The mean losses (3,) of a batch in the order of LOSSES, each example by its own weights."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    logits = spans.float().masked_fill(~allowed[..., None], -1e4).log_softmax(1)
    gold = torch.tensor([float(one.example.answers) for one in batch])
    each = torch.stack([
        binary_cross_entropy_with_logits(answers.float(), gold, reduction="none"),
        torch.stack([span_loss(logits[i, :, :2], one.evidence, one.example.all_needed) for i, one in enumerate(batch)]),
        torch.stack([span_loss(logits[i, :, 2:], one.short, one.example.all_needed) for i, one in enumerate(batch)])], 1)
    return (each * torch.tensor([one.example.weights for one in batch])).mean(0)
