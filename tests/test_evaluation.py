"""The evaluation with a scripted chain: every number of the summary is worked out by hand."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from assistant.errors import IndexMissing, LanguageModelError, QuestionsError
from assistant.evaluation import run as evaluation
from assistant.evaluation.run import Score, evaluate, told
from assistant.index.articles import ArticleStore
from assistant.schema import Answer, Article, Chunk, Citation, Passage

LIBRARY = Article("library.md", "甲街道图书馆有3.6万册图书，周末开放到晚上九点。", title="图书馆周末晚九点关门", date="2025-11-18")
BUS = Article("bus.md", "乙公交线路自11月20日起改道，绕行丁路。", title="乙公交线路改道", date="2025-11")
PARK = Article("park.md", "冬日的公园里，老人下棋，孩子放风筝。")
FIELDS = ["id", "question", "answer", "short_answer", "refused", "citations", "passages", "seconds"]


def cite(article, quote, n=1):
    return Citation.of(n, article, (start := article.text.index(quote)), start + len(quote))


def found(*articles):
    return tuple(Passage(Chunk(article.id, place, 0, len(article.text), article.text), article, 1 - place / 10)
                 for place, article in enumerate(articles))


def said(text, *citations, passages=(), bold="", **more):
    start = text.find(bold)
    return Answer("", text, citations=citations, passages=found(*passages),
                  emphasis=((start, start + len(bold)),) if bold else (), **more)


ALTERED = Citation(1, "library.md", "图书馆", None, None, None, (), None, "图书馆有4万册图书", 0, 9)
QUESTIONS = [
    {"id": "a", "question": "图书馆有多少册书？", "answers": ["３.6万 册", "3.6万册"], "articles": ["library.md"]},
    {"id": "b", "question": "公交哪天改道？", "answers": ["11月20日"], "articles": ["bus.md"], "why": "不认识的字段"},
    {"id": "c", "question": "老人在做什么？", "answers": ["下棋"], "articles": ["park.md", "gone.md"]},
    {"id": "d", "question": "图书馆的电话？", "unanswerable": True},
    {"id": "e", "question": "图书馆哪年建成？", "unanswerable": True, "answers": None},
    {"id": "f", "question": "公交绕行哪里？", "answers": ["丁路"], "articles": ["bus.md"]},
    {"id": "g", "question": "公园里有谁？", "answers": ["老人", "孩子"], "need": "all"},
    {"id": "h", "question": "谁放风筝？", "answers": ["孩子"], "articles": ["park.md"]},
    {"id": "i", "question": "你好"},
]
SCRIPT = {
    "图书馆有多少册书？": said("3.6万册。甲街道图书馆有3.6万册图书[1]，周末开放到晚上九点。[1]", cite(LIBRARY, "甲街道图书馆有3.6万册图书"),
                       cite(LIBRARY, "周末开放到晚上九点。"), passages=(LIBRARY, LIBRARY, BUS), bold="3.6万册"),
    "公交哪天改道？": said("20日。周末开放到晚上九点。[1]", cite(LIBRARY, "周末开放到晚上九点。"),
                    passages=(LIBRARY, PARK, LIBRARY, BUS), bold="20日"),
    "老人在做什么？": said("没有找到。最接近的报道写到下棋。[1]", cite(LIBRARY, "图书馆"), refused=True, bold="下棋"),
    "图书馆的电话？": said("没有找到。", refused=True, passages=(LIBRARY,)),
    "图书馆哪年建成？": said("图书馆有4万册图书。[1]", ALTERED, passages=(LIBRARY,)),
    "公交绕行哪里？": said("绕行丁路。[1]", cite(LIBRARY, "周末"), passages=(BUS,)),
    "公园里有谁？": said("老人下棋，孩子放风筝。[1]", cite(PARK, "老人下棋，孩子放风筝。")),
    "谁放风筝？": LanguageModelError("模型没有回答。", "The model did not answer."),
    "你好": said("您好，可以问我报上的事。", bold="您好"),
}


class ScriptedChain:
    """Answers from SCRIPT; `asked` keeps the questions. Each question takes 10 ms longer than the one before."""

    def __init__(self, folder, script=SCRIPT, articles=(LIBRARY, BUS, PARK)):
        self.script, self.asked, self.now = script, [], 0.0
        store = ArticleStore.create(folder / "articles.sqlite")
        store.put_articles("paper.jsonl", [(article, b"") for article in articles], whole=lambda: True)
        self.index = SimpleNamespace(current=lambda: SimpleNamespace(articles=store))

    def invoke(self, question):
        self.asked.append(question)
        self.now += (1 + list(self.script).index(question)) / 100
        answer = self.script[question]
        if isinstance(answer, BaseException):
            raise answer
        return answer.with_(question=question)


@pytest.fixture
def chain(monkeypatch, tmp_path):
    chain = ScriptedChain(tmp_path)
    monkeypatch.setattr(evaluation, "time", SimpleNamespace(perf_counter=lambda: chain.now))
    return chain


@pytest.fixture
def questions(tmp_path):
    return write(tmp_path / "questions.jsonl", *QUESTIONS, "{broken")


def write(path, *lines):
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n"
                            for line in lines), encoding="utf-8")
    return path


def rows(out):
    return [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_number_of_the_summary(chain, questions, tmp_path):
    summary = evaluate(chain, questions, tmp_path / "out")

    assert (summary.questions, summary.errors, summary.answerable, summary.unanswerable) == (10, 2, 7, 2)
    assert (summary.kept, summary.replaced) == (0, 0)
    assert summary.outcomes == {"wrong_answer": 1, "false_refusal": 1, "not_refused": 1, "wrong_article": 1, "error": 2,
                                "unjudged": 1, "right": 3}  # b; c; e; f; h and line 10; i; a d g
    assert summary.accuracy == Score(3 / 6, 6)  # a f g of a b c f g h
    low, high = summary.accuracy_interval
    assert 0 <= low < 0.5 < high <= 1
    assert summary.accuracy_with_source == Score(1 / 5, 5)  # a of a b c f h
    assert summary.hit_at_1 == Score(2 / 5, 5)  # the gold article's place: a 1, b 3, c none, f 1, h none
    assert summary.hit_at_5 == summary.hit_at_10 == Score(3 / 5, 5)
    assert summary.mrr_at_10 == Score(pytest.approx((1 + 1 / 3 + 1) / 5), 5)
    assert summary.ndcg_at_10 == Score(pytest.approx((1 + 1 / math.log2(4) + 1) / 5), 5)
    assert summary.citation_precision == Score(3 / 5, 5)  # two of a, and g by its quote; not b and f
    assert summary.citation_recall == Score(pytest.approx(1 / 3), 3)  # a whole, b and f nothing
    assert summary.verbatim_quotes == Score(pytest.approx(6 / 7), 7)  # all but that of e
    assert summary.refusal_rate == Score(1 / 2, 2)  # d, not e
    assert summary.false_refusal_rate == Score(pytest.approx(1 / 7), 7)  # c
    assert summary.short_answer_em == Score(1 / 2, 2)  # a, not b
    assert summary.short_answer_f1 == Score(pytest.approx((1 + 2 * 2 / (2 + 4)) / 2), 2)  # 20 日 of 11 月 20 日
    assert (summary.latency_p50_ms, summary.latency_p95_ms) == (40, 90)  # of 10 20 30 40 50 60 70 90
    assert summary.unknown_articles == ("gone.md",)

    written = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(asdict(summary)))


def test_result_lines_are_the_contract(chain, questions, tmp_path):
    evaluate(chain, questions, tmp_path / "out")
    made = rows(tmp_path / "out")
    assert [row["id"] for row in made] == [*"abcdefghi", "10"]
    assert list(made[1]) == FIELDS
    assert made[1] == {
        "id": "b", "question": "公交哪天改道？", "answer": "20日。周末开放到晚上九点。[1]", "short_answer": "20日", "refused": False,
        "citations": [{"n": 1, "article_id": "library.md", "title": "图书馆周末晚九点关门", "date": "2025-11-18",
                       "quote": "周末开放到晚上九点。"}],
        "passages": [{"article_id": "library.md", "chunk_id": "library.md@0", "score": 1.0, "reprints": []},
                     {"article_id": "park.md", "chunk_id": "park.md@1", "score": 0.9, "reprints": []},
                     {"article_id": "library.md", "chunk_id": "library.md@2", "score": 0.8, "reprints": []},
                     {"article_id": "bus.md", "chunk_id": "bus.md@3", "score": 0.7, "reprints": []}],
        "seconds": 0.02}
    assert made[6]["citations"][0]["title"] == "冬日的公园里，老人下棋，孩子放风筝。"
    assert made[7] == {"id": "h", "question": "谁放风筝？", "error": "模型没有回答。 The model did not answer.", "line": 8}
    assert made[9] == {"id": "10", "error": "这一行不是 UTF-8 编码的 JSON。This line is not JSON in UTF-8.", "line": 10}


def test_a_malformed_line_is_a_row_and_the_rest_runs(chain, tmp_path):
    path = write(tmp_path / "q.jsonl", {"id": "x", "question": 5}, {"question": "你好"}, {"id": "x", "question": "你好"})
    summary = evaluate(chain, path, tmp_path / "out")
    wrong, asked, repeated = rows(tmp_path / "out")
    assert wrong == {"id": "x", "error": "question 应为字符串。question must be a string.", "line": 1}
    assert (asked["id"], asked["answer"]) == ("2", "您好，可以问我报上的事。")
    assert repeated == {"id": "x", "error": "编号 x 与第 1 行重复。The id x repeats that of line 1.", "line": 3}
    assert (summary.questions, summary.errors, summary.answerable) == (3, 2, 1)


@pytest.mark.parametrize("content", [None, "", "\ufeff", "\n  \n"])
def test_no_questions(chain, tmp_path, content):
    path = tmp_path / "q.jsonl"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(QuestionsError) as fault:
        evaluate(chain, path, tmp_path / "out")
    assert "q.jsonl" in fault.value.chinese and "q.jsonl" in fault.value.english
    assert not (tmp_path / "out").exists()


def test_an_unforeseen_exception_is_one_sentence(chain, tmp_path):
    chain.script = {"你好": ValueError("first\nsecond")}
    evaluate(chain, write(tmp_path / "q.jsonl", {"question": "你好"}), tmp_path / "out")
    assert rows(tmp_path / "out")[0]["error"] == "ValueError: first second"


def test_limit_and_progress(chain, questions, tmp_path):
    seen = []
    summary = evaluate(chain, questions, tmp_path / "out", limit=2, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]
    assert (summary.questions, len(rows(tmp_path / "out")), len(chain.asked)) == (2, 2, 2)


def test_resume_after_a_kill_gives_what_a_whole_run_gives(chain, questions, tmp_path):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    expected = evaluate(chain, questions, whole)
    results = (whole / "results.jsonl").read_bytes()
    third = results.index(b"\n", results.index(b"\n") + 1) + 1
    for cut in (0, third, third + 40, results.index(b"\n", third), len(results)):
        torn.mkdir(exist_ok=True)
        (torn / "results.jsonl").write_bytes(results[:cut])
        chain.asked.clear()
        summary = evaluate(chain, questions, torn, resume=True)
        kept = results[:cut].count(b"\n")
        assert (torn / "results.jsonl").read_bytes() == results
        assert chain.asked == [question["question"] for question in QUESTIONS[kept:]]
        assert (summary.kept, summary.replaced, summary.accuracy) == (kept, 0, expected.accuracy)


def test_each_result_is_on_disk_as_soon_as_it_is_made(chain, questions, tmp_path):
    out = tmp_path / "out"
    evaluate(chain, questions, out)
    chain.script = SCRIPT | {"老人在做什么？": KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        evaluate(chain, questions, out)
    assert [row["id"] for row in rows(out)] == ["a", "b"]
    assert [path.name for path in out.iterdir()] == ["results.jsonl"]  # no report of the run before beside them
    chain.script = SCRIPT
    assert evaluate(chain, questions, out, resume=True).kept == 2


def test_a_run_without_resume_replaces_the_one_before(chain, questions, tmp_path):
    evaluate(chain, questions, tmp_path / "out")
    summary = evaluate(chain, questions, tmp_path / "out", limit=1)
    assert (summary.replaced, [row["id"] for row in rows(tmp_path / "out")]) == (10, ["a"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "report.html", "results.csv", "results.jsonl", "summary.json"]


@pytest.mark.parametrize("other", [
    [QUESTIONS[1], QUESTIONS[0]],
    [QUESTIONS[0], QUESTIONS[1] | {"question": "公交几号改道？"}],
    [QUESTIONS[0], QUESTIONS[1] | {"id": "z"}],
    [QUESTIONS[0]],
    [QUESTIONS[0], "{now broken"],
])
def test_resume_with_other_questions_is_refused_and_changes_nothing(chain, tmp_path, other):
    out = tmp_path / "out"
    evaluate(chain, write(tmp_path / "q.jsonl", *QUESTIONS[:2]), out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(QuestionsError, match="--resume"):
        evaluate(chain, write(tmp_path / "q.jsonl", *other), out, resume=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("foreign", ['{"id": "a", "question": "图书馆有多少册书？"}', "7", "[]"])
def test_resume_on_a_foreign_file_is_refused(chain, questions, tmp_path, foreign):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out" / "results.jsonl", foreign)
    with pytest.raises(QuestionsError):
        evaluate(chain, questions, tmp_path / "out", resume=True)


def test_new_gold_strings_judge_kept_answers_anew(chain, tmp_path):
    out, path = tmp_path / "out", tmp_path / "q.jsonl"
    assert evaluate(chain, write(path, QUESTIONS[1]), out).accuracy == Score(0.0, 1)
    corrected = QUESTIONS[1] | {"answers": ["20日"]}
    assert evaluate(chain, write(path, corrected), out, resume=True).accuracy == Score(1.0, 1)


def test_without_an_index_an_earlier_run_stays(chain, questions, tmp_path):
    def missing():
        raise IndexMissing("没有索引。", "There is no index.")

    evaluate(chain, questions, tmp_path / "out")
    chain.index.current = missing
    with pytest.raises(IndexMissing):
        evaluate(chain, questions, tmp_path / "out")
    assert len(rows(tmp_path / "out")) == 10 and (tmp_path / "out" / "report.html").exists()


def test_told(chain, questions, tmp_path):
    evaluate(chain, questions, tmp_path / "out", limit=4)
    summary = evaluate(chain, questions, tmp_path / "out")
    assert told(summary, Path("out")) == """\
