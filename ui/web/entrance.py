"""What of the application can be reached, and what is looked at before it sees a request.

Gradio comes with more doors than this page has: files by path, files of other hosts, links that store a state, an
editor of code. What the page, its clients and the MCP tools need is named here; the rest is not found. Plain ASGI.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import parse_qs

import regex

from ui.web.asgi import App, Receive, Scope, Send, reply
from ui.web.bodies import COMPLETIONS, MOST_BYTES, TOO_LARGE, TOO_SLOW, Refusal, check, openai_error, read_json
from ui.web.sessions import Sessions
from ui.web.who import user_of

UPLOAD = "/gradio_api/upload"
_FILE = regex.compile(r"/gradio_api/file[=/](.*)", regex.DOTALL)
_OPEN = {
    "GET": regex.compile(
        r"/gradio_api/(info/?|openapi\.json|app_id/?|startup-events|theme\.css|queue/(data|status)|upload_progress"
        r"|heartbeat/[^/]+|call/(v2/)?[^/]+/[^/]+|mcp(/.*)?)"
    ),
    "POST": regex.compile(
        r"/gradio_api/(queue/join|call/(v2/)?[^/]+/?|(run|api)/[^/]+/?|cancel|reset/?|component_server/?|upload|mcp(/.*)?)"
    ),
    "DELETE": regex.compile(r"/gradio_api/mcp(/.*)?"),
}
_CLOSED = regex.compile(r"/(gradio_api|monitoring|login|logout)(/.*|=.*)?", regex.DOTALL)
_ANSWERED = regex.compile(r"/gradio_api/(queue/data|call/(?:v2/)?[^/]+/([^/]+))")
_ASKING = regex.compile(r"/gradio_api/(queue/join|call/.*|run/.*|api/.*)")
_CALLING = regex.compile(r"/gradio_api/call/(?:v2/)?[^/]+/?")
_PRESENT = regex.compile(r"/gradio_api/heartbeat/([^/]+)")
_NOTHING = "There is nothing here."

_BODY_WITHIN = 30.0
_UPLOAD_PAUSE = 30.0
_UPLOAD_WITHIN = 600.0


class Uploads(Protocol):
    """What the page knows of files that were uploaded to it."""

    def __contains__(self, path: object) -> bool:
        """Whether this server wrote the file at that path in an upload, and it is still there."""

    def without(self, path: str, given: Any) -> Any:
        """The body of a request without the uploaded files that it may bring, to be looked at for others."""

    def tidy(self) -> None:
        """Delete those that nobody took in for long, and what uploads that broke off left."""


class Attendance(Protocol):
    """What is kept for callers until they fetch it."""

    def attended(self, session: str) -> None: ...

    def left(self, session: str) -> None: ...

    async def forget(self, now: float) -> None: ...


class Entrance:
    """Lets through to `app` what it needs, read whole and looked at. Bodies are limited in bytes, time, depth, and may
    hold no file but an upload; a session is found by those alone who began it."""

    def __init__(self, app: App, uploads: Uploads, attendance: Attendance) -> None:
        self._app = app
        self._uploads = uploads
        self._attendance = attendance
        self._sessions = Sessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        try:
            if not self._is_open(method, path):
                raise Refusal(404, _NOTHING)
            for session in _named(scope):
                self._expect_theirs(scope, session)
            if method == "POST" and path == UPLOAD:
                await self._taking(scope, receive, send)
                return
            if method not in ("GET", "HEAD"):
                body = await _read(scope, receive)
                given = read_json(body, _header(scope, b"content-type"))
                # The pictures that a client of OpenAI's protocol sends along are left out, and never reach Gradio.
                check(self._uploads.without(path, given), may_name_files=path.startswith(COMPLETIONS))
                self._expect_theirs(scope, given.get("session_hash") if isinstance(given, dict) else None)
                receive = _again(body, receive)
        except Refusal as refusal:
            await _refuse(send, path, refusal)
            return
        if _ASKING.fullmatch(path):
            await self._attendance.forget(time.monotonic())
        if method == "POST" and _CALLING.fullmatch(path):
            send = self._noting(scope, send)
        await self._attending(scope, receive, send)

    def _is_open(self, method: str, path: str) -> bool:
        if found := _FILE.fullmatch(path):
            return method in ("GET", "HEAD") and found[1] in self._uploads
        if _CLOSED.fullmatch(path):
            known = _OPEN.get("GET" if method == "HEAD" else method)
            return known is not None and known.fullmatch(path) is not None
        return True

    def _expect_theirs(self, scope: Scope, session: Any) -> None:
        """Raises Refusal for a session that somebody else began."""
        if isinstance(session, str) and not self._sessions.is_of(user_of(scope), session):
            raise Refusal(404, _NOTHING)

    def _noting(self, scope: Scope, send: Send) -> Send:
        """Whose a call is, is known before its caller learns its name."""
        told = bytearray()

        async def noting(message: MutableMapping[str, Any]) -> None:
            told.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                with suppress(ValueError, TypeError, KeyError):
                    self._sessions.is_of(user_of(scope), json.loads(told)["event_id"])
            await send(message)

        return noting

    async def _attending(self, scope: Scope, receive: Receive, send: Send) -> None:
        """While somebody listens to a stream, what is kept for it is not forgotten."""
        session = _session(scope)
        if session is None:
            await self._app(scope, receive, send)
            return
        self._attendance.attended(session)
        try:
            await self._app(scope, receive, send)
        finally:
            self._attendance.left(session)

    async def _taking(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An upload is read as it comes. One that stops coming ends as if its sender had left."""
        await asyncio.to_thread(self._uploads.tidy)
        until = time.monotonic() + _UPLOAD_WITHIN
        is_late = has_left = started = False

        async def waiting() -> dict[str, Any]:
            nonlocal is_late, has_left
            try:
                async with asyncio.timeout(max(min(_UPLOAD_PAUSE, until - time.monotonic()), 0)):
                    message = dict(await receive())
            except TimeoutError:
                is_late, message = True, {"type": "http.disconnect"}
            has_left = has_left or message["type"] == "http.disconnect"
            return message

        async def telling(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, waiting, telling)
        except Exception:
            # Whose sender has left has nobody to be told of it.
            if not has_left:
                raise
        if is_late and not started:
            await _refuse(send, scope["path"], Refusal(*TOO_SLOW))


