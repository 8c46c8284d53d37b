"""Files of every kind, whole and broken, read into articles or reported with place and reason."""

from __future__ import annotations

import json
import lzma
import os
import resource
import unicodedata
import zlib
from pathlib import Path

import pytest

from assistant.corpus.files import CorpusFile, corpus_files, read_corpus, read_file
from assistant.corpus.formats import jsonl, source
from assistant.corpus.formats.source import decode
from assistant.errors import CorpusError, UnreadableFile
from assistant.language.text import squeeze
from assistant.schema import Article, Failure

ROOT = Path(__file__).parent.parent
SENTENCE = "甲街道的老楼里装上了新扶手，居民上楼下楼都放心。"
PAGE = f"甲路通车了\n本报讯（记者张三）{SENTENCE}\n乙路封闭三天\n本报讯（通讯员李四）施工三天。\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "corpus"


def put(folder: Path, name: str, content: str | bytes) -> CorpusFile:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return CorpusFile(path, name)


def read(folder: Path, name: str, content: str | bytes) -> list[Article | Failure]:
    return list(read_file(put(folder, name, content)))


def one(folder: Path, name: str, content: str | bytes) -> Article:
    article, = read(folder, name, content)
    assert isinstance(article, Article), article
    return article


def reason(folder: Path, name: str, content: str | bytes) -> str:
    """Why a file as a whole cannot be read."""
    with pytest.raises(UnreadableFile) as caught:
        read(folder, name, content)
    return caught.value.english


def failed(folder: Path, name: str, content: str | bytes) -> list[tuple[int | None, str]]:
    return [(f.line, f.reason.partition(" / ")[2]) for f in read(folder, name, content) if isinstance(f, Failure)]


def lines(*rows: object) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)


class TestFolder:
    def test_files_by_name_and_skips_with_a_reason(self, folder: Path, tmp_path: Path) -> None:
        for name in ("b.md", "a/z.TXT", "a/y.jsonl.xz", "questions.jsonl", "a/questions.jsonl", "x.htm"):
            put(folder, name, "")
        for name in (".hidden.md", ".git/a.md", "scan.gif", "no_suffix"):
            put(folder, name, "")
        os.mkfifo(folder / "pipe.txt")
        (tmp_path / "outside.md").write_text("外面")
        (folder / "out.md").symlink_to(tmp_path / "outside.md")
        (folder / "loop").symlink_to(folder)
        (folder / "self.md").symlink_to(folder / "self.md")
        (folder / "same.md").symlink_to(folder / "b.md")
        files, skipped = corpus_files(folder)
        assert [file.name for file in files] == ["a/y.jsonl.xz", "a/z.TXT", "b.md", "same.md", "x.htm"]
        assert [(skip.file, skip.reason.partition(" / ")[2].partition(" (")[0]) for skip in skipped] == [
            (".git", "hidden, skipped"), (".hidden.md", "hidden, skipped"),
            ("loop", "a link to a folder or to nothing, skipped"), ("no_suffix", "unknown type, skipped"),
            ("out.md", "a link out of the corpus, skipped"), ("pipe.txt", "not a regular file, skipped"),
            ("scan.gif", "unknown type, skipped"), ("self.md", "a link to a folder or to nothing, skipped")]

    def test_odd_names(self, folder: Path) -> None:
        for name in ("引号\"'.txt", "..两点.txt", "a b　c.txt", "断\n行.txt"):
            put(folder, name, SENTENCE)
        put(folder, os.fsdecode(b"\xff\xfe.txt"), SENTENCE)
        files, skipped = corpus_files(folder)
        assert [file.name for file in files] == ["a b　c.txt", "引号\"'.txt"]
        assert [skip.file for skip in skipped] == ["..两点.txt", "断�行.txt", "��.txt"]
        assert [article.id for article in read_corpus(folder)] == ["a b　c.txt", "引号\"'.txt"]

    def test_a_missing_folder_says_what_to_type(self, folder: Path) -> None:
        with pytest.raises(CorpusError, match="--corpus FOLDER"):
            corpus_files(folder)
        put(folder.parent, "corpus", "a file")
        with pytest.raises(CorpusError):
            list(read_corpus(folder))

    def test_an_empty_folder_is_no_error(self, folder: Path) -> None:
        folder.mkdir()
        assert corpus_files(folder) == ([], []) and list(read_corpus(folder)) == []

    def test_the_others_are_read_when_one_fails(self, folder: Path) -> None:
        put(folder, "a.txt", b"\0\1\2")
        put(folder, "b.txt", SENTENCE)
        failure, article = read_corpus(folder)
        assert str(failure) == "a.txt: 是二进制文件 / binary, not text" and article.id == "b.txt"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_an_unreadable_file(self, folder: Path) -> None:
        put(folder, "a.txt", SENTENCE).path.chmod(0)
        assert [f.reason for f in read_corpus(folder)] == ["打不开 / cannot be opened: Permission denied"]

    def test_the_sample_corpus(self) -> None:
        articles = list(read_corpus(ROOT / "corpus"))
        assert len(articles) == 10 and all(isinstance(a, Article) and a.date == "2025-11" for a in articles)
        assert articles[8].title is None and articles[8].authors == ("南海春",)


