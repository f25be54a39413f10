"""A proxy names the user: it alone, by its address, and each request."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from attacking import Attacked, attacked, until_read
from conftest import missing
from proxying import NGINX, free_port, nginx, sent

from rag.settings import Settings
from tests.conftest import Reply
from ui.web.guard import Guard
from ui.web.passwords import Users
from ui.web.proxied import trusted, with_peer
from ui.web.public import LOOPBACK
from ui.web.who import user_of

HEADER = b"x-forwarded-user"
TOKEN = "token"


def entered(
    *headers: tuple[bytes, bytes], peer: str = "10.0.0.5", users: dict[str, Any] | None = None, forwarded: str = ""
) -> tuple[int, Any, list[bytes]]:
    """The status of a request, who the application was told came in, and the headers it saw."""
    seen: list[Any] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        seen.extend((user_of(scope), [name for name, _ in scope["headers"]]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    proxy = trusted(Settings(user_header="X-Forwarded-User", proxy="10.0.0.5, fd00::/8,192.168.0.0/24"))
    guard = Guard(inside, Users(users or {}), TOKEN, LOOPBACK, trusted=proxy)
    scope = {
        "type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost"), *headers],
        "client": (peer, 1), "ibid.user": "anna", "ibid.peer": ("10.0.0.5", 1),
    }  # fmt: skip
    scope = dict(with_peer(scope))
    # What uvicorn makes of `X-Forwarded-For`.
    scope["client"] = (forwarded, 0) if forwarded else scope["client"]

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    asyncio.run(guard(scope, receive, send))
    return told[0]["status"], *(seen or [None, []])


ANNA = (HEADER, "Änna@example.org".encode())


@pytest.mark.parametrize("peer", ["10.0.0.5", "fd00::1", "192.168.0.77", "::ffff:10.0.0.5"])
def test_a_proxy_is_believed_from_its_addresses(peer: str) -> None:
    status, user, headers = entered(ANNA, peer=peer, forwarded="203.0.113.9")
    assert (status, user) == (200, "Änna@example.org")
    assert HEADER not in headers


@pytest.mark.parametrize("peer", ["10.0.0.6", "127.0.0.1", "fe80::1", "192.168.1.1", "::ffff:10.0.0.6", "", "unix"])
def test_from_any_other_address_nobody_is(peer: str) -> None:
    assert entered(ANNA, peer=peer) == (401, None, [])
    # Whatever it says of where it came from.
    assert entered(ANNA, peer=peer, forwarded="10.0.0.5") == (401, None, [])
    basic = b"Basic " + base64.b64encode(b"ben:pw")
    status, user, headers = entered(ANNA, (b"authorization", basic), peer=peer, users={"ben": "pw"})
    assert (status, user) == (200, "ben")
    assert HEADER not in headers
    assert entered(ANNA, (b"authorization", basic), peer=peer)[0] == 401
    status, user, headers = entered(ANNA, (b"authorization", b"Bearer token"), peer=peer)
    assert (status, user) == (200, None)
    assert HEADER not in headers


@pytest.mark.parametrize(
    "headers",
    [(), ((HEADER, b""),), ((HEADER, b"  "),), (ANNA, (HEADER, b"ben")), ((b"X-Forwarded-User", b"a"), ANNA), ((HEADER, b"\xff"),), ((HEADER, b"x" * 300),), ((b"x_forwarded_user", b"anna"),)],
    ids=["none", "empty", "blank", "two", "two ways", "no text", "too long", "another header"],
)  # fmt: skip
def test_a_proxy_that_names_nobody_lets_nobody_in(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    basic = b"Basic " + base64.b64encode(b"ben:pw")
    for more in ((), ((b"authorization", basic),)):
        assert entered(*headers, *more, users={"ben": "pw"}) == (401, None, [])


# --- a real one


SERVER = """server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{chat}; proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr; {names} proxy_read_timeout 10m; }} }}"""
NAMES = "proxy_set_header X-Forwarded-User $http_x_test_user;"
"""As one that asked for a password would set it: here by what the test says it asked."""


@dataclass(frozen=True)
class Site:
    port: int
    chat: Attacked

    def status(self, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Host": f"127.0.0.1:{self.port}", "Content-Type": "application/json", **named}
        return sent(f"http://127.0.0.1:{self.port}/", "POST", "/api/status", given, b"{}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not Path(NGINX).exists():
        missing(f"{NGINX} is missing: apt-get install nginx-light")
    folder, base = tmp_path_factory.mktemp("nginx"), tmp_path_factory.mktemp("proxied")
    (base / "readers.toml").write_text('anna = ["*"]\nben = ["mill.md"]\n')
    more = {
        "IBID_USER_HEADER": "X-Forwarded-User",
        "IBID_PROXY": "127.0.0.1",
        "IBID_READERS": str(base / "readers.toml"),
    }
    with ExitStack() as leaving:
        chat = leaving.enter_context(attacked(base, "--host", "0.0.0.0", **more))
        port = free_port()
        (owner,) = (chat.home / "indexes").glob("*/owner.json")
        chat.headers = {"Authorization": f"Bearer {json.loads(owner.read_text())['token']}"}
        until_read(chat)
        chat.headers = {}
        leaving.enter_context(nginx(folder, SERVER.format(port=port, chat=chat.port, names=NAMES)))
        yield Site(port, chat)


def listed(reply: Reply) -> list[str]:
    return [one["document"] for one in reply.json["documents"]]


def test_behind_nginx_each_reads_what_is_theirs(site: Site) -> None:
    assert listed(site.status(X_Test_User="anna")) == ["documents/harbour.md", "documents/mill.md"]
    assert listed(site.status(X_Test_User="ben")) == ["documents/mill.md"]
    assert listed(site.status(X_Test_User="carl")) == []
    # What a client writes itself the proxy writes over.
    assert listed(site.status(X_Test_User="ben", X_Forwarded_User="anna")) == ["documents/mill.md"]
    for nobody in (site.status(), site.status(X_Forwarded_User="anna")):
        assert nobody.status == 401
        assert nobody.body.decode().count("\n") == 1
        assert "IBID_USER_HEADER" in nobody.body.decode()
