"""Users and their passwords: hashes beside plain ones, what a guess costs, and that nothing is told of any."""

from __future__ import annotations

import asyncio
import base64
import logging
import subprocess
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from attacking import attacked, until_read
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import bare_environment
from ui.web.guard import Guard
from ui.web.passwords import FREE, LONGEST, Hash, Users, hash_of, read_users
from ui.web.public import LOOPBACK

ROOT = Path(__file__).parents[3]
HASHED = str(hash_of("hunter2, with: a comma"))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def guess(users: Users, user: str, password: str, address: str = "192.0.2.7") -> bool | float:
    """Whether a guess is right; the seconds to wait where it was not looked at."""
    if wait := users.wait(user, address):
        return wait
    if users.fits_at_once(user, password) or users.fits_hash(user, password):
        return True
    users.failed(user, address)
    return False


# --- IBID_AUTH


@pytest.mark.parametrize(
    ("pairs", "users"),
    [
        ("", {}),
        (" , ,", {}),
        ("anna:secret", {"anna": "secret"}),
        (" anna:secret , bob:hidden ", {"anna": "secret", "bob": "hidden"}),
        ("anna:pass:word", {"anna": "pass:word"}),
        ("日本:語", {"日本": "語"}),
        ("anna: secret", {"anna": " secret"}),
        ("anna:scrypt", {"anna": "scrypt"}),
    ],
)
def test_users_are_read_from_pairs(pairs: str, users: dict[str, str]) -> None:
    assert read_users(pairs) == users


@pytest.mark.parametrize(
    "pairs",
    [
        "hunter2", "hunter2:", ":hunter2", ":", "anna:secret,hunter2", "anna:secret,:hunter2", "anna:hunter2,word",
        "anna:scrypt.hunter2", "anna:scrypt.16384.8.1.hunter2.hunter2", "anna:scrypt.0.8.1.c2FsdA.c2FsdA",
        f"anna:{HASHED[:-1]}", f"anna:{HASHED}x", f"anna:{HASHED.replace('16384', '16383')}",
        f"anna:{HASHED.replace('16384', '1' + '0' * 30)}", f"anna:{HASHED.replace('16384', 'hunter2')}",
    ],
)  # fmt: skip
def test_a_wrong_pair_is_named_by_its_number_and_nothing_of_it_is_told(pairs: str) -> None:  # case 17
    with pytest.raises(ValueError, match=r"number [12]") as told:
        read_users(pairs)
    for part in ("hunter2", "secret", "anna", "word,", HASHED[20:30]):
        assert part not in str(told.value)


@given(st.text(min_size=6).filter(lambda text: ":" not in text))
def test_whatever_is_mistyped_is_not_told(text: str) -> None:  # case 17
    try:
        read_users(text)
    except ValueError as error:
        assert text.strip() not in str(error) or text.strip() in "number 1 of 1 is not user:password"


@pytest.mark.slow
@settings(max_examples=10)
@given(st.text(min_size=1), st.text(min_size=1))
def test_a_hash_fits_its_password_alone(password: str, other: str) -> None:  # case 16
    made = hash_of(password)
    assert made.fits(password)
    assert made.fits(other) == (password == other)
    users = read_users(f"anna:{made},bob:plain")
    assert users == {"anna": made, "bob": "plain"}
    assert not {",", ":", "$", " "} & set(str(made))
    assert str(hash_of(password)) != str(made)


# --- guesses


def test_plain_passwords_and_hashes_may_stand_beside_one_another() -> None:  # case 16
    users = Users(read_users(f"anna:{HASHED},bob:plain"))
    for _ in range(2):
        assert guess(users, "anna", "hunter2, with: a comma") is True
        assert guess(users, "bob", "plain") is True
    assert guess(users, "anna", "plain") is False
    assert guess(users, "anna", HASHED) is False
    assert guess(users, "bob", "hunter2, with: a comma") is False
    assert guess(users, "carl", "plain") is False


def test_what_fitted_once_is_compared_quickly(within: Any) -> None:  # case 16
    users = Users(read_users(f"anna:{HASHED}"))
    assert guess(users, "anna", "hunter2, with: a comma") is True
    with within(1.0):
        for _ in range(1_000):
            assert users.fits_at_once("anna", "hunter2, with: a comma")


def test_an_unknown_user_takes_as_long_as_a_known_one() -> None:  # case 16
    users = Users(read_users(f"anna:{HASHED},bob:plain"))
    took = {}
    for user in ("anna", "bob", "carl"):
        times = []
        for _ in range(9):
            started = time.process_time()
            assert not users.fits_at_once(user, "wrong") and not users.fits_hash(user, "wrong")
            times.append(time.process_time() - started)
        took[user] = sorted(times)[4]
    assert max(took.values()) < 2 * min(took.values()), took


