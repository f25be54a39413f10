"""What an empty conversation shows, as HTML: what Ibid is, what the documents say, what they can be asked, and what of
the folder is none of them.

Pure functions from nouns to markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from ui.web.folder import Indexing
from ui.web.introducing import Introduced, Introduction
from ui.web.markup import escaped, exact
from ui.web.passages import document_link, sentence_link
from ui.web.reading import failures_html, left_out_html
from ui.words import counted, day_text

_LONGEST_SENTENCE = 260
_NOT_GRANTED = (
    "No document here is open to you. Whoever runs this chat can change that (IBID_READERS); what you add under “Add "
    "files” is yours."
)


def welcome_html(
    folder: str,
    name: str,
    documents: int,
    indexing: Indexing,
    introduction: Introduction,
    *,
    is_restricted: bool = False,
) -> str:
    """`folder` is the key that links lead to, `name` what the documents are called; it `is_restricted` where there may be
    others that somebody may not read."""
    intro = _NOT_GRANTED if is_restricted and not documents else _intro(documents, indexing.running)
    return (
        f'<div class="welcome"><h2>Ask {escaped(name)}</h2><p class="intro">{intro}</p>'
        f"{failures_html(indexing)}{left_out_html(indexing)}"
        f"{_questions_html(introduction.questions)}"
        f"{_documents_html(folder, introduction.documents, documents) if documents else ''}</div>"
    )


def _intro(documents: int, is_indexing: bool) -> str:
    if documents:
        count = counted(documents, "document", "documents")
        return f"Ibid answers from your {count}, and every statement leads to the very words that it stands on."
    if is_indexing:
        return "Your documents are being read. You can ask as soon as the first are in."
    return "There are no documents yet. Put files into the folder, or drop some under “Add files”."


def _questions_html(questions: Sequence[str]) -> str:
    buttons = "".join(
        f'<li><button type="button" class="example" data-ask="{exact(one)}">{escaped(one)}</button></li>'
        for one in questions
    )
    return f'<p class="try">Try one of these:</p><ul class="examples">{buttons}</ul>' if buttons else ""


def _documents_html(folder: str, introduced: Sequence[Introduced], documents: int) -> str:
    """Some documents by what they say, and the way to all of them."""
    if not introduced:
        return ""
    items = "".join(_introduced_html(folder, one) for one in introduced)
    named = "Overview" if documents <= len(introduced) else f"All {documents:,} documents"
    return (
        f'<section class="introduced"><h3>What they say</h3><ul>{items}</ul>'
        f'<button type="button" class="act" data-act="view" data-opens="overview">{named}</button></section>'
    )


def _introduced_html(folder: str, one: Introduced) -> str:
    record = one.record
    title = document_link(folder, record, kind="place title")
    date = f' <span class="facts">{day_text(record.date)}</span>' if record.date else ""
    is_short = one.telling is not None and len(one.telling.text) <= _LONGEST_SENTENCE
    said = f"<p>{sentence_link(folder, one.telling)}</p>" if one.telling and is_short else ""
    return f"<li>{title}{date}{said}</li>"
