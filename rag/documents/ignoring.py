"""What a folder's `.ibidignore` names, in the syntax of git's `.gitignore`. The only file that imports pathspec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from rag.errors import FolderError

NAME = ".ibidignore"


@dataclass(frozen=True, slots=True)
class Ignored:
    """The files and folders that are not looked at."""

    spec: GitIgnoreSpec

    def names(self, path: str, *, is_folder: bool) -> bool:
        """Whether `path`, as it is below the documents folder and with `/` between its parts, is one of them."""
        return self.spec.match_file(f"{path}/" if is_folder else path)


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
