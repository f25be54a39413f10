"""How words are written in a dozen languages, and how often: pyspellchecker's lists, of film subtitles mostly.

The only file that imports it. A list takes a fifth of a second to read, so only for who meets an unknown word.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from spellchecker import SpellChecker

LANGUAGES = frozenset(SpellChecker.languages())
"""Codes of the languages that there is a list of."""


def share(word: str, language: str) -> float:
    """How many of the words of texts in a language are this one; 0 for one that the list does not have."""
    return float(_list_of(language).word_usage_frequency(word))


def one_edit_away(word: str, language: str) -> Iterable[str]:
    """What a letter too many, too few or wrong, or two that changed places, make of a word, words or not."""
    found: Iterable[str] = _list_of(language).edit_distance_1(word)
    return found


@lru_cache(maxsize=2)
def _list_of(language: str) -> SpellChecker:
    return SpellChecker(language=language)
