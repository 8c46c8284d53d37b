"""The command line: assistant chat | ask | digest | refresh | evaluate | verify | search | show, those of service and of training_commands.

Every AssistantError becomes a sentence here. Exit codes: 0 done, 1 done but some inputs failed, 2 not done.
What is heavy is imported by the command that needs it, so that --help shows at once.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from assistant.errors import AssistantError, CorpusError, IndexFault, IndexMissing
from assistant.schema import Failure, Filters
from assistant.service import corrections_command, doctor, inspect_command, make_questions, mcp, user
from assistant.settings import Settings, load_settings
from assistant.terminal import Bar, answer_row, list_failures, written
from assistant.training_commands import (
    calibrate,
    fit_reader,
    train_embedding,
    train_intent,
    train_reader,
    tune_embedding,
)

EXPOSED = ("警告：Chroma 服务器 {0} 在公网上。谁都可以改掉向量，它的 Python 版还有不用登录就能运行代码的漏洞"
           "（CVE-2026-45829）；请把它移到本机或内网。\nWarning: the Chroma server {0} is on the public internet. "
           "Anybody can change the vectors, and its Python version runs a stranger's code (CVE-2026-45829). "
           "Move it to this machine or a private network.")


class Commands(click.Group):
    """A group whose commands tell every fault as one sentence on standard error and exit with 2."""

    def main(self, *args: Any, **named: Any) -> Any:
        if sys.getfilesystemencoding() == "ascii" and os.environ.get("PYTHONUTF8") != "1":
            # a locale that knows no Chinese says nothing of the files' names or the terminal; only a new start reads them rightly
            os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], {**os.environ, "PYTHONUTF8": "1"})
        return super().main(*args, **named)

    def invoke(self, ctx: click.Context) -> Any:
        debug = ctx.params.get("debug", False)
        signal.signal(signal.SIGTERM, _interrupt)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # what the terminal has no character for becomes ?
        try:
            if sys.platform == "win32":
                raise AssistantError("Windows 上请在 WSL 里运行；直接支持的是 Linux 和 macOS。",
                                     "On Windows run it inside WSL; Linux and macOS are supported as they are.")
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except KeyboardInterrupt:
            sentence = ("已停下。索引完好，算好的向量留着；再运行一次就接着做。\n"
                        "Stopped. The index is whole and the vectors made so far are kept; run it again to go on.")
        except Exception as error:
            if not isinstance(error, (AssistantError, OSError, ImportError, MemoryError)) and "bad_alloc" not in str(error):
                raise  # onnxruntime's want of memory has a class of its own
            if debug:
                traceback.print_exc()
            sentence = _sentence(error)
        click.echo(sentence, err=True)
        return ctx.exit(2)


class Text(click.ParamType):  # type: ignore[type-arg]  # older clicks take none
    """What a person typed; in a locale that knows no Chinese its bytes are UTF-8 all the same."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return os.fsencode(value).decode(errors="replace") if re.search("[\udc80-\udcff]", value) else value


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _short_lived() -> Iterator[None]:
    """For a process that lives two seconds: half a second of them would go to looking for garbage, a third of it
    at the exit."""
    gc.disable()
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.enable()


def _sentence(error: Exception) -> str:
    """What a fault means and what to do, in Chinese and in English."""
    if isinstance(error, AssistantError):
        return str(error)
    if not isinstance(error, OSError):
        return (f"内存不够，或安装不完整（{error}）。请给它 2 GB 以上的内存，或重新运行 make setup。\n"
                f"Out of memory, or the installation is incomplete ({error}). Give it 2 GB or more, or run make setup.")
    place = f" {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return (f"磁盘满了{place}，没有做完；先前的索引没有变。请腾出空间后再运行一次。\n"
                f"The disk is full{place}; nothing was lost. Free some space and run it again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (f"没有写入或读取{place} 的权限。请改权限，或换一个文件夹（--index、--out）。\n"
                f"No permission for{place}. Change it, or name another folder (--index, --out).")
    return f"读写{place} 出错：{error.strerror or error}。请检查后再运行一次。\nInput or output failed{place}: {error.strerror or error}."


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
             epilog="\b\nExample:\n  assistant ask \"解放区有多少名兼职网格员？\"")
