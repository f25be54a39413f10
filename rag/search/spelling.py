"""A question without its slips of the pen: words that stand nowhere, one letter away from one that does. Pure.

A slip of one letter in the word that decides takes all that was fitted on words away from a question. Norvig (2007),
"How to write a spelling corrector", found 80 to 95 % of them to be of that kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import regex

from rag.text import terms

SHORTEST, SHORTEST_TURNED = 5, 3
"""Letters of words in which any slip is put right, and of those in which two letters that changed places are. Of
shorter words too many are one letter from another one."""

SHORTEST_STEM = 4
"""Letters of a stem by which a word is known. Shorter ones are stems of many words that there are not: "anying"."""

_WORD = regex.compile(r"(?<![\p{L}\p{M}\p{N}_.’'-])\p{L}+(?![\p{L}\p{M}\p{N}_.’'-]*[\p{L}\p{M}\p{N}])")
_LETTERS = {
    "Latin": "abcdefghijklmnopqrstuvwxyz",
    "Cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїґ",
    "Greek": "αβγδεζηθικλμνξοπρσςτυφχψω",
}
_SCRIPTS = {name: regex.compile(rf"\p{{{name}}}+") for name in _LETTERS}


def corrected(question: str, *, seen: Callable[[str], float]) -> str:
    """The question with the slips in it put right. `seen` says how often a word is seen, in the documents and in
    English at large; the likeliest that a slip can have been of is meant, and one that begins with the same letter
    before others. Names, as told by their capitals, are left alone: one letter makes another name. So is a question
    most of whose words were never seen: it is in another language."""
    words = terms.content_words(question)
    unknown = {word for word in words if not seen(word)}
    if not unknown or 2 * len(unknown) > len(words):
        return question

    def right(match: regex.Match[str]) -> str:
        written = match.group()
        is_name = match.start() > 0 and not written.islower()
        word = terms.fold(written)
        if is_name or word not in unknown or len(word) < SHORTEST_TURNED:
            return written
        possible = [*_turned(word), *(_one_letter_away(word) if len(word) >= SHORTEST else ())]
        known = [one for one in possible if seen(one) and (len(one) < SHORTEST or _is_whole(one))]
        return max(known, key=lambda one: (one[0] == word[0], seen(one)), default=written)

    return str(_WORD.sub(right, question))


def _is_whole(word: str) -> bool:
    """Whether little was cut off it: what is stemmed to three letters may be no word, such as "anying"."""
    (stem,) = terms.stemmed([word])
    return len(stem) >= SHORTEST_STEM


def _turned(word: str) -> Iterator[str]:
    """What two letters that change places make of a word."""
    for i in range(len(word) - 1):
        yield f"{word[:i]}{word[i + 1]}{word[i]}{word[i + 2 :]}"


def _one_letter_away(word: str) -> Iterator[str]:
    """What a letter too many, too few or wrong makes of a word."""
    letters = next((_LETTERS[name] for name, script in _SCRIPTS.items() if script.fullmatch(word)), "")
    for i in range(len(word) + 1):
        before, after = word[:i], word[i:]
        yield from (f"{before}{letter}{after}" for letter in letters)
        if after:
            yield f"{before}{after[1:]}"
            yield from (f"{before}{letter}{after[1:]}" for letter in letters)
