"""How many changed sentences the check of a model's answers catches, and how many true ones it marks.

    python benchmarks/grounding.py [NEWS.jsonl.xz] [-v] [--fit]

Sentences of news articles, each citing the passages it comes from: as printed, with numbers and dates
in other forms, and with one digit, date, name or citation changed. Sentences of the sample corpus, whose
bodies are rewritten, against the printed page are the true ones in other words. What is altered is found
by patterns of this file, never by the code that is measured.
"""

from __future__ import annotations

import json
import lzma
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import frontmatter

from assistant.generation.grounding import Evidence, check
from assistant.generation.prompting import Source
from assistant.index.chunking import chunk_article
from assistant.language.text import sentences
from assistant.schema import Article

ROOT = Path(__file__).resolve().parents[1]
NEWS = ROOT / "../shared/data/news-2023.jsonl.xz"
PAGES = ROOT / "../shared/pages"
ASKED = ROOT / "../shared/data/natural_train.jsonl"
EACH = 1000
NUMERALS = "零一二三四五六七八九"
DIGITS = re.compile(r"(?<![A-Za-z\d.:：/-])\d+(?:\.\d+)?(?![\dA-Za-z.:：/-])(?! ?[年月日号])")
CHINESE = re.compile(r"[两三四五六七八九](?=[名位家场次项件条人万亿倍])|[二三四五六七八九]十(?=[名位家场次项件条人万亿多余])")
DATES = re.compile(r"(?<![\d.])(?:(?:19|20)\d\d年)?\d{1,2}月\d{1,2}日|(?<!\d)(?:19|20)\d\d年(?:\d{1,2}月)?")
FAMILY, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂红飞玲建国文辉力华宇浩欣雨晨"

VERBS = re.compile("开展|发现|完成|举行|公布|造成|出现|启动|建成|获得|使用|进入|达到|提供|发生|安排|组织|收到|设立|推出|参与|包括|影响|恢复|调查|解决")
DENIALS = {"没有": "有", "未": "已", "尚未": "已经", "不再": "仍然", "无人": "有人", "不能": "能", "并未": "已经", "不会": "会", "从未": "曾经",
           "不得": "可以", "无法": "可以", "未能": "能够", "禁止": "允许"}
DENIED = re.compile("没有(?![想用])|尚未|并未|从未|未能|(?<![尚并从])未(?![来必知免成婚满能])|不再|无人(?!机|驾|值|售|零)|不能(?!不)|不会|不得(?!不)|无法|禁止")
TURNS = [pair for pairs in (
    "增长 下降", "上升 下降", "上涨 下跌", "提高 降低", "增加 减少", "高于 低于", "多于 少于", "提前 推迟", "早于 晚于", "超过 不足", "扩大 缩小",
    "至少 至多", "以上 以下", "全部 部分", "所有 少数", "首次 再次", "最高 最低", "最大 最小", "盈利 亏损", "支持 反对", "允许 禁止", "成功 失败",
    "开放 关闭", "开通 停运", "免费 收费", "进口 出口", "晋级 淘汰", "参加 退出", "获救 遇难", "上游 下游", "国内 国外") for pair in [pairs.split()]]
TURN = re.compile("|".join(word for pair in TURNS for word in pair))

Change = Callable[[str, random.Random], str | None]


def other_number(sentence: str, chance: random.Random) -> str | None:
    """One digit of one number changed."""
    places = [match.span() for match in (*DIGITS.finditer(sentence), *CHINESE.finditer(sentence))]
    if not places:
        return None
    start, end = chance.choice(places)
    at = chance.choice([place for place in range(start, end) if sentence[place] not in ".十"])
    old = sentence[at]
    kinds = NUMERALS[3:] if old in NUMERALS + "两" else "123456789" if at == start else "0123456789"
    return sentence[:at] + chance.choice(kinds.replace(old, "")) + sentence[at + 1:]


def other_date(sentence: str, chance: random.Random) -> str | None:
    """The year, month or day of one date changed."""
    places = [(whole.start() + part.start(), whole.start() + part.end())
              for whole in DATES.finditer(sentence) for part in re.finditer(r"\d+", whole.group())]
    if not places:
        return None
    start, end = chance.choice(places)
    old = int(sentence[start:end])
    near = [old + step for step in (-3, -2, -1, 1, 2, 3)]
    new = chance.choice(near if old > 31 else [day for day in range(1, 13) if day != old])
    return sentence[:start] + str(new) + sentence[end:]


