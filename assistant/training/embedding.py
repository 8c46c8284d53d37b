"""Articles → a static embedding of their own language, as a sentence-transformers folder.

A table of word vectors that starts as a random projection weighted by idf and learns, by contrast, to put a
sentence beside the passage of its own article and away from every other passage of the batch.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import EmbeddingError
from assistant.language.text import fold, sentences, words
from assistant.models.embedding import FOLD_KEY
from assistant.schema import Article

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

DIMENSION, VOCABULARY = 512, 14_600
"""16 MB in half precision with the tokenizer; fewer words of more numbers win: the model card has the trials."""
MIN_ARTICLES = 100
MIN_CHARACTER_COUNT = 8
"""A rarer character gets no vector: it was seen too little to learn one."""
UNKNOWN, UNKNOWN_SCORE = "[UNK]", -30.0
LEARNING_RATE, WARM_STEPS, TEMPERATURE = 0.02, 20, 0.05
PASSAGE_TOKENS = (60, 200)
QUERY_TOKENS = 40
MIN_QUERY_TOKENS, MIN_PASSAGE_TOKENS = 3, 10
LEAD_SHARE, INSIDE_SHARE, REMOVED_SHARE = 0.1, 0.5, 0.5
"""Of the queries: the article's first sentence; one from the passage; and of these, taken out of it."""
KEPT_LEAST = 0.4
"""A query keeps between this share and all of its words, as a question names only some of them."""

_WORD = re.compile(r"[㐀-䶿一-鿿豈-﫿々〇]{1,8}|[a-z]{1,16}|[0-9]{1,4}(?:\.[0-9]{1,2})?")
_RUNS = r"\p{Han}+|[a-z]+|[0-9]+(?:\.[0-9]+)?|\p{L}+"

Progress = Callable[[str, int, int | None], None]
"""Called with the stage, what is done, and the total where it is known."""


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The token ids of all articles in one row: sentence `i` is `ids[starts[i]:starts[i + 1]]`,
    article `a` holds the sentences `first[a]` to `first[a + 1]`."""

    ids: np.ndarray
    starts: np.ndarray
    first: np.ndarray

    def usable(self) -> np.ndarray:
        """The articles of at least two sentences and a query and a passage's words."""
        length = self.starts[self.first[1:]] - self.starts[self.first[:-1]]
        return np.flatnonzero((np.diff(self.first) >= 2) & (length >= QUERY_TOKENS))


def train_embedding(articles: Iterable[Article], out: Path, *, dimension: int = DIMENSION,
                    vocabulary: int = VOCABULARY, passes: int = 15, batch: int = 2048, seed: int = 0,
                    progress: Progress = lambda stage, done, total: None) -> None:
    """Trains on `articles` and saves a sentence-transformers folder at `out`, float16.

    The table has at most `vocabulary` rows of `dimension` numbers; every article is seen `passes` times, in
    batches of `batch`, with fewer where there are fewer articles. The same articles, seed and number of threads
    give the same table. Raises EmbeddingError when fewer than MIN_ARTICLES articles can be learnt from.
    """
    texts: list[str] = []
    counts: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for article in articles:
        text = fold(f"{article.title}\n{article.text}" if article.title else article.text)
        counts.update(word for word in words(text) if _WORD.fullmatch(word))
        characters.update(text)
        texts.append(text)
        progress("words", len(texts), None)
    tokenizer = _tokenizer(counts, characters, vocabulary)
    tokens = _tokenise(tokenizer, texts, progress)
    usable = tokens.usable()
    if len(usable) < MIN_ARTICLES:
        raise EmbeddingError(
            f"只有 {len(usable)} 篇文章可供学习，训练嵌入模型至少要 {MIN_ARTICLES} 篇。请用自带的模型（不设 ASSISTANT_EMBEDDING）。",
            f"Only {len(usable)} articles to learn from; an embedding takes at least {MIN_ARTICLES}. "
            "Use the model that ships here (leave ASSISTANT_EMBEDDING unset).",
        )
    table = _first_table(tokens, tokenizer.get_vocab_size(), dimension, seed)
    _learn(table, tokens, usable, passes=passes, batch=batch, seed=seed, progress=progress)
    save(tokenizer, table, out)


