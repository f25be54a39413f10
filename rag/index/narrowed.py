"""Searches among some texts only: their vectors are fetched once, and compared here.

Chroma looks for what is nearest among all and leaves out what is not meant, which takes longer the fewer are meant.
Whoever narrows a conversation to some documents asks them again, so what was fetched is kept for a while. A text's
vector depends on the text alone: what is kept by its hash does not grow old.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.index.chroma import Near, nearest, vectors_of
from rag.index.embedder import Vectors

MOST = 20_000
"""Texts whose vectors are kept, of all searches together: 31 MB of the shipped embedder's. Among more Chroma looks."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Hashes of texts, and `[len(hashes), dimensions]`, a vector of length one for each."""

    hashes: Sequence[str]
    vectors: Vectors

    def nearest(self, vector: Vectors, limit: int) -> list[Near]:
        cosines = self.vectors @ _of_length_one(vector)
        best = np.argsort(-cosines, kind="stable")[:limit]
        return [(self.hashes[place], float(cosines[place])) for place in best.tolist()]


class Narrowed:
    """What was fetched for the searches of late, the last one last."""

    def __init__(self) -> None:
        self._fetched: OrderedDict[tuple[str, ...], _Fetched] = OrderedDict()
        self._lock = threading.Lock()

    def nearest(
        self, collection: Any, vector: Vectors, limit: int, among: Sequence[str] | None, *, keeps: bool
    ) -> list[Near]:
        """As `rag.index.chroma.nearest`; what is not to be kept is Chroma's to find."""
        if not (keeps and among) or len(among) > MOST:
            return nearest(collection, vector, limit, among)
        key = tuple(among)
        with self._lock:
            found = self._fetched.get(key)
        if found is None:
            hashes, vectors = vectors_of(collection, among)
            found = _Fetched(hashes, _of_length_one(vectors))
        # A vector that is lost is made anew some time.
        if len(found.hashes) == len(among):
            self._keep(key, found)
        return found.nearest(vector, limit)

    def _keep(self, key: tuple[str, ...], found: _Fetched) -> None:
        with self._lock:
            self._fetched[key] = found
            self._fetched.move_to_end(key)
            while sum(map(len, self._fetched)) > MOST:
                self._fetched.popitem(last=False)


def _of_length_one(vectors: Vectors) -> Vectors:
    lengths = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(np.float32).tiny)
    scaled: Vectors = (vectors / lengths).astype(np.float32)
    return scaled