class TestIds:
    def test_path_or_number_or_the_given_one(self, folder: Path) -> None:
        put(folder, "二版/甲.md", SENTENCE)
        put(folder, "page.txt", PAGE)
        put(folder, "z.jsonl", lines({"text": "一。"}, "", {"text": "二。", "id": "given"}, {"text": "三。", "id": 7}))
        assert [a.id for a in read_corpus(folder)] == [
            "page.txt#1", "page.txt#2", "z.jsonl#1", "given", "7", "二版/甲.md"]

    def test_a_repeated_id_names_both_places(self, folder: Path) -> None:
        put(folder, "a.jsonl", lines({"text": "一。", "id": "x"}, {"text": "二。", "id": "x"}))
        put(folder, "b.md", "---\nid: x\n---\n三。")
        put(folder, "c.jsonl", lines({"text": "四。", "id": "b.md"}))
        assert [str(piece).partition(" / ")[2] or piece.id for piece in read_corpus(folder)] == [
            "x", "the id x is used in a.jsonl:1 already", "the id x is used in a.jsonl:1 already", "b.md"]
        again = (folder / "a.jsonl").read_bytes()
        assert failed(folder, "a.jsonl", again) == [(2, "the id x is used in a.jsonl:1 already")]

    def test_two_files_of_one_name_are_two_articles(self, folder: Path) -> None:
        put(folder, "25/content_1.txt", SENTENCE)
        put(folder, "26/content_1.txt", SENTENCE)
        assert [a.id for a in read_corpus(folder)] == ["25/content_1.txt", "26/content_1.txt"]

    def test_an_absurd_id(self, folder: Path) -> None:
        assert failed(folder, "a.jsonl", lines({"text": "一。", "id": "x" * 501}, {"text": "一。", "id": "x\ny"})) == [
            (1, "its id is too long, or more than one line"), (2, "its id is too long, or more than one line")]


