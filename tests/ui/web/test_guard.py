"""Who is let through to the application, and what every reply carries: the guard called as servers call it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.web.guard import Guard
from ui.web.passwords import Users
from ui.web.public import LOOPBACK

USERS = {"anna": "secret", "bjørn": "pæssword:with colon", "日本": "語"}
TOKEN = "a-token-of-this-run"
PROTECTED = (
    b"content-security-policy",
    b"x-content-type-options",
    b"referrer-policy",
    b"cross-origin-opener-policy",
)

Headers = Iterable[tuple[bytes, bytes]]


async def plain(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """An application that says yes to everything."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-mine", b"kept")]})
        await send({"type": "http.response.body", "body": b"inside"})
    else:
        await send({"type": f"{scope['type']}.inside"})


def asked(
    guard: Guard, headers: Headers, path: str = "/", kind: str = "http", method: str = "GET"
) -> list[MutableMapping[str, Any]]:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": kind, "method": method, "path": path, "headers": list(headers), "client": ("192.0.2.7", 1)}
    asyncio.run(guard(scope, receive, send))
    return sent


def status(guard: Guard, headers: Headers, path: str = "/") -> int:
    start, body = asked(guard, headers, path)
    assert (body["body"] in (b"inside", b'{"status": "ok"}')) == (start["status"] == 200)
    return int(start["status"])


def basic(pair: str | bytes) -> list[tuple[bytes, bytes]]:
    data = pair if isinstance(pair, bytes) else pair.encode()
    return [(b"host", b"127.0.0.1:7860"), (b"authorization", b"Basic " + base64.b64encode(data))]


def authorised(value: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"127.0.0.1:7860"), (b"authorization", value)]


def named(host: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"host", host)]


OPEN = Guard(plain, Users({}), TOKEN, LOOPBACK)


def closed() -> Guard:
    """One that nobody has guessed at yet."""
    return Guard(plain, Users(USERS), TOKEN, LOOPBACK)


# --- users


@pytest.mark.parametrize("user", USERS)
def test_a_right_user_with_the_right_password_comes_in(user: str) -> None:
    assert status(closed(), basic(f"{user}:{USERS[user]}")) == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(named(b"127.0.0.1:7860"), id="nothing"),
        pytest.param(basic("anna:wrong"), id="wrong-password"),
        pytest.param(basic("anna:Secret"), id="other-case"),
        pytest.param(basic("anna:secret "), id="space-behind"),
        pytest.param(basic("anna:"), id="no-password"),
        pytest.param(basic("anna"), id="no-colon"),
        pytest.param(basic(":secret"), id="no-user"),
        pytest.param(basic(""), id="empty"),
        pytest.param(basic("mallory:secret"), id="unknown-user"),
        pytest.param(basic("mallory:"), id="unknown-user-without-password"),
        pytest.param(basic("anna:語"), id="password-of-another"),
        pytest.param(basic("bjørn:pæssword"), id="up-to-its-colon"),
        pytest.param(basic("bjørn:pæssword:with colon".encode("latin-1")), id="latin-1"),
        pytest.param(basic(b"\xff\xfe:\x80"), id="no-text"),
        pytest.param(authorised(b""), id="empty-header"),
        pytest.param(authorised(b"Basic"), id="kind-alone"),
        pytest.param(authorised(b"Basic "), id="nothing-behind-the-kind"),
        pytest.param(authorised(b"Basic anna:secret"), id="not-encoded"),
        pytest.param(authorised(b"Basic YW5uYTpzZWNyZXQ"), id="without-its-padding"),
        pytest.param(authorised(b"Basic YW5uYT*pzZWNyZXQ="), id="foreign-sign"),
        pytest.param(authorised(b"Basic \xff\xff"), id="bytes"),
        pytest.param(authorised(b"YW5uYTpzZWNyZXQ="), id="without-a-kind"),
        pytest.param(authorised(b"Digest YW5uYTpzZWNyZXQ="), id="another-kind"),
        pytest.param(authorised(b"Bearer YW5uYTpzZWNyZXQ="), id="pair-as-a-token"),
        pytest.param(authorised(b"Bearer anna:wrong"), id="wrong-pair-as-a-key"),
        pytest.param(authorised(b"Bearer anna:"), id="no-password-in-a-key"),
        pytest.param(authorised(b"Bearer"), id="no-token"),
        pytest.param(authorised(b"Bearer "), id="empty-token"),
        pytest.param(authorised(b"Bearer " + TOKEN[:-1].encode()), id="token-cut-short"),
        pytest.param(authorised(b"Bearer \xff\xfe"), id="token-of-bytes"),
        pytest.param(authorised(b"Basic " + TOKEN.encode()), id="token-as-a-pair"),
    ],
)
def test_nobody_else_comes_in_and_everybody_is_asked(headers: Headers) -> None:
    start, body = asked(closed(), headers)
    assert start["status"] == 401
    assert dict(start["headers"])[b"www-authenticate"].startswith(b"Basic ")
    assert body["body"] == b"Ibid asks for a user and a password (IBID_AUTH).\n"


