"""What the reader is trained on: for each question the windows that answer it and hard ones that do not.

    python -m evals.fitting.reader_lists          writes data.npz and meta.json to IBID_FITTING (default .fitting)

Reads IBID_TRAINING (default ../shared/training). A window is a paragraph as the embedder takes it; the wrong ones come
first by the plainest fusion, cosines plus a third of the word scores.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.fitting.made_questions import wordings
from evals.fitting.reader_windows import SEED, Floats, Windows, prepared_collections
from evals.fitting.training_texts import Case, Gold, Origin
from rag.domain import Span
from rag.index.embedding import MiniLM
from rag.index.onnx import open_tokenizer
from rag.search.cross_encoder import MODELS
from rag.text import terms

TRAINING = Path(os.environ.get("IBID_TRAINING", "../shared/training"))
PREPARED = Path(os.environ.get("IBID_FITTING", ".fitting"))

MOST_WRONG, MOST_RIGHT, JUDGED_WINDOWS = 32, 4, 60
"""Wrong and right windows of a list, and windows of a list that is judged by."""
_NEAREST = 80
_WORDS_WEIGHT = 0.33
_LONGEST_QUESTION = 64
"""Word pieces of a question that are kept."""
_AT_ONCE = 256
_TELLING_ANSWER = 4
"""Letters that an answer must have for another window that holds it to be no wrong one."""
_JUDGED_OF = {"squad": 40, "qed": 40, "selqa": 40, "fairy": 40}
"""One of so many questions of an older collection is judged by."""
_JUDGED_OF_OTHERS = 400

Pieces = tuple[int, int]
"""The first and the last word piece of something in a window."""
NOT_ASKED: Pieces = (-1, -1)


@dataclass(frozen=True, slots=True)
class Right:
    """A window that answers, by its number, and the pieces of the answer, of the evidence, and of the
    question's own sentence."""

    window: int
    answer: Pieces
    evidence: Pieces
    own: Pieces

    @property
    def row(self) -> tuple[int, ...]:
        return self.window, *self.answer, *self.evidence, *self.own


@dataclass(frozen=True, slots=True)
class List:
    """A question with its windows, by their numbers among those of all collections. `judged` are those that are read
    where the list is judged by, the nearest first, and None where it is trained on alone; `gold` are all of its right
    paragraphs'."""

    case: Case
    right: Sequence[Right]
    wrong: Sequence[int]
    judged: Sequence[int] | None
    gold: Sequence[int]


@dataclass(slots=True)
class PieceTable:
    """Sequences of word pieces, one after the other."""

    pieces: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])

    def add(self, ids: Iterable[int]) -> None:
        self.pieces += ids
        self.ends.append(len(self.pieces))

    def arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        return {f"{name}_tok": np.array(self.pieces, np.uint16), f"{name}_off": np.array(self.ends, np.int64)}


