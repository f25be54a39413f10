"""Web sites of this process: what each path gives, and what was asked."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from ui.web.addresses import Reach

LEAVE = (
    b"<!doctype html><html><head><meta charset=utf-8><title>Leave &amp; travel \xe2\x80\x93 the rules</title></head>"
    b"<body><h1>Leave and travel</h1><p>The ferryman of Ostrava has 31 days of leave a year.</p></body></html>"
)
HERE = Reach(allows=lambda place: place.is_loopback, resolve=lambda host: ["127.0.0.1"], ports=None)
"""For tests alone: every name is this machine's, and it may be asked."""

Give = Callable[[BaseHTTPRequestHandler], None]


def giving(
    body: bytes = LEAVE, kind: str | None = "text/html; charset=utf-8", *, status: int = 200, **headers: str
) -> Give:
    def give(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(status)
        if kind is not None:
            asked.send_header("Content-Type", kind)
        for name, value in headers.items():
            asked.send_header(name.replace("_", "-"), value)
        asked.send_header("Content-Length", str(len(body)))
        asked.end_headers()
        asked.wfile.write(body)

    return give


def sending_on(to: str, status: int = 302) -> Give:
    return giving(b"", None, status=status, Location=to)


def sending(*pieces: bytes, pause: float = 0.0, for_ever: bool = False) -> Give:
    """The bytes of a whole answer as they are, piece by piece; then the last one again and again, if `for_ever`."""

    def give(asked: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            for piece in pieces:
                asked.wfile.write(piece)
                time.sleep(pause)
            while for_ever:
                asked.wfile.write(pieces[-1])
                time.sleep(pause)

    return give


@dataclass
class Website:
    pages: dict[str, Give]
    asked: list[Mapping[str, str]] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def at(self, host: str, path: str = "/", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> Sequence[str]:
        return [one["path"] for one in self.asked]


@contextmanager
def website(pages: Mapping[str, Give], tls: ssl.SSLContext | None = None) -> Iterator[Website]:
    site = Website(dict(pages))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            site.pages.get(urlsplit(self.path).path, giving(b"gone", status=404))(self)
            self.close_connection = True

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()
            site.left.set()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as listening:
        if tls is not None:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        site.port = listening.server_address[1]
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield site
        finally:
            listening.shutdown()


@contextmanager
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def bomb(megabytes: int) -> bytes:
    """So many megabytes of nothing, packed."""
    return gzip.compress(bytes(megabytes * 1_000_000))
