"""A folder becomes rows of the index: scan, read, split, embed, commit.

Idempotent and incremental: an unchanged file costs a stat, also one that could not be read, unless it is to be tried
again. The folder is the truth, so a deleted file leaves
the index, but a folder that is missing, unreadable or suddenly empty removes nothing, and a file that can no
longer be read keeps its earlier version. Never writes to the folder. One bad file never stops the others.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from rag.documents.left_out import LeftOut
from rag.documents.reading import is_current
from rag.documents.scan import FoundFile, Scan, scan
from rag.errors import FolderError
from rag.file_reader import FileReader, Reading
from rag.index.embedder import Embedder
from rag.index.failures import Failure, read_failures, write_failures
from rag.index.records import FileStamp, Record
from rag.index.store import Store
from rag.pipeline import Group, Pipeline
from rag.plugged import NOTHING_PLUGGED, Plugged

_STAYS = "; what was read of it before still answers"
"""Said of a file that fails now and did not before."""

_TELLING_AFTER = 2.0
"""Seconds from which on the pace tells how long the rest takes."""


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
    """How far an ingest is: files done of files found, and vectors made so far. Done are those that are in, unchanged,
    or failed, each of which is told with its reason.

    `reading` is the file that is being read; `embedding` so many that were read and are not in; `vectors_to_come` are
    theirs. `share` is how much of the work is done, 0 to 1, by the sizes of the files; `rate` vectors a second.
    """

    files_done: int
    files: int
    vectors: int
    _: KW_ONLY
    failed: tuple[FileOutcome, ...] = ()
    reading: str | None = None
    embedding: int = 0
    vectors_to_come: int = 0
    share: float = 0.0
    seconds: float = 0.0

    @property
    def to_come(self) -> int:
        """Files that are not done."""
        return max(self.files - self.files_done, 0)

    @property
    def queued(self) -> int:
        """Files that nobody has looked into yet."""
        return max(self.files - self.files_done - self.embedding - (self.reading is not None), 0)

    @property
    def rate(self) -> float:
        return self.vectors / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """As long as the rest takes at the pace so far; None in the first seconds, which tell nothing."""
        if not self.share or self.seconds < _TELLING_AFTER:
            return None
        return self.seconds * (1 - self.share) / self.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an ingest did. Outcomes come in the order of document ids; `unfinished` says why a second embedder's
    vectors are not all there; `left_out` are the files that no loader reads, in the order of their names."""

    outcomes: tuple[FileOutcome, ...]
    paragraphs_embedded: int
    vectors_reused: int
    seconds: float
    unfinished: str | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def counts(self) -> Mapping[Outcome, int]:
        return Counter(outcome.outcome for outcome in self.outcomes)

    @property
    def changed(self) -> bool:
        return any(self.counts.get(kind) for kind in (Outcome.ADDED, Outcome.UPDATED, Outcome.REMOVED))

    def only(self, may_read: Callable[[str], bool]) -> Report:
        """What of it somebody may know who may read only some documents; what it took is that of all."""
        outcomes = tuple(one for one in self.outcomes if may_read(one.document_id))
        return replace(
            self, outcomes=outcomes, left_out=tuple(one for one in self.left_out if may_read(one.document_id))
        )

    def of(self, *kinds: Outcome) -> list[FileOutcome]:
        return [outcome for outcome in self.outcomes if outcome.outcome in kinds]


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What has become of the files so far."""

    outcomes: list[FileOutcome]
    failed: list[FileOutcome] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    restamped: list[tuple[str, FileStamp]] = field(default_factory=list)
    embedded: int = 0
    reused: int = 0

    def add(self, group: Group) -> None:
        self.embedded += group.embedded
        self.reused += group.reused
        outcomes = [_outcome_of(reading) for reading in group.readings]
        self.outcomes += outcomes
        for outcome, reading in zip(outcomes, group.readings, strict=True):
            if outcome.outcome is Outcome.FAILED:
                self.fail(Failure(reason=outcome.detail or "", stamp=reading.stamp, revision=reading.revision), outcome)
        self.restamped += [(one.file.document_id, one.stamp) for one in group.readings if one.is_unchanged]

    def fail(self, failure: Failure, outcome: FileOutcome) -> None:
        self.failed.append(outcome)
        self.failures[outcome.document_id] = failure


@dataclass(slots=True, kw_only=True)
class _Watch:
    """Follows the files that are in work, on whichever thread they are, and tells of each step."""

    tally: _Tally
    tell: Callable[[Progress], None] | None
    files: int
    size: int
    """Bytes of all files that are to be read."""
    _started: float = field(default_factory=time.perf_counter)
    _reading: str | None = None
    _read: dict[str, Reading] = field(default_factory=dict)
    """What was read and is not in, by document id."""
    _embedded: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Of each group under way, by its first document: the vectors made, and the bytes that they stand for."""
    _size_done: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reading(self, file: FoundFile, read: Callable[[FoundFile], Reading]) -> Reading:
        self._reading = file.document_id
        self._say()
        reading = read(file)
        with self._lock:
            self._reading = None
            self._read[file.document_id] = reading
        return reading

    def embedded(self, group: Sequence[Reading], done: int, total: int) -> None:
        size = sum(reading.file.size for reading in group)
        with self._lock:
            self._embedded[group[0].file.document_id] = (done, size * done / total)
        self._say()

    def taken_in(self, group: Group) -> None:
        with self._lock:
            self.tally.add(group)
            self._embedded.pop(group.readings[0].file.document_id, None)
            for reading in group.readings:
                self._read.pop(reading.file.document_id)
                self._size_done += reading.file.size
        self._say()

    def _say(self) -> None:
        if self.tell is None:
            return
        # Told under the lock, so that what was seen earlier is not told later.
        with self._lock:
            self.tell(self._now())

    def _now(self) -> Progress:
        made = sum(vectors for vectors, _ in self._embedded.values())
        size = self._size_done + sum(part for _, part in self._embedded.values())
        return Progress(
            len(self.tally.outcomes),
            self.files,
            self.tally.embedded + self.tally.reused + made,
            failed=tuple(self.tally.failed),
            reading=self._reading,
            embedding=len(self._read),
            vectors_to_come=max(sum(reading.vectors for reading in self._read.values()) - made, 0),
            share=min(size / self.size, 1.0) if self.size else 1.0,
            seconds=time.perf_counter() - self._started,
        )


