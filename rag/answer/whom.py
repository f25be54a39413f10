"""Who is it, who does it, whom do I ask: the rows of lists of people that tell, and sentences that say whom to reach.

A policy, not a fitted number: the reader was taught no rows, and in no training text do they stand; and "Ring the
hotline" shares no word with "who do I call?".
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

REACHED = 2.0
"""Log-odds for a sentence that tells to ring somebody where the question asks whom to ring."""

_SOMEBODY = regex.compile(r"\b\p{Lu}\p{Ll}+(?:[ -]\p{Lu}[\p{L}’'-]+)+")
_ASKING = frozenset(terms.stems(" ".join(language.words("questions.asks_somebody"))))
_REACHING = [frozenset(row) for row in language.rows("questions.reaching")]
_REACHES = regex.compile(
    rf"\b{language.pattern('questions.reaches_whom')}(?P<verb>{'|'.join(sorted(frozenset().union(*_REACHING)))})\b",
    regex.IGNORECASE,
)
_TOLD_TO = "|".join(language.words("questions.told_to"))


class Whom:
    """What a question says of somebody whom it does not name."""

    def __init__(self, inquiry: Inquiry) -> None:
        asks = inquiry.kind == "name" and not inquiry.names
        self._truncated = inquiry.truncated
        self._said = frozenset(inquiry.stems) - _ASKING if asks else frozenset()
        self._reaching = _reaching(inquiry.question)

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
        reached = [REACHED if self._reaching and self._reaching.search(one.text) else 0.0 for one in sentences]
        return np.array(told, dtype=np.float32) + np.array(reached, dtype=np.float32)


def _reaching(question: str) -> regex.Pattern[str] | None:
    """Where somebody is told to reach somebody, as the question asks whom to; None where it asks nothing like it."""
    asked = _REACHES.search(question)
    verbs = next((row for row in _REACHING if asked and asked["verb"].lower() in row), None)
    if verbs is None:
        return None
    begins = rf"(?:^\W*|[.;:,–]\s+|\b(?:{_TOLD_TO})\s+)"
    return regex.compile(rf"{begins}(?:{'|'.join(sorted(verbs))})\s+(?!(?:me|us|back)\b)", regex.IGNORECASE)
