"""A folder becomes rows of the index: scan, read, split, embed, commit.

Idempotent and incremental: an unchanged file costs a stat. The folder is the truth, so a deleted file leaves
the index, but a folder that is missing, unreadable or suddenly empty removes nothing, and a file that can no
longer be read keeps its earlier version. Never writes to the folder. One bad file never stops the others.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from rag.documents.left_out import LeftOut
from rag.documents.reading import is_current
from rag.documents.scan import FoundFile, Scan, scan
from rag.errors import FolderError
from rag.file_reader import FileReader, Reading
from rag.index.embedding import MiniLM
from rag.index.failures import write_failures
from rag.index.records import FileStamp, Record
from rag.index.store import Store
from rag.pipeline import Group, Pipeline

_STAYS = "; what was read of it before still answers"
"""Said of a file that fails now and did not before."""


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

    def of(self, *kinds: Outcome) -> list[FileOutcome]:
        return [outcome for outcome in self.outcomes if outcome.outcome in kinds]


@dataclass(slots=True)
class _Tally:
    """What has become of the files so far."""

    outcomes: list[FileOutcome]
    restamped: list[tuple[str, FileStamp]] = field(default_factory=list)
    embedded: int = 0
    reused: int = 0

    @property
    def failed(self) -> list[FileOutcome]:
        return [one for one in self.outcomes if one.outcome is Outcome.FAILED]

    def add(self, group: Group) -> None:
        self.embedded += group.embedded
        self.reused += group.reused
        self.outcomes += map(_outcome_of, group.readings)
        self.restamped += [(one.file.document_id, one.stamp) for one in group.readings if one.is_unchanged]


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
    scans = [_scan_root(root, folder, records) for root, folder in roots.items()]
    found = {file.document_id: file for scanned in scans for file in scanned.files}
    scanned_ns = time.time_ns()
    shut = tuple(key for key in found if key.endswith("/"))
    gone = [key for key in records if key not in found and key.split("/", 1)[0] in roots and not key.startswith(shut)]
    unchanged, to_read = _partition(found.values(), records)
    tally = _Tally([FileOutcome(key, Outcome.UNCHANGED, records[key].warning) for key in unchanged])
    reader = FileReader(embedder=embedder, records=records, max_file_mb=max_file_mb, scanned_ns=scanned_ns)
    pipeline = Pipeline(store=store, embedder=embedder, committed=committed, check=check)
    for group in pipeline.taken_in(map(reader.read, to_read)):
        tally.add(group)
        if progress is not None:
            progress(Progress(len(tally.outcomes), len(found), tally.embedded + tally.reused))
    store.restamp(tally.restamped)
    write_failures(store.folder, {one.document_id: one.detail or "" for one in tally.failed})
    if gone:
        store.remove(gone)
        if committed is not None:
            committed()
    tally.outcomes += [FileOutcome(key, Outcome.REMOVED) for key in gone]
    outcomes = tuple(sorted(tally.outcomes, key=lambda outcome: outcome.document_id))
    left_out = tuple(one for scanned in scans for one in scanned.left_out)
    seconds = time.perf_counter() - started
    return Report(outcomes, tally.embedded, tally.reused, seconds, left_out=left_out)


def _outcome_of(reading: Reading) -> FileOutcome:
    document_id = reading.file.document_id
    if reading.problem is not None:
        stays = _STAYS if reading.record else ""
        return FileOutcome(document_id, Outcome.FAILED, f"{reading.problem}{stays}")
    if reading.content is not None:
        warning = reading.content.parsed.warning
        return FileOutcome(document_id, Outcome.UPDATED if reading.record else Outcome.ADDED, warning)
    return FileOutcome(document_id, Outcome.UNCHANGED, reading.record.warning if reading.record else None)


def _scan_root(root: str, folder: Path, records: Mapping[str, Record]) -> Scan:
    found = scan(root, folder)
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


def _partition(found: Iterable[FoundFile], records: Mapping[str, Record]) -> tuple[list[str], list[FoundFile]]:
    """The ids of the files that a look shows to be unchanged, and the other files."""
    unchanged: list[str] = []
    to_read: list[FoundFile] = []
    for file in found:
        if _is_unchanged(file, records.get(file.document_id)):
            unchanged.append(file.document_id)
        else:
            to_read.append(file)
    return unchanged, to_read


def _is_unchanged(file: FoundFile, record: Record | None) -> bool:
    stamp = FileStamp(file.size, file.modified_ns, changed_ns=file.changed_ns)
    return record is not None and record.stamp == stamp and is_current(record.revision) and not file.problem