@click.option("--debug", is_flag=True, help="Show the traceback of a fault.")
@click.version_option(package_name="newspaper-assistant")
def main(debug: bool) -> None:
    """问报：向报纸提问，每句话都有出处。 Ask the newspaper; every statement shows its source."""


def index_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--index, the same for every command."""
    return click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")(command)


def docx_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--docx FILE, the same for every command."""
    return click.option("--docx", "out", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
                        help="Write a Word document with footnotes.")(command)


@main.command(epilog="\b\nExample:\n  assistant chat --port 7861")
@click.option("--host", help="Address to bind [default: 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port [default: 7860].")
@index_option
def chat(**options: Any) -> None:
    """网页问答。 The web chat."""
    settings = load_settings(**options)
    from assistant.api.logs import log_json, log_text
    from assistant.chain import build_chain
    from assistant.web import launch

    log_json() if settings.log == "json" else log_text()
    try:
        launch(build_chain(settings, suggest=True), settings)
    except KeyboardInterrupt:
        click.echo("已停止。Stopped.")


@main.command(epilog="\b\nExample:\n  assistant ask \"王忠殿是哪一天牺牲的？\"")
@click.argument("question", type=Text())
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--markdown", is_flag=True, help="Print Markdown with the sources as footnotes.")
@docx_option
def ask(question: str, as_json: bool, markdown: bool, out: Path | None, **options: Any) -> None:
    """在终端里问一句。 One question in the terminal."""
    with _short_lived():
        from assistant.chain import build_chain

        chain = build_chain(load_settings(**options))
        answer = chain.invoke(question)
        if markdown or out:
            _take_along(answer, chain.index.current().articles.article, out)
        else:
            click.echo(json.dumps(answer_row(answer), ensure_ascii=False, indent=2) if as_json else written(answer))


@main.command(epilog="\b\nExample:\n  assistant digest --date 2025-11 --docx digest.docx")
@click.option("--date", "last", required=True, metavar="DATE", help="A day (2025-11-18), a month or a year.")
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True, help="So many days that end with it.")
@index_option
@click.option("--markdown", is_flag=True, help="Print Markdown with the sources as footnotes.")
@docx_option
def digest(last: str, days: int, index: str | None, markdown: bool, out: Path | None) -> None:
    """一天、一周或一月的摘要，一篇一行，按栏目。 A digest: one cited line an article, by section."""
    from assistant.export.digest import as_text, days_before
    from assistant.export.digest import digest as digested
    from assistant.index.snapshot import Index

    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", last):
        raise click.BadParameter("2025-11-18, 2025-11, 2025", param_hint="--date")
    first, last = days_before(last, days)
    store = Index(Path(load_settings(index=index).index)).current().articles
    articles = list(store.articles(Filters(date_from=first, date_to=last)))
    if not articles:
        raise IndexMissing(f"索引里没有 {first} 至 {last} 的文章。请用 assistant verify 查看它收了哪些日期。",
                           f"There is no article from {first} to {last}. See what there is: assistant verify")
    told = digested(articles, first, last)
    if markdown or out:
        _take_along(told, store.article, out)
    else:
        click.echo(as_text(told, [article for citation in told.citations if (article := store.article(citation.article_id))]))


def _take_along(answer: Any, find: Callable[[str], Any], out: Path | None) -> None:
    """Writes an answer as Word to `out`, or prints it as Markdown."""
    from datetime import date

    from assistant.export.documents import as_docx, as_markdown

    if out is None:
        click.echo(as_markdown([answer], find, "").rstrip())
        return
    out.write_bytes(as_docx([answer], find, date.today()))
    click.echo(f"写好了 Written: {out}")


