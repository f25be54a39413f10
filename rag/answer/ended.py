"""Documents that say of themselves that they hold no more: "Superseded", "This policy was withdrawn"."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from rag.documents.context import display
from rag.domain import Paragraph, Role
from rag.text import language
from rag.text.units import split_units

BEGINNING = range(1, 7)
"""The paragraphs in which a document says what it is."""

_ENDED = regex.compile(language.pattern("versions.ended"), regex.IGNORECASE)
_FORMER = regex.compile(rf"\b{language.pattern('questions.former')}\b", regex.IGNORECASE)
_LONGEST = 200
"""Letters of a sentence by which a document says so; longer ones tell a story."""


def said_end(paragraphs: Sequence[Paragraph]) -> str | None:
    """What a document says in its first paragraphs of its own end, "Status: withdrawn"; None where it says nothing."""
    own = [one.text for one in paragraphs if one.role is not Role.COMMENT]
    said = (span.of(text) for text in own for span in split_units(text) if len(span) <= _LONGEST)
    return next((display(one) for one in said if _ENDED.search(one)), None)


def asks_for_the_former(question: str) -> bool:
    """Whether it asks for what was, "before the new rules": there what has ended is meant."""
    return _FORMER.search(question) is not None
