"""From bytes to text: byte order mark, strict UTF-8, then the likeliest encoding with a warning."""

from __future__ import annotations

import codecs

from rag.documents.loaders.codepages import likeliest, likeliest_wide
from rag.errors import DocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_USUAL = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
}
_SAMPLE = 65_536
_MOST_CONTROL_CHARACTERS = 0.01
_MOST_NULS = 8  # what old programs and torn writes leave at a text's end
_CONTROL = bytes(byte for byte in range(32) if chr(byte) not in "\t\n\r\f\v")


def usual_name(name: str) -> str:
    """The encoding that browsers and mail programs mean by a name: programs write what it stands for, with more
    characters than it has."""
    return _USUAL.get(name.lower(), name)


def decode(data: bytes) -> tuple[str, str | None]:
    """The text of `data` and a warning where its encoding was guessed or characters were left out. Newlines stay as
    they are.

    Raises DocumentError where the bytes are not text.
    """
    if not data.strip(b" \t\r\n\f\v\0"):
        raise DocumentError("the file is empty")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return _without_nul(data.decode(encoding), None)
            except UnicodeDecodeError as error:
                raise DocumentError(f"begins as {encoding} but is not: {error.reason} at byte {error.start}") from error
    return _without_mark(data)


def _without_mark(data: bytes) -> tuple[str, str | None]:
    sample = data[:_SAMPLE]
    if len(sample) - len(sample.translate(None, _CONTROL)) > _MOST_CONTROL_CHARACTERS * len(sample):
        wide = likeliest_wide(data)
        if wide is not None:
            return _decoded(data, wide)
    try:
        return _without_nul(data.decode("utf-8"), None)
    except UnicodeDecodeError:
        return _decoded(data, likeliest(data) or "cp1252")


def _decoded(data: bytes, encoding: str) -> tuple[str, str | None]:
    """Text in an encoding that was guessed from its beginning; what does not fit further down becomes �."""
    text = data.decode(encoding, errors="replace")
    marks = " with � for what does not fit" if "�" in text else ""
    return _without_nul(text, f"read as {encoding}{marks}: the file does not say its encoding")


def _without_nul(text: str, warning: str | None) -> tuple[str, str | None]:
    """Text without NUL characters, which no store takes. Raises DocumentError where it has so many control characters
    that it is none."""
    sample, count = text[:_SAMPLE], text.count("\0")
    control = sum(character < " " and character not in "\t\n\r\f\v" for character in sample)
    if control - min(count, _MOST_NULS) > _MOST_CONTROL_CHARACTERS * len(sample):
        raise DocumentError("looks like a binary file, not text")
    if not count:
        return text, warning
    left_out = f"{count} NUL character{'s were' if count > 1 else ' was'} left out"
    return text.replace("\0", ""), f"{warning}; {left_out}" if warning else left_out
