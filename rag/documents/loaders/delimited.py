"""CSV and TSV: tables as text, by whichever separator their lines agree on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from rag.documents.loaders.decoding import decode
from rag.documents.loaders.loaded import Loaded, assembled
from rag.documents.loaders.rows import Row, pieces_of_rows
from rag.errors import DocumentError

_SEPARATORS = ",;\t|"
_SAMPLE = 50  # lines
_LARGEST_CELL = 10_000_000  # characters


def load_delimited(data: bytes) -> Loaded:
    """Raises DocumentError where the bytes are no text or the quotes never end."""
    text, warning = decode(data)
    named, text = _named_separator(text)
    return assembled(pieces_of_rows(_rows(text, named or _separator(text))), warning)


def _named_separator(text: str) -> tuple[str, str]:
    """Excel's first line `sep=;`, and the text without it."""
    first, _, rest = text.partition("\n")
    return (first.strip()[4:5], rest) if first.strip().lower().startswith("sep=") else ("", text)


def _separator(text: str) -> str:
    """The one that stands equally often in the most lines."""
    lines = [line for line in text.splitlines()[:_SAMPLE] if line.strip()]

    def agreement(separator: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0, usual)

    try:
        return max(_SEPARATORS, key=agreement)
    except csv.Error:
        return ","


def _rows(text: str, separator: str) -> Iterator[Row]:
    csv.field_size_limit(_LARGEST_CELL)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error as error:
        raise DocumentError(f"cannot be read as a table: {error}") from error
