"""What a question names exactly: identifiers, days, of the week too, and months, and what it says is not so; and which
rows tell them.

A policy, not a fitted number: in no training text do rows stand beside one another that differ by a digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import numpy as np
import regex

from rag.answer.mentions import holds, identifiers
from rag.answer.polar import denies
from rag.search.fusion import Scores
from rag.text import language, terms
from rag.text.dates import tells
from rag.text.overlap import Inquiry, SentenceView, stems_of

EXACTLY = 3.0
"""Log-odds for what tells them, where another does not."""


_DENIED = regex.compile(rf"\b{language.pattern('questions.denied')}\s*(?P<word>\p{{L}}{{4,}})", regex.IGNORECASE)


class Exactly:
    """The identifiers, days and months of a question."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._identifiers = identifiers(inquiry.question)
        of_identifiers = (terms.stems(one) for one in self._identifiers)
        self._denied = _denied(inquiry)
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
        tells more of what is asked besides; and against rows of what the question says is not so: "registered" where
        it asks for somebody "not registered"."""
        given = np.zeros(len(sentences), dtype=np.float32)
        rows = [i for i, one in enumerate(sentences) if one.is_row] if self else []
        held = {i: self._besides(sentences[i]) for i in rows}
        for i in rows:
            if held[i] >= max(held.values()) and self.is_told_by(sentences[i].text):
                given[i] = EXACTLY
        for i, one in enumerate(sentences):
            if self.is_row_denied(one):
                given[i] -= EXACTLY
        return given

    def is_row_denied(self, sentence: SentenceView) -> bool:
        """Whether it is a row of what the question says is not so."""
        is_of_it = sentence.is_row and bool(self._denied & sentence.present)
        return is_of_it and not denies(sentence.text)

    def _besides(self, sentence: SentenceView) -> float:
        """The weight of the question's other words that stand in a sentence."""
        there = sentence.present - self._stems
        return fsum(weight for stem, weight in self._inquiry.weighted if stem in there)


def _denied(inquiry: Inquiry) -> frozenset[str]:
    """The stems of what the question says is not so, "somebody not registered"; none where it asks whether it is."""
    words = " ".join(found["word"] for found in _DENIED.finditer(inquiry.question))
    return stems_of(words, inquiry.truncated) & frozenset(inquiry.stems) if words else frozenset()
