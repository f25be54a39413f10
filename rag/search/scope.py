"""The documents that a question is narrowed to, as people name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.domain import document_name
from rag.errors import ScopeError
from rag.index.records import Record


def resolve_scope(names: Sequence[str], records: Sequence[Record]) -> frozenset[str] | None:
    """Document ids for names as people type them: an id, a path below the folder, a file name, a title.

    None for no names. Raises ScopeError where one fits no document or several.
    """
    if not names:
        return None
    by_name: dict[str, set[str]] = {}
    for record in records:
        for name in (record.document_id, document_name(record.document_id)):
            by_name.setdefault(name.casefold(), set()).add(record.document_id)
    return frozenset(_resolved(name, records, by_name=by_name) for name in dict.fromkeys(names))


def _resolved(name: str, records: Sequence[Record], *, by_name: Mapping[str, set[str]]) -> str:
    wanted = name.strip().casefold()
    if len(exact := by_name.get(wanted, ())) == 1:
        return next(iter(exact))
    loose = [
        record.document_id
        for record in records
        if wanted and (wanted in record.document_id.casefold() or wanted in record.title.casefold())
    ]
    if len(loose) == 1:
        return loose[0]
    if not loose:
        raise ScopeError(f"No document is called “{name}”. `ibid status` lists the {len(records)} that are in.")
    listed = ", ".join(document_name(key) for key in loose[:4])
    raise ScopeError(
        f"“{name}” could be {len(loose)} documents ({listed}{' …' if len(loose) > 4 else ''}). Name more of it."
    )
