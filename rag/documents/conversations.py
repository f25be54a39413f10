"""Conversations in a text: chats, transcripts, interviews. Each turn becomes a block with who speaks and when.

Words given to somebody who did not say them are worse than words given to nobody. So a run of lines is a conversation
only where several speakers come back in turn, in one layout, and speak as people do; and what may be a narrator's
between two turns is left without a speaker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import regex

from rag.documents.blocks import NARROWEST_WRAP, UNWRAPPED, ends_sentence
from rag.documents.dialogue import FEWEST_TURNS, Spoken, is_conversation
from rag.documents.speakers import things_in
from rag.documents.turns import Head, Layout, head_of, head_over
from rag.domain import Block, Role

_MOST_BETWEEN = 4
"""Paragraphs of others between two turns of one conversation."""

_UNSPOKEN = (Role.TITLE, Role.COMMENT, Role.CAPTION)
_LINE = regex.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_STAGE = regex.compile(r"\s*[\[(*].*[\])*]\s*")
_LABELLED = regex.compile(r"\s*[^\s:：]+(?:[^\S\n][^\s:：]+){0,2}[:：](?:\s|$)")
_ALONE = (Layout.ABOVE, Layout.THREAD)
"""Layouts whose heads have lines of their own."""
_NO_WORDS = regex.compile(r"\s*(?:(?:[-*_]\s*){3,}$|\|)")
"""Begins no paragraph: a rule, and a table, which is one."""
_CLOSED = regex.compile(r"</(\w+)>")
_MEDIA = regex.compile(r"\W*(?:<[^<>\n]{3,40}>|\p{L}+ omitted)\W*")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank. `head_lines` is how many lines its head takes; `is_told`: its loader knows that nobody
    says it, as a heading."""

    start: int
    end: int
    text: str
    after_blank: bool
    head: Head | None
    head_lines: int
    is_told: bool

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip())


def with_turns(text: str, blocks: Sequence[Block]) -> list[Block]:
    """The blocks, in which each turn of a conversation is one; where there is no conversation, as they were."""
    lines = list(_lines(text, blocks))
    turns = [block for run in _conversations(lines, text) for block in run.blocks()]
    return [*_without(blocks, turns), *turns] if turns else list(blocks)


def has_turns(text: str) -> bool:
    """Whether there is a conversation in it."""
    return next(_conversations(list(_lines(text, ())), text), None) is not None


def _lines(text: str, blocks: Sequence[Block]) -> Iterator[_Line]:
    matches = list(_LINE.finditer(text))
    kinds = _blocks_of([match.start() for match in matches], blocks)
    end, over = 0, False
    for i, match in enumerate(matches):
        line = match.group()
        if not line.strip():
            continue
        below = matches[i + 1].group() if i + 1 < len(matches) else ""
        is_told = _is_told(kinds[i])
        head, head_lines = (None, 1) if over or is_told else _head(line, below, kinds[i])
        over = head_lines == 2
        after_blank = text.count("\n", end, match.start()) > 1 or text.count("\r", end, match.start()) > 1
        yield _Line(match.start(), match.end(), line, after_blank, head, head_lines, is_told)
        end = match.end()


def _blocks_of(starts: Sequence[int], blocks: Sequence[Block]) -> list[Block | None]:
    """For each line the block it begins in."""
    found: list[Block | None] = []
    ordered, at = sorted(blocks, key=lambda block: block.start), 0
    for start in starts:
        while at < len(ordered) and ordered[at].end <= start:
            at += 1
        found.append(ordered[at] if at < len(ordered) else None)
    return found


def _head(line: str, below: str, block: Block | None) -> tuple[Head | None, int]:
    head = head_of(line)
    if head is None and (head := head_over(line, below)):
        return head, 2
    is_row = block is not None and block.role is Role.TABLE and ("\t" in line or line.lstrip().startswith("|"))
    if head and is_row and head.layout not in (Layout.DATED, Layout.TIMED):
        return None, 1
    return head, 1


def _is_told(block: Block | None) -> bool:
    """Whether its loader knows what it is, or who speaks in it."""
    if block is None:
        return False
    return bool(block.is_literal or block.level or block.speaker or block.time or block.role in _UNSPOKEN)


