"""Who asks: what the guard tells the application of each request, where no client can write it."""

from __future__ import annotations

from typing import TypeAlias

from ui.web.asgi import Scope

User: TypeAlias = str | None
"""The name of a user. None for whoever runs this chat: the commands of theirs, and all where nobody has a name."""

_KEY = "ibid.user"


def told(scope: Scope, user: User) -> Scope:
    """The scope of a request that a user sent."""
    return {**scope, _KEY: user}


def user_of(scope: Scope) -> User:
    """Raises KeyError for a request that came in past the guard: then nobody knows who asks."""
    user: User = scope[_KEY]
    return user
