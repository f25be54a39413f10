"""What a model writes, as sentences with the numbers of the passages that they name.

Cuts a stream, however it comes in pieces. Knows neither passages nor models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from rag.text.sentences import may_end, split_sentences

# Possessive throughout: a stream may hold anything, and nothing may make this look twice.
_NUMBER = r"(?:P\d{1,4}+|\d{1,2}+(?!\d))"
_MARK = regex.compile(
    rf"(?<![ \t])[ \t]*+[\[【]\s*+{_NUMBER}(?:(?:\s*+(?:[,;&–-]|and)\s*+|\s++){_NUMBER}){{0,20}}+"
    r"(?:†[^\]】\n]{0,40}+)?+\s*+[\]】]",
    regex.IGNORECASE,
)
_OPEN_MARK = regex.compile(r"(?<![ \t])[ \t]*+(?:[\[【][^\]】\n]{0,160})?$")
_ID = regex.compile(r"\d{1,4}")
_BULLET = regex.compile(r"^\s*(?:[-*•]|\d{1,2}[.)]|#{1,6})\s+")
_EMPHASIS = regex.compile(r"(\*\*|__|`)")
_LONGEST = 4_000
"""Characters after which a line without an end is taken as it is."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence of the model with the numbers of the passages it names, from 1."""

    text: str
    ids: tuple[int, ...]


class DraftParser:
    """Sentences and marks out of a stream, however it is cut: a sentence closes when the next one has begun."""

    def __init__(self) -> None:
        self._buffer = ""
        self._may_close = False

    def feed(self, piece: str) -> Iterator[Draft]:
        self._buffer += piece
        # Most pieces end nothing, and are not looked at twice.
        self._may_close = self._may_close or "\n" in piece or may_end(piece)
        if self._may_close or len(self._buffer) > _LONGEST:
            yield from self._closed(is_final=False)
            self._may_close = may_end(self._buffer)

    def finish(self) -> Iterator[Draft]:
        yield from self._closed(is_final=True)

    def _closed(self, is_final: bool) -> Iterator[Draft]:
        while True:
            line, newline, rest = self._buffer.partition("\n")
            if not newline and not is_final:
                end = _first_sentence(line[:_LONGEST]) or (_LONGEST if len(line) > _LONGEST else None)
                if end is None:
                    return
                self._buffer = line[end:]
                yield from _draft(line[:end])
                continue
            end = _first_sentence(line[:_LONGEST]) or min(len(line), _LONGEST)
            self._buffer = line[end:] + newline + rest if end < len(line) else rest
            yield from _draft(line[:end])
            if not self._buffer:
                return


def _first_sentence(line: str) -> int | None:
    """Where the first sentence of a line ends, its marks included; None until a word of the next one stands."""
    held = _OPEN_MARK.search(line)
    settled = line[: held.start()] if held else line
    plain, places = _without_marks(settled)
    spans = split_sentences(plain)
    if len(spans) < 2 or not regex.match(r"\S+\s", plain[spans[1].start :]):
        return None
    # Back to the line's own places: the marks that stand between the sentences belong to the first.
    return places[spans[1].start]


def _without_marks(line: str) -> tuple[str, list[int]]:
    """The line without its marks, and for each of its characters the place in the line."""
    plain: list[str] = []
    places: list[int] = []
    at = 0
    for mark in _MARK.finditer(line):
        plain.append(line[at : mark.start()])
        places.extend(range(at, mark.start()))
        at = mark.end()
    plain.append(line[at:])
    places.extend(range(at, len(line)))
    return "".join(plain), places


def _draft(sentence: str) -> Iterator[Draft]:
    ids = tuple(dict.fromkeys(int(number) for mark in _MARK.findall(sentence) for number in _ID.findall(mark)))
    plain = _EMPHASIS.sub("", _BULLET.sub("", _without_marks(sentence)[0]))
    text = " ".join(plain.split())
    # "Here is what the documents say:" states nothing.
    if text and any(map(str.isalnum, text)) and not (text.endswith(":") and not ids):
        yield Draft(text, ids)
