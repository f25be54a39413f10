"""Texts as the shipped embedder's vocabulary cuts them: what fits its window, which language it is, how common a word.

Nothing is truncated in silence: `cut` parts a long paragraph at its sentences so that every piece fits,
and each piece gets a vector of its own.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.domain import Span
from rag.index.embedder import Cut
from rag.index.onnx import open_tokenizer
from rag.text import terms
from rag.text.sentences import split_sentences

WINDOW = 256
"""Word pieces the model was trained on, its two marks included."""

_SPECIAL = 2
_NOT_WORDY = re.compile(r"[\W_]+")


class WordPieces:
    """The vocabulary of the model in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = open_tokenizer(folder / "tokenizer.json")

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The texts as the model reads them."""
        return [encoding.ids[:WINDOW] for encoding in self._tokenizer.encode_batch_fast(list(texts))]

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
