"""What an answer quotes of an older version, where a later one is among the documents."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.outcomes import noted, possible
from rag.domain import Answer, Confidence, Source, document_name
from rag.index.records import Record
from rag.search.filing import Filed, is_later, untimed, years_in, years_of

MOST_TOLD = 2


def with_later_versions(answer: Answer, records: Sequence[Record]) -> Answer:
    """The answer, which names the later versions of the documents that it quotes, and then is uncertain where no model
    judged it; unless it quotes these too, or the question asks for the year of the older one."""
    cited = {one.paragraph.document_id: one.source for one in answer.citations}
    asked = years_in(answer.question)
    told = []
    for document_id, source in cited.items():
        older = document_id, source
        later = None if years_of(*older) & asked else _latest(older, records)
        if later is not None and later.document_id not in cited:
            name = document_name(later.document_id)
            told.append(f"A later version of “{source.title}” is among your documents: “{later.title}” ({name}).")
    if not told:
        return answer
    # What contradicts one another says so itself.
    differs = any(statement.conflicts_with for statement in answer.statements)
    is_sure = answer.mode == "extractive" and answer.confidence is Confidence.HIGH and not differs
    return noted(possible(answer, answer.statements) if is_sure else answer, " ".join(told[:MOST_TOLD]))


def _latest(older: Filed, records: Sequence[Record]) -> Record | None:
    """The last of the later versions of a document."""
    last, found, title = older, None, untimed(older[1].title)
    for record in records:
        if untimed(record.title) == title and is_later(one := _filed(record), last):
            last, found = one, record
    return found


def _filed(record: Record) -> Filed:
    return record.document_id, Source(title=record.title, revision=record.revision, date=record.date)
