"""Where else the text stands that an answer quotes: the same file twice, a paragraph taken over word for word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from rag.domain import Answer, Citation, Key, Statement

MOST = 10
"""Documents that a citation names besides its own: what stands in more of them is a line of a form."""

Elsewhere = Callable[[Citation], Sequence[Key]]


def with_other_places(grown: Iterable[Answer], elsewhere: Elsewhere, scope: frozenset[str] | None) -> Iterator[Answer]:
    """The answers as they grow, each citation with the other documents of the scope that have its text."""
    known: dict[tuple[Key, str], tuple[Key, ...]] = {}

    def placed(citation: Citation) -> Citation:
        key = citation.paragraph.key, citation.source.revision
        if key not in known:
            known[key] = tuple(one for one in elsewhere(citation) if scope is None or one[0] in scope)[:MOST]
        return replace(citation, also=known[key]) if known[key] else citation

    def told(statement: Statement) -> Statement:
        return replace(statement, citations=tuple(map(placed, statement.citations)))

    for answer in grown:
        yield replace(answer, statements=tuple(map(told, answer.statements)))
