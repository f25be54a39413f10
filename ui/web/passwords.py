"""Who may come in: the users of IBID_AUTH, their passwords or the hashes of them, and what wrong ones cost.

A password is never told, not even in part: whatever stands where a user's name should may be one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rag.owners import spelled

_log = logging.getLogger("ibid.guard")

_MARK = "scrypt"
_COST, _BLOCK, _LANES = 1 << 14, 8, 1
"""OWASP's floor is 2^17 of these; each guess has its delay besides, and a server must not be slowed down by guesses."""
_MOST_MEMORY = 1 << 28

FREE = 4
"""Wrong passwords that cost nothing."""
_FIRST, LONGEST = 0.5, 8.0
"""Seconds that the next one waits: at first, and at most."""
_FORGIVEN_AFTER = 900.0
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """A password as scrypt makes it; what is compared."""

    cost: int
    block: int
    lanes: int
    salt: bytes
    digest: bytes

    def fits(self, password: str) -> bool:
        return hmac.compare_digest(_scrypt(password, self.salt, self.cost, self.block, self.lanes), self.digest)

    def __str__(self) -> str:
        """Without `$`, which shells and compose files read, and without what parts users."""
        salt, digest = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (self.salt, self.digest))
        return f"{_MARK}.{self.cost}.{self.block}.{self.lanes}.{salt}.{digest}"


def hash_of(password: str) -> Hash:
    """A password's hash with a salt of its own."""
    salt = secrets.token_bytes(16)
    return Hash(
        cost=_COST, block=_BLOCK, lanes=_LANES, salt=salt, digest=_scrypt(password, salt, _COST, _BLOCK, _LANES)
    )


def read_users(pairs: str) -> dict[str, str | Hash]:
    """`IBID_AUTH` taken apart: `user:password` or `user:HASH`, several separated by commas. Raises ValueError saying
    which one is wrong, by its number."""
    users: dict[str, str | Hash] = {}
    given = [one.strip() for one in pairs.split(",")]
    for number, pair in enumerate(given, start=1):
        if not pair:
            continue
        user, _, password = pair.partition(":")
        if not user or not password:
            raise ValueError(f"number {number} of {len(given)} is not user:password")
        _expect_a_name(user, number)
        users[user] = _hash_from(password, number) if password.startswith(f"{_MARK}.") else password
    return users


def _expect_a_name(user: str, number: int) -> None:
    try:
        spelled(user)
    except ValueError as error:
        raise ValueError(f"{error} (number {number})") from None


def _hash_from(text: str, number: int) -> Hash:
    try:
        _, cost, block, lanes, salt, digest = text.split(".")
        found = Hash(cost=int(cost), block=int(block), lanes=int(lanes), salt=_bytes(salt), digest=_bytes(digest))
        if not found.salt or len(found.digest) != 32:
            raise ValueError
        found.fits("")
    except (ValueError, TypeError, MemoryError, OverflowError):
        raise ValueError(f"the hash of number {number} is not whole; `ibid password` makes one") from None
    return found


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=cost, r=block, p=lanes, maxmem=_MOST_MEMORY, dklen=32)


class Users:
    """Compares passwords, in the same time whether a user is known or not, and slowly where many were wrong.

    Only hashes take long to compare. What fitted once is compared quickly from then on, by a key of this run.
    """

    def __init__(self, users: Mapping[str, str | Hash], clock: Callable[[], float] = time.monotonic) -> None:
        self._key = secrets.token_bytes(32)
        self._known = frozenset(users)
        self._hashes = {user: one for user, one in users.items() if isinstance(one, Hash)}
        self._quick = {user: self._quickly(one) for user, one in users.items() if isinstance(one, str)}
        self._nobody = hash_of(secrets.token_hex(8)) if self._hashes else None
        self._hashing = threading.Lock()
        self._waits = Waits(clock)

    def __bool__(self) -> bool:
        return bool(self._known)

    @property
    def has_hashes(self) -> bool:
        return self._nobody is not None

    def fits_at_once(self, user: str, password: str) -> bool:
        """Whether it is a plain password, or one that has fitted before."""
        return hmac.compare_digest(self._quickly(password), self._quick.get(user, self._key))

    def fits_hash(self, user: str, password: str) -> bool:
        """Whether it fits the user's hash; for a user without one that takes as long, and it does not."""
        if self._nobody is None:
            return False
        # One at a time: guesses may cost a core, not all of them, nor the memory of each.
        with self._hashing:
            fits = self._hashes.get(user, self._nobody).fits(password) and user in self._hashes
        if fits:
            self._quick[user] = self._quickly(password)
        return fits

    def wait(self, user: str, address: str) -> float:
        """Seconds until a password of that user, from that address, is looked at."""
        return self._waits.wait(self._named(user), address)

    def failed(self, user: str, address: str) -> None:
        """Count and log a wrong password. Who is asked for is told only where the name is a user's: people type
        passwords into the wrong box. A right one in between takes nothing back: who is in must not clear the way for
        who guesses from the same address."""
        count = self._waits.count(self._named(user), address)
        shown = f"“{user}”" if user in self._known else "somebody who is no user"
        _log.warning("Wrong password for %s from %s, %d by now.", shown, address, count)

    def mark(self, user: str) -> str:
        """What a browser that came in as this user shows from then on, to be told from who guesses beside it."""
        return hmac.new(self._key, b"in:" + user.encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    def _named(self, user: str) -> str | None:
        return user if user in self._known else None

    def _quickly(self, password: str) -> bytes:
        return hmac.digest(self._key, password.encode("utf-8", "surrogatepass"), "sha256")


class Waits:
    """How long the next guess waits: longer with each failure for a user and an address, up to some seconds. Nobody
    is locked out for long, and nobody at all from another address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[tuple[str | None, str], tuple[int, float]] = {}

    def failures(self, user: str | None, address: str) -> int:
        count, when = self._failed.get((user, address), (0, 0.0))
        return count if self._clock() - when < _FORGIVEN_AFTER else 0

    def wait(self, user: str | None, address: str) -> float:
        failures = self.failures(user, address)
        if failures < FREE:
            return 0.0
        _, when = self._failed[user, address]
        return max(when + min(_FIRST * 2.0 ** min(failures - FREE, 10), LONGEST) - self._clock(), 0.0)

    def count(self, user: str | None, address: str) -> int:
        """One failure more; returns how many that makes."""
        count = self.failures(user, address) + 1
        # The newest last: where many are remembered, the oldest is forgotten first.
        self._failed.pop((user, address), None)
        self._failed[user, address] = (count, self._clock())
        while len(self._failed) > _MOST_REMEMBERED:
            del self._failed[next(iter(self._failed))]
        return count
