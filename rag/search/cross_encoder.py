"""The reader: a model that sees a question and a paragraph together and says whether, and where, it answers.

Six layers, trained here from the embedder's weights (rag/models/reader/MODEL_CARD.md). It reads English; who asks it
leaves out texts in a language that the embedder does not know. Every paragraph is read by itself, so that what it says
of one never depends on the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.domain import Span
from rag.index.onnx import open_session, open_tokenizer, processors
from rag.search.fusion import probabilities

MODELS = Path(__file__).parents[1] / "models"

QUESTION_PIECES = 48
CONTEXT_PIECES = 64
PASSAGE_PIECES = 256
"""Word pieces of the question, of the title and headings, and of the paragraph that are read, as in training."""

SHORT = 64
NEIGHBOUR_PIECES = 32
"""A paragraph of fewer pieces than SHORT is read with the end of the one before and the beginning of the one after."""

READ_FEATURES = ("evidence", "strongest evidence", "begins")
"""What is told of a sentence: see `Reading`. 0 where nothing was read."""

LONGEST_ANSWER = 30
"""Word pieces of an answer in a sentence, as is usual with SQuAD."""

NO_EVIDENCE = -5.0
"""Log-odds of a sentence that was not read: what the least telling of those read have."""

_CLS, _SEP = 101, 102


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageText:
    """A paragraph as it is read: `context` is its title and headings, `before` and `after` its neighbours' texts;
    `windows` are spans of `text` that fit the model, one for most."""

    text: str
    context: str = ""
    before: str = ""
    after: str = ""
    windows: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the reader makes of a paragraph. `relevance` is the log-odds that it answers. For each of its word pieces,
    `places` tells where it begins and ends in the text, `[pieces, 2]`, `evidence` the log-odds that it belongs to the
    sentence that answers, `begins` and `ends` how likely the answer begins and ends with it; all `[pieces]`."""

    relevance: float
    places: npt.NDArray[np.float32]
    evidence: npt.NDArray[np.float32]
    begins: npt.NDArray[np.float32]
    ends: npt.NDArray[np.float32]

    def evidence_in(self, span: Span) -> float:
        """The mean evidence of the pieces within `span` of the text."""
        inside = self._inside(span)
        return float(self.evidence[inside].mean()) if inside.any() else NO_EVIDENCE

    def strongest_in(self, span: Span) -> float:
        """The strongest evidence of any piece within `span`."""
        inside = self._inside(span)
        return float(self.evidence[inside].max()) if inside.any() else NO_EVIDENCE

    def begins_in(self, span: Span) -> float:
        """How likely the answer begins within `span`, 0 to 1."""
        return float(self.begins[self._inside(span)].sum())

    def answer_in(self, span: Span) -> tuple[Span, float] | None:
        """The words within `span` that are likeliest the answer itself, and how likely, 0 to 1; None where nothing of
        it was read."""
        inside = np.flatnonzero(self._inside(span))
        if not len(inside):
            return None
        # From each piece to itself and the next ones.
        together = np.outer(self.begins[inside], self.ends[inside])
        together = np.tril(np.triu(together), LONGEST_ANSWER - 1)
        first, last = np.unravel_index(int(together.argmax()), together.shape)
        words = Span(int(self.places[inside[first], 0]), int(self.places[inside[last], 1]))
        return words, float(together[first, last])

    def _inside(self, span: Span) -> npt.NDArray[np.bool_]:
        middles = self.places.mean(axis=1)
        inside: npt.NDArray[np.bool_] = (middles >= span.start) & (middles < span.end)
        return inside


class Reader:
    """The shipped reader.

    >>> reader = Reader()
    >>> reader.read("Who repaired it?", [PassageText(text="Ann repaired the harbour.")])[0].relevance > 0
    True
    """

    def __init__(self, folder: Path = MODELS / "reader") -> None:
        self._folder = folder

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(MODELS / "all-MiniLM-L6-v2" / "tokenizer.json")

    @cached_property
    def _run(self) -> Callable[..., list[npt.NDArray[np.float32]]]:
        run: Callable[..., list[npt.NDArray[np.float32]]] = open_session(self._folder / "model.onnx").run
        return run

    @cached_property
    def _hands(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(processors(), "ibid-reader")

    def read(
        self, question: str, passages: Sequence[PassageText], *, seconds: float | None = None
    ) -> list[Reading | None]:
        """What it makes of each passage, in their order. After `seconds`, where given, it begins no other: those not
        read are None, the first always is."""
        asked = self._ids(question)[:QUESTION_PIECES]
        until = None if seconds is None else time.monotonic() + seconds

        def one(i: int) -> Reading | None:
            late = until is not None and i > 0 and time.monotonic() > until
            return None if late else self._read(asked, passages[i])

        # Prepared here: two threads must not load the model at once.
        self._run, self._tokenizer  # noqa: B018
        return list(self._hands.map(one, range(len(passages))))

    def _read(self, asked: list[int], passage: PassageText) -> Reading:
        context = self._ids(passage.context)[:CONTEXT_PIECES]
        windows = passage.windows or (Span(0, len(passage.text)),)
        return _joined([self._read_window(asked, context, passage, window) for window in windows])

    def _read_window(self, asked: list[int], context: list[int], passage: PassageText, window: Span) -> Reading:
        encoding = self._tokenizer.encode(window.of(passage.text), add_special_tokens=False)
        pieces = encoding.ids[:PASSAGE_PIECES]
        before: list[int] = []
        after: list[int] = []
        if len(pieces) < SHORT:
            before = self._ids(passage.before)[-NEIGHBOUR_PIECES:]
            after = self._ids(passage.after)[:NEIGHBOUR_PIECES]
        ids = [_CLS, *asked, _SEP, *context, _SEP, *before, *pieces, *after, _SEP]
        first = len(asked) + len(context) + len(before) + 3
        types = np.zeros((1, len(ids)), dtype=np.int64)
        types[0, first : first + len(pieces)] = 1
        feed = {"input_ids": np.array([ids], dtype=np.int64), "token_type_ids": types}
        relevance, told = self._run(["relevance", "tokens"], feed)
        own = told[0, first : first + len(pieces)]
        offsets = np.array(encoding.offsets[:PASSAGE_PIECES], dtype=np.float32).reshape(-1, 2)
        return Reading(
            relevance=float(relevance[0]),
            places=offsets + np.float32(window.start),
            evidence=own[:, 2],
            begins=probabilities(own[:, 0]),
            ends=probabilities(own[:, 1]),
        )

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids


def _joined(read: Sequence[Reading]) -> Reading:
    """The windows of one paragraph as one: it answers if any of them does, and the answer begins in that."""
    if len(read) == 1:
        return read[0]
    best = max(read, key=lambda one: one.relevance)
    return Reading(
        relevance=best.relevance,
        places=np.concatenate([one.places for one in read]),
        evidence=np.concatenate([one.evidence for one in read]),
        begins=np.concatenate([one.begins if one is best else np.zeros_like(one.begins) for one in read]),
        ends=np.concatenate([one.ends if one is best else np.zeros_like(one.ends) for one in read]),
    )