def ingest(
    store: Store,
    embedder: Embedder,
    roots: Mapping[str, Path],
    max_file_mb: float,
    progress: Callable[[Progress], None] | None = None,
    committed: Callable[[], None] | None = None,
    check: Callable[[], None] | None = None,
    *,
    removed: Callable[[], None] | None = None,
    again: bool = True,
    plugged: Plugged = NOTHING_PLUGGED,
) -> Report:
    """Bring the index in line with the folders `roots` (by the first part of their document ids).

    `removed` is called once the documents that have left the folders are out, before any file is read; their vectors
    are to stay until the end, as a renamed file takes them along. `committed` is called after each group of documents
    is in, `check` every so often, also within a large file: what it raises ends the ingest, and what was committed
    stays. `again` reads also those files that could not be read before and did not change. Raises FolderError, with
    nothing removed, where a root is missing, unreadable, or empty though the index holds documents of it.
    """
    started = time.perf_counter()
    records = store.records()
    scans = [_scan_root(root, folder, records, plugged=plugged) for root, folder in roots.items()]
    found = _files_in(scans)
    scanned_ns = time.time_ns()
    gone = _gone(records, found, roots)
    if gone:
        store.remove(gone)
        if removed is not None:
            removed()
    tally, known = _Tally(outcomes=[]), read_failures(store.folder)
    to_read = _partition(found.values(), records, {} if again else known, tally=tally, plugged=plugged)
    reader = FileReader(
        embedder=embedder, records=records, max_file_mb=max_file_mb, scanned_ns=scanned_ns, plugged=plugged
    )
    watch = _Watch(tally=tally, tell=progress, files=len(found), size=sum(file.size for file in to_read))
    pipeline = Pipeline(store=store, embedder=embedder, embedded=watch.embedded, committed=committed, check=check)
    for group in pipeline.taken_in(watch.reading(file, reader.read) for file in to_read):
        watch.taken_in(group)
    store.restamp(tally.restamped)
    if tally.failures != known:
        write_failures(store.folder, tally.failures)
    tally.outcomes += [FileOutcome(key, Outcome.REMOVED) for key in gone]
    outcomes = tuple(sorted(tally.outcomes, key=lambda outcome: outcome.document_id))
    left_out = tuple(one for scanned in scans for one in scanned.left_out)
    seconds = time.perf_counter() - started
    return Report(
        outcomes=outcomes,
        paragraphs_embedded=tally.embedded,
        vectors_reused=tally.reused,
        seconds=seconds,
        left_out=left_out,
    )