@main.command(epilog="\b\nExample:\n  assistant refresh --corpus corpus --index index")
@click.option("--corpus", metavar="DIR", help="Folder of the articles [default: the index's own, or ./corpus].")
@index_option
@click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")
@click.option("--rebuild", is_flag=True, help="Read everything anew, also for another corpus.")
@click.option("--checksum", is_flag=True, help="Compare contents, not only sizes and times.")
@click.option("--wait", is_flag=True, help="Wait for another refresh to end.")
@click.option("--rollback", is_flag=True, help="Return to the snapshot before the current one.")
@click.option("--purge", multiple=True, metavar="ID", type=Text(),
              help="Leave nothing on the disk of an article that left the corpus; may be given several times.")
@click.option("--tag/--no-tag", default=None, help="Find, or forget, whom and what the articles name; remembered.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
              help="What embeds: this process, or workers on Ray.")
@click.option("--watch", is_flag=True, help="Go on: refresh whenever the folder has changed, until Ctrl-C or SIGTERM.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, progress as JSON lines on standard error.")
@click.pass_context
def refresh(ctx: click.Context, /, corpus: str | None, index: str | None, as_json: bool, rollback: bool, watch: bool,
            **how: Any) -> None:
    """更新索引：只处理变了的文章。 Refresh the embeddings: only what changed."""
    settings = load_settings(corpus=corpus, index=index)
    if watch and (rollback or how["dry_run"]):
        raise click.UsageError("--watch goes with neither --rollback nor --dry-run")
    if how["purge"] and (watch or rollback or how["dry_run"]):
        raise click.UsageError("--purge goes with neither --watch, --rollback nor --dry-run")
    if rollback:
        from assistant.index.snapshot import roll_back

        manifest = roll_back(Path(settings.index), wait=how["wait"])
        click.echo(f"已退回 {manifest.created} 的快照：{manifest.articles} 篇。Rolled back to the snapshot of {manifest.created}.")
        return
    if watch:
        _follow(settings, corpus, as_json=as_json, **how)
        return
    failed = _refreshed(settings, corpus, as_json=as_json, quiet=False, **how)
    ctx.exit(1 if failed else 0)


@main.command(epilog="\b\nExample:\n  assistant evaluate corpus/questions.jsonl --out evaluation")
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--corpus", metavar="DIR", help="Folder of the articles [default: the index's own, or ./corpus].")
@index_option
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), default="evaluation", show_default=True,
              help="Folder of results.jsonl, summary.json and report.html.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N questions.")
@click.option("--resume", is_flag=True, help="Go on where a former run stopped.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Questions asked at a time.")
@click.option("--compare", nargs=2, metavar="A B", type=click.Path(path_type=Path),
              help="Compare the results in two folders instead of asking.")
@click.option("--refresh", "refresh_first", is_flag=True, help="Refresh the index beforehand; else it is asked as it is.")
@click.pass_context
def evaluate(ctx: click.Context, questions: Path, corpus: str | None, index: str | None, out: Path, limit: int | None,
             resume: bool, refresh_first: bool, workers: int, compare: tuple[Path, Path] | None) -> None:
    """批量问答评测。 The batch question-answer evaluation."""
    from assistant.evaluation import run as evaluation
    from assistant.evaluation.questions import read_questions
    from assistant.index.manifest import recorded_corpus

    settings = load_settings(corpus=corpus, index=index)
    read_questions(questions)
    if compare:
        from assistant.evaluation.compare import compare_runs

        click.echo(compare_runs(questions, *compare, out))
        return
    # an index that is served may have been rolled back on purpose
    new = recorded_corpus(Path(settings.index)) is None
    failed = _refreshed(settings, corpus, as_json=False, quiet=True) if refresh_first or new or corpus else ()
    from assistant.chain import build_chain

    with Bar() as bar:
        summary = evaluation.evaluate(build_chain(settings), questions, out, limit=limit, resume=resume, workers=workers,
                                      progress=lambda done, of: bar("questions", done, of))
    click.echo(evaluation.told(summary, out))
    ctx.exit(1 if failed or summary.errors else 0)


