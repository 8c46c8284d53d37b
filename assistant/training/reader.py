"""`assistant train-reader`: the encoder that reads question and window together, trained on questions over an index.

It starts from an encoder that knows the language and learns three things at once: whether a window answers, the
stretch of it that answers in full (evidence), and the short answer. The rate falls over the minutes that are given,
however many passes they allow; the same command goes on from the last checkpoint. On a CUDA device where there is one.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import AssistantError, SettingsError
from assistant.models.encoder import BEGIN, END, PAD, SHIPPED
from assistant.reading.reader import Reader
from assistant.retrieval import HybridRetriever
from assistant.training.judge import background
from assistant.training.reader_batches import LOSSES, Coded, losses, one_pass, tensors
from assistant.training.reader_examples import Progress, articles_of, read, with_passages
from assistant.training.reader_export import EPSILON, HEAD, Weights, exported, layers_of, measured, weights_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor, nn

RATE, WARM_UP, FLOOR, DECAY = 1e-4, 0.03, 0.03, 0.01
"""Peak of the learning rate unless told otherwise, the share of the time in which it rises, the share of it that is left,
weight decay."""
DROPOUT = 0.1
"""Of embeddings and of what the heads see; in every layer it would cost a third of the time on a processor."""
AVERAGED = 0.995
"""Decay of the running mean of the weights, which is what is kept."""
CHECKPOINT_SECONDS, TOLD_SECONDS = 240.0, 60.0
LONGEST_STEP = 30.0
"""Seconds that a step counts at most: the machine may have slept."""
SAMPLES = 48
"""Windows on which outlying channels are measured for the export."""
FEWEST_CHUNKS = 20_000
"""An index of fewer chunks does not tell how common a word is: the start's table stays."""
PASS, BATCH, STEP, SECONDS, LOSS = range(5)
"""Places in `Run.state`; behind LOSS stand the parts of it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do: `rate` is the learning rate's peak, `freeze` how many first layers stay as they are, `workers` one
    thread each."""

    out: Path
    start: Path = SHIPPED
    minutes: float = 480
    workers: int = 1
    freeze: int = 0
    rate: float = RATE
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is: `losses` are recent means by what is learnt, `loss` is theirs together."""

    pass_number: int
    batch: int
    batches: int
    step: int
    loss: float
    losses: Mapping[str, float]
    minutes_left: float


Told = Callable[[Standing], None]


def train(retriever: HybridRetriever, files: Sequence[Path], plan: Plan, progress: Progress, told: Told) -> Standing:
    """How the run ended, once its minutes are used.

    Leaves in the plan's folder reader.safetensors (float16, averaged), model.onnx, tokenizer.json, background.json and
    held-out.jsonl, the questions on articles that it has not seen. Raises QuestionsError where no question of the
    files can be learnt from, SettingsError for a start or a checkpoint that does not fit.
    """
    import torch

    workers = 1 if torch.cuda.is_available() else plan.workers
    if workers > 1:
        torch.set_num_threads(1)  # before anything runs: threads do not survive a fork
    plan.out.mkdir(parents=True, exist_ok=True)
    asked = [one for file in files for one in read(file)]
    lines = (json.dumps(one.to_json(), ensure_ascii=False) + "\n" for one in asked if one.held_out)
    (plan.out / "held-out.jsonl").write_text("".join(lines), encoding="utf-8")
    snapshot = retriever.index.current()
    reader = Reader.from_folder(plan.start, fitted=False) if (plan.start / "model.onnx").exists() else None
    learnt = with_passages([one for one in asked if not one.held_out], retriever, reader, plan.out / "passages.json", progress)
    articles = articles_of(learnt, snapshot)
    tokenizer = start_tokenizer(plan.start)
    torch.manual_seed(plan.seed)
    run = Run(new_model(start_weights(plan.start), plan.freeze), plan, workers, told)
    run.resume()
    batches = one_pass(tokenizer, learnt, articles, plan.seed + run.passes)
    samples = random.Random(plan.seed).sample([one.ids for batch in batches for one in batch],
                                              min(SAMPLES, sum(map(len, batches))))
    while run.seconds < run.total:
        run.learn(batches)
        if run.passed(batches):
            batches = one_pass(tokenizer, learnt, articles, plan.seed + run.passes)
    run.keep()
    _finish(run, plan, samples)
    if not (plan.out / "background.json").exists():
        large = snapshot.manifest.chunks >= FEWEST_CHUNKS
        table = background(snapshot, progress) if large else json.loads(_beside(plan.start, "background.json").read_text("utf-8"))
        (plan.out / "background.json").write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":")), "utf-8")
    return run.standing(len(batches))


def _finish(run: Run, plan: Plan, samples: Sequence[Sequence[int]]) -> None:
    """Writes model.onnx of the averaged weights, and the tokenizer beside it."""
    import onnx

    weights = {name: value.float().cpu().numpy() for name, value in run.averaged.items()}
    onnx.save(exported(weights, measured(weights, samples)), plan.out / "model.onnx")
    if plan.start.resolve() != plan.out.resolve():
        shutil.copyfile(_beside(plan.start, "tokenizer.json"), plan.out / "tokenizer.json")


# The start

def start_weights(folder: Path) -> dict[str, np.ndarray]:
    """The weights in a folder: of an earlier run, of a bare BertModel as transformers saves it, or of a model.onnx.

    Raises SettingsError where it holds none of them.
    """
    from safetensors.numpy import load_file

    if (folder / "reader.safetensors").exists():
        found = load_file(folder / "reader.safetensors")
    elif (folder / "model.safetensors").exists():
        found = {f"enc.{name.removeprefix('bert.')}": value for name, value in load_file(folder / "model.safetensors").items()
                 if "pooler" not in name and "position_ids" not in name}
    elif (folder / "model.onnx").exists():
        found = weights_of(folder / "model.onnx")
    else:
        raise SettingsError(
            f"{folder} 里没有可以接着训练的权重。--start 要一个含 reader.safetensors、model.safetensors 或 model.onnx 的文件夹；"
            "不写就用自带的。",
            f"{folder} holds no weights to start from. Give --start a folder with reader.safetensors, model.safetensors or "
            "model.onnx; without it the shipped ones are taken.")
    return {name: value.astype(np.float32) for name, value in found.items()}


def start_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of the start. Raises SettingsError where its first pieces are not those that the reader expects."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_beside(folder, "tokenizer.json")))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if [tokenizer.token_to_id(piece) for piece in ("<s>", "<pad>", "</s>")] != [BEGIN, PAD, END]:
        raise SettingsError(f"{folder} 的分词器不是 XLM-R 那样的（<s> 0、<pad> 1、</s> 2）。请换一个 --start。",
                            f"The tokenizer in {folder} is not like XLM-R's (<s> 0, <pad> 1, </s> 2). Give another --start.")
    return tokenizer


def _beside(folder: Path, name: str) -> Path:
    """The file of the start, or the shipped one."""
    return folder / name if (folder / name).exists() else SHIPPED / name


def new_model(weights: Weights, freeze: int = 0) -> nn.ModuleDict:
    """A model of the weights' own shape with `enc`, `spans` and `answers`; heads that they lack start at random.

    The embeddings and the first `freeze` layers learn nothing: with four of twelve a step takes a quarter less.
    """
    import torch
    from torch import nn
    from transformers import BertConfig, BertModel

    try:
        pieces, width = weights["enc.embeddings.word_embeddings.weight"].shape
        config = BertConfig(
            vocab_size=pieces, hidden_size=width, num_hidden_layers=layers_of(weights), num_attention_heads=width // HEAD,
            intermediate_size=len(weights["enc.encoder.layer.0.intermediate.dense.bias"]), pad_token_id=PAD,
            max_position_embeddings=len(weights["enc.embeddings.position_embeddings.weight"]),
            type_vocab_size=len(weights["enc.embeddings.token_type_embeddings.weight"]), layer_norm_eps=EPSILON,
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        encoder = BertModel(config, add_pooling_layer=False)
        encoder.set_attn_implementation("eager")  # torch's fused attention takes twice a step's time on a processor
        encoder.embeddings.dropout.p = DROPOUT
        model = nn.ModuleDict({"enc": encoder, "spans": nn.Linear(width, 4), "answers": nn.Linear(width, 1)})
        missing, unexpected = model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=False)
    except (KeyError, ValueError, RuntimeError) as error:
        raise _unlike(str(error)) from error
    if unexpected or any(name.startswith("enc.") for name in missing):
        raise _unlike(f"{[*unexpected, *missing][:3]}")
    for part in (encoder.embeddings, *encoder.encoder.layer[:freeze]) if freeze else ():
        part.requires_grad_(False)
    return model


def _unlike(what: str) -> SettingsError:
    return SettingsError(f"这些权重不是摘句模型的样子（{what}）。请换一个 --start，或换一个空的 --out。",
                         f"These weights are not shaped like a reader's ({what}). Give another --start, or an empty --out.")


def judged(model: nn.ModuleDict, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Logits of whether each window answers (n,), and of spans (n, tokens, 4) as in models/encoder."""
    from torch.nn.functional import dropout

    hidden = dropout(model["enc"](input_ids=ids, attention_mask=mask).last_hidden_state, DROPOUT, model.training)
    return model["answers"](hidden[:, 0])[:, 0], model["spans"](hidden)


