"""Pages of a newspaper made in the printer's manner → how many of their articles are read whole and right.

    python benchmarks/pages.py news-2023.jsonl.xz --pages 30 --out /tmp/pages [--forms pdf text scan] [--peers] [--json FILE]

Articles with a title are set in columns by a browser: four to six columns, headlines across several of them with
kicker and subtitle, bylines in three manners, pictures with captions, framed and tinted articles, rules or white space
between, and one article continued on the next page. Each page is read as PDF, as text in the order of a page system,
and as a skewed and noisy scan of 200 dots an inch. An article counts as whole and right when its title, its authors,
its first and its last sentence are right and no sentence of another stands in it. Seconds are of the processor, memory is the peak of the process.

What others make of the same PDFs is plain text that parts no articles: there the share of bodies, and of sentences,
that stand in one stretch is counted, and the same of our own reading beside it.
"""

from __future__ import annotations

import argparse
import html
import json
import lzma
import random
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assistant.corpus.files import read_corpus
from assistant.corpus.inspection import inspect
from assistant.language.text import fold, sentences, squeeze
from assistant.schema import Article

CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer",
            "--disable-background-networking", "--disable-component-update", "--disable-sync")
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何", "明华丽军敏强磊洋艳勇杰娟涛超霞平刚桂英文斌"
SIGNED = r"[（(][^（）()]{0,14}(?:记者|作者|通讯员)|编辑[:：]|来源[:：]|摄[）)]?\s|作者[:：]|记者\s|[a-zA-Z]{4,}|[0-9]{5,}"
PER_ISSUE = 60
PAPER, DAY = "云河日报", "2025-11-18"


@dataclass(frozen=True)
class Printed:
    """An article as it was printed: what is to be read of it."""

    title: str
    paragraphs: tuple[str, ...]
    authors: tuple[str, ...]
    kicker: str = ""
    subtitle: str = ""
    byline: str = ""
    caption: str = ""

    @property
    def body(self) -> str:
        """The text as it stands in the columns, without blanks."""
        return squeeze("".join(self.paragraphs))


Issue = tuple[Path, list[Printed], list[list[Printed]]]
"""Its PDF, its articles, and what stands on each of its pages."""


def titled(path: Path) -> list[tuple[str, str]]:
    """Titles and texts of the news articles that name their title and sign nobody, fit for a place on a page."""
    found = []
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            line = line.replace("\u200b", "")
            match = re.match(r"原标题：([^\n]{8,34}?)\s{4,}(.+)", json.loads(line)["text"], re.DOTALL)
            body = re.sub(r"\s{3,}", "\n", re.sub(r"返回搜狐，查看更多\s*责任编辑.*$", "", match[2])).strip() if match else ""
            if len(body) >= 300 and body[-1] in "。！？”" and not re.search(SIGNED, body):
                found.append((re.sub(r"\s+", " ", match[1]).strip(), body))
    return found


