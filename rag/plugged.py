"""LlamaIndex readers that somebody plugs in, for files that Ibid does not read itself: which endings, and in which
versions. None is imported here, that is for the process that reads with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

_ENDING = re.compile(r"\.[^\s./\\]+")
_READER = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)")
_SUCH_AS = "such as .hwp=llama_index.readers.file:HWPReader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """`readers` are classes, as `module:Class`, by the endings of the files that they read, such as `.hwp`: these come
    before Ibid's own. Each file is handed to them in a folder of its own in `temporary`, the system's where it is
    None."""

    readers: Mapping[str, str] = field(default_factory=dict)
    temporary: Path | None = None

    def reader_of(self, name: str) -> str | None:
        """The one that reads a file with this name."""
        return self.readers.get(PurePosixPath(name).suffix.lower()) if self.readers else None

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder for one file, closed to others and then deleted. Raises OSError."""
        if self.temporary is not None:
            self.temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryDirectory(prefix="reading-", dir=self.temporary, ignore_cleanup_errors=True) as name:
            yield Path(name)


NOTHING_PLUGGED = Plugged()


def read_plugged(text: str) -> dict[str, str]:
    """The readers by ending in a text such as `.hwp=module:Class,.x=module:Other`; none in an empty one.

    Raises ValueError with what is wrong.
    """
    readers: dict[str, str] = {}
    for entry in filter(None, (" ".join(part.split()) for part in text.split(","))):
        ending, equals, reader = (part.strip() for part in entry.partition("="))
        if not equals:
            raise ValueError(f"{entry} is no ending=module:Class, {_SUCH_AS}")
        _check(ending, reader)
        if readers.setdefault(ending.lower(), reader) != reader:
            raise ValueError(f"{ending} is to be read by two, {readers[ending.lower()]} and {reader}: name one")
    return readers


def _check(ending: str, reader: str) -> None:
    """Raises ValueError."""
    if not _ENDING.fullmatch(ending):
        raise ValueError(f"{ending or 'nothing'} is no ending: write a dot and the letters after it, {_SUCH_AS}")
    if not _READER.fullmatch(reader):
        module, _, name = reader.rpartition(".")
        meant = f"{ending}={module}:{name}"
        better = f"write {meant}" if _READER.fullmatch(f"{module}:{name}") else _SUCH_AS
        raise ValueError(f"{reader or 'nothing'} is no module:Class: {better}")


@lru_cache
def version_of(reader: str) -> str:
    """Part of the revisions of what a reader read: another one, and another version of its package, have another. Empty
    is what is known of the version of a module that lies in no package of its name."""
    return hashlib.sha256(f"{reader} {_package_version(reader)}".encode()).hexdigest()[:12]


def _package_version(reader: str) -> str:
    """By the name that packages have after their modules: `llama_index.readers.file` is in llama-index-readers-file."""
    parts = reader.partition(":")[0].replace("_", "-").split(".")
    for end in range(len(parts), 0, -1):
        try:
            return metadata.version("-".join(parts[:end]))
        except metadata.PackageNotFoundError:
            continue
    return ""
