"""The public address as people write it, and what requests to it become before the chat sees them."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from gradio.routes import INTERNAL_ROUTES
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rag.errors import ServerError
from rag.settings import Settings
from ui.web.guard import Guard
from ui.web.passwords import Users
from ui.web.public import LOOPBACK, TAKEN, Addressed, PublicAddress, Unprefixed, public_address

IBID = PublicAddress(scheme="https", netloc="docs.example.org:8443", prefix="/ibid")


def read(url: str) -> PublicAddress | None:
    return public_address(Settings(public_url=url))


# --- the setting


@pytest.mark.parametrize(
    ("written", "meant", "host"),
    [
        ("https://docs.example.org/ibid/", "https://docs.example.org/ibid/", "docs.example.org"),
        ("https://docs.example.org/ibid", "https://docs.example.org/ibid/", "docs.example.org"),
        ("https://docs.example.org", "https://docs.example.org/", "docs.example.org"),
        ("HTTPS://Docs.Example.ORG:443/Ibid", "https://docs.example.org/Ibid/", "docs.example.org"),
        ("http://docs.example.org:80/", "http://docs.example.org/", "docs.example.org"),
        ("http://docs.example.org:8080/a/b-c/", "http://docs.example.org:8080/a/b-c/", "docs.example.org"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("http://[2001:DB8::1]:81/x", "http://[2001:db8::1]:81/x/", "[2001:db8::1]"),
        ("http://localhost:8080/ibid", "http://localhost:8080/ibid/", "localhost"),
    ],
)
def test_an_address_is_read_as_browsers_read_it(written: str, meant: str, host: str) -> None:
    public = read(written)
    assert public is not None
    assert (str(public), public.host, public.is_local) == (meant, host, host == "localhost")


@pytest.mark.parametrize(
    "written",
    [
        "docs.example.org/ibid", "//docs.example.org/", "/ibid/", "ftp://docs.example.org/", "https:docs.example.org",
        "https:///ibid", "https://", "https://docs.example.org/ibid?x=1", "https://docs.example.org/#ibid",
        "https://docs example.org/", "https://docs.example.org/my docs/", " https://docs.example.org/",
        "https://anna:secret@docs.example.org/", "https://docs.example.org:99999/", "https://docs.example.org:port/",
        "https://docs.example.org//ibid/", "https://docs.example.org/büro/", "https://docs.example.org/a%20b/",
        "https://docs.example.org/ibid;a/", "https://docs.example.org\\ibid", "https://a,b/", "https://a.org\n/x",
    ],
)  # fmt: skip
def test_what_is_no_whole_address_is_refused_with_one_that_is(written: str) -> None:
    with pytest.raises(ValidationError, match=r"such as https://docs\.example\.org/ibid/"):
        Settings(public_url=written)


@given(st.text(max_size=40) | st.text("htps:/.a[]%?# @\\-", max_size=20).map(lambda text: f"http://{text}"))
def test_whatever_is_written_the_path_is_one_that_cookies_and_headers_can_hold(written: str) -> None:
    try:
        public = read(written)
    except (ValidationError, ServerError):
        return
    if public is None:
        assert written == ""
        return
    assert (public.origin + public.prefix).isascii()
    assert not set(str(public)) & set(" \t\r\n;,?#@\\")
    assert urlsplit(str(public)).hostname


def test_without_the_setting_there_is_no_such_address() -> None:
    assert read("") is None
    assert public_address(Settings()) is None


@pytest.mark.parametrize("name", sorted({*INTERNAL_ROUTES, "api", "v1", "pages", "original", "healthz"}))
def test_a_path_below_one_of_ours_is_refused(name: str) -> None:
    assert name in TAKEN
    with pytest.raises(ServerError, match=f"addresses of its own below /{name}. Choose another path"):
        read(f"https://docs.example.org/{name}/ibid/")


# --- paths


def reached(app: Any, path: str, *headers: tuple[bytes, bytes], query: bytes = b"") -> list[MutableMapping[str, Any]]:
    """What was answered; an application that is reached tells its scope."""
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query, "scheme": "http", "client": None,
        "headers": [(b"host", b"127.0.0.1:7860"), *headers],
    }  # fmt: skip
    asyncio.run(app(scope, None, send))
    return sent


async def telling(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "scope", **{name: value for name, value in scope.items() if name != "type"}})


@given(st.text(max_size=20).map(lambda rest: f"/{rest}"))
def test_with_and_without_its_prefix_a_path_is_the_same(rest: str) -> None:
    (told,) = reached(Unprefixed(telling, IBID), f"/ibid{rest}")
    assert told["path"] == rest
    if not f"{rest}/".startswith("/ibid/"):
        (told,) = reached(Unprefixed(telling, IBID), rest)
        assert told["path"] == rest


def test_without_its_last_slash_the_address_leads_to_itself() -> None:
    start, _ = reached(Unprefixed(telling, IBID), "/ibid", query=b"document=a")
    assert (start["status"], dict(start["headers"])[b"location"]) == (307, b"/ibid/?document=a")


def test_the_start_of_the_server_has_no_path() -> None:
    told: list[str] = []

    async def starting(scope: Any, receive: Any, send: Any) -> None:
        told.append(scope["type"])

    asyncio.run(Unprefixed(Addressed(starting, IBID), IBID)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert told == ["lifespan"]


def test_the_application_hears_the_public_address_alone() -> None:
    forwarded = [(b"x-forwarded-host", b"evil.example"), (b"x-forwarded-proto", b"http"), (b"cookie", b"a=b")]
    (told,) = reached(Addressed(telling, IBID), "/api/ask", *forwarded)
    assert told["headers"] == [(b"host", b"docs.example.org:8443"), (b"cookie", b"a=b")]
    assert (told["scheme"], told["root_path"], told["path"]) == ("https", "/ibid", "/ibid/api/ask")


# --- names and origins


def entered(host: str, origin: str = "") -> int:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    status = 0

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    guard = Guard(plain, Users({}), "token", LOOPBACK, public=IBID)
    scope = {"type": "http", "method": "POST", "path": "/api/ask", "headers": headers, "client": None}
    asyncio.run(guard(scope, None, send))  # type: ignore[arg-type]
    return status


@pytest.mark.parametrize("host", ["docs.example.org", "docs.example.org:8443", "DOCS.example.org:1", "127.0.0.1:7860"])
def test_by_either_name_pages_of_the_public_address_may_ask(host: str) -> None:
    assert entered(host) == 200
    assert entered(host, "https://docs.example.org:8443") == 200
    for origin in ("https://docs.example.org", "http://docs.example.org:8443", "https://example.org:8443", "null"):
        assert entered(host, origin) == 403, origin


def test_by_the_public_name_another_port_of_that_host_is_another_site() -> None:
    assert entered("docs.example.org", "http://docs.example.org") == 403
    assert entered("docs.example.org:80", "http://docs.example.org:80") == 403


def test_the_page_of_this_machine_may_ask_itself_alone() -> None:
    assert entered("127.0.0.1:7860", "http://127.0.0.1:7860") == 200
    assert entered("127.0.0.1:7860", "http://127.0.0.1:7861") == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.docs.example.org", "docs.example.org.evil.example", ""])
def test_no_other_name_is_answered(host: str) -> None:
    assert entered(host) == 421
    assert entered(host, "https://docs.example.org:8443") == 421