class TestMarkdown:
    def test_every_field(self, folder: Path) -> None:
        text = ("---\nid: 甲-1\ntitle: '“新”路'\ndate: 2025-11-18\nnewspaper: 甲城日报\npage: 03\nsection: 要闻\n"
                "authors: [张三, '筠 溪']\nkind: news\nurl: https://example.org/1\nother: {a: [1]}\n---\n\n第一段。\n\n- 条目\n")
        assert one(folder, "a.md", text) == Article(
            id="甲-1", text="第一段。\n\n- 条目", title="“新”路", date="2025-11-18", newspaper="甲城日报", page="3",
            section="要闻", authors=("张三", "筠溪"), kind="news", url="https://example.org/1", dated_by="field")

    @pytest.mark.parametrize(("written", "iso"), [
        ("2025-11-18", "2025-11-18"), ("2025-11", "2025-11"), ("2025", "2025"), ("2025年11月18日", "2025-11-18"),
        ("2025/11/18", "2025-11-18"), ("20251118", "2025-11-18"), ("2025-11-18 08:30:00", "2025-11-18"), ("", None), ("null", None), ("~", None)])
    def test_dates(self, folder: Path, written: str, iso: str | None) -> None:
        assert one(folder, "a.md", f"---\ndate: {written}\n---\n正文。").date == iso

    @pytest.mark.parametrize("written", ["0000-00-00", "2025-13", "2025-02-30", "昨天", "true"])
    def test_absurd_dates_fail_with_their_line(self, folder: Path, written: str) -> None:
        content = f"---\ntitle: 题\ndate: {written}\n---\n正文。"
        assert failed(folder, "a.md", content) == [(3, f"there is no date {written}")]

    def test_a_heading_is_the_title_or_dropped_where_it_repeats_it(self, folder: Path) -> None:
        assert [(a.title, a.text) for a in (
            one(folder, "a.md", "# 新路通车 #\n\n正文。"), one(folder, "a.md", "---\ntitle: 新路 通车\n---\n# 新路通车\n正文。"),
            one(folder, "a.md", "---\ntitle: 题\n---\n# 别的\n正文。"), one(folder, "a.md", "#标签 正文。"))] == [
            ("新路通车", "正文。"), ("新路 通车", "正文。"), ("题", "# 别的\n正文。"), (None, "#标签 正文。")]

    def test_without_front_matter(self, folder: Path) -> None:
        assert one(folder, "a.md", "正文。\n---\n还有。").text == "正文。\n---\n还有。"
        assert one(folder, "a.md", "---\n正文。\n---\n还有。").text == "---\n正文。\n---\n还有。"
        assert one(folder, "a.md", "---\n正文。").text == "---\n正文。"

    def test_broken_ones(self, folder: Path) -> None:
        (line, why), = failed(folder, "a.md", "---\ntitle: 'a\ndate: 2025\n---\n正文。")
        assert line is not None and why.startswith("its front matter is not YAML")
        assert failed(folder, "a.md", "---\ntitle: [a]\n---\n正文。") == [(2, "title is not a string")]
        assert failed(folder, "a.md", "---\ntitle: a\nauthors: {a: b}\n---\n正文。") == [
            (3, "authors is not a list of names")]
        assert failed(folder, "a.md", "---\ntitle: 只有题目\n---\n") == [(None, "it has no text")]
        assert failed(folder, "a.md", "# 只有题目") == [(None, "it has no text")]
        assert reason(folder, "a.md", f"---\na: {'[' * 2000}\n---\n正文。") == "its front matter is nested too deeply"
        assert reason(folder, "a.md", f"---\na: {'x' * 70000}\n---\n正文。") == "its front matter is too long"

    def test_yaml_makes_no_objects_and_no_bombs(self, folder: Path) -> None:
        assert failed(folder, "a.md", "---\ntitle: !!python/object/apply:os.getcwd []\n---\n正文。") == [
            (2, "title is not a string")]
        nested = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
        bomb = f"---\n{nested}title: *a8\n---\n# 题目\n\n正文。"
        assert reason(folder, "a.md", bomb) == "line 3 of its front matter is a YAML alias (*), which is not read; write it out"

    def test_every_field_has_a_bound(self, folder: Path) -> None:
        long = "x" * 10_001
        rows = [{"text": "一。", name: long} for name in ("title", "kicker", "subtitle", "newspaper", "page_name", "section",
                                                        "kind", "url", "date", "image", "page")]
        found = failed(folder, "a.jsonl", lines(*rows, {"text": "一。", "authors": ["x"] * 1001},
                                                {"text": "一。", "authors": [long]}, dict.fromkeys(map(str, range(1001)), 1)))
        assert len(found) == len(rows) + 3 and all("longer than" in why for _, why in found[:-3])


