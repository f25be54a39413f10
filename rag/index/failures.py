"""Which files the last ingest could not read, and why: a small file beside the index, for who asks later.

It tells people, and saves reading the same bytes again to no avail. A file that is missing or torn means that nothing
is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.home import write_whole
from rag.index.chroma import translated
from rag.index.records import FileStamp

NAME = "failed.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a file could not be read, and what was there: its stamp, and the revision of its bytes. The revision is None
    where no byte was read, so that only another look can tell."""

    reason: str
    stamp: FileStamp
    revision: str | None = None


def write_failures(index: Path, failures: Mapping[str, Failure]) -> None:
    """Keep the failures by document id, in place of those of the ingest before."""
    path = index / NAME
    with translated(index):
        write_whole(path, json.dumps({key: asdict(one) for key, one in sorted(failures.items())}).encode())


def read_failures(index: Path) -> dict[str, Failure]:
    """The failures by document id; empty where nothing is known."""
    try:
        told = json.loads((index / NAME).read_text("utf-8"))
        return {str(key): Failure(**one | {"stamp": FileStamp(**one["stamp"])}) for key, one in told.items()}
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        return {}
