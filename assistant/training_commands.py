"""Commands that train or fit: train-embedding, tune-embedding, train-reader, fit-reader, train-intent, calibrate."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from assistant.errors import CorpusError, SettingsError
from assistant.schema import Failure
from assistant.settings import load_settings
from assistant.terminal import Bar, list_failures


@click.command("train-embedding", epilog="\b\nExample:\n  assistant train-embedding news.jsonl.xz --out my-embedding\n"
                                       "  ASSISTANT_EMBEDDING=my-embedding assistant refresh")
@click.argument("articles", type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the new model.")
@click.pass_context
def train_embedding(ctx: click.Context, articles: Path, out: Path) -> None:
    """用自己的文章训练一个静态向量模型。 Train a static embedding from articles."""
    from assistant.training import embedding

    read, failed = _articles(articles)
    with Bar() as bar:
        embedding.train_embedding(read, out, progress=bar)
    click.echo(f"模型在 {out}，读了 {len(read)} 篇。The model is in {out}. 用法 Use: ASSISTANT_EMBEDDING={out} assistant refresh")
    list_failures(failed)
    ctx.exit(1 if failed else 0)


@click.command("tune-embedding", epilog="\b\nExample:\n  assistant tune-embedding questions.jsonl --index index --out my-embedding\n"
                                      "  ASSISTANT_EMBEDDING=my-embedding assistant refresh")
@click.argument("questions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")
@click.option("--start", metavar="DIR", type=click.Path(path_type=Path),
              help="Folder of the static embedding to start from [default: the one that ships].")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the new model.")
def tune_embedding(questions: tuple[Path, ...], index: str | None, start: Path | None, out: Path) -> None:
    """用带答案文章的问题接着训练静态向量模型。 Tune a static embedding on questions over an index."""
    from assistant.models.embedding import SHIPPED
    from assistant.retrieval import HybridRetriever
    from assistant.training import tuning

    with Bar() as bar:
        learnt = tuning.tune(HybridRetriever.from_settings(load_settings(index=index)), questions, start or SHIPPED, out, bar)
    click.echo(f"模型在 {out}，学了 {learnt} 个问题。The model is in {out}; it learnt from {learnt} questions. "
               f"用法 Use: ASSISTANT_EMBEDDING={out} assistant refresh")


@click.command("train-reader", epilog="\b\nExample:\n  assistant train-reader questions.jsonl --index index --out my-reader --minutes 480")
@click.argument("questions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the run and of its model.")
@click.option("--start", metavar="DIR", type=click.Path(path_type=Path),
              help="Folder of the weights to start from [default: those that ship].")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=480, show_default=True,
              help="How long to learn, over all runs into --out.")
@click.option("--workers", type=click.IntRange(1), help="Processes of one thread [default: one a processor]; one on CUDA.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=1e-4, show_default=True,
              help="Peak of the learning rate; half of it for a start that is a reader already.")
@click.option("--freeze", type=click.IntRange(0), default=0, show_default=True, help="So many first layers stay as they are.")
def train_reader(questions: tuple[Path, ...], index: str | None, out: Path, start: Path | None, minutes: float,
                         workers: int | None, rate: float, freeze: int) -> None:
    """用带答案的问题训练读问题和文章的模型；同样的命令接着做。 Train the reader's encoder on questions over an index;
    the same command goes on where it stopped (needs the extra [train])."""
    from assistant.retrieval import HybridRetriever

    try:
        from assistant.training.reader import Plan, Standing, train
    except ImportError as error:
        raise SettingsError(f"训练要先装：pip install \"newspaper-assistant[train]\"（{error}）",
                            f'Install what training needs first: pip install "newspaper-assistant[train]" ({error})') from error

    def told(now: Standing) -> None:
        parts = "，".join(f"{name} {loss:.3f}" for name, loss in now.losses.items())
        click.echo(f"pass {now.pass_number} batch {now.batch}/{now.batches} step {now.step} loss {now.loss:.3f}（{parts}），"
                   f"还有 {now.minutes_left:.0f} 分钟 minutes left", err=True)

    settings = load_settings(index=index)
    plan = Plan(out, minutes=minutes, workers=workers or os.cpu_count() or 1, rate=rate, freeze=freeze)
    with Bar() as bar:
        told(train(HybridRetriever.from_settings(settings), questions, replace(plan, start=start) if start else plan, bar, told))
    click.echo(f"编码器在 {out}。还要用没有训练过的问题拟合取舍和拒答。 The encoder is in {out}; what it quotes and refuses is "
               f"fitted on questions it has not seen:\n"
               f"ASSISTANT_READER={out} assistant fit-reader {out / 'held-out.jsonl'} --index {settings.index} --out {out}")


@click.command("fit-reader", epilog="\b\nExample:\n  assistant fit-reader questions.jsonl --index index --out my-reader")
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the weights.")
def fit_reader(questions: Path, index: str | None, out: Path) -> None:
    """用带答案的问题拟合摘句的取舍和拒答。 Fit what the reader quotes and refuses, on questions over an index (needs scikit-learn)."""
    from assistant.evaluation.questions import read_questions
    from assistant.reading.reader import Reader
    from assistant.retrieval import HybridRetriever
    from assistant.training.judge import fit

    settings = load_settings(index=index)
    asked = [question for question in read_questions(questions) if not question.error]
    with Bar() as bar:
        scores = fit(HybridRetriever.from_settings(settings), Reader.from_folder(settings.reader, fitted=False), asked, out, bar)
    click.echo(json.dumps(scores))


@click.command("train-intent", epilog="\b\nExample:\n  assistant train-intent intents.jsonl --facts natural.jsonl --follow-ups followups.jsonl "
                                    "--out assistant/models/intent")
@click.argument("phrasings", nargs=-1, type=click.Path(path_type=Path))
@click.option("--facts", type=click.Path(path_type=Path), help="JSON lines whose `question` asks for a fact.")
@click.option("--follow-ups", type=click.Path(path_type=Path), help="JSON lines of history, question, depends.")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the weights.")
def train_intent(phrasings: tuple[Path, ...], facts: Path | None, follow_ups: Path | None, out: Path) -> None:
    """用带意图和槽位的问句训练意图模型。 Train the intent model on phrasings (needs scikit-learn)."""
    from assistant.training import intent

    rows = [row for path in phrasings for row in intent.read_phrasings(path)]
    learnt = [*intent.read_phrasings(intent.OWN), *(row for row in rows if not intent.held_back(row)),
              *(intent.read_facts(facts) if facts else ())]
    with Bar() as bar:
        model = intent.train(learnt, bar)
    intent.save(model, out, intent.fit_follow_ups([intent.OWN_FOLLOW_UPS, *([follow_ups] if follow_ups else [])], model))
    click.echo(f"模型在 {out}，学了 {len(learnt)} 句。The model is in {out}; it learnt {len(learnt)} phrasings.")
    if held := [row for row in rows if intent.held_back(row)]:
        scores = intent.score(model.read, held)
        click.echo(f"留出的 {scores.of} 句 held back：kinds {scores.kinds:.1%}，slots F1 {scores.slots:.1%}")


@click.command("calibrate", epilog="\b\nExample:\n  assistant calibrate corpus/questions.jsonl --index index")
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")
def calibrate(questions: Path, index: str | None) -> None:
    """用带答案文章的问题测定向量的权重。 Measure how much the embedding should weigh, and store it beside the model."""
    from assistant.evaluation.questions import read_questions
    from assistant.models.embedding import model_folder, store_weight
    from assistant.retrieval import HybridRetriever
    from assistant.training import fusion

    settings, asked = load_settings(index=index), read_questions(questions)
    retriever = HybridRetriever.from_settings(settings)
    with Bar() as bar:
        found = fusion.calibrate(retriever, asked, bar)
    click.echo(f"weight   hit@1   hit@5  MRR@10    （{found.questions}/{len(asked)} 题 questions）")
    for point in found.curve:
        click.echo(f"{point.weight:6.2f}  {point.hit_at_1:6.1%}  {point.hit_at_5:6.1%}  {point.mrr_at_10:6.3f}"
                   + ("  ←" if point == found.chosen else ""))
    path = store_weight(model_folder(settings.embedding), found.chosen.weight)
    click.echo(f"向量的权重 {found.chosen.weight:.2f} 写进了 {path}，下次启动生效。Stored; the next start takes it.")


def _articles(path: Path) -> tuple[list[Any], tuple[Failure, ...]]:
    """The articles of a file or a folder, and what could not be read."""
    from assistant.corpus.files import CorpusFile, read_corpus, read_file

    if not path.exists():
        raise CorpusError(f"没有 {path}。请给出文章所在的文件或文件夹。", f"There is no {path}. Name a file or folder of articles.")
    rows = list(read_corpus(path) if path.is_dir() else read_file(CorpusFile(path, path.name)))
    return [row for row in rows if not isinstance(row, Failure)], tuple(row for row in rows if isinstance(row, Failure))
