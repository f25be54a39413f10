"""What a model is given: what was found, with what stands around it, in sections, within its budget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from rag.domain import Key, Passage, Role

Read: TypeAlias = Callable[[str, Sequence[int]], list[Passage]]
"""The paragraphs of a document with these numbers, in order."""

HITS = 20
AROUND = 3
"""The most passages that are given, and how many paragraphs on each side of one. Of 747 questions over eight
collections the right paragraph is among the best 10 passages in .83, among what 6,000 tokens hold of this in .92."""

_NAMES_A_PLACE = (Role.TITLE, Role.HEADING, Role.BOILERPLATE)
_CHARACTERS = 4
"""Bytes of UTF-8 to a token: about four letters of a European language, a character and a third of Chinese."""
_FENCES = 24
"""Tokens of what stands around a paragraph."""


def in_sections(
    passages: Sequence[Passage], *, read: Read, tokens: int, without: frozenset[Key] = frozenset()
) -> list[Passage]:
    """The best passages first, then what stands around them, the nearest first, as far as about so many `tokens` reach;
    in sections, the one with the best passage first, each in reading order. At least the best passage is given."""
    hits = list(passages[:HITS])
    given = _Given(left=tokens)
    for hit in hits:
        given.take(hit)
    near = _neighbours(hits, read=read)
    for distance in range(1, AROUND + 1):
        for hit in hits:
            document_id, number = hit.paragraph.key
            for key in ((document_id, number - distance), (document_id, number + distance)):
                if key in near and key not in without:
                    given.take(near[key])
    rank = {hit.paragraph.key: i for i, hit in enumerate(hits)}
    sections = sorted(_runs(given.passages), key=lambda run: min(rank.get(one.paragraph.key, HITS) for one in run))
    return [one for run in sections for one in run]


def tokens_of(passage: Passage) -> int:
    """About how many tokens a paragraph takes in a prompt."""
    return len(passage.paragraph.text.encode()) // _CHARACTERS + _FENCES


@dataclass(slots=True)
class _Given:
    """What was taken so far, and how many tokens are left."""

    left: int
    _taken: dict[Key, Passage] = field(default_factory=dict)

    def take(self, one: Passage) -> None:
        needed = tokens_of(one)
        if one.paragraph.key not in self._taken and (needed <= self.left or not self._taken):
            self._taken[one.paragraph.key] = one
            self.left -= needed

    @property
    def passages(self) -> list[Passage]:
        return [self._taken[key] for key in sorted(self._taken)]


def _neighbours(hits: Sequence[Passage], *, read: Read) -> dict[Key, Passage]:
    """What stands around the hits and says something."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for hit in hits:
        document_id, number = hit.paragraph.key
        wanted[document_id].update(range(max(1, number - AROUND), number + AROUND + 1))
    found = (one for document_id, numbers in wanted.items() for one in read(document_id, sorted(numbers)))
    return {one.paragraph.key: one for one in found if one.paragraph.role not in _NAMES_A_PLACE}


def _runs(passages: Sequence[Passage]) -> Iterator[list[Passage]]:
    """The paragraphs of a document that follow one another, together."""
    run = list(passages[:1])
    for before, one in pairwise(passages):
        if one.paragraph.key != (before.paragraph.document_id, before.paragraph.number + 1):
            yield run
            run = []
        run.append(one)
    if run:
        yield run
