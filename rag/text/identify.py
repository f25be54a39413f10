"""Which language texts are in, told by their function words: "the", "und", "que"; of a question, which may have none,
by its letters (py3langid).

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
from typing import Any

import regex

from rag.text import terms

FEWEST = 3
LEAST_SHARE = 0.05
"""Function words below which nothing is told: a table of codes has none, and is in no language."""

UNLIKELY = 0.05
"""How likely a question is in the language of other texts, beside the likeliest one, for it to be taken for foreign. Of
870 English questions of eight collections none is, the least likely at .13; of XQuAD's, 240 in each language, .98 of
the German ones and more of the others."""

SURE = 0.95
"""How likely a language has to be for texts to be in it whose function words are another's, or in one whose function
words are not known. One sentence of 17 of 18 such languages is; made-up words, names and code are called Esperanto,
Luxembourgish or Shona, at .90 and below."""

_NONE = ("zxx", "und", "mul")
"""What ISO 639 calls text that is in no language, such as codes and numbers, or in one that cannot be told."""

_CODES = {name: code for code, name in terms.LANGUAGES.items()}

_ENOUGH = 5_000
"""Letters by which the language of texts is told."""

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
    signs = _signs_of_all(texts)
    if not signs.words:
        return None
    if not signs.are_latin:
        return False
    counted = signs.function_words
    own, most = counted[language], max(counted.values(), default=0)
    return None if most < signs.fewest else own == most


def differ(texts: Sequence[str], others: Sequence[str]) -> bool:
    """Whether texts are in another language than others, as far as that can be told."""
    one, other = _language_of(texts), _language_of(others)
    return one is not None and other is not None and one != other


def is_foreign(question: str, texts: Sequence[str]) -> bool:
    """Whether a question is in another language than these texts, as far as that can be told. Unlike `differ` it tells
    so of questions without function words, too."""
    language = language_of(texts)
    return language is not None and is_foreign_to(question, language)


def is_foreign_to(question: str, language: str) -> bool:
    """Whether a question is in another language than this one, a code that `language_of` gives."""
    counted, own = _signs_of(question).function_words, terms.LANGUAGES.get(language, "")
    if counted[own] > max((count for name, count in counted.items() if name != own), default=0):
        return False
    return _is_unlikely(language, _ranked(question))


def language_by_words(text: str) -> str | None:
    """The language, as ISO 639 codes it, of which a text has most function words; None where several have as many, or
    none has any."""
    counted = _signs_of(text).function_words.most_common(2)
    if not counted or (len(counted) > 1 and counted[0][1] == counted[1][1]):
        return None
    return _CODES.get(counted[0][0])


def language_of(texts: Sequence[str]) -> str | None:
    """The language that texts are in, as ISO 639 codes it ("en"); None where it cannot be told. Of 1,100 English pages
    of eleven collections none is told as another language."""
    named = _language_of(texts)
    if named is None:
        return None
    ranked = _ranked(" ".join(texts)[:_ENOUGH])
    language, likelihood = ranked[0]
    if language in _NONE:
        return None
    by_words = _CODES.get(named)
    if by_words and not _is_unlikely(by_words, ranked):
        return by_words
    return language if named in _SCRIPTS or likelihood >= SURE else None


@lru_cache(maxsize=1024)
def likeliest_language(text: str) -> str | None:
    """The language that a text is in most likely, as ISO 639 codes it, however short it is; None where it has no
    letters."""
    if not _LETTERS.search(text):
        return None
    by_words, ranked = language_by_words(text), _ranked(text)
    return by_words if by_words and not _is_unlikely(by_words, ranked) else ranked[0][0]


def are_unlike(texts: Sequence[str], others: Sequence[str]) -> bool:
    """As `differ`, told by letters: a line or two is too short for words to tell it."""
    code = language_of(others)
    return code is not None and _is_unlikely(code, _ranked(" ".join(texts)))


def _is_unlikely(language: str, ranked: Sequence[tuple[str, float]]) -> bool:
    return dict(ranked).get(language, 0.0) < UNLIKELY * ranked[0][1]


@lru_cache(maxsize=256)
def _ranked(text: str) -> Sequence[tuple[str, float]]:
    """Languages by how likely a text is in them, the likeliest first."""
    ranked: Sequence[tuple[str, float]] = _identifier().rank(text)
    return ranked


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """Half a second to load, so only for questions that their words do not tell the language of."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _language_of(texts: Sequence[str]) -> str | None:
    """The likeliest language, or the letters that texts are written in where these are not Latin."""
    signs = _signs_of_all(texts)
    if not signs.are_latin:
        counted = {name: sum(len(letter.findall(text)) for text in texts) for name, letter in _SCRIPTS.items()}
        return max(counted, key=lambda name: counted[name])
    (language, count), *_ = signs.function_words.most_common(1) or [("", 0)]
    return language if count >= signs.fewest else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signs:
    """How many letters a text has, Latin ones among them, and words; and its function words by language."""

    letters: int
    latin: int
    words: int
    function_words: Counter[str]

    @property
    def are_latin(self) -> bool:
        return 2 * self.latin >= self.letters

    @property
    def fewest(self) -> float:
        """Function words of one language below which nothing is told."""
        return max(FEWEST, LEAST_SHARE * self.words)


def _signs_of_all(texts: Sequence[str]) -> _Signs:
    signs = [_signs_of(text) for text in texts]
    return _Signs(
        letters=sum(one.letters for one in signs),
        latin=sum(one.latin for one in signs),
        words=sum(one.words for one in signs),
        function_words=sum((one.function_words for one in signs), Counter()),
    )


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
