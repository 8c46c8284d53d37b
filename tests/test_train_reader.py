"""The reader's training: what it learns from, its losses, its export, and a run that stops and goes on."""

from __future__ import annotations

import json
import math
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import QuestionsError, SettingsError
from assistant.index.refresh import refresh
from assistant.index.snapshot import Index
from assistant.models.embedding import Embedding
from assistant.models.encoder import EVIDENCE, SHIPPED, Encoder
from assistant.reading.reader import Reader
from assistant.reading.windows import LEAD
from assistant.retrieval import HybridRetriever
from assistant.schema import Article
from assistant.training.judge import COMMON, background
from assistant.training.reader import Plan, Standing, judged, new_model, start_weights, train
from assistant.training.reader_batches import coded, losses, one_pass, span_loss, tensors
from assistant.training.reader_examples import (
    Asked,
    Example,
    articles_of,
    evidence_of,
    examples,
    held_out,
    read,
    with_passages,
)
from assistant.training.reader_export import Weights, exported, measured, weights_of
from assistant.training.swapped import Swaps

pytestmark = pytest.mark.usefixtures("one_thread")
ARTICLES = 30
FILLER = "街口的花坛种了月季。邮局的门朝南开。修鞋的师傅姓白。河边常有人钓鱼。桥头卖豆腐脑。广场上有人跳舞。图书室周一不开门。"
WIDTH, LAYERS = 64, 2


def text(n: int) -> str:
    return f"青屏区第{n}社区食堂上月开张。食堂每天供应{n + 20}种菜，老人吃饭打八折。{FILLER * 3}食堂门前的路{n}月修好。{FILLER}"


@pytest.fixture(scope="module")
def retriever(shipped_embedding: Embedding, tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    folder = tmp_path_factory.mktemp("canteens")
    (folder / "corpus").mkdir()
    rows = "".join(json.dumps({"text": text(n)}, ensure_ascii=False) + "\n" for n in range(1, ARTICLES + 1))
    (folder / "corpus" / "news.jsonl").write_text(rows, encoding="utf-8")
    refresh(folder / "corpus", folder / "index", shipped_embedding)
    return HybridRetriever(index=Index(folder / "index"), embedding=shipped_embedding)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("questions") / "questions.jsonl"
    rows = [row for n in range(1, ARTICLES + 1) for row in (
        {"question": f"第{n}社区食堂每天有多少种菜？", "answers": [f"{n + 20}种菜"], "articles": [f"news.jsonl#{n}"],
         "evidence": [f"食堂每天供应{n + 20}种菜"]},
        {"question": f"第{n}社区食堂的路谁出钱修的？", "answers": [], "articles": [f"news.jsonl#{n}"], "unanswerable": True,
         "premise": f"路{n}月修好"})]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) + "not JSON\n", encoding="utf-8")
    return path


