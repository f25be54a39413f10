"""Connections that keep no honest caller out: time limits for heads and for what comes after a refusal, and a number
that is kept to.

Uvicorn waits for the head of a request as long as it takes, and takes as many connections as come. Here one that only
waits is closed in time, and when there are too many, the one that has waited longest for the rest of its request goes
first: an honest caller's request is there at once. How long a body may take is the entrance's to say.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN = 10.0
_REST_WITHIN = 5.0
"""Seconds. The second for a body that nobody reads any more, as its request was refused: closed at once, most clients
would not see why."""
_OTHER_HANDLES = 320
"""File handles that are no connections: index, models, uploads, libraries (120 in a busy chat), and the connections
that may be accepted in one go before the first of them is closed."""
_FEWEST, _MOST = 32, 4_000
BACKLOG = 128


class PatientProtocol(HttpToolsProtocol):
    """One connection. It is `waiting` while the other side has something to send."""

    _all_waiting: ClassVar[dict[PatientProtocol, None]] = {}
    """In the order in which they were last heard of. There is one server in a process."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            # Where all are at work it is the new one that goes.
            next(iter(self._all_waiting), self)._close()
        self._wait(HEAD_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self in self._all_waiting:
            del self._all_waiting[self]
            self._all_waiting[self] = None
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._wait(None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._wait_no_more()
        if self._is_idle:
            self._wait(HEAD_WITHIN)

    def on_response_complete(self) -> None:
        rest_comes = self.cycle is not None and self.cycle.more_body
        super().on_response_complete()
        if self._is_idle and not self.transport.is_closing():
            self._wait(_REST_WITHIN if rest_comes else HEAD_WITHIN)

    @property
    def _is_idle(self) -> bool:
        """Whether no request is being answered, nor in line to be."""
        return not self.pipeline and (self.cycle is None or self.cycle.response_complete)

    def _wait(self, seconds: float | None) -> None:
        """From now on it is for the other side to send, within so many seconds."""
        self._wait_no_more()
        self._all_waiting[self] = None
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._close)

    def _wait_no_more(self) -> None:
        self._all_waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        self._wait_no_more()
        self.connections.discard(self)
        self.transport.abort()


def most_connections() -> int:
    """As many as there are file handles for."""
    handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(_FEWEST, min(_MOST, handles - _OTHER_HANDLES))
