"""multilingual-e5-small as int8 ONNX: texts in about a hundred languages as vectors, near one another where they say
the same.

It is a second embedder like any other (`rag.search.second_embedder`), but runs here and sends nothing. As with the
shipped one, every text is run by itself, so that its vector depends on the text alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rag.index.embedder import Vectors
from rag.index.onnx import Session, open_session, open_tokenizer, processors

MODEL_NAME = "multilingual-e5-small-int8"
FOLDER = Path(__file__).parents[1] / "models" / "multilingual-e5-small"

LONGEST = 512
"""Pieces that it has places for, its two marks included."""

_BEGIN, _END = 0, 2


class MultilingualE5:
    """The shipped multilingual embedder. Questions and paragraphs have prefixes of their own, as its authors trained it
    (https://arxiv.org/abs/2402.05672).

    >>> MultilingualE5().get_query_embedding("Wer zahlt?").shape
    (384,)
    """

    embed_batch_size = 64
    """Texts that are made and written at once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @property
    def model_name(self) -> str:
        """With a mark of the file: vectors of another file cannot be compared with its own."""
        return f"{MODEL_NAME}-{self._digest}"

    def class_name(self) -> str:
        return type(self).__name__

    def get_query_embedding(self, query: str) -> Vectors:
        """The unit vector of a question, `[384]`."""
        return self._vector(f"query: {query}")

    def get_text_embedding_batch(self, texts: Sequence[str]) -> list[Vectors]:
        """The unit vectors of paragraphs or their sentences, `[384]` each."""
        return list(self._hands.map(self._vector, [f"passage: {text}" for text in texts]))

    def _vector(self, text: str) -> Vectors:
        """Of a text that is longer than it reads at once, the mean of its pieces' vectors, at unit length."""
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        room = LONGEST - 2
        runs = [self._run(ids[start : start + room]) for start in range(0, max(len(ids), 1), room)]
        mean = np.mean(runs, axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)

    def _run(self, ids: Sequence[int]) -> Vectors:
        (vector,) = self._session.run(["embedding"], {"input_ids": np.array([_BEGIN, *ids, _END], dtype=np.int64)})
        return np.asarray(vector, dtype=np.float32)

    @cached_property
    def _hands(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(processors(), "ibid-multilingual")

    @cached_property
    def _session(self) -> Session:
        return open_session(self._folder / "model.onnx")

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(self._folder / "tokenizer.json")

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256((self._folder / "model.onnx").read_bytes()).hexdigest()[:8]
