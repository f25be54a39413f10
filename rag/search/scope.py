"""The documents that a question is narrowed to, as people name them: beside it, or in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import regex

from rag.domain import Question, Span, document_name
from rag.errors import ScopeError
from rag.index.records import Record
from rag.text import language

_OPENS, _CLOSES = "[\"'`“„«‘]?", "[\"'`”“»’]?"
_OF_FILE = regex.compile(
    rf"(?:\b{language.pattern('requests.filed_in', 'requests.according')}|{language.pattern('requests.opens')})"
    rf"\s+(?:{language.pattern('requests.a_file')}\s+)*$",
    regex.IGNORECASE,
)
_TELLS = regex.compile(rf"\s+{language.pattern('requests.telling')}\b", regex.IGNORECASE)
_LONGEST_TITLE = 60
"""Characters of a title that a question is worded with; where it is longer, the name of the file says it."""


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


def narrowed_by_name(question: Question, records: Sequence[Record]) -> Question:
    """A question of files that it names with their endings, "What does minutes-05.md say about the hose?", as one of
    these alone, worded with their titles, as texts know nothing of their names. Any other question, and one for which
    documents were chosen, as it is: "Which script starts deploy.sh?" is asked of all of them."""
    text = unicodedata.normalize("NFC", question.text)
    # A name with an ending has a dot and something behind it: most questions have none, and folders many files.
    may_name_some = question.scope is None and "." in text[:-1]
    meant = list(_files_asked(text, records)) if may_name_some else []
    for span, named in reversed(meant):
        text = f"{text[: span.start]}“{_called(named)}”{text[span.end :]}"
    scope = frozenset(one.document_id for _, named in meant for one in named)
    return replace(question, text=text, scope=scope) if meant else question


def _files_asked(text: str, records: Sequence[Record]) -> Iterator[tuple[Span, Sequence[Record]]]:
    """Where a question names files that it is asked of, quotation marks included, and which these are, in order."""
    by_name: dict[str, list[Record]] = {}
    folded = text.casefold()
    for record in records:
        whole = unicodedata.normalize("NFC", document_name(record.document_id))
        if whole.rpartition("/")[2].casefold() not in folded:
            continue
        path = PurePosixPath(whole)
        for name in {str(path), path.name} if path.suffix else ():
            by_name.setdefault(name.casefold(), []).append(record)
    # The longest first: "bee notes.txt" is not "notes.txt".
    named = sorted((name for name in by_name if name in folded), key=len, reverse=True)
    if not named:
        return
    names = "|".join(map(regex.escape, named))
    for found in regex.finditer(rf"{_OPENS}(?<![\w/.-])({names})(?![\w-]|\.\w){_CLOSES}", text, regex.IGNORECASE):
        if _OF_FILE.search(text[: found.start()]) or _TELLS.match(text[found.end() :]):
            yield Span(*found.span()), by_name[found[1].casefold()]


def _called(named: Sequence[Record]) -> str:
    """What files of one name are called in a question: by their title, where they have one and it is short."""
    titles = {one.title for one in named}
    title = titles.pop()
    is_told = not titles and len(title) <= _LONGEST_TITLE
    return title if is_told else PurePosixPath(document_name(named[0].document_id)).stem


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