class Editor:
    """Sets issues of two pages; the same seed gives the same pages."""

    def __init__(self, articles: list[tuple[str, str]], seed: int) -> None:
        self._random = random.Random(seed)
        self._all, self._articles = articles, []

    def issue(self) -> str:
        """The HTML of two pages whose articles are longer than their places; the browser cuts them (see TRIM)."""
        if len(self._articles) < PER_ISSUE:  # none twice in an issue
            self._articles = self._random.sample(self._all, len(self._all))
        jump = self._taken(2200)
        return PAGE.replace("{pages}", "".join(self._page(number, jump) for number in (1, 2)))

    def _name(self) -> str:
        return self._random.choice(SURNAMES) + "".join(self._random.sample(GIVEN, self._random.choice((1, 2, 2))))

    def _taken(self, characters: int) -> tuple[str, str]:
        """The next article of at least so many characters, or else the longest of some."""
        some = range(min(300, len(self._articles)))
        found = next((i for i in some if len(self._articles[i][1]) >= characters), None)
        return self._articles.pop(max(some, key=lambda i: len(self._articles[i][1])) if found is None else found)

    def _page(self, number: int, jump: tuple[str, str]) -> str:
        rand = self._random
        columns, size, gap = rand.choice((4, 5, 5, 6)), rand.choice((12.5, 13.0, 13.5)), rand.choice((18, 20, 24))
        column = (1040 - gap * (columns - 1)) / columns
        bands, left, fresh = [], 1400.0, True
        while left > 200:
            height = rand.choice((280, 340, 400, 460))
            height = left if left - height < 240 else height
            cells, spread = [], columns
            while spread:
                span = min(spread, rand.choice((1, 2, 2, 3)))
                spread -= span
                width = span * column + (span - 1) * gap
                stack = 2 if span <= 2 and height >= 400 and rand.random() < 0.5 else 1
                inside = []
                for _ in range(stack):
                    first, fresh = fresh, False
                    inside.append(self._module(span, width, gap, (height - 14 * (stack - 1)) / stack, size, number,
                                               jump if first else None))
                cells.append(f'<div class="cell" style="width:{width:.1f}px">{"".join(inside)}</div>')
            bands.append(f'<div class="band" style="height:{height:.0f}px;gap:{gap}px">{"".join(cells)}</div>')
            left -= height + 17
        folio = f"<span>{PAPER}</span><span>2025年11月18日　星期二</span><span>第{number:02}版　{('要闻', '综合')[number - 1]}</span>"
        staff = f"责任编辑：{self._name()}　版式：{self._name()}　校对：{self._name()}"
        return (f'<section class="page {"ruled" if rand.random() < 0.6 else "white"}" style="font-size:{size}px">'
                f'<div class="folio">{folio}</div>{"".join(bands)}<div class="staff">{staff}</div></section>')

    def _module(self, span: int, width: float, gap: int, height: float, size: float, page: int,
                jump: tuple[str, str] | None) -> str:
        """One article in its place: headline, perhaps a byline, the columns, perhaps a picture or a frame."""
        rand = self._random
        framed = not jump and rand.random() < 0.16
        style = rand.choice(("border:1px solid #333;", "background:#ebebeb;")) + "padding:14px;" if framed else ""
        inner = width - 28 * framed
        title, text = jump or self._taken(int(height * inner / (size * size)))
        lead, byline, ending, authors = self._signed() if not jump else ("", "", "", [])
        figure = caption = ""
        if not jump and span >= 2 and height > 250 and rand.random() < 0.3:
            authors.append(self._name())
            caption = f"图为活动现场。 本报记者 {authors[-1]} 摄"
            figure = f'<figure><img src="{PIXEL}"><figcaption>{caption}</figcaption></figure>'
        ending += "（下转第二版）" if jump and page == 1 else ""
        lead += "（上接第一版）" if jump and page == 2 else ""
        heads = self._heads(title, text, span, inner, size, plain=bool(jump))
        body = [] if jump and page == 2 else [line.strip() for line in text.split("\n") if re.search("[。！？”]\\s*$", line)]
        paragraphs = "".join("<p>" + "".join(f"<s>{html.escape(line[a:b])}</s>" for a, b in sentences(line)) + "</p>" for line in body)
        lead = f"<b>{lead}</b>" if lead else ""
        columns = paragraphs.replace("<p>", f"<p>{lead}", 1) if body else f"<p>{lead}</p>"
        middle = columns.find("</p>") + 4
        said = html.escape(json.dumps({"title": title, "authors": authors, "caption": caption, "byline": byline, **heads}, ensure_ascii=False))
        shown = "".join(f'<div class="{name}" style="{look}">{html.escape(heads.get(name) or title)}</div>'
                        for name, look in self._looks(title, heads, span, inner, size))
        return (f'<article class="{f"jump{page}" if jump else ""}" data-said="{said}" style="height:{height:.0f}px;{style}"><header>{shown}'
                f'{byline and f"""<div class="byline">{byline}</div>"""}</header><div class="text" data-end="{ending}" '
                f'style="columns:{span};column-gap:{gap}px">{columns[:middle]}{figure}{columns[middle:]}</div></article>')

    def _signed(self) -> tuple[str, str, str, list[str]]:
        """What opens the text, stands under the headline and ends the text, and the names in them."""
        one, two = self._name(), self._name()
        return self._random.choice(((f"本报讯（记者{one}）", "", "", [one]), (f"本报讯（记者{one} 通讯员{two}）", "", "", [one, two]),
                                    ("", f"□ 本报记者　{one}", "", [one]), ("", "", f"（记者{one}）", [one])))

    def _heads(self, title: str, text: str, span: int, inner: float, size: float, *, plain: bool) -> dict[str, str]:
        """A kicker and a subtitle for some articles, out of clauses of their own."""
        first, last = (re.split("[，。；：、“”？！]", part)[0].strip() for part in (text, text.split("\n")[-1]))
        heads = {}
        if not plain and 5 <= len(first) <= 16 and not re.search("[电讯网社报号消息(]", first) and self._random.random() < 0.35:
            heads["kicker"] = first
        if not plain and 6 <= len(last) <= 18 and last != first and self._random.random() < 0.3:
            heads["subtitle"] = "——" + last
        return heads

    def _looks(self, title: str, heads: dict[str, str], span: int, inner: float, size: float) -> Iterator[tuple[str, str]]:
        """The parts of a headline from the top down, each with its size of type."""
        rows = self._random.choice((3, 4) if span == 1 else (1, 2) if span == 2 else (1, 1, 2))
        large = max(size * 1.5, min(size * (1.7 + 0.6 * span), inner * rows / (len(title) + rows)))
        for name in ("kicker", "title", "subtitle"):
            if name == "title" or name in heads:
                yield name, f"font-size:{large if name == 'title' else size * 1.2:.1f}px"


