"""Pages that were drawn, kept in a small file each beside the index, so that the next look at one takes no time.

What is kept here can be drawn again: a file that is missing, torn or cannot be written is no error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.documents.page_image import PageImage
from rag.home import write_whole

_HEAD = b"ibid page 1\n"
"""What each file begins with, before a line of JSON and the picture: a file of another number is not read, so raise it
when pages are drawn in another way."""

MOST_BYTES = 200_000_000
"""Of all pages of a folder together: about two thousand. Those go first that nobody has looked at for longest."""


@dataclass(frozen=True, slots=True)
class PageImages:
    """The pages in a folder, by the revision of their document and their number."""

    folder: Path
    most_bytes: int = MOST_BYTES

    def read(self, revision: str, number: int) -> PageImage | None:
        """What is kept; None where nothing is, or nothing that can be read."""
        path = self._path(revision, number)
        try:
            image = _unpacked(path.read_bytes())
            os.utime(path)
        except (OSError, ValueError, TypeError):
            return None
        return image

    def write(self, revision: str, number: int, image: PageImage) -> None:
        """Keep a page, if it can be done."""
        path = self._path(revision, number)
        with suppress(OSError):
            self.folder.mkdir(exist_ok=True)
            write_whole(path, _packed(image))
            self._make_room()

    def keep_only(self, revisions: Collection[str]) -> None:
        """Delete the pages of all other revisions. Raises OSError."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if path.stem.rpartition("@")[0] not in revisions:
                path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        total = 0
        for path in sorted(self.folder.iterdir(), key=lambda one: -one.stat().st_mtime_ns):
            total += path.stat().st_size
            if total > self.most_bytes:
                path.unlink(missing_ok=True)

    def _path(self, revision: str, number: int) -> Path:
        return self.folder / f"{revision}@{number}.page"


def _packed(image: PageImage) -> bytes:
    facts = {"width": image.width, "height": image.height, "pages": image.pages, "bytes": len(image.webp)}
    return _HEAD + json.dumps(facts).encode() + b"\n" + image.webp


def _unpacked(data: bytes) -> PageImage:
    """Raises ValueError for what is not as it was written."""
    head, _, webp = data.removeprefix(_HEAD).partition(b"\n")
    facts = json.loads(head) if data.startswith(_HEAD) else {}
    if facts.pop("bytes", None) != len(webp):
        raise ValueError("the picture is torn")
    return PageImage(webp=webp, **facts)
