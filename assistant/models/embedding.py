"""Text → vectors of unit length, by the model that ships here or any sentence-transformers model.

Every model is a folder in the end: a name is looked up in the local Hugging Face cache, then on the hub.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings

from assistant.errors import EmbeddingError
from assistant.language.text import fold

SHIPPED = Path(__file__).parent / "news-static"
DEFAULT_WEIGHT = 0.1
"""Share of the vectors in the fused score for a model that was never calibrated: it cost nothing on any
question set, where equal weights cost ten points."""
WEIGHT_FILE = "fusion.json"
"""`{"weight": share}` beside the model; written by `assistant calibrate`."""
FOLD_KEY = "fold"
"""True in config_sentence_transformers.json of a model that reads folded text, as trained here."""
STATIC_BATCH = 256
TRANSFORMER_BATCH = 8
"""On a CPU as fast as 32, with less padding."""
HUB_SECONDS = 5
"""What the hub has for its first answer; without a network its own client takes 80 s to give up."""

_FINGERPRINTED = frozenset({".safetensors", ".bin", ".json", ".txt", ".model"})
_UNUSED = ["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.msgpack", "*.ot", "*.png", "*.jpg"]
_HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)

Encoder = Callable[[list[str], bool], np.ndarray]
"""Texts, and whether they are questions → one row per text, of any length and float type."""


class Embedding(Embeddings):
    """One loaded model. `fingerprint` is a digest of what makes its vectors; `weight` its share in fusion."""

    def __init__(self, name: str, fingerprint: str, dimension: int, weight: float, encoder: Encoder) -> None:
        self.name, self.fingerprint, self.dimension, self.weight = name, fingerprint, dimension, weight
        self._encoder = encoder
        self._lock = Lock()  # a tokenizer that is used by two threads at once raises "Already borrowed"

    def encode(self, texts: Sequence[str], *, questions: bool = False) -> np.ndarray:
        """The vectors of `texts` in their order: float32 (n, dimension), each row of length 1.

        A row is zero where the text holds nothing that the model knows. `questions` takes the model's prompt
        for questions in place of its prompt for documents. Raises EmbeddingError when the model gives
        anything but n rows of finite numbers.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        readable = [text.encode(errors="replace").decode() for text in texts]  # tokenizers refuse lone surrogates
        with self._lock:
            vectors = np.asarray(self._encoder(readable, questions), dtype=np.float32)
        if vectors.shape != (len(texts), self.dimension) or not np.isfinite(vectors).all():
            raise EmbeddingError(
                f"嵌入模型 {self.name} 算出的向量不对（形状 {vectors.shape} 或含 NaN）。请换一个模型：设 ASSISTANT_EMBEDDING。",
                f"The embedding model {self.name} gave unusable vectors (shape {vectors.shape}, or NaN among them). "
                "Set another one with ASSISTANT_EMBEDDING.",
            )
        vectors[[not any(map(str.isalnum, text)) for text in texts]] = 0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: np.ndarray = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
        return unit

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """`encode` as LangChain wants it."""
        vectors: list[list[float]] = self.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        vector: list[float] = self.encode([text], questions=True)[0].tolist()
        return vector


def load_embedding(name: str = "") -> Embedding:
    """The model in the folder `name`, else by that name from the hub; "" is the one that ships here.

    A folder never touches the network. A name is downloaded once, then taken from the local cache.
    Raises EmbeddingError when there is no such model or its files are incomplete or damaged.
    """
    folder = model_folder(name)
    weight = _weight(folder / WEIGHT_FILE)
    try:
        load = _static if _is_plain_static(folder) else _sentence_transformer
        dimension, encoder = load(folder)
        return Embedding(name or SHIPPED.name, _fingerprint(folder), dimension, weight, encoder)
    except Exception as error:  # tokenizers and safetensors raise bare Exception; nothing is swallowed
        raise EmbeddingError(
            f"嵌入模型 {folder} 打不开，文件可能残缺（{first_line(error)}）。请重新下载或训练它，或不设 ASSISTANT_EMBEDDING 用自带的模型。",
            f"Cannot load the embedding model in {folder}, its files may be incomplete ({first_line(error)}). "
            "Download or train it again, or unset ASSISTANT_EMBEDDING for the one that ships here.",
        ) from error


def model_folder(name: str, setting: str = "ASSISTANT_EMBEDDING") -> Path:
    """The folder `name`; else that of the hub's model of this name in the local cache, downloaded if need be.

    "" is the embedding that ships here. Raises EmbeddingError, which names the `setting` to change, when
    there is no such model.
    """
    folder = Path(os.path.expanduser(name)) if name else SHIPPED
    # unlike Path.is_dir, false for a name too long to be a path
    return folder if os.path.isdir(folder) else _from_hub(name or str(folder), setting)


