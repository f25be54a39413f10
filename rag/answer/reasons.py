"""Questions for a reason, and what gives one. Pure functions of texts."""

from __future__ import annotations

from collections.abc import Iterable

import regex

from rag.answer.polar import asking_part
from rag.text import language

_WHY = regex.compile(
    rf"^\W*(?:{language.pattern('questions.goes_on')}\s+)?{language.pattern('questions.why')}\b", regex.IGNORECASE
)
_REASON = regex.compile(rf"\b{language.pattern('telling.reasons')}\b", regex.IGNORECASE)


def asks_why(question: str) -> bool:
    """Whether it asks for a reason."""
    return _WHY.match(asking_part(question)) is not None


def gives_reason(text: str) -> bool:
    """Whether it says so in a word: "because", "so that", "due to". Many a reason is given without one."""
    return _REASON.search(text) is not None


def only_restates(question: str, said: Iterable[str], *, coverage: float) -> bool:
    """Whether what is said is the question's own, which asks why that is: its first sentence holds all its words, a
    `coverage` of 1, and nothing in it is called a reason."""
    return asks_why(question) and coverage >= 1.0 and not any(map(gives_reason, said))
