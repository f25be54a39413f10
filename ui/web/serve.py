"""`ibid chat`: the page, its guard and the local API behind one address, until it is stopped."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from rag.errors import ServerError, StorageError
from rag.home import make_private
from rag.settings import Settings
from ui.web.addresses import PUBLIC, Reach
from ui.web.api import routes
from ui.web.asgi import App, Receive, Scope, Send
from ui.web.completions import completion_routes
from ui.web.connections import BACKLOG, PatientProtocol
from ui.web.folders import Folders
from ui.web.guard import Guard
from ui.web.originals import originals
from ui.web.passwords import Users, read_users
from ui.web.proxied import Trusted, trusted, with_peer
from ui.web.public import LOOPBACK, PublicAddress, Unprefixed, public_address
from ui.web.readers import Readers
from ui.web.roots import roots_of


@dataclass(frozen=True, slots=True)
class Ready:
    """A server that may be run, and where the page will be: at `url` and, behind a proxy, at the `public` address. It
    `is_open` where nobody who comes in by that one is asked for a password."""

    url: str
    server: uvicorn.Server
    listener: socket.socket
    public: PublicAddress | None
    is_open: bool

    def run(self) -> None:
        """Serve until stopped."""
        self.server.run(sockets=[self.listener])


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # The event streams of open pages end in the middle; that is no news to whoever pressed Ctrl+C.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


@contextmanager
def prepared(
    settings: Settings, host: str, port: int, others: Sequence[Path] = (), *, reach: Reach = PUBLIC
) -> Iterator[Ready]:
    """Everything opened and ready to `run`, over the folder of the settings and `others`; `reach` is what of the web
    may be fetched, if anything may. Raises ServerError where it may not listen there, the port is taken, or the public
    address cannot be one."""
    public = public_address(settings)
    proxy = trusted(settings)
    users = _users(settings, host, proxy)
    has_users = bool(users) or proxy is not None
    Readers(settings.readers).expect_whole()
    is_shared = not (_is_loopback(host) and (public is None or public.is_local))
    roots = roots_of(settings, is_alone=allowed(None, has_users=has_users, is_shared=is_shared))
    listener = _listener(host, port)
    make_private(settings.home)
    temporary = _emptied(settings.temporary)
    # Read by Gradio when it is imported.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(temporary)
    # After each event Gradio counts over all it remembers, and shows that to nobody here.
    os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "20"
    token = secrets.token_urlsafe(32)
    shown = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    reached = f"http://127.0.0.1:{listener.getsockname()[1]}" if host in ("0.0.0.0", "::") else shown  # noqa: S104
    folders = Folders(
        settings,
        lambda folder: folder.bot.announce("chat", reached, token),
        named=others,
        remembers=not is_shared,
        roots=roots,
    )
    try:
        app = _application(
            folders,
            settings,
            reach=reach if allowed(settings.web, has_users=has_users, is_shared=is_shared) else None,
            chooses=allowed(settings.model_choice, has_users=has_users, is_shared=is_shared),
            names=has_users,
        )
        # After Gradio was imported: the ingest that begins here would make that take twice as long.
        folders.opened(None)
        hosts = None if has_users and not _is_loopback(host) else (*LOOPBACK, host)
        guarded = Guard(app, users, token, hosts, public=public, trusted=proxy)
        entered = Unprefixed(guarded, public) if public else guarded
        config = uvicorn.Config(
            _behind(proxy, entered) if proxy else entered,
            proxy_headers=proxy is None,
            http=PatientProtocol,
            backlog=BACKLOG,
            log_level="warning",
            timeout_graceful_shutdown=2,
            ws="none",
        )
        with listener:
            yield Ready(shown, _Server(config), listener, public, is_open=is_shared and not has_users)
    finally:
        folders.close()
        shutil.rmtree(temporary, ignore_errors=True)


def _emptied(temporary: Path) -> Path:
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise StorageError(
            f"Cannot write to {temporary}: {error.strerror}. Set IBID_HOME to a folder of yours."
        ) from error
    return temporary


def _application(folders: Folders, settings: Settings, *, reach: Reach | None, chooses: bool, names: bool) -> App:
    from ui.web.app import mount_page  # Gradio takes seconds: no other command imports it

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(routes(folders))
    app.include_router(originals(folders))
    app.include_router(completion_routes(folders))
    return mount_page(app, folders, settings, reach=reach, chooses=chooses, names=names)


def allowed(said: bool | None, *, has_users: bool, is_shared: bool) -> bool:
    """Whether the chat may ask other machines for whoever uses it: where nobody said, only for those who sit at this
    one."""
    return said if said is not None else not (has_users or is_shared)


def _behind(proxy: Trusted, app: App) -> App:
    """The app, told of each request who sent it, before what a proxy says of where it came from takes that place."""
    known = [*os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1").split(","), *map(str, proxy.networks)]
    forwarded = ProxyHeadersMiddleware(app, known)  # type: ignore[arg-type]

    async def entered(scope: Scope, receive: Receive, send: Send) -> None:
        await forwarded(with_peer(scope), receive, send)  # type: ignore[arg-type]

    return entered


def _users(settings: Settings, host: str, proxy: Trusted | None) -> Users:
    try:
        users = Users(read_users(settings.auth.get_secret_value()))
    except ValueError as error:
        raise ServerError(
            f"IBID_AUTH is not user:password pairs separated by commas: {error}. "
            "For a password with a comma, put what `ibid password` prints."
        ) from None
    if settings.readers is not None and not users and proxy is None:
        raise ServerError(
            f"IBID_READERS={settings.readers} says what users may read, and nobody has a name here. Set "
            "IBID_AUTH=user:password, or IBID_USER_HEADER and IBID_PROXY behind a proxy."
        )
    if not users and proxy is None and not _is_loopback(host):
        raise ServerError(
            f"Listening on {host} would show your documents to everyone who can reach this machine. "
            "Set IBID_AUTH=user:password first, or leave --host out."
        )
    return users


def _is_loopback(host: str) -> bool:
    return host in ("127.0.0.1", "localhost", "::1")


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # At once: until somebody listens, a second chat could take the same port.
        listener.listen()
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        advice = "Another chat may run there; try `ibid chat --port 0`." if taken else "Check --host and --port."
        raise ServerError(f"Cannot listen on {host}:{port}: {error.strerror}. {advice}") from error
    return listener