def other_form(sentence: str, chance: random.Random) -> str | None:
    """Every number and date that has one said in another form: 3000万 as 0.3亿 or 三千万, 98% as 百分之九十八."""
    if re.search(r"[“\"‘《「]|www|http|\d[,，-]\d", sentence):  # what is quoted must stay as it is
        return None
    new = re.sub(r"(?<![\d.])(\d+(?:\.\d+)?)[%％]", lambda m: "百分之" + spoken(m[1]), sentence)
    new = re.sub(r"(?<![\d.])(\d+)万(?!亿)", lambda m: chance.choice((
        f"{int(m[1]) / 10000:.8f}".rstrip("0") + "亿", spoken(m[1]) + "万", f"{int(m[1]) * 10000:,}")), new)
    new = re.sub(r"(?<![\d.:A-Za-z/周-])(\d{1,4})(?=[名位家场次项件条人个亿])", lambda m: spoken(m[1]), new)
    new = re.sub(r"(?<![\d.])((?:19|20)\d\d)(?=年)",
                 lambda m: "".join(("〇" + NUMERALS[1:])[int(d)] for d in m[1]), new)
    new = new.translate(str.maketrans("0123456789", "０１２３４５６７８９")) if chance.random() < 0.3 else new
    return new if new != sentence else None


def spoken(digits: str) -> str:
    """A number below 10,000 in Chinese numerals."""
    whole, _, rest = digits.partition(".")
    if len(whole) > 4 or whole.startswith("0") and whole != "0":
        return digits
    units = "千百十 "[4 - len(whole):]
    said = "".join(NUMERALS[int(d)] + (unit if d != "0" else "") for d, unit in zip(whole, units))
    said = re.sub("^一十", "十", re.sub("零+", "零", said.replace(" ", "")).rstrip("零")) or "零"
    return said + ("点" + "".join(NUMERALS[int(d)] for d in rest) if rest else "")


def denied(sentence: str, chance: random.Random) -> str | None:
    """没有 put before a verb that no such word stands before."""
    places = [match.start() for match in VERBS.finditer(sentence)
              if not re.search("[不未没无]|停止|难以|如果|若", sentence[max(0, match.start() - 6):match.start()])]
    if not places:
        return None
    at = chance.choice(places)
    return sentence[:at] + chance.choice(("没有", "并未", "未")) + sentence[at:]


def affirmed(sentence: str, chance: random.Random) -> str | None:
    """One word that says not replaced by one that says yes."""
    match = chance.choice([*DENIED.finditer(sentence)])
    return sentence[:match.start()] + DENIALS[match.group()] + sentence[match.end():]


def opposed(sentence: str, chance: random.Random) -> str | None:
    """One word replaced by its opposite."""
    match = chance.choice([*TURN.finditer(sentence)])
    pair = next(pair for pair in TURNS if match.group() in pair)
    return sentence[:match.start()] + pair[1 - pair.index(match.group())] + sentence[match.end():]


def shortened(sentence: str, chance: random.Random) -> str | None:
    """The sentence without one of its inner clauses."""
    clauses = sentence.split("，")
    if len(clauses) < 3 or sentence.count("“") or sentence.count("《"):
        return None
    clauses.pop(chance.randrange(1, len(clauses) - 1))
    return "，".join(clauses)


def cases(rows: list[dict[str, str]], chance: random.Random, needs: re.Pattern[str]) -> Iterator[tuple[Source, str]]:
    """(source of up to three chunks, a sentence of the middle one that matches) from articles drawn at random."""
    while True:
        row = chance.choice(rows)
        article = Article(id="a", text=row["text"], date=row["date"])
        chunks = chunk_article(article)
        if not chunks:
            continue
        middle = chance.randrange(len(chunks))
        text = chunks[middle].text
        fitting = [text[start:end] for start, end in sentences(text)
                   if 12 <= end - start <= 150 and needs.search(text[start:end])]
        if fitting:
            yield Source(1, article, tuple(chunks[max(0, middle - 1):middle + 2])), chance.choice(fitting)


def named_cases(rows: list[dict[str, str]], chance: random.Random) -> Iterator[tuple[Source, str, str]]:
    """(source, sentence, name in it): the names are those that people asked for in the natural questions."""
    for line in ASKED.read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        for name in asked.get("answers", ()) if asked.get("kind") == "who" else ():
            article = Article(id="a", text=rows[asked["article"]]["text"], date=asked["date"])
            chunks = chunk_article(article)
            at = next((place for place, chunk in enumerate(chunks) if name in chunk.text), None)
            if at is None or not 2 <= len(name) <= 3 or name[-1] in "某长" or "老师" in name or "先生" in name:
                continue
            text = chunks[at].text
            sentence = next((text[start:end] for start, end in sentences(text) if name in text[start:end]), None)
            if sentence:
                yield Source(1, article, tuple(chunks[max(0, at - 1):at + 2])), sentence, name


