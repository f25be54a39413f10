"""The formats that are read: how people call them, how their files end, which version of its loader made a revision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import PurePosixPath

from rag.plugged import NOTHING_PLUGGED, Plugged


class Kind(StrEnum):
    PLAIN = auto()
    MARKDOWN = auto()
    PDF = auto()
    DOCX = auto()
    HTML = auto()
    ODT = auto()
    RTF = auto()
    EPUB = auto()
    PPTX = auto()
    SHEETS = auto()
    DELIMITED = auto()
    MAIL = auto()
    MAILBOX = auto()
    JSON = auto()
    JSON_LINES = auto()
    CODE = auto()
    LOG = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """`version` is part of the revision of its documents, so that a better loader makes them be read anew, and no
    others; text and Markdown have the parser's version alone. `is_text` where a person can read the bytes."""

    words: str
    endings: tuple[str, ...]
    version: str = "1"
    is_text: bool = False


def _endings(names: str) -> tuple[str, ...]:
    return tuple(f".{name}" for name in names.split())


FORMATS: Mapping[Kind, Format] = {
    Kind.PLAIN: Format(words="text", endings=_endings("txt text rst adoc org tex srt vtt"), version="", is_text=True),
    Kind.MARKDOWN: Format(words="Markdown", endings=_endings("md markdown"), version="", is_text=True),
    Kind.PDF: Format(words="PDF", endings=_endings("pdf"), version="3"),
    Kind.DOCX: Format(words="Word", endings=_endings("docx docm dotx"), version="2"),
    Kind.ODT: Format(words="OpenDocument", endings=_endings("odt ott")),
    Kind.RTF: Format(words="RTF", endings=_endings("rtf")),
    Kind.HTML: Format(words="web pages", endings=_endings("html htm xhtml"), version="3", is_text=True),
    Kind.EPUB: Format(words="EPUB", endings=_endings("epub"), version="3"),
    Kind.PPTX: Format(words="PowerPoint", endings=_endings("pptx pptm ppsx")),
    Kind.SHEETS: Format(words="spreadsheets", endings=_endings("xlsx xlsm xlsb xls ods"), version="2"),
    Kind.DELIMITED: Format(words="CSV", endings=_endings("csv tsv tab"), version="2", is_text=True),
    Kind.MAIL: Format(words="e-mail", endings=_endings("eml"), version="3", is_text=True),
    Kind.MAILBOX: Format(words="mailboxes", endings=_endings("mbox"), version="3", is_text=True),
    Kind.JSON: Format(words="JSON", endings=_endings("json geojson"), is_text=True),
    Kind.JSON_LINES: Format(words="JSON Lines", endings=_endings("jsonl ndjson"), is_text=True),
    Kind.CODE: Format(
        words="source code",
        endings=_endings(
            "py js mjs ts tsx jsx java kt scala c h cc cpp hpp cs go rs rb php swift sh bash ps1 sql r lua pl css scss"
            " vue xml yaml yml toml ini cfg conf properties"
        ),
        is_text=True,
    ),
    Kind.LOG: Format(words="logs", endings=_endings("log"), is_text=True),
}

INSTEAD: Mapping[str, str] = {
    **dict.fromkeys((".doc", ".dot", ".wps", ".wpd", ".pages"), "save it as .docx"),
    **dict.fromkeys((".ppt", ".pps", ".odp", ".key"), "save it as .pptx or PDF"),
    **dict.fromkeys((".numbers",), "export it as .xlsx or CSV"),
    **dict.fromkeys((".msg",), "save it as .eml"),
    **dict.fromkeys((".mobi", ".azw", ".azw3"), "convert it to EPUB"),
    **dict.fromkeys((".djvu", ".xps", ".ps"), "convert it to PDF"),
}
"""What becomes of documents that are not read: the next step by their ending."""

_OF_ENDING: Mapping[str, Kind] = {ending: kind for kind, one in FORMATS.items() for ending in one.endings}


_ENDING = re.compile(r"\.(?!\d+$)\S+")
"""What follows the last dot of a name, unless that is a number or words: "report.2024", "Minutes of 3. May"."""


def ending_of(name: str) -> str:
    """With its dot, in small letters; empty where a name has none."""
    ending = PurePosixPath(name).suffix.lower()
    return ending if _ENDING.fullmatch(ending) else ""


def kind_named(name: str) -> Kind | None:
    """The format that a file's ending stands for."""
    return _OF_ENDING.get(ending_of(name))


def is_document(name: str, plugged: Plugged = NOTHING_PLUGGED) -> bool:
    """Whether a file's ending is one of a document: read, or to be told why it is not."""
    return ending_of(name) in _OF_ENDING or ending_of(name) in INSTEAD or plugged.reader_of(name) is not None


def _listed() -> str:
    *words, last = (one.words for one in FORMATS.values())
    return f"{', '.join(words)} and {last}"


READS = f"Ibid reads {_listed()}"
"""The one sentence for every door."""
