"""The command line: assistant chat | ask | refresh | evaluate | verify | search | show | train-embedding | fit-reader.

Every AssistantError becomes a sentence here. Exit codes: 0 done, 1 done but some inputs failed, 2 not done.
What is heavy is imported by the command that needs it, so that --help shows at once.
"""

from __future__ import annotations

import errno
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from assistant.errors import AssistantError, CorpusError, IndexMissing
from assistant.schema import Answer, Failure, Filters
from assistant.settings import Settings, load_settings

FAILURES_SHOWN = 20
PROGRESS_SECONDS = 0.5
"""Work that ends sooner draws no bar."""
STAGES = {"files": "文件 files", "chunks": "段落 chunks", "articles": "文章 articles", "words": "词 words", "vectors": "向量 vectors", "verify": "核对 verify",
          "questions": "问题 questions", "reading": "读题 reading", "cross-validating": "验证 folds"}


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
            sentence = "已停下。先前的索引没有变，做完的向量留着；再运行一次就接着做。\nStopped. The former index stands; run it again to go on."
        except AssistantError as error:
            sentence = str(error)
            if debug:
                traceback.print_exc()
        except OSError as error:
            if debug:
                traceback.print_exc()
            sentence = _told(error)
        click.echo(sentence, err=True)
        ctx.exit(2)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _told(error: OSError) -> str:
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
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, progress as JSON lines on standard error.")
@click.pass_context
def refresh(ctx: click.Context, corpus: str | None, index: str | None, as_json: bool, rollback: bool, **how: bool) -> None:
    """更新索引：只处理变了的文章。 Refresh the embeddings: only what changed."""
    settings = load_settings(corpus=corpus, index=index)
    if rollback:
        from assistant.snapshot import roll_back

        manifest = roll_back(Path(settings.index), wait=how["wait"])
        click.echo(f"已退回 {manifest.created} 的快照：{manifest.articles} 篇。Rolled back to the snapshot of {manifest.created}.")
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
    from assistant import evaluation
    from assistant.gold_questions import read_questions

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
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def verify(ctx: click.Context, as_json: bool, **options: Any) -> None:
    """索引由什么组成，是否完整。 What the index is made of, and whether it is whole."""
    from assistant.verification import verify as verified

    report = verified(Path(load_settings(**options).index))
    manifest = {name: value for name, value in asdict(report.manifest).items() if name != "files"}
    row = {**manifest, "recall": report.recall, "bytes": report.size, "faults": list(report.faults)}
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False, indent=2))
    else:
        for name, value in row.items():
            if name != "faults":
                click.echo(f"{name:12} {value}")
        click.echo("完整。The index is whole." if not report.faults else
                   "\n".join(("有问题：Faults:", *report.faults, "请运行 Run: assistant refresh --rebuild")))
    ctx.exit(2 if report.faults else 0)


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
    from assistant.embedding import load_embedding
    from assistant.retrieval import HybridRetriever, distinct_articles
    from assistant.snapshot import Index

    settings = load_settings(index=index)
    retriever = HybridRetriever(index=Index(Path(settings.index)), embedding=load_embedding(settings.embedding))
    passages = retriever.passages(query, Filters(**filters), k=4 * limit)
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
    from assistant.snapshot import Index

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


@main.command("train-embedding", epilog="\b\nExample:\n  assistant train-embedding news.jsonl.xz --out my-embedding\n  ASSISTANT_EMBEDDING=my-embedding assistant refresh")
@click.argument("articles", type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the new model.")
@click.pass_context
def train_embedding_command(ctx: click.Context, articles: Path, out: Path) -> None:
    """用自己的文章训练一个静态向量模型。 Train a static embedding from articles."""
    from assistant.embedding_training import train_embedding

    read, failed = _articles(articles)
    with Bar() as bar:
        train_embedding(read, out, progress=bar)
    click.echo(f"模型在 {out}，读了 {len(read)} 篇。The model is in {out}. 用法 Use: ASSISTANT_EMBEDDING={out} assistant refresh")
    _list_failures(failed)
    ctx.exit(1 if failed else 0)


@main.command("fit-reader", epilog="\b\nExample:\n  assistant fit-reader questions.jsonl --articles news.jsonl.xz --out assistant/models/reader")
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--articles", type=click.Path(path_type=Path), required=True, help="The articles that the questions are about.")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the weights.")
@click.pass_context
def fit_reader_command(ctx: click.Context, questions: Path, articles: Path, out: Path) -> None:
    """用带答案的问题拟合摘句的权重。 Fit the reader's weights on questions with answers (needs scikit-learn)."""
    from assistant.gold_questions import read_questions
    from assistant.reader_training import fit

    asked = [question for question in read_questions(questions) if question.articles and not question.error]
    read, failed = _articles(articles)
    with Bar() as bar:
        scores = fit(read, asked, out, bar)
    click.echo(json.dumps(scores))
    _list_failures(failed)
    ctx.exit(1 if failed else 0)


