"""The overview of a folder as HTML: its documents by folder and date, the time they speak of, whom and what they name.

Pure functions from nouns to markup. Everything in it is a link to its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rag.answer.survey import Mention, Survey
from rag.index.records import Record
from ui.web.markup import escaped
from ui.web.passages import document_link, event_html, words_link
from ui.words import counted, day_text, directory_of

_MOST_LISTED = 1_000
_MOST_PLACES = 5


def documents_html(folder: str, records: Sequence[Record]) -> str:
    """The documents of each folder, the newest first, those without a date behind them."""
    if not records:
        return "<p>There are no documents yet.</p>"
    ordered = sorted(records, key=lambda one: (directory_of(one.document_id), _age(one), one.title.casefold()))
    groups = "".join(
        f"{_folder_html(name)}<ul>{''.join(_document_html(folder, one) for one in group)}</ul>"
        for name, group in groupby(ordered[:_MOST_LISTED], key=lambda one: directory_of(one.document_id))
    )
    more = f"<p>… and {len(records) - _MOST_LISTED:,} more</p>" if len(records) > _MOST_LISTED else ""
    return f"<section><h3>{counted(len(records), 'document', 'documents')}</h3>{groups}{more}</section>"


def survey_html(folder: str, told: Survey, *, read: int, documents: int) -> str:
    """Timeline and names, of the first `read` of so many documents."""
    events = "".join(event_html(folder, one) for one in told.events)
    names = "".join(_mention_html(folder, one) for one in told.mentions)
    bound = (
        f"<p>Timeline and names are of the first {read:,} of {documents:,} documents.</p>" if read < documents else ""
    )
    return (
        f"{_part('Timeline', 'dates', events) or '<p>No sentence tells a date.</p>'}"
        f"{_part('Most mentioned', 'mentions', names)}{bound}"
    )


def reading_html(read: int, documents: int) -> str:
    """While documents are read through."""
    return f'<p role="status">Reading document {read + 1:,} of {documents:,} …</p>'


def _age(record: Record) -> int:
    return -record.date.toordinal() if record.date else 0


def _folder_html(name: str) -> str:
    return f'<h4 dir="auto">{escaped(name)}</h4>' if name else ""


def _document_html(folder: str, record: Record) -> str:
    date = f' <span class="facts">{day_text(record.date)}</span>' if record.date else ""
    return f"<li>{document_link(folder, record)}{date}</li>"


def _mention_html(folder: str, one: Mention) -> str:
    """A name, and the documents that it stands in, each a link to where it does first."""
    shown = ", ".join(
        words_link(folder, place, escaped(place.passage.source.title)) for place in one.places[:_MOST_PLACES]
    )
    more = f" and {len(one.places) - _MOST_PLACES} more" if len(one.places) > _MOST_PLACES else ""
    return f'<li><b dir="auto">{escaped(one.text)}</b> <span class="count">{one.count}×</span> {shown}{more}</li>'


def _part(title: str, kind: str, items: str) -> str:
    return f'<section><h3>{title}</h3><ul class="{kind}">{items}</ul></section>' if items else ""
