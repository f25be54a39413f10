"""What Gradio keeps for pages and calls until somebody fetches it, and when it is forgotten.

Gradio drops the messages of a session only once they were read, so calls that nobody fetches would pile up.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

MOST_UNATTENDED = 50
"""Sessions with messages that nobody listens to. An answer with its passages is about 50 KB."""
AT_LEAST = 10.0
FORGOTTEN_AFTER = 600.0
"""Seconds: what any caller has to fetch an answer, and after which nobody comes back for one."""
MOST_SESSIONS = 50
"""Pages of which Gradio remembers its components' last values, 0.1 MB each; the handlers here need none of that."""


class Forgetting:
    """Counts who listens to which session of a Gradio `queue`, and forgets the others."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._listening: Counter[str] = Counter()
        self._alone_since: dict[str, float] = {}

    def attended(self, session: str) -> None:
        self._listening[session] += 1
        self._alone_since.pop(session, None)

    def left(self, session: str) -> None:
        self._listening[session] -= 1
        if self._listening[session] <= 0:
            del self._listening[session]
            self._alone_since[session] = time.monotonic()

    async def forget(self, now: float) -> None:
        """Drop the sessions that nobody listens to any more: those with nothing to tell, those that waited too long,
        and the oldest of too many. What was still to be done for them is not done."""
        queue = self._queue
        alone: list[tuple[float, str]] = []
        kept = {*queue.pending_messages_per_session, *queue.pending_event_ids_session}
        self._alone_since = {session: since for session, since in self._alone_since.items() if session in kept}
        for session in kept - self._listening.keys():
            if self._has_something(session):
                alone.append((self._alone_since.setdefault(session, now), session))
            else:
                self._drop(session)
        alone.sort()
        too_many = max(len(alone) - MOST_UNATTENDED, 0)
        for number, (since, session) in enumerate(alone):
            patience = AT_LEAST if number < too_many else FORGOTTEN_AFTER
            if now - since > patience:
                await queue.clean_events(session_hash=session)
                self._drop(session)

    def _has_something(self, session: str) -> bool:
        messages = self._queue.pending_messages_per_session.get(session)
        return bool(self._queue.pending_event_ids_session.get(session)) or not (messages is None or messages.empty())

    def _drop(self, session: str) -> None:
        self._queue.pending_messages_per_session.pop(session, None)
        self._queue.pending_event_ids_session.pop(session, None)
        self._alone_since.pop(session, None)