def other_name(name: str, chance: random.Random) -> str:
    """Another name, or the same with one character changed."""
    whole = chance.choice(FAMILY) + "".join(chance.choice(GIVEN) for _ in name[1:])
    at = chance.randrange(len(name))
    new = whole if chance.random() < 0.5 else name[:at] + whole[at] + name[at + 1:]
    return new if new != name else other_name(name, chance)


def marked(source: Source, sentence: str, missed: list[str] | None = None, expected: bool = False) -> bool:
    """Whether the check marks something in the sentence or leaves it out."""
    checked = check(f"{sentence.rstrip('。')}[1]。", {1: Evidence.from_source(source)})
    caught = bool(checked.unsupported) or not checked.supported
    if missed is not None and caught != expected:
        spans = [sentence[span.start:span.end] for span in checked.unsupported]
        missed.append(f"{spans} {checked.overlap:.2f} {sentence}")
    return caught


def rewritten() -> Iterator[tuple[Source, str]]:
    """Sentences of the sample corpus against the printed page that it retells."""
    for page in sorted(PAGES.glob("*.txt")):
        article = Article(id="page", text=page.read_text(encoding="utf-8"), date="2025-11")
        source = Source(1, article, tuple(chunk_article(article)))
        for path in sorted((ROOT / "corpus").rglob("*.md")):
            text = frontmatter.load(str(path)).content
            yield from ((source, text[start:end]) for start, end in sentences(text) if end - start >= 12)


def retold(true: bool) -> Iterator[tuple[Source, str]]:
    """The pairs of retold.jsonl that are true, or that are not: written by hand, of a city that does not exist."""
    for line in (ROOT / "benchmarks/retold.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["true"] == true:
            article = Article(id="a", text=row["article"], date="2025-06-10")
            yield Source(1, article, tuple(chunk_article(article))), row["said"]


def main(news: Path) -> None:
    chance = random.Random(20251118)
    with lzma.open(news, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    anything = re.compile(".")
    table: dict[str, list[bool]] = {}
    wrong: dict[str, list[str]] = {}

    def measure(title: str, made: Iterator[tuple[Source, str]], expected: bool, limit: int = EACH) -> None:
        for source, sentence in made:
            table.setdefault(title, []).append(marked(source, sentence, wrong.setdefault(title, []), expected))
            if len(table[title]) == limit:
                return

    def changed(change: Change, needs: re.Pattern[str]) -> Iterator[tuple[Source, str]]:
        for source, sentence in cases(rows, chance, needs):
            if new := change(sentence, chance):
                yield source, new

    def half(made: Iterator[tuple[Source, str]]) -> Iterator[tuple[Source, str]]:
        """With --fit the articles that rules were chosen on, else the others."""
        return (case for case in made if (len(case[0].article.text) % 2 == 0) == ("--fit" in sys.argv))

    begun = time.perf_counter()
    figures = re.compile(f"{DIGITS.pattern}|{CHINESE.pattern}")
    measure("true, as printed", cases(rows, chance, anything), False)
    measure("true, numbers and dates in other forms", changed(other_form, figures), False)
    measure("true, in other words (sample corpus against its page)", rewritten(), False)
    polar = re.compile(f"{DENIED.pattern}|{TURN.pattern}")
    measure("true, with a word that says not, or more or less", half(cases(rows, chance, polar)), False)
    measure("true, one clause left out", half(changed(shortened, anything)), False)
    measure("true and retold (retold.jsonl)", retold(True), False)
    measure("denied", half(changed(denied, VERBS)), True)
    measure("no longer denied", half(changed(affirmed, DENIED)), True)
    measure("one word turned into its opposite", half(changed(opposed, TURN)), True)
    measure("turned and retold (retold.jsonl)", retold(False), True)
    measure("one number changed", changed(other_number, figures), True)
    measure("one date changed", changed(other_date, DATES), True)
    measure("one name changed", ((source, sentence.replace(name, other_name(name, chance)))
                                 for _ in range(3) for source, sentence, name in named_cases(rows, chance)), True)
    drawn = cases(rows, chance, anything)
    measure("another article cited", ((next(drawn)[0], sentence) for _, sentence in drawn), True)
    seconds = time.perf_counter() - begun
    print("| sentences | made | marked or left out |\n|---|---|---|")
    for title, results in table.items():
        print(f"| {title} | {len(results)} | {100 * sum(results) / len(results):.1f} % |")
    total = sum(map(len, table.values()))
    print(f"\n{1000 * seconds / total:.1f} ms a sentence, evidence prepared anew for each")
    if "-v" in sys.argv:
        for title, examples in wrong.items():
            print(f"\n{title}\n" + "\n".join(examples[:40]))


if __name__ == "__main__":
    main(Path(next((argument for argument in sys.argv[1:] if not argument.startswith("-")), NEWS)))
