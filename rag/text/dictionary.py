"""How words are written in a dozen languages, and how often: pyspellchecker's lists, of film subtitles mostly.

The only file that imports it, and only for who meets a word that stands nowhere: a list takes a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spellchecker import SpellChecker


def is_word(word: str, language: str) -> bool:
    """Whether it is one of that language, given by its code; of one that there is no list of, any is."""
    return _list_of(language) is None or share(word, language) > 0


def share(word: str, language: str) -> float:
    """How many of the words of texts in a language are this one; 0 where that is not known."""
    known = _list_of(language)
    return float(known.word_usage_frequency(word)) if known is not None else 0.0


def one_edit_away(word: str, language: str) -> Iterable[str]:
    """What a letter too many, too few or wrong, or two that changed places, make of a word, words or not; nothing in a
    language that there is no list of."""
    known = _list_of(language)
    found: Iterable[str] = known.edit_distance_1(word) if known is not None else ()
    return found


@lru_cache(maxsize=2)
def _list_of(language: str) -> SpellChecker | None:
    from spellchecker import SpellChecker

    return SpellChecker(language=language) if language in SpellChecker.languages() else None
