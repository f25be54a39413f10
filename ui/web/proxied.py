"""Whom a proxy in front of the chat names, and which proxy is believed. Plain functions of what a request brings."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from rag.errors import ServerError
from rag.owners import spelled
from rag.settings import Settings
from ui.web.asgi import Header, Scope

_PEER = "ibid.peer"


@dataclass(frozen=True, slots=True)
class Trusted:
    """Proxies at these addresses name the user in this header, which is written in small letters."""

    header: bytes
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    def speaks(self, scope: Scope) -> bool:
        """Whether such a proxy sent a request: it itself, whatever a header says of where the request came from."""
        try:
            address = ipaddress.ip_address(_peer(scope))
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self.networks)

    def named(self, headers: list[Header]) -> str | None:
        """The one user that the headers name; None where they name none or several, or what can be no user's name."""
        given = [value for name, value in headers if name.lower() == self.header]
        try:
            (value,) = given
            user = value.decode().strip()
            spelled(user)
        except ValueError:
            return None
        return user

    def without(self, headers: list[Header]) -> list[Header]:
        """The headers without the one that only a proxy may write."""
        return [one for one in headers if one[0].lower() != self.header]


def trusted(settings: Settings) -> Trusted | None:
    """None where no proxy names users. Raises ServerError where only half of it is set."""
    if bool(settings.user_header) != bool(settings.proxies):
        raise ServerError(
            "IBID_USER_HEADER and IBID_PROXY go together: the header in which a proxy names the user, such as "
            "X-Forwarded-User, and the addresses from which it is believed, such as 127.0.0.1. Set both or neither."
        )
    if not settings.user_header:
        return None
    return Trusted(settings.user_header.lower().encode(), settings.proxies)


def with_peer(scope: Scope) -> Scope:
    """The scope with who really sent the request, before headers may tell where it came from."""
    return {**scope, _PEER: scope.get("client")}


def _peer(scope: Scope) -> str:
    sender = scope.get(_PEER) or scope.get("client")
    return str(sender[0]) if sender else ""