def test_the_kind_of_authorisation_may_be_written_in_any_case() -> None:
    pair = base64.b64encode(b"anna:secret")
    for kind in (b"Basic ", b"basic ", b"BASIC "):
        assert status(closed(), authorised(kind + pair)) == 200
    for kind in (b"Bearer ", b"bearer "):
        assert status(closed(), authorised(kind + TOKEN.encode())) == 200
        assert status(closed(), authorised(kind + b"anna:secret")) == 200


def test_the_name_of_a_header_may_be_written_in_any_case() -> None:
    pair = b"Basic " + base64.b64encode(b"anna:secret")
    assert status(closed(), [(b"Host", b"localhost"), (b"Authorization", pair)]) == 200


def test_the_token_opens_for_other_commands_of_the_same_user() -> None:
    assert status(closed(), authorised(b"Bearer " + TOKEN.encode()), "/api/ask") == 200


def test_without_users_everyone_on_this_machine_comes_in() -> None:
    assert status(OPEN, named(b"127.0.0.1:7860")) == 200
    assert status(OPEN, basic("anna:wrong")) == 200


def test_health_is_open_to_all_and_nothing_else_is() -> None:
    assert status(closed(), named(b"localhost"), "/healthz") == 200
    for path in ("/", "/healthz/", "/healthz/..", "//healthz", "/HEALTHZ", "/api/ask", "/config", ""):
        assert status(closed(), named(b"localhost"), path) == 401


def test_a_web_socket_needs_the_same_as_a_page() -> None:
    (start, _) = asked(closed(), named(b"localhost"), kind="websocket")
    assert start["type"] != "websocket.inside"
    (told,) = asked(closed(), basic("anna:secret"), kind="websocket")
    assert told["type"] == "websocket.inside"


def test_the_start_of_the_server_is_no_request() -> None:
    (told,) = asked(closed(), [], kind="lifespan")
    assert told["type"] == "lifespan.inside"


@given(st.binary(max_size=60))
def test_no_other_header_opens_the_door(value: bytes) -> None:
    rights = {f"{user}:{password}".encode() for user, password in USERS.items()}
    kind, _, behind = value.partition(b" ")
    if kind.lower() == b"basic" and behind in {base64.b64encode(right) for right in rights}:
        return
    assert status(closed(), authorised(value)) == 401


@given(
    st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_a_password_opens_for_its_user_alone_whatever_its_letters(user: str, password: str, other: str) -> None:
    guard = Guard(plain, Users({user: password}), TOKEN, LOOPBACK)
    assert status(guard, basic(f"{user}:{password}")) == 200
    assert status(guard, basic(f"{user}:{other}")) == (200 if other == password else 401)
    assert status(guard, basic(f"{user}x:{password}")) == 401


# --- names of this host


@pytest.mark.parametrize(
    "host",
    [b"127.0.0.1", b"127.0.0.1:7860", b"localhost", b"localhost:80", b"LocalHost:7860", b"[::1]", b"[::1]:7860"],
)
def test_this_machine_answers_under_its_own_names(host: bytes) -> None:
    assert status(OPEN, named(host)) == 200


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example", b"evil.example:7860", b"", b":7860", b"localhost.evil.example", b"evil.example:localhost",
        b"127.0.0.1.evil.example:7860", b"127.0.0.2", b"0.0.0.0:7860", b"[::2]:7860", b"::1", b"evil@localhost",
        b"localhost,evil.example", b"\xff\xfe", b"localhost\x00",
    ],
)  # fmt: skip
def test_a_name_that_was_pointed_here_is_turned_away(host: bytes) -> None:
    start, body = asked(OPEN, named(host))
    assert (start["status"], body["body"]) == (421, b"This server does not answer under that name (IBID_PUBLIC_URL).\n")


