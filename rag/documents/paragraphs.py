"""From a text and what its loader knew of it to numbered paragraphs with roles.

Knows nothing of files. The rules are general; none is made for one document. Two promises hold for every
input: each paragraph is a slice of the text, and between two paragraphs lies only white space.

Two passes: `text_blocks` finds the blocks of a plain text by its blank lines, indents and repeats; then
`split_paragraphs` walks the blocks in reading order and gives each a role, carrying the headings above it
and, once readers begin to speak, never going back to the document's own voice (see `rag.documents.voices`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

from rag.documents.front_matter import heading_text, is_bare_name, is_byline, is_date_line
from rag.documents.voices import VoiceTracker, header_name, is_comment_heading, is_quoted
from rag.domain import Block, Paragraph, Role, Span
from rag.text.sentences import split_sentences

PARSER_VERSION = "4"
"""Part of every revision: a change of these rules makes documents be split anew."""

MAX_PARAGRAPH = 4_000
"""Characters. Longer runs are cut at sentence ends: a place that fills a screen is no place to point at."""

UNWRAPPED = 120
"""A line longer than this was not wrapped by hand (mail and text files wrap at 60 to 100 columns)."""

NARROWEST_WRAP = 60
"""Nobody wraps prose below this, so a break after a shorter line is meant."""

BULLET = r"(?:[•▪●◦‣⁃·*–—\-]|o(?=\s{2}))"
_ITEM = regex.compile(rf"\s*(?:{BULLET}|\(?\d{{1,3}}[.)]|\(?[a-zA-Z][.)])\s+\S")
_NUMBERED = regex.compile(r"\s*\(?(\d{1,3})[.)]\s+\S")
_AMOUNT = regex.compile(r"\s*\d[\d.,/]*\s*\p{L}")  # "80 g butter": lists need no bullets
_LETTER = regex.compile(r"[\p{L}\p{N}]")
_CREDIT = regex.compile(
    r"(?i)\((?:[^()]*\bvia\b[^()]*|(?:photo|image|picture|foto|bild)[^()]*|[^()]*(?:/ ?(?:AP|AFP|Reuters|Getty Images|dpa|EPA)|Getty Images|Flickr|Wikimedia)[^()]*)\)$"
    r"|^(?:photo(?:graph)?|image|picture|figure|fig\.|foto|bild|abb\.)(?:\s*\d+)?\s*(?:by|:|credit|courtesy|von)\b"
    r"|\b(?:photo|image|foto|bild)(?: credit| courtesy| by)?: [^.]{3,60}\.?$"
)
_BOILERPLATE = regex.compile(
    r"""(?ix)^\W*(?:
    related\b.{0,20}:|share\s+(?:this|on|via)\b|share\W*$|(?:comments?|replies)\s+(?:are|is|have\s+been)\s+(?:now\s+)?(?:closed|disabled|moderated)
    |leave\s+a\s+(?:reply|comment|review)|(?:post|add|write)\s+a\s+(?:comment|reply|review)|(?:log|sign)\s*-?\s*(?:in|up)\b|subscribe\b|newsletter\b|join\s+our
    |read\s+(?:more|next|also)\b|continue\s+reading|see\s+also:|more\s+(?:from|on|in|stories)\b|you\s+(?:may|might)\s+also|follow\s+us\b|click\s+here\b
    |advertisement\b|sponsored\b|(?:this\s+(?:site|website|page)|we)\s+uses?\s+cookies|.{0,40}\bcookies?\b.{0,80}(?:accept|consent|agree|experience|preferences|settings)
    |.{0,60}all\s+rights\s+reserved|©|\(c\)\s*(?:19|20)\d\d|copyright\b|terms\s+(?:of|and)\b|privacy\b|skip\s+to\b|back\s+to\s+(?:top|the\s+top)|print\s+this|email\s+this|home\s*[>»|›/]
    |tags?:|tagged\b|filed\s+under|categor(?:y|ies):|posted\s+in\b|(?:previous|next|older|newer)\s+(?:post|article|story|page|topic|comments?)|page\s+\d+\s+of\s+\d+|\d+\s+of\s+\d+\s+found\s+this|was\s+this\s+(?:review\s+)?helpful
    |reply\W*$|report(?:\s+abuse)?\W*$|like\W*$|helpful\W*$|(?:reply|like|share|report|quote|permalink|flag)(?:\s*[|·•/]\s*\w+)+\W*$|load\s+more|show\s+more|view\s+all|jump\s+to\s+recipe|this\s+entry\s+was\s+posted|for\s+immediate\s+release
    |top\W*$|helpful\??\s+(?:yes|no)|\d+\s+(?:people|persons?|customers?)\s+found|powered\s+by\b|users?\s+browsing|display\s+posts|sort(?:ed)?\s+by\b
    |your\s+email\s+address|name\s*\*|(?:reply|save|quote|edit|print|share|tweet|email|pin\s+it|follow|report\s+this\s+post)(?:\s{2,}|\t+)\S.{0,60}$|(?:tweet|email|print|share|save)(?:\s+(?:tweet|email|print|share|save|this|pin|it))+\W*$
    |unsubscribe\b|view\s+in\s+browser|see\s+all\s+\d+|add\s+a\s+comment|retrieved\s+from|this\s+page\s+was\s+last|contents\s*\[|main\s+page\b|customers\s+who|end\s+of\b.{0,60}digest
    |antworten\W*$|gefällt\s+mir|ähnliche\s+beiträge|zum\s+inhalt|schreibe\s+einen|(?:deine|ihre)\s+e-?mail|die\s+kommentarfunktion
    |press\s+release\W*$|pressemitteilung\W*$|most\s+(?:read|popular|viewed)\b|.{0,60}\baffiliate\s+links|.{0,80}\badd\s+to\s+(?:basket|cart|bag|wish)
    |.{0,200}\b(?:letters|comments|reviews|submissions)\s+(?:may|will|can)\s+be\s+(?:shortened|edited|moderated|removed)|write\s+to\s+us:
    |related\W*$|your\s+answer\W*$|by\s+(?:clicking|posting|signing\s+up)\b
    |teilen\b|mehr\s+zum\s+thema|lesen\s+sie\s+auch|zum\s+thema|alle\s+rechte\s+vorbehalten|datenschutz|impressum|jetzt\s+abonnieren|kommentare?\s+(?:sind|ist)\s+geschlossen|diese\s+(?:web)?seite\s+verwendet|.{0,40}\bnewsletter\b.{0,60}$
    )"""
)
_SENTENCE_END = regex.compile(r"[.!?。！？।॥؟][\"'”’»)\]]*$")
_LABEL = regex.compile(r"^[^.!?]{2,60}:\W*$")
_CELLS = regex.compile(r"\S *\t+\s*\S|\S {3,}\S.*\S {3,}\S")
_FIELD = regex.compile(r"\s*\p{Lu}[\p{L}-]{1,15}:\s")
_TURN = regex.compile(r"\s*\p{Lu}[\p{L}\p{M}.'’ ]{0,30}:\s+\S")
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # as str.splitlines has them
_UNDERLINE = regex.compile(r"\s*(?:=|-|~|\*|_|#|\+){3,}\s*")


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    @property
    def width(self) -> int:
        return len(self.text.rstrip())

    @property
    def is_item(self) -> bool:
        return _ITEM.match(self.text) is not None

    @property
    def is_row(self) -> bool:
        return self.text.count("|") >= 2 or (not self.is_item and bool(_CELLS.search(self.text.strip())))


def split_paragraphs(document_id: str, text: str, blocks: Sequence[Block]) -> tuple[Paragraph, ...]:
    """Number the blocks from 1 and give each its role, headings and speaker.

    A role the loader knew stands, except that nothing in a stretch of readers' comments is taken for the
    document's own. Text that no block covers becomes a body block of its own, so nothing is lost.
    """
    walker = _Walker(document_id, text, _covering(text, blocks))
    return tuple(walker.paragraphs())


def text_blocks(text: str) -> list[Block]:
    """The blocks of a plain text: runs of lines without a blank line between them.

    Inside a run a new block begins at a list item, at an unwrapped line, at a repeat of the line before,
    at a line that names who speaks or is page furniture, and where quoted lines or table rows begin or end.
    """
    blocks: list[Block] = []
    for run in _runs_of_lines(text):
        for piece in _pieces_of_run(run):
            blocks.append(Block(piece[0].start, piece[-1].end, _role_by_shape(piece)))
    return blocks


def _role_by_shape(piece: list[_Line]) -> Role | None:
    if len(piece) > 1 and all(line.is_row for line in piece):
        return Role.TABLE
    if any(line.width >= NARROWEST_WRAP or _SENTENCE_END.search(line.text.rstrip()) for line in piece):
        return None
    amounts = sum(_AMOUNT.match(line.text) is not None for line in piece)
    return Role.LIST if amounts >= 2 and amounts * 2 >= len(piece) else None


def _runs_of_lines(text: str) -> Iterator[list[_Line]]:
    run: list[_Line] = []
    for line in _lines(text):
        if line.is_blank:
            if run:
                yield run
            run = []
        else:
            run.append(line)
    if run:
        yield run


def _lines(text: str) -> Iterator[_Line]:
    position = 0
    for line in text.splitlines(keepends=True):
        yield _Line(position, position + len(line), line)
        position += len(line)


def _pieces_of_run(run: list[_Line]) -> Iterator[list[_Line]]:
    width = max(NARROWEST_WRAP, *(line.width for line in run))
    piece = [run[0]]
    for before, line in pairwise(run):
        if _begins_block(before, line, run[0], width):
            yield piece
            piece = []
        piece.append(line)
    yield piece


def _begins_block(before: _Line, line: _Line, first: _Line, width: int) -> bool:
    if before.is_row or line.is_row:
        return not (before.is_row and line.is_row)
    if line.text.strip() == before.text.strip() or width > UNWRAPPED or is_quoted(line.text) != is_quoted(before.text):
        return True
    if _UNDERLINE.fullmatch(line.text) or (_FIELD.match(before.text) and _FIELD.match(line.text)):
        return False
    room_was_left = before.width + 1 + len(line.text.split()[0]) <= width
    if line.is_item:
        return first.is_item or room_was_left or before.text.rstrip().endswith((":", ";"))
    sentence_ended = _SENTENCE_END.search(before.text.rstrip()) is not None
    return (room_was_left and (_stands_alone(line) or _announces(before))) or (
        sentence_ended and is_boilerplate(line.text)
    )


def _stands_alone(line: _Line) -> bool:
    return _announces(line) or is_boilerplate(line.text) or is_comment_heading(line.text)


def _announces(line: _Line) -> bool:
    return header_name(line.text) is not None or is_date_line(line.text) or is_byline(line.text)


def _covering(text: str, blocks: Sequence[Block]) -> list[Block]:
    """The blocks in order, trimmed, cut to size, with blocks for whatever text they left out."""
    covered: list[Block] = []
    position = 0
    for block in sorted(blocks, key=lambda block: (block.start, -block.end)):
        if block.end <= position:
            continue
        start = max(block.start, position)
        covered.extend(_trimmed(text, Block(position, start)))
        covered.extend(_trimmed(text, replace(block, start=start)))
        position = block.end
    covered.extend(_trimmed(text, Block(position, len(text))))
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
    for sentence in split_sentences(text):
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


class _Walker:
    """Gives roles in reading order, remembering the headings above and whether readers speak."""

    def __init__(self, document_id: str, text: str, blocks: list[Block]) -> None:
        self.document_id = document_id
        self.text = text
        self.blocks = blocks
        self.texts = [text[block.start : block.end] for block in blocks]
        self.indents = [_indent(text, block.start) for block in blocks]
        self.voices = VoiceTracker(self.texts, self.indents)
        self.headings: list[tuple[int, str]] = []
        self.title_at = self._find_title()

    def paragraphs(self) -> Iterator[Paragraph]:
        label_role: Role | None = None
        for i, block in enumerate(self.blocks):
            voice = self.voices.step(i, is_boilerplate(self.texts[i]))
            role = self._role(i, block, voice is not None, label_role)
            label_role = role if role is Role.BOILERPLATE and _LABEL.match(self.texts[i]) else None
            path = tuple(heading for _, heading in self.headings)
            if role is Role.HEADING:
                path = self._enter_heading(block.level or 2, self.texts[i])
            if voice is not None and voice.number and role is Role.COMMENT:
                path = (*path, voice.number)
            speaker = voice.speaker if voice is not None and role is Role.COMMENT else block.speaker
            yield Paragraph(
                self.document_id, i + 1, self.texts[i], block.start, block.end, role, path, block.page, speaker
            )

    def _enter_heading(self, level: int, text: str) -> tuple[str, ...]:
        """Remember the heading for what follows; returns the path above the heading itself."""
        self.headings = [(above, name) for above, name in self.headings if above < level]
        path = tuple(name for _, name in self.headings)
        self.headings.append((level, heading_text(text)))
        return path

    def _role(self, i: int, block: Block, readers_speak: bool, label_role: Role | None) -> Role:
        text = self.texts[i]
        if not _LETTER.search(text):
            return Role.BOILERPLATE
        if readers_speak:
            return _role_among_comments(text)
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
        return Role.LIST if _ITEM.match(self.texts[i]) else Role.BODY

    def _role_above_title(self, i: int) -> Role:
        """The site's name and menus; a whole sentence there may well be the document's."""
        return Role.BODY if _SENTENCE_END.search(self.texts[i]) else Role.BOILERPLATE

    def _role_from_loader(self, i: int, role: Role) -> Role:
        if role is Role.TABLE and self.title_at is not None and i < self.title_at:
            return Role.BOILERPLATE
        if role in (Role.BODY, Role.LIST) and is_boilerplate(self.texts[i]):
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
        candidates = range(byline - 1, -1, -1) if byline else range(min(4, len(self.texts)))
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
            and not _ITEM.match(text)
            and not is_boilerplate(text)
            and not is_comment_heading(text)
            and not is_byline(text)
            and self.blocks[i].role in (None, Role.HEADING)
            and not regex.search(r"[.:;,]$|[.][\"”’]$|\|.*\||\t|\S {3,}\S|^[^\p{L}\p{N}]*$", text)
        )

    def _is_caption(self, i: int) -> bool:
        text = self.texts[i]
        repeats = text in self.texts[max(0, i - 1) : i] + self.texts[i + 1 : i + 2]
        return len(text) < 600 and ((repeats and len(text.split()) > 4) or _CREDIT.search(text) is not None)

    def _is_heading(self, i: int) -> bool:
        text = self.texts[i]
        lines = text.splitlines()
        if len(lines) == 2 and _UNDERLINE.fullmatch(lines[1]):
            return True
        if len(lines) > 1 or len(text) > 90 or i + 1 >= len(self.texts) or self.indents[i] > 8:
            return False
        if regex.search(r"[.;,!:…][\"'”’»)\]]*$", text) or regex.match(rf"\s*{BULLET}\s", text) or "\t" in text:
            return False
        if _TURN.match(text) or regex.search(r"\S {3,}\S", text):
            return False
        first = regex.search(r"[\p{L}\p{N}]", text)
        if first is None or first.group().islower():
            return False
        if _NUMBERED.match(text):
            return not (_ITEM.match(self.texts[i + 1]) or (i and _ITEM.match(self.texts[i - 1])))
        return len(text.split()) <= 12


def _role_among_comments(text: str) -> Role:
    if is_boilerplate(text):
        return Role.BOILERPLATE
    return Role.HEADING if is_comment_heading(text) else Role.COMMENT


def is_boilerplate(text: str) -> bool:
    """Page furniture: share buttons, closing notes, copyright lines. Short, and worded the way pages word it."""
    return len(text) <= 300 and _BOILERPLATE.match(text) is not None


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


def _indent(text: str, start: int) -> int:
    first = start
    while first > 0 and text[first - 1] in " \t\xa0":
        first -= 1
    begins_line = first == 0 or text[first - 1] in _LINE_ENDS
    return len(text[first:start].expandtabs(4)) if begins_line else 0