async def _read(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Raises Refusal before one that is too large is read, and for one that comes too slowly."""
    announced = _header(scope, b"content-length")
    if announced.isdecimal() and int(announced[:20]) > MOST_BYTES:
        raise Refusal(*TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refusal(*TOO_SLOW)
                body += message.get("body", b"")
                if len(body) > MOST_BYTES:
                    raise Refusal(*TOO_LARGE)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise Refusal(*TOO_SLOW) from None


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more; then whatever else comes."""
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def once_more() -> Any:
        return parts.pop() if parts else await receive()

    return once_more


def _session(scope: Scope) -> str | None:
    """The session whose stream a request opens."""
    found = _ANSWERED.fullmatch(scope["path"]) if scope["method"] == "GET" else None
    if found is None:
        return None
    if found[2]:
        # A call that names no session is one of its own.
        return str(found[2])
    return next(reversed(_in_query(scope)), None)


def _named(scope: Scope) -> list[str]:
    """The sessions, or the call, that the address of a request names: of a name that comes twice Gradio takes the
    last."""
    in_query = _in_query(scope)
    if scope["method"] == "POST":
        return in_query
    present, answered = _PRESENT.fullmatch(scope["path"]), _ANSWERED.fullmatch(scope["path"])
    return [*filter(None, (present and present[1], answered and answered[2])), *in_query]


def _in_query(scope: Scope) -> list[str]:
    return parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted), "")


async def _refuse(send: Send, path: str, refusal: Refusal) -> None:
    if path.startswith(COMPLETIONS):
        told = openai_error(refusal.line, status=refusal.status)
    else:
        # Gradio's page shows what it finds under `detail`.
        told = {"error": refusal.line} | ({} if path.startswith("/api/") else {"detail": refusal.line})
    await reply(send, refusal.status, body=json.dumps(told, ensure_ascii=False), kind=b"application/json")
