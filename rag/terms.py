"""From text to the terms that are compared: folded words, stems, character grams.

Knows nothing of documents or indexes. The only file that imports the stemmer, the stop-word lists and
the Unicode-aware `regex` module for words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import regex
import Stemmer
from stop_words import get_stop_words

GRAM = 4

# Scripts that put no space between words: their terms are pairs of characters.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"\d+(?:[.,]\d+)+|[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\p{{L}}\p{{M}}\p{{N}}])+")
_ACCENT = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hebrew}]\p{Mn}*)\p{Mn}")
_THOUSANDS = regex.compile(r"\d{1,3}(?:[.,]\d{3})+")
_UNSPACED_RUN = regex.compile(rf"[{_UNSPACED}]")
_LETTERS_THAT_DO_NOT_DECOMPOSE = str.maketrans({"ı": "i", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe"})

# English function and question words, and the verbs of asking. Short on purpose: published English lists
# hold words that carry meaning in a question ("state", "system", "fire", "number").
_ENGLISH = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "anybody",
        "anyone",
        "anything",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "done",
        "down",
        "during",
        "each",
        "else",
        "ever",
        "every",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "herself",
        "him",
        "himself",
        "his",
        "how",
        "however",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "let",
        "like",
        "may",
        "me",
        "might",
        "more",
        "most",
        "much",
        "must",
        "my",
        "myself",
        "no",
        "nor",
        "not",
        "of",
        "off",
        "on",
        "once",
        "only",
        "or",
        "other",
        "our",
        "ours",
        "ourselves",
        "out",
        "over",
        "own",
        "please",
        "same",
        "shall",
        "she",
        "should",
        "so",
        "some",
        "somebody",
        "someone",
        "something",
        "such",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "themselves",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "upon",
        "us",
        "very",
        "was",
        "we",
        "were",
        "what",
        "whatever",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "within",
        "without",
        "would",
        "you",
        "your",
        "yours",
        "yourself",
        "s",
        "t",
        "d",
        "ll",
        "m",
        "re",
        "ve",
        "don",
        "doesn",
        "didn",
        "isn",
        "aren",
        "wasn",
        "weren",
        "won",
        "wouldn",
        "couldn",
        "shouldn",
        "hasn",
        "haven",
        "hadn",
        "kind",
        "sort",
        "many",
        "according",
        "explain",
        "describe",
        "give",
        "show",
        "mention",
        "mentioned",
        "say",
        "says",
        "said",
        "happen",
        "happened",
        "happens",
        "call",
        "called",
        "name",
    ]
)
_stem = Stemmer.Stemmer("english")


def fold(text: str) -> str:
    """One spelling for what reads the same: compatibility forms, case and accents are folded.

    >>> fold("Ａléppo’s ４２")
    'aleppo’s 42'
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", folded))).translate(
        _LETTERS_THAT_DO_NOT_DECOMPOSE
    )


def words(text: str) -> list[str]:
    """Folded words in order; numbers without thousands separators; unspaced scripts as character pairs.

    >>> words("Aleppo’s 1,190 people")
    ['aleppo', 's', '1190', 'people']
    """
    found: list[str] = []
    for match in _WORD.finditer(fold(text)):
        token = match.group()
        if _UNSPACED_RUN.match(token):
            found.extend(_pieces(token, 2))
        elif _THOUSANDS.fullmatch(token):
            found.append(token.replace(",", "").replace(".", ""))
        else:
            found.append(token)
    return found


def stems(text: str) -> list[str]:
    """Words reduced to their English stem; words of other languages mostly stay as they are."""
    return stemmed(words(text))


def stemmed(tokens: list[str]) -> list[str]:
    return list(_stem.stemWords(tokens))


def grams(text: str) -> list[str]:
    """Words and the four-character pieces of longer words: robust to inflection and typing errors."""
    return with_grams(words(text))


def with_grams(tokens: list[str]) -> list[str]:
    return tokens + [piece for token in tokens if len(token) > GRAM for piece in _pieces(token, GRAM)]


def content_words(question: str) -> list[str]:
    """The words of a question that carry its meaning, each once, in order.

    >>> content_words("When did the siege of West Aleppo begin?")
    ['siege', 'west', 'aleppo', 'begin']
    """
    tokens = words(question)
    function_words = _function_words(tokens)
    kept = (token for token in tokens if token not in function_words and (len(token) > 1 or token.isdigit()))
    return list(dict.fromkeys(kept))


def content_stems(question: str) -> list[str]:
    return list(dict.fromkeys(stemmed(content_words(question))))


def as_written(text: str, folded_words: Iterable[str]) -> list[str]:
    """The given folded words as the text itself spells them, for showing."""
    wanted = set(folded_words)
    spelled: dict[str, str] = {}
    for match in regex.finditer(r"[\p{L}\p{M}\p{N}]+(?:[.,]\d+)*", text):
        for token in words(match.group()):
            if token in wanted:
                spelled.setdefault(token, match.group())
    return list(dict.fromkeys(spelled.values()))


def _pieces(token: str, length: int) -> list[str]:
    if len(token) <= length:
        return [token]
    return [token[i : i + length] for i in range(len(token) - length + 1)]


def _function_words(tokens: list[str]) -> frozenset[str]:
    """The list of the language whose function words the question uses most; English where none leads."""
    best, most = _ENGLISH, sum(token in _ENGLISH for token in tokens)
    for listed in _other_languages():
        hits = sum(token in listed for token in tokens)
        if hits > most:
            best, most = listed, hits
    return best


@lru_cache(maxsize=1)
def _other_languages() -> tuple[frozenset[str], ...]:
    """Folded stop words of spaced languages; for unspaced scripts character pairs are judged by rarity alone."""
    languages = [
        "ar",
        "bg",
        "ca",
        "cs",
        "da",
        "de",
        "el",
        "es",
        "fa",
        "fi",
        "fr",
        "he",
        "hi",
        "hu",
        "id",
        "it",
        "nb",
        "nl",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sv",
        "tr",
        "uk",
        "vi",
    ]
    return tuple(
        frozenset(token for word in get_stop_words(language) for token in words(word)) for language in languages
    )
