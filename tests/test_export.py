"""What is taken along: references, documents, a digest; the documents are read back."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import docx
import pytest

from assistant.export.citation_styles import bibtex, gbt7714, headline, plain
from assistant.export.digest import days_before, digest, lead
from assistant.export.documents import as_docx, as_markdown, as_text, table_docx
from assistant.export.figures import as_csv, figures
from assistant.schema import Answer, Article, Citation

SEEN = date(2031, 8, 6)
FLOOD = Article("a/1.md", "本报讯（记者林一）云河水位升至21.4米，转移1200人。水还在涨。", title="云河水位升至21.4米", date="2031-08-03",
                newspaper="云河晚报", page="3", section="要闻", authors=("林一", "何二", "章三", "石四"))
ONLINE = Article("b", "青屏区开放6处安置点。", title="原标题：青屏区_开放安置点", date="2031-08", url="https://paper.example/b")
BARE = Article("c", "一幅漫画。")
FOUND = {article.id: article for article in (FLOOD, ONLINE, BARE)}.get


@pytest.mark.parametrize(("article", "reference"), [
    (FLOOD, "林一, 何二, 章三, 等. 云河水位升至21.4米[N]. 云河晚报, 2031-08-03(3)."),
    (ONLINE, "青屏区_开放安置点[N/OL]. 2031-08[2031-08-06]. https://paper.example/b."),
    (BARE, "一幅漫画。[N]."),
])
def test_gbt_7714(article: Article, reference: str) -> None:
    assert gbt7714(article, SEEN) == reference


def test_the_other_styles_leave_out_what_is_not_known_and_escape_what_bibtex_reads() -> None:
    assert headline(ONLINE) == "青屏区_开放安置点"
    assert plain(FLOOD, "http://x/1") == "《云河水位升至21.4米》，云河晚报，2031年8月3日，第3版，林一、何二、章三、石四，http://x/1"
    assert plain(ONLINE, "http://x/b").endswith("，https://paper.example/b") and plain(BARE) == "《一幅漫画。》"
    assert bibtex(ONLINE) == ("@article{b,\n  title = {{青屏区\\_开放安置点}},\n  year = {2031},\n  month = {8},\n"
                              "  url = {https://paper.example/b},\n}")


def answer(*articles: Article) -> Answer:
    """An answer with a line for each article, its first two characters short answers."""
    text, cited, bold = "", [], []
    for n, article in enumerate(articles, 1):
        bold.append((len(text), len(text) + 2))
        text += f"{article.text[:4]}*[{n}]\n"
        cited.append(Citation.of(n, article, 0, 4))
    return Answer("问<?>", text.rstrip(), citations=tuple(cited), emphasis=tuple(bold))


def test_markdown_escapes_and_numbers_the_footnotes_through() -> None:
    told = as_markdown([answer(FLOOD, ONLINE), answer(BARE)], FOUND, "")
    assert told.startswith("## 问\\<?\\>\n\n本报讯（\\*[^1]\n\n青屏区开\\*[^2]\n\n## 问") and "一幅漫画\\*[^3]" in told
    assert told.endswith("[^3]: 《一幅漫画。》\n")


def test_what_the_archive_has_no_more_is_told_by_the_citation() -> None:
    assert as_text(answer(FLOOD), {}.get, "http://x").endswith(
        "[1] 《云河水位升至21.4米》，云河晚报，2031年8月3日，林一、何二、章三、石四，http://x/articles/a/1.md")


def test_word_has_the_answer_with_a_footnote_at_each_mark() -> None:
    packed = as_docx([answer(FLOOD, ONLINE)], FOUND, SEEN)
    document = docx.Document(io.BytesIO(packed))
    assert [paragraph.text for paragraph in document.paragraphs] == ["问<?>", "本报讯（*", "青屏区开*"]
    assert [run.text for run in document.paragraphs[1].runs if run.bold] == ["本报"]
    notes = zipfile.ZipFile(io.BytesIO(packed)).read("word/footnotes.xml").decode()
    assert notes.count("<w:footnoteRef/>") == 2 and gbt7714(FLOOD, SEEN) in notes and gbt7714(ONLINE, SEEN) in notes
    assert document.element.xml.count("w:footnoteReference") == 2


def test_a_table_is_read_back() -> None:
    table = docx.Document(io.BytesIO(table_docx("数字", ("日期", "数字"), [("3日", "6处\x00")]))).tables[0]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["日期", "数字"], ["3日", "6处"]]


def test_figures_are_those_of_the_topic_with_their_sentences() -> None:
    rows = figures([FLOOD, ONLINE, BARE], "云河")
    assert [(row.written, row.sentence) for row in rows] == [
        ("21.4米", "本报讯（记者林一）云河水位升至21.4米，转移1200人。"), ("1200人", "本报讯（记者林一）云河水位升至21.4米，转移1200人。")]
    assert [row.written for row in figures([FLOOD, ONLINE], "")] == ["21.4米", "1200人", "6处"]
    assert "2031-08,6处,青屏区开放6处安置点。,青屏区_开放安置点" in as_csv(figures([ONLINE], "青屏区"))


def test_a_digest_has_a_line_an_article_by_section_behind_the_dateline() -> None:
    told = digest([FLOOD, ONLINE, BARE], "2031-08", "2031-08")
    assert told.question == "2031年8月摘要"
    assert told.text.splitlines() == ["【要闻】", "云河水位升至21.4米：云河水位升至21.4米，转移1200人。[1]", "【未分栏目】",
                                      "青屏区_开放安置点：青屏区开放6处安置点。[2]", "一幅漫画。[3]"]
    assert lead(Article("x", "长" * 500)) == (0, 90) and lead(Article("x", "")) == (0, 0)
    assert days_before("2031-08-03", 7) == ("2031-07-28", "2031-08-03") and days_before("2031-08", 7) == ("2031-08", "2031-08")


def test_a_table_stays_one_in_markdown_and_word() -> None:
    text = "| 村 | 电话 |\n| 柳树村 | 6600*102 |[1]\n完"
    told = Answer("问", text, citations=(Citation.of(1, FLOOD, 0, 4),))
    assert "| 村 | 电话 |\n| --- | --- |\n| 柳树村 | 6600\\*102[^1] |\n\n完" in as_markdown([told], FOUND, "")
    document = docx.Document(io.BytesIO(as_docx([told], FOUND, SEEN)))
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [["村", "电话"], ["柳树村", "6600*102"]]
