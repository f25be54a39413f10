"""The nouns are what they are annotated to be."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from typing import Any

import pytest
from pydantic import TypeAdapter

from rag import domain
from rag.index.records import Record

NOUNS = [noun for _, noun in inspect.getmembers(domain, is_dataclass) if noun.__module__ == domain.__name__]


@pytest.mark.parametrize("noun", [*NOUNS, Record], ids=lambda noun: noun.__name__)
def test_the_types_of_a_noun_can_be_read(noun: Any) -> None:
    """A field that is called as its type is, and has a default, hides the type from whoever reads annotations."""
    assert TypeAdapter(noun).json_schema()