class Gathered:
    """Windows and lists of all collections, numbered through. Texts of windows are P, the titles and headings above X,
    the same without the last heading Y, questions Q, of which each list has one or two wordings."""

    def __init__(self, embedder: MiniLM, random: Random) -> None:
        self._embedder, self._random = embedder, random
        self._tokenizer = open_tokenizer(MODELS / "all-MiniLM-L6-v2" / "tokenizer.json")
        self._tables = {name: PieceTable() for name in "PXYQ"}
        self._before: list[int] = []
        self._after: list[int] = []
        self._wordings = [0]
        self._lists: list[List] = []
        self._collections: list[int] = []
        self._names: list[str] = []

    @property
    def _windows(self) -> int:
        return len(self._before)

    def add(self, windows: Windows) -> None:
        """A collection's windows, and its questions as lists."""
        first = self._windows
        encoded = self._add_windows(windows, first=first)
        for case, scores in zip(windows.collection.cases, scored(windows), strict=True):
            made = list_of(case, windows=windows, scores=scores, encoded=encoded, first=first)
            if made is None:
                continue
            self._lists.append(made)
            self._collections.append(len(self._names))
            for one in self._encoded([self._embedder.clipped(wording) for wording in wordings(case, self._random)]):
                self._tables["Q"].add(one.ids[:_LONGEST_QUESTION])
            self._wordings.append(len(self._tables["Q"].ends) - 1)
        self._names.append(windows.collection.name)
        print(windows.collection.name, "lists", len(self._lists), "windows", self._windows, flush=True)

    def _add_windows(self, windows: Windows, *, first: int) -> Sequence[Any]:
        """Their encodings."""
        encoded = self._encoded(windows.texts)
        contexts = self._encoded(windows.contexts)
        above = self._encoded([self._embedder.clipped(one.context_above) for one in windows.collection.texts])
        for number, (place, _) in enumerate(windows.places):
            self._tables["P"].add(encoded[number].ids)
            self._tables["X"].add(contexts[place].ids)
            self._tables["Y"].add(above[place].ids)
            self._before.append(first + number - 1 if windows.is_beside(number, number - 1) else -1)
            self._after.append(first + number + 1 if windows.is_beside(number, number + 1) else -1)
        return encoded

    def _encoded(self, texts: Sequence[str]) -> Sequence[Any]:
        found: Sequence[Any] = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return found

    def write(self, folder: Path) -> None:
        """`data.npz` and `meta.json`: see `reader_batches`."""
        lists, kinds = self._lists, list(Origin)
        judged = [number for number, one in enumerate(lists) if one.judged is not None]
        right = np.full((len(lists), MOST_RIGHT, 1 + 3 * len(NOT_ASKED)), -1, np.int32)
        for rows, one in zip(right, lists, strict=True):
            rows[: len(one.right)] = [found.row for found in one.right] or rows[:0]
        arrays: dict[str, Any] = {
            **{name: array for kind, table in self._tables.items() for name, array in table.arrays(kind).items()},
            "prev": np.array(self._before, np.int32),
            "next": np.array(self._after, np.int32),
            "Q_first": np.array(self._wordings),
            "pos": right,
            "neg": filled([one.wrong for one in lists], MOST_WRONG),
            "el": np.array(judged, np.int32),
            "ec": filled([lists[number].judged or () for number in judged], JUDGED_WINDOWS),
            "lcoll": np.array(self._collections, np.int16),
            "lkind": np.array([kinds.index(one.case.origin) for one in lists], np.int8),
            "lw": np.array([one.case.weight for one in lists], np.float32),
        }
        np.savez_compressed(folder / "data.npz", **arrays)
        described = {
            "colls": self._names,
            "kinds": kinds,
            "gold": {number: lists[number].gold for number in judged},
            "q": {number: lists[number].case.question for number in judged},
        }
        (folder / "meta.json").write_text(json.dumps(described), encoding="utf-8")
        print("lists", len(lists), "judged by", len(judged), "windows", self._windows)


def filled(rows: Sequence[Sequence[int]], width: int) -> npt.NDArray[np.int32]:
    """As one array, -1 where a row is shorter."""
    table = np.full((len(rows), width), -1, np.int32)
    for row, own in zip(table, rows, strict=True):
        row[: len(own)] = own
    return table


def scored(windows: Windows) -> Iterator[Floats]:
    """For each question the plainest fusion's score of every window."""
    vectors, asked = windows.vectors(), windows.question_vectors()
    for number, case in enumerate(windows.collection.cases):
        if number % _AT_ONCE == 0:
            cosines = asked[number : number + _AT_ONCE] @ vectors.T
        words = windows.index.words.scores(terms.stems(case.question))
        scores = cosines[number % _AT_ONCE] + _WORDS_WEIGHT * words / max(words.max(), 1e-6)
        yield np.where(windows.are_found, scores, -np.inf)


