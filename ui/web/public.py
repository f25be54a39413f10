"""Where people reach the chat, if that is not where it listens: behind a proxy, by a name of its own, below a path.

A proxy may take the path away or leave it, and may pass the name on or not. So every request is looked at by the path
that the chat itself knows (`Unprefixed`), and the application is told the address that people see (`Addressed`). Plain
ASGI.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rag.errors import ServerError
from rag.settings import Settings
from ui.web.asgi import App, Receive, Scope, Send, reply

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""The names of this machine, as requests have them."""
TAKEN = frozenset(
    "api v1 pages original healthz assets-of-ibid "
    "assets config favicon.ico gradio_api login logout manifest.json monitoring openapi.json pwa_icon robots.txt "
    "static svelte theme.css".split()
)
"""What addresses of ours begin with, then Gradio's."""
_FORWARDED = b"x-forwarded-"
# Gradio's page names a manifest at the root of the host, which is somebody else's, and no icon, so that browsers look
# for one there too. Of the same length, as that has been told by then.
_AT_THE_ROOT = b'<link rel="manifest" href="/manifest.json" />'
_BESIDE = b'<link rel="icon" href="favicon.ico" />'.ljust(len(_AT_THE_ROOT))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAddress:
    """`scheme`, `netloc` with its port if it names one, and the path before all of ours: `/ibid`, or empty."""

    scheme: str
    netloc: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.origin}{self.prefix}/"

    @property
    def origin(self) -> str:
        """As browsers send it."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def host(self) -> str:
        """The name alone, an IPv6 address in its brackets."""
        name = urlsplit(self.origin).hostname or ""
        return f"[{name}]" if ":" in name else name

    @property
    def is_local(self) -> bool:
        """Whether only this machine can mean it."""
        return self.host in LOOPBACK


def public_address(settings: Settings) -> PublicAddress | None:
    """What the settings name, if anything. Raises ServerError for a path in which ours could not be told."""
    if not settings.public_url:
        return None
    parts = urlsplit(settings.public_url)
    prefix = parts.path.rstrip("/")
    first = prefix[1:].partition("/")[0]
    if first in TAKEN:
        raise ServerError(
            f"IBID_PUBLIC_URL={settings.public_url} is not possible: the chat has addresses of its own below /{first}. "
            "Choose another path, such as /ibid/."
        )
    return PublicAddress(scheme=parts.scheme, netloc=parts.netloc, prefix=prefix)


class Unprefixed:
    """Takes the prefix of a public address from paths that still have it. Whoever leaves the last slash out is sent to
    it: what a page names beside itself would be looked for one level up."""

    def __init__(self, app: App, public: PublicAddress) -> None:
        self._app = app
        self._prefix = public.prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if not self._prefix or not f"{path}/".startswith(f"{self._prefix}/"):
            await self._app(scope, receive, send)
        elif path == self._prefix:
            query = scope.get("query_string", b"")
            place = f"{self._prefix}/".encode() + (b"?" + query if query else b"")
            await reply(send, 307, body="", kind=b"text/plain", headers=[(b"location", place)])
        else:
            await self._app({**scope, "path": path.removeprefix(self._prefix)}, receive, send)


class Addressed:
    """Tells `app` that each request came to the public address, whatever its proxy says: where it redirects and what
    it names is for people. Tells the proxy to pass on streams as they come."""

    def __init__(self, app: App, public: PublicAddress) -> None:
        self._app = app
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kept = [one for one in scope["headers"] if one[0] != b"host" and not one[0].startswith(_FORWARDED)]
        told = {
            "scheme": self._public.scheme,
            "root_path": self._public.prefix,
            "path": self._public.prefix + scope["path"],
            "headers": [(b"host", self._public.netloc.encode()), *kept],
        }
        await self._app({**scope, **told}, receive, _below(send))


def _below(send: Send) -> Send:
    """`send` for answers that go through a proxy."""
    kind = b""

    async def sending(message: MutableMapping[str, Any]) -> None:
        nonlocal kind
        if message["type"] == "http.response.start":
            headers = message.get("headers", [])
            kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
            if kind.startswith(b"text/event-stream"):
                # nginx would keep an answer until it is whole.
                message["headers"] = [*headers, (b"x-accel-buffering", b"no")]
        elif kind.startswith(b"text/html"):
            message["body"] = message.get("body", b"").replace(_AT_THE_ROOT, _BESIDE)
        await send(message)

    return sending
