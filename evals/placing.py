"""Gold that is given as text alone, found in the documents as they are: the exact slice that holds it.

Tools cut and clean texts in ways of their own, so words are compared, not spaces, case or punctuation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import regex

from evals.cases import Corpus
from evals.domain import Case, Gold
from rag.domain import Paragraph, document_name

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_ENDING = regex.compile(r"[.!?…”’\"')\]%]*")


@dataclass(frozen=True)
class _Words:
    """The words of a text in one row, and where each stands in it."""

    text: str

    @cached_property
    def found(self) -> Sequence[regex.Match[str]]:
        return list(_WORD.finditer(self.text))

    @cached_property
    def row(self) -> str:
        return _row(match.group() for match in self.found)

    def slice_with(self, row: str) -> str | None:
        """The piece of the text whose words are this row, with the marks that end it; None where there is none."""
        at = self.row.find(row)
        if at < 0:
            return None
        first = self.row.count(" ", 0, at)
        last = first + row.count(" ") - 2
        end = self.found[last].end()
        return self.text[self.found[first].start() : next(_ENDING.finditer(self.text, end)).end()]


def placed(cases: Iterable[Case], *, corpus: Corpus) -> list[Case]:
    """The cases with their gold placed: one that names no document gets every document whose text holds its words, and
    the slice that does. One that stands nowhere stays as it is."""
    given = list(cases)
    if all(gold.document for case in given for gold in case.gold):
        return given
    texts = {document: _Words(_text(paragraphs)) for document, paragraphs in corpus.items()}
    return [
        replace(case, gold=tuple(one for gold in case.gold for one in _places(gold, texts=texts))) for case in given
    ]


def _places(gold: Gold, *, texts: dict[str, _Words]) -> list[Gold]:
    row = _row(match.group() for match in _WORD.finditer(gold.quote or ""))
    if gold.document or not row.strip():
        return [gold]
    found = [(document, words.slice_with(row)) for document, words in texts.items()]
    return [
        replace(gold, document=document_name(document), quote=piece) for document, piece in found if piece is not None
    ] or [gold]


def _row(words: Iterable[str]) -> str:
    return " " + "".join(f"{word.casefold()} " for word in words)


def _text(paragraphs: Sequence[Paragraph]) -> str:
    """The text of a document with nothing but spaces between its paragraphs, each where it stands."""
    pieces, at = [], 0
    for paragraph in paragraphs:
        pieces += [" " * (paragraph.start - at), paragraph.text]
        at = paragraph.end
    return "".join(pieces)
