"""Does the best article hold the thing asked for? One row of named numbers for a question.

Word scores alone say nothing here (AUROC 0.33: unanswerable questions name what the archive knows well). So:
how sure the reader is of its best stretches, and which names, numbers and words of the question the
article, and the neighbourhood of the best stretch, do not know. What kind of question it is and how long
stay out: they tell how a question set was written, not what an archive holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assistant.language.named import Known
from assistant.reading.features import NAMES as ROW_NAMES
from assistant.reading.features import Sentence, Weighed
from assistant.schema import Passage
from assistant.language.text import fold

NEIGHBOURHOOD = 150
"""Characters on either side of the best stretch in which the question's words are looked for."""
HEAVY = 0.5
"""Weight from which a word says what the question is about."""
BEFORE_THE_BEST = ("words", "bigrams", "characters", "words_around", "bigrams_around", "bigrams_in_article",
                   "words_in_article", "type_lacking", "span_near_words", "noun_follows", "named_held", "named_around",
                   "soft_words", "soft_words_around", "sentence_similarity")
NAMES: tuple[str, ...] = (
    "best", "second", "third", "best_five", *BEFORE_THE_BEST, "second_passage", "named", "places_unknown", "names_unknown",
    "people_unknown", "offices_unknown", "numbers_unknown", "dates_unknown", "quoted_unknown", "places_unknown_nearby",
    "people_unknown_nearby", "least_known_word", "least_known_word_nearby", "words_unlike", "words_unlike_nearby",
    "most_soft_words", "most_similar", "rarest_unknown", "rarest_unknown_nearby", "five_from_one_article",
    "most_bigrams_around", "most_bigrams_around_type", "best_with_type",
)
"""The columns of `row`, in order."""


def row(weighed: Weighed, passages: Sequence[Passage], sentences: Sequence[Sentence], features: np.ndarray,
        probabilities: np.ndarray) -> np.ndarray:
    """A float array (len(NAMES),) for one question; `features` and `probabilities` belong to `sentences`."""
    order = np.argsort(-probabilities, kind="stable")
    sorted_ = np.pad(probabilities[order], (0, 3))
    top = sentences[order[0]]
    column = {name: features[:, i] for i, name in enumerate(ROW_NAMES)}
    known = Known(top.article)
    nearby = fold(top.article.text[max(0, top.start - NEIGHBOURHOOD):top.end + NEIGHBOURHOOD] + (top.article.title or ""))
    missing = [thing.kind for thing in weighed.named if not known.knows(thing)]
    missing_nearby = [thing.kind for thing in weighed.named if not thing.stands_in(nearby)]
    nearness = weighed.known_words([known.text, nearby])
    heavy = np.where(weighed.word_weights > HEAVY, nearness, 1.0).min(axis=1, initial=1.0)
    unlike = ((1 - nearness) * weighed.word_weights).sum(axis=1)
    text = known.text
    held = column["type_held"] > 0
    return np.array([
        *sorted_[:3], sorted_[:5].sum(), *(column[name][order[0]] for name in BEFORE_THE_BEST),
        passages[1].score / (passages[0].score or 1) if len(passages) > 1 else 0.0, len(weighed.named),
        *(missing.count(kind) for kind in ("place", "name", "person", "office", "number", "date", "quoted")),
        missing_nearby.count("place"), missing_nearby.count("person"), *heavy, *unlike, column["soft_words"].max(),
        column["sentence_similarity"].max(),
        max((weight for word, weight in weighed.words.items() if word not in text), default=0.0),
        max((weight for word, weight in weighed.words.items() if word not in nearby), default=0.0),
        np.mean([sentences[i].article.id == top.article.id for i in order[:5]]), column["bigrams_around"].max(),
        column["bigrams_around"][held].max() if held.any() else 0.0, probabilities[held].max() if held.any() else 0.0,
    ], dtype=float)
