"""What changed between two versions of a document: the sentences that only one of them has, side by side.

Nothing is judged: a sentence of the one that stands in the other word for word has not changed, every other has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import regex

from rag.answer.verify import settle
from rag.documents.context import display
from rag.documents.front_matter import is_front_matter
from rag.domain import Answer, Passage, Role, Source, Span, Statement
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


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of one of the versions, and its words, by which it is compared."""

    passage: Passage
    span: Span

    @property
    def words(self) -> tuple[str, ...]:
        """Without the number of a clause, which moves where one is put in before it."""
        text = self.span.shifted(-self.passage.paragraph.start).of(self.passage.paragraph.text)
        return tuple(_WORD.findall(regex.sub(r"^\W*\d+(?:[.)]\d*)*\s", "", text).casefold()))


@dataclass(frozen=True, slots=True)
class Change:
    """What only the older version says, only the newer one, or both, each otherwise."""

    before: Sentence | None
    now: Sentence | None

    @property
    def told(self) -> Iterator[tuple[str, Sentence]]:
        if self.before is not None:
            yield ("Until then:" if self.now is not None else "No longer:"), self.before
        if self.now is not None:
            yield ("Now:" if self.before is not None else "New:"), self.now


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
    statements = []
    for mark, (lead, sentence) in enumerate(shown, start=1):
        citation = sentence.passage.cited(sentence.span, mark)
        statements.append(settle(Statement(text=display(citation.quote), citations=(citation,), lead=lead)))
    return Answer(
        question=question,
        searched_for=(question,),
        statements=tuple(statements),
        passages=tuple({one.passage.paragraph.key: one.passage for _, one in shown}.values()),
        abstained=not told,
        notice=_notice(older[0].source, newer[0].source, shown=len(shown), all_told=len(told)),
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
        one
        for passage in passages
        if passage.paragraph.role not in _SILENT and not is_front_matter(passage.paragraph)
        for span in split_units(passage.paragraph.text)
        if (one := Sentence(passage, span.shifted(passage.paragraph.start))).words
    ]


def _changes(older: Sequence[Sentence], newer: Sequence[Sentence]) -> Iterator[Change]:
    stays = {one.words for one in older} & {one.words for one in newer}
    gone = [one for one in older if one.words not in stays]
    for sentence in newer:
        if sentence.words in stays:
            continue
        before = max(gone, key=lambda one: _likeness(one, sentence), default=None)
        if before is not None and _likeness(before, sentence) >= ALIKE:
            gone.remove(before)
            yield Change(before, sentence)
        else:
            yield Change(None, sentence)
    yield from (Change(one, None) for one in gone)


def _likeness(one: Sentence, other: Sentence) -> float:
    return SequenceMatcher(None, one.words, other.words, autojunk=False).ratio()
