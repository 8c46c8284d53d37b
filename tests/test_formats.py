"""Every kind of file in the structure that newspapers' systems give it: all fields are read, or the reason is told."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from assistant.cli import main
from assistant.corpus.files import CorpusFile, read_corpus, read_file
from assistant.corpus.page_images import page_image
from assistant.corpus.typeset import Sheet
from assistant.errors import UnreadableFile
from assistant.language.text import squeeze
from assistant.schema import Article, Failure

BODY = "十月一日起，青屏区图书馆延长开放到晚上九点。馆里添了两百个座位，还设了老人阅览区，附近三个社区的居民都能走路到达。"
MORE = "馆长说，周末的座位以前总是不够，现在一个人也不用等了。"


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def said(article: Article, *names: str) -> tuple:
    return tuple(getattr(article, name) for name in names)


def articles(folder: Path) -> list[Article]:
    found = list(read_corpus(folder))
    assert all(isinstance(piece, Article) for piece in found), found
    return found


def only(folder: Path) -> Article:
    article, = articles(folder)
    return article


def reasons(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(piece.file, piece.line, piece.reason.partition(" / ")[2]) for piece in read_corpus(folder)
            if isinstance(piece, Failure)]


class TestElectronicPaper:
    CONTENT = (
        "<html><head><title>青屏晚报</title></head><body><!--enpproperty <founder-date>2026-03-05 05:10:00</founder-date>"
        "<founder-author></founder-author><founder-introtitle>社区添了好去处</founder-introtitle><founder-title>图书馆的灯<br/>"
        "亮到九点</founder-title><founder-subtitle>——青屏区公共阅读走笔</founder-subtitle><founder-pagenum>03</founder-pagenum>"
        "<founder-pagename>街巷</founder-pagename><founder-papername>青屏晚报</founder-papername> /enpproperty-->"
        "<a href='node_2.htm'>上一版</a><p>社区添了好去处</p><div id='ozoom'><founder-content><P>　　◆青屏晚报全媒体记者 林小舟</P>"
        f"<P>　　通讯员&nbsp;石岩</P><P>　　{BODY}</P><TABLE><TR><TD>日子</TD><TD>开放</TD></TR><TR><TD>周一</TD><TD>闭馆</TD></TR></TABLE>"
        f"<P>　　{MORE}</P></founder-content></div><div>版权所有 不得转载</div></body></html>")
    NODE = ("<html><body><map name='m'><area coords='10,20,110,20,110,220,10,220' shape='polygon' href='content_7_31.htm'>"
            "<area coords='0,0,9,9' href='content_7_32.htm'></map><img src='../../page/3.jpg' width='200' height='400' usemap='#m'>"
            "<a href='content_7_31.htm'>图书馆的灯亮到九点</a><p>版权声明：不得用于商业用途，如需转载请与报社联系。</p></body></html>")

    def test_an_article_has_every_field_and_its_place_on_the_page(self, tmp_path: Path) -> None:
        put(tmp_path, "html/2026-03/05/content_7_31.htm", self.CONTENT)
        put(tmp_path, "html/2026-03/05/node_3.htm", self.NODE)
        put(tmp_path, "html/page/3.jpg", b"\xff\xd8\xff")
        put(tmp_path, ".ignore", "*.jpg\n")
        article = only(tmp_path)
        assert said(article, "kicker", "title", "subtitle", "date", "dated_by", "newspaper", "page", "page_name") == (
            "社区添了好去处", "图书馆的灯 亮到九点", "青屏区公共阅读走笔", "2026-03-05", "field", "青屏晚报", "3", "街巷")
        assert said(article, "authors", "roles", "image") == (
            ("林小舟", "石岩"), ("全媒体记者", "通讯员"), "html/page/3.jpg")
        assert article.text == f"{BODY}\n| 日子 | 开放 |\n|---|---|\n| 周一 | 闭馆 |\n{MORE}"
        box, = article.boxes
        assert said(box, "page", "left", "top", "right", "bottom") == ("3", 0.05, 0.05, 0.55, 0.55)

    def test_the_layout_with_headlines_around_the_title(self, tmp_path: Path) -> None:
        put(tmp_path, "pc/content/202603/05/content_9.html", (
            "<html><body><div class='article'><h3>引题在上</h3><h1>图书馆亮灯</h1><h2>副题在下</h2><p class='sec'>本报记者 林小舟 "
            "<span class='date'>《青屏日报》（2026年03月05日 第 06 版）</span></p><div id='ozoom'><div id='articleContent'>"
            f"<p>{BODY}</p></div></div></div></body></html>"))
        assert said(only(tmp_path), "kicker", "title", "subtitle", "authors", "roles", "newspaper", "date", "page", "text") == (
            "引题在上", "图书馆亮灯", "副题在下", ("林小舟",), ("记者",), "青屏日报", "2026-03-05", "6", BODY)

    def test_a_site_of_a_newspaper_group(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html", (
            "<html><head><title>图书馆亮灯_青屏网</title></head><body><h2 id='article_title'>图书馆亮灯</h2><span id='pubtime_baidu'>"
            "2026-03-05 08:00</span><span id='source_baidu'>来源：青屏网</span><div class='content' id='content'>"
            f"<!--enpproperty <title>图书馆亮灯</title><nodename>民生</nodename>/enpproperty--><p>{BODY}</p><p>【记者】林小舟</p>"
            "<p>【通讯员】石岩</p><p>【校对】何青</p></div><div>编辑：周白</div></body></html>"))
        assert said(only(tmp_path), "title", "date", "newspaper", "section", "page_name", "authors", "roles", "text") == (
            "图书馆亮灯", "2026-03-05", "青屏网", "民生", None, ("林小舟", "石岩"), ("记者", "通讯员"), BODY)

    def test_a_younger_site_of_founder(self, tmp_path: Path) -> None:
        put(tmp_path, "pc/con/c/202603/05/content_9.html", (
            "<html><head><title>青屏晚报多媒体数字报</title></head><body><div class='newsdetatit'><p class='introtitle'>社区添了好去处</p>"
            "<h3>图书馆亮灯</h3><p class='subtitle'>——青屏区公共阅读走笔</p><p><span>林小舟 石岩</span><span>来源：青屏晚报　2026年03月05日</span></p>"
            f"</div><div class='newsdetatext'><p>　　{BODY}</p><p>　　{MORE}</p></div><div class='newsfoot'>上一篇 下一篇</div></body></html>"))
        article = only(tmp_path)
        assert said(article, "kicker", "title", "subtitle", "authors", "newspaper", "date") == (
            "社区添了好去处", "图书馆亮灯", "青屏区公共阅读走笔", ("林小舟", "石岩"), "青屏晚报", "2026-03-05")
        assert article.text == f"{BODY}\n{MORE}"

    def test_an_article_of_a_wechat_account(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html", (
            "<html><head><meta property='og:url' content='https://example.org/s/1'></head><body><h1 id='activity-name'> 图书馆亮灯 </h1>"
            "<a id='js_name'>青屏发布 </a><div id='js_content' style='visibility: hidden'><p>点击上方蓝字关注我们</p>"
            f"<p><span>{BODY}</span></p><p>来源：青屏日报　编辑：周白　审核：何青</p><p>长按识别二维码</p></div>"
            "<script>var ct = \"1772640000\";</script></body></html>"))
        assert said(only(tmp_path), "title", "newspaper", "date", "url", "authors", "text") == (
            "图书馆亮灯", "青屏发布", "2026-03-05", "https://example.org/s/1", (), BODY)

    def test_a_table_of_any_page_is_a_table_and_one_that_arranges_it_is_not(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html", f"<table><tr><td><a href='1'>头版</a></td><td><h1>图书馆亮灯</h1><p>{BODY}</p><table><tr><th>日子</th>"
                                "<th>开放</th></tr><tr><td>周一</td><td>闭馆</td></tr></table></td></tr></table>")
        assert only(tmp_path).text == f"{BODY}\n| 日子 | 开放 |\n|---|---|\n| 周一 | 闭馆 |"


class TestExports:
    FIELDS = ("title", "date", "page", "page_name", "authors", "text")
    ONE = ("图书馆亮灯", "2026-03-05", "1", "要闻", ("林小舟",), BODY)
    TWO = ("菊花开了", "2026-03-05", "A03", "文旅", ("石岩",), MORE)

    def test_records_of_an_archive(self, tmp_path: Path) -> None:
        put(tmp_path, "a.trs", (
            f"<REC>\n<版名>=要闻\n<日期>=2026.03.05\n<版次>=01\n<肩标题>=社区添了好去处\n<标题>=图书馆亮灯\n<副题>=\n<作者>=本报记者 林小舟\n"
            f"<正文>=　　{BODY}\n　　<注意>=不是字段\n\n<REC>\n<版名>=文旅\n<日期>=2026.03.05\n<版次>=A03\n<标题>=菊花开了\n<作者>=石岩\n"
            f"<正文>=　　{MORE}\n").encode("gb18030"))
        one, two = articles(tmp_path)
        assert said(one, *self.FIELDS[:-1], "kicker", "subtitle", "roles") == (*self.ONE[:-1], "社区添了好去处", None, ("记者",))
        assert one.text.startswith(BODY) and said(two, *self.FIELDS) == self.TWO and two.id == "a.trs#2"

    @pytest.mark.parametrize("header", [True, False])
    @pytest.mark.parametrize("suffix", ["csv", "tsv", "xlsx"])
    def test_tables_with_and_without_a_header(self, tmp_path: Path, header: bool, suffix: str) -> None:
        rows = [["日期", "版次", "版名", "标题", "作者", "正文"]] if header else []
        rows += [["2026-03-05", "01", "要闻", "图书馆亮灯", "林小舟", BODY], ["2026-03-05", "A03", "文旅", "菊花开了", "石岩", MORE]]
        if suffix == "xlsx":
            import openpyxl

            book = openpyxl.Workbook()
            for row in rows:
                book.active.append(row)
            book.save(tmp_path / "a.xlsx")
        else:
            cell = {"csv": '"{}"', "tsv": "{}"}[suffix]
            text = "".join({"csv": ",", "tsv": "\t"}[suffix].join(map(cell.format, row)) + "\r\n" for row in rows)
            put(tmp_path, f"a.{suffix}", text.encode("gb18030"))
        assert [said(article, *self.FIELDS) for article in articles(tmp_path)] == [self.ONE, self.TWO]

    def test_an_issue_as_json(self, tmp_path: Path) -> None:
        put(tmp_path, "a.json", json.dumps({"source": "程序 1.0", "date": "2026-03-05", "pages": [
            {"page": "001", "page_name": "要闻", "articles": [
                {"title": "图书馆\n亮灯", "author": "文/青屏日报全媒体记者 林小舟 实习生 石岩 图/何青", "content": BODY},
                {"title": "菊花开了", "content": "（A03）"}]},
            {"page": "A03", "page_name": "文旅", "articles": [{"title": "菊花开了", "author": "石岩", "content": MORE}]}]},
            ensure_ascii=False))
        one, two = articles(tmp_path)
        assert said(one, *self.FIELDS[:-2], "newspaper") == ("图书馆 亮灯", "2026-03-05", "1", "要闻", None)
        assert said(one, "authors", "roles") == (("林小舟", "石岩", "何青"), ("全媒体记者", "实习生", "摄影"))
        assert said(two, *self.FIELDS) == self.TWO

    def test_the_old_text_form(self, tmp_path: Path) -> None:
        put(tmp_path, "a.md", f"### 灯下的书  记青屏图书馆\n石岩\n1950-03-05\n第4版(副刊)\n专栏：读书\n\n　　灯下的书\n    记青屏图书馆\n    石岩\n    {BODY}\n    {MORE}\n")
        assert said(only(tmp_path), "title", "subtitle", "authors", "date", "page", "page_name", "section", "text") == (
            "灯下的书", "记青屏图书馆", ("石岩",), "1950-03-05", "4", "副刊", "读书", f"{BODY}\n{MORE}")

    def test_news_items_in_xml(self, tmp_path: Path) -> None:
        put(tmp_path, "a.xml", (
            "<contentSet><inlineXML><nitf xmlns='http://iptc.org/std/NITF/2006-10-18/'><head><pubdata date.publication='20260305T0600' "
            "name='青屏日报'/></head><body><body.head><hedline><hl1>图书馆亮灯</hl1><hl2>到九点</hl2></hedline><byline>记者 <person>林小舟"
            f"</person></byline></body.head><body.content><p>{BODY}</p><p>{MORE}</p></body.content></body></nitf></inlineXML></contentSet>"))
        assert said(only(tmp_path), "title", "subtitle", "date", "newspaper", "authors", "text") == (
            "图书馆亮灯", "到九点", "2026-03-05", "青屏日报", ("林小舟",), f"{BODY}\n{MORE}")

    def test_lines_of_alto(self, tmp_path: Path) -> None:
        put(tmp_path, "a.xml", "<alto xmlns='http://www.loc.gov/standards/alto/ns-v4#'><Layout><Page><PrintSpace><TextBlock><TextLine>"
                               "<String CONTENT='青'><Glyph CONTENT='清'/></String><String CONTENT='屏'/></TextLine><TextLine>"
                               "<String CONTENT='City'/><SP/><String CONTENT='News'/></TextLine></TextBlock></PrintSpace></Page></Layout></alto>")
        assert only(tmp_path).text == "青屏\nCity News"

    def test_an_issue_in_mets_whose_articles_lie_in_pages_of_alto(self, tmp_path: Path) -> None:
        def alto(*blocks: tuple[str, int, tuple[str, ...]]) -> str:
            return ('<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page WIDTH="1000" HEIGHT="2000"><PrintSpace>' + "".join(
                f'<TextBlock ID="{name}" HPOS="100" VPOS="{top}" WIDTH="300" HEIGHT="200">' + "".join(
                    f'<TextLine>{"".join(f"<String CONTENT={c!r}/>" for c in line)}</TextLine>' for line in lines) + "</TextBlock>"
                for name, top, lines in blocks) + "</PrintSpace></Page></Layout></alto>")

        def part(kind: str, file: str, block: str) -> str:
            return f'<div TYPE="{kind}"><fptr><area FILEID="{file}" BETYPE="IDREF" BEGIN="{block}"/></fptr></div>'

        put(tmp_path, "issue/alto/1.xml", alto(("T1", 100, ("图书馆亮灯",)), ("B1", 400, (BODY[:9], BODY[9:30])), ("B2", 800, ("另一栏的别篇。",))))
        put(tmp_path, "issue/alto/2.xml", alto(("B1", 100, (BODY[30:],)), ("A1", 500, ("本报记者 林小舟",))))
        put(tmp_path, "issue/mets.xml", (
            '<mets xmlns="http://www.loc.gov/METS/" xmlns:xlink="http://www.w3.org/1999/xlink"><dmdSec ID="D0"><mdWrap><xmlData><mods>'
            "<titleInfo><title>青屏晚报</title></titleInfo><originInfo><dateIssued>2026-03-05</dateIssued></originInfo></mods></xmlData></mdWrap></dmdSec>"
            "<fileSec>" + "".join(f'<file ID="F{n}"><FLocat xlink:href="file://./alto/{n}.xml"/></file>' for n in (1, 2, 3)) + "</fileSec>"
            '<structMap TYPE="PHYSICAL"><div TYPE="Newspaper">' + "".join(f'<div TYPE="PAGE" ORDER="{n}" ORDERLABEL="A0{n}"><fptr FILEID="F{n}"/></div>' for n in (1, 2, 3))
            + '</div></structMap><structMap TYPE="LOGICAL"><div TYPE="Issue" DMDID="D0"><div TYPE="Article">' + part("HEADLINE", "F1", "T1")
            + part("AUTHOR", "F2", "A1") + part("PARAGRAPH", "F1", "B1") + part("PARAGRAPH", "F2", "B1") + '</div><div TYPE="ARTICLE" LABEL="别篇">'
            + part("TEXT", "F1", "B2") + "</div></div></structMap></mets>"))
        one, two = (piece for piece in read_corpus(tmp_path) if isinstance(piece, Article))
        assert said(one, "id", "title", "authors", "roles", "newspaper", "date", "page") == (
            "issue/mets.xml#1", "图书馆亮灯", ("林小舟",), ("记者",), "青屏晚报", "2026-03-05", "A01")
        assert one.text == BODY[:30] + "\n" + BODY[30:] and said(two, "title", "text") == ("别篇", "另一栏的别篇。")
        assert [said(box, "page", "left", "top", "bottom") for box in one.boxes[:2]] == [("A01", 0.1, 0.05, 0.15), ("A02", 0.1, 0.25, 0.35)]
        assert reasons(tmp_path) == [("issue/mets.xml", 3, "page A03: ./alto/3.xml is not there")]

    def test_a_word_file_with_a_table(self, tmp_path: Path) -> None:
        import docx

        document = docx.Document()
        document.add_heading("图书馆亮灯", 0)
        document.add_paragraph("本报记者 林小舟")
        document.add_paragraph(BODY)
        table = document.add_table(2, 2)
        for cell, text in zip((cell for row in table.rows for cell in row.cells), ("日子", "开放", "周一", "闭馆")):
            cell.text = text
        document.add_paragraph(MORE)
        document.save(tmp_path / "2026-03-05.docx")
        assert said(only(tmp_path), "title", "authors", "roles", "date", "dated_by", "text") == (
            "图书馆亮灯", ("林小舟",), ("记者",), "2026-03-05", "path", f"{BODY}\n| 日子 | 开放 |\n|---|---|\n| 周一 | 闭馆 |\n{MORE}")


class TestBadFiles:
    def test_each_is_one_sentence_and_the_rest_goes_in(self, tmp_path: Path) -> None:
        bomb = "<!DOCTYPE a [<!ENTITY b 'x'>" + "".join(f"<!ENTITY b{n} '{f'&b{n - 1 or chr(0)};' * 10}'>".replace("\0", "") for n in range(1, 9))
        zeros, packed = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", b"\0" * 2**24)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("一版/好.txt", BODY)
            archive.writestr("一版/坏.txt", b"\0\1\2")
            archive.writestr("../外.txt", BODY)
        encrypted = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R"
                     b"/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>>>\n%%EOF")
        for name, content in {"bomb.xml": bomb + "]><nitf>&b8;</nitf>", "zeros.zip": zeros.getvalue(), "zip.zip": packed.getvalue(),
                              "cut.zip": packed.getvalue()[:60], "cut.docx": packed.getvalue(), "cut.xlsx": packed.getvalue(),
                              "locked.pdf": encrypted, "cut.pdf": b"%PDF-1.7\n%cut", "word.txt": b"\xd0\xcf\x11\xe0 an old Word file",
                              "cut.png": b"\x89PNG\r\n\x1a\n\0\0", "table.csv": "甲,乙\n丙,丁\n", "deep.json": "[" * 100_000}.items():
            put(tmp_path, name, content)
        found = {(file, line): reason for file, line, reason in reasons(tmp_path)}
        assert found[("zip.zip", 1)] == "一版/坏.txt: binary, not text"
        expected = {"bomb.xml": "not XML", "zeros.zip": "the archive unpacks to an absurd size", "cut.zip": "the archive is damaged",
                    "cut.docx": "the Word file is damaged", "cut.xlsx": "the Excel file is damaged", "locked.pdf": "the PDF is encrypted",
                    "cut.pdf": "the PDF is damaged", "word.txt": "it holds .doc under the name of .txt", "cut.png": "the picture is damaged",
                    "table.csv": "no column of the table is the text", "deep.json": "JSON nested too deeply"}
        assert {name: found.pop((name, None), "").startswith(reason) for name, reason in expected.items()} == dict.fromkeys(expected, True)
        assert list(found) == [("zip.zip", 1)]
        assert [piece.id for piece in read_corpus(tmp_path) if isinstance(piece, Article)] == ["zip.zip/一版/好.txt"]

    def test_a_text_of_two_encodings_is_one_sentence(self, tmp_path: Path) -> None:
        put(tmp_path, "mixed.txt", BODY.encode() + MORE.encode("gb18030"))
        put(tmp_path, "old.txt", BODY.encode("gb18030"))
        assert reasons(tmp_path) == [("mixed.txt", None, "no text in UTF-8, UTF-16, GB18030 or Big5")]
        assert [piece.text for piece in read_corpus(tmp_path) if isinstance(piece, Article)] == [BODY]

    def test_what_the_ignore_file_names_is_left_alone(self, tmp_path: Path) -> None:
        put(tmp_path, ".ignore", "# 样稿\n样/\n*.bak.txt\n!留.bak.txt\n")
        for name in ("样/一.txt", "二.bak.txt", "留.bak.txt", "三.txt"):
            put(tmp_path, name, BODY)
        assert [article.id for article in articles(tmp_path)] == ["三.txt", "留.bak.txt"]


CHROMIUM = Path("/usr/bin/chromium")
SHEET = """<!DOCTYPE html><meta charset="utf-8"><style>@page { size: 700px 900px; margin: 0 } body { margin: 0; font: 13px/1.5 "Noto Serif CJK SC" }
.page { width: 700px; height: 899px; padding: 20px; box-sizing: border-box; page-break-after: always } h1 { margin: 0; text-align: center; font-size: 28px }
h2 { margin: 0; font-size: 20px } p { margin: 0; text-indent: 2em } .by, .kicker { text-align: center } .kicker { font-size: 16px }
.row { display: flex; gap: 20px; margin-bottom: 16px } .two { columns: 2; column-gap: 20px; text-align: justify; height: 190px; column-fill: auto }
.frame { border: 1px solid #333; padding: 12px; width: 200px } .cell { width: 320px }</style>
<div class="page"><div>青屏晚报　2026年3月5日　星期四　第03版　街巷</div>
<div class="kicker">社区添了好去处</div><h1>图书馆的灯亮到九点</h1><div class="by">□ 本报记者　林小舟</div><div class="two">{long}</div>
<div class="row"><div class="cell"><h2>菊花开了一千盆</h2><div style="columns: 2; column-gap: 20px">{second}</div></div>
<div class="frame"><h2>渡口停航三天</h2>{third}</div></div><div>责任编辑：周白　校对：何青</div></div>
<div class="page"><div>青屏晚报　2026年3月5日　星期四　第04版　综合</div><h1>图书馆的灯亮到九点</h1><div class="two">{rest}</div></div>"""
LONG = [BODY, MORE, "记者看到，晚上八点半，阅览室里还坐着六十多人，有学生，也有刚下班的年轻人。" * 3, "下一步，区里还要在北桥头再建一座分馆。（下转第四版）"]
SECOND = "本报讯（通讯员石岩）城南公园的菊花昨天全部开放，共有四十个品种，公园延长开放到晚上九点，市民凭证免票。"
THIRD = "老渡口因检修停航三天，过河的居民可以改走新桥。（记者何青）"
UPRIGHT = ('<!DOCTYPE html><meta charset="utf-8"><style>@page { size: 700px 500px; margin: 0 } body { margin: 0; font: 16px/1.6 '
           '"Noto Serif CJK SC"; writing-mode: vertical-rl; width: 700px; height: 480px; padding: 20px; box-sizing: border-box } '
           f"h1 {{ font-size: 30px; margin: 0 }} p {{ margin: 0; text-indent: 2em }}</style><h1>图书馆的灯亮到九点</h1><p>{BODY}</p><p>{MORE}</p>"
           f"<h1>渡口停航三天</h1><p>{THIRD}</p>")
"""A page of vertical type, read from right to left."""


@pytest.fixture(scope="module")
def printed_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF of two pages of our own, set in columns by a browser."""
    folder = tmp_path_factory.mktemp("printed")
    html = SHEET
    for name, lines in {"long": LONG, "second": [SECOND], "third": [THIRD], "rest": ["（上接第三版）分馆明年春天动工。" + MORE]}.items():
        html = html.replace(f"{{{name}}}", "".join(f"<p>{line}</p>" for line in lines))
    return printed(folder, html)


def printed(folder: Path, html: str) -> Path:
    """The PDF that a browser prints."""
    if not CHROMIUM.exists():
        pytest.skip("there is no browser to print a page with")
    source = put(folder, "page.html", html)
    subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--disable-background-networking",
                    f"--print-to-pdf={folder / 'page.pdf'}", source.as_uri()], check=True, capture_output=True, timeout=120)
    return folder / "page.pdf"


