"""What stands before every request: who may come in, by what name, and what the page may do.

Plain ASGI, so that it covers the page, its assets, its events and the API alike.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

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


class Guard:
    """Lets requests through to `app` that name this host and bring a right user and password, or the token that
    other commands of the same user find beside the index. `/healthz` is open to all.

    Without `users` everyone on this machine may come in. `hosts` are the names under which a browser may know
    this server: a foreign page whose name was pointed here is turned away.
    """

    def __init__(self, app: App, users: dict[str, str], token: str, hosts: tuple[str, ...] | None) -> None:
        self._app = app
        self._users = users
        self._token = token
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope.get("headers", [])}
        if self._hosts is not None and _host(headers) not in self._hosts:
            await _refuse(send, 421, "This server does not answer under that name.", [])
            return
        if scope["path"] != "/healthz" and not self._may_enter(headers):
            ask = [(b"www-authenticate", b'Basic realm="Ibid", charset="UTF-8"')]
            await _refuse(send, 401, "Ibid asks for a user and a password (IBID_AUTH).", ask)
            return

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        await self._app(scope, receive, guarded)

    def _may_enter(self, headers: dict[bytes, bytes]) -> bool:
        if not self._users:
            return True
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() == b"bearer":
            return secrets.compare_digest(given.strip(), self._token.encode())
        if kind.lower() != b"basic":
            return False
        try:
            user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        # Compared in the same time whether the user is known or not.
        expected = self._users.get(user, secrets.token_hex(8))
        return secrets.compare_digest(password.encode(), expected.encode()) and user in self._users


def read_users(pairs: str) -> dict[str, str]:
    """`IBID_AUTH` taken apart: `user:password`, several parted by commas. Raises ValueError naming a wrong pair."""
    users: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in pairs.split(","))):
        user, colon, password = pair.partition(":")
        if not user or not colon or not password:
            raise ValueError(f"“{user}…” is not user:password")
        users[user] = password
    return users


def _host(headers: dict[bytes, bytes]) -> str:
    host = headers.get(b"host", b"").decode("latin-1").lower()
    return host if host.endswith("]") else host.rsplit(":", 1)[0] if ":" in host else host


async def _refuse(send: Send, status: int, line: str, headers: list[tuple[bytes, bytes]]) -> None:
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [(b"content-type", b"text/plain; charset=utf-8"), *headers, *_HEADERS]})
    await send({"type": "http.response.body", "body": f"{line}\n".encode()})
