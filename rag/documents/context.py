"""A paragraph with what stands around it, for the index; and a text as people read it."""

from __future__ import annotations

from rag.domain import Paragraph, Role


def context_of(title: str, paragraph: Paragraph) -> str:
    """Title, heading path and who wrote a comment: put in front of a paragraph for indexing only, never shown
    or quoted."""
    if paragraph.role is Role.TITLE:
        return ""
    speaker = (paragraph.speaker,) if paragraph.speaker else ()
    return " › ".join((title, *paragraph.heading, *speaker))[:300]


def display(text: str) -> str:
    """The text as people read it: runs of white space collapsed."""
    return " ".join(text.split())
