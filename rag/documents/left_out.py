"""Files that lie among the documents and are none: which they are, and in plain words why.

Where a name says it, the file is not opened: nobody waits for a film.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from rag.documents.loaders.formats import ending_of, is_document
from rag.documents.loaders.kinds import is_document_within
from rag.domain import Json, document_name
from rag.plugged import NOTHING_PLUGGED, Plugged

_KINDS: Mapping[str, str] = {
    "a picture": "jpg jpeg jpe png gif bmp tif tiff webp heic heif avif svg ico psd ai eps raw cr2 cr3 nef arw dng xcf",
    "music": "mp3 m4a aac wav flac ogg oga opus wma aif aiff mid midi amr",
    "a film": "mp4 m4v mov avi mkv webm wmv flv mpg mpeg 3gp vob",
    "an archive": "zip tar gz tgz bz2 tbz xz txz 7z rar zst iso dmg cab",
    "a program": "exe msi dll so dylib app apk deb rpm jar war class pyc wasm bin com bat cmd ipynb",
    "data": "parquet db sqlite sqlite3 mdb accdb pickle npy npz",
    "a font": "ttf otf woff woff2 eot",
}

_BETTER_AS: Mapping[str, str] = {
    "docx": "dotm",
    "pdf": "oxps",
    "eml": "pst emlx",
    "epub": "fb2 lit",
    "html": "mht mhtml webarchive",
}
"""Formats that a document can be saved in, for those that it may come in."""

_PUT_THERE_BY_PROGRAMS = ("thumbs.db", "desktop.ini", "__macosx")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that no loader reads, and why: "a picture", "save as .docx"."""

    document_id: str
    reason: str

    def __str__(self) -> str:
        return f"{document_name(self.document_id)} ({self.reason})"

    def json(self) -> Json:
        return {"document": self.document_id, "reason": self.reason}


def is_hidden(name: str) -> bool:
    """Whether a file is not meant to be seen: hidden by its name, or a program's own, such as Word keeps of an open
    document."""
    return name.startswith((".", "~$")) or name.lower() in _PUT_THERE_BY_PROGRAMS


def reason_for(name: str) -> str:
    """Why a file with this name, which no loader reads, is left out."""
    ending = ending_of(name)
    unknown = f"an unknown format, {ending}" if ending else "no ending in its name, and no text to read"
    return _reason_in_name(name) or unknown


def is_none_by_name(name: str) -> bool:
    """Whether its name says that a file is no document, so that it need not be opened."""
    return _reason_in_name(name) is not None


def is_one_to_read(name: str, file: BinaryIO, plugged: Plugged = NOTHING_PLUGGED) -> bool:
    """Whether an open file is a document, read or to be told why it is not: by its name, and where that does not say
    it, by what it holds. Raises OSError."""
    return is_document(name, plugged) or (not is_none_by_name(name) and is_document_within(file, name))


def _reason_in_name(name: str) -> str | None:
    ending = ending_of(name).removeprefix(".")
    better = next((better for better, endings in _BETTER_AS.items() if ending in endings.split()), None)
    if better:
        return f"save as .{better}"
    return next((kind for kind, endings in _KINDS.items() if ending in endings.split()), None)
