"""Questions that are answered with yes or no, and sentences that begin with the one or the other."""

from __future__ import annotations

import regex

from rag.text import language

_POLAR = frozenset(language.words("questions.polar"))
_ASKS = frozenset(language.words("questions.asks")) - _POLAR
_GOES_ON = regex.compile(rf"^\W*(?:{language.pattern('questions.goes_on')}\b\W*)?", regex.IGNORECASE)
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_SAYS = regex.compile(rf"^\W*{language.pattern('answers.yes_or_no')}\b(?=\s*[,.;:!–—-])", regex.IGNORECASE)


def is_polar(question: str) -> bool:
    """Whether it asks for yes or no: "Can I …", "and is it …"."""
    return _first_word(question) in _POLAR


def asks_what(question: str) -> bool:
    """Whether it asks for something else than yes or no: "What happens if …"."""
    return _first_word(question) in _ASKS


def says_yes_or_no(sentence: str) -> bool:
    """Whether it begins so: "Yes, for up to eight weeks."."""
    return _SAYS.match(sentence) is not None


def _first_word(question: str) -> str:
    behind = _GOES_ON.match(question)
    found = _WORD.search(question, behind.end() if behind else 0)
    return found.group().casefold() if found else ""
