"""What can be compared between a text and what somebody says of it in another language: numbers, in digits and in the
words of either language, and names, by how they sound.

Pure functions of texts. Names change their letters on the way ("Aleppo", "Alepo", "Алеппо"; "Warren", "Уоррен") and
get endings ("Алеппо", "Ирана"); consonants mostly stay. What was translated ("Vereinigte Staaten") or has another name
there ("Deutschland") is found nowhere, and so is said to be, not to be wrong. In German, where every noun has a
capital, a noun with an article before it is taken for none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import regex

from rag.domain import Span
from rag.text import language, terms
from rag.text.dates import MONTHS, masked
from rag.text.dictionary import is_word
from rag.text.values import NUMERAL, amounts

_NAME = regex.compile(r"(?<!^\W*)(?<![.!?…:]\W+)(?<![\"“„«‘(\[])\b\p{Lu}[\p{L}\p{M}]+")
_ROMAN = regex.compile(r"[IVXLCDM]+")
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_BEFORE = regex.compile(r"[\p{L}\p{M}]+(?=\s+$)")
_COUNTED = regex.compile(r"[\d\0]\s+$")
"""Behind a number, which may be masked, there is no name."""

_ARTICLES = frozenset(language.words("names.before_nouns"))
_NOUN_ENDINGS = regex.compile(rf"{language.pattern('names.noun_endings')}$")
_INFLECTED = regex.compile(r"\p{Ll}+e[nrsm]?")
_WITH_ARTICLE = frozenset(terms.fold(word) for word in language.words("names.with_article"))
_ADJECTIVES = 2
"""Words that may stand between an article and its noun."""

_LETTERS = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфцыьъэіїєґ", "abvgdeziiklmnoprstufkiaaeiieg", strict=True)),
        "ё": "e",
        "ж": "s",
        "х": "h",
        "ч": "s",
        "ш": "s",
        "щ": "s",
        "ю": "iu",
        "я": "ia",
        "ь": "",
        "ъ": "",
        **dict(zip("αβγδεζηθικλμνξοπρσςτυφχω", "avgdeziiiklmnxoprsstifho", strict=True)),
        "θ": "th",
        "ψ": "ps",
        "ß": "ss",
        "ı": "i",
    }
)
_SOUNDS = [
    (regex.compile(pattern), sound)
    for pattern, sound in (
        (r"tsch|tch|dsch|sch|sh|tz|dj|zh|c(?=[eiy])|[zj](?=[aou])|ch(?=[aeiouy])", "s"),
        (r"[kgc]h", "h"), (r"ph", "f"), (r"th", "t"), (r"x", "ks"), (r"q[u]?|ck|c", "k"), (r"w", "v"), (r"z", "s"),
        (r"[yj]", "i"), (r"(?<=[aeiou])h(?![aeiou])", ""), (r"(.)\1+", r"\1"),
    )
]  # fmt: skip
_VOWEL = regex.compile(r"[aeiou]")
_SPACED = regex.compile(r"(?<![\d.,:/–-])[1-9]\d{0,2}(?: \d{3})+(?!\d)")
_SPELLED = range(3, 41)
"""How many letters a name has that may be spelled otherwise; a shorter or longer one stands there as it is, or not at
all."""
_ALIKE = 0.5
"""Share of their letters that two names of the same consonants have in common, at least."""
_ENDING = 2
"""Consonants that an ending may add."""


def numbers_abroad(text: str, code: str | None) -> list[tuple[Span, float]]:
    """The numbers that a text in the language of that code says in words, or in digits before a word of scale: "acht",
    "4 Millionen". None where that language's words are not known."""
    if code is None or not (words := _numbered(code, "numbers.own")):
        return []
    scales = _numbered(code, "numbers.own_scales")
    found = [match for match in _pattern(code).finditer(text) if match["word"] or match["scale"]]
    read = [(Span(*match.span()), _value(match, words, scales)) for match in found]
    # "One" is an article there.
    return [(span, number) for span, number in read if number != 1]


def without_numbers(text: str, code: str | None) -> tuple[str, list[float]]:
    """The text without the numbers that are said in its own language's words, and these. Outside of English a space may
    stand between thousands."""
    if code != "en":
        text = _SPACED.sub(lambda match: match.group().replace(" ", ""), text)
    found = numbers_abroad(text, code)
    return masked(text, (span for span, _ in found)), [number for _, number in found]


def knows_months(code: str | None) -> bool:
    """Whether the months of a language are known by their names."""
    return code is not None and bool(language.numbered_of(code, "dates.months"))


def names_abroad(statement: str, code: str | None) -> list[str]:
    """The words of a statement that are names, as it spells them, each once: with a capital, not the first of a
    sentence; in German not what is surely a noun."""
    has_articles = code is not None and bool(language.words_of(code, "names.before_nouns"))
    found = (
        match.group()
        for match in _NAME.finditer(statement)
        if not _ROMAN.fullmatch(match.group())
        and terms.fold(match.group()) not in MONTHS
        and not (has_articles and _is_noun(match.group(), statement[: match.start()]))
    )
    return list(dict.fromkeys(found))