def test_each_guess_waits_longer_up_to_some_seconds() -> None:  # case 16
    clock = Clock()
    users = Users({"anna": "secret"}, clock)
    waited = []
    for _ in range(20):
        looked_at = guess(users, "anna", "wrong")
        while looked_at is not False:
            waited.append(looked_at)
            clock.now += looked_at
            looked_at = guess(users, "anna", "wrong")
    assert waited[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert len(waited) == 20 - FREE
    assert max(waited) == LONGEST


def test_nobody_is_locked_out_for_long_and_nobody_elsewhere_at_all() -> None:  # case 16
    clock = Clock()
    users = Users({"anna": "secret", "bob": "hidden"}, clock)
    for _ in range(10_000):
        guess(users, "anna", "wrong", "192.0.2.66")
        clock.now += 0.01
    assert guess(users, "anna", "secret", "192.0.2.7") is True
    assert guess(users, "bob", "hidden", "192.0.2.66") is True
    clock.now += LONGEST
    assert guess(users, "anna", "secret", "192.0.2.66") is True
    clock.now += 1_000
    assert [guess(users, "anna", "wrong", "192.0.2.66") for _ in range(FREE)] == [False] * FREE


def test_right_ones_between_the_guesses_clear_no_way() -> None:  # case 16
    clock = Clock()
    users = Users({"anna": "secret"}, clock)
    looked_at = 0
    for _ in range(50):
        looked_at += guess(users, "anna", "wrong") is False
        guess(users, "anna", "secret")
    assert looked_at == FREE


def test_who_knows_the_password_asks_as_often_as_they_like() -> None:  # case 16
    clock = Clock()
    users = Users({"anna": "secret"}, clock)
    for _ in range(FREE):
        guess(users, "anna", "wrong")
    clock.now += LONGEST
    assert [guess(users, "anna", "secret") for _ in range(1_000)] == [True] * 1_000


def test_many_guesses_at_once_are_no_way_around() -> None:  # case 16
    users = Users(read_users(f"anna:{HASHED}"))

    async def inside(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        raise AssertionError

    guard = Guard(inside, users, "token", LOOPBACK)

    async def one(number: int) -> int:
        statuses = []

        async def send(message: MutableMapping[str, Any]) -> None:
            statuses.append(message.get("status"))

        pair = base64.b64encode(f"anna:{number}".encode())
        headers = [(b"host", b"localhost"), (b"authorization", b"Basic " + pair)]
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "client": ("192.0.2.7", 1)}
        await guard(scope, send, send)
        return int(statuses[0])

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(one(number) for number in range(200)))

    assert sorted(asyncio.run(all_at_once())) == [401] * FREE + [429] * (200 - FREE)


def test_programs_that_come_at_once_with_the_right_password_are_all_let_in() -> None:  # case 16
    async def inside(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    guard = Guard(inside, Users(read_users(f"anna:{HASHED}")), "token", LOOPBACK)
    pair = base64.b64encode(b"anna:hunter2, with: a comma")
    headers = [(b"host", b"localhost"), (b"authorization", b"Basic " + pair)]
    statuses = []

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status"))

    async def all_at_once() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "client": ("192.0.2.7", 1)}
        await asyncio.gather(*(guard(dict(scope), send, send) for _ in range(50)))

    asyncio.run(all_at_once())
    assert statuses == [200] * 50


@pytest.mark.slow
def test_what_is_remembered_of_guesses_does_not_grow() -> None:  # case 16
    users = Users({"anna": "secret"}, Clock())
    for number in range(30_000):
        guess(users, f"user-{number}", "wrong", f"192.0.2.{number}")
    assert len(users._waits._failed) <= 10_000


def test_wrong_passwords_are_logged_without_them(caplog: pytest.LogCaptureFixture) -> None:  # case 16
    users = Users({"anna": "secret"})
    with caplog.at_level(logging.WARNING):
        guess(users, "anna", "hunter2")
        guess(users, "hunter2", "anna")
    assert [record.getMessage() for record in caplog.records] == [
        "Wrong password for “anna” from 192.0.2.7, 1 by now.",
        "Wrong password for somebody who is no user from 192.0.2.7, 1 by now.",
    ]


# --- the command, and the chat


def ibid(*arguments: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from ui.cli import main; main()", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=bare_environment() | more,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_command_makes_the_hash() -> None:  # case 16
    done = ibid("password", "anna", given="hunter2, with: a comma\n")
    assert (done.returncode, done.stderr) == (0, "")
    (made,) = read_users(done.stdout.strip()).values()
    assert isinstance(made, Hash)
    assert made.fits("hunter2, with: a comma")


@pytest.mark.slow
@pytest.mark.parametrize(("user", "given"), [("anna", ""), ("an,na", "x"), ("anna:hunter2", "x"), ("", "x")])
def test_what_makes_no_hash_is_one_line_that_tells_no_password(user: str, given: str) -> None:  # case 17
    done = ibid("password", user, given=given)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "hunter2" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("auth", ["hunter2-only", "anna:secret,hunter2", "anna:scrypt.hunter2"])
def test_a_mistyped_setting_tells_no_password(auth: str, tmp_path: Path) -> None:  # case 17
    done = ibid("chat", "--port", "0", IBID_AUTH=auth, IBID_HOME=str(tmp_path / "home"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "IBID_AUTH is not user:password pairs" in done.stderr
    assert "hunter2" not in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.slow
def test_guesses_at_a_running_chat_are_slowed_down_and_logged(tmp_path: Path) -> None:  # case 16
    def as_anna(password: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"anna:{password}".encode()).decode()}

    right = "hunter2, with: a comma"
    with attacked(tmp_path, IBID_AUTH=f"anna:{HASHED}") as chat:
        chat.headers = as_anna(right)
        until_read(chat)
        cookie = chat.get("/").headers["set-cookie"].partition(";")[0]
        chat.headers = {}
        until, statuses = time.monotonic() + 5, []
        while time.monotonic() < until:
            statuses.append(chat.get("/", as_anna(f"guess-{len(statuses)}")).status)
        # 4,950 a second once; now four for nothing, then after 0.5, 1 and 2 seconds.
        assert 5 <= statuses.count(401) <= 8
        assert set(statuses) == {401, 429}
        assert chat.get("/", {**as_anna(right), "Cookie": cookie}).status == 200
        waiting = chat.get("/", as_anna(right))
        if waiting.status == 429:
            time.sleep(int(waiting.headers["retry-after"]))
        assert chat.get("/", as_anna(right)).status == 200
        assert chat.said.count("Wrong password for “anna” from 127.0.0.1") == statuses.count(401)
        assert "guess-" not in chat.said
        assert "hunter2" not in chat.said
