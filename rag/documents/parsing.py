"""The program of a parser's process (`rag.documents.apart`): files come in, texts and pictures of pages go out, until
nobody asks more.

The first part of a message says what is wanted, as JSON: the kind of the file, and the number of a page where that is
to be drawn; or whose reader reads it, with what ending, in which folder. The second is the file.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import json
import os
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from rag.documents.loaders.formats import Kind
from rag.documents.loaders.loaded import Loaded
from rag.documents.page_image import PageImage
from rag.errors import DocumentError

_SIZE = struct.Struct(">Q")
_IDLE = 60.0
"""Seconds without a file after which the process ends: between two readings of a folder it would only take memory."""

_LOOKS = 1.0
"""Seconds between two looks at how long nothing has come."""

GARBAGE_AFTER = 200_000
"""New objects: parsing makes many that live as long as the file, and looking through them takes a fifth of the time."""


def serve() -> None:
    """Read files from standard input until it ends, nothing comes for a while, or the memory did not do for one."""
    idle = _Idle()
    # Before the memory is limited: a thread that does not get its memory may never say that it has started.
    threading.Thread(target=idle.end_process, daemon=True).start()
    _limit_memory(int(sys.argv[2]))
    gc.set_threshold(GARBAGE_AFTER)
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _tell(answers, {"ready": True})
    while (asked := _asked(sys.stdin.buffer, idle)) is not None:
        try:
            _tell(answers, _answer(*asked))
        except MemoryError:
            # Nothing says what else has failed in the process, and was not told: the next file gets another one.
            _tell(answers, {"error": "needs more memory than a file may have: split it, or save it in a simpler form"})
            return
        gc.collect()


class _Idle:
    """Since when the process has been waiting for a file."""

    def __init__(self) -> None:
        self.since: float | None = None

    def end_process(self) -> None:
        """Once it has waited for too long."""
        while self.since is None or time.monotonic() - self.since < _IDLE:
            time.sleep(_LOOKS)
        os._exit(0)


def _tell(answers: BinaryIO, answer: dict[str, Any]) -> None:
    told = json.dumps(answer).encode()
    answers.write(_SIZE.pack(len(told)) + told)
    answers.flush()


def _limit_memory(most: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _asked(source: BinaryIO, idle: _Idle) -> tuple[dict[str, Any], bytes] | None:
    """What is wanted, and the file; None at the end."""
    idle.since = time.monotonic()
    wanted = _part(source)
    idle.since = None
    data = _part(source)
    return None if wanted is None or data is None else (json.loads(wanted), data)


def _part(source: BinaryIO) -> bytes | None:
    """The next part of a message; None at the end."""
    size = source.read(_SIZE.size)
    return source.read(_SIZE.unpack(size)[0]) if len(size) == _SIZE.size else None


def _answer(wanted: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Raises MemoryError."""
    try:
        if "reader" in wanted:
            return _read(data, wanted["reader"], ending=wanted["ending"], folder=Path(wanted["folder"]))
        return _drawn(data, wanted["page"]) if "page" in wanted else _loaded(data, Kind(wanted["kind"]))
    except DocumentError as error:
        return {"error": str(error)}
    except MemoryError:
        raise
    except Exception as error:
        # A parser's own error on a file that is not what it should be; the name helps whoever is told of it.
        return {"error": f"is damaged, or of a kind that its reader does not know ({type(error).__name__})"}


# Imported when they are first needed: somebody waits for a page, and the loaders take longer to import than it to draw.


def _drawn(data: bytes, page: int) -> dict[str, Any]:
    from rag.documents.loaders.pdf.drawing import draw_page

    return _shown(draw_page(data, page))


def _loaded(data: bytes, kind: Kind) -> dict[str, Any]:
    from rag.documents.loaders.table import LOADERS

    return _told(LOADERS[kind](data))


def _read(data: bytes, reader: str, *, ending: str, folder: Path) -> dict[str, Any]:
    from rag.documents.loaders.llamaindex import load_with

    path = folder / f"document{ending}"
    try:
        path.write_bytes(data)
        # What the reader writes besides is deleted with the file, and nothing of it gets among the documents.
        os.chdir(folder)
    except OSError as error:
        return {"error": f"cannot be handed to its reader: {error.strerror}"}
    tempfile.tempdir = str(folder)
    return _told(load_with(reader, path))


def _shown(image: PageImage) -> dict[str, Any]:
    webp = base64.b64encode(image.webp).decode()
    return {"webp": webp, "width": image.width, "height": image.height, "pages": image.pages}


def _told(loaded: Loaded) -> dict[str, Any]:
    return {
        "text": loaded.text,
        "blocks": [
            [one.start, one.end, one.role, one.level, one.speaker, one.time, one.is_literal] for one in loaded.blocks
        ],
        "runs": [[run.start, run.end, run.place.page, run.place.rectangle] for run in loaded.layout.runs],
        "warning": loaded.warning,
        "title": loaded.title,
    }
