"""From text to the terms that are compared: folded words, stems, character n-grams.

Knows nothing of documents or indexes. The only file that imports the stemmer, the stop-word lists and
the Unicode-aware `regex` module for words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

import regex
import Stemmer
from stop_words import AVAILABLE_LANGUAGES, LANGUAGE_MAPPING, get_stop_words

from rag.text import language

GRAM = 4
"""Characters of an n-gram."""

TRUNCATED = 5
"""Letters of a truncation stem."""

LANGUAGES: Mapping[str, str] = LANGUAGE_MAPPING
"""The English names, in small letters, of the languages whose function words are known, by their ISO 639 codes."""

# Scripts that put no space between words: their terms are runs of characters. A Han or kana sign is a syllable or
# a word, so two of them; a syllable of the others takes two to four signs (consonants, vowel, tone), so three.
_SYLLABIC = r"\p{Han}\p{Hiragana}\p{Katakana}ー"
_ALPHABETIC = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_UNSPACED = _SYLLABIC + _ALPHABETIC
# No word begins with a mark: of an accent that stands alone, "´so´", folding leaves one.
_WORD = regex.compile(
    rf"\d+(?:[.,]\d+)+|[{_SYLLABIC}]+|[{_ALPHABETIC}]+|(?!\p{{M}})(?:(?![{_UNSPACED}])[\p{{L}}\p{{M}}\p{{N}}])+"
)
_COMPOUND = regex.compile(r"(?<![\p{L}\p{M}\p{N}])[\p{L}\p{M}\p{N}]+(?:[-_‐‑][\p{L}\p{M}\p{N}]+)+")
_IDENTIFIER = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:_[\p{L}\p{M}\p{N}]+)+")
_JOINT = regex.compile("[-_‐‑]")
_LETTER = regex.compile(r"(?<=\p{Ll}\s)(?!I\b)\p{Lu}(?![\p{L}\p{M}\p{N}.’'&-])")
"""A capital by itself behind a word, "row D": it tells one from another."""
_ACCENT = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hebrew}])\p{Mn}+")
_THOUSANDS = regex.compile(r"\d{1,3}(?:[.,]\d{3})+")
_SYLLABIC_RUN = regex.compile(rf"[{_SYLLABIC}]")
_ALPHABETIC_RUN = regex.compile(rf"[{_ALPHABETIC}]")
_LETTERS_THAT_DO_NOT_DECOMPOSE = str.maketrans({"ı": "i", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe"})

_ENGLISH = frozenset(language.words_of("en", "words.function"))
_HOW = frozenset(language.words("words.behind_how"))
_stem = Stemmer.Stemmer("english")
_arabic_stem = Stemmer.Stemmer("arabic")
_ARABIC = regex.compile(r"\p{Arabic}")
_BASES = {form: _stem.stemWord(base) for base, *forms in language.rows("words.irregular") for form in forms}


def _by_first(*names: str) -> Mapping[str, str]:
    """The stems of the words in rows, by that of the first in their row."""
    return {
        _stem.stemWord(other): _stem.stemWord(first)
        for name in names
        for first, *others in language.rows(name)
        for other in others
    }


_ONE_WORD = _by_first("words.spellings", "words.short_forms", "words.numerals", "words.synonyms")
"""Stems of what is written or called in several ways, by the one that all are compared by."""
_COUNTRY = _by_first("words.peoples")


def fold(text: str) -> str:
    """One spelling for what reads the same: compatibility forms, case and accents are folded.

    >>> fold("Ａléppo’s ４２")
    'aleppo’s 42'
    """
    folded = _casefold(text)
    if folded.isascii():
        return folded
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", folded))).translate(
        _LETTERS_THAT_DO_NOT_DECOMPOSE
    )


def words(text: str) -> list[str]:
    """Folded words in order; numbers without thousands separators; unspaced scripts as runs of characters.

    >>> words("Aleppo’s 1,190 people")
    ['aleppo', 's', '1190', 'people']
    """
    return _tokens(fold(text))


def written(text: str) -> list[str]:
    """As `words`, with the accents kept: in Vietnamese, and now and then elsewhere, they tell words apart."""
    return _tokens(_casefold(text))


def _casefold(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def _tokens(folded: str) -> list[str]:
    found: list[str] = []
    for token in _WORD.findall(folded):
        if token.isascii() and token.isalpha():
            found.append(token)
        elif token.isascii():
            found.append(token.replace(",", "").replace(".", "") if _THOUSANDS.fullmatch(token) else token)
        elif _SYLLABIC_RUN.match(token):
            found.extend(_pieces(token, 2))
        elif _ALPHABETIC_RUN.match(token):
            found.extend(_pieces(token, 3))
        elif _THOUSANDS.fullmatch(token):
            found.append(token.replace(",", "").replace(".", ""))
        else:
            found.append(token)
    return found


def stems(text: str) -> list[str]:
    """Words, accents kept, reduced to their English stem, one for all spellings; words of other languages mostly stay
    as they are.

    >>> stems("organisation") == stems("organized")
    True
    """
    return stemmed(written(text))


def stemmed(tokens: list[str]) -> list[str]:
    found = (_BASES.get(token) or stem for token, stem in zip(tokens, _stem.stemWords(tokens), strict=True))
    return [_ONE_WORD.get(stem, stem) for stem in found]


def country_of(stem: str) -> str:
    """The stem of a country where this is its people's or whatever is of it, "Iranian"; the stem itself for any
    other."""
    return _COUNTRY.get(stem, stem)


def joined(text: str) -> list[str]:
    """Words and identifiers of several parts as one word, stemmed: they are written in more ways than one.

    >>> joined("The X-ray of prune_at")
    ['xray', 'pruneat']
    """
    return stemmed([_JOINT.sub("", match) for match in _COMPOUND.findall(fold(text))])


def truncation_stem(stem: str) -> str:
    """What is compared where the English stemmer knows nothing: the first five letters, without accents. Arabic
    writes its article and prepositions in front of the word, so there a stemmer of its own is used."""
    if _ARABIC.match(stem):
        return str(_arabic_stem.stemWord(stem))
    return fold(stem)[:TRUNCATED]


def grams(text: str) -> list[str]:
    """Words, with their accents and without, and the character n-grams of longer words (n is GRAM): robust to
    inflection, to typing errors, and to accents left out."""
    return with_grams(written(text))


def with_grams(tokens: list[str]) -> list[str]:
    """`grams` for words that were `written` already."""
    folded = [fold(token) for token in tokens]
    accented = [token for token, plain in zip(tokens, folded, strict=True) if token != plain]
    return folded + accented + [piece for token in folded if len(token) > GRAM for piece in _pieces(token, GRAM)]


def content_words(question: str) -> list[str]:
    """The words of a question that carry its meaning, each once, in order.

    >>> content_words("When did the siege of West Aleppo begin?")
    ['siege', 'west', 'aleppo', 'begin']
    """
    return list(dict.fromkeys(fold(token) for token in _content(question)))


def content_stems(question: str) -> list[str]:
    return list(dict.fromkeys(stemmed(list(_content(question)))))


@lru_cache(maxsize=256)
def _content(question: str) -> tuple[str, ...]:
    tokens = written(question)
    function_words = _function_words(tokens)
    # An identifier is more than its parts.
    identifiers = (_JOINT.sub("", one) for one in _IDENTIFIER.findall(_casefold(question)))
    letters = {letter.casefold() for letter in _LETTER.findall(question)}
    return (
        *(
            token
            for before, token in zip(["", *tokens], tokens, strict=False)
            if (token in letters or (token not in function_words and (len(token) > 1 or token.isdigit())))
            and not (before == "how" and token in _HOW)
        ),
        *identifiers,
    )


def as_written(text: str, folded_words: Iterable[str]) -> list[str]:
    """The given folded words as the text itself spells them, for showing."""
    wanted = set(folded_words)
    spelled: dict[str, str] = {}
    for match in regex.finditer(r"[\p{L}\p{M}\p{N}]+(?:[.,]\d+)*", text):
        for token in words(match.group()):
            if token in wanted:
                spelled.setdefault(token, match.group())
    for match in _IDENTIFIER.finditer(text):
        if (token := fold(_JOINT.sub("", match.group()))) in wanted:
            spelled.setdefault(token, match.group())
    return list(dict.fromkeys(spelled.values()))


def _pieces(token: str, length: int) -> list[str]:
    if len(token) <= length:
        return [token]
    return [token[i : i + length] for i in range(len(token) - length + 1)]


def _function_words(tokens: list[str]) -> frozenset[str]:
    """The list of the language whose function words the question uses most; English where none leads."""
    listing = _listing_languages()
    hits = [0] * len(_other_languages())
    for token in tokens:
        for i in listing.get(token, ()):
            hits[i] += 1
    most = max(hits)
    if most <= sum(token in _ENGLISH for token in tokens):
        return _ENGLISH
    return _with_english(hits.index(most))


@lru_cache(maxsize=1)
def _listing_languages() -> dict[str, list[int]]:
    """Each function word with the places of its languages in `_other_languages`."""
    listing: dict[str, list[int]] = {}
    for i, listed in enumerate(_other_languages()):
        for word in listed:
            listing.setdefault(word, []).append(i)
    return listing


@lru_cache
def _with_english(place: int) -> frozenset[str]:
    return _other_languages()[place] | _ENGLISH


@lru_cache(maxsize=1)
def _other_languages() -> tuple[frozenset[str], ...]:
    """Stop words, accents kept, of languages with spaces; where there are none, runs of characters are judged by
    rarity alone."""
    codes = "ar bg ca cs da de el es fa fi fr he hi hu id it nb nl pl pt ro ru sk sv tr uk vi".split()
    return tuple(
        frozenset(
            token
            for word in (*get_stop_words(code), *language.words_of(code, "words.function"))
            for token in written(word)
        )
        for code in codes
    )


@lru_cache(maxsize=1)
def languages_of_function_words() -> Mapping[str, tuple[str, ...]]:
    """The languages, by their English names, in which a word is one that grammar needs: about thirty of them."""
    found: dict[str, list[str]] = {}
    for language_name in AVAILABLE_LANGUAGES:
        for word in {word.lower() for word in get_stop_words(language_name)}:
            found.setdefault(word, []).append(language_name)
    return {word: tuple(names) for word, names in found.items()}