PIXEL = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVQI12NoaGj4DwAFhAKAjM1mJgAAAABJRU5ErkJggg==")
TRIM = """
const fits = box => box.scrollWidth <= box.clientWidth + 2 && box.scrollHeight <= box.clientHeight + 2;
let rest = [];
for (const article of document.querySelectorAll('article')) {
  const box = article.querySelector('.text'), second = article.className === 'jump2';
  if (second) for (const [line, first] of rest) {
    if (first || !box.lastElementChild || box.lastElementChild.tagName !== 'P') box.append(document.createElement('p'));
    box.lastElementChild.append(line);
  }
  const end = document.createElement('b'); end.textContent = box.dataset.end;
  const settle = () => { const all = box.querySelectorAll('p'); if (end.textContent) all[all.length - 1].append(end); };
  settle();
  while (!fits(box)) {
    const all = box.querySelectorAll('s'), last = all[all.length - 1], parent = last.parentElement;
    if (all.length < 2) break;
    if (article.className === 'jump1') rest.unshift([last, parent.querySelector('s') === last]);
    last.remove();
    if (!parent.querySelector('s') && parent.parentElement.querySelectorAll('p').length > 1) parent.remove();
    settle();
  }
  article.dataset.fits = fits(box);
}
"""
PAGE = """<!DOCTYPE html><html lang="zh"><meta charset="utf-8"><style>
@page { size: 1120px 1560px; margin: 0 } * { box-sizing: border-box }
body { margin: 0; font-family: "Noto Serif CJK SC", serif }
.page { width: 1120px; height: 1559px; padding: 34px 40px; page-break-after: always; overflow: hidden; line-height: 1.5 }
.folio { display: flex; justify-content: space-between; border-bottom: 2px solid; margin-bottom: 14px; font-size: 15px }
.band { display: flex; margin-bottom: 16px } .ruled .band { border-bottom: 1px solid #444 }
.cell { display: flex; flex-direction: column; flex: none; gap: 14px; position: relative }
.ruled .cell + .cell::before { content: ""; position: absolute; left: -9px; top: 0; bottom: 6px; border-left: 1px solid #777 }
.ruled article + article { border-top: 1px solid #777; padding-top: 4px }
article { display: flex; flex-direction: column; overflow: hidden; flex: none }
.title { font-family: "Noto Sans CJK SC"; font-weight: 700; line-height: 1.25; text-align: center }
.kicker, .subtitle { line-height: 1.3; text-align: center }
.byline { text-align: center; line-height: 1.7 }
.text { flex: 1; min-height: 0; text-align: justify; column-fill: auto }
.text p { margin: 0; text-indent: 2em }
s { text-decoration: none } b { font-weight: inherit }
figure { margin: 4px 0; break-inside: avoid } img { width: 100%; height: 100px; display: block; image-rendering: pixelated }
figcaption { font-size: 0.88em; line-height: 1.4 }
.staff { font-size: 10px; text-align: right }
</style>{pages}<script>{trim}</script></html>"""


