"""Source code, settings and logs: text whose lines mean something each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rag.documents.conversations import has_turns
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.loaded import Loaded
from rag.documents.loaders.plain import load_plain
from rag.domain import Block, Role

_MOST_LINES = 40  # of code: about a screen
_MOST_ENTRIES = 10  # of a log: enough to see what led to what
_MOST_CHARACTERS = 2_000


class _Line(NamedTuple):
    start: int
    end: int
    text: str
    after_blank: bool

    @property
    def is_indented(self) -> bool:
        return self.text[0].isspace()


def load_code(data: bytes) -> Loaded:
    """A block begins after a blank line, at a line that is not indented: functions stay whole. Or after a screenful."""
    return _loaded(data, _begins_code)


def load_log(data: bytes) -> Loaded:
    """Some entries a block; a line that is indented belongs to the one above it. What people said is text."""
    if has_turns(decode(data)[0]):
        return load_plain(data)
    return _loaded(data, _begins_log)


def _loaded(data: bytes, begins: Callable[[list[_Line], _Line], bool]) -> Loaded:
    text, warning = decode(data)
    blocks = [
        Block(start=lines[0].start, end=lines[-1].end, role=Role.BODY, is_literal=True)
        for lines in _groups(text, begins)
    ]
    return Loaded(text=text, blocks=blocks, warning=warning)


def _groups(text: str, begins: Callable[[list[_Line], _Line], bool]) -> Iterator[list[_Line]]:
    group: list[_Line] = []
    for line in _lines(text):
        if group and begins(group, line):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _lines(text: str) -> Iterator[_Line]:
    """The lines that are not blank, with their place."""
    start, after_blank = 0, False
    for raw in text.split("\n"):
        line = raw.rstrip()
        if line:
            yield _Line(start, start + len(line), line, after_blank)
        after_blank = not line
        start += len(raw) + 1


def _begins_code(group: list[_Line], line: _Line) -> bool:
    may_part = line.after_blank and (not line.is_indented or len(group) > _MOST_LINES // 2)
    return may_part or len(group) >= _MOST_LINES or line.end - group[0].start > _MOST_CHARACTERS


def _begins_log(group: list[_Line], line: _Line) -> bool:
    is_long = line.end - group[0].start > _MOST_CHARACTERS
    return is_long or (not line.is_indented and sum(not one.is_indented for one in group) >= _MOST_ENTRIES)