def _conversations(lines: Sequence[_Line], text: str) -> Iterator[_Run]:
    """Those whose lines no other has: what is quoted in a chat is said by who quotes it, whatever it looks like."""
    counted = Counter(line.head.layout for line in lines if line.head and line.head.speaker)
    layouts = [layout for layout in Layout if counted[layout] >= FEWEST_TURNS]
    things = things_in(text) if layouts else frozenset[str]()
    found: list[_Run] = []
    for layout in layouts:
        for run in _runs(lines, layout):
            if not any(run.overlaps(other) for other in found) and run.is_conversation(things):
                found.append(run)
    yield from found


def _runs(lines: Sequence[_Line], layout: Layout) -> Iterator[_Run]:
    """Stretches of lines from a head to the last one that follows it closely."""
    nicks = {line.head.speaker for line in lines if line.head and line.head.is_program_written}
    heads: dict[int, Head] = {
        i: line.head
        for i, line in enumerate(lines)
        if line.head is not None
        and line.head.layout is layout
        and (layout is not Layout.NICK or line.head.speaker is None or line.head.speaker in nicks)
    }
    run: list[int] = []
    for i in (i for i, head in heads.items() if head.speaker):
        between = sum(line.after_blank for line in lines[run[-1] + 1 : i]) if run else 0
        if between > _MOST_BETWEEN and layout is not Layout.DATED:
            yield _Run(lines, heads, run)
            run = []
        run.append(i)
    if run:
        yield _Run(lines, heads, run)