def random_weights(layers: int = LAYERS, width: int = WIDTH) -> dict[str, np.ndarray]:
    """Weights of a small model over the shipped tokenizer; one inner and one outer channel of each layer stands out."""
    dice = np.random.default_rng(1)

    def some(*shape: int) -> np.ndarray:
        return dice.normal(0, 0.05, shape).astype(np.float32)

    pieces = len(json.loads((SHIPPED / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"])
    weights = {"enc.embeddings.word_embeddings.weight": some(pieces, width),
               "enc.embeddings.position_embeddings.weight": some(320, width),
               "enc.embeddings.token_type_embeddings.weight": some(2, width),
               "spans.weight": some(4, width), "spans.bias": some(4), "answers.weight": some(1, width), "answers.bias": some(1)}
    norms = ["enc.embeddings.LayerNorm"]
    for layer in range(layers):
        to = f"enc.encoder.layer.{layer}."
        sizes = {**{f"attention.self.{part}": (width, width) for part in ("query", "key", "value")},
                 "attention.output.dense": (width, width), "intermediate.dense": (4 * width, width),
                 "output.dense": (width, 4 * width)}
        for name, size in sizes.items():
            weights |= {f"{to}{name}.weight": some(*size), f"{to}{name}.bias": some(size[0])}
        weights[f"{to}intermediate.dense.weight"][7 + layer] *= 20
        norms += [f"{to}attention.output.LayerNorm", f"{to}output.LayerNorm"]
    for name in norms:
        weights |= {f"{name}.weight": np.ones(width, np.float32), f"{name}.bias": some(width)}
        weights[f"{name}.weight"][3] = 8
    return weights


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an untrained small reader."""
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("start")
    save_file(random_weights(), folder / "reader.safetensors")
    for name in ("tokenizer.json", "background.json"):
        shutil.copyfile(SHIPPED / name, folder / name)
    return folder


# ---- examples

def test_windows_hold_the_evidence_negatives_no_answer_and_held_out_articles_never_appear(
        retriever: HybridRetriever, questions: Path, tmp_path: Path) -> None:
    asked = read(questions)
    assert len(asked) == 2 * ARTICLES and asked[0].evidence == ("食堂每天供应21种菜",) and asked[1].premise == "路1月修好"
    kept_away = {one for question in asked if question.held_out for one in question.articles}
    assert kept_away and kept_away == {one for one in retriever.index.current().articles.ids() if held_out(one)}
    learnt = with_passages([one for one in asked if not one.held_out], retriever, None, tmp_path / "found.json", lambda *_: None)
    articles = articles_of(learnt, retriever.index.current())
    assert not set(articles) & kept_away
    made = [example for seed in range(3) for example in examples(learnt, articles, seed)]
    by_question = {one.question: one for one in learnt}
    for example in made:
        own = by_question[example.question]
        assert any(example.window in one.text and all(part in one.text[:LEAD] for part in example.lead.split(" "))
                   for one in articles.values())
        assert len(example.window) <= 300
        assert [example.window[a:b] for a, b in example.evidence] == (list(own.evidence) if example.answers else [])
        assert {example.window[a:b] for a, b in example.short} == (set(own.answers) if example.answers else set())
        assert example.answers or not any(answer in example.window for answer in own.answers)
    negatives = [one for one in made if by_question[one.question].answerable and not one.answers]
    own_text = [articles[by_question[one.question].articles[0]].text for one in negatives]
    assert {one.window in whole for one, whole in zip(negatives, own_text)} == {True, False}, "of the article and of others"
    assert any("月修好" in one.window for one in made if not by_question[one.question].answerable)


def test_some_windows_are_read_under_a_title_or_in_another_year_but_not_where_a_year_is_asked_for() -> None:
    told = {"a": Article("a", "青屏区第三社区食堂开张，老人吃饭打八折。每天有20种菜。", date="2023-08-16")}
    found = (("a", 0, 28),)
    asked = [Asked("食堂每天几种菜？", ("a",), ("20种",), found=found), Asked("2023年食堂每天几种菜？", ("a",), ("20种",), found=found)]
    leads: dict[bool, set[str]] = {True: set(), False: set()}
    for seed in range(40):
        for one in examples(asked, told, seed):
            leads["年" in one.question].add(one.lead)
    assert {"2023年8月16日", "2023年8月16日 青屏区第三社区食堂开张"} <= leads[True] and all(one.startswith("2023") for one in leads[True])
    assert any("青屏区第三社区食堂开张" in one and not one.startswith("2023") for one in leads[False])


def test_a_question_is_put_wrong_by_one_thing_of_the_same_form_that_the_article_does_not_hold() -> None:
    swaps = Swaps(["青屏区5月8日来了多少人？", "白桥区3月2日来了多少人？", "赵德全捐了300元给谁？", "白桥区的钱大友得了什么奖？"])
    text = "白桥区3月2日办灯会。钱大友带着孩子来了。"
    dice = random.Random(1)
    wrong = {swaps.of("白桥区3月2日来了多少人？", text, text, dice) for _ in range(40)}
    assert wrong == {"青屏区3月2日来了多少人？", "白桥区5月8日来了多少人？"}
    assert swaps.of("白桥区3月2日来了多少人？", "来了400人。", text, dice) is None, "the window does not say it"
    assert swaps.of("白桥区来了多少人？", text, text + "青屏区也办。", dice) is None, "the article tells of the other too"
    told = {"a": Article("a", text), "b": Article("b", "青屏区5月8日开庙会。有200人。")}
    asked = [Asked("白桥区3月2日谁带孩子来了？", ("a",), ("钱大友",)), Asked("青屏区5月8日庙会有几个人？", ("b",), ("200人",))]
    made = [one for seed in range(9) for one in examples(asked, told, seed)]
    right, put_wrong = ([one for one in made if (one.question in {a.question for a in asked}) is as_asked] for as_asked in (True, False))
    assert put_wrong and not any(one.answers for one in put_wrong) and {one.window for one in put_wrong} <= {one.window for one in right}


def test_what_was_found_is_not_searched_again(retriever: HybridRetriever, tmp_path: Path) -> None:
    asked, kept = [Asked("第3社区食堂每天有多少种菜？", ("news.jsonl#3",))], tmp_path / "found.json"
    first = with_passages(asked, retriever, None, kept, lambda *_: None)
    assert first[0].found
    row = json.loads(kept.read_text(encoding="utf-8"))
    row["known"] = {asked[0].question: {"found": [["news.jsonl#4", 0, 5]], "read": []}}
    kept.write_text(json.dumps(row), encoding="utf-8")
    assert held_out("news.jsonl#4") or with_passages(asked, retriever, None, kept, lambda *_: None)[0].found == (("news.jsonl#4", 0, 5),)
    kept.write_text(json.dumps({**row, "snapshot": "another"}), encoding="utf-8")
    assert with_passages(asked, retriever, None, kept, lambda *_: None) == first


def test_a_negative_is_often_what_the_start_takes_for_an_answer_and_never_the_answer(retriever: HybridRetriever, tmp_path: Path) -> None:
    story = "青屏区第一社区食堂开张。每天有20种菜。周末有9种汤。食堂由社区自己办。厨师都是本地人。"
    asked = Asked("食堂每天几种菜？", ("a",), ("20种",), evidence=("每天有20种菜。",), found=(("b", 0, 8),),
                  read=(("a", 12, 20), ("a", 20, 28), ("b", 0, 8)))
    told = {"a": Article("a", story), "b": Article("b", "食堂每天卖面条。")}
    negatives = [one.window for seed in range(60) for one in examples([asked], told, seed) if not one.answers and one.question == asked.question]
    assert negatives.count(story[20:28]) >= 12 and "食堂每天卖面条。" in negatives and not any("20种" in one for one in negatives)
    first = with_passages([Asked("第3社区食堂每天有多少种菜？", ("news.jsonl#3",))], retriever, Reader.from_folder(SHIPPED),
                          tmp_path / "found.json", lambda *_: None)[0]
    article, start, end = first.read[0]
    held = retriever.index.current().articles.article(article)
    assert held and "种菜" in held.text[start:end] and len(first.read) > 1


def test_evidence_is_guessed_by_the_clauses_of_the_likeliest_place() -> None:
    story = f"王某去年得过奖，奖金500元。{FILLER}云河市给青屏书院拨款500元，用来买书和桌椅，下月到账。院长姓林。"
    asked = Asked("云河市拨款多少给书院？", answers=("500元",))
    sentence = "云河市给青屏书院拨款500元，用来买书和桌椅，下月到账。"
    assert [story[a:b] for a, b in evidence_of(asked, story)] == [sentence]
    parts = replace(asked, answers=("500元", "姓林"), all_needed=True)
    assert [story[a:b] for a, b in evidence_of(parts, story)] == [f"{sentence}院长姓林。"]
    apart = replace(parts, answers=("500元", "姓白"))
    assert [story[a:b] for a, b in evidence_of(apart, story)] == ["修鞋的师傅姓白。", "云河市给青屏书院拨款500元，"]
    assert evidence_of(replace(parts, answers=("500元", "没有的")), story) == []


def test_questions_without_articles_are_told(tmp_path: Path, start: Path) -> None:
    from assistant.training.reader import start_tokenizer

    with pytest.raises(QuestionsError, match="articles"):
        one_pass(start_tokenizer(start), [Asked("谁？", answers=("某人",))], {}, 1)


# ---- losses

def test_a_span_costs_what_its_probability_says() -> None:
    import torch

    logits = torch.log(torch.tensor([[0.5, 0.25], [0.25, 0.25], [0.25, 0.5]]))
    assert span_loss(logits, (), False).item() == pytest.approx(-math.log(0.5 * 0.25) / 2)
    assert span_loss(logits, ((1, 2),), False).item() == pytest.approx(-math.log(0.25 * 0.5) / 2)
    assert span_loss(logits, ((1, 2), (2, 2)), False).item() == pytest.approx(-math.log(0.125 + 0.125) / 2), "either will do"
    assert span_loss(logits, ((1, 1), (2, 2)), True).item() == pytest.approx(-(math.log(1 / 16) + math.log(1 / 8)) / 4)


def test_losses_are_small_where_the_model_is_right_and_count_by_weight(start: Path) -> None:
    import torch

    from assistant.training.reader import start_tokenizer

    window = "食堂每天供应21种菜。花坛种了月季。"
    made = [Example("有几种菜？", "青屏社区的一天", window, True, ((0, 10),), ((6, 9),)), Example("谁出的钱？", "", window, False, weights=(1.0, 1.0, 0.0))]
    batch = coded(start_tokenizer(start), made)
    ids, mask, allowed = tensors(batch)
    assert ids.shape == mask.shape == allowed.shape and mask[1].sum() == len(batch[1].ids)
    spans = torch.zeros(*ids.shape, 4)
    for row, one in enumerate(batch):
        for kind, (first, last) in ((0, (*one.evidence, (0, 0))[0]), (2, (*one.short, (0, 0))[0])):
            spans[row, first, kind] = spans[row, last, kind + 1] = 20
    right = losses(torch.tensor([20.0, -20.0]), spans, allowed, batch)
    assert right.tolist() == pytest.approx([0, 0, 0], abs=1e-3)
    wrong = losses(torch.tensor([-20.0, 20.0]), -spans, allowed, batch)
    assert all(loss > 5 for loss in wrong.tolist())
    assert not any(allowed[row, 1:one.window_at].any() for row, one in enumerate(batch)) and allowed[:, 0].all()
    assert losses(torch.zeros(2), spans, allowed, [replace(one, example=replace(one.example, weights=(0.5, 0, 0)))
                                                   for one in batch]).tolist() == pytest.approx([math.log(2) / 2, 0, 0])


# ---- export

def told_by_torch(weights: Weights, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import torch

    with torch.no_grad():
        found = judged(new_model(weights).eval(), torch.from_numpy(ids), torch.ones_like(torch.from_numpy(ids)))
    return found[0].numpy(), found[1].numpy()


def test_the_exported_model_says_what_torch_says_and_comes_back(tmp_path: Path) -> None:
    import onnx
    import onnxruntime

    weights = random_weights()
    ids = np.random.default_rng(2).integers(4, 20_000, (3, 40))
    ranges = measured(weights, ids.tolist())
    onnx.save(exported(weights, ranges), tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert any(one.name.endswith(".few") for one in onnx.load(tmp_path / "model.onnx").graph.node), "a channel goes apart"
    answers, spans = session.run(None, {"ids": ids})
    wanted_answers, wanted = told_by_torch(weights, ids)
    assert np.abs(spans - wanted).mean() < 0.05 * wanted.std() and np.abs(answers - wanted_answers).max() < 0.3 * wanted.std()
    back = weights_of(tmp_path / "model.onnx")
    for name, value in weights.items():
        if "position_embeddings" not in name and "token_type" not in name:
            assert np.abs(back[name] - value).max() <= np.abs(value).max() / 50, name
    assert np.abs(told_by_torch(back, ids)[1] - wanted).mean() < 0.05 * wanted.std()
    onnx.save(exported(back, ranges), tmp_path / "again.onnx")
    again = onnxruntime.InferenceSession(tmp_path / "again.onnx", providers=["CPUExecutionProvider"])
    assert np.abs(again.run(None, {"ids": ids})[1] - spans).mean() < 0.05 * wanted.std()


def test_a_start_is_an_earlier_run_an_encoder_or_an_exported_model(start: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    weights = start_weights(start)
    bare = {name.removeprefix("enc."): value for name, value in weights.items() if name.startswith("enc.")}
    save_file({**bare, "pooler.dense.bias": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    model = new_model(start_weights(tmp_path))
    assert {name for name, _ in model.named_parameters()} == set(weights)
    frozen = new_model(weights, freeze=1)
    assert {name for name, value in frozen.named_parameters() if not value.requires_grad} == {
        name for name in weights if "embeddings" in name or ".layer.0." in name}
    with pytest.raises(SettingsError, match="--start"):
        start_weights(tmp_path / "nothing")
    with pytest.raises(SettingsError, match="--start"):
        new_model({**weights, "more": np.zeros(1, np.float32)})


@pytest.mark.skipif(not (SHIPPED / "model.onnx").exists(), reason="the shipped model is not in this checkout")
def test_the_shipped_model_can_be_started_from() -> None:
    weights = weights_of(SHIPPED / "model.onnx")
    assert weights["enc.embeddings.word_embeddings.weight"].shape[1] == weights["spans.weight"].shape[1] == 384
    assert all(np.isfinite(value).all() for value in weights.values())


# ---- a run

def test_a_run_that_stopped_goes_on_and_leaves_a_reader_to_fit(
        retriever: HybridRetriever, questions: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.training.reader.LONGEST_STEP", 0.001)

    def run(milliseconds: float) -> Standing:
        return train(retriever, [questions], Plan(tmp_path, start, milliseconds / 60_000), lambda *_: None, lambda _: None)

    first = run(1.5)
    assert first.step == first.batch == 2 and first.minutes_left == 0
    assert set(first.losses) == {"answers", "evidence", "short"} and first.loss > 0
    kept = start_weights(tmp_path)
    assert run(1.5).step == 2, "nothing is left to do"
    assert run(3.5).step == 4
    assert any((value != kept[name]).any() for name, value in start_weights(tmp_path).items())
    rows = read(tmp_path / "held-out.jsonl")
    assert rows and all(one.held_out for one in rows) and all(held_out(one.articles[0]) for one in rows)
    judgement, = Encoder.from_folder(tmp_path, threads=1).read([("第3社区食堂每天有多少种菜？", "", text(3)[:100])])
    assert np.isfinite(judgement.answers) and judgement.best(EVIDENCE, 3)
    assert isinstance(Reader.from_folder(tmp_path, fitted=False), Reader)
    with pytest.raises(SettingsError, match="assistant fit-reader"):
        Reader.from_folder(tmp_path)
    with pytest.raises(SettingsError, match="--out"):
        train(retriever, [questions], Plan(tmp_path, SHIPPED, 0.1), lambda *_: None, lambda _: None)


def test_the_background_counts_the_chunks_of_common_words(retriever: HybridRetriever, monkeypatch: pytest.MonkeyPatch) -> None:
    assert COMMON > ARTICLES
    monkeypatch.setattr("assistant.training.judge.COMMON", ARTICLES)
    table = background(retriever.index.current())
    counts = {word: int(count) for count, line in table["words"].items() for word in line.split(" ")}
    assert table["chunks"] == retriever.index.current().manifest.chunks
    assert counts["食堂"] >= ARTICLES and "青屏" in counts and "21" not in counts and "菜" not in counts
