"""Which files the last ingest could not read, and why: a small file beside the index, for who asks later.

It only tells; a file that is missing or torn means that nothing is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rag.index.chroma import translated

NAME = "failed.json"


def write_failures(index: Path, reasons: Mapping[str, str]) -> None:
    """Keep the reasons by document id, in place of those of the ingest before."""
    path = index / NAME
    half = path.with_suffix(".new")
    with translated(index):
        half.write_text(json.dumps(dict(sorted(reasons.items()))), "utf-8")
        half.replace(path)


def read_failures(index: Path) -> dict[str, str]:
    """The reasons by document id; empty where nothing is known."""
    try:
        return {str(key): str(reason) for key, reason in json.loads((index / NAME).read_text("utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}
