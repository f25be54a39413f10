"""all-MiniLM-L6-v2 as int8 ONNX: texts in, unit vectors out. The only file that runs a model for vectors.

Nothing is truncated in silence: `cut` parts a long paragraph at its sentences so that every piece fits,
and each piece gets a vector of its own.

A text's vector depends on the text alone. The model's int8 activations share one scale in a run, so every text is
run by itself: in a batch its neighbours would leak into it. It also pads nothing, and is the faster way.
"""

from __future__ import annotations

import hashlib
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import ConfigDict, PrivateAttr

from rag.domain import Span
from rag.index.onnx import Session, open_session, open_tokenizer, processors
from rag.text import terms
from rag.text.sentences import split_sentences

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

MODEL_FOLDER = Path(__file__).parents[1] / "models" / "all-MiniLM-L6-v2"
DIMENSIONS = 384
WINDOW = 256
"""Word pieces the model was trained on, its two marks included."""

AT_ONCE = 8
"""Texts that a thread embeds before it says so: few enough to be stopped between, many enough to be no trouble."""

REMEMBERED = 20_000
"""Vectors kept for sentences, about 30 MB."""

_SPECIAL = 2
_MADE = b"each text by itself"
"""How vectors are made: part of their fingerprint, as another way gives other numbers."""

