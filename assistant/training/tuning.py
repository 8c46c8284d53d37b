"""`assistant tune-embedding`: a static embedding learns from questions which passages answer them.

It starts from a trained table. By contrast a question comes to lie beside the passage that holds its evidence, and away
from the other passages of the batch and from what retrieval finds for it in other articles (dense passage retrieval,
Karpukhin et al. 2020, with a table of words for the encoder).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import EmbeddingError, QuestionsError
from assistant.language.text import fold
from assistant.models.embedding import WEIGHT_FILE
from assistant.retrieval import HybridRetriever
from assistant.training.embedding import TEMPERATURE, save, vectors_of
from assistant.training.reader_examples import Asked, around, articles_of, evidence_of, read, with_passages

if TYPE_CHECKING:
    from tokenizers import Tokenizer

RATE, PASSES, BATCH, HARD = 0.002, 6, 256, 2
"""Adam's rate at the start of a cosine, passes over the questions, questions a batch, found passages of each beside."""
PASSAGE = (160, 300)
"""Characters of the passage that holds the evidence, drawn evenly: about those of a chunk."""
FEWEST = 100

Progress = Callable[[str, int, int | None], None]


def tune(retriever: HybridRetriever, files: Sequence[Path], start: Path, out: Path, progress: Progress, seed: int = 0) -> int:
    """How many questions were learnt from; the table tuned on them lies in `out`, as `start` lay in its folder.

    `start` is a folder of `assistant train-embedding`. Questions on held-out articles are left out, as in
    `assistant train-reader`. Raises QuestionsError where fewer than FEWEST can be learnt from, EmbeddingError for
    a start of another kind.
    """
    import torch
    from torch.nn.functional import cross_entropy

    tokenizer, table = _started(start)
    out.mkdir(parents=True, exist_ok=True)
    asked = [one for file in files for one in read(file) if one.answerable and one.articles and not one.held_out]
    asked = with_passages(asked, retriever, None, out / "passages.json", progress)
    texts = {one.id: one.text for one in articles_of(asked, retriever.index.current()).values()}
    learnt = [(one, spans) for one in asked if (spans := evidence_of(one, texts.get(one.articles[0], "")))]
    if len(learnt) < FEWEST:
        raise QuestionsError(
            f"只有 {len(learnt)} 个问题可供学习，至少要 {FEWEST} 个。问题文件里要写 articles 和 answers，并用 --index 指明索引。",
            f"Only {len(learnt)} questions to learn from; it takes at least {FEWEST}. Give articles and answers in the question "
            "files, and the index with --index.")
    weights = torch.from_numpy(table).requires_grad_()
    optimiser = torch.optim.Adam([weights], lr=RATE)
    dice = random.Random(seed)
    steps = PASSES * -(-len(learnt) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    done = 0
    for _ in range(PASSES):
        dice.shuffle(learnt)
        for at in range(0, len(learnt), BATCH):
            part = learnt[at:at + BATCH]
            queries = [one.question for one, _ in part]
            rows = [(number, passage) for number, (one, spans) in enumerate(part)
                    for passage in _passages(one, spans, texts, dice)]
            owners = torch.tensor([number for number, _ in rows])
            own = [part[number][0].articles[0] for number, _ in rows]
            ids = [_ids(tokenizer, text) for text in (*queries, *(text for _, text in rows))]
            vectors = vectors_of(weights, ids)
            alike = vectors[:len(part)] @ vectors[len(part):].T / TEMPERATURE
            first = {int(number): column for column, number in reversed(list(enumerate(owners.tolist())))}
            target = torch.tensor([first[number] for number in range(len(part))])
            same = torch.tensor([[one.articles[0] == article for article in own] for one, _ in part])
            same[torch.arange(len(part)), target] = False  # another passage of one's own article is no negative
            loss = cross_entropy(alike.masked_fill(same, -1e4), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            done += 1
            progress("learning", done, steps)
    save(tokenizer, weights.detach(), out)
    if (start / WEIGHT_FILE).exists():
        shutil.copyfile(start / WEIGHT_FILE, out / WEIGHT_FILE)
    return len(learnt)


def _started(folder: Path) -> tuple[Tokenizer, np.ndarray]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    try:
        (table,) = load_file(folder / "model.safetensors").values()
        return Tokenizer.from_file(str(folder / "tokenizer.json")), table.astype(np.float32)
    except Exception as error:  # tokenizers raises a bare Exception; a table of another shape a ValueError
        raise EmbeddingError(
            f"{folder} 不是静态向量模型，不能接着训练。请给出 assistant train-embedding 写的文件夹，或不写 --start 用自带的。",
            f"{folder} holds no static embedding to go on from. Name a folder of assistant train-embedding, or leave --start out.",
        ) from error


def _passages(asked: Asked, spans: Sequence[tuple[int, int]], texts: Mapping[str, str], dice: random.Random) -> list[str]:
    """A passage around a piece of the evidence, then some that were found in other articles."""
    text = texts[asked.articles[0]]
    a, b = around(text, dice.choice(spans), dice.randint(*PASSAGE), dice)
    others = [one for one in asked.found if one[0] not in asked.articles]
    hard = [texts[article][start:end] for article, start, end in dice.sample(others, min(HARD, len(others)))]
    return [text[a:b], *(one for one in hard if not any(answer in one for answer in asked.answers))]


def _ids(tokenizer: Tokenizer, text: str) -> np.ndarray:
    ids = np.array(tokenizer.encode(fold(text), add_special_tokens=False).ids, np.int32)
    return ids[ids > 0]
