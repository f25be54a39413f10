"""Files and folders that patterns name, in the syntax of git's `.gitignore`: what a folder's `.ibidignore` says, and
what users may read. The only file that imports pathspec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec, PathSpec

from rag.errors import FolderError

NAME = ".ibidignore"


@dataclass(frozen=True, slots=True)
class Ignored:
    """The files and folders that are not looked at."""

    spec: GitIgnoreSpec

    def names(self, path: str, *, is_folder: bool) -> bool:
        """Whether `path`, as it is below the documents folder and with `/` between its parts, is one of them."""
        return self.spec.match_file(f"{path}/" if is_folder else path)


@dataclass(frozen=True, slots=True)
class Granted:
    """The files that somebody may read. Unlike in git the last pattern that names a file, or a folder above it,
    decides: what `!hr/` takes away stays away, whatever stands before it."""

    spec: PathSpec[Any]

    def __contains__(self, path: str) -> bool:
        return self.spec.match_file(path)


def granted_by(patterns: Sequence[str]) -> Granted:
    """Raises ValueError where one of them names nothing."""
    for one in patterns:
        try:
            named = [pattern.include for pattern in PathSpec.from_lines("gitignore", [one]).patterns]
        except ValueError:
            named = []
        if len(named) != 1 or named[0] is None or not one.strip("/ ") or "\n" in one:
            raise ValueError(f"the pattern “{one}” names nothing")
    return Granted(PathSpec.from_lines("gitignore", patterns))


def ignored_in(folder: Path) -> Ignored:
    """What the file in the folder itself names; nothing without one.

    Raises FolderError where it cannot be read: what it names would be read as documents. OSError where the folder
    cannot be looked into.
    """
    path = folder / NAME
    if not path.is_file():
        return Ignored(GitIgnoreSpec([]))
    try:
        return Ignored(GitIgnoreSpec.from_lines(path.read_text("utf-8-sig", errors="replace").splitlines()))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FolderError(f"{path} cannot be read: {reason}. Nothing was changed. Mend it or remove it.") from error
