"""Documents as HTML: the source pane with its paragraphs and marks, the list of documents.

Pure functions from nouns to markup.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.domain import Paragraph, Passage, Role, document_name
from rag.index.records import Record
from rag.ingest import Outcome
from rag.owners import is_upload, owner_of
from rag.text.units import rows_of
from ui.web.finding import finding_html
from ui.web.folder import Indexing
from ui.web.guide import guide_frame_html
from ui.web.markup import attribute, escaped, exact, place_address
from ui.web.origins import Origin
from ui.web.prose import Mark, Run, paragraph_html, row_html, rows_html, runs_of
from ui.words import ROLE_NAMES, day_text, directory_of, left_out_text

AROUND = 150
"""Paragraphs shown on each side of the one asked for."""

_LISTED = 2_000
_MOST_COPIES = 3
_MOST_LEFT_OUT = 50
_FILTERED_FROM = 10
_GROUPED_FROM = 30
# Of one level: a document may have headings and no title, and levels that are left out lead nowhere.
_TAGS = {Role.TITLE: "h3", Role.HEADING: "h3", Role.TABLE: "div"}


def reader_html(
    folder: str,
    record: Record,
    passages: Sequence[Passage],
    paragraph: int,
    marks: Sequence[Mark],
    notice: str | None,
    *,
    tools: str = "",
    beside: str = "",
) -> str:
    """A document, or as much of it as `passages` holds, opened at a paragraph. `tools` is markup of what else can be
    done with it, `beside` of what is told of its file."""
    shown = [passage.paragraph for passage in passages]
    body = "".join(_run_html(folder, run, paragraph, marks) for run in runs_of(shown))
    page = (
        '<div class="page" tabindex="0" role="region" aria-label="Text of the document">'
        f"{_more_html(record, shown, before=True)}{body}{_more_html(record, shown, before=False)}</div>"
    )
    return reader_section(record, page, marks, notice, tools=tools, beside=beside)


def reader_section(
    record: Record,
    page: str,
    marks: Sequence[Mark],
    notice: str | None,
    *,
    tools: str = "",
    facts: str = "",
    beside: str = "",
) -> str:
    """What stands around the text or the picture of a document; `facts` are attributes that the script reads."""
    told = f'<p class="notice" role="status">{escaped(notice)}</p>' if notice else ""
    current = next((f"{mark.start}-{mark.end}" for mark in marks if mark.current), "")
    return (
        f'<section class="reader" aria-label="{attribute("Source: " + record.title)}" '
        f'data-document="{exact(record.document_id)}" data-revision="{exact(record.revision)}" data-mark="{current}"{facts}>'
        f"{_head_html(record, tools, beside, is_marked=bool(current))}{told}{guide_frame_html()}{page}</section>"
    )


def _head_html(record: Record, tools: str, beside: str, *, is_marked: bool) -> str:
    facts = [
        record.author or "",
        day_text(record.date) if record.date else "",
        counted(record.paragraphs),
        document_name(record.document_id),
    ]
    return (
        '<header class="reader-head"><div class="reader-bar">'
        '<button type="button" class="act" data-act="back">← Back to the answer</button>'
        '<span class="steps" hidden><button type="button" class="act" data-act="previous" aria-label="Previous citation '
        '(p)">‹</button><span class="step-count" aria-live="off"></span><button type="button" class="act" data-act="next" '
        'aria-label="Next citation (n)">›</button></span></div>'
        f'<h2 dir="auto">{escaped(record.title)}</h2>{_KEEP if is_marked else ""}'
        f'<p class="facts">{escaped(" · ".join(fact for fact in facts if fact))}</p>{beside}'
        f'<div class="tools">{tools}{finding_html()}</div></header>'
    )


_KEEP = (
    '<button type="button" class="act keep-marked" data-act="keep-marked" aria-pressed="false">Keep this quote</button>'
)


def copies_html(copies: Sequence[Record]) -> str:
    """Where else the very same file lies."""
    names = ", ".join(document_name(one.document_id) for one in copies[:_MOST_COPIES])
    more = f" and {len(copies) - _MOST_COPIES:,} more" if len(copies) > _MOST_COPIES else ""
    return f'<p class="facts">The same file: {escaped(names)}{more}</p>' if names else ""


def origin_html(origin: Origin | None) -> str:
    """A link that tells its host nothing of this page."""
    if origin is None:
        return ""
    link = (
        f'<a href="{attribute(origin.address)}" target="_blank" rel="noopener noreferrer">{escaped(origin.address)}</a>'
    )
    return f'<p class="facts origin">Fetched from {link} on {day_text(origin.fetched)}</p>'


def counted(paragraphs: int) -> str:
    return "1 paragraph" if paragraphs == 1 else f"{paragraphs:,} paragraphs"


def empty_reader_html() -> str:
    return (
        '<section class="reader empty" aria-label="Source"><div class="reader-empty"><h2>Sources open here</h2>'
        "<p>Click the number behind a statement, and its document opens with the very words marked. "
        "Or open a document from the list.</p></div></section>"
    )


def gone_html(document: str) -> str:
    return (
        '<section class="reader empty" aria-label="Source"><div class="reader-empty" role="alert">'
        '<button type="button" class="act" data-act="back">← Back to the answer</button>'
        f"<h2>No longer there</h2><p>{escaped(document_name(document))} is not among your documents any more.</p>"
        "</div></section>"
    )


def _run_html(folder: str, run: Run, target: int, marks: Sequence[Mark]) -> str:
    rows = "".join(_paragraph_html(folder, one, one.number == target, marks, run.columns) for one in run.paragraphs)
    if not run.columns:
        return rows
    return rows_html(run.columns, rows)


def _paragraph_html(
    folder: str, paragraph: Paragraph, is_target: bool, marks: Sequence[Mark], columns: Sequence[str]
) -> str:
    number = paragraph.number
    tag = _TAGS.get(paragraph.role, "p")
    is_said = paragraph.role is Role.BOILERPLATE and paragraph.said_by  # a picture, a thumb: no furniture of a page
    badged = paragraph.role in _BADGED and not is_said
    badge = f'<span class="badge">{ROLE_NAMES[paragraph.role]}</span> ' if badged else ""
    speaker = f'<span class="speaker">{escaped(paragraph.said_by)}</span> ' if paragraph.said_by else ""
    text = row_html(paragraph, columns, marks) if columns else paragraph_html(paragraph, marks)
    address = place_address(folder, paragraph.document_id, number)
    return (
        f'<div dir="{_direction(paragraph.text)}" class="para {paragraph.role.value}{" target" if is_target else ""}{_layout_of(paragraph)}" id="p{number}" data-paragraph="{number}">'
        f'<a class="number" href="{attribute(address)}" aria-label="Paragraph {number}, link to this place">¶{number}</a>'
        f'<{tag} class="text" dir="auto">{badge}{speaker}{text}</{tag}>'
        f'<button type="button" class="choose" data-act="choose" data-paragraph="{number}">Should be cited</button></div>'
    )


def _layout_of(paragraph: Paragraph) -> str:
    """The class of what is told apart by its lines: code, and lines that are fields."""
    if paragraph.text.startswith("```"):
        return " code"
    return " fields" if paragraph.role is Role.BODY and rows_of(paragraph.text) else ""


def _direction(text: str) -> str:
    """Which way a text runs, by its first letter that says so: `dir="auto"` would go by the number beside it."""
    strong = next((kind for sign in text if (kind := unicodedata.bidirectional(sign)) in ("L", "R", "AL")), "L")
    return "ltr" if strong == "L" else "rtl"


_BADGED = (Role.COMMENT, Role.CAPTION, Role.BOILERPLATE)


def _more_html(record: Record, shown: Sequence[Paragraph], before: bool) -> str:
    if not shown or (shown[0].number == 1 if before else shown[-1].number == record.paragraphs):
        return ""
    to = shown[0].number - 1 if before else shown[-1].number + 1
    name = "Earlier paragraphs" if before else "Later paragraphs"
    return f'<button type="button" class="act more" data-act="read" data-document="{exact(record.document_id)}" data-paragraph="{to}">{name}</button>'


def library_html(records: Sequence[Record], indexing: Indexing) -> str:
    """The documents, what the indexing has to say, and the files that could not be read. Which of them are asked
    the page knows: it ticks the boxes."""
    listed = _Listed.of(records[:_LISTED])
    items = listed.grouped_html() if len(records) >= _GROUPED_FROM else listed.html(listed.records)
    more = f'<p class="more-documents">… and {len(records) - _LISTED:,} more</p>' if len(records) > _LISTED else ""
    all_box = (
        f'<label class="all"><input type="checkbox" data-act="scope-all"> <span class="asking" '
        f'data-total="{len(records)}">Asking all {len(records):,}</span></label>'
        if records
        else ""
    )
    search = (
        '<input type="search" class="filter" placeholder="Filter" aria-label="Filter the documents by name">'
        if len(records) >= _FILTERED_FROM
        else ""
    )
    return (
        '<section class="library" aria-label="Documents"><div class="library-head"><h2>Documents</h2>'
        f"{_LOOKING if indexing.running else _LOOK}</div>"
        f"{_indexing_html(indexing)}{search}{all_box}"
        f"{items}{more}{failures_html(indexing)}{left_out_html(indexing)}</section>"
    )


@dataclass(frozen=True, slots=True)
class _Listed:
    """Documents of the list; `firsts` are by their revision the first of those whose files hold the same bytes."""

    records: Sequence[Record]
    firsts: Mapping[str, Record]

    @classmethod
    def of(cls, records: Sequence[Record]) -> _Listed:
        return cls(records, {one.revision: one for one in reversed(records)})

    def html(self, records: Iterable[Record]) -> str:
        return f'<ul class="documents">{"".join(map(self._document_html, records))}</ul>'

    def grouped_html(self) -> str:
        """The documents of each folder under its name, to be folded; those of the folder itself before them."""
        ordered = sorted(self.records, key=lambda one: directory_of(one.document_id))
        groups = [
            (name, list(group)) for name, group in groupby(ordered, key=lambda one: directory_of(one.document_id))
        ]
        return "".join(
            f'<details class="group" open><summary><span dir="auto">{escaped(name)}</span> <span class="facts">{len(group)}</span></summary>{self.html(group)}</details>'
            if name
            else self.html(group)
            for name, group in groups
        )

    def _document_html(self, record: Record) -> str:
        first = self.firsts[record.revision]
        return _document_html(record, same_as=None if first is record else first)


_LOOK = '<button type="button" class="act" data-act="reindex">Look for changes</button>'
_LOOKING = '<button type="button" class="act" data-act="reindex" disabled>Looking for changes …</button>'


def outcomes_html(outcomes: Mapping[str, str]) -> str:
    """What became of files that somebody brought or deleted, by name."""
    lines = "".join(f"<li>{escaped(name)}: {escaped(said)}</li>" for name, said in outcomes.items())
    return f'<ul class="outcomes" role="status">{lines}</ul>' if lines else ""


def _document_html(record: Record, *, same_as: Record | None) -> str:
    document = exact(record.document_id)
    name = document_name(record.document_id)
    uploaded, owner = is_upload(record.document_id), owner_of(record.document_id)
    whose = f" for {owner} alone" if owner is not None else ""
    remove = (
        f'<button type="button" class="act remove" data-act="remove" data-document="{document}" '
        f'aria-label="{attribute("Delete the uploaded " + name)}">Delete</button>'
        if uploaded
        else ""
    )
    facts = f"{name} · {counted(record.paragraphs)}{f' · uploaded{whose}, in every folder' if uploaded else ''}"
    facts += f" · the same file as {document_name(same_as.document_id)}" if same_as else ""
    warning = f'<span class="remark">{escaped(record.warning)}</span>' if record.warning else ""
    return (
        f'<li class="document"><label class="tick"><input type="checkbox" data-act="scope" data-document="{document}" '
        f'aria-label="{attribute("Ask " + record.title)}"></label>'
        f'<button type="button" class="open" data-act="read" data-document="{document}" data-paragraph="1">'
        f'<span class="title" dir="auto">{escaped(record.title)}</span><span class="facts">{escaped(facts)}</span></button>'
        f"{remove}{warning}</li>"
    )


def _indexing_html(indexing: Indexing) -> str:
    if indexing.problem:
        return f'<p class="problem" role="alert">{escaped(indexing.problem)}</p>'
    progress = indexing.progress
    if progress is None:
        return ""  # where it runs, the button says that it looks
    passages = f", {progress.vectors:,} passages" if progress.vectors else ""
    return (
        f'<div class="indexing"><progress max="{max(progress.files, 1)}" value="{progress.files_done}" '
        f'aria-label="Indexing"></progress><span>{progress.files_done:,} of {progress.files:,} files'
        f"{passages}. Answers cover what is in so far.</span></div>"
    )


def left_out_html(indexing: Indexing) -> str:
    """What no format fits, each with its reason: whoever wonders where a file is finds it here."""
    left_out = indexing.left_out or ()
    if not left_out:
        return ""
    items = "".join(f"<li>{escaped(str(one))}</li>" for one in left_out[:_MOST_LEFT_OUT])
    more = f"<li>… and {len(left_out) - _MOST_LEFT_OUT:,} more</li>" if len(left_out) > _MOST_LEFT_OUT else ""
    return (
        f'<details class="failures"><summary>{left_out_text(len(left_out))}</summary><ul>{items}{more}</ul></details>'
    )


def failures_html(indexing: Indexing) -> str:
    """The files that could not be read, each with its reason."""
    failed = [
        f'<li class="bad">{escaped(document_name(one.document_id))}: {escaped(one.detail or "could not be read")}</li>'
        for one in (indexing.report.of(Outcome.FAILED) if indexing.report else [])
    ]
    if not failed:
        return ""
    return (
        f'<details class="failures"><summary>{len(failed)} not read</summary><ul>{"".join(failed[:50])}</ul></details>'
    )
