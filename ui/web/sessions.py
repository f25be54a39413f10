"""Whose the sessions of the page and the calls of its endpoints are: what one brings is for nobody else."""

from __future__ import annotations

from collections import OrderedDict

from ui.web.who import User

MOST = 10_000
"""Sessions and calls of which it is remembered; what nobody fetched of older ones is forgotten long before."""


class Sessions:
    """Who has which; one that nobody has yet is theirs who name it first."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, User] = OrderedDict()

    def is_of(self, user: User, session: str) -> bool:
        """Whether a session is a user's, from now on if it was nobody's."""
        owner = self._owners.setdefault(session, user)
        self._owners.move_to_end(session)
        while len(self._owners) > MOST:
            self._owners.popitem(last=False)
        return owner == user
