"""What every door says in the same words: roles, verdicts, excerpts. Plain text; each door makes it safe to show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rag.documents.context import display
from rag.domain import Answer, Citation, Confidence, Role, Verdict, document_name
from rag.owners import is_upload, owner_of
from rag.text.units import as_line, cells_of, columns_of, rows_of

REASONING = "The model’s reasoning – not checked against your documents"
"""What a model thought aloud is called wherever it is shown."""
_EXCERPT = 200
_NAMED = 3

ROLE_NAMES = {
    Role.TITLE: "title",
    Role.HEADING: "heading",
    Role.BYLINE: "byline",
    Role.BODY: "",
    Role.LIST: "list",
    Role.TABLE: "table",
    Role.CAPTION: "caption",
    Role.COMMENT: "reader’s comment",
    Role.BOILERPLATE: "page furniture",
}
"""What a paragraph is called beside its text; the document's own running text needs no name."""


def excerpt(text: str, most: int = _EXCERPT, *, about: str = "") -> str:
    """A text in at most so many characters, ended at a word: its beginning, or from the sentence on that has most words
    of the question that it is `about`, where the beginning does not reach it; of a table its columns and that row."""
    shown = _row_text(text, about=about) or display(as_line(text))
    if len(shown) <= most:
        return shown
    start = _where(shown, about=about, reached=most - 1) if about else 0
    before = "…" if start else ""
    rest = shown[start:]
    if len(before) + len(rest) <= most:
        return before + rest
    return before + rest[: most - 1 - len(before)].rsplit(" ", 1)[0] + "…"


def _row_text(text: str, *, about: str) -> str | None:
    """The row of a table that has most words of a question, behind the names of its columns, and those after it; None
    for what is no table of several rows."""
    found = rows_of(text)
    lines = [" | ".join(cells_of(row.of(text))) for row in found.rows] if found else []
    if found is None or len(lines) < 2 or not any(" | " in line for line in lines):
        return None
    best, _ = _most_about(about, lines)
    names = [f"{columns_of(found.header.of(text))}:"] if found.header else []
    return display(" ".join([*names, ("… " if best else "") + " · ".join(lines[best:])]))


def _where(text: str, *, about: str, reached: int) -> int:
    """Where to begin."""
    from rag.text.sentences import split_sentences  # heavy: kept out of `ibid --help`

    spans = split_sentences(text)
    place, shared = _most_about(about, [span.of(text) for span in spans])
    return 0 if spans[place].end <= reached or not shared else spans[place].start


def _most_about(about: str, texts: Sequence[str]) -> tuple[int, int]:
    """The place of the first text with most words of a question, and how many these are."""
    from rag.text import terms  # heavy: kept out of `ibid --help`

    asked = set(terms.content_stems(about))
    shared = [len(asked.intersection(terms.content_stems(text))) for text in texts]
    most = max(shared)
    return shared.index(most), most


def is_quoted(answer: Answer) -> bool:
    """Whether all that is said was cut out of documents by code, and nobody wrote any of it."""
    return answer.mode == "extractive" and all(s.verdict is Verdict.VERIFIED and s.is_quote for s in answer.statements)


def verdict_text(answer: Answer) -> str:
    """How many statements of an answer stand, and who wrote them if not the documents. What is quoted needs no check:
    code cut it out."""
    if answer.confidence is Confidence.LOW:
        return "May answer it"
    if is_quoted(answer):
        return "Quoted word for word"
    verified = sum(statement.verdict is Verdict.VERIFIED for statement in answer.statements)
    count = len(answer.statements)
    translated = sum(statement.verdict is Verdict.TRANSLATED for statement in answer.statements)
    by = f" · written by {answer.model}" if answer.model else ""
    some = f", {translated} in another language than its source" if translated else ""
    return f"{verified} of {count} statement{'' if count == 1 else 's'} verified{some}{by}"


def also_text(citation: Citation) -> str:
    """The other documents that the text of a citation stands in, "also in a.md and b.md"; empty where there are
    none."""
    names = [document_name(document_id) for document_id, _ in citation.also]
    *before, last = [*names[:_NAMED], "others"] if len(names) > _NAMED else names or [""]
    told = f"{', '.join(before)} and {last}" if before else last
    return f"also in {told}" if told else ""


def day_text(day: dt.date) -> str:
    """As people read it: "18 October 2015"."""
    return f"{day.day} {day:%B %Y}"


def directory_of(document_id: str) -> str:
    """The folder of a document, inside the one that is asked; empty for that itself."""
    if is_upload(document_id):
        owner = owner_of(document_id)
        return "Added in this chat" if owner is None else f"Added by {owner}"
    return document_name(document_id).rpartition("/")[0]


def left_out_text(count: int) -> str:
    """That files of a folder are no documents."""
    return f"{counted(count, 'file', 'files')} left out"


def counted(count: int, one: str, more: str) -> str:
    """A count with what is counted, in the singular or the plural."""
    return f"{count:,} {one if count == 1 else more}"