def list_of(case: Case, *, windows: Windows, scores: Floats, encoded: Sequence[Any], first: int) -> List | None:
    """A question's list; None where no window holds what answers it. `first` is the number of the first window."""
    golds = [] if case.origin is Origin.SWAPPED else case.golds
    right = [found for gold in golds for found in right_of(gold, case=case, windows=windows, encoded=encoded)]
    if golds and not right:
        return None
    nearest = np.argpartition(-scores, min(_NEAREST, len(scores) - 1))[:_NEAREST]
    nearest = nearest[np.argsort(-scores[nearest])]
    wrong = wrong_of(case, windows=windows, nearest=[int(one) for one in nearest])
    is_judged = case.is_judged or is_drawn(case, name=windows.collection.name)
    return List(
        case=case,
        right=[replace(one, window=first + one.window) for one in right[:MOST_RIGHT]],
        wrong=[first + window for window in wrong[:MOST_WRONG]],
        judged=[first + int(window) for window in nearest[:JUDGED_WINDOWS]] if is_judged else None,
        gold=[first + window for gold in golds for window in windows.of[gold.paragraph]],
    )


def right_of(gold: Gold, *, case: Case, windows: Windows, encoded: Sequence[Any]) -> Iterator[Right]:
    """The windows of a right paragraph that hold what is known to be asked for; where nothing is known, the first."""
    wanted = (gold.answer, gold.evidence, case.own)
    for window in windows.of[gold.paragraph]:
        _, span = windows.places[window]
        found = [pieces_of(one, span=span, offsets=encoded[window].offsets) for one in wanted]
        if None not in found:
            answer, evidence, own = (one or NOT_ASKED for one in found)
            yield Right(window, answer, evidence, own)
            if gold.answer is None and gold.evidence is None:
                return


def pieces_of(wanted: Span | None, *, span: Span, offsets: Sequence[tuple[int, int]]) -> Pieces | None:
    """Where something of a paragraph stands in its window at `span`; None if it does not."""
    if wanted is None:
        return NOT_ASKED
    start, end = wanted.start - span.start, wanted.end - span.start
    met = [number for number, (begins, ends) in enumerate(offsets) if begins < end and ends > start]
    return (met[0], met[-1]) if met and start < len(span) and end > 0 else None


def wrong_of(case: Case, *, windows: Windows, nearest: Sequence[int]) -> list[int]:
    """The nearest windows that do not answer. Of a swapped question those of the paragraph that it was asked of come
    first."""
    if case.origin is Origin.SWAPPED:
        near = windows.of[case.golds[0].paragraph]
        return [*near, *(window for window in nearest if window not in near)]
    texts = windows.collection.texts
    right = {gold.paragraph for gold in case.golds} | case.beside
    section = texts[case.golds[0].paragraph].context if case.origin is Origin.HEADING else None
    answers = [one.lower() for one in case.answers if len(one) >= _TELLING_ANSWER] if case.origin is Origin.SPAN else []

    def is_wrong(window: int) -> bool:
        place, _ = windows.places[window]
        if place in right or (section is not None and texts[place].context.startswith(section)):
            return False
        return not any(answer in windows.texts[window].lower() for answer in answers)

    return [window for window in nearest if is_wrong(window)]


def is_drawn(case: Case, *, name: str) -> bool:
    """Whether a question of an older collection is one of those that are judged by."""
    if case.origin not in (Origin.SPAN, Origin.LIST, Origin.SWAPPED) or name.startswith("real"):
        return False
    drawn = int(hashlib.sha256(case.question.encode()).hexdigest(), 16)
    return drawn % _JUDGED_OF.get(name, _JUDGED_OF_OTHERS) == 0


def main() -> None:
    random, embedder = Random(SEED), MiniLM()
    gathered = Gathered(embedder, random)
    for collection in prepared_collections(TRAINING, random):
        gathered.add(Windows(collection, embedder=embedder, cache=PREPARED / "cache"))
    gathered.write(PREPARED)


if __name__ == "__main__":
    main()
