"""Names in front of what somebody says, by their shape; and whether words are said to somebody.

Knows nothing of lines or layouts. To take a label ("Note", "Owner") for somebody is worse than to miss a name.
"""

from __future__ import annotations

import regex

from rag.text import language

_PARTICLE = r"(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|bin|ibn|al|el|y|zu|ten|ter)"
_WORD = r"(?:\p{Lu}[\p{L}\p{M}'’\-]*\.?|\p{Lo}[\p{L}\p{M}·]*)"
NAME = rf"{_WORD}(?:\s(?:{_PARTICLE}\s)*{_WORD}){{0,3}}(?:\s\d{{1,2}})?"
"""A pattern: "Ann", "Ann van der Berg", "MR. SMITH", "Speaker 2"."""

HANDLE = r"[~@+]?[\p{L}\p{M}\p{N}_+][\p{L}\p{M}\p{N}_.\-'’+() \u00a0]{0,40}?"
"""A pattern for whatever people call themselves, and for numbers of telephones: only where a program wrote the line."""

_LABELS = frozenset(language.words("turns.labels"))
_ROLES = frozenset(language.words("turns.roles"))
_SPEECH = regex.compile(rf"[?？؟]|\b{language.pattern('turns.speech')}\b", regex.IGNORECASE)
_FIRST_PERSON = regex.compile(rf"\b{language.pattern('turns.first_person')}\b", regex.IGNORECASE)
_ASKS = regex.compile("[?？؟]")
_THING = regex.compile(rf"\b(?i:{language.pattern('turns.before_things')})[^\S\n]+(\p{{Ll}}[\p{{L}}\p{{M}}]*)")
_LETTERS = regex.compile(r"[\p{L}\p{M}]+")
_CAPITALISED = regex.compile(NAME)
_LONGEST = 40


def is_speaker(name: str) -> bool:
    """Whether what stands before a colon may be who speaks: shaped as a name, with no word of a label in front."""
    words = _words(name)
    if not words or len(name) > _LONGEST or words[0] in _LABELS or not _CAPITALISED.fullmatch(name):
        return False
    return is_called_by_role(name) if words[0] == "the" or any(map(str.isdigit, name)) else True


def is_handle(name: str) -> bool:
    """The same of what a program wrote there: in small letters too, of up to five words."""
    words = _words(name)
    if len(name.split()) > 5:
        return False
    return words[0] not in _LABELS if words else sum(map(str.isdigit, name)) > 5


def is_called_by_role(name: str) -> bool:
    """Whether it says what somebody is there, "Interviewer", "THE COURT", "Speaker 2"."""
    return not _ROLES.isdisjoint(_words(name))


def things_in(text: str) -> frozenset[str]:
    """Words in small letters that a text has for things, as "a myth" tells."""
    return frozenset(_THING.findall(text))


def is_thing(name: str, things: frozenset[str]) -> bool:
    """Whether all words of what looks like a name are words for things in its text: "Myth" is nobody."""
    return things.issuperset(_words(name))


def is_speech(words: str) -> bool:
    """Whether words ask, or speak of oneself or to somebody."""
    return _SPEECH.search(words) is not None


def is_personal(words: str) -> bool:
    """Whether words ask, or speak of oneself: manuals do neither, though they say "you" all the time."""
    return is_of_oneself(words) or _ASKS.search(words) is not None


def is_of_oneself(words: str) -> bool:
    return _FIRST_PERSON.search(words) is not None


def _words(name: str) -> list[str]:
    return [word.casefold() for word in _LETTERS.findall(name)]
