"""What the reader is trained on and judged by, as word pieces: lists of one question with a window that answers it and
seven that do not.

For `reader_train`, beside it; knows numpy only. The arrays are those of `reader_lists` (`data.npz`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLS, SEP = 101, 102
MOST_QUESTION, MOST_TITLE, MOST_TEXT = 48, 64, 256
SHORT, NEIGHBOUR = 64, 32
"""A paragraph of fewer pieces than that is read between so many of the ones beside it."""
NEGATIVES = 7
NEAR = 10
"""So many of a list's wrong windows are near ones; four of the seven come from them."""
WITHOUT_RIGHT = 0.12
"""Of the lists, those that are shown without their right window: the reader has to like none."""
SENTENCE_CUT = 0.9
"""Of the questions that are a sentence of their own paragraph, those whose paragraph is shown without it."""
NOWHERE = (-1, -1, -1, -1)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Read:
    """One sequence: its pieces, their kinds (1 is the paragraph), and where the paragraph lies in it."""

    ids: Ints
    kinds: Ints
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Row:
    """A sequence and the pieces where answer and evidence begin and end, -1 where they do not."""

    ids: Ints
    kinds: Ints
    labels: Sequence[int]


@dataclass(frozen=True, slots=True)
class ListOfRows:
    """The right window, if there is one, comes first."""

    rows: Sequence[Row]
    has_right: bool
    weight: float


