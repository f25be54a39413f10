"""Who is it, who does it, whom do I ask: the rows of lists of people that tell.

A policy, not a fitted number: the reader was taught no rows, and in no training text do they stand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import regex

from rag.search.fusion import Scores
from rag.text import language, terms
from rag.text.overlap import Inquiry, SentenceView, stems_of

TOLD = 5.0
"""Log-odds for a row that tells who: enough to stand before a paragraph that asks the same."""

_SOMEBODY = regex.compile(r"\b\p{Lu}\p{Ll}+(?:[ -]\p{Lu}[\p{L}’'-]+)+")
_ASKING = frozenset(terms.stems(" ".join(language.words("questions.asks_somebody"))))


class Whom:
    """What a question says of somebody whom it does not name."""

    def __init__(self, inquiry: Inquiry) -> None:
        asks = inquiry.kind == "name" and not inquiry.names
        self._truncated = inquiry.truncated
        self._said = frozenset(inquiry.stems) - _ASKING if asks else frozenset()

    def is_told_by(self, text: str) -> bool:
        """Whether a row holds all of it, and the name of somebody besides."""
        if not self._said or not self._said <= stems_of(text, self._truncated):
            return False
        return any(
            self._said.isdisjoint(stems_of(found.group(), self._truncated)) for found in _SOMEBODY.finditer(text)
        )

    def preferences(self, sentences: Sequence[SentenceView]) -> Scores:
        """What to add to the log-odds of these sentences, `[len(sentences)]`."""
        told = [TOLD if one.is_row and self.is_told_by(one.text) else 0.0 for one in sentences]
        return np.array(told, dtype=np.float32)
