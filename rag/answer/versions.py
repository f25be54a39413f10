"""What an answer quotes that may not hold any more: of an older version, where a later one is among the documents, or
of a document that says so of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import regex

from rag.answer.ended import BEGINNING, said_end
from rag.answer.outcomes import noted, possible
from rag.answer.sections import Read
from rag.domain import Answer, Confidence, document_name
from rag.index.records import Record
from rag.search.filing import Filed, filed, is_later, untimed, years_in, years_of
from rag.text import language

MOST_TOLD = 2

_SERIES = regex.compile(rf"\b{language.pattern('versions.series')}\b", regex.IGNORECASE)


def with_later_versions(answer: Answer, records: Sequence[Record], read: Read) -> Answer:
    """The answer, which names the later versions of the documents that it quotes, and what these say of themselves
    where they are withdrawn or replaced. Then it is uncertain where no model judged it; unless it quotes the later ones
    too, or the question asks for the year of the older one."""
    cited = {one.paragraph.document_id: one.source for one in answer.citations}
    asked = years_in(answer.question)
    told, named = [], []
    for document_id, source in cited.items():
        older = document_id, source
        later = None if years_of(*older) & asked else _latest(older, records)
        if later is not None and later.document_id not in cited:
            name = document_name(later.document_id)
            told.append(f"A later version of “{source.title}” is among your documents: “{later.title}” ({name}).")
            named.append(later.document_id)
        elif ended := said_end([passage.paragraph for passage in read(document_id, BEGINNING)]):
            told.append(f"“{source.title}” says of itself: “{ended}”")
    if not told:
        return answer
    # What contradicts one another says so itself.
    differs = any(statement.conflicts_with for statement in answer.statements)
    is_sure = answer.mode == "extractive" and answer.confidence is Confidence.HIGH and not differs
    answer = possible(answer, answer.statements) if is_sure else answer
    return noted(replace(answer, named=(*answer.named, *named)), " ".join(told[:MOST_TOLD]))


def _latest(older: Filed, records: Sequence[Record]) -> Record | None:
    """The last of the later versions of a document; none of what is written anew each time, as minutes are."""
    last, found, title = older, None, untimed(older[1].title)
    if _SERIES.search(title):
        return None
    for record in records:
        if untimed(record.title) == title and is_later(one := filed(record), last):
            last, found = one, record
    return found
