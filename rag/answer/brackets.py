"""Rows for a bracket, "20 kg and over", and which of them a question's own amount falls into: 27 kg does.

A policy, not a fitted number: in no training text do rows stand beside one another that differ by a bracket.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.answer.exactly import EXACTLY
from rag.search.fusion import Scores
from rag.text.overlap import Inquiry, SentenceView
from rag.text.ranges import ranges_of
from rag.text.values import find_measured


class Brackets:
    """The amounts of a question that have a unit of measure."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._amounts = [amount for _, amount in find_measured(inquiry.question)]

    def preferences(self, sentences: Sequence[SentenceView]) -> Scores:
        """What to add to the log-odds of these sentences, `[len(sentences)]`: to rows whose bracket holds an amount of
        the question, and against those whose brackets do not."""
        told = [self._preference(one) if self._amounts and one.is_row else 0.0 for one in sentences]
        return np.array(told, dtype=np.float32)

    def _preference(self, row: SentenceView) -> float:
        measures = {amount.measure for amount in self._amounts}
        brackets = [one for one in ranges_of(row.text) if one.measure in measures]
        if not brackets:
            return 0.0
        return EXACTLY if any(one.holds(amount) for one in brackets for amount in self._amounts) else -EXACTLY
