"""What people say of answers, as eval cases: `IBID_HOME/feedback.jsonl`."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path

from rag.domain import Answer, Json, Paragraph, document_name
from rag.errors import StorageError

_LONGEST_NOTE = 2_000
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
        "id": f"feedback-{secrets.token_hex(6)}",
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


def write_feedback(home: Path, case: Json) -> None:
    """Add a case. Raises StorageError where it cannot be written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _lock, (home / "feedback.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(case, ensure_ascii=False) + "\n")
    except OSError as error:
        raise StorageError(
            f"Cannot write {home / 'feedback.jsonl'}: {error.strerror}. Free space, or set IBID_HOME."
        ) from error