def _tokenizer(counts: Counter[str], characters: Counter[str], vocabulary: int) -> Tokenizer:
    """The likeliest cut of a text into the frequent words and single characters (unigram, by word frequency)."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    singles = {c for c, n in characters.items() if n >= MIN_CHARACTER_COUNT and _WORD.fullmatch(c)}
    singles |= set("abcdefghijklmnopqrstuvwxyz0123456789")
    longer = sorted((word for word in counts if len(word) > 1), key=lambda word: (-counts[word], word))
    kept = (sorted(singles) + longer)[:vocabulary - 1]
    total = max(1, sum(counts[word] for word in kept))
    scores = [(word, math.log(max(counts[word], 0.5) / total)) for word in kept]
    tokenizer = Tokenizer(models.Unigram([(UNKNOWN, UNKNOWN_SCORE), *scores], unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_RUNS), behavior="removed", invert=True)
    return tokenizer


def _tokenise(tokenizer: Tokenizer, texts: Sequence[str], progress: Progress) -> _Tokens:
    ids: list[np.ndarray] = []
    first = [0]
    for begin in range(0, len(texts), 500):
        cut = [[text[start:end] for start, end in sentences(text)] for text in texts[begin:begin + 500]]
        first.extend(first[-1] + np.cumsum([len(one) for one in cut]))
        flat = [sentence for one in cut for sentence in one]
        for encoding in tokenizer.encode_batch_fast(flat, add_special_tokens=False):
            known = np.array(encoding.ids, np.int32)
            ids.append(known[known > 0])
        progress("tokens", len(first) - 1, len(texts))
    starts = np.cumsum([0, *map(len, ids)])
    return _Tokens(np.concatenate([np.zeros(0, np.int32), *ids]), starts, np.array(first))


def _first_table(tokens: _Tokens, size: int, dimension: int, seed: int) -> torch.Tensor:
    """Random directions, as long as the word is telling: its idf over the articles; zero for the unknown."""
    import torch

    owner = np.repeat(np.arange(len(tokens.first) - 1), np.diff(tokens.starts[tokens.first]))
    holders = np.bincount(np.unique(owner * size + tokens.ids) % size, minlength=size)
    idf = np.log((len(tokens.first) - 1) / np.maximum(holders, 1)) + 1e-3
    directions = torch.randn(size, dimension, generator=torch.Generator().manual_seed(seed)) / math.sqrt(dimension)
    table = directions * torch.tensor(idf, dtype=torch.float32)[:, None]
    table[0] = 0
    return table


def _learn(table: torch.Tensor, tokens: _Tokens, usable: np.ndarray, *, passes: int, batch: int, seed: int,
           progress: Progress) -> None:
    """Changes `table` in place: symmetric InfoNCE over the pairs of a batch, Adam, a cosine schedule."""
    import torch
    from torch.nn.functional import cross_entropy

    random = np.random.default_rng(seed)
    batch = min(batch, len(usable))
    a_pass = len(usable) // batch
    table.requires_grad_()
    optimizer = torch.optim.Adam([table], lr=LEARNING_RATE, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (
        min(1, (step + 1) / WARM_STEPS) * (1 + math.cos(math.pi * step / (passes * a_pass))) / 2))
    for step in range(passes * a_pass):
        if step % a_pass == 0:
            order = random.permutation(usable)
        chosen = order[step % a_pass * batch:][:batch]
        pairs = [pair for article in chosen if (pair := _pair(tokens, int(article), random))]
        queries, passages = (vectors_of(table, side) for side in zip(*pairs))
        similarity = queries @ passages.T / TEMPERATURE
        own = torch.arange(len(pairs))
        loss = (cross_entropy(similarity, own) + cross_entropy(similarity.T, own)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        progress("learning", step + 1, passes * a_pass)
    table.requires_grad_(False)


def vectors_of(table: torch.Tensor, texts: Sequence[np.ndarray]) -> torch.Tensor:
    """The unit vectors of texts that are given as token ids."""
    import torch
    from torch.nn.functional import embedding_bag, normalize

    starts = np.cumsum([0, *(len(text) for text in texts[:-1])])
    ids = torch.from_numpy(np.concatenate(texts).astype(np.int64))
    return normalize(embedding_bag(ids, table, torch.from_numpy(starts), mode="sum"), dim=1)


def _pair(tokens: _Tokens, article: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """A sentence of the article with some words left out, and a passage of it; None where either is too short."""
    starts, (first, last) = tokens.starts, tokens.first[article:article + 2]
    wanted = random.integers(*PASSAGE_TOKENS)
    begin = random.integers(first, last)
    end = min(max(int(np.searchsorted(starts, starts[begin] + wanted)), begin + 1), last)
    if starts[end] - starts[begin] < wanted:
        begin = max(first, int(np.searchsorted(starts, starts[end] - wanted, side="right")) - 1)
    draw = random.random()
    if draw < LEAD_SHARE:
        chosen = first
    elif draw < LEAD_SHARE + INSIDE_SHARE:
        chosen = random.integers(begin, end)
    else:
        chosen = random.integers(first, last)
    query = tokens.ids[starts[chosen]:starts[chosen + 1]]
    if len(query) > QUERY_TOKENS:
        query = query[random.integers(0, len(query) - QUERY_TOKENS):][:QUERY_TOKENS]
    query = query[random.random(len(query)) < random.uniform(KEPT_LEAST, 1)]
    passage = tokens.ids[starts[begin]:starts[end]]
    if begin <= chosen < end and end - begin > 1 and random.random() < REMOVED_SHARE:
        passage = np.concatenate([tokens.ids[starts[begin]:starts[chosen]], tokens.ids[starts[chosen + 1]:starts[end]]])
    return (query, passage) if len(query) >= MIN_QUERY_TOKENS and len(passage) >= MIN_PASSAGE_TOKENS else None


def save(tokenizer: Tokenizer, table: torch.Tensor, out: Path) -> None:
    """Writes the table with its tokenizer as a sentence-transformers folder, float16."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    module = StaticEmbedding(tokenizer, embedding_weights=table)
    SentenceTransformer(modules=[module], device="cpu").half().save_pretrained(str(out), create_model_card=False)
    (out / "model.safetensors").chmod(0o644)  # saved for its owner only
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)  # half the size
    path = out / "config_sentence_transformers.json"
    config = {**json.loads(path.read_text(encoding="utf-8")), FOLD_KEY: True}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