for command in (mcp, doctor, user, make_questions, corrections_command, inspect_command,
                train_embedding, tune_embedding, train_reader, fit_reader, train_intent, calibrate):
    main.add_command(command)


@main.command(epilog="\b\nExample:\n  assistant verify --index index")
@index_option
@click.option("--repair", is_flag=True, help="Rebuild from the articles what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def verify(ctx: click.Context, /, as_json: bool, repair: bool, **options: Any) -> None:
    """索引由什么组成，是否完整。 What the index is made of, and whether it is whole."""
    from assistant.index.verification import verify as verified

    settings = load_settings(**options)
    failed = _repair(settings, as_json) if repair else ()
    report = verified(Path(settings.index))
    manifest = {name: value for name, value in asdict(report.manifest).items() if name != "files"}
    row = {**manifest, "recall": report.recall, "bytes": report.size, "faults": list(report.faults)}
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False, indent=2))
    else:
        for name, value in row.items():
            if name != "faults":
                click.echo(f"{name:12} {value}")
        click.echo("完整。The index is whole." if not report.faults else
                   "\n".join(("有问题：Faults:", *report.faults, "请运行 Run: assistant verify --repair")))
    ctx.exit(2 if report.faults else 1 if failed else 0)


def _repair(settings: Settings, as_json: bool) -> tuple[Failure, ...]:
    """Makes what is wrong with the index anew, and tells what that was; returns what failed in the corpus.

    First out of the articles in the index, where these are whole; if that is not enough, out of the corpus.
    """
    from assistant.index.manifest import recorded_corpus
    from assistant.index.verification import verify as verified

    failed: tuple[Failure, ...] = ()
    for rebuild in (False, True):
        try:
            faults: tuple[str, ...] = verified(Path(settings.index)).faults
        except IndexFault as fault:
            if recorded_corpus(Path(settings.index)) is None:
                raise
            faults = (str(fault),)
        if not faults:
            break
        click.echo("\n".join(("修复 Repairing:", *faults)), err=True)
        with redirect_stdout(sys.stderr):  # what is printed is the report
            failed = _refreshed(settings, None, as_json=as_json, quiet=False, rebuild=rebuild)
    return failed


