"""What a model writes, as sentences with the numbers of the passages that they name.

Cuts a stream, however it comes in pieces. Models mark their sentences in many ways, whatever they are told, and put
headings, lists, fences, lists of sources and phrases around them that state nothing. Knows neither passages nor models.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import regex

from rag.text import language
from rag.text.sentences import may_end, split_sentences

_SOURCES = language.pattern("answers.sources")
# Possessive throughout: a stream may hold anything, and nothing may make this look twice.
_P = r"P\d{1,4}+"
_NUMBER = rf"(?:{_P}|\d{{1,2}}+(?!\d))"
_AND = r"(?:\s*+(?:[,;&–-]|and)\s*+|\s++)"
_CALLED = rf"(?:{_SOURCES}\s*+:?+\s*+)?+"
_MARK = regex.compile(
    r"(?<![ \t])[ \t]*+(?:"
    # [P3], [1, 2], [^1], 【3†source】, [Paragraph 3], [P3](#p3)
    rf"[\[【]\s*+\^?+{_CALLED}{_NUMBER}(?:{_AND}{_NUMBER}){{0,20}}+(?:†[^\]】\n]{{0,40}}+)?+\s*+[\]】](?:\([^()\n]{{0,120}}+\))?+"
    # (P3), (Source: 3); a number alone in round brackets is no mark
    rf"|\(\s*+(?:{_SOURCES}\s*+:?+\s*+{_NUMBER}|{_CALLED}{_P})(?:{_AND}{_NUMBER}){{0,20}}+\s*+\)"
    # ^3^ and raised numbers behind a stop
    r"|\^\d{1,2}+\^|(?<=[.!?;,”’\"])[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}+"
    r")",
    regex.IGNORECASE,
)
_OPEN_MARK = regex.compile(r"(?<![ \t])[ \t]*+(?:[\[【][^\]】\n]{0,160}|\([^()\n]{0,40})?$")
_IN_FRONT = regex.compile(rf"^\W*{_CALLED}{_P}\s*+[:.)–-]++\s++", regex.IGNORECASE)
_ACCORDING = regex.compile(rf"^{language.pattern('answers.according')}\s+$", regex.IGNORECASE)
_ID = regex.compile(r"\d{1,4}")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_BULLET = regex.compile(r"^\s*(?:(?P<bullet>[-*•])|(?P<number>\d{1,2})[.)]|#{1,6})\s+")
_YES_OR_NO = regex.compile(rf"^\W*{language.pattern('answers.yes_or_no')}\W*$", regex.IGNORECASE)
_EMPHASIS = regex.compile(r"\*\*|__|`|^\*(?=\w)|(?<=[\w.!?])\*$")
_LABEL = regex.compile(r"^\*\*[^*\n]{1,40}:\s*\*\*:?\s+(?=\S+\s+\S+\s+\S)|^\*\*[^*\n]{1,40}\*\*:\s+(?=\S+\s+\S+\s+\S)")
_FENCE = regex.compile(r"\s*(?:```|~~~)\w*\s*$")
_HEADING = regex.compile(r"\s*#{1,6}\s")
_NOTE = regex.compile(r"\s*\[\^\d{1,2}\]:")
_LISTS_SOURCES = regex.compile(
    rf"^\W*{_SOURCES}(?:\s+{language.pattern('answers.used')})?\s*(?:\*\*)?\s*(?::.*)?$", regex.IGNORECASE
)
_POLITE = regex.compile(rf"^\W*{language.pattern('answers.polite')}", regex.IGNORECASE)
_JSON = regex.compile(r"\s*(?:```\w*\s*)?[{\[]\s*[\"{\[]")
_MAY_BE_JSON = regex.compile(r"\s*(?:`{1,3}\w*\s*)?[{\[]?\s*$")
_NAMES_SOURCES = regex.compile(r"(?i)cit|source|ref|paragraph|passage|evidence")
_LONGEST = 4_000
"""Characters after which a line without an end is taken as it is."""
_FEWEST_WORDS = 3
"""Of a text in an object, for it to state something."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence of the model with the numbers of the passages it names, from 1; `item` is what stands before it in a
    list, "2." or "•"."""

    text: str
    ids: tuple[int, ...]
    item: str = ""


class DraftParser:
    """Sentences and marks out of a stream, however it is cut: a sentence closes when the next one has begun. An object,
    unless it `is_prose` for sure, is read when it is whole."""

    def __init__(self, *, is_prose: bool = False) -> None:
        self._buffer = ""
        self._may_close = False
        self._is_prose = is_prose
        self._lists_sources = False
        self._first: Draft | None = None

    def feed(self, piece: str) -> Iterator[Draft]:
        self._buffer += piece
        if not self._is_prose and (_MAY_BE_JSON.match(self._buffer) or _JSON.match(self._buffer)):
            return
        self._is_prose = True
        # Most pieces end nothing, and are not looked at twice.
        self._may_close = self._may_close or "\n" in piece or may_end(piece)
        if self._may_close or len(self._buffer) > _LONGEST:
            yield from self._closed(is_final=False)
            self._may_close = may_end(self._buffer)

    def finish(self, *, is_cut: bool = False) -> Iterator[Draft]:
        """What is left; where the answer was cut off, without the fragment at its end."""
        if not self._is_prose and (told := _read(self._buffer)) is not None:
            yield from _of_object(told)
            return
        drafts = list(self._closed(is_final=True))
        if is_cut and drafts and not may_end(drafts[-1].text[-1:]):
            drafts.pop()
        yield from drafts
        if self._first is not None:
            yield self._first

    def _closed(self, is_final: bool) -> Iterator[Draft]:
        while True:
            line, newline, rest = self._buffer.partition("\n")
            if not newline and not is_final:
                end = _first_sentence(line[:_LONGEST]) or (_LONGEST if len(line) > _LONGEST else None)
                if end is None:
                    return
                self._buffer = line[end:]
                yield from self._drafts(line[:end])
                continue
            end = _first_sentence(line[:_LONGEST]) or min(len(line), _LONGEST)
            self._buffer = line[end:] + newline + rest if end < len(line) else rest
            yield from self._drafts(line[:end])
            if not self._buffer:
                return

    def _drafts(self, sentence: str) -> Iterator[Draft]:
        if _LISTS_SOURCES.match(sentence):
            self._lists_sources = True
        elif not sentence.strip():
            return
        elif not (self._lists_sources and _begins_with_mark(sentence)):
            self._lists_sources = False
            for draft in _draft(sentence):
                yield from self._with_first(draft)

    def _with_first(self, draft: Draft) -> Iterator[Draft]:
        """A "Yes." by itself says nothing that could be found: it belongs to the sentence behind it."""
        before, self._first = self._first, None
        if _YES_OR_NO.match(draft.text):
            self._first = draft
        elif before is None:
            yield draft
        else:
            yield Draft(f"{before.text} {draft.text}", tuple(dict.fromkeys((*before.ids, *draft.ids))), draft.item)


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


def _begins_with_mark(sentence: str) -> bool:
    return _MARK.match(_BULLET.sub("", sentence).lstrip()) is not None or _NOTE.match(sentence) is not None


def _draft(sentence: str) -> Iterator[Draft]:
    if _FENCE.match(sentence) or _NOTE.match(sentence):
        return
    marks = list(_MARK.finditer(sentence))
    front = _IN_FRONT.match(sentence)
    named = [*([front.group()] if front else []), *(mark.group() for mark in marks)]
    ids = tuple(dict.fromkeys(int(number) for one in named for number in _ID.findall(one.translate(_RAISED))))
    # "Here is what the documents say:" states nothing, and neither does a heading.
    if _HEADING.match(sentence) and not ids:
        return
    plain = _without_marks(sentence[front.end() :] if front else _without_according(sentence, marks))[0]
    text = " ".join(_EMPHASIS.sub("", _LABEL.sub("", _BULLET.sub("", plain).strip())).split())
    is_polite = not ids and _POLITE.match(text) is not None
    if text and any(map(str.isalnum, text)) and not is_polite and not (text.endswith(":") and not ids):
        yield Draft(text, ids, _item(sentence))


def _item(sentence: str) -> str:
    """What stands before an item, as it is shown; nothing before any other sentence."""
    bullet = _BULLET.match(sentence)
    if bullet is None:
        return ""
    return f"{bullet['number']}." if bullet["number"] else "•" if bullet["bullet"] else ""


def _without_according(sentence: str, marks: list[regex.Match[str]]) -> str:
    """ "According to [P1], the kiln is hot" says that the kiln is hot."""
    if not marks or not _ACCORDING.match(sentence[: marks[0].start()] + " "):
        return sentence
    said = sentence[marks[0].end() :].lstrip(" ,")
    return said[:1].upper() + said[1:]


def _read(text: str) -> Any:
    """The object that a whole answer is; None where it is none."""
    try:
        return json.loads(text.strip().removeprefix("```json").strip("`").strip()) if _JSON.match(text) else None
    except (ValueError, RecursionError):
        return None


def _of_object(told: Any, ids: tuple[int, ...] = ()) -> Iterator[Draft]:
    """The sentences in an object's texts, with the numbers that it names beside them."""
    if isinstance(told, dict):
        ids = tuple(_numbers([value for name, value in told.items() if _NAMES_SOURCES.search(str(name))])) or ids
        for name, value in told.items():
            if not _NAMES_SOURCES.search(str(name)):
                yield from _of_object(value, ids)
    elif isinstance(told, list):
        for one in told:
            yield from _of_object(one, ids)
    elif isinstance(told, str) and (len(told.split()) >= _FEWEST_WORDS or told.isupper()):
        parser = DraftParser(is_prose=True)
        for draft in (*parser.feed(told), *parser.finish()):
            yield replace(draft, ids=draft.ids or ids)


def _numbers(told: Any) -> Iterator[int]:
    """The passages' numbers in whatever an object lists as its sources."""
    if isinstance(told, bool):
        return
    if isinstance(told, int):
        yield told
    elif isinstance(told, str) and regex.fullmatch(rf"\W*{_NUMBER}\W*", told, regex.IGNORECASE):
        yield int(_ID.findall(told)[0])
    elif isinstance(told, list):
        for one in told:
            yield from _numbers(one)
    elif isinstance(told, dict):
        for one in told.values():
            yield from _numbers(one)
