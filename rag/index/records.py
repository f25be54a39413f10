"""Rows and records of an index as nouns, and as the metadata that Chroma keeps of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rag.documents.layout import Layout
from rag.domain import Document, Json, Paragraph, Role, Source
from rag.index.embedder import Vectors
from rag.text.identify import language_of

_TOLD_BY = 60
"""Paragraphs at the beginning of a document that its language is told by."""

LAYOUT = "3"
"""Of rows and records. An index of another layout is rebuilt from the folder, never converted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """What tells an unchanged file at the cost of a stat. `settled` is false where the file was changed so
    shortly before the scan that a later change could carry the same time. When a file was `changed` the system notes
    by itself: a rewrite that gives itself the old time of modification is seen."""

    size: int
    modified_ns: int
    settled: bool = True
    changed_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One document of the index, as committed. `language` is the code of the one that it is in, None where that cannot
    be told."""

    document_id: str
    title: str
    revision: str
    paragraphs: int
    rows: int
    stamp: FileStamp
    date: dt.date | None = None
    author: str | None = None
    warning: str | None = None
    language: str | None = None

    @property
    def source(self) -> Source:
        return Source(title=self.title, revision=self.revision, date=self.date, author=self.author)

    @property
    def prefix(self) -> str:
        return row_prefix(self.document_id, self.revision)

    def json(self) -> Json:
        """As `ibid status --json` lists it."""
        return {
            "document": self.document_id,
            "title": self.title,
            "paragraphs": self.paragraphs,
            "date": self.date.isoformat() if self.date else None,
            "author": self.author,
            "warning": self.warning,
            "revision": self.revision,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A row to be written: a paragraph's `part`-th vector, and the hash of the text it was made from. Pieces of equal
    hashes have equal vectors."""

    paragraph: Paragraph
    part: int
    text_hash: str
    vector: Vectors
    shredding: float


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph's first row as read back for ranking: the paragraph, and the hash of the text its vector is of."""

    paragraph: Paragraph
    shredding: float
    text_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A document to commit with the pieces of all its paragraphs, and with where its words stand on pages."""

    document: Document
    paragraphs: int
    pieces: Sequence[Piece]
    stamp: FileStamp
    warning: str | None = None
    layout: Layout = field(default_factory=Layout)


def row_prefix(document_id: str, revision: str) -> str:
    """What the ids of all rows of a document's revision begin with."""
    return f"{hashlib.sha256(document_id.encode()).hexdigest()[:12]}:{revision[:12]}"


def document_part(prefix: str) -> str:
    """The part of a prefix that all revisions of its document share."""
    return prefix.partition(":")[0]


def row_id(prefix: str, number: int, part: int = 0) -> str:
    """The id of the row of a paragraph's `part`-th vector."""
    return f"{prefix}#{number}/{part}"


def place_of(key: str) -> tuple[str, int]:
    """The prefix of a row id and the number of its paragraph."""
    prefix, _, rest = key.partition("#")
    return prefix, int(rest.partition("/")[0])


def prefix_of(key: str) -> str:
    """The prefix of a row id."""
    return key.partition("#")[0]


def id_of(change: Change, piece: Piece) -> str:
    """The id of the row that a piece of a change becomes."""
    return row_id(row_prefix(change.document.id, change.document.revision), piece.paragraph.number, piece.part)


def row_metadata(change: Change, piece: Piece) -> dict[str, Any]:
    """A row as Chroma keeps it; `paragraph_of` reads it back."""
    paragraph = piece.paragraph
    metadata: dict[str, Any] = {
        "document": paragraph.document_id,
        "revision": change.document.revision[:12],
        "number": paragraph.number,
        "part": piece.part,
        "start": paragraph.start,
        "end": paragraph.end,
        "role": paragraph.role.value,
        "hash": piece.text_hash,
        "shredding": piece.shredding,
    }
    optional = {
        # Here and not as Chroma's document: of those it also makes a trigram index that nothing asks, which takes
        # half the time of a commit (2.0 of 3.8 s for 2,116 paragraphs).
        "text": paragraph.text if piece.part == 0 else None,
        "heading": json.dumps(paragraph.heading, ensure_ascii=False) if paragraph.heading else None,
        "page": paragraph.page,
        "speaker": paragraph.speaker,
        "time": paragraph.time,
    }
    return metadata | {key: value for key, value in optional.items() if value is not None}


def paragraph_of(metadata: Any) -> Paragraph:
    """The paragraph of a first-part row."""
    return Paragraph(
        document_id=metadata["document"],
        number=int(metadata["number"]),
        text=metadata["text"],
        start=int(metadata["start"]),
        end=int(metadata["end"]),
        role=Role(metadata["role"]),
        heading=tuple(json.loads(metadata["heading"])) if "heading" in metadata else (),
        page=metadata.get("page"),
        speaker=metadata.get("speaker"),
        time=metadata.get("time"),
    )


def record_of(change: Change) -> Record:
    """The record that commits a change."""
    document = change.document
    texts = [piece.paragraph.text for piece in change.pieces if piece.part == 0]
    return Record(
        document_id=document.id,
        title=document.title,
        revision=document.revision,
        paragraphs=change.paragraphs,
        rows=len(change.pieces),
        stamp=change.stamp,
        date=document.date,
        author=document.author,
        warning=change.warning,
        language=language_of(texts[:_TOLD_BY]),
    )


def record_metadata(record: Record) -> dict[str, Any]:
    """A record as Chroma keeps it under the document's id; `record_from` reads it back."""
    metadata: dict[str, Any] = {
        "title": record.title,
        "revision": record.revision,
        "paragraphs": record.paragraphs,
        "rows": record.rows,
        "size": record.stamp.size,
        # Chroma keeps integers to 64 bits; nanoseconds since 1970 fit until the year 2262.
        "modified_ns": record.stamp.modified_ns,
        "settled": record.stamp.settled,
        "changed_ns": record.stamp.changed_ns,
    }
    optional = {
        "date": record.date.isoformat() if record.date else None,
        "author": record.author,
        "warning": record.warning,
        "language": record.language,
    }
    return metadata | {key: value for key, value in optional.items() if value is not None}


def record_from(key: str, m: Any) -> Record:
    """The record of the document with this id."""
    return Record(
        document_id=key,
        title=m["title"],
        revision=m["revision"],
        paragraphs=int(m["paragraphs"]),
        rows=int(m["rows"]),
        stamp=FileStamp(
            size=int(m["size"]),
            modified_ns=int(m["modified_ns"]),
            settled=bool(m["settled"]),
            changed_ns=int(m.get("changed_ns", 0)),
        ),
        date=dt.date.fromisoformat(m["date"]) if "date" in m else None,
        author=m.get("author"),
        warning=m.get("warning"),
        language=m.get("language"),
    )
