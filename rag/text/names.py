"""The names in a statement, and whether a text holds them, however it writes them.

Pure functions of texts. What a name is, is told by its capital: inside a sentence by that alone, at its beginning by
what follows. Abbreviations, initials, peoples for countries count as the name itself. In German, where every noun has
a capital, every noun has to stand in the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

import regex

from rag.domain import Span
from rag.text import language, terms
from rag.text.dates import MONTHS

_WORD = r"\p{Lu}[\p{L}\p{M}’'-]+"
_INSIDE = r"(?<![.!?…]\s)(?<![.!?…][\"”’')]\s)(?<!^)(?<![\"“‘'(\[])\b"
NAME = regex.compile(_INSIDE + _WORD)
"""A word with a capital inside a sentence; one that begins it may be any."""

_WHOLE_NAME = regex.compile(rf"{_INSIDE}{_WORD}(?:\s{_WORD})*")
_IN_QUESTION = regex.compile(r"(?<!^)\b\p{Lu}[\p{L}\p{N}’'-]*")
_FIRST_WORD = regex.compile(
    r"^[\"“‘'(\[]?(?P<word>\p{Lu}[\p{L}\p{M}-]+)(?:[’']s)?(?:\s+(?P<next>[\p{L}\p{M}]+)|,\s(?P<next>who(?:se)?)\b)"
)
_VERBS = frozenset(language.words("names.verbs"))
_NO_NAME = regex.compile(rf"{language.pattern('names.common_endings')}$")
_DERIVED = regex.compile(rf"{language.pattern('names.derived_endings')}$")
_CAPITALISED = regex.compile(r"\b(?:\p{Lu}\.){2,}|\b\p{Lu}[\p{L}\p{M}]+")
_SHORT = regex.compile(r"\b(?:\p{Lu}\.){2,}|\b\p{Lu}{2,}\b")
_JOINING = rf"(?:{language.pattern('names.joining')}|&)"
_RUN = regex.compile(rf"\b\p{{Lu}}[\p{{L}}\p{{M}}’'-]*(?:\s+(?:{_JOINING}\s+){{0,2}}\p{{Lu}}[\p{{L}}\p{{M}}’'-]*)+")
_SAME_NAMES = [frozenset(names) for names in language.rows("names.same")]


def names(text: str) -> set[str]:
    """Folded words written with a capital inside a sentence."""
    return {word for match in NAME.finditer(text) for word in terms.words(match.group()) if len(word) > 1}


def find_whole_names(text: str) -> Iterator[Span]:
    """Where the names of a text stand, each as a whole: words with a capital in a row, inside a sentence."""
    return (Span(*match.span()) for match in _WHOLE_NAME.finditer(text))


def named_in(question: str) -> list[str]:
    """Words by which a question names something: with a capital, but for its first; "F16" and "X" are among them."""
    return _IN_QUESTION.findall(question)


def missing_names(statement: str, cited: Sequence[str], stems: AbstractSet[str]) -> list[str]:
    """Words of the statement's names that none of the cited texts holds, however they write them; as the statement
    spells them. `stems` are those of the texts."""
    # Months are values.
    said = (names(statement) | _first_name(statement, stems)) - MONTHS.keys()
    there = set[str]().union(*map(_words, cited)) if said else said
    missing = sorted(said - there)
    if not missing:
        return []
    text = "\n".join(cited)
    capitals = {"".join(terms.words(word)) for word in _CAPITALISED.findall(text)}
    there |= {name for names in _SAME_NAMES if names & capitals for name in names}
    short = {"".join(terms.words(word)) for word in _SHORT.findall(text)}
    there |= {word for run in _RUN.findall(statement) if _has_initials(run, short) for word in terms.words(run)}
    runs = _RUN.findall(text)
    other = [
        name
        for name in missing
        if name not in there
        and not any(_is_derived(name, word) for word in capitals)
        and not any(_has_initials(run, {name}) for run in runs)
    ]
    return terms.as_written(statement, other)


@lru_cache(maxsize=256)
def _words(text: str) -> frozenset[str]:
    return frozenset(terms.words(text))


def _first_name(statement: str, stems: AbstractSet[str]) -> set[str]:
    """The word that a sentence begins with, where it can only be a name: another name follows, or a verb and it has no
    ending of a common noun."""
    match = _FIRST_WORD.match(statement)
    if match is None:
        return set()
    word, following = match.group("word"), match.group("next")
    folded = terms.fold(word)
    if (
        folded not in terms.content_words(statement)
        or _NO_NAME.search(folded)
        or not stems.isdisjoint(terms.stems(word))
    ):
        return set()
    is_name = following[0].isupper() or following in _VERBS or following.endswith("ed")
    return set(terms.words(word)) if is_name else set()


def _is_derived(name: str, word: str) -> bool:
    """Canada and Canadian, Sweden and Swedish, Olympic and Olympics; not Austria and Australia."""
    for one, other in ((name, word), (word, name)):
        for match in _DERIVED.finditer(one, overlapped=True):
            base = one[: match.start()]
            if len(base) >= 4 and other.startswith(base) and len(other) - len(base) <= 2:
                return True
    return False


def _has_initials(run: str, short: set[str]) -> bool:
    """Whether one of them is short for a name of several words: FBI for "the Federal Bureau of Investigation"."""
    words = regex.findall(r"\p{L}[\p{L}\p{M}’']*", run)
    every = "".join(word[0] for word in words).lower()
    capital = "".join(word[0] for word in words if word[0].isupper()).lower()
    return any(len(one) > 2 and (one in every or one in capital) for one in short)
