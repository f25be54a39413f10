"""From a text and the blocks of it to numbered paragraphs with roles.

Knows nothing of files. The rules are general; none is made for one document. Two promises hold for every
input: each paragraph is a slice of the text, and between two paragraphs lies only white space, or who says the next
one and when, which it holds.

The blocks are walked in reading order. Each gets a role, carrying the headings above it and, once readers begin to
speak, never going back to the document's own voice (see `rag.documents.voices`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import regex

from rag.documents.blocks import BULLET, ends_sentence, is_item, is_underline, number_of
from rag.documents.boilerplate import is_boilerplate
from rag.documents.conversations import with_turns
from rag.documents.front_matter import heading_text, is_bare_name, is_byline
from rag.documents.items import ItemTracker
from rag.documents.voices import Voice, VoiceTracker, header_name, is_comment_heading
from rag.domain import Block, Paragraph, Role, Span
from rag.text.units import rows_of, split_units

PARSER_VERSION = "17"
"""Part of every revision: a change of these rules makes documents be split anew."""

MAX_PARAGRAPH = 4_000
"""Characters. Longer runs are cut at sentence ends: a place that fills a screen is no place to point at."""

_LETTER = regex.compile(r"[\p{L}\p{N}]")
_CREDIT = regex.compile(
    r"(?i)\((?:[^()]*\bvia\b[^()]*|(?:photo|image|picture|foto|bild)[^()]*"
    r"|[^()]*(?:/ ?(?:AP|AFP|Reuters|Getty Images|dpa|EPA)|Getty Images|Flickr|Wikimedia)[^()]*)\)$"
    r"|^(?:photo(?:graph)?|image|picture|figure|fig\.|foto|bild|abb\.)(?:\s*\d+)?\s*(?:by|:|credit|courtesy|von)\b"
    r"|\b(?:photo|image|foto|bild)(?: credit| courtesy| by)?: [^.]{3,60}\.?$"
)
_LABEL = regex.compile(r"^[^.!?]{2,60}:\W*$")
_SAYS = regex.compile(r"[.;,!:…。．！।॥；：，،؛][\"'”’»)\]」』]*$")
"""How a sentence ends or goes on in any script; a question may well be a heading."""
_TURN = regex.compile(r"\s*\p{Lu}[\p{L}\p{M}.'’ ]{0,30}:\s+\S")
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # as str.splitlines has them


def split_paragraphs(document_id: str, text: str, blocks: Sequence[Block]) -> tuple[Paragraph, ...]:
    """Number the blocks from 1 and give each its role, headings and speaker.

    A role the loader knew stands, except that nothing in a stretch of readers' comments is taken for the
    document's own. Text that no block covers becomes a body block of its own, so nothing is lost.
    """
    covering = _covering(text, with_turns(text, blocks))
    walker = RoleWalker(document_id, text, [block for block in covering if not block.is_head])
    return tuple(walker.paragraphs())


def _covering(text: str, blocks: Sequence[Block]) -> list[Block]:
    """The blocks in order, trimmed, cut to size, with blocks for whatever text they left out."""
    covered: list[Block] = []
    position = 0
    for block in sorted(blocks, key=lambda block: (block.start, -block.end)):
        if block.end <= position:
            continue
        start = max(block.start, position)
        covered.extend(_trimmed(text, Block(start=position, end=start)))
        covered.extend(_trimmed(text, replace(block, start=start)))
        position = block.end
    covered.extend(_trimmed(text, Block(start=position, end=len(text))))
    return covered


def _trimmed(text: str, block: Block) -> Iterator[Block]:
    piece = text[block.start : block.end]
    start = block.start + len(piece) - len(piece.lstrip())
    end = block.start + len(piece.rstrip())
    if start >= end:
        return
    for span in cut(text[start:end], MAX_PARAGRAPH):
        yield replace(block, start=start + span.start, end=start + span.end)


def cut(text: str, most: int) -> list[Span]:
    """Spans of at most `most` characters that hold all of `text` but white space between them: cut at
    sentence ends, else at white space, else anywhere."""
    if len(text) <= most:
        return [Span(0, len(text))]
    pieces: list[Span] = []
    for sentence in split_units(text):
        for span in _cut_at_spaces(text, sentence, most):
            if pieces and span.end - pieces[-1].start <= most:
                pieces[-1] = Span(pieces[-1].start, span.end)
            else:
                pieces.append(span)
    return pieces


def _cut_at_spaces(text: str, span: Span, most: int) -> Iterator[Span]:
    start = span.start
    while span.end - start > most:
        end = start + most
        gap = max(text.rfind(" ", start + most // 2, end), text.rfind("\n", start + most // 2, end))
        end = gap if gap > 0 else end
        yield Span(start, end)
        start = _skip_spaces(text, end)
    yield Span(start, span.end)


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


class RoleWalker:
    """Gives roles in reading order, remembering the headings above and whether readers speak."""

    def __init__(self, document_id: str, text: str, blocks: list[Block]) -> None:
        self.document_id = document_id
        self.text = text
        self.blocks = blocks
        self.texts = [text[block.start : block.end] for block in blocks]
        self.indents = [_indent(text, block.start) for block in blocks]
        spoken = [
            "" if block.is_literal or _is_turn(block) else one for block, one in zip(blocks, self.texts, strict=True)
        ]
        self.voices = VoiceTracker(spoken, self.indents, [is_boilerplate(one) for one in self.texts])
        self.headings: list[tuple[int, str]] = []
        self.items = ItemTracker(self.texts, self.indents)
        self.title_at = self._find_title()

    def paragraphs(self) -> Iterator[Paragraph]:
        label_role: Role | None = None
        for i, block in enumerate(self.blocks):
            if block.level and block.role not in (Role.HEADING, Role.TITLE):
                self._leave_headings(block.level)
            voice = self.voices.step(i)
            role = self._role(i, block, voice is not None, label_role)
            label_role = role if role is Role.BOILERPLATE and _LABEL.match(self.texts[i]) else None
            path = tuple(heading for _, heading in self.headings)
            if role is Role.LIST:
                path = (*path, *self.items.enter(i))
                role = Role.HEADING if self.items.only_names(i) else role
            else:
                self.items.leave(i)
                if role is Role.HEADING:
                    path = self._enter_heading(block.level or 2, self.texts[i])
            if voice is not None and voice.number and role is Role.COMMENT:
                path = (*path, voice.number)
            yield Paragraph(
                document_id=self.document_id,
                number=i + 1,
                text=self.texts[i],
                start=block.start,
                end=block.end,
                role=role,
                heading=path,
                speaker=_speaker(block, voice) if role is Role.COMMENT or _is_turn(block) else None,
                time=block.time,
            )

    def _enter_heading(self, level: int, text: str) -> tuple[str, ...]:
        """Remember the heading for what follows; returns the path above the heading itself."""
        self._leave_headings(level)
        path = tuple(name for _, name in self.headings)
        self.headings.append((level, heading_text(text)))
        return path

    def _leave_headings(self, level: int) -> None:
        self.headings = [(above, name) for above, name in self.headings if above < level]

    def _role(self, i: int, block: Block, readers_speak: bool, label_role: Role | None) -> Role:
        text = self.texts[i]
        if not _LETTER.search(text):
            return Role.BOILERPLATE
        if readers_speak:
            return _role_among_comments(text)
        if _is_turn(block):
            return block.role or Role.BODY
        if block.role is not None:
            return self._role_from_loader(i, block.role)
        if is_boilerplate(text):
            return Role.BOILERPLATE
        if is_comment_heading(text):
            return Role.HEADING
        if label_role and len(text) < 200 and not regex.search(r"\.\s", text):
            return Role.BOILERPLATE
        if self.title_at is not None and i <= self.title_at:
            return Role.TITLE if i == self.title_at else self._role_above_title(i)
        return self._role_in_text(i)

    def _role_in_text(self, i: int) -> Role:
        if self._may_be_byline(i):
            return Role.BYLINE
        if self._is_caption(i):
            return Role.CAPTION
        if self._is_heading(i):
            return Role.HEADING
        return Role.LIST if is_item(self.texts[i]) else Role.BODY

    def _role_above_title(self, i: int) -> Role:
        """The site's name and menus; a whole sentence there may well be the document's."""
        return Role.BODY if ends_sentence(self.texts[i]) else Role.BOILERPLATE

    def _is_among_items(self, i: int) -> bool:
        """Whether it is an item beside one that says something of its own: "login" in a list of services is no button
        of a page."""
        beside = [one for one in (i - 1, i + 1) if 0 <= one < len(self.blocks)]
        items = [one for one in beside if self.blocks[one].role is Role.LIST]
        return self.blocks[i].role is Role.LIST and any(not is_boilerplate(self.texts[one]) for one in items)

    def _role_from_loader(self, i: int, role: Role) -> Role:
        if role is Role.TABLE and self.title_at is not None and i < self.title_at:
            return Role.BOILERPLATE
        if role in (Role.BODY, Role.LIST) and is_boilerplate(self.texts[i]) and not self._is_among_items(i):
            return Role.BOILERPLATE
        if role is Role.BODY and self._may_be_byline(i):
            return Role.BYLINE
        if role is Role.BODY and self._is_caption(i):
            return Role.CAPTION
        return role

    def _may_be_byline(self, i: int) -> bool:
        if i > 12 or self._had_body(i) or self.voices.opens_before(i):
            return False
        return is_byline(self.texts[i]) or self._is_name_over_date(i)

    def _is_name_over_date(self, i: int) -> bool:
        """A bare name in the line above a date, set apart from what could be a title."""
        if not 0 < i < len(self.texts) - 1 or not is_bare_name(self.texts[i]) or not is_byline(self.texts[i + 1]):
            return False
        above, below = (self.text[self.blocks[j].end : self.blocks[j + 1].start].count("\n") for j in (i - 1, i))
        return above > 1 >= below and len(self.texts[i - 1].split()) >= 4

    def _had_body(self, i: int) -> bool:
        return any(len(text) > 250 for text in self.texts[:i])

    def _find_title(self) -> int | None:
        """The line that could be a title nearest above the byline; without a byline, the first block if
        it could be one. What stands above the title is the site's, not the document's."""
        if any(block.role is Role.TITLE for block in self.blocks):
            return None
        byline = next((i for i in range(1, min(13, len(self.texts))) if self._may_be_byline(i)), None)
        spoken = next((i for i, block in enumerate(self.blocks) if _is_turn(block)), len(self.blocks))
        candidates = range(byline - 1, -1, -1) if byline else range(min(4, spoken))
        for i in candidates:
            if self._could_be_title(i):
                return None if self._had_body(i) else i
        return None

    def _could_be_title(self, i: int) -> bool:
        text = self.texts[i]
        return (
            i + 1 < len(self.texts)
            and len(text) <= 200
            and len(text.splitlines()) <= 2
            and not is_item(text)
            and not is_boilerplate(text)
            and not is_comment_heading(text)
            and not is_byline(text)
            and rows_of(text) is None  # "Present: Ann, Bo" over "Excused: Cy"
            and self.blocks[i].role in (None, Role.HEADING)
            and not regex.search(r"[.:;,。．।॥：；，،؛]$|[.][\"”’]$|\|.*\||\t|\S {3,}\S|^[^\p{L}\p{N}]*$", text)
        )

    def _is_caption(self, i: int) -> bool:
        text = self.texts[i]
        repeats = text in self.texts[max(0, i - 1) : i] + self.texts[i + 1 : i + 2]
        return len(text) < 600 and ((repeats and len(text.split()) > 4) or _CREDIT.search(text) is not None)

    def _is_heading(self, i: int) -> bool:
        text = self.texts[i]
        lines = text.splitlines()
        if len(lines) == 2 and is_underline(lines[1]):
            return True
        if len(lines) > 1 or len(text) > 90 or i + 1 >= len(self.texts) or self.indents[i] > 8:
            return False
        if _SAYS.search(text) or regex.match(rf"\s*{BULLET}\s", text) or "\t" in text:
            return False
        if _TURN.match(text) or regex.search(r"\S {3,}\S", text):
            return False
        first = regex.search(r"[\p{L}\p{N}]", text)
        if first is None or first.group().islower():
            return False
        if number_of(text) is not None:
            return not (is_item(self.texts[i + 1]) or (i and is_item(self.texts[i - 1])))
        return len(text.split()) <= 12


def _is_turn(block: Block) -> bool:
    """Whether it is of a conversation: said by somebody, or told by the program at some time."""
    return block.role in (Role.BODY, Role.BOILERPLATE) and (block.speaker is not None or block.time is not None)


def _speaker(block: Block, voice: Voice | None) -> str | None:
    """What the format says goes before what the text looks like, but for the words of others that a comment quotes."""
    if voice is None or (block.speaker and not voice.is_quoted):
        return header_name(block.speaker or "") or block.speaker
    return voice.speaker


def _role_among_comments(text: str) -> Role:
    if is_boilerplate(text):
        return Role.BOILERPLATE
    return Role.HEADING if is_comment_heading(text) else Role.COMMENT


def _indent(text: str, start: int) -> int:
    first = start
    while first > 0 and text[first - 1] in " \t\xa0":
        first -= 1
    begins_line = first == 0 or text[first - 1] in _LINE_ENDS
    return len(text[first:start].expandtabs(4)) if begins_line else 0
