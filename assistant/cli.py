"""The command line: assistant chat | ask | refresh | evaluate | verify | search | show | train-embedding | fit-reader
| calibrate.

Every AssistantError becomes a sentence here. Exit codes: 0 done, 1 done but some inputs failed, 2 not done.
What is heavy is imported by the command that needs it, so that --help shows at once.
"""

from __future__ import annotations

import atexit
import errno
import gc
import json
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
from assistant.settings import Settings, load_settings
from assistant.terminal import Bar, answer_row, list_failures, written

EXPOSED = ("警告：Chroma 服务器 {0} 在公网上。谁都可以改掉向量，它的 Python 版还有不用登录就能运行代码的漏洞"
           "（CVE-2026-45829）；请把它移到本机或内网。\nWarning: the Chroma server {0} is on the public internet. "
           "Anybody can change the vectors, and its Python version runs a stranger's code (CVE-2026-45829). "
           "Move it to this machine or a private network.")


class Commands(click.Group):
    """A group whose commands tell every fault as one sentence on standard error and exit with 2."""

    def invoke(self, ctx: click.Context) -> Any:
        debug = ctx.params.get("debug", False)
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except KeyboardInterrupt:
            sentence = ("已停下。索引完好，算好的向量留着；再运行一次就接着做。\n"
                        "Stopped. The index is whole and the vectors made so far are kept; run it again to go on.")
        except (AssistantError, OSError) as error:
            if debug:
                traceback.print_exc()
            sentence = _sentence(error)
        click.echo(sentence, err=True)
        ctx.exit(2)


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


def _sentence(error: AssistantError | OSError) -> str:
    """What a fault means and what to do, in Chinese and in English."""
    if isinstance(error, AssistantError):
        return str(error)
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


@main.command(epilog="\b\nExample:\n  assistant chat --port 7861")
@click.option("--host", help="Address to bind [default: 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port [default: 7860].")
@index_option
def chat(**options: Any) -> None:
    """网页问答。 The web chat."""
    settings = load_settings(**options)
    from assistant.chain import build_chain
    from assistant.chat import launch_chat

    try:
        launch_chat(build_chain(settings, suggest=True), settings)
    except KeyboardInterrupt:
        click.echo("已停止。Stopped.")


@main.command(epilog="\b\nExample:\n  assistant ask \"王忠殿是哪一天牺牲的？\"")
@click.argument("question")
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def ask(question: str, as_json: bool, **options: Any) -> None:
    """在终端里问一句。 One question in the terminal."""
    with _short_lived():
        from assistant.chain import build_chain

        answer = build_chain(load_settings(**options)).invoke(question)
        click.echo(json.dumps(answer_row(answer), ensure_ascii=False, indent=2) if as_json else written(answer))


@main.command(epilog="\b\nExample:\n  assistant refresh --corpus corpus --index index")
@click.option("--corpus", metavar="DIR", help="Folder of the articles [default: the index's own, or ./corpus].")
@index_option
@click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")
@click.option("--rebuild", is_flag=True, help="Read everything anew, also for another corpus.")
@click.option("--checksum", is_flag=True, help="Compare contents, not only sizes and times.")
@click.option("--wait", is_flag=True, help="Wait for another refresh to end.")
@click.option("--rollback", is_flag=True, help="Return to the snapshot before the current one.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
              help="What embeds: this process, or workers on Ray.")
@click.option("--watch", is_flag=True, help="Go on: refresh whenever the folder has changed, until Ctrl-C or SIGTERM.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, progress as JSON lines on standard error.")
@click.pass_context
def refresh(ctx: click.Context, corpus: str | None, index: str | None, as_json: bool, rollback: bool, watch: bool,
            **how: Any) -> None:
    """更新索引：只处理变了的文章。 Refresh the embeddings: only what changed."""
    settings = load_settings(corpus=corpus, index=index)
    if watch and (rollback or how["dry_run"]):
        raise click.UsageError("--watch goes with neither --rollback nor --dry-run")
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
@click.pass_context
def evaluate(ctx: click.Context, questions: Path, corpus: str | None, index: str | None, out: Path, limit: int | None,
             resume: bool) -> None:
    """批量问答评测。 The batch question-answer evaluation."""
    from assistant.evaluation import run as evaluation
    from assistant.evaluation.questions import read_questions

    settings = load_settings(corpus=corpus, index=index)
    read_questions(questions)
    failed = _refreshed(settings, corpus, as_json=False, quiet=True)
    from assistant.chain import build_chain

    with Bar() as bar:
        summary = evaluation.evaluate(build_chain(settings), questions, out, limit=limit, resume=resume,
                                      progress=lambda done, of: bar("questions", done, of))
    click.echo(evaluation.told(summary, out))
    ctx.exit(1 if failed or summary.errors else 0)


