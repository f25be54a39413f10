"""Questions for a reason, and what gives one. Pure functions of texts."""

from __future__ import annotations

import regex

from rag.answer.polar import asking_part
from rag.text import language, terms

_WHY = regex.compile(
    rf"^\W*(?:{language.pattern('questions.goes_on')}\s+)?{language.pattern('questions.why')}\b", regex.IGNORECASE
)
_REASON = regex.compile(rf"\b{language.pattern('telling.reason_words')}\b", regex.IGNORECASE)
_MAY_BE_REASON = regex.compile(rf"\b{language.pattern('telling.may_be_reasons')}\b|[,;:–—(]", regex.IGNORECASE)


def asks_why(question: str) -> bool:
    """Whether it asks for a reason."""
    return _WHY.match(asking_part(question)) is not None


def gives_reason(text: str) -> bool:
    """Whether it says so in a word: "because", "so that", "due to". Many a reason is given without one."""
    return _REASON.search(text) is not None


def tells_no_reason(question: str, sentence: str) -> bool:
    """Whether the question asks why, and the sentence says all of it again and nothing that may be a reason."""
    says_it_again = frozenset(terms.content_stems(question)) <= frozenset(terms.stems(sentence))
    return asks_why(question) and says_it_again and _MAY_BE_REASON.search(sentence) is None