def test_a_request_without_a_host_is_turned_away() -> None:
    assert status(OPEN, []) == 421


def test_a_foreign_name_is_turned_away_even_with_the_password_and_from_health() -> None:
    pair = (b"authorization", b"Basic " + base64.b64encode(b"anna:secret"))
    assert status(closed(), [(b"host", b"evil.example"), pair]) == 421
    assert status(closed(), [(b"host", b"evil.example"), (b"authorization", b"Bearer " + TOKEN.encode())]) == 421
    assert status(closed(), named(b"evil.example"), "/healthz") == 421


def test_beyond_this_machine_any_name_will_do_but_the_password_is_asked() -> None:
    guard = Guard(plain, Users(USERS), TOKEN, None)
    assert status(guard, [(b"host", b"documents.example")]) == 401
    assert status(guard, [*basic("anna:secret"), (b"host", b"documents.example")]) == 200
    assert status(guard, []) == 401


@given(st.binary(max_size=40))
def test_no_bytes_for_a_name_break_it(host: bytes) -> None:
    name, colon, port = host.lower().rpartition(b":") if not host.endswith(b"]") else (b"", b"", b"")
    known = (name if colon and (not port or port.isdigit()) else host.lower()) in {one.encode() for one in LOOPBACK}
    assert status(OPEN, named(host)) == (200 if known else 421)


# --- what replies carry