10 题，3 题正确，2 题出错。 Of 10 questions 3 were right, 2 failed.
  答案准确率 accuracy: 50.0% / 6
  准确且出处对 accuracy with source: 20.0% / 5
  首篇命中 hit@1: 40.0% / 5
  前十命中 hit@10: 60.0% / 5
  引用准确率 citation precision: 60.0% / 5
  引文与原文一致 verbatim quotes: 85.7% / 7
  拒答率 refusal rate: 50.0% / 2
  误拒率 false refusal rate: 14.3% / 7
覆盖了先前的 4 条结果。 Replaced 4 results of an earlier run.
标准出处中有 1 篇不在档案里。 Gold articles that are not in the archive: 1.
报告 report: out/report.html"""


# The report

HOSTILE = "<script>alert('x')</script><img src=http://example.org/x onerror=alert(1)>{{ 7*7 }}"


def test_the_report_puts_failures_first_and_marks_the_gold(chain, questions, tmp_path):
    evaluate(chain, questions, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    sections = [page.index(f'<section id="{outcome}"') for outcome in evaluation.OUTCOMES]
    assert sections == sorted(sections) and page.index("<table>") < sections[0]
    assert "<mark>丁路</mark>" in page and "<sup>[1]</sup>" in page
    wrong = page[sections[0]:sections[1]]
    assert "公交哪天改道？" in wrong and "11月20日" in wrong and "20 ms" in wrong
    assert wrong.index("图书馆周末晚九点关门") < wrong.index('<li class="hit">') < wrong.index("乙公交线路改道")
    refused = page[sections[1]:sections[2]]
    assert "未检出" in refused and "gone.md" in refused and "not in the archive" in refused
    assert "not verbatim" in page[sections[2]:sections[3]]
    assert "模型没有回答。 The model did not answer." in page[sections[4]:sections[5]]


def test_the_report_of_failed_lines_only(chain, tmp_path):
    summary = evaluate(chain, write(tmp_path / "q.jsonl", "{broken"), tmp_path / "out")
    assert summary.accuracy == Score(None, 0) and summary.latency_p50_ms is None
    assert "这一行不是 UTF-8 编码的 JSON" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_nothing_hostile_gets_through_and_nothing_is_fetched(tmp_path):
    article = Article("bad.md", HOSTILE, title=HOSTILE, date=HOSTILE)
    answer = said(HOSTILE + "\ud800[1]", cite(article, HOSTILE), passages=(article,), bold="<script>")
    chain = ScriptedChain(tmp_path, {HOSTILE: answer, "出错": RuntimeError(HOSTILE)}, [article])
    path = write(tmp_path / f"{HOSTILE.replace('/', '')}.jsonl",
                 {"id": HOSTILE, "question": HOSTILE, "answers": [HOSTILE], "articles": ["bad.md", HOSTILE]},
                 {"question": "出错"})
    evaluate(chain, path, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("&lt;script&gt;") > 8 and "{{ 7*7 }}" in page
    for forbidden in ("<script", "<img", "<link", "<iframe", "src=\"", "@import", "url("):
        assert forbidden not in page
    assert "default-src 'none'" in page
    assert rows(tmp_path / "out")[0]["answer"] == HOSTILE + "\ud800[1]"


@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="no /usr/bin/chromium to look at the report with")
def test_the_report_fits_a_phone_and_is_quiet(chain, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    endless = {"id": "甲" * 80, "question": "https://example.org/" + "a" * 300, "answers": ["b" * 300],
               "articles": ["c" * 300]}
    chain.script = SCRIPT | {endless["question"]: said("d" * 500, passages=(LIBRARY, BUS))}
    evaluate(chain, write(tmp_path / "q.jsonl", *QUESTIONS, endless), tmp_path / "out")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        seen = []
        page.on("console", lambda message: seen.append(message.text))
        page.on("request", lambda request: seen.append(request.url))
        page.goto((tmp_path / "out" / "report.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert seen == [(tmp_path / "out" / "report.html").as_uri()]
        browser.close()