class _Run:
    """Lines that may be a conversation: `spoken` are those that name a speaker, `heads` all that begin something."""

    def __init__(self, lines: Sequence[_Line], heads: Mapping[int, Head], spoken: Sequence[int]) -> None:
        self._lines = lines
        self._spoken = spoken
        self._layout = heads[spoken[0]].layout
        self._first, self._last = self._reach(heads)
        self._heads = {i: heads[i] for i in range(self._first, self._last + 1) if i in heads}
        self._turns_of = Counter(heads[i].speaker for i in spoken)
        widest = max(len(line.text.rstrip()) for line in lines[self._first : self._last + 1])
        self._width = widest if widest <= UNWRAPPED else 0
        self._are_wrapped = self._count_wrapped() > 1

    def _reach(self, heads: Mapping[int, Head]) -> tuple[int, int]:
        """With what the program tells in front of the first turn and behind the last."""
        first, last = self._spoken[0], self._spoken[-1]
        if self._layout is Layout.NAMED:
            return first, last
        while first - 1 in heads:
            first -= 1
        while last + 1 in heads:
            last += 1
        return first, last

    def overlaps(self, other: _Run) -> bool:
        return self._first <= other._last and other._first <= self._last

    def is_conversation(self, things: frozenset[str]) -> bool:
        if self._layout is Layout.NICK and self._are_tags():
            return False
        turns = [
            Spoken(head.speaker or "", head.time, self._words(i), head.is_program_written)
            for i, head in ((i, self._heads[i]) for i in self._spoken)
        ]
        labels = sum(head.speaker is None for head in self._heads.values())
        return is_conversation(self._layout, turns, labels=labels, things=things)

    def _are_tags(self) -> bool:
        closed = {name for line in self._lines[self._first : self._last + 1] for name in _CLOSED.findall(line.text)}
        return not closed.isdisjoint(self._turns_of)

    def _words(self, i: int) -> str:
        """What stands in the first line of words of a turn."""
        line = self._lines[i]
        if self._layout not in _ALONE:
            return line.text[self._heads[i].end :]
        below = i + line.head_lines
        return self._lines[below].text if below < len(self._lines) and below not in self._heads else ""

    def blocks(self) -> Iterator[Block]:
        for i, head in self._heads.items():
            if self._layout is Layout.NAMED and (head.speaker is None or self._is_wrapped_label(i)):
                yield Block(start=self._lines[i].start, end=self._lines[i].end, role=Role.BODY)
            elif self._words(i).strip():
                yield from self._turn(i, head)

    def _turn(self, i: int, head: Head) -> Iterator[Block]:
        line = self._lines[i]
        is_above = self._layout in _ALONE
        last_of_head = self._lines[i + line.head_lines - 1]
        begins = last_of_head.end if is_above else line.start + head.end
        last = i + line.head_lines if is_above else i
        while head.speaker and last + 1 < len(self._lines) and self._continues(i, last + 1):
            last += 1
        words = self._lines[last].end
        said = (
            "\n".join(one.text for one in self._lines[i + line.head_lines : last + 1]) if is_above else self._words(i)
        )
        role = Role.BOILERPLATE if _MEDIA.fullmatch(said) else Role.BODY
        yield Block(start=line.start, end=begins, is_head=True)
        for start, end in self._paragraphs(begins, words, range(i + line.head_lines + 1, last + 1)):
            yield Block(start=start, end=end, role=role, speaker=head.speaker, time=head.time)

    def _paragraphs(self, begins: int, end: int, lines: range) -> Iterator[tuple[int, int]]:
        """What is said as one or, where people write paragraphs, as these; `lines` are those behind the first."""
        for line in (self._lines[j] for j in lines if self._layout is Layout.THREAD):
            if line.after_blank:
                yield begins, line.start
                begins = line.start
        yield begins, end

    def _continues(self, i: int, j: int) -> bool:
        """Whether line `j`, behind lines of the turn that begins at `i`, is the same speaker's."""
        line, is_last = self._lines[j], i == self._spoken[-1]
        if j in self._heads or line.is_told:
            return False
        if self._layout is Layout.DATED and self._is_whole_file() and self._heads[i].is_program_written:
            return True
        if line.head and line.head.layout is self._layout:
            return False
        if line.after_blank:
            # Whoever comments writes paragraphs; who speaks last may be followed by anything.
            return self._layout is Layout.THREAD and not is_last and _NO_WORDS.match(line.text) is None
        if self._layout in _ALONE or (self._layout in (Layout.DATED, Layout.TIMED) and not is_last):
            return True
        is_inside, hangs = self._is_inside_sentence(j), line.indent > self._lines[i].indent
        if _STAGE.fullmatch(line.text) or (_LABELLED.match(line.text) and not (is_inside and hangs)):
            return False
        return hangs or is_inside or self._is_wrapped(j)

    def _is_whole_file(self) -> bool:
        return self._first == 0

    def _is_wrapped(self, j: int) -> bool:
        """Whether the first word of a line found no room in the line above, where lines are wrapped: in a text that is
        not, some line is the longest too."""
        return self._are_wrapped and self._had_no_room(j)

    def _had_no_room(self, j: int) -> bool:
        above, first = self._lines[j - 1].text.rstrip(), self._lines[j].text.split()[0]
        return NARROWEST_WRAP * 2 // 3 <= len(above) <= self._width < len(above) + 1 + len(first)

    def _count_wrapped(self) -> int:
        """Lines that go on with a sentence, as the one above has no room for it."""
        inside = (j for j in range(self._first + 1, self._last + 1) if j not in self._heads)
        return sum(self._had_no_room(j) and not ends_sentence(self._lines[j - 1].text.rstrip()) for j in inside)

    def _is_inside_sentence(self, j: int) -> bool:
        return self._lines[j].text.lstrip()[0].islower() and not ends_sentence(self._lines[j - 1].text.rstrip())

    def _is_wrapped_label(self, i: int) -> bool:
        """Whether what looks like a speaker, once, is where somebody's line was wrapped."""
        line = self._lines[i]
        return self._turns_of[self._heads[i].speaker] == 1 and not line.after_blank and self._is_wrapped(i)


def _without(blocks: Sequence[Block], turns: Sequence[Block]) -> Iterator[Block]:
    """What is left of blocks where turns are taken out of them."""
    taken, at = sorted(turns, key=lambda turn: turn.start), 0
    for block in sorted(blocks, key=lambda block: block.start):
        while at < len(taken) and taken[at].end <= block.start:
            at += 1
        start, i = block.start, at
        while i < len(taken) and taken[i].start < block.end:
            if taken[i].start > start:
                yield replace(block, start=start, end=taken[i].start)
            start, i = max(start, taken[i].end), i + 1
        if start < block.end:
            yield replace(block, start=start)
