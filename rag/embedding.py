"""all-MiniLM-L6-v2 as int8 ONNX: texts in, unit vectors out. The only file that runs a model for vectors.

Nothing is truncated in silence: `windows` cuts a long paragraph at its sentences so that every piece fits,
and each piece gets a vector of its own.
"""

from __future__ import annotations

import hashlib
import math
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import ConfigDict, PrivateAttr
from tokenizers import Tokenizer

from rag import terms
from rag.domain import Span
from rag.errors import ModelError
from rag.sentences import split_sentences

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

MODEL_FOLDER = Path(__file__).parent / "models" / "all-MiniLM-L6-v2"
DIMENSIONS = 384
WINDOW = 256
"""Word pieces the model was trained on, its two marks included."""

BATCH_TOKENS = 2048
"""Padded tokens in one batch; how it was measured is in rag/models/all-MiniLM-L6-v2/PROVENANCE.md."""

REMEMBERED = 20_000
"""Vectors kept for sentences, about 30 MB."""

_SPECIAL = 2


class MiniLM(BaseEmbedding):
    """The shipped embedder, a LlamaIndex `BaseEmbedding`.

    >>> MiniLM().vectors(["a siege", "a blockade"]).shape
    (2, 384)
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)
    _tokenizer: Any = PrivateAttr()
    _folder: Path = PrivateAttr()
    _memory: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __init__(self, folder: Path = MODEL_FOLDER) -> None:
        super().__init__(model_name="all-MiniLM-L6-v2-int8")
        self._folder = folder
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the vendor raises a bare Exception here
            raise self._unloadable(error) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def _unloadable(self, error: Exception) -> ModelError:
        return ModelError(f"The embedding model in {self._folder} cannot be loaded ({error}). Run `make models`.")

    def _open(self, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            # Without this fusion the shipped graph runs about 5 % faster (PROVENANCE.md).
            return onnxruntime.InferenceSession(
                str(self._folder / "model.onnx"),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=["SkipLayerNormFusion"],
            )
        except Exception as error:  # the vendor's exception types are private
            raise self._unloadable(error) from error

    @cached_property
    def _for_one(self) -> onnxruntime.InferenceSession:
        """One thread: a single short text gains nothing from more, and loses on a busy machine (1.8 to 6.3 ms)."""
        return self._open(1)

    @cached_property
    def _for_many(self) -> onnxruntime.InferenceSession:
        return self._open(len(os.sched_getaffinity(0)))

    @cached_property
    def fingerprint(self) -> str:
        """Which vectors these are: stored vectors of another fingerprint cannot be compared with them."""
        digest = hashlib.sha256((self._folder / "model.onnx").read_bytes()).hexdigest()
        return f"{self.model_name}-{digest[:8]}"

    def vectors(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """One unit vector per text, `[len(texts), 384]`. Each text must fit the window (see `windows`);
        `progress(done, total)` is called after each batch."""
        out = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        done = 0
        for rows, ids in self.token_batches(texts):
            out[rows] = self.run_batch(ids)
            done += len(rows)
            if progress is not None:
                progress(done, len(texts))
        return out

    def token_batches(self, texts: Sequence[str]) -> list[tuple[list[int], list[list[int]]]]:
        """The texts as token ids in batches of similar length, each with the places its texts came from."""
        encoded = [encoding.ids[:WINDOW] for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        return [(rows, [encoded[i] for i in rows]) for rows in _batches([len(ids) for ids in encoded], BATCH_TOKENS)]

    def run_batch(self, batch: list[list[int]]) -> Vectors:
        """Unit vectors for one batch of token ids, `[len(batch), 384]`."""
        longest = max(map(len, batch))
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        session = self._for_one if len(batch) == 1 else self._for_many
        (vectors,) = session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})
        return np.asarray(vectors, dtype=np.float32)

    def remembered(self, texts: Sequence[str]) -> Vectors:
        """As `vectors`, each text by itself and kept: the sentences of popular paragraphs come back question
        after question. By itself, because int8 activations share one scale in a batch, so that a vector would
        depend a little on its neighbours, and the same question could get another answer."""
        memory = self._memory
        if len(memory) > REMEMBERED:
            # A new one, not the old one emptied: another thread may be about to read from that.
            memory = self._memory = {}
        for text in texts:
            if text not in memory:
                memory[text] = self.vectors([text])[0]
        return np.array([memory[text] for text in texts], dtype=np.float32).reshape(-1, DIMENSIONS)

    def windows(self, text: str, prefix: str) -> list[Span]:
        """Spans of `text` that fit the model together with `prefix`: one for most paragraphs, else cut at
        sentence ends, and inside a sentence between words where a single one is too long. A prefix that takes more
        than half the window is to be `clipped`."""
        room = WINDOW - _SPECIAL - min(len(self._ids(prefix)), WINDOW // 2)
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        if len(encoding.ids) <= room:
            return [Span(0, len(text))]
        starts = [start for start, _ in encoding.offsets]
        # A word cut in two comes out in other pieces than it did whole, and in more of them.
        breaks = [i for i, (a, b) in enumerate(pairwise(encoding.word_ids), start=1) if a != b]
        spans: list[Span] = []
        for sentence in split_sentences(text):
            for piece in _pieces_that_fit(sentence, starts, breaks, room):
                if spans and _count(starts, spans[-1].start, piece.end) <= room:
                    spans[-1] = Span(spans[-1].start, piece.end)
                else:
                    spans.append(piece)
        return spans

    def clipped(self, prefix: str) -> str:
        """The beginning of `prefix` that takes no more than half the window."""
        offsets = self._tokenizer.encode(prefix, add_special_tokens=False).offsets
        most = WINDOW // 2
        return prefix if len(offsets) <= most else prefix[: offsets[most - 1][1]]

    def fits(self, text: str) -> bool:
        return len(self._ids(text)) + _SPECIAL <= WINDOW

    def shredding(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Word pieces per letter, `[len(texts)]`: how finely the model's vocabulary must cut each text. English
        prose lies at .20 to .29, Spanish at .33 to .38, Russian and Arabic near 1. What the vocabulary does not
        hold at all counts a piece for every letter."""
        unknown = self._tokenizer.token_to_id("[UNK]")
        rates = []
        for text, encoding in zip(
            texts, self._tokenizer.encode_batch(list(texts), add_special_tokens=False), strict=True
        ):
            # Punctuation is left out: the bars of a table are no sign of a language.
            pieces = sum(
                end - start if piece == unknown else 1
                for piece, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
                if any(map(str.isalnum, text[start:end]))
            )
            rates.append(pieces / max(sum(map(str.isalnum, text)), 1))
        return np.array(rates, dtype=np.float32)

    def commonness(self, stem: str) -> float:
        """How likely a paragraph of English holds a word with this stem, 0 to 1.

        The vocabulary stands in the order of frequency, so a word's place gives its rank r, and Zipf's law
        its share .1/r of running text; a paragraph is taken to be 100 words.
        """
        return self._commonness_by_stem.get(stem, 0.0)

    @cached_property
    def _commonness_by_stem(self) -> dict[str, float]:
        words = [
            (place, word) for word, place in self._tokenizer.get_vocab().items() if word.isalpha() and len(word) > 1
        ]
        words.sort()
        found: dict[str, float] = {}
        for rank, stem in enumerate(terms.stemmed([word for _, word in words]), start=1):
            found[stem] = found.get(stem, 0.0) + 0.1 / rank
        return {stem: 1.0 - math.exp(-100 * share) for stem, share in found.items()}

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _get_text_embedding(self, text: str) -> list[float]:
        pieces = self.vectors([span.of(text) for span in self.windows(text, "")])
        mean = pieces.mean(axis=0)
        return [float(value) for value in mean / max(float(np.linalg.norm(mean)), 1e-9)]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [self._get_text_embedding(text) for text in texts]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    @classmethod
    def class_name(cls) -> str:
        return "IbidMiniLM"


def _batches(lengths: list[int], most_tokens: int) -> list[list[int]]:
    """Indices in batches of similar length, so that little is padding; no batch pads beyond `most_tokens`."""
    batches: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batches and (len(batches[-1]) + 1) * min(lengths[batches[-1][0]], WINDOW) <= most_tokens:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches


def _count(starts: list[int], start: int, end: int) -> int:
    """How many word pieces begin in `[start, end)`."""
    return int(np.searchsorted(starts, end) - np.searchsorted(starts, start))


def _pieces_that_fit(sentence: Span, starts: list[int], breaks: list[int], room: int) -> list[Span]:
    """A sentence of word pieces that start at `starts`, cut before some of the pieces `breaks`."""
    first, last = int(np.searchsorted(starts, sentence.start)), int(np.searchsorted(starts, sentence.end))
    cuts = [sentence.start]
    while last - first > room:
        # No word has more than 100 pieces (the vocabulary takes longer ones as one unknown): there is a break.
        first = breaks[bisect_right(breaks, first + room) - 1]
        cuts.append(starts[first])
    return [Span(a, b) for a, b in pairwise([*cuts, sentence.end])]