def may_be_no_name(word: str, code: str | None) -> bool:
    """Whether it may be a noun, in a language that gives every noun a capital: its list of words has it. Names of
    places stand in that, too."""
    if code is None or not language.words_of(code, "names.before_nouns") or terms.fold(word) in _WITH_ARTICLE:
        return False
    return is_word(word.lower(), code)


def is_named(name: str, texts: Sequence[str]) -> bool:
    """Whether the texts hold a name, in whatever letters."""
    return any(_holds(text, name) for text in texts)


def _holds(text: str, name: str) -> bool:
    folded = terms.fold(name)
    there = _words_there(text)
    if folded in there.folded:
        return True
    if len(name) not in _SPELLED or name.isupper():
        return False
    sounds = [_sound(name), _sound(name, is_soft=True)]
    return any(_sound_alike(one, other) for one in sounds for other in there.sounds)


def _is_noun(word: str, before: str) -> bool:
    """Whether a German word is no name: it has an article before it, or an ending of nouns; but "die Türkei" is one."""
    folded = terms.fold(word)
    if folded in _WITH_ARTICLE:
        return False
    if _NOUN_ENDINGS.search(folded) or _COUNTED.search(before):
        return True
    for _ in range(_ADJECTIVES + 1):
        last = _BEFORE.search(before)
        if last is None:
            return False
        if last.group().lower() in _ARTICLES:
            return True
        if not _INFLECTED.fullmatch(last.group()):
            return False
        before = before[: last.start()]
    return False


class _There:
    """The words of a text: folded, and how those with a capital sound."""

    def __init__(self, text: str) -> None:
        words = set(_WORD.findall(text))
        self.folded = {terms.fold(word) for word in words}
        named = [word for word in words if len(word) in _SPELLED and not word.islower()]
        self.sounds = {_sound(word, is_soft=soft) for word in named for soft in (False, True)}


@lru_cache(maxsize=64)
def _words_there(text: str) -> _There:
    return _There(text)


@lru_cache(maxsize=8192)
def _sound(word: str, *, is_soft: bool = False) -> str:
    """A word in Latin letters, one for each sound; `is_soft`: its "w" and "v" as vowels, as in "Moscow"."""
    sound = terms.fold(word).translate(_LETTERS)
    if is_soft:
        sound = sound.replace("w", "u").replace("v", "u")
    for pattern, one in _SOUNDS:
        sound = pattern.sub(one, sound)
    return sound


def _sound_alike(one: str, other: str) -> bool:
    bones, others = _bones(one), _bones(other)
    short, long = sorted((bones, others), key=len)
    is_same = short == long or (len(short) > 2 and long.startswith(short) and len(long) - len(short) <= _ENDING)
    return is_same and len(short) > 1 and _common(one, other) >= _ALIKE * max(len(one), len(other))


@lru_cache(maxsize=8192)
def _bones(sound: str) -> str:
    """Its consonants, and whether it begins with a vowel."""
    return _VOWEL.sub("a", sound[:1]) + _VOWEL.sub("", sound[1:])


def _common(one: str, other: str) -> int:
    """The letters in their longest common subsequence."""
    row = [0] * (len(other) + 1)
    for letter in one:
        before = 0
        for i, beside in enumerate(other, start=1):
            before, row[i] = row[i], before + 1 if letter == beside else max(row[i], row[i - 1])
    return row[-1]


@lru_cache(maxsize=16)
def _numbered(code: str, name: str) -> dict[str, int]:
    return language.numbered_of(code, name)


@lru_cache(maxsize=16)
def _pattern(code: str) -> regex.Pattern[str]:
    words, scales = _numbered(code, "numbers.own"), _numbered(code, "numbers.own_scales")
    tens = _any(word for word, number in words.items() if 20 <= number <= 90)
    ones = _any(word for word, number in words.items() if number < 20)
    joints = _any(language.words_of(code, "numbers.own_joint")) or "(?!)"
    return regex.compile(
        rf"(?<![\p{{L}}\d])(?:(?P<digits>{NUMERAL.pattern})|(?P<ones>{ones}){joints}(?P<word>{tens})"
        rf"|(?P<word>{tens})(?:[\s-](?:{joints}[\s-])?(?P<ones>{ones}))?|(?P<word>{_any(words)}))(?!\p{{L}}|\.\s?\d)"
        rf"(?:\s(?P<scale>{_any(scales)})(?!\p{{L}}))?",
        regex.IGNORECASE,
    )


def _any(words: Iterator[str] | Sequence[str] | dict[str, int]) -> str:
    spelled = sorted(map(regex.escape, words), key=len, reverse=True)
    return f"(?:{'|'.join(spelled)})" if spelled else ""


def _value(match: regex.Match[str], words: dict[str, int], scales: dict[str, int]) -> float:
    scale = scales[match["scale"].lower()] if match["scale"] else 1
    if match["digits"]:
        return next(amount.value for amount in amounts(match["digits"])) * scale
    return float((words[match["word"].lower()] + (words[match["ones"].lower()] if match["ones"] else 0)) * scale)
