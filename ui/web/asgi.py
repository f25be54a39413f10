"""The words of ASGI, in which guard and entrance stand before the application, and a whole answer in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


async def reply(send: Send, status: int, *, body: str, kind: bytes, headers: Sequence[Header] = ()) -> None:
    """Answer a request with a text of the content type `kind`."""
    start = {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), *headers]}
    await send(start)
    await send({"type": "http.response.body", "body": body.encode()})