class TestPrintedPages:
    def test_columns_headlines_bylines_frames_and_the_other_half(self, printed_page: Path, tmp_path: Path) -> None:
        put(tmp_path, "page.pdf", printed_page.read_bytes())
        second, third, first = articles(tmp_path)
        about = "title", "kicker", "authors", "newspaper", "date", "dated_by", "page", "page_name", "image"
        edition = "青屏晚报", "2026-03-05", "masthead", "3", "街巷", "page.pdf#page=1"
        assert said(first, *about) == ("图书馆的灯亮到九点", "社区添了好去处", ("林小舟",), *edition)
        assert said(second, *about) == ("菊花开了一千盆", None, ("石岩",), *edition)
        assert said(third, *about) == ("渡口停航三天", None, ("何青",), *edition)
        assert first.text == "\n".join([*LONG[:3], LONG[3].removesuffix("（下转第四版）"), "分馆明年春天动工。" + MORE])
        assert (second.text, third.text) == (SECOND, THIRD)
        assert {box.page for box in first.boxes} == {"3", "4"}
        frame = third.boxes[0]
        assert frame.left > 0.5 and 0.3 < frame.top < frame.bottom < 0.7

    def test_a_scan_of_the_page_laid_askew(self, printed_page: Path, tmp_path: Path) -> None:
        pytest.importorskip("rapidocr", reason="text recognition is not installed")
        import pypdfium2

        page = pypdfium2.PdfDocument(printed_page)[0].render(scale=200 / 72, grayscale=True).to_pil()
        page.rotate(0.8, fillcolor=255).save(tmp_path / "page.png")
        by_title = {article.title: article for article in articles(tmp_path)}
        assert set(by_title) == {"图书馆的灯亮到九点", "菊花开了一千盆", "渡口停航三天"}
        assert squeeze(by_title["菊花开了一千盆"].text) == squeeze(SECOND)
        assert said(by_title["渡口停航三天"], "authors", "date", "page", "image") == (("何青",), "2026-03-05", "3", "page.png")

    def test_a_scan_on_its_side_and_upside_down(self, printed_page: Path, tmp_path: Path) -> None:
        pytest.importorskip("rapidocr", reason="text recognition is not installed")
        import pypdfium2

        page = pypdfium2.PdfDocument(printed_page)[0].render(scale=200 / 72, grayscale=True).to_pil()
        for turn in (90, 180, 270):
            put(tmp_path, f"{turn}/.ignore", "")
            page.rotate(turn, expand=True).save(tmp_path / f"{turn}/page.png")
            by_title = {article.title: article for article in articles(tmp_path / str(turn))}
            assert set(by_title) == {"图书馆的灯亮到九点", "菊花开了一千盆", "渡口停航三天"}
            frame = by_title["渡口停航三天"].boxes[0]  # as the picture is seen: the lower right of the page, turned to the left
            middle = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
            upright = {90: (1 - middle[1], middle[0]), 180: (1 - middle[0], 1 - middle[1]), 270: (middle[1], 1 - middle[0])}[turn]
            assert upright[0] > 0.5 and 0.3 < upright[1] < 0.7

    def test_a_scan_of_vertical_type(self, tmp_path: Path) -> None:
        pytest.importorskip("rapidocr", reason="text recognition is not installed")
        import pypdfium2

        page = pypdfium2.PdfDocument(printed(tmp_path, UPRIGHT))[0].render(scale=200 / 72, grayscale=True).to_pil()
        put(tmp_path, "day/.ignore", "")
        page.save(tmp_path / "day/page.png")
        one, two = articles(tmp_path / "day")
        assert (one.title, two.title) == ("图书馆的灯亮到九点", "渡口停航三天")
        assert squeeze(two.text)[:8] == THIRD[:8] and one.boxes[0].left > two.boxes[0].right

    def test_vertical_type_is_read_in_its_order_and_told_of(self, tmp_path: Path) -> None:
        put(tmp_path, "day/page.pdf", printed(tmp_path, UPRIGHT).read_bytes())
        one, two = (piece for piece in read_corpus(tmp_path / "day") if isinstance(piece, Article))
        assert said(one, "title", "text") == ("图书馆的灯亮到九点", f"{BODY}\n{MORE}")
        assert said(two, "title", "text", "authors") == ("渡口停航三天", THIRD, ("何青",))
        assert one.boxes[0].left > 0.6 and all(box.right < one.boxes[0].left + 0.01 for box in two.boxes)  # from right to left
        assert reasons(tmp_path / "day") == [("page.pdf", 1, "page 1: vertical type; compare its order and headlines with the page")]

    def test_fonts_without_a_text_map_and_damaged_pages(self, printed_page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        raw = printed_page.read_bytes()
        seen = []

        def read_picture(grey: np.ndarray) -> Sheet:
            seen.append(grey.shape)
            raise UnreadableFile("没有装", "not installed")

        monkeypatch.setattr("assistant.corpus.formats.pdf.read_picture", read_picture)
        put(tmp_path, "unmapped.pdf", raw.replace(b"/ToUnicode", b"/NoUnicode"))
        assert reasons(tmp_path) == [("unmapped.pdf", 1, "page 1: not installed"), ("unmapped.pdf", 2, "page 2: not installed")]
        assert len(seen) == 2 and min(seen[0]) > 1000  # drawn to be read as scans
        (tmp_path / "unmapped.pdf").unlink()
        put(tmp_path, "broken.pdf", raw.replace(b"/Type /Page\n", b"/Type /Pagx\n", 1))
        put(tmp_path, "cut.pdf", raw[:len(raw) // 2])
        (one, two), third = reasons(tmp_path)[0][:2], reasons(tmp_path)[1]
        assert (one, two) == ("broken.pdf", 1) and third[0] == "cut.pdf" and third[2].startswith("the PDF is damaged")
        assert [piece.page for piece in read_corpus(tmp_path) if isinstance(piece, Article)] == ["4"]

    def test_of_many_pages_the_first_are_read_one_at_a_time(self, printed_page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("assistant.corpus.formats.pdf.PAGES", 1)
        put(tmp_path, "page.pdf", printed_page.read_bytes())
        file = read_file(CorpusFile(tmp_path / "page.pdf", "page.pdf"))
        assert next(file).page == "3"  # before the second page is looked at
        assert reasons(tmp_path) == [("page.pdf", 2, "more than 1 pages; the rest is not read")]

    def test_what_was_read_is_shown_beside_the_page(self, printed_page: Path, tmp_path: Path) -> None:
        put(tmp_path, "day/page.pdf", printed_page.read_bytes())
        put(tmp_path, "day/坏.txt", b"\0\1")
        put(tmp_path, "day/短.txt", "<b>没有标题</b>也没有日期")
        done = CliRunner().invoke(main, ["inspect", str(tmp_path / "day"), "--html", str(tmp_path / "check.html")])
        assert done.exit_code == 1 and "4 篇 articles，1 篇可疑 doubtful，1 处失败 failed" in done.stdout
        assert "    ？没有日期 no date" in done.stdout and "失败 failed 坏.txt: 是二进制文件" in done.stdout
        html = (tmp_path / "check.html").read_text(encoding="utf-8")
        assert html.count("data:image/png;base64,") == 1 and html.count('class="box"') >= 4
        assert "&lt;b&gt;没有标题" in html and "<b>没有标题" not in html


def test_pictures_of_pages_come_from_the_corpus_only(printed_page: Path, tmp_path: Path) -> None:
    put(tmp_path, "a/page.pdf", printed_page.read_bytes())
    assert page_image(tmp_path, "a/page.pdf#page=2").startswith(b"\x89PNG")
    assert [page_image(tmp_path / "a", image) for image in ("page.pdf#page=3", "../b.png", "../../etc/passwd", "no.pdf", "")] == [None] * 5