def store_weight(folder: Path, weight: float) -> Path:
    """Writes the share that the vectors of the model in `folder` have in fusion; returns the file.

    Raises EmbeddingError when the folder cannot be written.
    """
    path = folder / WEIGHT_FILE
    try:
        path.write_text(json.dumps({"weight": weight}) + "\n", encoding="utf-8")
    except OSError as error:
        raise EmbeddingError(
            f"权重 {weight:g} 写不进模型文件夹 {folder}（{error.strerror}）。请把它复制到可写的地方，设 ASSISTANT_EMBEDDING=新文件夹，再运行一次。",
            f"Cannot write the weight {weight:g} into the model folder {folder} ({error.strerror}). Copy it to a place "
            "of your own, set ASSISTANT_EMBEDDING to it, and run this again.",
        ) from error
    return path


def foreign_part(folder: Path) -> str:
    """The first part of a sentence-transformers model that is code of its own, which is never run; "" for none."""
    return next((kind for kind in _module_types(folder) if not kind.startswith("sentence_transformers.")), "")


def _static(folder: Path) -> tuple[int, Encoder]:
    """A StaticEmbedding through model2vec: a fifth of a second to import, and no torch."""
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(folder, force_download=False)
    if model.embedding.ndim != 2:
        raise ValueError(f"a table of shape {model.embedding.shape}")
    model.embedding = model.embedding.astype(np.float32)  # half precision is slow to add up on a CPU
    form = fold if _config(folder).get(FOLD_KEY) else str

    def encode(texts: list[str], questions: bool) -> np.ndarray:
        return model.encode(list(map(form, texts)), max_length=None, batch_size=STATIC_BATCH,
                            use_multiprocessing=False)

    return model.dim, encode


def _sentence_transformer(folder: Path) -> tuple[int, Encoder]:
    """Any other model, with its own prompts for questions and documents."""
    from sentence_transformers import SentenceTransformer

    if foreign := foreign_part(folder):
        raise ValueError(f"its part {foreign} is code of its own, which is never run")
    model = SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False)

    def encode(texts: list[str], questions: bool) -> np.ndarray:
        run = model.encode_query if questions else model.encode_document
        return run(texts, batch_size=TRANSFORMER_BATCH, show_progress_bar=False, convert_to_numpy=True)

    return encode(["一"], False).shape[1], encode


def _is_plain_static(folder: Path) -> bool:
    """Whether nothing but a StaticEmbedding (and a Normalize, which changes no direction) makes the vectors."""
    kinds = [kind.rpartition(".")[2] for kind in _module_types(folder)]
    prompts = _config(folder).get("prompts") or {}
    return kinds in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"]) and not any(prompts.values())


def _module_types(folder: Path) -> list[str]:
    path = folder / "modules.json"
    return [module["type"] for module in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config_sentence_transformers.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _fingerprint(folder: Path) -> str:
    """A digest of the weight, tokenizer and configuration files: the same wherever the folder lies."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in _FINGERPRINTED and path.name != WEIGHT_FILE and path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _weight(path: Path) -> float:
    if not path.exists():
        return DEFAULT_WEIGHT
    try:
        weight = float(json.loads(path.read_text(encoding="utf-8"))["weight"])
        if not 0 <= weight <= 1:
            raise ValueError(weight)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise EmbeddingError(
            f"{path} 应写成 {{\"weight\": 0 到 1 之间的数}}。请改正或删除它。",
            f"{path} should read {{\"weight\": a number from 0 to 1}}. Correct or delete it.",
        ) from error
    return weight


def _from_hub(name: str, setting: str) -> Path:
    """The folder of a hub model: the cached one when it is whole, else downloaded."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        if not _HUB_NAME.fullmatch(name):
            raise FileNotFoundError("没有这个文件夹 no such folder")
        try:
            cached = Path(snapshot_download(name, local_files_only=True))
            if any(cached.rglob("*.safetensors")) or any(cached.rglob("*.bin")):
                return cached
        except LocalEntryNotFoundError:
            pass
        files = [file.rfilename for file in HfApi().model_info(name, timeout=HUB_SECONDS).siblings or ()]
        doubled = ["*.bin"] if any(file.endswith(".safetensors") for file in files) else []
        return Path(snapshot_download(name, ignore_patterns=_UNUSED + doubled, etag_timeout=HUB_SECONDS))
    except Exception as error:  # the hub's network errors change their class from release to release
        raise EmbeddingError(
            f"没有名为 {name} 的模型：它不是这里的文件夹，也没能从 Hugging Face 取得（{first_line(error)}）。"
            f"请把 {setting} 设为模型文件夹，或不设它。",
            f"No model {name}: it is no folder here, and Hugging Face did not give it ({first_line(error)}). "
            f"Set {setting} to a model folder, or unset it.",
        ) from error


def first_line(error: BaseException) -> str:
    """The beginning of what an error says, or its kind where it says nothing."""
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
