"""A folder becomes rows of the index: scan, read, split, embed, commit.

Idempotent and incremental: an unchanged file costs a stat. The folder is the truth, so a deleted file leaves
the index, but a folder that is missing, unreadable or suddenly empty removes nothing. Never writes to the
folder. One bad file never stops the others.
"""

from __future__ import annotations

import errno
import os
import queue
import stat
import threading
import time
import unicodedata
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rag.documents.reading import can_load, is_current, read_document, revision_of
from rag.domain import Document, Paragraph
from rag.errors import DocumentError, FolderError
from rag.index.embedding import MiniLM
from rag.index.records import Change, FileStamp, Piece, Record
from rag.index.store import Store
from rag.index.windows import Window, windows_of

Vectors = npt.NDArray[np.float32]
T = TypeVar("T")
U = TypeVar("U")

SETTLED_AFTER_NS = 2_000_000_000
"""A file changed within two seconds of the scan may change again without a new time: it is hashed next time."""

GROUP = 256
"""Windows that are embedded and committed together: few commits, little to lose by a kill."""

_IN_WORK = 2
"""Groups being embedded at a time."""


class Outcome(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file; `detail` is the reason of a failure or a warning about its text."""

    document_id: str
    outcome: Outcome
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is: files read of files found, and vectors made so far."""

    files_done: int
    files: int
    vectors: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an ingest did. Outcomes come in the order of document ids; `unfinished` says why a second embedder's
    vectors are not all there."""

    outcomes: tuple[FileOutcome, ...]
    paragraphs_embedded: int
    vectors_reused: int
    seconds: float
    unfinished: str | None = None

    @property
    def counts(self) -> Mapping[Outcome, int]:
        return Counter(outcome.outcome for outcome in self.outcomes)

    @property
    def changed(self) -> bool:
        return any(self.counts.get(kind) for kind in (Outcome.ADDED, Outcome.UPDATED, Outcome.REMOVED))

    def of(self, *kinds: Outcome) -> list[FileOutcome]:
        return [outcome for outcome in self.outcomes if outcome.outcome in kinds]


@dataclass(frozen=True, slots=True)
class FoundFile:
    document_id: str
    path: Path
    size: int
    modified_ns: int
    problem: str | None = None
    changed_ns: int = 0


@dataclass(frozen=True, slots=True)
class _Loaded:
    document: Document
    paragraphs: tuple[Paragraph, ...]
    stamp: FileStamp
    warning: str | None
    windows: list[Window]


@dataclass(frozen=True, slots=True)
class _Embedded:
    """A group ready to be committed, and how many of its vectors are new."""

    changes: list[Change]
    embedded: int
    reused: int


@dataclass(slots=True)
class _Tally:
    outcomes: list[FileOutcome] = field(default_factory=list)
    embedded: int = 0
    reused: int = 0


def ingest(
    store: Store,
    embedder: MiniLM,
    roots: Mapping[str, Path],
    max_file_mb: float,
    progress: Callable[[Progress], None] | None = None,
    committed: Callable[[], None] | None = None,
    check: Callable[[], None] | None = None,
) -> Report:
    """Bring the index in line with the folders `roots` (by the first part of their document ids).

    `committed` is called after each group of documents is in, `check` every so often, also within a large file:
    what it raises ends the ingest, and what was committed stays. Raises FolderError, with nothing removed,
    where a root is missing, unreadable, or empty though the index holds documents of it.
    """
    started = time.perf_counter()
    records = store.records()
    found = {file.document_id: file for root, folder in roots.items() for file in _scan_root(root, folder, records)}
    shut = tuple(key for key in found if key.endswith("/"))
    gone = [key for key in records if key not in found and key.split("/", 1)[0] in roots and not key.startswith(shut)]
    scanned_ns = time.time_ns()
    tally = _Tally()
    unchanged, to_read = _partition(found.values(), records)
    tally.outcomes += [
        FileOutcome(file.document_id, Outcome.UNCHANGED, records[file.document_id].warning) for file in unchanged
    ]
    reader = _Reader(embedder, records, max_file_mb, scanned_ns, tally)
    writer = _Writer(store, committed)
    try:
        files_done = len(unchanged)
        for (_, read), made in _ahead(_groups(reader, to_read), lambda group: _embed(group[0], embedder, store, check)):
            files_done += read
            tally.embedded += made.embedded
            tally.reused += made.reused
            writer.put(made.changes)
            if progress is not None:
                progress(Progress(files_done, len(found), tally.embedded + tally.reused))
    finally:
        writer.finish()
    writer.reraise()
    store.restamp(reader.restamped)
    failed = {outcome.document_id for outcome in tally.outcomes if outcome.outcome is Outcome.FAILED}
    removed = gone + sorted(failed & records.keys() & reader.unreadable)
    if removed:
        store.remove(removed)
        if committed is not None:
            committed()
    tally.outcomes += [FileOutcome(key, Outcome.REMOVED) for key in gone]
    outcomes = tuple(sorted(tally.outcomes, key=lambda outcome: outcome.document_id))
    return Report(outcomes, tally.embedded, tally.reused, time.perf_counter() - started)


def scan(root: str, folder: Path) -> Iterator[FoundFile]:
    """The files under `folder` that a loader reads, hidden ones and links out of the folder left aside.

    A file that cannot be looked at comes with its `problem`, and so does a folder, whose id ends in `/`; what
    the index holds of such a folder stays. Raises FolderError where the folder itself is
    missing or unreadable.
    """
    try:
        if not folder.is_dir():
            kind = "is a file, not a folder" if folder.exists() else "does not exist"
            raise FolderError(f"The documents folder {folder} {kind}. Nothing was changed. Check IBID_DOCUMENTS.")
        yield from _scan_folder(root, folder, "", folder.resolve())
    except OSError as error:
        raise FolderError(
            f"The documents folder {folder} cannot be read: {error.strerror}. Nothing was changed."
        ) from error


def _scan_root(root: str, folder: Path, records: Mapping[str, Record]) -> list[FoundFile]:
    found = list(scan(root, folder))
    known = [key for key in records if key.startswith(f"{root}/")]
    missing = set(known) - {file.document_id for file in found}
    if missing and root == "documents" and not any(map(_can_be_read, found)):
        what = "holds nothing that can be read" if found else "is suddenly empty"
        raise FolderError(
            f"The documents folder {folder} {what}; the index still holds {len(known)} of its documents. "
            "Nothing was removed. If that is meant, run `ibid reset`."
        )
    return found


def _can_be_read(file: FoundFile) -> bool:
    """Whether it is a file, and opens: something else may be mounted where the documents were."""
    if file.problem:
        return False
    try:
        with file.path.open("rb") as opened:
            opened.read(1)
        return True
    except OSError:
        return False


def _scan_folder(root: str, folder: Path, below: str, inside: Path) -> Iterator[FoundFile]:
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    alike = Counter(_printable(entry.name) for entry in listed)
    for entry in listed:
        if entry.name.startswith("."):
            continue
        name = _printable(entry.name)
        path = f"{below}{name if alike[name] == 1 else _readable(entry.name)}"
        document_id = f"{root}/{path}"
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _scan_below(root, Path(entry.path), path, inside)
            elif can_load(entry.name):
                yield from _look_at(entry, document_id, inside)
        except OSError as error:
            yield FoundFile(document_id, Path(entry.path), 0, 0, error.strerror or str(error))


def _look_at(entry: os.DirEntry[str], document_id: str, inside: Path) -> Iterator[FoundFile]:
    """The file at `entry`; nothing where it is a link to a folder inside. Raises OSError where it cannot be
    looked at."""
    path = Path(entry.path)
    if entry.is_symlink() and not _resolved(path).is_relative_to(inside):
        yield FoundFile(document_id, path, 0, 0, "a link that leads out of the documents folder")
        return
    status = entry.stat()
    if not stat.S_ISDIR(status.st_mode):
        problem = None if stat.S_ISREG(status.st_mode) else "not a regular file"
        yield FoundFile(document_id, path, status.st_size, status.st_mtime_ns, problem, status.st_ctime_ns)


def _scan_below(root: str, folder: Path, below: str, inside: Path) -> Iterator[FoundFile]:
    try:
        yield from _scan_folder(root, folder, f"{below}/", inside)
    except FileNotFoundError:
        return
    except OSError as error:
        yield FoundFile(f"{root}/{below}/", folder, 0, 0, f"the folder cannot be read: {error.strerror}")


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError as error:  # what Python before 3.13 says of links that lead to one another
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


def _printable(name: str) -> str:
    """A file name as people type it: accents composed (macOS takes them apart)."""
    return unicodedata.normalize("NFC", _readable(name))


def _readable(name: str) -> str:
    """A file name as text that every store takes: bytes that are no UTF-8 become `\\xff`, each its own, and a
    backslash is doubled, so that it is never the name of another file."""
    return name.replace("\\", r"\\").encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _partition(found: Iterable[FoundFile], records: Mapping[str, Record]) -> tuple[list[FoundFile], list[FoundFile]]:
    unchanged: list[FoundFile] = []
    to_read: list[FoundFile] = []
    for file in found:
        record = records.get(file.document_id)
        stamp = FileStamp(file.size, file.modified_ns, changed_ns=file.changed_ns)
        same = (
            record is not None
            and record.stamp == stamp
            and is_current(record.revision, name=file.document_id)
            and not file.problem
        )
        (unchanged if same else to_read).append(file)
    return unchanged, to_read


class _Reader:
    """Reads files into documents; notes what failed, what was unchanged after all, what has gone bad."""

    def __init__(
        self,
        embedder: MiniLM,
        records: Mapping[str, Record],
        max_file_mb: float,
        scanned_ns: int,
        tally: _Tally,
    ) -> None:
        self._embedder = embedder
        self._records = records
        self._max_bytes = max_file_mb * 1_000_000
        self._scanned_ns = scanned_ns
        self._tally = tally
        self.restamped: list[tuple[str, FileStamp]] = []
        self.unreadable: set[str] = set()

    def read(self, file: FoundFile) -> _Loaded | None:
        try:
            data = self._bytes(file)
            is_settled = self._scanned_ns - max(file.modified_ns, file.changed_ns) > SETTLED_AFTER_NS
            stamp = FileStamp(file.size, file.modified_ns, is_settled, file.changed_ns)
            record = self._records.get(file.document_id)
            if record is not None and record.revision == revision_of(data, name=file.document_id):
                self.restamped.append((file.document_id, stamp))
                self._note(file, Outcome.UNCHANGED, record.warning)
                return None
            document, paragraphs, warning = read_document(file.document_id, data)
        except DocumentError as error:
            self.unreadable.add(file.document_id)
            self._note(file, Outcome.FAILED, str(error))
            return None
        except OSError as error:
            self._note(file, Outcome.FAILED, error.strerror or str(error))
            return None
        self._note(file, Outcome.UPDATED if record else Outcome.ADDED, warning)
        windows = list(windows_of(document.title, paragraphs, self._embedder))
        return _Loaded(document, paragraphs, stamp, warning, windows)

    def _bytes(self, file: FoundFile) -> bytes:
        if file.problem:
            raise OSError(None, file.problem)
        if file.size > self._max_bytes:
            raise DocumentError(
                f"{file.size / 1e6:.1f} MB is more than the limit of {self._max_bytes / 1e6:g} MB (IBID_MAX_FILE_MB)"
            )
        return file.path.read_bytes()

    def _note(self, file: FoundFile, outcome: Outcome, detail: str | None) -> None:
        self._tally.outcomes.append(FileOutcome(file.document_id, outcome, detail))


def _groups(reader: _Reader, files: Iterable[FoundFile]) -> Iterator[tuple[list[_Loaded], int]]:
    """Loaded documents in groups of about GROUP vectors, each with the number of files read for it."""
    group: list[_Loaded] = []
    read = 0
    for file in files:
        read += 1
        loaded = reader.read(file)
        if loaded is not None:
            group.append(loaded)
        if sum(len(one.windows) for one in group) >= GROUP:
            yield group, read
            group, read = [], 0
    if read:
        yield group, read


def _embed(
    group: Sequence[_Loaded],
    embedder: MiniLM,
    store: Store,
    check: Callable[[], None] | None,
) -> _Embedded:
    """Vectors for all windows of a group: taken over where the same text is in the index, in whichever document."""
    hashed = [[(window.hash, window) for window in loaded.windows] for loaded in group]
    known = store.vectors_by_hash(list({h for windows in hashed for h, _ in windows}))
    fresh = {h: window.text for windows in hashed for h, window in windows if h not in known}
    checking = (lambda *_: check()) if check is not None else None
    vectors = embedder.vectors(list(fresh.values()), checking) if fresh else ()
    known.update(zip(fresh, vectors, strict=True))
    changes = [
        Change(
            loaded.document,
            len(loaded.paragraphs),
            [Piece(window.paragraph, window.part, h, known[h], window.shredding) for h, window in windows],
            loaded.stamp,
            loaded.warning,
        )
        for loaded, windows in zip(group, hashed, strict=True)
    ]
    return _Embedded(changes, len(fresh), sum(map(len, hashed)) - len(fresh))


def _ahead(items: Iterable[T], work: Callable[[T], U]) -> Iterator[tuple[T, U]]:
    """Each item with what `work` makes of it, in order; while one is used, two are being worked on and another is
    read, so that the processors never wait for the end of a group."""
    waiting: deque[tuple[T, Future[U]]] = deque()
    with ThreadPoolExecutor(_IN_WORK, "ibid-ingest") as hands:
        try:
            for item in items:
                waiting.append((item, hands.submit(work, item)))
                if len(waiting) > _IN_WORK:
                    item, made = waiting.popleft()
                    yield item, made.result()
            while waiting:
                item, made = waiting.popleft()
                yield item, made.result()
        finally:
            for _, made in waiting:
                made.cancel()


class _Writer:
    """Commits groups on a thread of its own, so that Chroma writes while the next group is embedded."""

    def __init__(self, store: Store, committed: Callable[[], None] | None) -> None:
        self._store = store
        self._committed = committed
        self._queue: queue.Queue[list[Change] | None] = queue.Queue(maxsize=2)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="ibid-writer")
        self._thread.start()

    def put(self, changes: list[Change]) -> None:
        if self._error is not None:
            self.reraise()
        if changes:
            self._queue.put(changes)

    def finish(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def reraise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (changes := self._queue.get()) is not None:
            if self._error is not None:
                continue
            try:
                self._store.commit(changes)
                if self._committed is not None:
                    self._committed()
            except Exception as error:  # carried to the caller's thread by `reraise`
                self._error = error
