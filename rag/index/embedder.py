"""What an index needs of an embedder, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from rag.domain import Span

Vectors: TypeAlias = npt.NDArray[np.float32]
Progress: TypeAlias = Callable[[int, int], None]
"""How many texts are done, of how many."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How an embedder reads a text.

    `windows` are spans that fit the model together with the text's prefix: one for most paragraphs, else cut at
    sentence ends, and inside a sentence between words where a single one is too long. `shredding` is how finely
    the vocabulary must cut the text (its subword fertility), in word pieces per letter: English prose lies at .20 to
    .29, Spanish at .33 to .38, Russian and Arabic near 1. What the vocabulary does not hold at all counts a piece for
    every letter.
    """

    windows: list[Span]
    shredding: float


class Embedder(Protocol):
    """Texts in, unit vectors out, all of one dimension. Vectors of another `fingerprint` cannot be compared."""

    @property
    def fingerprint(self) -> str: ...

    def vectors(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """One unit vector per text, `[len(texts), dimension]`, which depends on that text alone. Each text must fit
        (see `cut`); what `progress` raises ends it."""
        ...

    def query_vector(self, question: str) -> Vectors:
        """`[dimension]`, of a question of any length."""
        ...

    def remembered(self, texts: Sequence[str]) -> Vectors:
        """As `vectors`, and kept for the next time."""
        ...

    def cut(self, texts: Sequence[str], prefixes: Sequence[str]) -> list[Cut]: ...

    def clipped(self, prefix: str) -> str:
        """As much of the beginning of `prefix` as may stand before a text."""
        ...

    def speaks(self, texts: Sequence[str]) -> bool | None:
        """Whether texts are in a language that it was trained on; None where that cannot be told."""
        ...

    def shredding(self, text: str) -> float:
        """Word pieces per letter: see `Cut`."""
        ...

    def commonness(self, stem: str) -> float:
        """How likely a paragraph of the language holds a word with this stem, 0 to 1."""
        ...


class SecondEmbedding(Protocol):
    """What is needed of a second embedder: that of a LlamaIndex `BaseEmbedding`, so that any of them is one."""

    @property
    def model_name(self) -> str: ...

    @property
    def embed_batch_size(self) -> int: ...

    def class_name(self) -> str: ...

    def get_query_embedding(self, query: str) -> Sequence[float] | Vectors: ...

    def get_text_embedding_batch(self, texts: list[str]) -> Sequence[Sequence[float] | Vectors]: ...
