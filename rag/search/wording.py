"""A question in the words that are searched for: without what people say around it, in letters of one width, with the
capitals and the accents that its words have in the documents. Pure.

People type without capitals what they mean as names, and what judges an answer knows a name by its capital: "how many
russian soldiers" asks for no others than "How many Russian soldiers".
"""

from __future__ import annotations

from collections.abc import Callable

import regex

from rag.text import language, terms

_GREETING = rf"{language.pattern('requests.greeting')}(?:\s+{language.pattern('requests.everybody')})?\s*[,.!:;–—-]+\s*"
_FRAME = regex.compile(
    rf"^\W*(?:{_GREETING})?(?:{language.pattern('requests.before_question')}\s*[,.!?:;–—-]+\s*)?", regex.IGNORECASE
)
_BEHIND = regex.compile(
    rf"(?:(?<=[?.!])|(?=\s+(?-i:\p{{Lu}})))(?:\s+{language.pattern('requests.behind_question')}[\s.!,?]*)+$",
    regex.IGNORECASE,
)
_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_I = regex.compile(r"\bI\b")
_FEWEST_SHOUTED = 3
"""Words from which a question all in capitals is shouted, and no list of abbreviations."""


def in_one_width(text: str) -> str:
    """With the letters and digits of East Asian width as those of every other text.

    >>> in_one_width("Raum ４２")
    'Raum 42'
    """
    return text.translate(_WIDE)


def without_frame(question: str) -> str:
    """Without what people say around a question, "A colleague asked me: …", where a question is left.

    >>> without_frame("Hello, I have a question. When does the pool open? Thanks!")
    'When does the pool open?'
    """
    bare = _BEHIND.sub("", question.strip())
    bare = _FRAME.sub("", bare, count=1)
    return bare if terms.content_words(bare) or bare.endswith("?") else question


def with_accents(question: str, *, stands: Callable[[str], bool], is_word: Callable[[str], bool]) -> str:
    """With the accents left out of words that stand in the documents only without them, and are none of the
    dictionary. `stands` tells of a word in small letters whether it stands there with just these accents."""

    def right(match: regex.Match[str]) -> str:
        written, word = match.group(), match.group().lower()
        plain = terms.fold(word)
        if plain == word or is_word(word) or stands(word) or not stands(plain):
            return written
        return plain.capitalize() if written[0].isupper() else plain

    return question if question.isascii() else str(WORD.sub(right, question))


def unshouted(question: str) -> str:
    """In small letters where all of it is in capitals."""
    is_shouted = question == question.upper() != question.lower() and len(WORD.findall(question)) >= _FEWEST_SHOUTED
    return question.lower() if is_shouted else question


def lacks_capitals(question: str) -> bool:
    """Whether no word has a capital but the first, and "I"."""
    return not any(map(str.isupper, _I.sub("i", question)[1:]))


def with_capitals(question: str, *, written: Callable[[str], str | None]) -> str:
    """With the capitals that its words of meaning have in the documents. `written` tells of a word how it is written
    there inside a sentence, None where it is in small letters, too, or that is not told. The word that the question
    begins with stays as it is: there a capital tells nothing."""
    content = set(terms.content_words(question))

    def right(match: regex.Match[str]) -> str:
        word = match.group()
        if not question[: match.start()].strip() or terms.fold(word) not in content:
            return word
        return written(word) or word

    return str(WORD.sub(right, question))
