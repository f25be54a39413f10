"""What changed between two versions of a document: the sentences that only one of them has, side by side.

Nothing is judged: a sentence of the one that stands in the other word for word has not changed, every other has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import regex

from rag.answer.central import Telling
from rag.answer.verify import quotation
from rag.documents.front_matter import is_front_matter
from rag.domain import Answer, Passage, Role, Source
from rag.index.records import Record
from rag.search.filing import filed, is_later, untimed
from rag.text.units import split_units

MOST_TOLD = 24
"""Sentences in one answer."""

ALIKE = 0.5
"""How alike two sentences are (difflib's ratio over words) from which on the one is taken for what became of the
other."""

_SILENT = (Role.TITLE, Role.HEADING, Role.BOILERPLATE, Role.BYLINE, Role.COMMENT)
_WORD = regex.compile(r"[\p{L}\p{N}]+")
_NUMBER = regex.compile(r"^\W*\d+(?:[.)]\d*)*\s")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of one of the versions, and its words, by which it is compared: without the number of a clause, which
    moves where one is put in before it."""

    telling: Telling
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What only the older version says, only the newer one, or both, each otherwise."""

    before: Sentence | None
    now: Sentence | None

    @property
    def told(self) -> Iterator[tuple[str, Telling]]:
        if self.before is not None:
            yield ("Until then:" if self.now is not None else "No longer:"), self.before.telling
        if self.now is not None:
            yield ("Now:" if self.before is not None else "New:"), self.now.telling


def versions_among(records: Sequence[Record]) -> tuple[Record, Record] | None:
    """The two newest versions of one document, the older first; None where there are none among these, or versions of
    several documents."""
    titles = [untimed(record.title) for record in records]
    several = {title for title in titles if titles.count(title) > 1}
    if len(several) != 1:
        return None
    versions = [record for record, title in zip(records, titles, strict=True) if title in several]
    ordered = sorted(versions, key=lambda one: sum(is_later(filed(one), filed(other)) for other in versions))
    older, newer = ordered[-2:]
    return (older, newer) if is_later(filed(newer), filed(older)) else None


def changes(question: str, *, older: Sequence[Passage], newer: Sequence[Passage]) -> Answer:
    """The sentences that differ between two versions, in the order of the newer one; those of the older one alone come
    last."""
    found = list(_changes(_sentences(older), _sentences(newer)))
    told = [(lead, one) for change in found for lead, one in change.told]
    shown = told[:MOST_TOLD]
    statements = [
        quotation(one.passage.cited(one.span, mark), lead=lead) for mark, (lead, one) in enumerate(shown, start=1)
    ]
    return Answer(
        question=question,
        searched_for=(question,),
        statements=tuple(statements),
        passages=tuple({one.passage.paragraph.key: one.passage for _, one in shown}.values()),
        abstained=not told,
        notice=_notice(older[0].source, newer[0].source, shown=len(shown), all_told=len(told)),
        named=tuple(passages[0].paragraph.document_id for passages in (older, newer)),
    )


def _notice(older: Source, newer: Source, *, shown: int, all_told: int) -> str:
    both = f"“{older.title}” and “{newer.title}”"
    if not all_told:
        return f"{both} say the same, word for word."
    if shown < all_told:
        return f"{shown} of {all_told} sentences that are not the same in {both}."
    return f"What is not the same in {both}, word for word."


def _sentences(passages: Sequence[Passage]) -> list[Sentence]:
    return [
        Sentence(Telling(passage, span.shifted(passage.paragraph.start)), words)
        for passage in passages
        if passage.paragraph.role not in _SILENT and not is_front_matter(passage.paragraph)
        for span in split_units(passage.paragraph.text)
        if (words := _words(span.of(passage.paragraph.text)))
    ]


def _words(sentence: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(_NUMBER.sub("", sentence).casefold()))


def _changes(older: Sequence[Sentence], newer: Sequence[Sentence]) -> Iterator[Change]:
    stays = {one.words for one in older} & {one.words for one in newer}
    gone = [one for one in older if one.words not in stays]
    for sentence in newer:
        if sentence.words in stays:
            continue
        before = _most_alike(sentence, gone)
        if before is not None:
            gone.remove(before)
        yield Change(before, sentence)
    yield from (Change(one, None) for one in gone)


def _most_alike(sentence: Sentence, others: Sequence[Sentence]) -> Sentence | None:
    """The first of those that are most like it; None where none is alike."""
    matcher = SequenceMatcher(None, (), sentence.words, autojunk=False)
    found, most = None, ALIKE
    for one in others:
        matcher.set_seq1(one.words)
        # Two bounds that cost little leave few to be compared in order.
        if matcher.real_quick_ratio() < most or matcher.quick_ratio() < most:
            continue
        likeness = matcher.ratio()
        if likeness > most or (found is None and likeness == most):
            found, most = one, likeness
    return found
