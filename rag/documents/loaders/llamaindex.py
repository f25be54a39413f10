"""A LlamaIndex reader of somebody else's as a loader. The only loader that imports LlamaIndex: it takes seconds, and is
imported where a file is met that such a reader reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from rag.documents.blocks import text_blocks
from rag.documents.layout import Place, Run
from rag.documents.loaders.loaded import Loaded, Piece, assembled
from rag.errors import DocumentError

_OF_LLAMAINDEX = "llama_index."
_CORRECT = "correct IBID_LOADERS"
_LONGEST = 200
"""Characters of what a reader says of its error, and of a title."""


def load_with(reader: str, path: Path) -> Loaded:
    """What the reader `module:Class` makes of a file: its documents one after the other, with the pages that they
    name. Raises DocumentError where it cannot be had, or fails."""
    made = _made(reader)
    try:
        documents = [(one.get_content(), one.metadata) for one in made.load_data(path)]
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        raise _failed(reader, "cannot read it", error, hidden=f"{path.parent}{os.sep}") from error
    loaded = assembled(_pieces(documents))
    title = next((title for _, told in documents if (title := _title(told))), None)
    return replace(loaded, blocks=text_blocks(loaded.text), title=title)


def _pieces(documents: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Piece]:
    for content, told in documents:
        text, page = content.strip(), _page(told)
        runs = [Run(start=0, end=len(text), place=Place(page))] if page and text else ()
        yield Piece(text=text, runs=runs)


def _page(told: dict[str, Any]) -> int | None:
    """The page that a document says it is; None where it says none that can be counted."""
    label = str(told.get("page_label", "")).strip()
    return int(label) or None if label.isascii() and label.isdecimal() and len(label) < 7 else None


def _title(told: dict[str, Any]) -> str | None:
    title = told.get("title")
    words = " ".join(title.split()) if isinstance(title, str) else ""
    return words if 0 < len(words) <= _LONGEST else None


def _made(reader: str) -> Any:
    """One of the reader's class. Raises DocumentError where there is none."""
    found = _class(reader)
    from llama_index.core.readers.base import BaseReader  # takes seconds, where its own package did not bring it

    if not (isinstance(found, type) and issubclass(found, BaseReader)):
        raise DocumentError(f"its reader {reader} is no LlamaIndex reader (BaseReader): {_CORRECT}")
    try:
        return found()
    except (Exception, SystemExit) as error:
        raise _failed(reader, "does not start", error) from error


def _class(reader: str) -> Any:
    module, _, name = reader.partition(":")
    try:
        return getattr(import_module(module), name, None)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise DocumentError(f"its reader {reader} is not installed: {_next_step(module)}") from error
        raise _failed(reader, "cannot be imported", error) from error


def _next_step(module: str) -> str:
    if not module.startswith(_OF_LLAMAINDEX):
        return f"install the package that {module} is in, or {_CORRECT}"
    # `llama_index.readers.file.flat` is in llama-index-readers-file.
    return f"pip install --no-deps {'-'.join(module.split('.')[:3]).replace('_', '-')}"


def _failed(reader: str, what: str, error: BaseException, *, hidden: str = "") -> DocumentError:
    """One line of what went wrong first, which others may have been raised from; without the words `hidden`."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, ImportError):
        what = "needs what is not installed"
    said = " ".join(str(error).replace(hidden, "").split()).rstrip(".")
    shown = f"{said[:_LONGEST]} …" if len(said) > _LONGEST else said
    return DocumentError(f"its reader {reader} {what}: {type(error).__name__}{': ' if shown else ''}{shown}")
