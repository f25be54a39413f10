"""The names in a statement, and whether a text holds them, however it writes them.

Pure functions of texts. What a name is, is told by its capital: inside a sentence by that alone, at its beginning by
what follows. Abbreviations, initials, peoples for countries count as the name itself. In German, where every noun has
a capital, every noun has to stand in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

import regex

from rag.text import terms
from rag.text.dates import MONTHS

_NAME = regex.compile(r"(?<![.!?…]\s)(?<![.!?…][\"”’')]\s)(?<!^)(?<![\"“‘'(\[])\b\p{Lu}[\p{L}\p{M}’'-]+")
_FIRST_WORD = regex.compile(
    r"^[\"“‘'(\[]?(?P<word>\p{Lu}[\p{L}\p{M}-]+)(?:[’']s)?(?:\s+(?P<next>[\p{L}\p{M}]+)|,\s(?P<next>who(?:se)?)\b)"
)
_VERBS = frozenset(
    """who whose was were is are has had have will would can could did does said says told went came made took gave became began left led
    won lost spoke wrote met saw got ran held found sold built paid kept spent grew fell rose knew also later then first""".split()
)
# Endings of nouns that begin sentences without an article and are no names: "Construction was", "Prices rose".
_NO_NAME = regex.compile(r"(?:s|ing|ed|ly|tion|sion|ment|ness|ity|ance|ence|ship|ism|ery|age)$")
# From a people to its country and back, and from one to many: what is left of either is the other's beginning.
_DERIVED = regex.compile(r"(?:s|es|an|n|ian|ean|ese|ish|i|ic|ism|ist)$")
_CAPITALISED = regex.compile(r"\b(?:\p{Lu}\.){2,}|\b\p{Lu}[\p{L}\p{M}]+")
_SHORT = regex.compile(r"\b(?:\p{Lu}\.){2,}|\b\p{Lu}{2,}\b")
_RUN = regex.compile(
    r"\b\p{Lu}[\p{L}\p{M}’'-]*(?:\s+(?:(?:of|the|and|for|de|la|du|des|von|und|&)\s+){0,2}\p{Lu}[\p{L}\p{M}’'-]*)+"
)
_SAME_NAMES = [
    frozenset(names.split())
    for names in (
        "col colonel", "gen general", "lt lieutenant", "sgt sergeant", "capt captain", "dr doctor", "prof professor", "sen senator",
        "rep representative", "gov governor", "pres president", "st saint street", "mt mount", "ft fort", "jr junior", "sr senior",
        "us usa united states america american", "uk united kingdom britain british", "eu european union", "un united nations",
        "mon monday", "tue tues tuesday", "wed wednesday", "thu thur thurs thursday", "fri friday", "sat saturday", "sun sunday",
    )
]  # fmt: skip


def names(text: str) -> set[str]:
    """Folded words written with a capital inside a sentence."""
    return {word for match in _NAME.finditer(text) for word in terms.words(match.group()) if len(word) > 1}


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
