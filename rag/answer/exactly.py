"""What a question names exactly: identifiers, days, of the week too, and months; and which rows tell them.

A policy, not a fitted number: in no training text do rows stand beside one another that differ by a digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import numpy as np

from rag.answer.mentions import holds, identifiers
from rag.search.fusion import Scores
from rag.text import terms
from rag.text.dates import tells
from rag.text.overlap import Inquiry, SentenceView

EXACTLY = 3.0
"""Log-odds for what tells them, where another does not."""


class Exactly:
    """The identifiers, days and months of a question."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._identifiers = identifiers(inquiry.question)
        of_identifiers = (terms.stems(one) for one in self._identifiers)
        self._stems = frozenset[str]().union(*of_identifiers, *(stems for _, stems in inquiry.days))

    def __bool__(self) -> bool:
        return bool(self._identifiers or self._inquiry.days)

    def is_told_by(self, text: str) -> bool:
        """Whether a text holds every identifier, and tells every day and month, of the question."""
        if not self:
            return False
        named = all(holds(text, one) for one in self._identifiers)
        return named and all(tells(text, day) for day, _ in self._inquiry.days)

    def preferences(self, sentences: Sequence[SentenceView]) -> Scores:
        """What to add to the log-odds of these sentences, `[len(sentences)]`: to rows that tell it, unless another row
        tells more of what is asked besides."""
        given = np.zeros(len(sentences), dtype=np.float32)
        rows = [i for i, one in enumerate(sentences) if one.is_row] if self else []
        held = {i: self._besides(sentences[i]) for i in rows}
        for i in rows:
            if held[i] >= max(held.values()) and self.is_told_by(sentences[i].text):
                given[i] = EXACTLY
        return given

    def _besides(self, sentence: SentenceView) -> float:
        """The weight of the question's other words that stand in a sentence."""
        there = sentence.present - self._stems
        return fsum(weight for stem, weight in self._inquiry.weighted if stem in there)
