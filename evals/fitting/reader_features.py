"""What is known of every candidate of the lists that are judged by, the product's own features among it.

python -m evals.fitting.reader_features       writes feats.npz, and knows data.npz and meta.json
"""

from __future__ import annotations

from random import Random

import numpy as np

from evals.fitting.reader_batches import Lists
from evals.fitting.reader_lists import PREPARED, TRAINING
from evals.fitting.reader_windows import SEED, Floats, Searched, Windows, prepared_collections
from rag.index.embedding import MiniLM
from rag.search.legs import LEG_DEPTH
from rag.search.ranking import LEG_FEATURES
from rag.text import terms
from rag.text.overlap import PARAGRAPH_FEATURES, Inquiry, inquire, paragraph_features, stems_of, view_sentences

COLUMNS = (*LEG_FEATURES, *PARAGRAPH_FEATURES, "document cosine", "neighbour cosine")
"""Of a candidate. The last two were tried and are no features of the product: the best cosine of its document, and of
the paragraphs beside it."""
_DOCUMENTS_OF = 200
"""So many of the nearest paragraphs tell a document's best."""


class Described:
    """The paragraphs of one collection, to be described for its questions."""

    def __init__(self, windows: Windows, *, embedder: MiniLM) -> None:
        self._windows, self._embedder = windows, embedder
        self._vectors = windows.vectors()
        self._searched = Searched(windows.collection, embedder=embedder)
        self._texts = windows.collection.texts
        self._are_found = np.array([one.is_found for one in self._texts])

    def inquiry(self, question: str) -> Inquiry:
        return inquire(question, self._searched.rarity)

    def columns(self, question: str, windows: list[int]) -> Floats:
        """`[windows, COLUMNS]`."""
        index = self._searched.index
        cosines = self._cosines(question)
        words = np.where(self._are_found, index.words.scores(terms.stems(question)), 0)
        grams = np.where(self._are_found, index.grams.scores(terms.grams(question)), 0)
        legs = (_normalised(cosines), _normalised(words, floor=0.0), _normalised(grams, floor=0.0), cosines)
        inquiry, of_documents = self.inquiry(question), self._best_of_documents(cosines)
        rows = []
        for place in self._windows.paragraphs[windows]:
            text = self._texts[place]
            covered = paragraph_features(inquiry, view_sentences(text.text), stems_of(text.context))
            near = (of_documents.get(text.document, 0.0), self._neighbour(place, cosines))
            rows.append([*(leg[place] for leg in legs), *covered, *near])
        return np.array(rows, np.float32)

    def _cosines(self, question: str) -> Floats:
        """Of each paragraph its best window's; -1 of what no search looks for."""
        (asked,) = self._embedder.vectors([self._embedder.clipped(question)])
        cosines = np.full(len(self._texts), -1, np.float32)
        np.maximum.at(cosines, self._windows.paragraphs, self._vectors @ asked)
        return np.where(self._are_found, cosines, -1)

    def _best_of_documents(self, cosines: Floats) -> dict[str, float]:
        best: dict[str, float] = {}
        for place in np.argsort(-cosines)[:_DOCUMENTS_OF]:
            best.setdefault(self._texts[place].document, float(cosines[place]))
        return best

    def _neighbour(self, place: int, cosines: Floats) -> float:
        beside = [one for one in (place - 1, place + 1) if 0 <= one < len(self._texts)]
        document = self._texts[place].document
        return max((float(cosines[one]) for one in beside if self._texts[one].document == document), default=-1.0)


def _normalised(scores: Floats, *, floor: float | None = None) -> Floats:
    """Between 0 and 1, as `rag.search.fusion.normalised`: by the best and the last of a leg's depth, or by `floor`."""
    best = np.sort(scores)[::-1][:LEG_DEPTH]
    lowest = best[-1] if floor is None else floor
    return np.asarray(np.clip((scores - lowest) / max(best[0] - lowest, 1e-9), 0, 1))


def main() -> None:
    lists, embedder = Lists(PREPARED), MiniLM()
    count, width = lists.candidates.shape
    values = np.zeros((count, width, len(COLUMNS)), np.float32)
    paragraphs = np.full((count, width), -1, np.int32)
    is_typed = np.zeros(count, bool)
    first = 0
    for collection in prepared_collections(TRAINING, Random(SEED)):
        windows = Windows(collection, embedder=embedder, cache=PREPARED / "cache")
        described = Described(windows, embedder=embedder)
        for number in lists.evaluated_of(collection.name):
            candidates = [int(one) - first for one in lists.candidates[number] if one >= 0]
            question = lists.asked(number)
            values[number, : len(candidates)] = described.columns(question, candidates)
            paragraphs[number, : len(candidates)] = windows.paragraphs[candidates]
            is_typed[number] = described.inquiry(question).is_typed
        first += len(windows)
        print(collection.name, "described", flush=True)
    np.savez_compressed(PREPARED / "feats.npz", values=values, is_typed=is_typed, paragraphs=paragraphs)


if __name__ == "__main__":
    main()
