"""Paragraphs as the pieces that are embedded: what fits the embedder at once, under the words that name its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from rag.documents.context import context_of
from rag.domain import Paragraph
from rag.index.embedder import Embedder
from rag.index.records import row_id
from rag.index.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A paragraph's `part`-th piece that fits the embedder; `text` is what is embedded, its context in front."""

    paragraph: Paragraph
    part: int
    text: str
    shredding: float

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def windows_of(title: str, paragraphs: Sequence[Paragraph], embedder: Embedder) -> Iterator[Window]:
    """The windows of a document's paragraphs, in order. The same paragraphs always give the same ones."""
    contexts = [context_of(title, paragraph) for paragraph in paragraphs]
    clipped = {context: embedder.clipped(context) for context in set(contexts)}
    prefixes = [f"{clipped[context]}\n" if clipped[context] else "" for context in contexts]
    cuts = embedder.cut([paragraph.text for paragraph in paragraphs], prefixes)
    for paragraph, prefix, cut in zip(paragraphs, prefixes, cuts, strict=True):
        for part, span in enumerate(cut.windows):
            yield Window(paragraph=paragraph, part=part, text=prefix + span.of(paragraph.text), shredding=cut.shredding)


def windows_lacking(store: Store, lacking: Mapping[str, AbstractSet[str]], embedder: Embedder) -> Iterator[Window]:
    """The windows with these hashes, each text once, of the documents that hold them (see `Store.lacking`)."""
    records = store.records()
    done: set[str] = set()
    for document_id, hashes in sorted(lacking.items()):
        record = records[document_id]
        keys = [row_id(record.prefix, number) for number in range(1, record.paragraphs + 1)]
        paragraphs = sorted(store.paragraphs(keys).values(), key=lambda paragraph: paragraph.number)
        for window in windows_of(record.title, paragraphs, embedder):
            if window.hash in hashes and window.hash not in done:
                done.add(window.hash)
                yield window


def in_groups(windows: Iterator[Window], size: int) -> Iterator[list[Window]]:
    """The windows in order, `size` at a time."""
    group: list[Window] = []
    for one in windows:
        group.append(one)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