def printed(folder: Path, page: str, number: int) -> Issue:
    """The PDF of an issue's HTML, the articles as the browser cut them to their places, and what stands on each page."""
    from lxml import html as markup

    source, pdf = folder / f"{number}.html", folder / DAY / f"issue{number}.pdf"
    source.write_text(page.replace("{trim}", TRIM), encoding="utf-8")
    pdf.parent.mkdir(exist_ok=True)
    dom = subprocess.run([*CHROMIUM, "--dump-dom", source.as_uri()], capture_output=True, check=True, timeout=120).stdout
    settled = dom.decode().split("<script>")[0] + "</body></html>"
    source.write_text(settled, encoding="utf-8")
    subprocess.run([*CHROMIUM, f"--print-to-pdf={pdf}", source.as_uri()], capture_output=True, check=True, timeout=120)
    articles, halves, pages = [], {}, [[], []]
    for node in markup.document_fromstring(settled.encode(), parser=markup.HTMLParser(encoding="utf-8")).iter("article"):
        said = json.loads(node.get("data-said"))
        lines = tuple(text for p in node.iter("p") if (text := p.text_content().strip()))
        article = Printed(said["title"], lines, tuple(said["authors"]), said.get("kicker", ""), said.get("subtitle", ""),
                          said["byline"], said["caption"])
        if node.get("data-fits") == "true":
            pages[len(node.xpath("ancestor::section/preceding-sibling::section"))].append(article)
        if node.get("class"):
            halves[node.get("class")] = article
        elif node.get("data-fits") == "true":
            articles.append(article)
    if "jump2" in halves and halves["jump2"].paragraphs:
        one, two = halves["jump1"].paragraphs, halves["jump2"].paragraphs
        lines = (*one[:-1], one[-1].removesuffix("（下转第二版）"), two[0].removeprefix("（上接第一版）"), *two[1:])
        articles.append(Printed(halves["jump1"].title, tuple(filter(None, lines)), ()))
    return pdf, articles, pages


def as_text(articles: list[Printed], number: int, rand: random.Random) -> str:
    """The articles of a page in the order of a page system: one after another, paragraphs cut where a column ended."""
    lines = [f"{PAPER}　2025年11月18日　星期二", f"第{number:02}版：{('要闻', '综合')[number - 1]}"]
    for article in articles:
        lines += filter(None, (article.kicker, article.title, article.subtitle))
        if article.byline:
            lines.append(article.byline)
        for paragraph in article.paragraphs:
            cut = rand.randrange(20, len(paragraph) - 20) if len(paragraph) > 120 and rand.random() < 0.3 else 0
            lines += [paragraph[:cut], paragraph[cut:]] if cut else [paragraph]
        if article.caption:
            lines.append(article.caption)
    return "\n\n".join(lines)


def scanned(pdf: Path, rand: random.Random) -> None:
    """A TIFF beside the PDF: its pages at 200 dots an inch, skewed by up to a degree, grainy and a little out of focus."""
    import numpy as np
    import pypdfium2
    from PIL import Image, ImageFilter

    pages = []
    for page in pypdfium2.PdfDocument(pdf):
        grey = page.render(scale=200 / 72, grayscale=True).to_pil().convert("L")
        grey = grey.rotate(rand.uniform(-1, 1), resample=Image.BICUBIC, fillcolor=245).filter(ImageFilter.GaussianBlur(0.7))
        grain = np.random.default_rng(rand.randrange(2**32)).normal(0, 9, (grey.height, grey.width))
        pages.append(Image.fromarray(np.clip(np.asarray(grey, dtype=float) * 0.9 + 12 + grain, 0, 255).astype("uint8")))
    path = pdf.with_suffix(".tif")
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="jpeg", dpi=(200, 200))


