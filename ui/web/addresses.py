"""Addresses of web pages that somebody wants fetched: what is one, and which machines may be asked for it.

Opens no connection; a name is looked up by whoever calls `Reach.places`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

import regex

from rag.errors import FetchError

Place = IPv4Address | IPv6Address

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PORTS = frozenset({80, 443, 8080, 8443})
_LONGEST = 2_000
_MOST_PLACES = 4
_HOST = regex.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_IN_BRACKETS = regex.compile(r"\[[0-9a-f:.]+\](?::\d*)?", regex.IGNORECASE)
# What ends in a number is an address of a machine, in one of the spellings that C takes: 127.1, 0x7f.1, 2130706433.
_NUMERIC = regex.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")
_UNSEEN = regex.compile(r"\p{C}")
_SPACE = regex.compile(r"[\s\p{C}]")
_KEPT_IN_TARGET = "/?%:@!$&'()*+,;=~-._[]"

# What the registry calls global and is none of a page: anycast of relays, protocol assignments, and the host under
# Azure's machines, which hands out their keys from a public address.
_FOUR_NEVER = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
# All that was ever given out; so neither addresses that carry one of IPv4 in them (::ffff:0:0/96, 64:ff9b::/96) …
_SIX_GIVEN_OUT = ip_network("2000::/3")
# … nor tunnels that do (Teredo, 6to4), nor documentation.
_SIX_NEVER = tuple(map(ip_network, ("2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20")))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAddress:
    """Of one page: `host` as it is looked up, in ASCII and small letters, and `target` what is asked of it."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def netloc(self) -> str:
        """The host as a request names it: its port too, where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.target}"

    def may_send_on_to(self, other: WebAddress) -> bool:
        """Whether whoever agreed to ask this address agreed to ask the other one too: the same host, no less safely."""
        return other.host == self.host and (other.scheme == "https" or self.scheme == "http")


def is_public(place: Place) -> bool:
    """Whether an address is one of the public internet: no machine of a local network, no other use of the number."""
    if not place.is_global or place.is_multicast:
        return False
    if isinstance(place, IPv4Address):
        return not any(place in one for one in _FOUR_NEVER)
    return place in _SIX_GIVEN_OUT and not any(place in one for one in _SIX_NEVER)


def _looked_up(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which machines may be asked: those at the usual `ports` of which `allows` says so of every address that
    `resolve` finds for their name. Tests, whose servers stand on this machine, bring their own."""

    allows: Callable[[Place], bool] = is_public
    resolve: Callable[[str], Sequence[str]] = _looked_up
    ports: frozenset[int] | None = _PORTS

    def address(self, text: str) -> WebAddress:
        """The page that a text names. Raises FetchError for what names none, or none that may be asked."""
        address = _address(text)
        if self.ports is not None and address.port not in self.ports:
            raise FetchError(f"{address.netloc}: only the ports {_listed(self.ports)} are asked.")
        return address

    def places(self, host: str) -> list[Place]:
        """Where a host is, for connections to these very addresses and no others. Raises FetchError where one of them
        may not be asked, OSError where the name is not known."""
        found = [ip_address(one) for one in self.resolve(host)]
        for place in found:
            if not self.allows(place):
                raise FetchError(
                    f"{host} leads to {place}, which is no address of the public internet. Ibid asks no machine of a "
                    "local network: save the page and add the file."
                )
        return found[:_MOST_PLACES]


PUBLIC = Reach()


def _address(text: str) -> WebAddress:
    text = text.strip()
    shown = _UNSEEN.sub("�", text if len(text) <= 100 else f"{text[:100]}…")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise FetchError(f"“{shown}” is no address of a web page: {error}.") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise FetchError(f"“{shown}” is no address of a web page: it begins with https:// or http://.")
    if "@" in parts.netloc:
        # Not shown: it may hold a password.
        raise FetchError("An address with a user or a password in it is not fetched. Leave out what ends with @.")
    if "[" in parts.netloc and not _IN_BRACKETS.fullmatch(parts.netloc):
        raise FetchError(f"“{shown}” is no address of a web page: what is in brackets is no host.")
    if len(text) > _LONGEST or _SPACE.search(text):
        raise FetchError(f"“{shown}” is no address of a web page: it has spaces in it, or over {_LONGEST:,} letters.")
    return WebAddress(
        scheme=parts.scheme,
        host=_host(host, shown, in_brackets=_IN_BRACKETS.fullmatch(parts.netloc) is not None),
        port=port if port is not None else _DEFAULT_PORTS[parts.scheme],
        target=_target(parts),
    )


def _host(host: str, shown: str, *, in_brackets: bool) -> str:
    """As it is looked up. Raises FetchError for what is neither a name nor an address of a machine."""
    try:
        if in_brackets:
            return str(IPv6Address(host))
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except ValueError:
        name = ""
    if not _HOST.fullmatch(name) or (_NUMERIC.fullmatch(name) and not _is_dotted(name)):
        raise FetchError(f"“{shown}” is no address of a web page: “{host}” is no host.")
    return name


def _is_dotted(name: str) -> bool:
    try:
        return str(IPv4Address(name)) == name
    except ValueError:
        return False


def _target(parts: SplitResult) -> str:
    whole = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    return quote(whole, safe=_KEPT_IN_TARGET)


def _listed(ports: frozenset[int]) -> str:
    *others, last = sorted(ports)
    return f"{', '.join(map(str, others))} and {last}"
