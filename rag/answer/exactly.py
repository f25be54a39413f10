"""What a question names exactly: identifiers, days, of the week too, and months; and which rows tell them.

A policy, not a fitted number: in no training text do rows stand beside one another that differ by a digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from math import fsum

import numpy as np

from rag.answer.mentions import identifiers
from rag.search.fusion import Scores
from rag.text import terms
from rag.text.dates import find_months, find_weekdays, tells
from rag.text.overlap import Inquiry, SentenceView

EXACTLY = 3.0
"""Log-odds for what tells them, where another does not."""


class Exactly:
    """The identifiers, days and months of a question."""

    def __init__(self, question: str) -> None:
        self._identifiers = [one.casefold() for one in identifiers(question)]
        told, weekdays = find_months(question), find_weekdays(question)
        self._days = [day for _, day in told]
        self._weekdays = {day for _, day in weekdays}
        named = [*self._identifiers, *(span.of(question) for span, _ in (*told, *weekdays))]
        self._stems = frozenset(stem for text in named for stem in terms.stems(text))

    def __bool__(self) -> bool:
        return bool(self._identifiers or self._days or self._weekdays)

    def is_told_by(self, text: str) -> bool:
        """Whether a text holds every identifier, and the day or month, of the question."""
        if not self:
            return False
        folded = text.casefold()
        holds_all = all(one in folded for one in self._identifiers) and all(tells(text, day) for day in self._days)
        return holds_all and self._weekdays <= {day for _, day in find_weekdays(text)}

    def preferences(self, inquiry: Inquiry, sentences: Sequence[SentenceView]) -> Scores:
        """What to add to the log-odds of these sentences, `[len(sentences)]`: to rows that tell it, unless another row
        tells more of what is asked besides."""
        given = np.zeros(len(sentences), dtype=np.float32)
        rows = [i for i, one in enumerate(sentences) if one.is_row] if self else []
        held = {i: _besides(inquiry, sentences[i], self._stems) for i in rows}
        for i in rows:
            if held[i] >= max(held.values()) and self.is_told_by(sentences[i].text):
                given[i] = EXACTLY
        return given


def _besides(inquiry: Inquiry, sentence: SentenceView, exact: AbstractSet[str]) -> float:
    """The weight of the question's other words that stand in a sentence."""
    return fsum(weight for stem, weight in inquiry.weighted if stem in sentence.present and stem not in exact)