# ---- measuring


def marked(article: Printed, found: list[Article], others: list[Printed]) -> tuple[dict[str, bool], float]:
    """What is right of an article as it was read, and the share of characters that are wrong in its body.

    Lines of plain text do not say which of them is a kicker: there the parts of a headline may be one title.
    """
    body = _plain(article.body)
    pairs = {body[i:i + 4] for i in range(len(body) - 3)}
    best = max(found, key=lambda one: len(pairs & {t[i:i + 4] for t in [_plain(one.text)] for i in range(len(t) - 3)}), default=None)
    if best is None:
        return dict.fromkeys(("title", "authors", "first", "last", "alone"), False), 1.0
    text = _plain(best.text)
    own = text.replace(_plain(article.caption), "") if article.caption else text
    ends = [_plain(body[a:b]) for a, b in sentences(body)]
    foreign = [_plain(p[a:b]) for other in others if other is not article for p in other.paragraphs for a, b in sentences(p)]
    names = article.authors
    right = {
        "title": _parts(best) == _parts(article) or not best.kicker and "".join(_parts(best)) == "".join(_parts(article)),
        "authors": set(best.authors) == set(names),
        "first": _holds(text, ends[0]), "last": _holds(text, ends[-1]),
        "alone": not any(len(line) >= 12 and line in text and line not in body for line in foreign),
    }
    same = sum(block.size for block in SequenceMatcher(None, body, own, autojunk=False).get_matching_blocks())
    return right, 1 - same / max(len(body), len(own))


def _holds(text: str, sentence: str) -> bool:
    """Whether a text holds a sentence, but for one character in twenty, which a scan may mistake."""
    if sentence in text:
        return True
    at = SequenceMatcher(None, text, sentence, autojunk=False).find_longest_match()
    near = text[max(0, at.a - at.b):at.a - at.b + len(sentence)]
    return SequenceMatcher(None, near, sentence, autojunk=False).ratio() >= 0.95


def _plain(text: str) -> str:
    return squeeze(fold(text))


def _parts(article: Article | Printed) -> tuple[str, ...]:
    return tuple(_plain(part or "").lstrip("—-一") for part in (article.kicker, article.title, article.subtitle))


def read(folder: Path) -> list[Article]:
    """The articles of a folder, as a refresh would take them."""
    return [piece for piece in read_corpus(folder) if isinstance(piece, Article)]


def peers() -> dict[str, Callable[[Path], str]]:
    """The converters a user would pick that are installed here, each with its defaults."""
    def pdfminer(pdf: Path) -> str:
        from pdfminer.high_level import extract_text
        return str(extract_text(str(pdf)))

    def pdfplumber(pdf: Path) -> str:
        import pdfplumber
        return "\n".join(page.extract_text() or "" for page in pdfplumber.open(pdf).pages)

    def markitdown(pdf: Path) -> str:
        from markitdown import MarkItDown
        return str(MarkItDown(enable_plugins=False).convert(str(pdf)).text_content)

    return {convert.__name__: convert for convert in (pdfminer, pdfplumber, markitdown) if find_spec(convert.__name__)}


