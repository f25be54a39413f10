"""Notes as HTML: each a card with what was kept, whether it still stands so, a comment, and what can be done with it.

Pure functions from nouns to markup. Everything that is not ours goes through `markup.escaped`.
"""

from __future__ import annotations

from rag.domain import Answer
from ui.web.markup import attribute, escaped
from ui.web.notes import LONGEST_COMMENT, LONGEST_TITLE, Note
from ui.web.passages import Shelf
from ui.web.render import answer_html
from ui.words import verdict_text

_HEAD = (
    '<header class="notes-top"><h2 tabindex="-1">Notes</h2>'
    "<p>What you keep of answers and sources of this folder. {kept}</p>"
    '<div class="acts"><button type="button" class="act" data-act="view" data-opens="notes">Back to the chat</button></div>'
    '<div class="notes-tools" hidden><label for="notes-title">Title</label>'
    '<input type="text" id="notes-title" maxlength="{longest}" dir="auto" placeholder="Notes" autocomplete="off">'
    '<div class="acts notes-exports" role="group" aria-label="Export the notes"><span>Export</span>'
    '<button type="button" class="act" data-act="export-notes" data-kind="markdown">Markdown</button>'
    '<button type="button" class="act" data-act="export-notes" data-kind="html">HTML</button>'
    '<button type="button" class="act" data-act="export-notes" data-kind="docx">Word (.docx)</button></div></div>'
    '<p class="no-notes" hidden>No notes yet. Press “Keep” under an answer, or open a source, select words in it and press '
    "“Keep this quote”.</p></header>"
)


def head_html(*, is_kept_here: bool) -> str:
    """What stands above the notes; the page's script shows what of it fits. `is_kept_here` where they are kept on the
    server, not in the browser."""
    where = "Kept on this server, for you alone." if is_kept_here else "Kept in this browser alone."
    return _HEAD.format(kept=where, longest=LONGEST_TITLE)


def note_html(note: Note, shelf: Shelf) -> str:
    """The card of a note; the page's script fills its comment in."""
    kind = "note lapsed" if note.has_lapsed else "note"
    name = f"note-{note.id}"
    return (
        f'<li class="{kind}" id="{name}" data-note="{note.id}" aria-labelledby="{name}-head">'
        f'<h3 id="{name}-head" dir="auto">{escaped(note.heading)}</h3>{_remarks_html(note)}'
        f'<div class="answer">{answer_html(note.answer, name, shelf, names_sources=True)}</div>{_verdict_html(note.answer)}'
        f'<label for="{name}-comment">Comment</label><textarea id="{name}-comment" class="note-comment" rows="1" '
        f'maxlength="{LONGEST_COMMENT}" dir="auto"></textarea>'
        f'<div class="acts">{_act_html("note-up", "Move up", note)}{_act_html("note-down", "Move down", note)}'
        f"{_act_html('forget-note', 'Delete', note)}</div></li>"
    )


def _act_html(act: str, name: str, note: Note) -> str:
    label = attribute(f"{name}: {note.heading}")
    return f'<button type="button" class="act" data-act="{act}" aria-label="{label}">{name}</button>'


def _remarks_html(note: Note) -> str:
    return "".join(
        f'<p class="{"remark gone" if remark.lapsed else "remark"}">[{mark}] {escaped(remark.text)}</p>'
        for mark, remark in note.remarks.items()
    )


def _verdict_html(answer: Answer) -> str:
    """Of an answer; that a quote is one is seen."""
    if not answer.question or not answer.statements:
        return ""
    return f'<p class="verdict">{escaped(verdict_text(answer))}</p>'