class TestJsonLines:
    def test_broken_lines_are_told_and_the_others_read(self, folder: Path) -> None:
        content = lines(
            {"text": "一。", "title": None, "unknown": 1}, "{broken", "[]", {"title": "没有正文"}, {"text": " \n"},
            {"text": 5}, {"text": "二。", "title": 5}, {"text": "二。", "date": "2025-13"}, {"text": "二。", "date": True},
            {"text": "二。", "authors": [1]}, '{"text": "\\ud800"}', '{"text": "零\\u0000字"}', "[" * 100_000,
            {"question": "何时？"}, {"text": "末。", "date": 2025, "page": 3})
        pieces = read(folder, "a.jsonl", content)
        assert [(p.id, p.text, p.date, p.page) for p in pieces if isinstance(p, Article)] == [
            ("a.jsonl#1", "一。", None, None), ("a.jsonl#12", "零字", None, None), ("a.jsonl#15", "末。", "2025", "3")]
        reasons = {p.line: p.reason.partition(" / ")[2] for p in pieces if isinstance(p, Failure)}
        assert reasons.pop(2).startswith("not JSON: ")
        assert reasons == {
            3: "not a JSON object", 4: "it has no text", 5: "it has no text",
            6: "text is not a string", 7: "title is not a string",
            8: "there is no date 2025-13", 9: "date is not a string", 10: "authors is not a string",
            11: "text holds half a character (a lone surrogate)", 13: "JSON nested too deeply", 14: "it has no text"}

    def test_encodings(self, folder: Path) -> None:
        content = lines({"text": SENTENCE}, {"text": SENTENCE, "title": "题"})
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
            assert [a.text for a in read(folder, "a.jsonl", content.encode(encoding))] == [SENTENCE, SENTENCE], encoding
        assert failed(folder, "a.jsonl", content.encode() + b"\xfd\xfc\n") == [
            (3, "no text in UTF-8, UTF-16, GB18030 or Big5")]
        assert reason(folder, "a.jsonl", content.encode("utf-16")[:-1] + b"\xd8").startswith("no text in UTF-16")

    def test_archives(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        content = lines(*({"text": f"第{i}篇。"} for i in range(500)))
        packed = lzma.compress(content.encode())
        assert [a.id for a in read(folder, "n.jsonl.xz", packed)] == [f"n.jsonl.xz#{i}" for i in range(1, 501)]
        assert reason(folder, "n.jsonl.xz", packed[:-40]).startswith("the archive is damaged")
        assert reason(folder, "n.jsonl.xz", b"no archive").startswith("the archive is damaged")
        monkeypatch.setattr(jsonl, "FILE_BYTES", 2**16)
        for bomb in (b"\n" * 2**21, b" " * 2**21, b'{"text": "a"}\n' * 2**18):
            assert reason(folder, "n.jsonl.xz", lzma.compress(bomb)) == "the archive unpacks to an absurd size"

    @pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc, which tells how much memory is used")
    def test_an_archive_that_wants_more_memory_than_there_is(self, folder: Path) -> None:
        """The window of its filter is 4 GB: a byte of the block's header, under a checksum of its own."""
        packed = bytearray(lzma.compress(lines({"text": "一。"}).encode()))
        assert packed[14:16] == b"\x21\x01"
        packed[16] = 40
        end = 12 + 4 * packed[12]
        packed[end:end + 4] = zlib.crc32(packed[12:end]).to_bytes(4, "little")
        allowed = resource.getrlimit(resource.RLIMIT_AS)
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, allowed[1]))
        try:
            assert reason(folder, "n.jsonl.xz", bytes(packed)) == "the archive needs more memory to unpack than there is"
        finally:
            resource.setrlimit(resource.RLIMIT_AS, allowed)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_a_line_too_long_is_told_and_the_next_is_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch,
                                                          encoding: str) -> None:
        monkeypatch.setattr(jsonl, "LINE_BYTES", 1024)
        content = lines({"text": "x" * 5000}, {"text": "短。"}, {"text": "x" * 5000}).encode(encoding)
        places = [p.line if isinstance(p, Failure) else p.id for p in read(folder, "a.jsonl", content)]
        assert places == [1, "a.jsonl#2", 3]

    def test_the_same_place_gives_the_same_articles(self, folder: Path) -> None:
        file = put(folder, "a.jsonl", lines({"text": "一。"}, {"text": "二。"}))
        first = list(read_file(file))
        os.utime(file.path, (0, 0))
        assert list(read_file(CorpusFile(file.path, "a.jsonl"))) == first