@main.command(epilog="\b\nExample:\n  assistant search \"网格员\" -n 5")
@click.argument("query", type=Text())
@index_option
@click.option("-n", "limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Articles listed.")
@click.option("--from", "date_from", metavar="DATE", help="From 2025, 2025-11 or 2025-11-18 on.")
@click.option("--to", "date_to", metavar="DATE", help="Until that date.")
@click.option("--section", help="Section.")
@click.option("--author", help="Author.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def search(query: str, index: str | None, limit: int, as_json: bool, **filters: str | None) -> None:
    """按词列出文章。 List the articles for some words."""
    from assistant.retrieval import HybridRetriever, distinct_articles

    settings = load_settings(index=index)
    passages = HybridRetriever.from_settings(settings).passages(query, Filters(**filters), k=4 * limit)
    found = distinct_articles(passages)[:limit]
    rows: list[dict[str, Any]] = [
        {"id": p.article.id, "title": p.article.heading, "date": p.article.date, "newspaper": p.article.newspaper,
         "section": p.article.section, "authors": list(p.article.authors), "score": round(p.score, 4)} for p in found]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        about = " · ".join(filter(None, (row["newspaper"], row["date"], row["section"], "、".join(row["authors"]))))
        click.echo(f"{row['id']}\n    {row['title']}（{about}）" if about else f"{row['id']}\n    {row['title']}")
    if not rows:
        click.echo("没有找到。Nothing found.")


@main.command(epilog="\b\nExample:\n  assistant show jiefang/01-xiaoge-hehuoren.md")
@click.argument("article_id", metavar="ID", type=Text())
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print all fields as JSON.")
def show(article_id: str, as_json: bool, **options: Any) -> None:
    """原样显示一篇文章。 Print an article as it was read."""
    from assistant.index.snapshot import Index

    snapshot = Index(Path(load_settings(**options).index)).current()
    article = snapshot.articles.article(article_id)
    if article is None:
        raise IndexMissing(f"索引里没有文章 {article_id}。请用 assistant search \"词\" 查它的编号。",
                           f"There is no article {article_id}. Find its id with: assistant search WORDS")
    if as_json:
        click.echo(json.dumps(article.to_json(), ensure_ascii=False, indent=2))
        return
    about = " · ".join(filter(None, (article.newspaper, article.date, article.page, article.section, "、".join(article.authors))))
    head = [line for line in (article.title, about, article.url) if line]
    click.echo("\n".join((*head, "", article.text) if head else (article.text,)))


def _follow(settings: Settings, corpus: str | None, *, as_json: bool, **how: Any) -> None:
    """Refreshes the index whenever its corpus has changed, until it is interrupted.

    What could not be done is told and tried again later; only a corpus that is wrong from the start is raised.
    """
    from assistant.index.manifest import recorded_corpus
    from assistant.index.watch import follow

    index, done_before = Path(settings.index), False

    def once() -> bool:
        nonlocal done_before
        try:
            _refreshed(settings, corpus, as_json=as_json, quiet=done_before, **how)
        except (AssistantError, OSError) as error:
            if isinstance(error, CorpusError) and not done_before:
                raise
            click.echo(_sentence(error), err=True)
            return False
        done_before, how["rebuild"] = True, False
        return True

    try:
        follow(Path(corpus or recorded_corpus(index) or settings.corpus), once, besides=index)
    except KeyboardInterrupt:
        click.echo("已停止，索引完好。Stopped; the index is whole.", err=True)


def _refreshed(settings: Settings, corpus: str | None, *, as_json: bool, quiet: bool, engine: str = "local",
               **how: Any) -> tuple[Failure, ...]:
    """Refreshes the index, tells what was done (nothing when `quiet` and nothing changed), returns what failed."""
    from assistant.index.manifest import recorded_corpus
    from assistant.index.ray_engine import RayEngine
    from assistant.index.refresh import refresh as refreshed
    from assistant.index.served_vectors import exposed
    from assistant.models.embedding import load_embedding

    index = Path(settings.index)
    folder = Path(settings.corpus) if corpus or recorded_corpus(index) is None else None
    if settings.vectors and exposed(settings.vectors):
        click.echo(EXPOSED.format(settings.vectors), err=True)
    embedding = load_embedding(settings.embedding)
    ray = RayEngine(partial(load_embedding, settings.embedding), embedding.fingerprint, settings.ray)
    with Bar(as_json) as bar:
        summary = refreshed(folder, index, embedding, server=settings.vectors, engine=ray if engine == "ray" else None,
                            progress=bar, **how)
    for note in summary.notes:
        click.echo(note, err=True)
    new = tuple(row for row in summary.failed if row not in summary.known)
    if quiet and not (summary.added or summary.changed or summary.deleted or new):
        return ()
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    else:
        would = "（只是预演 dry run）" if summary.dry_run else ""
        click.echo(f"新增 added {len(summary.added)}，改动 changed {len(summary.changed)}，未变 unchanged {summary.unchanged}，"
                   f"删除 deleted {len(summary.deleted)}，失败 failed {len(summary.failed)}；"
                   f"嵌入 embedded {summary.embedded} 段，{summary.seconds:.1f} 秒{would}")
        list_failures(tuple(row for row in summary.skipped if row not in summary.known), "跳过 skipped")
        list_failures(new)
        if summary.known:
            click.echo(f"  先前说过的 {len(summary.known)} 处不再列出；全部见 told before, all by: assistant inspect 文件夹 FOLDER", err=True)
    return new
