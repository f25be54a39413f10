"""The dialog in which another folder is opened, named, or taken off the list, where that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rag.domain import Json
from rag.errors import IbidError
from ui.web.desk import Desk, View, html
from ui.web.roots import form_html
from ui.web.who import User


class Opening(View):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.called = [self.folders_below, self.open_folder, self.forget_folder]

    def lay_out(self) -> None:
        if self.desk.folders.roots:
            html("opening", form_html())

    def wire(self) -> None:
        """What is opened is another page."""

    # --- called by the page's script

    def folders_below(self, given: Mapping[str, Any], _: User) -> Json:
        """The folders that what was typed may become."""
        return {"folders": self.desk.folders.roots.below(str(given.get("typed") or ""))}

    def open_folder(self, given: Mapping[str, Any], _: User) -> Json:
        """Open a folder, or name one that is known: the key that leads to it; or a problem, in one line. Without a name
        it keeps the one it has."""
        typed, name = str(given.get("typed") or ""), given.get("name")
        return _told(lambda: self.desk.folders.add(typed, None if name is None else str(name)))

    def forget_folder(self, given: Mapping[str, Any], _: User) -> Json:
        """Take one off the list; or a problem, in one line."""
        return _told(lambda: self.desk.folders.forget(str(given.get("folder"))))


def _told(done: Callable[[], str]) -> Json:
    try:
        return {"folder": done()}
    except IbidError as error:
        return {"problem": str(error)}
