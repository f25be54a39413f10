"""Which language texts are in, told by their function words: "the", "und", "que".

Of running text a quarter to a half are such words, whatever it is about, and names, numbers and codes change nothing
in that: what counts is which language's they are. Over eight collections of English pages (480 questions, for each the
ten paragraphs that share most words with it) all were told as English, of XQuAD's other languages (60 questions each)
none was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from rag.text import terms

FEWEST = 3
LEAST_SHARE = 0.05
"""Function words below which nothing is told: a table of codes has none, and is in no language."""

_LETTERS = regex.compile(r"\p{L}")
_LATIN = regex.compile(r"\p{Latin}")
_SCRIPTS = {
    name: regex.compile(rf"\p{{{name}}}")
    for name in ("Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "Thai", "Hangul", "Han", "Hiragana")
}
_WORD = regex.compile(r"\p{L}+(?:['’]\p{L}+)*")


def is_in(language: str, texts: Sequence[str]) -> bool | None:
    """Whether texts are in a language that is written in Latin letters, such as "english"; None where it cannot be
    told."""
    signs = [_signs_of(text) for text in texts]
    words = sum(one.words for one in signs)
    if not words:
        return None
    if 2 * sum(one.latin for one in signs) < sum(one.letters for one in signs):
        return False
    counted: Counter[str] = Counter()
    for one in signs:
        counted.update(one.function_words)
    own = counted.pop(language, 0)
    other = max(counted.values(), default=0)
    if max(own, other) < max(FEWEST, LEAST_SHARE * words):
        return None
    return own >= other


def differ(texts: Sequence[str], others: Sequence[str]) -> bool:
    """Whether texts are in another language than others, as far as that can be told."""
    one, other = _language_of(texts), _language_of(others)
    return one is not None and other is not None and one != other


def _language_of(texts: Sequence[str]) -> str | None:
    """The likeliest language, or the letters that texts are written in where these are not Latin."""
    signs = [_signs_of(text) for text in texts]
    if 2 * sum(one.latin for one in signs) < sum(one.letters for one in signs):
        counted = {name: sum(len(letter.findall(text)) for text in texts) for name, letter in _SCRIPTS.items()}
        return max(counted, key=lambda name: counted[name])
    told: Counter[str] = sum((one.function_words for one in signs), Counter())
    (language, count), *_ = told.most_common(1) or [("", 0)]
    return language if count >= max(FEWEST, LEAST_SHARE * sum(one.words for one in signs)) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signs:
    """How many letters a text has, Latin ones among them, and words; and its function words by language."""

    letters: int
    latin: int
    words: int
    function_words: Counter[str]


@lru_cache(maxsize=8192)
def _signs_of(text: str) -> _Signs:
    """Remembered: popular paragraphs come back question after question."""
    known = terms.languages_of_function_words()
    words = [word.lower() for word in _WORD.findall(text)]
    return _Signs(
        letters=len(_LETTERS.findall(text)),
        latin=len(_LATIN.findall(text)),
        words=len(words),
        function_words=Counter(language for word in words for language in known.get(word, ())),
    )
