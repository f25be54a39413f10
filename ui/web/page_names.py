"""What a fetched page is called as a file: by its title, and with the ending of what its server says it is."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import regex

from rag.documents.loaders.formats import Kind, ending_of, is_document, kind_named
from rag.documents.loaders.html.loading import page_text
from rag.errors import DocumentError
from rag.plugged import Plugged

_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_ENDINGS: Mapping[str, str] = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "application/pdf": ".pdf",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/rtf": ".rtf",
    "application/rtf": ".rtf",
    "application/epub+zip": ".epub",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/mbox": ".mbox",
    "message/rfc822": ".eml",
    "application/xml": ".xml",
    "text/xml": ".xml",
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.presentationml.presentation": ".pptx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    f"{_OPEN}.text": ".odt",
    f"{_OPEN}.spreadsheet": ".ods",
}
_PICTURES = ("image", "audio", "video", "font")
_TITLE = regex.compile(r"<title\b[^>]{0,200}>([^<]{1,1000})<", regex.IGNORECASE)
_TITLE_WITHIN = 200_000  # letters; scripts may stand before it
_LONGEST = 120


def page_ending(kind: str, name: str, plugged: Plugged) -> str | None:
    """The ending of a file of the content type `kind`, which a server calls `name`; None where it is no document.

    What a server knows no better than as text, or as bytes, is what its name says.
    """
    named = ending_of(name) if is_document(name, plugged) else None
    ending = _ENDINGS.get(kind) or (".json" if kind.endswith("+json") else ".xml" if kind.endswith("+xml") else None)
    if kind.partition("/")[0] in _PICTURES:
        return None
    if ending is not None:
        return named if named and kind_named(name) is _kind(ending) else ending
    return named or (".txt" if kind.startswith("text/") else None)


def page_name(data: bytes, *, ending: str, name: str, address: str) -> str:
    """What the file is called: by the title of a web page, else as its server calls it, else by its address."""
    title = _title(data) if _kind(ending) is Kind.HTML else ""
    host_and_path = regex.sub("[:/]", " ", "".join(urlsplit(address)[1:3]))
    stem = title or PurePosixPath(name).stem or unquote(host_and_path)
    # As document ids are composed.
    return unicodedata.normalize("NFC", " ".join(stem.split())[:_LONGEST]).strip(" .") + ending


def _kind(ending: str) -> Kind | None:
    return kind_named(f"page{ending}")


def _title(data: bytes) -> str:
    try:
        found = _TITLE.search(page_text(data)[0][:_TITLE_WITHIN])
    except DocumentError:
        return ""
    return html.unescape(found[1]) if found else ""