def has_changed(store: Store, roots: Mapping[str, Path], *, plugged: Plugged = NOTHING_PLUGGED) -> bool:
    """Whether there is something for an ingest to do, as far as a look at the folders tells. What could not be opened,
    and looks as it did then, is nothing. Raises FolderError as `ingest`."""
    records, known = store.records(), read_failures(store.folder)
    found = _files_in([_scan_root(root, folder, records, plugged=plugged) for root, folder in roots.items()])
    to_read = _partition(found.values(), records, known, tally=_Tally(outcomes=[]), plugged=plugged)
    return bool(_gone(records, found, roots)) or any(not _looks_as(known.get(one.document_id), one) for one in to_read)


def _looks_as(failure: Failure | None, file: FoundFile) -> bool:
    """Whether no byte of the file could be read, and nothing about it has changed since."""
    if failure is None or failure.revision is not None:
        return False
    return replace(failure.stamp, settled=True) == _stamp_of(file)


def _files_in(scans: Iterable[Scan]) -> dict[str, FoundFile]:
    return {file.document_id: file for scanned in scans for file in scanned.files}


def _gone(records: Mapping[str, Record], found: Mapping[str, FoundFile], roots: Mapping[str, Path]) -> list[str]:
    """The documents that have left the folders; of a folder that cannot be read nothing has."""
    shut = tuple(key for key in found if key.endswith("/"))
    return [key for key in records if key not in found and key.split("/", 1)[0] in roots and not key.startswith(shut)]


def _outcome_of(reading: Reading) -> FileOutcome:
    document_id = reading.file.document_id
    if reading.problem is not None:
        stays = _STAYS if reading.record else ""
        return FileOutcome(document_id, Outcome.FAILED, f"{reading.problem}{stays}")
    if reading.content is not None:
        warning = reading.content.parsed.warning
        return FileOutcome(document_id, Outcome.UPDATED if reading.record else Outcome.ADDED, warning)
    return FileOutcome(document_id, Outcome.UNCHANGED, reading.record.warning if reading.record else None)


def _scan_root(root: str, folder: Path, records: Mapping[str, Record], *, plugged: Plugged) -> Scan:
    found = scan(root, folder, plugged=plugged)
    known = [key for key in records if key.startswith(f"{root}/")]
    missing = set(known) - {file.document_id for file in found.files}
    if missing and root == "documents" and not any(map(_can_be_read, found.files)):
        what = "holds nothing that can be read" if found.files else "is suddenly empty"
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


def _partition(
    found: Iterable[FoundFile],
    records: Mapping[str, Record],
    failures: Mapping[str, Failure],
    *,
    tally: _Tally,
    plugged: Plugged,
) -> list[FoundFile]:
    """The files that are to be read; what a look shows to be unchanged is told to the `tally`."""
    to_read: list[FoundFile] = []
    for file in found:
        key, record, failure = file.document_id, records.get(file.document_id), failures.get(file.document_id)
        if record is not None and _is_unchanged(file, record.stamp, record.revision, plugged=plugged):
            tally.outcomes.append(FileOutcome(key, Outcome.UNCHANGED, record.warning))
        elif failure is not None and _has_failed(file, failure, plugged=plugged):
            outcome = FileOutcome(key, Outcome.FAILED, failure.reason)
            tally.outcomes.append(outcome)
            tally.fail(failure, outcome)
        else:
            to_read.append(file)
    return to_read


def _has_failed(file: FoundFile, failure: Failure, *, plugged: Plugged) -> bool:
    """Whether these very bytes were read, and could not be."""
    return bool(failure.revision) and _is_unchanged(file, failure.stamp, failure.revision or "", plugged=plugged)


def _is_unchanged(file: FoundFile, stamp: FileStamp, revision: str, *, plugged: Plugged) -> bool:
    return (
        stamp == _stamp_of(file) and is_current(revision, name=file.document_id, plugged=plugged) and not file.problem
    )


def _stamp_of(file: FoundFile) -> FileStamp:
    return FileStamp(size=file.size, modified_ns=file.modified_ns, changed_ns=file.changed_ns)
