"""Questions to offer: made by rule from the archive's own sentences, and offered only once they are answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice, zip_longest

from assistant.language.named import named
from assistant.schema import Answer, Article
from assistant.index.snapshot import Snapshot
from assistant.language.text import HAN, sentences, squeeze

FOLLOW_UPS = 3
LOOKED_AT = 40
"""Newest articles from which starters are made."""
_COUNTED = re.compile(rf"(?P<before>[{HAN}“”《》·]{{4,18}}?)(?:近|约|超过?|逾|达)?(?P<number>\d[\d.]*[万亿]?余?多?)"
                      rf"(?P<measure>个|名|人次|人|家|次|场|项|件|条|支|座|所|份|篇|元|户|辆)(?P<after>[{HAN}]{{0,10}})(?=[，。；])")
_POINTING = re.compile(r"^(其中|此次|该|这|那|他|她|它|并|还|也|同时|目前|已|共|累计|今年|现场|全年|活动)|[的了]$")


def number_questions(article: Article) -> Iterator[str]:
    """Questions for a counted thing, made of a clause that counts it and names a place or body: it stands alone."""
    for start, end in sentences(article.text):
        for match in _COUNTED.finditer(article.text, start, end):
            before = match["before"]
            if match.start() > start and article.text[match.start() - 1] not in "，。；：":
                continue
            if not named(before) or _POINTING.search(before) or "“" in before and "”" not in before:
                continue
            yield f"{before}多少{match['measure']}{match['after']}？"


def gist_question(article: Article) -> str:
    """A question for what a titled article says."""
    return f"《{article.title}》讲了什么？" if article.title else ""


def starters(snapshot: Snapshot, is_answered: Callable[[str], bool], n: int) -> list[str]:
    """At most `n` answered questions: figures, gists and authors by turns, each of another article."""
    newest = list(islice(snapshot.articles.articles(), LOOKED_AT))
    counted = (next(filter(is_answered, number_questions(article)), "") for article in newest)
    gists = (gist_question(article) for article in reversed(newest) if len(article.title or "") <= 24)
    authors = (f"{name}写了哪些报道？" for name in dict.fromkeys(a.authors[0] for a in newest if a.authors))
    turns = (question for turn in zip_longest(counted, gists, authors, fillvalue="") for question in turn)
    return list(islice(dict.fromkeys(q for q in turns if q and is_answered(q)), n))


def follow_ups(snapshot: Snapshot, answer: Answer, is_answered: Callable[[str], bool]) -> list[str]:
    """At most FOLLOW_UPS answered questions on the articles cited: another figure, the gist, the author's pieces."""
    cited = dict.fromkeys(citation.article_id for citation in answer.citations)
    offered: list[str] = []
    for article in filter(None, map(snapshot.articles.article, list(cited)[:2])):
        offered += [question for question in islice(number_questions(article), 4)
                    if squeeze(question) != squeeze(answer.question)][:2]
        offered += [gist_question(article), *(f"{name}写了哪些报道？" for name in article.authors[:1])]
    asked = answer.question.rstrip("？?")
    unlike = (question for question in dict.fromkeys(offered) if question and question.rstrip("？") != asked)
    return list(islice(filter(is_answered, unlike), FOLLOW_UPS))
