"""Which folders people may open in the page, and the dialog in which they do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rag.errors import FolderError, ServerError
from rag.settings import Settings

FORBIDDEN = "Folders are opened by whoever runs this chat: `ibid chat DIR`, or IBID_FOLDER_ROOTS lets people choose."
NONE = "none"
_MOST_LISTED = 100


class Roots:
    """The folders beneath which people may open others; without any, nobody may. What lies in `home`, where Ibid keeps
    its own, never is a folder of documents, and `themselves` says whether the roots may be."""

    def __init__(self, paths: Sequence[Path], *, home: Path, themselves: bool = True) -> None:
        self._paths = tuple(path.resolve() for path in paths)
        self._home = home.resolve()
        self._themselves = themselves

    def __bool__(self) -> bool:
        return bool(self._paths)

    def holds(self, path: Path) -> bool:
        """Whether that is one of them or lies beneath one, links followed, and is not Ibid's own."""
        path = path.resolve()
        return any(path.is_relative_to(root) for root in self._paths) and not path.is_relative_to(self._home)

    def checked(self, typed: str) -> Path:
        """The folder that somebody names, by its path or as it stands beneath a root. Raises FolderError for one that
        may not be opened, where it is and where nothing is alike: nobody learns what lies elsewhere."""
        if not self:
            raise FolderError(FORBIDDEN)
        if not typed.strip():
            raise FolderError("Name a folder first.")
        for path in self._read_as(typed):
            if self.holds(path) and path.is_dir():
                if not self._themselves and path.resolve() in self._paths:
                    raise FolderError(f"{path} holds all that is yours. Choose a folder in it.")
                if not os.access(path, os.R_OK | os.X_OK):
                    raise FolderError(f"{path} may not be read by Ibid. Change its permissions, then try again.")
                return path
        beneath = ", ".join(map(str, self._paths))
        raise FolderError(f"“{typed.strip()}” is no folder beneath {beneath}, and only those may be opened.")

    def below(self, typed: str) -> list[str]:
        """The folders that what was typed so far may become, in order: those in the folder that it names, and those
        whose names it begins. The roots themselves where nothing was typed."""
        if not typed.strip():
            return [str(path) for path in self._paths]
        found: dict[str, None] = {}
        for path in self._read_as(typed):
            if not typed.rstrip().endswith(os.sep):
                begun, beside = path.name.casefold(), self._in(path.parent)
                found |= dict.fromkeys(one for one in beside if Path(one).name.casefold().startswith(begun))
            found |= dict.fromkeys(self._in(path))
        return list(found)[:_MOST_LISTED]

    def _in(self, folder: Path) -> list[str]:
        if not self.holds(folder):
            return [str(root) for root in self._paths if root.parent == folder.resolve()]
        try:
            inside = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")]
        except OSError:
            return []
        return sorted(str(one.resolve()) for one in inside if self.holds(one))

    def _read_as(self, typed: str) -> list[Path]:
        """What was typed, as it stands or beneath each root; nothing for what no path can be."""
        if "\0" in typed:
            return []
        path = Path(typed.strip())
        try:
            path = path.expanduser()
        except RuntimeError:
            return []
        return [path] if path.is_absolute() else [root / path for root in self._paths]


def roots_of(settings: Settings, *, is_alone: bool) -> Roots:
    """Those that the operator allows: where none was said, the home folder of whoever sits alone at this machine. With
    IBID_READERS nobody may, as its rules are of the folders that the operator opened. Raises ServerError for one that
    is no folder."""
    said = settings.folder_roots.strip()
    if said == NONE or settings.readers is not None:
        return Roots([], home=settings.home)
    if not said:
        return Roots([Path.home()] if is_alone else [], home=settings.home, themselves=False)
    paths = [Path(one.strip()).expanduser() for one in said.split(os.pathsep) if one.strip()]
    for path in paths:
        if not path.is_dir():
            raise ServerError(f"IBID_FOLDER_ROOTS names {path}, which is no folder. Make it first, or take it out.")
    return Roots(paths, home=settings.home)


def form_html() -> str:
    """The dialog in which a folder is opened or named, closed."""
    return (
        '<dialog class="model opening" aria-labelledby="opening-head"><form class="opening-form" method="dialog">'
        '<h2 id="opening-head">Open a folder</h2>'
        "<p>It is read where it lies, never written to, and stays on this machine.</p>"
        '<label for="opening-path">Folder</label>'
        '<input id="opening-path" list="opening-paths" maxlength="2000" required autocomplete="off" spellcheck="false">'
        '<datalist id="opening-paths"></datalist>'
        '<label for="opening-name">A name for it (if you like)</label>'
        '<input id="opening-name" maxlength="80" autocomplete="off">'
        '<p class="model-said" role="status"></p>'
        '<div class="acts"><button type="submit" class="act main">Open it</button>'
        '<button type="button" class="act" data-act="close-opening">Close</button></div></form></dialog>'
    )
