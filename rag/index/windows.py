"""Paragraphs as the pieces that are embedded: what fits the embedder at once, under the words that name its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.documents.paragraphs import context_of
from rag.domain import Paragraph
from rag.index.embedding import MiniLM


@dataclass(frozen=True, slots=True)
class Window:
    """A paragraph's `part`-th piece that fits the embedder; `text` is what is embedded, its context in front."""

    paragraph: Paragraph
    part: int
    text: str
    shredding: float

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def windows_of(title: str, paragraphs: Sequence[Paragraph], embedder: MiniLM) -> Iterator[Window]:
    """The windows of a document's paragraphs, in order. The same paragraphs always give the same ones."""
    contexts = [context_of(title, paragraph) for paragraph in paragraphs]
    clipped = {context: embedder.clipped(context) for context in set(contexts)}
    prefixes = [f"{clipped[context]}\n" if clipped[context] else "" for context in contexts]
    cuts = embedder.cut([paragraph.text for paragraph in paragraphs], prefixes)
    for paragraph, prefix, cut in zip(paragraphs, prefixes, cuts, strict=True):
        for part, span in enumerate(cut.windows):
            yield Window(paragraph, part, prefix + span.of(paragraph.text), cut.shredding)
