"""A paragraph with what stands around it, for the index; and a text as people read it."""

from __future__ import annotations

from rag.domain import Paragraph, Role


def context_of(title: str, paragraph: Paragraph) -> str:
    """Title, heading path, and who says it and when: put in front of a paragraph for indexing only, never shown
    or quoted."""
    if paragraph.role is Role.TITLE:
        return ""
    speaker = paragraph.speaker or ""
    # The reader knows of no turns: told so in words, it is surer of what Ann said than by her bare name.
    said = speaker if paragraph.role is Role.COMMENT or not speaker else f"said by {speaker}"
    return " › ".join(filter(None, (title, *paragraph.heading, paragraph.time, said)))[:300]


def display(text: str) -> str:
    """The text as people read it: runs of white space collapsed."""
    return " ".join(text.split())