def _refreshed(settings: Settings, corpus: str | None, *, as_json: bool, quiet: bool, **how: bool) -> tuple[Failure, ...]:
    """Refreshes the index, tells what was done (nothing when `quiet` and nothing changed), returns what failed."""
    from assistant.embedding import load_embedding
    from assistant.refresh import refresh as refreshed
    from assistant.snapshot import recorded_corpus

    index = Path(settings.index)
    folder = Path(settings.corpus) if corpus or recorded_corpus(index) is None else None
    with Bar(as_json) as bar:
        summary = refreshed(folder, index, load_embedding(settings.embedding), progress=bar, **how)
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    elif not quiet or summary.added or summary.changed or summary.deleted or summary.failed:
        would = "（只是预演 dry run）" if summary.dry_run else ""
        click.echo(f"新增 added {len(summary.added)}，改动 changed {len(summary.changed)}，未变 unchanged {summary.unchanged}，"
                   f"删除 deleted {len(summary.deleted)}，失败 failed {len(summary.failed)}；"
                   f"嵌入 embedded {summary.embedded} 段，{summary.seconds:.1f} 秒{would}")
        _list_failures(summary.skipped, "跳过 skipped")
        _list_failures(summary.failed)
    return summary.failed


def _list_failures(failures: tuple[Failure, ...], label: str = "失败 failed") -> None:
    for failure in failures[:FAILURES_SHOWN]:
        click.echo(f"  {label} {failure}", err=True)
    if len(failures) > FAILURES_SHOWN:
        click.echo(f"  ……还有 and {len(failures) - FAILURES_SHOWN} more（--json 列出全部 lists all）", err=True)


def _articles(path: Path) -> tuple[list[Any], tuple[Failure, ...]]:
    """The articles of a file or a folder, and what could not be read."""
    from assistant.corpus import CorpusFile, read_corpus, read_file

    if not path.exists():
        raise CorpusError(f"没有 {path}。请给出文章所在的文件或文件夹。", f"There is no {path}. Name a file or folder of articles.")
    rows = list(read_corpus(path) if path.is_dir() else read_file(CorpusFile(path, path.name)))
    return [row for row in rows if not isinstance(row, Failure)], tuple(row for row in rows if isinstance(row, Failure))


class Bar:
    """Progress on standard error: a bar for people, at most two JSON lines a second with `as_json`."""

    def __init__(self, as_json: bool = False) -> None:
        self._as_json, self._bar, self._stage, self._last = as_json, None, "", 0.0

    def __call__(self, stage: str, done: int, total: int | None = None) -> None:
        if self._as_json:
            if time.monotonic() - self._last > PROGRESS_SECONDS or done == total:
                self._last = time.monotonic()
                click.echo(json.dumps({"stage": stage, "done": done, "total": total}), err=True)
            return
        if stage != self._stage or self._bar is None:
            from tqdm import tqdm

            self.close()
            self._stage = stage
            self._bar = tqdm(total=total, desc=STAGES.get(stage, stage), delay=PROGRESS_SECONDS, file=sys.stderr,
                             disable=None, leave=False, dynamic_ncols=True)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def written(answer: Answer) -> str:
    """The answer for a terminal: the text with the short answer in bold, notes, then a line a source."""
    text, at = "", 0
    for start, end in answer.emphasis:
        text += answer.text[at:start] + click.style(answer.text[start:end], bold=True)
        at = end
    lines = [f"您问的是：{answer.understood}"] if answer.understood else []
    lines += [*answer.notes, text + answer.text[at:]]
    sources = {citation.n: citation for citation in answer.citations}
    if sources and answer.kind in ("quotes", "model"):
        lines.append("")
        for n, c in sorted(sources.items()):
            about = " · ".join(filter(None, (c.newspaper, c.date, c.section, "、".join(c.authors))))
            lines.append(f"[{n}] {c.title}（{about}）{c.article_id}" if about else f"[{n}] {c.title}  {c.article_id}")
    return "\n".join(lines)


def answer_row(answer: Answer) -> dict[str, Any]:
    """All of an answer as JSON values; passages by article, chunk and score."""
    row = asdict(answer)
    row["answer"] = row.pop("text")
    row["passages"] = [{"article_id": p.article.id, "chunk_id": p.chunk.id, "title": p.article.heading,
                        "date": p.article.date, "score": round(p.score, 4)} for p in answer.passages]
    return row
