"""A thread that looks every second for what there is to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from rag.errors import IbidError

EVERY = 1.0
"""Seconds between two looks."""


class Watch:
    """Calls `look` until its `end`. What goes wrong in one look is no reason not to look again: a server that does not
    answer says so to whoever asks a question meanwhile."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ibid-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over.wait(EVERY):
            try:
                self._look()
            except IbidError as error:
                logging.getLogger(__name__).debug("%s", error)
            except Exception:
                logging.getLogger(__name__).exception("Looking for changes of the index failed; it is tried again.")

    def end(self) -> None:
        """Wait for the look under way, the last one."""
        self._is_over.set()
        self._thread.join()