# The run

def rate_at(share: float) -> float:
    """The share of the peak rate when that share of the time has gone: a short rise, then a straight fall."""
    return min(share / WARM_UP, max(FLOOR, 1 - share))


class Run:
    """What the workers share: weights, the optimiser's state, the averaged weights, and how far they are.

    Each worker takes the next batch, computes its gradient on the weights as they are, and applies it alone
    (Recht et al. 2011, with a lock around the update): so a core that is busy elsewhere holds up none but itself.
    """

    def __init__(self, model: nn.ModuleDict, plan: Plan, workers: int, told: Told) -> None:
        import torch
        from torch import multiprocessing

        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model, self.plan, self.workers, self.told = model.to(self.device).share_memory(), plan, workers, told
        self.state = torch.zeros(LOSS + 1 + len(LOSSES), dtype=torch.float64).share_memory_()
        self.context = multiprocessing.get_context("fork")
        self.lock = self.context.Lock()
        self.averaged = {name: value.detach().clone().share_memory_() for name, value in model.named_parameters()}
        self.optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
        for value in model.parameters():
            self.optimiser.state[value] = {"step": torch.zeros((), device=self.device).share_memory_(), **{
                name: torch.zeros_like(value).share_memory_() for name in ("exp_avg", "exp_avg_sq")}}
        self.told_at = self.kept_at = time.monotonic()

    @property
    def passes(self) -> int:
        """Passes over the questions that are done."""
        return int(self.state[PASS])

    @property
    def seconds(self) -> float:
        """Seconds of work done."""
        return float(self.state[SECONDS])

    @property
    def total(self) -> float:
        """Seconds of work that are planned."""
        return 60 * self.plan.minutes

    def passed(self, batches: Sequence[object]) -> bool:
        """Whether all batches of this pass have been taken; then the next pass begins."""
        if self.state[BATCH] < len(batches):
            return False
        self.state[PASS] += 1
        self.state[BATCH] = 0
        return True

    def standing(self, batches: int) -> Standing:
        """How far the run is in a pass of so many batches."""
        parts = dict(zip(LOSSES, self.state[LOSS + 1:].tolist()))
        return Standing(self.passes + 1, min(int(self.state[BATCH]), batches), batches, int(self.state[STEP]),
                        float(self.state[LOSS]), parts, max(0.0, self.total - self.seconds) / 60)

    def learn(self, batches: Sequence[Sequence[Coded]]) -> None:
        """Works on the batches that are left of a pass, as long as there is time."""
        if self.workers == 1:
            self._work(0, batches, lambda: self._look(len(batches)))
            return
        workers = [self.context.Process(target=self._worker, args=(number, batches), daemon=True)
                   for number in range(self.workers)]
        try:
            for worker in workers:
                worker.start()
            while any(worker.is_alive() for worker in workers) and not any(worker.exitcode for worker in workers):
                time.sleep(0.5)
                self._look(len(batches))
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()
        if any(worker.exitcode for worker in workers):
            raise AssistantError("一个训练进程停了（内存不够时减少 --workers）。同样的命令从最近的存档接着做。",
                                 "A worker stopped (where memory is short, give fewer --workers). "
                                 "The same command goes on from the last checkpoint.")

    def _worker(self, number: int, batches: Sequence[Sequence[Coded]]) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._work(number, batches, lambda: None)

    def _work(self, number: int, batches: Sequence[Sequence[Coded]], after: Callable[[], None]) -> None:
        import torch

        torch.manual_seed(self.plan.seed + 1000 * number + int(self.state[STEP]))
        self.model.train()
        while self.seconds < self.total:
            with self.lock:
                batch = int(self.state[BATCH])
                self.state[BATCH] += 1
            if batch >= len(batches):
                break
            self._step(batches[batch])
            after()

    def _step(self, batch: Sequence[Coded]) -> None:
        """One update of the weights and of their running mean."""
        import torch

        began = time.monotonic()
        parameters: list[torch.Tensor] = list(self.model.parameters())
        ids, mask, allowed = tensors(batch)
        with torch.autocast(self.device.type, torch.bfloat16):
            answers, spans = judged(self.model, ids.to(self.device), mask.to(self.device))
        parts = losses(answers.float().cpu(), spans.float().cpu(), allowed, batch)
        loss = (parts * torch.tensor(list(LOSSES.values()))).sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        with self.lock, torch.no_grad():
            for group in self.optimiser.param_groups:
                group["lr"] = self.plan.rate * rate_at(self.seconds / self.total)
            self.optimiser.step()
            step = int(self.state[STEP])
            torch._foreach_lerp_(list(self.averaged.values()), parameters, 1 - min(AVERAGED, (1 + step) / (10 + step)))
            now = torch.cat([loss.detach()[None], parts.detach()]).double()
            self.state[LOSS:] += (now - self.state[LOSS:]) * max(0.02, 1 / (1 + step))
            self.state[STEP] += 1
            self.state[SECONDS] += min(time.monotonic() - began, LONGEST_STEP) / self.workers
        self.optimiser.zero_grad(set_to_none=True)

    def _look(self, batches: int) -> None:
        """Tells how far the run is, and keeps a checkpoint, each when it is time."""
        now = time.monotonic()
        if now - self.told_at > TOLD_SECONDS:
            self.told_at = now
            self.told(self.standing(batches))
        if now - self.kept_at > CHECKPOINT_SECONDS:
            self.kept_at = now
            with self.lock:
                self.keep()

    def keep(self) -> None:
        """Writes checkpoint.safetensors and reader.safetensors (the averaged weights), each whole or not at all."""
        import torch

        parts = {f"{part}/{name}": value for name, own in self.model.named_parameters()
                 for part, value in self._parts(name, own).items()}
        _save({**parts, "state": self.state}, self.plan.out / "checkpoint.safetensors")
        _save({name: value.to(torch.float16) for name, value in self.averaged.items()}, self.plan.out / "reader.safetensors")

    def resume(self) -> None:
        """Takes over the checkpoint where there is one. Raises SettingsError where it is another model's."""
        import torch
        from safetensors.torch import load_file

        path = self.plan.out / "checkpoint.safetensors"
        if not path.exists():
            return
        saved = load_file(path)
        try:
            with torch.no_grad():
                for name, own in self.model.named_parameters():
                    for part, value in self._parts(name, own).items():
                        value.copy_(saved[f"{part}/{name}"])
        except (KeyError, RuntimeError) as error:
            raise _unlike(str(error)) from error
        self.state.copy_(saved["state"])

    def _parts(self, name: str, own: nn.Parameter) -> dict[str, Tensor]:
        """What a checkpoint holds of a parameter."""
        return {"model": own.detach(), "averaged": self.averaged[name], **self.optimiser.state[own]}


def _save(values: Mapping[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    beside = path.with_suffix(".new")
    save_file({name: value.contiguous() for name, value in values.items()}, beside)
    os.replace(beside, path)
