"""Files are parsed, and their pages drawn, in a process of their own, with limits on time and memory: a file that hangs
a parser, fills the memory or crashes it fails alone, with one sentence.

The process is a fresh Python that imports from where this one does, whatever folder it was started in; it is kept for
the next file, and ends with this one. It gets bytes and gives JSON: what a hostile file made of it can only say things.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.documents.layout import Layout, Place, Run
from rag.documents.loaders.formats import Kind
from rag.documents.loaders.loaded import Loaded
from rag.documents.page_image import PageImage
from rag.domain import Block, Role
from rag.errors import DocumentError

SECONDS, SECONDS_A_MEGABYTE = 120.0, 20.0
"""For one file, by the clock: a hundred pages take two seconds of an idle processor, and ten where others want it."""

MEGABYTES = 2_000
"""Of memory for one file, where the system can hold a process to it (not on Windows and macOS)."""

PAGE_SECONDS = 10.0
"""For one page, besides what its file's size adds: somebody waits for it, and the text is there to be read."""

_MOST_PROCESSES = 2
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
"""What the process is told of ours: it needs no keys."""

_SIZE = struct.Struct(">Q")
_ROOT = Path(__file__).resolve().parents[2]
_START = (
    # Ctrl-C in a terminal goes to all its processes; this one ends when we let it go.
    "import json, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    "sys.path[:] = json.loads(sys.argv[1]); from rag.documents.parsing import serve; serve()"
)


class _Ended(Exception):
    """The process ended before it answered."""


class _Parser:
    """One process, which has said that it is ready. Raises DocumentError where it does not start."""

    def __init__(self, memory: int) -> None:
        path = [str(_ROOT), *(entry for entry in map(os.path.abspath, filter(None, sys.path)) if entry != str(_ROOT))]
        self._process = subprocess.Popen(  # noqa: S603 – this Python, with a program of ours
            [sys.executable, "-I", "-c", _START, json.dumps(path), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        try:
            self._answer()
        except (OSError, ValueError, _Ended) as error:
            self.close()
            # Why stands above it: what the process writes to standard error goes where ours goes.
            raise DocumentError("cannot be read now: the process that parses files did not start") from error

    def parse(self, wanted: bytes, data: bytes, seconds: float) -> Any:
        """What the process says of a file. Raises TimeoutError, after which the process is gone, and `_Ended`."""
        is_late = threading.Event()
        timer = threading.Timer(seconds, self._stop, [is_late])
        timer.start()
        try:
            return self._exchange(wanted, data)
        except (OSError, ValueError, _Ended) as error:
            if is_late.is_set():
                raise TimeoutError from error
            raise _Ended from error
        finally:
            timer.cancel()

    def _exchange(self, wanted: bytes, data: bytes) -> Any:
        assert self._process.stdin is not None
        for part in (wanted, data):
            self._process.stdin.write(_SIZE.pack(len(part)))
            self._process.stdin.write(part)
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        size = self._process.stdout.read(_SIZE.size)
        if len(size) < _SIZE.size:
            raise _Ended
        answer = self._process.stdout.read(_SIZE.unpack(size)[0])
        return json.loads(answer)

    def _stop(self, is_late: threading.Event) -> None:
        is_late.set()
        self._process.kill()

    def close(self) -> None:
        """End the process, if it has not ended by itself."""
        self._process.kill()
        self._process.communicate()


class Parsers:
    """Up to two processes, started when they are first needed."""

    def __init__(self, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._seconds = seconds
        self._memory = megabytes * 1_000_000
        self._idle: list[_Parser] = []
        self._lock = threading.Lock()
        self._places = threading.Semaphore(_MOST_PROCESSES)

    def load(self, kind: Kind, data: bytes) -> Loaded:
        """Raises DocumentError with the reason where the file cannot be read, or not within the limits."""
        return _loaded(self._answered({"kind": kind}, data))

    def read(self, reader: str, data: bytes, *, ending: str, folder: Path) -> Loaded:
        """A file as the LlamaIndex reader `module:Class` reads it, which is handed it in `folder` with its ending.
        Raises what `load` raises."""
        return _loaded(self._answered({"reader": reader, "ending": ending, "folder": str(folder)}, data))

    def draw(self, data: bytes, *, page: int) -> PageImage:
        """A page of a PDF file, counted from 1. Raises DocumentError where there is none, or it cannot be drawn."""
        return _drawn(self._answered({"kind": Kind.PDF, "page": page}, data))

    def _answered(self, wanted: Any, data: bytes) -> Any:
        with self._places:
            answer = self._answer(json.dumps(wanted).encode(), data)
        if "error" in answer:
            raise DocumentError(str(answer["error"]))
        return answer

    def _answer(self, wanted: bytes, data: bytes) -> Any:
        kept = self._kept()
        if kept is not None:
            # It may have ended while it waited, or over what an earlier file left in it.
            with suppress(_Ended):
                return self._ask(kept, wanted, data)
        try:
            return self._ask(_Parser(self._memory), wanted, data)
        except _Ended as error:
            raise DocumentError("makes its reader break down: it is damaged, or made to do so") from error

    def _kept(self) -> _Parser | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _ask(self, parser: _Parser, wanted: bytes, data: bytes) -> Any:
        """What a process says of a file; kept for the next one unless it failed."""
        seconds = self._seconds + SECONDS_A_MEGABYTE * len(data) / 1e6
        try:
            answer = parser.parse(wanted, data, seconds)
        except TimeoutError as error:
            parser.close()
            raise DocumentError(f"takes longer than {seconds:.0f} seconds to read, and was given up") from error
        except BaseException:
            parser.close()
            raise
        with self._lock:
            self._idle.append(parser)
        return answer

    def close(self) -> None:
        with self._lock:
            parsers, self._idle = self._idle, []
        for parser in parsers:
            parser.close()


PARSERS = Parsers()
"""Those of this process."""

DRAWERS = Parsers(seconds=PAGE_SECONDS)
"""Those that draw: whoever looks at a page does not wait behind a folder that is being read."""

READERS = Parsers()
"""Those that read with what others plugged in: whatever it leaves behind in a process is in none of ours."""

atexit.register(PARSERS.close)
atexit.register(DRAWERS.close)
atexit.register(READERS.close)


def _drawn(answer: Any) -> PageImage:
    """Raises DocumentError for what is no picture: whatever the file made of its process, no other type is served."""
    webp = base64.b64decode(answer["webp"])
    if webp[:4] != b"RIFF" or webp[8:12] != b"WEBP":
        raise DocumentError("makes its reader break down: it is damaged, or made to do so")
    width, height, pages = (int(answer[name]) for name in ("width", "height", "pages"))
    return PageImage(webp=webp, width=width, height=height, pages=pages)


def _loaded(answer: Any) -> Loaded:
    blocks = [
        Block(
            start=start,
            end=end,
            role=None if role is None else Role(role),
            level=level,
            speaker=speaker,
            time=time,
            is_literal=is_literal,
        )
        for start, end, role, level, speaker, time, is_literal in answer["blocks"]
    ]
    runs = [
        Run(start=start, end=end, place=Place(page, tuple(rectangle) if rectangle else None))
        for start, end, page, rectangle in answer["runs"]
    ]
    return Loaded(
        text=answer["text"], blocks=blocks, warning=answer["warning"], layout=Layout(runs), title=answer["title"]
    )
