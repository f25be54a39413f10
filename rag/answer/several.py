"""A question of several parts: its answer, with what its parts bring by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, zip_longest

from rag.answer.outcomes import noted, possible, with_passages
from rag.domain import Answer, Citation, Confidence, Passage, Statement
from rag.text import terms

_ENDS = " ?.!,;"
_FEW = 2
"""Statements of an answer that can be put in another order; more of them are a list."""


def joined(answer: Answer, asked: Sequence[tuple[str, Answer]]) -> Answer:
    """The answer to a whole question with the best sentence of each part, named as it was asked, that is given as an
    answer by itself and is not in it yet, in the order of the parts. Where the whole was not found these are no more
    than possible: something was not. The parts that nothing was found for are told."""
    parts = [part for _, part in asked]
    together = _together(answer, parts)
    missed = [part for part, found in asked if not (_is_answered(found, together) or _is_told(part, together))]
    if together.abstained or not missed or len(missed) == len(parts):
        return together
    return noted(
        together, f"Nothing certain was found for {' and '.join(f'“{part.rstrip(_ENDS)}”' for part in missed)}."
    )


def _is_answered(part: Answer, together: Answer) -> bool:
    """Whether what answers a part, or may, is among what is shown."""
    return any(_is_in(one, together.statements) for one in part.statements)


def _is_told(part: str, together: Answer) -> bool:
    """Whether one quote holds every word of a part, as a row does that tells both the past year and the next."""
    words = frozenset(terms.content_stems(part))
    told = [frozenset(terms.stems(citation.quote)) for citation in together.citations]
    return len(words) > 1 and any(words <= one for one in told)


def _together(answer: Answer, parts: Sequence[Answer]) -> Answer:
    added: list[Statement] = []
    for part in parts:
        best = part.statements[:1] if part.confidence is Confidence.HIGH else ()
        added += [one for one in best if not _is_in(one, (*answer.statements, *added))]
    statements = [*answer.statements, *added]
    if len(answer.statements) <= _FEW:
        statements.sort(key=lambda one: _place(one, parts))
    if statements == [*answer.statements]:
        return answer
    keys = {citation.paragraph.key for one in added for citation in one.citations}
    shown = with_passages(answer, [one for part in parts for one in part.passages if one.paragraph.key in keys])
    together = replace(shown, statements=tuple(_numbered(statements)), abstained=False)
    return possible(together, together.statements) if added and answer.confidence is not Confidence.HIGH else together


def in_turn(found: Sequence[Sequence[Passage]]) -> list[Passage]:
    """The passages of several searches, the best of each first, each paragraph once."""
    ordered = [one for rank in zip_longest(*found) for one in rank if one is not None]
    return list({one.paragraph.key: one for one in reversed(ordered)}.values())[::-1]


def _place(statement: Statement, parts: Sequence[Answer]) -> int:
    """The first part that it answers."""
    return next((i for i, part in enumerate(parts) if _is_in(statement, part.statements[:1])), 0)


def _is_in(statement: Statement, statements: Sequence[Statement]) -> bool:
    """Whether it quotes words that one of them quotes."""
    return any(_overlap(one, other) for one in statement.citations for said in statements for other in said.citations)


def _overlap(one: Citation, other: Citation) -> bool:
    return one.paragraph.key == other.paragraph.key and one.start < other.end and other.start < one.end


def _numbered(statements: Sequence[Statement]) -> Iterator[Statement]:
    """With marks in their order; which of them disagree is told of one question only."""
    marks = count(1)
    for one in statements:
        citations = tuple(replace(citation, mark=next(marks)) for citation in one.citations)
        yield replace(one, citations=citations, conflicts_with=())
