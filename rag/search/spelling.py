"""A question without its slips of the pen: words that are none, one edit away from one that is. Pure.

A slip of one letter in the word that decides takes all that was fitted on words away from a question. Norvig (2007),
"How to write a spelling corrector", found 80 to 95 % of them to be of that kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import regex

from rag.text import terms

SHORTEST, SHORTEST_TURNED = 5, 3
"""Letters of words in which any slip is put right, and of those in which two letters that changed places are, or one is
missing or too many in a word that every question may have. Of shorter words too many are one letter from another."""

HARDLY = 0.1
"""What is seen less often and is as short as this is a slip, though a list of words may have it: "wat"."""

SELDOM = 1.0
"""What is seen less often is hardly ever meant, unless it is a word that a slip of two turned letters can be of."""

SHORTEST_SELDOM = 6
"""Letters of words of which that is so."""

SHORTEST_ALONE, EVER = 7, 0.02
"""Letters of words of which the one word that they can be a slip of is meant, seldom as it is, and what is seen less
often than any such word: "sabbatical" is seen .026 times, "zibeline" .002."""
_WITH_S = regex.compile(r"is(?=(?:e[drs]?|ing|ations?)$)")
"""Where British writing has an s for a z: lists of words mostly know one of the two."""
_WORD = regex.compile(
    r"(?<![\p{L}\p{M}\p{N}_.’'-])\p{L}+(?![\p{L}\p{M}\p{N}_])(?=[’']s?\b|[.’'-]*(?![\p{L}\p{M}\p{N}_.’'-]))"
)
"""By itself, or behind it an apostrophe: the parts of anything longer mean something together only."""


def corrected(
    question: str,
    *,
    is_word: Callable[[str], bool],
    near: Callable[[str], Iterable[str]],
    seen: Callable[[str], float],
    is_known: Callable[[str], bool],
    is_in_language: bool = False,
) -> str:
    """The question with the slips in it put right.

    `is_word` says whether a word is one, `near` what one edit makes of it, and `seen` how often a word is seen, as a
    count of paragraphs: the likeliest that a slip can have been of is meant, and one that begins with the same letter
    before others; `is_known` says whether the dictionary has it. Of names, as told by their capitals, only turned
    letters are put right: another letter makes another name. A question most of whose words are none is left alone, as
    in another language, unless other words tell that it `is_in_language`.
    """
    content = set(terms.content_words(question))
    written = {match.group().casefold() for match in _WORD.finditer(question)}
    meaning = {word for word in written if terms.fold(word) in content}
    unknown = {word for word in meaning if not (is_word(word) or is_known(_WITH_S.sub("iz", word)))}
    if 2 * len(unknown) > len(content) and not is_in_language:
        return question
    unknown |= {word for word in meaning if len(word) < SHORTEST and seen(word) < HARDLY}

    def possible(word: str, *, is_name: bool) -> list[str]:
        near_it = list(near(word))
        turned = [one for one in near_it if sorted(one) == sorted(word)]
        if is_name:
            found = turned
        elif len(word) >= SHORTEST:
            found = near_it
        else:
            # "wich": of short words those that every question may have.
            lengths = {len(word) + 1, *([len(word) - 1] if len(word) > SHORTEST_TURNED else [])}
            found = turned + [one for one in near_it if len(one) in lengths and not terms.content_words(one)]
        often = [one for one in found if seen(one) >= SELDOM]
        if often or len(word) < SHORTEST_SELDOM:
            return often
        known = [one for one in found if is_known(one)]
        is_only = len(known) == 1 and seen(known[0]) >= EVER
        only = known if is_only and len(word) >= SHORTEST_ALONE and is_in_language else []
        return [one for one in turned if one in known] or only

    def right(match: regex.Match[str]) -> str:
        written = match.group()
        word = written.casefold()
        is_name = match.start() > 0 and not written.islower()
        if word not in unknown or len(word) < (SHORTEST if is_name else SHORTEST_TURNED):
            return written
        found = possible(word, is_name=is_name)
        if any(terms.stems(one) == terms.stems(word) for one in found):
            return written  # another way to write it, by which it is found as well: "colour", "color"
        meant = max(found, key=lambda one: (one[:1] == word[:1], seen(one)), default=written)
        return meant.capitalize() if is_name and meant != written else meant

    return str(_WORD.sub(right, question))
