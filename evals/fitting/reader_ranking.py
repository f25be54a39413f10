"""Ranking, fitted and judged by leaving out one collection of real questions at a time.

python -m evals.fitting.reader_ranking        prints first and first five, mean and worst collection, by what took part
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evals.fitting.reader_batches import Lists
from evals.fitting.reader_features import COLUMNS
from evals.fitting.reader_lists import PREPARED
from evals.intervals import fit_choice
from rag.search.ranking import LEG_FEATURES, MOST_CERTAIN
from rag.text.overlap import PARAGRAPH_FEATURES

Array = npt.NDArray[np.float64]

UNREAD = (*LEG_FEATURES, *(f"typed {name}" for name in LEG_FEATURES), *PARAGRAPH_FEATURES)
READ = ("reader", *UNREAD)
"""What ranking goes by before and after the reader, in the order in which `fit` takes the weights."""
TRIED = ("document cosine", "neighbour cosine")
OLDER_WEIGHT = 0.25
"""Of an older training set against a collection of real questions."""
_NOWHERE = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The paragraphs that may answer a judged question, the nearest first. Its `number` is the evaluated list's;
    `places` are where they stand among the list's windows, `paragraphs` in the collection; `relevances` is what the
    reader said of the best of their windows."""

    number: int
    collection: str
    is_typed: bool
    is_answerable: bool
    places: npt.NDArray[np.int64]
    paragraphs: npt.NDArray[np.int64]
    is_right: npt.NDArray[np.bool_]
    relevances: Array
    values: Array

    @property
    def is_real(self) -> bool:
        return self.collection.startswith("real")

    def column(self, name: str) -> Array:
        return self.values[:, COLUMNS.index(name)]

    def features(self, names: Sequence[str]) -> Array:
        """`[candidates, names]`."""
        return np.stack([self._feature(name) for name in names], axis=1)

    def _feature(self, name: str) -> Array:
        if name == "reader":
            return np.clip(self.relevances, -MOST_CERTAIN, MOST_CERTAIN)
        typed, of = name.startswith("typed "), name.removeprefix("typed ")
        return self.column(of) * (self.is_typed if typed else 1)


def read_candidates(folder: Path) -> list[Candidates]:
    """Of every judged question, from what `reader_lists`, `reader_train` and `reader_features` wrote."""
    lists = Lists(folder)
    with np.load(folder / "feats.npz") as described, np.load(folder / "out/scores.npz") as read:
        stored = {name: described[name] for name in ("values", "is_typed", "paragraphs")}
        relevances = read["S"].astype(float)
    return [
        _candidates(number, lists=lists, stored=stored, relevances=relevances[number])
        for number in range(len(lists.evaluated))
    ]


def _candidates(
    number: int, *, lists: Lists, stored: Mapping[str, npt.NDArray[np.float64]], relevances: Array
) -> Candidates:
    """One candidate a paragraph, described as its nearest window is."""
    gold, windows, paragraphs = lists.gold(number), lists.candidates[number], stored["paragraphs"][number]
    of: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(windows >= 0):
        of[int(paragraphs[place])].append(int(place))
    places = np.array([own[0] for own in of.values()], int)
    return Candidates(
        number=number,
        collection=lists.collections[lists.evaluated[number]],
        is_typed=bool(stored["is_typed"][number]),
        is_answerable=bool(gold),
        places=places,
        paragraphs=np.array(list(of), int),
        is_right=np.array([any(int(windows[place]) in gold for place in own) for own in of.values()], bool),
        relevances=np.array([relevances[own].max() for own in of.values()], float),
        values=stored["values"][number, places].astype(float),
    )


def usable(rows: Sequence[Candidates]) -> list[Candidates]:
    """Those that a right paragraph is among the candidates of."""
    return [one for one in rows if one.is_answerable and one.is_right.any()]


def fit_ranking(rows: Sequence[Candidates], names: Sequence[str]) -> Array:
    """Weights of the features; each collection weighs the same, an older one OLDER_WEIGHT of a real one."""
    count = Counter(one.collection for one in rows)
    return fit_choice(
        [one.features(names) for one in rows],
        chosen=[int(np.flatnonzero(one.is_right)[0]) for one in rows],
        l2=0.002,
        weights=[(1.0 if one.is_real else OLDER_WEIGHT) / count[one.collection] for one in rows],
    )


def fit_apart(rows: Sequence[Candidates], names: Sequence[str]) -> dict[str | None, Array]:
    """Weights for each real collection, fitted without it, and for None those fitted on all."""
    rows = usable(rows)
    held = (*sorted({one.collection for one in rows if one.is_real}), None)
    return {name: fit_ranking([one for one in rows if one.collection != name], names) for name in held}


def score_apart(rows: Sequence[Candidates], names: Sequence[str]) -> Callable[[Candidates], Array]:
    """Scores each question's candidates by the weights that have not seen its collection."""
    weights = fit_apart(rows, names)
    return lambda one: np.asarray(one.features(names) @ weights.get(one.collection, weights[None]))


def print_shares(title: str, rows: Sequence[Candidates], score: Callable[[Candidates], Array]) -> None:
    """How often a right paragraph comes first and among five: mean and worst of the real collections, then each."""
    ranks: dict[str, list[int]] = defaultdict(list)
    for one in (row for row in rows if row.is_answerable):
        right = np.flatnonzero(one.is_right[np.argsort(-score(one), kind="stable")])
        ranks[one.collection].append(int(right[0]) if len(right) else _NOWHERE)
    shares = {name: (np.mean(np.array(own) < 1), np.mean(np.array(own) < 5)) for name, own in ranks.items()}
    real = np.array([share for name, share in shares.items() if name.startswith("real")])
    (first, five), (worst_first, worst_five) = real.mean(axis=0), real.min(axis=0)
    each = " ".join(f"{name.removeprefix('real-')} {own[0]:.2f}/{own[1]:.2f}" for name, own in shares.items())
    print(f"{title:36} {first:.3f}/{five:.3f} worst {worst_first:.2f}/{worst_five:.2f} | {each}")


def main() -> None:
    rows = read_candidates(PREPARED)
    print_shares("cosine", rows, lambda one: one.column("cosine"))
    print_shares("cosine + words/3", rows, lambda one: one.column("cosine") + 0.33 * one.column("words"))
    print_shares("reader alone", rows, lambda one: one.relevances)
    for title, names in (
        ("unread", UNREAD),
        ("unread, document and neighbours", (*UNREAD, *TRIED)),
        ("read", READ),
        ("read, document and neighbours", (*READ, *TRIED)),
    ):
        print_shares(title, rows, score_apart(rows, names))


if __name__ == "__main__":
    main()
