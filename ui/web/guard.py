"""What stands before every request: who may come in, by what name, and what the page may do.

Plain ASGI, so that it covers the page, its assets, its events and the API alike.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import secrets
from collections.abc import MutableMapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import regex

from rag.index.owner import proof_of
from ui.web.asgi import App, Header, Receive, Scope, Send, reply
from ui.web.bodies import COMPLETIONS, openai_error
from ui.web.passwords import Users
from ui.web.proxied import Trusted
from ui.web.public import PublicAddress
from ui.web.who import User, told

# Gradio builds functions from strings and writes its settings into the page: its scripts need both exceptions.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'self'",
        "object-src 'none'",
    )
)
_HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


_HEALTH = "/healthz"
_LONGEST_NONCE = 200
_COOKIE = "ibid-in"
# A name or an address, and maybe a port; no user before it, as nothing that asks for a page sends one.
_HOST = regex.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/\s]+)(?::\d*)?")

Headers = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What becomes of a request: 200, who came in, and a cookie to set, if any; 401; or 429 and the seconds to wait."""

    status: int
    _: KW_ONLY
    user: User = None
    cookie: str = ""
    wait: int = 0


class Guard:
    """Lets requests through to `app` that name this host, come from no foreign page, and bring a right user and
    password, or the token that other commands of the same user find beside the index. `/healthz` is open to all, and
    answered here: it waits for nothing.

    Without `users` everyone on this machine may come in. Where a `trusted` proxy names the users, its word is enough,
    and nobody else's is: others need a password or the token. Who came in is told to `app` where no client can write
    it: a user by their name, and None for the token and where nobody has a name. `hosts` are the names under which a
    browser may know this server: a foreign page whose name was pointed here is turned away. The name of a `public`
    address is one of them, and by it only pages of that address may ask.
    """

    def __init__(
        self,
        app: App,
        users: Users,
        token: str,
        hosts: tuple[str, ...] | None,
        *,
        public: PublicAddress | None = None,
        trusted: Trusted | None = None,
    ) -> None:
        self._app = app
        self._users = users
        self._token = token
        self._hosts = hosts
        self._public = public
        self._trusted = trusted
        is_secure = public is not None and public.scheme == "https"
        self._kept_for = f"Path={public.prefix if public else ''}/{'; Secure' if is_secure else ''}"
        self._one_guess = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope.get("headers", [])}
        method = scope.get("method", "GET")
        if not self._is_ours(headers.get(b"host")):
            await _refuse(send, scope, 421, "This server does not answer under that name (IBID_PUBLIC_URL).")
        elif scope["path"] == _HEALTH:
            await _tell_health(send, scope, _proof(scope, self._token))
        elif self._is_foreign(method, scope["path"], headers):
            await _refuse(send, scope, 403, "A page of another site may not ask this one.")
        else:
            await self._enter(scope, receive, send, headers)

    def _is_ours(self, host: bytes | None) -> bool:
        """Whether this server may be called by that name. One without a name comes from no browser."""
        name = _name(host or b"")
        if self._hosts is None:
            return host is None or name is not None
        return name in self._hosts or (self._public is not None and name == self._public.host)

    def _is_foreign(self, method: str, path: str, headers: Headers) -> bool:
        """Whether a browser says that a page of another origin sent this. To follow a link to the page is no such
        thing. Programs that are no browsers say nothing of it."""
        site = headers.get(b"sec-fetch-site", b"none").lower()
        if site in (b"cross-site", b"same-site"):
            is_link = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
            return not (method in ("GET", "HEAD") and path == "/" and is_link)
        origin = headers.get(b"origin")
        return origin is not None and not self._is_own(origin, headers.get(b"host", b""))

    def _is_own(self, origin: bytes, host: bytes) -> bool:
        """Whether pages of an origin are ours. A proxy that asks by the name of this machine still passes the public
        origin on; by the public name no other port or scheme will do."""
        if self._public is not None:
            if origin.lower() == self._public.origin.encode():
                return True
            if _name(host) == self._public.host and not self._public.is_local:
                return False
        return _netloc(origin) == host.decode("latin-1").lower()

    async def _enter(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        entry = await self._entry(scope, headers)
        if entry.status == 401:
            await self._turn_away(scope, send)
            return
        if entry.status == 429:
            line = f"There were too many wrong passwords. Try again in {entry.wait} seconds."
            await _refuse(send, scope, 429, line, [(b"retry-after", str(entry.wait).encode())])
            return
        if self._trusted is not None:
            scope = {**scope, "headers": self._trusted.without(scope["headers"])}
        cookies = [(b"set-cookie", entry.cookie.encode())] if entry.cookie else []

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                # Gradio lets pages of other origins read its answers; nobody's page but this one may.
                kept = [one for one in message.get("headers", []) if not one[0].lower().startswith(b"access-control-")]
                message["headers"] = [*kept, *_HEADERS, *cookies]
            await send(message)

        await self._app(told(scope, entry.user), receive, guarded)

    async def _turn_away(self, scope: Scope, send: Send) -> None:
        if self._trusted is not None and (self._trusted.speaks(scope) or not self._users):
            line = "Only the proxy in front of this chat lets people in, and it has to name each (IBID_USER_HEADER)."
            await _refuse(send, scope, 401, line)
            return
        ask = [(b"www-authenticate", b'Basic realm="Ibid", charset="UTF-8"')]
        await _refuse(send, scope, 401, "Ibid asks for a user and a password (IBID_AUTH).", ask)

    async def _entry(self, scope: Scope, headers: Headers) -> _Entry:
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if not self._users and self._trusted is None:
            return _Entry(200)
        if kind.lower() == b"bearer" and secrets.compare_digest(given.strip(), self._token.encode()):
            return _Entry(200)
        if self._trusted is not None and self._trusted.speaks(scope):
            user = self._trusted.named(scope["headers"])
            return _Entry(401) if user is None else _Entry(200, user=user)
        pair = _pair(kind, given)
        if pair is None or not self._users:
            return _Entry(401)
        client = scope.get("client")
        return await self._compared(pair, headers, client[0] if client else "")

    async def _compared(self, pair: str, headers: Headers, address: str) -> _Entry:
        """Whether user and password fit."""
        user, _, password = pair.partition(":")
        mark = self._users.mark(user)
        is_marked = secrets.compare_digest(_cookie(headers), mark.encode())
        # A browser that is in stays in while somebody guesses from the same address.
        wait = 0.0 if is_marked else self._users.wait(user, address)
        fits = not wait and self._users.fits_at_once(user, password)
        if not wait and not fits:
            wait, fits = await self._weighed(user, password, address, is_marked)
        if wait:
            return _Entry(429, wait=math.ceil(wait))
        if not fits:
            return _Entry(401)
        cookie = "" if is_marked else f"{_COOKIE}={mark}; {self._kept_for}; HttpOnly; SameSite=Strict"
        return _Entry(200, user=user, cookie=cookie)

    async def _weighed(self, user: str, password: str, address: str, is_marked: bool) -> tuple[float, bool]:
        """The seconds to wait after all, and whether the password fits. A hash takes as long as an answer does, so
        nobody else waits for it; one guess after the other, so that many at once are no way around the waiting."""
        async with self._one_guess:
            wait = 0.0 if is_marked else self._users.wait(user, address)
            fits = not wait and self._users.fits_at_once(user, password)
            if not wait and not fits and self._users.has_hashes:
                fits = await asyncio.to_thread(self._users.fits_hash, user, password)
            if not wait and not fits:
                self._users.failed(user, address)
        return wait, fits


def _name(host: bytes) -> str | None:
    """The name in a `Host` header, without its port; None where it is no name."""
    found = _HOST.fullmatch(host.decode("latin-1").lower())
    return found[1] if found else None


def _netloc(origin: bytes) -> str | None:
    try:
        parts = urlsplit(origin.decode("latin-1").lower())
    except ValueError:
        return None
    return parts.netloc if parts.scheme in ("http", "https") else None


def _pair(kind: bytes, given: bytes) -> str | None:
    """The user:password of an authorisation. Clients of OpenAI's protocol know keys alone: theirs is the pair."""
    try:
        if kind.lower() == b"basic":
            return base64.b64decode(given, validate=True).decode()
        return given.strip().decode() if kind.lower() == b"bearer" and b":" in given else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _cookie(headers: Headers) -> bytes:
    for pair in headers.get(b"cookie", b"").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name == _COOKIE.encode():
            return value
    return b""


def _proof(scope: Scope, token: str) -> str | None:
    """For whoever comes with a `nonce` the proof that this server knows the token: other commands send theirs to
    nobody else."""
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("nonce")
    return proof_of(token, asked[0][:_LONGEST_NONCE]) if asked else None


async def _tell_health(send: Send, scope: Scope, proof: str | None) -> None:
    if scope.get("method", "GET") not in ("GET", "HEAD"):
        await _refuse(send, scope, 405, "Health is asked for by GET.", [(b"allow", b"GET, HEAD")])
        return
    told = {"status": "ok"} | ({"proof": proof} if proof is not None else {})
    await reply(send, 200, body=json.dumps(told), kind=b"application/json", headers=_HEADERS)


async def _refuse(send: Send, scope: Scope, status: int, line: str, headers: Sequence[Header] = ()) -> None:
    """In one line, which clients of OpenAI's protocol find where they look for it."""
    body, kind = f"{line}\n", b"text/plain; charset=utf-8"
    if scope["path"].startswith(COMPLETIONS):
        body, kind = json.dumps(openai_error(line, status=status), ensure_ascii=False), b"application/json"
    await reply(send, status, body=body, kind=kind, headers=[*headers, *_HEADERS])