def main() -> None:
    """Builds the pages, reads them in every form, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("news", type=Path)
    parser.add_argument("--pages", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--forms", nargs="+", choices=("pdf", "text", "scan"), default=["pdf", "text"])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        folder.mkdir(exist_ok=True)
        editor, rand = Editor(titled(options.news), options.seed), random.Random(options.seed)
        issues = [printed(folder, editor.issue(), number) for number in range(1, options.pages // 2 + 1)]
        rows = [report(form, folder, issues, rand) for form in options.forms]
        if options.peers:
            rows += [compare(name, convert, issues) for name, convert in {"assistant": ours, **peers()}.items()]
    if options.json:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        table = {"commit": commit, "seed": options.seed, "pages": 2 * len(issues), "rows": rows}
        options.json.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def report(form: str, folder: Path, issues: list[Issue], rand: random.Random) -> dict[str, Any]:
    """Reads the issues in one form, prints and returns what was right; what was not goes to FORM.jsonl in the folder."""
    rights, errors, seconds, pages = [], [], 0.0, 2 * len(issues)
    with (folder / f"{form}.jsonl").open("w", encoding="utf-8") as wrong:
        for number, issue in enumerate(issues, 1):
            with tempfile.TemporaryDirectory(dir=folder) as alone:
                articles = laid_out(form, issue, Path(alone), rand)
                began = time.process_time()
                found = read(Path(alone))
                seconds += time.process_time() - began
            for article in articles:
                right, error = marked(article, found, articles)
                rights.append(right)
                errors.append((error, len(article.body)))
                if not all(right.values()) or error > 0.005:
                    row = {"issue": number, "title": article.title, "wrong": [k for k, v in right.items() if not v], "error": round(error, 4)}
                    wrong.write(json.dumps(row, ensure_ascii=False) + "\n")
    told = {"form": form, "articles": len(rights), "whole": sum(all(right.values()) for right in rights) / len(rights),
            **{name: sum(right[name] for right in rights) / len(rights) for name in rights[0]},
            "characters_wrong": sum(e * n for e, n in errors) / sum(n for _, n in errors),
            "seconds_a_page": seconds / pages, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    parts = "  ".join(f"{name} {told[name]:.1%}" for name in rights[0])
    print(f"{form:5} {len(rights)} articles on {pages} pages: whole and right {told['whole']:.1%}  ({parts})  characters wrong "
          f"{told['characters_wrong']:.2%}  {told['seconds_a_page']:.2f} CPU s a page  {told['peak_mb']:.0f} MB", flush=True)
    return told


def laid_out(form: str, issue: Issue, folder: Path, rand: random.Random) -> list[Printed]:
    """Puts an issue into a folder in one form; the articles as they can be read from it."""
    pdf, articles, pages = issue
    place = folder / DAY
    place.mkdir()
    if form == "pdf":
        shutil.copy(pdf, place)
    elif form == "scan":
        scanned(pdf, rand)
        pdf.with_suffix(".tif").rename(place / f"{pdf.stem}.tif")
    else:
        # plain text does not say to which article a picture belongs
        articles = [replace(one, caption="", authors=one.authors[:-1]) if one.caption else one for one in articles]
        for page, some in enumerate(pages, 1):
            (place / f"{page}.txt").write_text(as_text(some, page, rand), encoding="utf-8")
    return articles


def ours(pdf: Path) -> str:
    """The texts of a PDF's articles one after another."""
    return "\n".join(article.text for article in inspect(pdf).articles)


def compare(name: str, convert: Callable[[Path], str], issues: list[Issue]) -> dict[str, Any]:
    """Prints and returns how many articles' bodies, and how many sentences, a text of the PDFs holds in one stretch."""
    began, whole, held = time.process_time(), [], []
    for pdf, articles, _ in issues:
        text = squeeze(convert(pdf))
        whole += [article.body in text for article in articles]
        held += [squeeze(p[a:b]) in text for article in articles for p in article.paragraphs for a, b in sentences(p)]
    told = {"converter": name, "bodies_in_one_stretch": sum(whole) / len(whole), "sentences_in_one_stretch": sum(held) / len(held),
            "seconds_a_page": (time.process_time() - began) / (2 * len(issues))}
    print(f"{name:13} in one stretch: bodies {told['bodies_in_one_stretch']:.1%}, sentences {told['sentences_in_one_stretch']:.1%}  "
          f"{told['seconds_a_page']:.2f} CPU s a page", flush=True)
    return told


if __name__ == "__main__":
    main()
