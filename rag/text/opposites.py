"""Whether a statement says the opposite of a sentence in the sentence's own words: "west of Aleppo" for "east of
Aleppo", "rose" for "fell".

Pure functions of texts. A word of the one has an opposite in the other, neither has both, and the words beside the two
are the same: what tells of another side of a thing in other words is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from rag.text import language, terms


def _opposites() -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in language.rows("words.opposites"):
        for word in row:
            found[word] |= set(row) - {word}
    return {word: frozenset(others) for word, others in found.items()}


OPPOSITES = _opposites()
"""Words, folded, with those that say the opposite in their place."""


def opposites_in(statement: str, sentence: str) -> Iterator[tuple[str, str]]:
    """Each word of the statement in whose place the sentence has its opposite, with that one."""
    said = terms.words(statement)
    if OPPOSITES.keys().isdisjoint(said):
        return
    there = terms.words(sentence)
    stems, others = terms.stemmed(said), terms.stemmed(there)
    for i, word in enumerate(said):
        if stems[i] in others:
            continue
        for j, other in enumerate(there):
            if other in OPPOSITES.get(word, ()) and others[j] not in stems and _are_alike_beside(stems, i, others, j):
                yield word, other


def stands_alike(word: str, statement: str, sentence: str) -> bool:
    """Whether a sentence has a word of the statement itself, beside the same words."""
    stems, others = terms.stems(statement), terms.stems(sentence)
    (stem,) = terms.stemmed([word])
    places = product(_places(stem, stems), _places(stem, others))
    return any(_are_alike_beside(stems, i, others, j) for i, j in places)


def _places(stem: str, stems: Sequence[str]) -> list[int]:
    return [i for i, one in enumerate(stems) if one == stem]


def _are_alike_beside(stems: Sequence[str], i: int, others: Sequence[str], j: int) -> bool:
    """Whether the words on both sides are the same, or two on one of them."""
    before, behind = ([_at(stems, i + step) == _at(others, j + step) for step in side] for side in ((-1, -2), (1, 2)))
    return (before[0] and behind[0]) or all(before) or all(behind)


def _at(stems: Sequence[str], place: int) -> str:
    return stems[place] if 0 <= place < len(stems) else ""
