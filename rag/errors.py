"""Everything that can go wrong in a way a person can mend.

    IbidError
    ├── QuestionError      the question cannot be asked (empty)
    ├── FolderError        the documents folder is missing, unreadable, or suddenly empty
    ├── DocumentError      one file cannot be read; the others are not affected
    ├── ScopeError         a document was named that is not in the index
    ├── IndexBusyError     another process owns the index
    ├── IndexMismatchError the index was made with another embedder or an older layout, or an embedder changed
    ├── IndexDamagedError  the index answers only in part
    ├── StorageError       the disk under the index is full or cannot be written, or no more files can be opened
    ├── ModelError         a shipped model is missing or not what it should be
    ├── CaseError          an eval case or run file is malformed
    ├── ServerError        the chat cannot listen where it was asked to
    ├── FetchError         a web page may not be fetched, or its server did not give it
    ├── EmbeddingError     the server of a second embedder refused, or did not answer
    └── ChatModelError     the language model's server refused, broke off, or did not answer
        └── ContextTooLongError  fewer passages have to be sent

A message names the value that was wrong and the next step. Vendor errors are translated in the vendor's
own file; only the doors catch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class IbidError(Exception):
    """The root: whatever is raised on purpose."""


class QuestionError(IbidError):
    pass


class FolderError(IbidError):
    pass


class DocumentError(IbidError):
    pass


class ScopeError(IbidError):
    pass


class IndexBusyError(IbidError):
    pass


class IndexMismatchError(IbidError):
    pass


class IndexDamagedError(IbidError):
    pass


class StorageError(IbidError):
    pass


class ModelError(IbidError):
    pass


class CaseError(IbidError):
    pass


class ServerError(IbidError):
    pass


class FetchError(IbidError):
    pass


class EmbeddingError(IbidError):
    pass


class ChatModelError(IbidError):
    pass


class ContextTooLongError(ChatModelError):
    pass


@contextmanager
def translated(into: type[IbidError], who: str) -> Iterator[None]:
    """What parts of other people raise, whatever it is, as one line of ours: `who` failed, and why. Ours speak of their
    errors themselves."""
    try:
        yield
    except IbidError:
        raise
    except Exception as error:
        raise into(f"{who} failed ({first_line(error)}).") from error


def first_line(error: BaseException) -> str:
    """What an error says in its first line, or its kind where it says nothing; at most 160 characters."""
    return (str(error).splitlines() or [""])[0][:160] or type(error).__name__