@pytest.mark.parametrize(
    ("guard", "headers", "path"),
    [
        (OPEN, named(b"localhost"), "/"),
        (OPEN, named(b"localhost"), "/healthz"),
        (OPEN, named(b"evil.example"), "/"),
        (closed(), named(b"localhost"), "/"),
        (closed(), basic("anna:secret"), "/assets/x.js"),
    ],
    ids=["page", "health", "foreign-name", "no-password", "password"],
)
def test_every_reply_carries_what_protects_the_page(guard: Guard, headers: Headers, path: str) -> None:
    carried = asked(guard, headers, path)[0]["headers"]
    names = [name for name, _ in carried]
    for name in PROTECTED:
        assert names.count(name) == 1
    policy = dict(part.split(" ", 1) for part in dict(carried)[b"content-security-policy"].decode().split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    # Nothing may be fetched from, sent to or embedded from another host.
    assert all("http" not in sources and "*" not in sources for sources in policy.values())


def test_what_the_application_says_of_itself_stays() -> None:
    start, _ = asked(OPEN, named(b"localhost"))
    assert (b"x-mine", b"kept") in start["headers"]


def test_what_lets_others_read_is_taken_from_replies() -> None:  # case 27
    async def generous(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        allowing = [(b"Access-Control-Allow-Origin", b"*"), (b"access-control-allow-credentials", b"true")]
        await send({"type": "http.response.start", "status": 200, "headers": [*allowing, (b"x-mine", b"kept")]})
        await send({"type": "http.response.body", "body": b"inside"})

    start, _ = asked(Guard(generous, Users({}), TOKEN, LOOPBACK), named(b"localhost"))
    names = [name.lower() for name, _ in start["headers"]]
    assert b"x-mine" in names
    assert not [name for name in names if name.startswith(b"access-control")]


# --- pages of others


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/api/ask", "/gradio_api/queue/join", "/config"])
def test_no_page_of_another_origin_gets_an_answer(method: str, path: str) -> None:  # case 13, case 14
    for foreign in (
        (b"origin", b"http://evil.example"),
        (b"origin", b"http://127.0.0.1:7861"),
        (b"origin", b"http://localhost:7860"),
        (b"origin", b"null"),
        (b"origin", b""),
        (b"origin", b"http://[::1"),
        (b"origin", b"http://user@127.0.0.1:7860"),
        (b"sec-fetch-site", b"cross-site"),
        (b"sec-fetch-site", b"same-site"),
        (b"Sec-Fetch-Site", b"Cross-Site"),
    ):
        start, _ = asked(OPEN, [*named(b"127.0.0.1:7860"), foreign], path, method=method)
        assert start["status"] == 403, foreign
    for own in (
        (b"origin", b"http://127.0.0.1:7860"),
        (b"sec-fetch-site", b"same-origin"),
        (b"sec-fetch-site", b"none"),
    ):
        start, _ = asked(OPEN, [*named(b"127.0.0.1:7860"), own], path, method=method)
        assert start["status"] == 200, own


def test_health_has_no_other_method() -> None:
    for method in ("POST", "OPTIONS", "DELETE"):
        start, _ = asked(closed(), named(b"localhost"), "/healthz", method=method)
        assert start["status"] == 405


@pytest.mark.parametrize("host", [b"127.0.0.1:7860@evil", b"user@127.0.0.1", b"a b", b"127.0.0.1/x", b"x:1:2"])
def test_what_is_no_name_of_a_host_is_turned_away_everywhere(host: bytes) -> None:  # case 29
    for guard in (OPEN, closed(), Guard(plain, Users(USERS), TOKEN, None)):
        assert status(guard, named(host)) == 421


# --- programs that speak OpenAI's protocol


def test_below_v1_whoever_is_turned_away_is_told_so_in_the_words_of_the_protocol() -> None:
    guard = closed()

    def told(headers: Headers) -> tuple[dict[bytes, bytes], dict[str, Any]]:
        start, body = asked(guard, headers, "/v1/models")
        assert dict(start["headers"])[b"content-type"] == b"application/json"
        return dict(start["headers"]), json.loads(body["body"])["error"] | {"status": start["status"]}

    _, why = told([*basic("anna:secret"), (b"sec-fetch-site", b"cross-site")])
    assert (why["status"], why["type"]) == (403, "permission_error")
    assert "another site" in why["message"]
    for guess in range(4):
        headers, why = told(authorised(f"Bearer anna:{guess}".encode()))
        assert (why["status"], why["type"], why["code"]) == (401, "authentication_error", "invalid_api_key")
        assert why["message"] == "Ibid asks for a user and a password (IBID_AUTH)."
    headers, why = told(authorised(b"Bearer anna:secret"))
    assert (why["status"], why["type"], why["code"]) == (429, "rate_limit_error", "rate_limit_exceeded")
    assert why["message"] == "There were too many wrong passwords. Try again in 1 seconds."
    assert headers[b"retry-after"] == b"1"
    assert all(name in headers for name in PROTECTED)


# --- guesses


def test_who_guesses_waits_and_who_is_in_does_not() -> None:  # case 16
    guard = closed()
    first, _ = asked(guard, basic("anna:secret"))
    cookie = dict(first["headers"])[b"set-cookie"].partition(b";")[0]
    assert [status(guard, basic(f"anna:{guess}")) for guess in range(8)] == [401] * 4 + [429] * 4
    # The same address with the right password waits too, or a guess would show itself; the browser that was in does not.
    start, body = asked(guard, basic("anna:secret"))
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (429, b"1")
    assert body["body"] == b"There were too many wrong passwords. Try again in 1 seconds.\n"
    assert status(guard, [*basic("anna:secret"), (b"cookie", b"a=b; " + cookie)]) == 200
    assert status(guard, [*basic("anna:guess"), (b"cookie", cookie)]) == 401
    assert status(guard, [*basic("anna:secret"), (b"cookie", cookie[:-1] + b"x")]) == 429
    assert status(guard, [*basic("bjørn:pæssword:with colon"), (b"cookie", cookie)]) == 200
    assert status(guard, authorised(b"Bearer " + TOKEN.encode())) == 200


def test_the_cookie_alone_opens_nothing() -> None:  # case 16
    guard = closed()
    first, _ = asked(guard, basic("anna:secret"))
    cookie = dict(first["headers"])[b"set-cookie"]
    assert b"HttpOnly" in cookie
    assert b"SameSite=Strict" in cookie
    assert status(guard, [*named(b"localhost"), (b"cookie", cookie.partition(b";")[0])]) == 401
