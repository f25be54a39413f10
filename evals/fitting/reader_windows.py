"""A collection of training text as the product sees it: windows with their vectors, and an index of its words."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from evals.fitting.made_questions import headings_asked, names_swapped, sentences_taken_out
from evals.fitting.training_texts import Collection, read_collections
from rag.index.embedding import MiniLM
from rag.index.lexical import LexicalIndex, LexicalText, build_index
from rag.index.snapshot import BACKGROUND

Floats = npt.NDArray[np.float32]

SEED = 7
_SWAPPED = ("squad", "qed")


def prepared_collections(folder: Path, random: Random) -> list[Collection]:
    """Every collection with the questions that are made of it: the same ones for a generator that begins at SEED."""
    collections = read_collections(folder)
    for one in collections:
        if one.is_real:
            one.cases += headings_asked(one, random)
    for one in collections:
        if one.name in _SWAPPED:
            one.cases += list(names_swapped(one, random))
        one.cases += sentences_taken_out(one, random)
        print(one.name, len(one.texts), "paragraphs", len(one.cases), "questions", flush=True)
    return collections


class Windows:
    """A collection's paragraphs cut as the embedder reads them. `places` names the paragraph and the span in it of each
    window, `of` the windows of each paragraph. Vectors are kept in `cache` by what they are of."""

    def __init__(self, collection: Collection, *, embedder: MiniLM, cache: Path) -> None:
        self.collection = collection
        self._embedder, self._cache = embedder, cache
        texts = [one.text for one in collection.texts]
        self.contexts = [embedder.clipped(one.context) for one in collection.texts]
        prefixes = [f"{context}\n" if context else "" for context in self.contexts]
        cuts = embedder.cut(texts, prefixes)
        self.places = [(place, span) for place, cut in enumerate(cuts) for span in cut.windows]
        self.texts = [span.of(texts[place]) for place, span in self.places]
        self._embedded = [prefixes[place] + text for (place, _), text in zip(self.places, self.texts, strict=True)]
        self.of: dict[int, list[int]] = defaultdict(list)
        for window, (place, _) in enumerate(self.places):
            self.of[place].append(window)

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def paragraphs(self) -> npt.NDArray[np.int64]:
        """`[windows]`, whose each is."""
        return np.array([place for place, _ in self.places])

    @cached_property
    def are_found(self) -> npt.NDArray[np.bool_]:
        """`[windows]`, whether a search looks for it."""
        return np.array([self.collection.texts[place].is_found for place, _ in self.places])

    def is_beside(self, window: int, other: int) -> bool:
        """Whether the other one is text of the same document of a real collection. (Paragraphs of the others stand in
        no order.)"""
        if not self.collection.is_real or not 0 <= other < len(self):
            return False
        text, found = (self.collection.texts[self.places[one][0]] for one in (window, other))
        return found.is_found and found.document == text.document

    @cached_property
    def index(self) -> LexicalIndex:
        """The windows by their words."""
        texts = [self.collection.texts[place] for place, _ in self.places]
        return build_index(
            LexicalText(text=text, context=one.context, role=one.role)
            for text, one in zip(self.texts, texts, strict=True)
        )

    def vectors(self) -> Floats:
        """`[windows, dimension]`; zeros for what no search looks for."""
        return self._kept("", self._embedded, self._embed)

    def _embed(self) -> Floats:
        found = np.flatnonzero(self.are_found)
        vectors = self._embedder.vectors([self._embedded[i] for i in found])
        whole = np.zeros((len(self), vectors.shape[1]), np.float32)
        whole[found] = vectors
        return whole

    def question_vectors(self) -> Floats:
        """`[questions, dimension]`."""
        asked = [case.question for case in self.collection.cases]
        return self._kept("q-", asked, lambda: self._embedder.vectors([self._embedder.clipped(one) for one in asked]))

    def _kept(self, kind: str, texts: Sequence[str], embed: Callable[[], Floats]) -> Floats:
        named = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
        path = self._cache / f"{self.collection.name}-{kind}{named}.npy"
        if not path.exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            np.save(path, embed())
        found: Floats = np.load(path)
        return found


class Searched:
    """The words of a collection's paragraphs, and how much a stem tells there."""

    def __init__(self, collection: Collection, *, embedder: MiniLM) -> None:
        self._embedder = embedder
        texts = collection.texts
        self.index = build_index(LexicalText(text=one.text, context=one.context, role=one.role) for one in texts)

    def rarity(self, stem: str) -> float:
        """As `rag.index.snapshot.Snapshot.rarity`."""
        seen = self.index.words.document_frequency(stem) + BACKGROUND * self._embedder.commonness(stem)
        return float(np.log((self.index.size + BACKGROUND + 1) / (seen + 0.5)))
