"""What people say of answers, as eval cases: `IBID_HOME/feedback.jsonl`, of each named user in a file of their own."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.domain import Answer, Json, Paragraph, document_name
from rag.errors import StorageError
from rag.home import made_private, write_whole

_LONGEST_NOTE = 2_000
_OURS = "feedback-"
_lock = threading.Lock()


def feedback_case(
    question: str,
    answer: Answer,
    earlier: Sequence[str],
    is_good: bool,
    note: str,
    should_be_cited: Sequence[Paragraph],
) -> Json:
    """A case for `ibid eval`: gold is what a person chose, or, for a good answer, what it cited."""
    chosen = [(document_name(p.document_id), " ".join(p.text.split()) if p.text else p.text) for p in should_be_cited]
    cited = [(document_name(c.paragraph.document_id), c.quote) for c in answer.citations] if is_good else []
    gold: list[Json] = [{"document": document, "quote": quote} for document, quote in dict.fromkeys(chosen or cited)]
    return {
        "id": f"{_OURS}{secrets.token_hex(6)}",
        "question": question,
        "answers": [],
        "gold": gold,
        # An abstention that was called right is a question these documents do not answer.
        "answerable": bool(gold) or not (is_good and answer.abstained),
        "turns": list(earlier),
        "tags": ["good" if is_good else "bad"],
        "source": "feedback",
        "note": note.strip()[:_LONGEST_NOTE],
        "answer": answer.text or answer.notice or "",
    }


def write_feedback(home: Path, case: Json, *, instead_of: str | None = None) -> None:
    """Add a case, in place of the one of that id if there still is one. Raises StorageError where it cannot be
    written."""
    with _writing(home) as path:
        made_private(home)
        if instead_of is not None:
            _drop(path, instead_of)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(case, ensure_ascii=False) + "\n")


def take_back(home: Path, case_id: str) -> None:
    """Remove the case of that id, if there still is one. Raises StorageError where it cannot be written."""
    with _writing(home) as path:
        _drop(path, case_id)


@contextmanager
def _writing(home: Path) -> Iterator[Path]:
    """The file, for one at a time. Raises StorageError for what the system refuses."""
    path = home / "feedback.jsonl"
    try:
        with _lock:
            yield path
    except OSError as error:
        raise StorageError(f"Cannot write {path}: {error.strerror}. Free space, or set IBID_HOME.") from error


def _drop(path: Path, case_id: str) -> None:
    """Rewrite the file without that case; whoever reads it meanwhile reads all of one or all of the other."""
    if not (case_id.startswith(_OURS) and path.exists()):
        return
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    kept = [line for line in lines if not _is_case(line, case_id)]
    if len(kept) == len(lines):
        return
    write_whole(path, "\n".join(kept).encode("utf-8", "surrogateescape"))


def _is_case(line: str, case_id: str) -> bool:
    try:
        case = json.loads(line)
    except ValueError:
        return False
    return isinstance(case, dict) and case.get("id") == case_id
