"""A file that was found becomes a document, its paragraphs, and the windows that they are embedded by.

Says what is wrong with a file instead of raising, so that one bad file never stops the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rag.documents.reading import ParsedDocument, read_document, revision_of
from rag.documents.scan import FoundFile
from rag.errors import DocumentError
from rag.index.embedder import Embedder
from rag.index.records import FileStamp, Record
from rag.index.windows import Window, windows_of
from rag.plugged import Plugged

SETTLED_AFTER_NS = 2_000_000_000
"""A file changed within two seconds of the scan may change again without a new time: it is hashed next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file holds, ready to be embedded."""

    parsed: ParsedDocument
    windows: list[Window]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a look into a file brought: its content; its problem; or neither, where the index holds these very
    bytes. `record` is what the index holds of the file, in any version; `revision` that of the bytes that were read,
    None where none were."""

    file: FoundFile
    record: Record | None
    stamp: FileStamp
    content: Content | None = None
    problem: str | None = None
    revision: str | None = None

    @property
    def vectors(self) -> int:
        """How many vectors its content takes."""
        return len(self.content.windows) if self.content is not None else 0

    @property
    def is_unchanged(self) -> bool:
        return self.content is None and self.problem is None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReader:
    """Reads what was found in a scan at `scanned_ns`, against the records of the index."""

    embedder: Embedder
    records: Mapping[str, Record]
    max_file_mb: float
    scanned_ns: int
    plugged: Plugged

    def read(self, file: FoundFile) -> Reading:
        """The file's content, if it is new and can be read."""
        record = self.records.get(file.document_id)
        content, problem, revision = None, None, None
        try:
            data = self._bytes(file)
            revision = revision_of(data, name=file.document_id, plugged=self.plugged)
            if record is None or record.revision != revision:
                content = self._content(file, data)
        except DocumentError as error:
            problem = str(error)
        except OSError as error:
            problem = error.strerror or str(error)
        return Reading(
            file=file,
            record=record,
            stamp=self._stamp(file),
            content=content,
            problem=problem,
            revision=revision,
        )

    def _bytes(self, file: FoundFile) -> bytes:
        if file.problem:
            raise OSError(None, file.problem)
        if file.size > self.max_file_mb * 1_000_000:
            raise DocumentError(
                f"{file.size / 1e6:.1f} MB is more than the limit of {self.max_file_mb:g} MB (IBID_MAX_FILE_MB)"
            )
        return file.path.read_bytes()

    def _content(self, file: FoundFile, data: bytes) -> Content:
        parsed = read_document(file.document_id, data, plugged=self.plugged)
        windows = list(windows_of(parsed.document.title, parsed.paragraphs, self.embedder))
        return Content(parsed=parsed, windows=windows)

    def _stamp(self, file: FoundFile) -> FileStamp:
        is_settled = self.scanned_ns - max(file.modified_ns, file.changed_ns) > SETTLED_AFTER_NS
        return FileStamp(size=file.size, modified_ns=file.modified_ns, settled=is_settled, changed_ns=file.changed_ns)
