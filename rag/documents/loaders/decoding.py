"""From bytes to text: byte order mark, then strict UTF-8, then detection, then cp1252 with a warning.

The only file that imports charset-normalizer. Detection comes third because it takes short UTF-8 texts
for East Asian ones.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

from charset_normalizer import from_bytes

from rag.documents.layout import Layout
from rag.domain import Block
from rag.errors import DocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DETECTION_SAMPLE = 65_536
_MOST_CONTROL_CHARACTERS = 0.01


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's text as a person would select it, the blocks its format names, and where its words stand on pages if the
    format knows."""

    text: str
    blocks: Sequence[Block]
    warning: str | None = None
    layout: Layout = field(default_factory=Layout)


def decode(data: bytes) -> tuple[str, str | None]:
    """The text of `data` and a warning where its encoding was guessed. Newlines stay as they are.

    Raises DocumentError where the bytes are not text.
    """
    if not data.strip():
        raise DocumentError("the file is empty")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return _checked(data.decode(encoding)), None
            except UnicodeDecodeError as error:
                raise DocumentError(f"begins as {encoding} but is not: {error.reason} at byte {error.start}") from error
    try:
        return _checked(data.decode("utf-8")), None
    except UnicodeDecodeError:
        return _guess(data)


def _guess(data: bytes) -> tuple[str, str]:
    if b"\0" in data[:_DETECTION_SAMPLE]:
        raise DocumentError("looks like a binary file, not text")
    best = from_bytes(data[:_DETECTION_SAMPLE]).best()
    if best is not None:
        try:
            return _checked(data.decode(best.encoding)), f"read as {best.encoding}: the file is not UTF-8"
        except (UnicodeDecodeError, LookupError):
            pass
    text = _checked(data.decode("cp1252", errors="replace"))
    return text, "read as cp1252 with � for what does not fit: the encoding could not be told"


def _checked(text: str) -> str:
    sample = text[:_DETECTION_SAMPLE]
    control = sum(character < " " and character not in "\t\n\r\f\v" for character in sample)
    if control > _MOST_CONTROL_CHARACTERS * len(sample):
        raise DocumentError("looks like a binary file, not text")
    return text
