"""What the page's script has kept for named users: conversations and notes, wherever they come in from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.domain import Json
from rag.errors import IbidError
from ui.web.desk import Desk, View
from ui.web.kept import Kept, shown
from ui.web.who import User


class Keeping(View):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.called = [self.kept, self.keep]

    def lay_out(self) -> None:
        """There is nothing to be seen of it."""

    def wire(self) -> None:
        """The page's script keeps what it has to."""

    # --- called by the page's script

    def kept(self, given: Mapping[str, Any], user: User) -> Json:
        """Who came in, and of their records those that the browser has not, or in another revision, as they may be shown
        now; and which of those that it has are gone."""
        known = given.get("known")
        known = known if isinstance(known, dict) else {}
        may_read = self.desk.folders.reader(user).may_read
        records = [one for record in self._of(user).records() if (one := shown(record, may_read)) is not None]
        new = [one for one in records if known.get(one.key) != one.revision]
        return {
            "me": user,
            "records": [{"key": one.key, "revision": one.revision, "text": one.text} for one in new],
            "gone": sorted(known.keys() - {one.key for one in records}),
        }

    def keep(self, given: Mapping[str, Any], user: User) -> Json:
        """Keep a text under its key, or nothing any more where it is empty: its revision and the keys of those that had
        to go for it, or a problem in one line."""
        key, text = str(given.get("key")), str(given.get("text") or "")
        try:
            if not text:
                self._of(user).remove(key)
                return {}
            revision, gone = self._of(user).put(key, text)
            return {"revision": revision, "gone": list(gone)}
        except IbidError as error:
            return {"problem": str(error)}

    def _of(self, user: User) -> Kept:
        return Kept(self.desk.settings.home_of(user) / "kept")
