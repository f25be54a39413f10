"""The nouns are what they are annotated to be."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from rag import domain
from rag.index.records import Record

NOUNS = [noun for _, noun in inspect.getmembers(domain, is_dataclass) if noun.__module__ == domain.__name__]


PIECES = st.text(st.sampled_from("ab1 \t\n"), max_size=8)


@given(PIECES, PIECES.filter(str.strip), PIECES)
def test_what_is_bold_in_a_quote_is_bold_in_what_is_shown_of_it(before: str, words: str, after: str) -> None:
    quote = before + words + after
    paragraph = domain.Paragraph(
        document_id="documents/a.md", number=1, text=quote, start=7, end=7 + len(quote), role=domain.Role.BODY
    )
    told = domain.Span(7 + len(before), 7 + len(before + words))
    source = domain.Source(title="A", revision="1")
    citation = domain.Citation(mark=1, paragraph=paragraph, source=source, start=7, end=7 + len(quote), bold=told)
    statement = domain.Statement(text=" ".join(quote.split()), citations=(citation,))
    assert statement.bold is not None
    assert statement.bold.of(statement.text).split() == words.split()
    assert domain.Statement(text="Something else.", citations=(citation,)).bold is None


@pytest.mark.parametrize("noun", [*NOUNS, Record], ids=lambda noun: noun.__name__)
def test_the_types_of_a_noun_can_be_read(noun: Any) -> None:
    """A field that is called as its type is, and has a default, hides the type from whoever reads annotations."""
    assert TypeAdapter(noun).json_schema()
