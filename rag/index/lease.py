"""Who may write to an index on a server: one process at a time, as long as it says in time that it is still there.

Each holder has a number (its epoch), one higher than the last. Chroma adds an id once and takes no notice of it the
second time: whoever reads itself back under the next number has the lease. Numbers make writing safe where clocks do
not (see `server_store`): a holder that is stopped and goes on later may believe what it likes.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from rag.errors import IndexBusyError, IndexMismatchError

HELD_FOR = 10.0
"""Seconds after which a holder that was not heard of has lost it."""

RENEWED_AFTER = 2.0
"""Seconds from one word of the holder to the next."""

_MARGIN = 3.0
"""Seconds before the end in which nothing is begun any more: clocks differ, and a request takes its time."""

_TAKEN = "Another process has taken over writing to the index; what was committed stays. Try again in a moment."
_RUN_OUT = (
    "The server of the index was not told in time that this process still writes; what was committed stays. Try again "
    "in a moment."
)
_OTHER_VERSION = (
    "The index on the server is written by another version of Ibid. Have every process that uses it be of one version."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far an ingest is: files done of files found. All of none, where nothing is to be done."""

    files_done: int = 0
    files: int = 0

    @property
    def is_all(self) -> bool:
        return self.files_done >= self.files


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One holder's time, as it stands on the server. It `is_whole` once the records are those of this term; `version`
    then is another one after each commit. `until` is seconds since 1970; an `is_empty` one has cleared the index. Of
    an ingest that was cut short it is told how far it came, until another one goes on."""

    epoch: int
    nonce: str
    who: str
    until: float
    fingerprint: str
    layout: str
    version: str = ""
    is_whole: bool = False
    is_empty: bool = False
    files_done: int = 0
    files: int = 0

    @property
    def reached(self) -> Reached:
        return Reached(files_done=self.files_done, files=self.files)

    @property
    def is_running(self) -> bool:
        return self.until > time.time()


class Rows(Protocol):
    """Where the terms are kept. Raises StorageError."""

    def get(self) -> Any: ...

    def add(self, ids: list[str], metadatas: list[Any]) -> None: ...

    def update(self, ids: list[str], metadatas: list[Any]) -> None: ...

    def delete(self, ids: list[str]) -> None: ...


def terms_in(rows: Rows) -> list[Term]:
    """Every term that is kept, the present one last. Raises IndexMismatchError where another version wrote them."""
    try:
        return sorted((Term(**metadata) for metadata in rows.get()["metadatas"]), key=lambda term: term.epoch)
    except TypeError as error:
        raise IndexMismatchError(_OTHER_VERSION) from error


def present(terms: Sequence[Term]) -> Term | None:
    """The term whose records hold."""
    return next((term for term in reversed(terms) if term.is_whole), None)


class Lease:
    """The right to write, held. Take it with `take`."""

    lost = _TAKEN

    def __init__(self, rows: Rows, term: Term, earlier: Sequence[Term], until: float) -> None:
        self._rows = rows
        self._term = term
        self._until = until
        self._is_lost = False
        self._writing = threading.Lock()
        self._renewed = _now()
        self.earlier = earlier
        self.reached = term.reached

    @property
    def epoch(self) -> int:
        return self._term.epoch

    @property
    def is_lost(self) -> bool:
        """Whether another process has it: then it does not come back."""
        return self._is_lost

    def lose(self) -> None:
        self._is_lost = True

    def require(self) -> None:
        """Raises IndexBusyError unless it is held, and for some seconds yet."""
        if self._is_lost:
            raise IndexBusyError(_TAKEN)
        if _now() > self._until - _MARGIN:
            raise IndexBusyError(_RUN_OUT)

    def renew(self) -> None:
        """Say that its holder is still there; where another has taken over, it is lost."""
        if self._is_lost or _now() - self._renewed < RENEWED_AFTER:
            return
        begun = _now()
        self._write(until=time.time() + HELD_FOR)
        latest = terms_in(self._rows)[-1:]
        if not latest or latest[0].nonce != self._term.nonce:
            self.lose()
        else:
            self._until, self._renewed = begun + HELD_FOR, begun

    def publish(self, version: str, *, is_empty: bool = False) -> None:
        """Tell who reads that there is something else to read."""
        self._write(version=version, is_whole=True, is_empty=is_empty)

    def tell(self, reached: Reached) -> None:
        """Tell how far the ingest is: that it has begun and that it is done at once, the rest in time."""
        before, self.reached = self.reached, reached
        if before.is_all != reached.is_all and not self._is_lost:
            self._write()

    def forget_earlier(self) -> None:
        """Delete the terms before it."""
        if self.earlier:
            self._rows.delete([_id(term.epoch) for term in self.earlier])
        self.earlier = ()

    def release(self) -> None:
        """Give it back, so that the next one need not wait. It is lost, also where the server cannot be told."""
        try:
            if not self._is_lost:
                self._write(until=0.0)
        finally:
            self.lose()

    def _write(self, **told: Any) -> None:
        with self._writing:
            term = replace(self._term, **told, **asdict(self.reached))
            # Chroma takes no notice of an update of what is gone: nothing comes back that a successor deleted.
            self._rows.update([_id(term.epoch)], [asdict(term)])
            self._term = term


def take(rows: Rows, doing: str, *, fingerprint: str, layout: str) -> Lease:
    """The right to write, for this process. Raises IndexBusyError where another one has it."""
    earlier = terms_in(rows)
    if earlier and earlier[-1].is_running:
        raise _busy(earlier[-1])
    begun = _now()
    mine = Term(
        epoch=earlier[-1].epoch + 1 if earlier else 1,
        nonce=secrets.token_hex(8),
        who=f"process {os.getpid()} on {socket.gethostname()} ({doing})",
        until=time.time() + HELD_FOR,
        fingerprint=fingerprint,
        layout=layout,
        **asdict(earlier[-1].reached if earlier else Reached()),
    )
    rows.add([_id(mine.epoch)], [asdict(mine)])
    now = terms_in(rows)
    if now[-1].nonce != mine.nonce:
        raise _busy(now[-1])
    return Lease(rows, mine, now[:-1], begun + HELD_FOR)


def _busy(term: Term) -> IndexBusyError:
    return IndexBusyError(
        f"The index is written by {term.who}, which brings it in line with the folder. Wait for it to finish, or stop "
        "it, and try again."
    )


def _id(epoch: int) -> str:
    return f"{epoch:012d}"


def _now() -> float:
    """Seconds, also those for which the machine slept."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
