"""The folders that were opened at this home, with the names that people gave them, kept in one small file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path

from rag.home import write_whole

_LIST = "folders.json"


class Listed:
    """The last one to come first. A file that cannot be read is begun anew."""

    def __init__(self, home: Path) -> None:
        self._file = home / _LIST
        self._lock = threading.Lock()

    def begin(self, opened: Iterable[Path]) -> None:
        """Put those first that a chat opens at its start, and leave out what is gone."""
        with self._lock:
            names = self._read()
            self._write({path: names.get(path, "") for path in [*opened, *filter(Path.is_dir, names)]})

    def paths(self) -> list[Path]:
        return list(self._read())

    def name_of(self, path: Path) -> str:
        """Empty where nobody gave it one."""
        return self._read().get(path, "")

    def put(self, path: Path, *, name: str) -> None:
        """List a folder under that name, or give it to one that is listed."""
        with self._lock:
            self._write(self._read() | {path: name})

    def take_off(self, path: Path) -> None:
        with self._lock:
            self._write({one: name for one, name in self._read().items() if one != path})

    def _read(self) -> dict[Path, str]:
        try:
            listed = json.loads(self._file.read_text(encoding="utf-8"))
            # Until folders had names it was a list of paths.
            named = dict.fromkeys(listed, "") if isinstance(listed, list) else listed
            return {Path(path): str(name) for path, name in named.items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return {}

    def _write(self, names: dict[Path, str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        listed = {str(path): name for path, name in names.items()}
        write_whole(self._file, json.dumps(listed, indent=1).encode())