class TestText:
    def test_a_page_is_split_and_an_article_is_not(self, folder: Path) -> None:
        assert [(a.id, a.title, a.authors, a.kind) for a in read(folder, "p.txt", PAGE)] == [
            ("p.txt#1", "甲路通车了", ("张三",), "news"), ("p.txt#2", "乙路封闭三天", ("李四",), "news")]
        article = one(folder, "a.txt", f"甲路通车了\n\n　　{SENTENCE}\n　　上楼\n下楼。")
        assert (article.id, article.title, article.text) == ("a.txt", "甲路通车了", f"{SENTENCE}\n上楼下楼。")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"])
    def test_encodings(self, folder: Path, encoding: str) -> None:
        mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
        assert one(folder, "a.txt", mark + SENTENCE.encode(encoding)).text == SENTENCE

    def test_traditional_characters(self, folder: Path) -> None:
        text = "甲街道的老樓裡裝上了新扶手，居民上樓下樓都放心，還說這是今年辦得最實在的一件事。"
        assert [one(folder, "a.txt", text.encode(encoding)).text for encoding in ("big5", "gbk")] == [text, text]

    @pytest.mark.parametrize("content", [
        b"\0\1\2\3", SENTENCE.encode("utf-16-le"), SENTENCE.encode()[:-1], SENTENCE.encode("gbk")[:-1],
        b"caf\xe9 au lait",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", bytes(range(256)), b"\xff\xfe\0", SENTENCE.encode("utf-32")])
    def test_what_is_no_text(self, folder: Path, content: bytes) -> None:
        assert reason(folder, "a.txt", content) in (
            "binary, not text", "no text in UTF-8, UTF-16, GB18030 or Big5",
            "it holds .png under the name of .txt; rename it")

    @pytest.mark.parametrize("content", ["", " \n　\n", "\ufeff", "\r\n", "\u200b\u200c\u200d\u2060" * 9, "\u00ad\u200b\n\u202e"])
    def test_what_is_empty(self, folder: Path, content: str) -> None:
        assert failed(folder, "a.txt", content) == [(None, "it has no text")]

    def test_too_large(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(source, "FILE_BYTES", 2**20)
        assert reason(folder, "a.txt", b"x" * (2**20 + 1)) == "larger than 1 MB"
        assert one(folder, "a.txt", b"x" * 2**20).text == "x" * 2**20

    def test_clean_text(self, folder: Path) -> None:
        assert one(folder, "a.txt", "一行。\r\n二行。\r三行。\x07\u2028四行\x0b五\ufeff行。").text == "一行。\n二行。\n三行。\n四行\n五行。"
        rare = "𠮷野家，Ａ１％！㎡…“引”👨‍👩‍👧 \u200b\u202e反\U000e0041。"
        assert one(folder, "a.txt", rare).text == rare
        assert one(folder, "a.txt", "e\u0301cole，ﬁ。").text == "école，ﬁ。"


class TestHtml:
    PAGE = (f"""<?xml version="1.0" encoding="gb2312"?><!DOCTYPE html><html><head>
        <meta http-equiv="Content-Type" content="text/html; charset=gb2312"><title>甲城日报数字报</title>
        <link rel="canonical" href="https://example.org/1"><script>var 坏 = "脚本";</script></head><body>
        <table><tr><td><a href="1">第01版：头版</a></td><td><a href="2">第02版：广告</a></td></tr></table>
        <p>2020年01月21日 星期二</p><p>第06版：要闻</p><h3>某街道装扶手</h3><h1>老楼里的路<script>x()</script></h1>
        <div id="ozoom"><founder-content><p>　　本报讯（记者张三）{SENTENCE}<script>alert(1)</script></p>
        <p>　　2019年5月6日他摔过一跤。<a href="javascript:alert(2)">看看</a><b>伤</b><img src=x onerror=alert(1)></p>
        </founder-content></div><p>版权所有 甲城日报社 2011年1月1日</p></body></html>""")

    def test_an_e_paper_page(self, folder: Path) -> None:
        for encoding in ("utf-8", "gb18030"):
            assert one(folder, "html/2020-01/22/content_575662.htm", self.PAGE.encode(encoding)) == Article(
                id="html/2020-01/22/content_575662.htm", title="老楼里的路", date="2020-01-22", page="6", section="要闻",
                page_name="要闻", kicker="某街道装扶手", roles=("记者",), dated_by="path",
                text=f"本报讯（记者张三）{SENTENCE}\n2019年5月6日他摔过一跤。看看伤", authors=("张三",), kind="news",
                url="https://example.org/1")

    def test_the_edition_line_gives_the_date_where_the_path_has_none(self, folder: Path) -> None:
        assert one(folder, "content_1.html", self.PAGE).date == "2020-01-21"
        assert one(folder, "9999-99/99/content_1.html", self.PAGE).date == "2020-01-21"

    def test_a_page_without_marks_of_a_system(self, folder: Path) -> None:
        article = one(folder, "a.html", f"<h1>老楼里的路</h1><p>{SENTENCE}</p><p>第一行<br>第二行</p><style>p {{}}</style>")
        assert (article.title, article.date) == ("老楼里的路", None)
        assert article.text == f"{SENTENCE}\n第一行\n第二行"

    def test_pages_of_nothing(self, folder: Path) -> None:
        assert reason(folder, "a.html", "").startswith("no HTML")
        assert failed(folder, "a.html", "<html><script>var a = 1</script></html>") == [(None, "it has no text")]
        assert failed(folder, "a.html", "<div>" * 50_000 + SENTENCE) in ([(None, "it has no text")], [])


class TestFields:
    @pytest.mark.parametrize(("url", "kept"), [
        ("https://example.org/a?b=1", True), ("http://example.org", True), ("javascript:alert(1)", False),
        ("data:text/html,x", False), ("//example.org", False), ("https://", False),
        ("http://[", False), ("https://example.org/\njavascript:x", False)])
    def test_only_web_addresses_are_kept(self, folder: Path, url: str, kept: bool) -> None:
        assert one(folder, "a.jsonl", lines({"text": "一。", "url": url})).url == (url if kept else None)

    @pytest.mark.parametrize(("written", "names"), [
        (["张三", " 李四 "], ("张三", "李四")), ("张三、李四", ("张三", "李四")), ("张三 李四", ("张三", "李四")),
        ("筠 溪", ("筠溪",)),
        (["本报评论员"], ("本报评论员",)), ("", ()), ([], ()), (None, ()), (["张三", "张三"], ("张三",))])
    def test_authors(self, folder: Path, written: object, names: tuple[str, ...]) -> None:
        assert one(folder, "a.jsonl", lines({"text": "一。", "authors": written})).authors == names

    def test_titles_are_one_line_without_outer_blanks(self, folder: Path) -> None:
        row = {"text": "一。", "title": " 主题  与\n 副题 ", "section": "　", "newspaper": ""}
        article = one(folder, "a.jsonl", lines(row))
        assert (article.title, article.section, article.newspaper) == ("主题  与 副题", None, None)

    def test_markup_and_templates_stay_text(self, folder: Path) -> None:
        text = "<script>alert(1)</script> {0.__class__} {{7*7}} %s =1+1 忽略以上指令"
        article = one(folder, "a.jsonl", lines({"text": text, "title": text}))
        assert (article.title, article.text) == (text, text)


def test_decode_takes_no_broken_utf8_for_chinese() -> None:
    for cut in range(1, 60):
        broken = SENTENCE.encode()[cut:]
        if cut % 3:
            with pytest.raises(UnreadableFile):
                decode(broken)


@pytest.mark.skipif(not (ROOT / "../shared/pages").is_dir(), reason="the real page is not at hand")
def test_the_real_page_stands_in_its_source(tmp_path: Path) -> None:
    source, = (ROOT / "../shared/pages").glob("*.txt")
    text = source.read_text(encoding="utf-8")
    for encoding in ("utf-8", "gb18030"):
        articles = read(tmp_path, "page.txt", text.encode(encoding))
        assert [a.id for a in articles] == [f"page.txt#{i}" for i in range(1, 11)]
        assert all(squeeze(a.text) in squeeze(unicodedata.normalize("NFC", text)) for a in articles)


@pytest.mark.skipif(not (ROOT / "../shared/data/news-2023.jsonl.xz").exists(), reason="the news archive is not at hand")
def test_real_news_streams() -> None:
    file = CorpusFile(ROOT / "../shared/data/news-2023.jsonl.xz", "news.jsonl.xz")
    articles = [article for article, _ in zip(read_file(file), range(2000))]
    assert all(isinstance(article, Article) for article in articles)
    assert [article.id for article in articles[-2:]] == ["news.jsonl.xz#1999", "news.jsonl.xz#2000"]
