"""A question without its slips of the pen: words that are none, one edit away from one that is. Pure.

A slip of one letter in the word that decides takes all that was fitted on words away from a question. Norvig (2007),
"How to write a spelling corrector", found 80 to 95 % of them to be of that kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import regex

from rag.text import terms

SHORTEST, SHORTEST_TURNED = 5, 3
"""Letters of words in which any slip is put right, and of those in which two letters that changed places are. Of
shorter words too many are one letter from another one."""

SELDOM = 1.0
"""What is seen less often is hardly ever meant."""

_WORD = regex.compile(r"(?<![\p{L}\p{M}\p{N}_.’'-])\p{L}+(?![\p{L}\p{M}\p{N}_.’'-]*[\p{L}\p{M}\p{N}])")


def corrected(
    question: str,
    *,
    is_word: Callable[[str], bool],
    near: Callable[[str], Iterable[str]],
    seen: Callable[[str], float],
) -> str:
    """The question with the slips in it put right.

    `is_word` says whether a word is one, `near` what one edit makes of it, and `seen` how often a word is seen, as a
    count of paragraphs: the likeliest that a slip can have been of is meant, and one that begins with the same letter
    before others. Names, as told by their capitals, are left alone: one letter makes another name. So is a question
    most of whose words are none: it is in another language.
    """
    content = set(terms.content_words(question))
    unknown = {word for match in _WORD.finditer(question) if not is_word(word := match.group().casefold())}
    unknown = {word for word in unknown if terms.fold(word) in content}
    if not unknown or 2 * len(unknown) > len(content):
        return question

    def right(match: regex.Match[str]) -> str:
        written = match.group()
        word = written.casefold()
        is_name = match.start() > 0 and not written.islower()
        if is_name or word not in unknown or len(word) < SHORTEST_TURNED:
            return written
        near_it = (one for one in near(word) if len(word) >= SHORTEST or _is_turned(word, one))
        possible = [one for one in near_it if seen(one) >= SELDOM]
        if any(terms.stems(one) == terms.stems(word) for one in possible):
            return written  # another way to write it, by which it is found as well: "colour", "color"
        return max(possible, key=lambda one: (one[:1] == word[:1], seen(one)), default=written)

    return str(_WORD.sub(right, question))


def _is_turned(word: str, other: str) -> bool:
    return sorted(word) == sorted(other)
