"""The weather of a day, as the papers of that day, the day after and the day before tell it: 今日晴, 昨日37.2℃, 明日多云."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.language import lexicon
from assistant.language.dating import day_words
from assistant.language.text import fold, sentences
from assistant.reading.reader import Quote
from assistant.schema import Article

ASKED, TOLD = (tuple(row[-1].split()) for row in lexicon.rows("weather.txt"))
_BREAKS = "；;。！\n"


def asks_for_weather(question: str) -> bool:
    """Whether a question asks for the weather."""
    return any(word in fold(question) for word in ASKED)


def weather_of(day: str, articles: Iterable[Article]) -> Quote | None:
    """The sentence of the first article that tells the weather of a day (ISO) under a word that means it, with what is said
    of that day emphasised; None where none does."""
    for article in articles:
        days = [(start, end) for start, end, meant in day_words(article) if meant == day]
        others = [start for start, _, meant in day_words(article) if meant != day]
        for left, right in sentences(article.text):
            for start, _ in ((start, end) for start, end in days if left <= start < right):
                ends = [at for at in range(start, right) if article.text[at] in _BREAKS]
                stop = min([right, *ends, *(at for at in others if at > start)])
                said = article.text[start:stop].rstrip("，,。；;、 ")
                if any(word in fold(said) for word in TOLD):
                    return Quote(article, left, right, (start - left, start - left + len(said)))
    return None