class Lists:
    """The lists of `data.npz` and `meta.json`. Windows, lists and evaluated lists are named by their numbers."""

    def __init__(self, folder: Path) -> None:
        with np.load(folder / "data.npz") as stored:
            self._arrays: Mapping[str, NDArray[Any]] = {name: stored[name] for name in stored.files}
        self._meta: Mapping[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        self.kinds = [self._meta["kinds"][kind] for kind in self._arrays["lkind"]]
        self.collections = [self._meta["colls"][number] for number in self._arrays["lcoll"]]
        self.weights: NDArray[np.float32] = self._arrays["lw"]
        self.evaluated: NDArray[np.int32] = self._arrays["el"]
        self.candidates: NDArray[np.int32] = self._arrays["ec"]

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def names(self) -> list[str]:
        """Every collection."""
        return list(self._meta["colls"])

    def gold(self, number: int) -> set[int]:
        """The right windows of an evaluated list."""
        return set(self._meta["gold"][str(self.evaluated[number])])

    def evaluated_of(self, collection: str) -> list[int]:
        """The evaluated lists of a collection."""
        return [number for number, one in enumerate(self.evaluated) if self.collections[one] == collection]

    def asked(self, number: int) -> str:
        """The question of an evaluated list, as it was asked."""
        return str(self._meta["q"][str(self.evaluated[number])])

    def right(self, number: int) -> NDArray[np.int32]:
        """`[4, 7]`: the windows that answer a list, -1 where there is none, each with the first and the last piece of
        the answer, of the evidence, and of the question's own sentence."""
        found: NDArray[np.int32] = self._arrays["pos"][number]
        return found

    def wrong(self, number: int) -> NDArray[np.int32]:
        """The windows that do not answer a list, the nearest first."""
        found: NDArray[np.int32] = self._arrays["neg"][number]
        return found[found >= 0]

    def question(self, number: int, random: np.random.Generator | None) -> Ints:
        """A list's question, in one of its wordings where a `random` is given."""
        first, end = self._arrays["Q_first"][number], self._arrays["Q_first"][number + 1]
        wording = first if random is None else random.integers(first, end)
        return self._pieces("Q", wording)[:MOST_QUESTION].astype(np.int64)

    def sequence(
        self, question: Ints, window: int, *, short_title: bool = False, cut: tuple[int, int] | None = None
    ) -> Read:
        """The question, the window's title and headings, then its text. With `short_title` without the last heading,
        where that is the question; `cut` is a piece of the text that is left out, first and last."""
        title = self._pieces("Y" if short_title else "X", window)[:MOST_TITLE]
        text = self._pieces("P", window)[:MOST_TEXT]
        if cut is not None:
            text = np.concatenate([text[: cut[0]], text[cut[1] + 1 :]])
        before, after = self._beside(window) if len(text) < SHORT else (text[:0], text[:0])
        ids = np.concatenate([[CLS], question, [SEP], title, [SEP], before, text, after, [SEP]]).astype(np.int64)
        start = len(question) + 2 + len(title) + 1 + len(before)
        kinds = np.zeros(len(ids), np.int64)
        kinds[start : start + len(text)] = 1
        return Read(ids, kinds, start, len(text))

    def list_of(self, number: int, random: np.random.Generator) -> ListOfRows:
        """A list with seven wrong windows, drawn anew each time."""
        question = self.question(number, random)
        right = [one for one in self.right(number) if one[0] >= 0]
        lacks = not right or (self.kinds[number] in ("span", "list") and random.random() < WITHOUT_RIGHT)
        short_title = self.kinds[number] == "heading"
        wrong = self._wrong(number, count=NEGATIVES + lacks, random=random)
        rows = [] if lacks else [self._right(number, question=question, right=right, random=random)]
        for window in wrong:
            found = self.sequence(question, window, short_title=short_title)
            rows.append(Row(found.ids, found.kinds, NOWHERE))
        return ListOfRows(rows, not lacks, float(self.weights[number]))

    def _right(
        self, number: int, *, question: Ints, right: Sequence[NDArray[np.int32]], random: np.random.Generator
    ) -> Row:
        window, answer, answer_end, evidence, evidence_end, own, own_end = right[int(random.integers(len(right)))]
        is_own = self.kinds[number] == "ict" and own >= 0 and random.random() < SENTENCE_CUT
        found = self.sequence(
            question, window, short_title=self.kinds[number] == "heading", cut=(own, own_end) if is_own else None
        )
        labels = list(NOWHERE)
        if answer >= 0 and answer_end < found.length:
            labels[:2] = [answer + found.start, answer_end + found.start]
        if 0 <= evidence < found.length:
            labels[2:] = [evidence + found.start, min(evidence_end, found.length - 1) + found.start]
        return Row(found.ids, found.kinds, labels)

    def _wrong(self, number: int, *, count: int, random: np.random.Generator) -> list[int]:
        """Four near windows, then any of the list, then any at all."""
        listed = self.wrong(number)
        near = listed[:NEAR]
        chosen = list(random.choice(near, min(4, len(near)), replace=False)) if len(listed) else []
        if self.kinds[number] == "swap" and len(listed) and listed[0] not in chosen:
            # The paragraph that answers the question as it was before a name in it was changed.
            chosen[0] = listed[0]
        rest = [one for one in listed if one not in set(chosen)]
        if rest:
            chosen += list(random.choice(rest, min(count - len(chosen), len(rest)), replace=False))
        while len(chosen) < count:
            chosen.append(int(random.integers(0, len(self._arrays["P_off"]) - 1)))
        return chosen

    def _beside(self, window: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """The end of the window before and the beginning of the one after."""
        before, after = self._arrays["prev"][window], self._arrays["next"][window]
        nothing = self._arrays["P_tok"][:0]
        return (
            self._pieces("P", before)[-NEIGHBOUR:] if before >= 0 else nothing,
            self._pieces("P", after)[:NEIGHBOUR] if after >= 0 else nothing,
        )

    def _pieces(self, kind: str, number: int) -> NDArray[np.uint16]:
        """Pieces of texts (P), of titles with headings (X) and without the last (Y), and of questions (Q)."""
        offsets = self._arrays[f"{kind}_off"]
        found: NDArray[np.uint16] = self._arrays[f"{kind}_tok"][offsets[number] : offsets[number + 1]]
        return found


def padded(sequences: Sequence[Ints]) -> Ints:
    """As rows of one length, a multiple of eight, with zeros behind."""
    length = -(-max(map(len, sequences)) // 8) * 8
    rows = np.zeros((len(sequences), length), np.int64)
    for row, own in zip(rows, sequences, strict=True):
        row[: len(own)] = own
    return rows