_NOT_WORDY = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Cut:
    """How the model reads a text.

    `windows` are spans that fit the model together with the text's prefix: one for most paragraphs, else cut at
    sentence ends, and inside a sentence between words where a single one is too long. `shredding` is how finely
    the vocabulary must cut the text, in word pieces per letter: English prose lies at .20 to .29, Spanish at .33
    to .38, Russian and Arabic near 1. What the vocabulary does not hold at all counts a piece for every letter.
    """

    windows: list[Span]
    shredding: float


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
        self._tokenizer = open_tokenizer(folder / "tokenizer.json")

    def open_session(self, threads: int) -> Session:
        """The model itself, each run of which takes so many threads."""
        return open_session(self._folder / "model.onnx", threads)

    @cached_property
    def _session(self) -> Session:
        """One thread a run, and as many runs at once as there are processors: as fast as one run on all of them,
        nothing spins while others need the processor, and a question does not wait for a batch of documents."""
        return self.open_session(threads=1)

    @cached_property
    def _hands(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(processors(), "ibid-embedder")

    @cached_property
    def fingerprint(self) -> str:
        """Which vectors these are: stored vectors of another fingerprint cannot be compared with them."""
        digest = hashlib.sha256((self._folder / "model.onnx").read_bytes() + _MADE).hexdigest()
        return f"{self.model_name}-{digest[:8]}"

    def vectors(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """One unit vector per text, `[len(texts), 384]`: the same bytes whatever stands beside it. Each text must fit
        the window (see `cut`); `progress(done, total)` is called after every few."""
        out = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        groups = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        if len(groups) == 1:
            # On the caller's own thread: a question is not to queue behind the texts of an ingest.
            made: Iterable[Vectors] = [self._embed(groups[0])]
        else:
            made = self._hands.map(self._embed, groups)
        done = 0
        try:
            for vectors in made:
                out[done : done + len(vectors)] = vectors
                done += len(vectors)
                if progress is not None:
                    progress(done, len(texts))
        finally:
            # Whoever ends it in the middle, by an error from `progress`, does not wait for the others.
            if close := getattr(made, "close", None):
                close()
        return out

    def _embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([run_one(self._session, ids) for ids in self.token_ids(texts)])

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The texts as the model reads them."""
        return [encoding.ids[:WINDOW] for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def remembered(self, texts: Sequence[str]) -> Vectors:
        """As `vectors`, and kept: the sentences of popular paragraphs come back question after question. Always on
        the caller's own thread."""
        memory = self._memory
        if len(memory) > REMEMBERED:
            # A new one, not the old one emptied: another thread may be about to read from that.
            memory = self._memory = {}
        for text in texts:
            if text not in memory:
                memory[text] = self._embed([text])[0]
        return np.array([memory[text] for text in texts], dtype=np.float32).reshape(-1, DIMENSIONS)

    def cut(self, texts: Sequence[str], prefixes: Sequence[str]) -> list[Cut]:
        """How the model reads each text: see `Cut`. A prefix that takes more than half the window is to be
        `clipped`. Equal texts are read once: a form or a log may hold thousands."""
        lengths = {prefix: len(self._ids(prefix)) for prefix in set(prefixes)}
        rooms = [WINDOW - _SPECIAL - min(lengths[prefix], WINDOW // 2) for prefix in prefixes]
        asked = list(dict.fromkeys(zip(texts, rooms, strict=True)))
        ids_of = self._ids_of([text for text, _ in asked])
        cuts = {(text, room): self._cut(text, room, ids) for (text, room), ids in zip(asked, ids_of, strict=True)}
        return [cuts[one] for one in zip(texts, rooms, strict=True)]

    def _cut(self, text: str, room: int, ids: Sequence[int]) -> Cut:
        windows = [Span(0, len(text))] if len(ids) <= room else self._windows(text, room)
        return Cut(windows, self._shredding(text, ids))

    def _windows(self, text: str, room: int) -> list[Span]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
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

    def shredding(self, text: str) -> float:
        """Word pieces per letter: see `Cut`."""
        return self._shredding(text, self._ids(text))

    def _shredding(self, text: str, ids: Sequence[int]) -> float:
        pieces = int(self._is_wordy[ids].sum()) if ids else 0
        if self._unknown in ids:
            encoding = self._tokenizer.encode(text, add_special_tokens=False)
            pieces += sum(
                sum(map(str.isalnum, text[start:end]))
                for piece, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
                if piece == self._unknown
            )
        return pieces / max(len(_NOT_WORDY.sub("", text)), 1)

    @cached_property
    def _unknown(self) -> int:
        return int(self._tokenizer.token_to_id("[UNK]"))

    @cached_property
    def _is_wordy(self) -> npt.NDArray[np.bool_]:
        """For each piece of the vocabulary, whether it holds a letter or a digit. Punctuation is left out of
        `shredding`: the bars of a table are no sign of a language."""
        vocabulary = self._tokenizer.get_vocab()
        wordy = np.zeros(len(vocabulary), dtype=np.bool_)
        for piece, place in vocabulary.items():
            wordy[place] = place != self._unknown and any(map(str.isalnum, piece))
        return wordy

    def commonness(self, stem: str) -> float:
        """How likely a paragraph of English holds a word with this stem, 0 to 1.

        The vocabulary stands in the order of frequency, so a word's place gives its rank r, and Zipf's law
        its share .1/r of running text; a paragraph is taken to be 100 words.
        """
        return 1.0 - math.exp(-100 * self._share_by_stem.get(stem, 0.0))

    @cached_property
    def _share_by_stem(self) -> dict[str, float]:
        vocabulary = self._tokenizer.get_vocab()
        words = [word for word in sorted(vocabulary, key=vocabulary.__getitem__) if len(word) > 1 and word.isalpha()]
        found: dict[str, float] = {}
        for rank, stem in enumerate(terms.stemmed(words), start=1):
            found[stem] = found.get(stem, 0.0) + 0.1 / rank
        return found

    def _ids(self, text: str) -> list[int]:
        return self._ids_of([text])[0]

    def _ids_of(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _get_text_embedding(self, text: str) -> list[float]:
        pieces = self.vectors([span.of(text) for span in self.cut([text], [""])[0].windows])
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


def run_one(session: Session, ids: Sequence[int]) -> Vectors:
    """The unit vector of one text's token ids, `[384]`."""
    tokens = np.array([ids], dtype=np.int64)
    (vectors,) = session.run(["embedding"], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
    return np.asarray(vectors[0], dtype=np.float32)


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