@main.command(epilog="\b\nExample:\n  assistant verify --index index")
@index_option
@click.option("--repair", is_flag=True, help="Rebuild from the articles what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def verify(ctx: click.Context, as_json: bool, repair: bool, **options: Any) -> None:
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
    from assistant.index.snapshot import recorded_corpus
    from assistant.index.verification import verify as verified

    failed: tuple[Failure, ...] = ()
    for how in ({}, {"rebuild": True}):
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
            failed = _refreshed(settings, None, as_json=as_json, quiet=False, **how)
    return failed


@main.command(epilog="\b\nExample:\n  assistant search \"网格员\" -n 5")
@click.argument("query")
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
    rows = [{"id": p.article.id, "title": p.article.heading, "date": p.article.date, "newspaper": p.article.newspaper,
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
@click.argument("article_id", metavar="ID")
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


@main.command("train-embedding", epilog="\b\nExample:\n  assistant train-embedding news.jsonl.xz --out my-embedding\n"
                                       "  ASSISTANT_EMBEDDING=my-embedding assistant refresh")
@click.argument("articles", type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the new model.")
@click.pass_context
def train_embedding_command(ctx: click.Context, articles: Path, out: Path) -> None:
    """用自己的文章训练一个静态向量模型。 Train a static embedding from articles."""
    from assistant.training.embedding import train_embedding

    read, failed = _articles(articles)
    with Bar() as bar:
        train_embedding(read, out, progress=bar)
    click.echo(f"模型在 {out}，读了 {len(read)} 篇。The model is in {out}. 用法 Use: ASSISTANT_EMBEDDING={out} assistant refresh")
    list_failures(failed)
    ctx.exit(1 if failed else 0)


@main.command("fit-reader", epilog="\b\nExample:\n  assistant fit-reader questions.jsonl --articles news.jsonl.xz "
                                  "--out assistant/models/reader")
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--articles", type=click.Path(path_type=Path), required=True,
              help="The articles that the questions are about.")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the weights.")
@click.pass_context
def fit_reader_command(ctx: click.Context, questions: Path, articles: Path, out: Path) -> None:
    """用带答案的问题拟合摘句的权重。 Fit the reader's weights on questions with answers (needs scikit-learn)."""
    from assistant.evaluation.questions import read_questions
    from assistant.training.reader import fit

    asked = [question for question in read_questions(questions) if question.articles and not question.error]
    read, failed = _articles(articles)
    with Bar() as bar:
        scores = fit(read, asked, out, bar)
    click.echo(json.dumps(scores))
    list_failures(failed)
    ctx.exit(1 if failed else 0)


@main.command("calibrate", epilog="\b\nExample:\n  assistant calibrate corpus/questions.jsonl --index index")
@click.argument("questions", type=click.Path(path_type=Path))
@index_option
def calibrate_command(questions: Path, index: str | None) -> None:
    """用带答案文章的问题测定向量的权重。 Measure how much the embedding should weigh, and store it beside the model."""
    from assistant.training.fusion import calibrate
    from assistant.models.embedding import model_folder, store_weight
    from assistant.evaluation.questions import read_questions
    from assistant.retrieval import HybridRetriever

    settings, asked = load_settings(index=index), read_questions(questions)
    retriever = HybridRetriever.from_settings(settings)
    with Bar() as bar:
        found = calibrate(retriever, asked, bar)
    click.echo(f"weight   hit@1   hit@5  MRR@10    （{found.questions}/{len(asked)} 题 questions）")
    for point in found.curve:
        click.echo(f"{point.weight:6.2f}  {point.hit_at_1:6.1%}  {point.hit_at_5:6.1%}  {point.mrr_at_10:6.3f}"
                   + ("  ←" if point == found.chosen else ""))
    path = store_weight(model_folder(settings.embedding), found.chosen.weight)
    click.echo(f"向量的权重 {found.chosen.weight:.2f} 写进了 {path}，下次启动生效。Stored; the next start takes it.")


def _follow(settings: Settings, corpus: str | None, *, as_json: bool, **how: Any) -> None:
    """Refreshes the index whenever its corpus has changed, until it is interrupted.

    What could not be done is told and tried again later; only a corpus that is wrong from the start is raised.
    """
    from assistant.index.snapshot import recorded_corpus
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
               **how: bool) -> tuple[Failure, ...]:
    """Refreshes the index, tells what was done (nothing when `quiet` and nothing changed), returns what failed."""
    from assistant.models.embedding import load_embedding
    from assistant.index.ray_engine import RayEngine
    from assistant.index.refresh import refresh as refreshed
    from assistant.index.snapshot import recorded_corpus
    from assistant.index.served_vectors import exposed

    index = Path(settings.index)
    folder = Path(settings.corpus) if corpus or recorded_corpus(index) is None else None
    if settings.vectors and exposed(settings.vectors):
        click.echo(EXPOSED.format(settings.vectors), err=True)
    embedding = load_embedding(settings.embedding)
    ray = RayEngine(partial(load_embedding, settings.embedding), embedding.fingerprint, settings.ray)
    with Bar(as_json) as bar:
        summary = refreshed(folder, index, embedding, server=settings.vectors, engine=ray if engine == "ray" else None,
                            progress=bar, **how)
    if quiet and not (summary.added or summary.changed or summary.deleted or summary.failed):
        return ()
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    else:
        would = "（只是预演 dry run）" if summary.dry_run else ""
        click.echo(f"新增 added {len(summary.added)}，改动 changed {len(summary.changed)}，未变 unchanged {summary.unchanged}，"
                   f"删除 deleted {len(summary.deleted)}，失败 failed {len(summary.failed)}；"
                   f"嵌入 embedded {summary.embedded} 段，{summary.seconds:.1f} 秒{would}")
        list_failures(summary.skipped, "跳过 skipped")
        list_failures(summary.failed)
    return summary.failed


def _articles(path: Path) -> tuple[list[Any], tuple[Failure, ...]]:
    """The articles of a file or a folder, and what could not be read."""
    from assistant.corpus.files import CorpusFile, read_corpus, read_file

    if not path.exists():
        raise CorpusError(f"没有 {path}。请给出文章所在的文件或文件夹。", f"There is no {path}. Name a file or folder of articles.")
    rows = list(read_corpus(path) if path.is_dir() else read_file(CorpusFile(path, path.name)))
    return [row for row in rows if not isinstance(row, Failure)], tuple(row for row in rows if isinstance(row, Failure))
