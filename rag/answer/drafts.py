"""What a model writes, as sentences with the numbers of the passages that they name.

Cuts a stream, however it comes in pieces. Models mark their sentences in many ways, whatever they are told, and put
headings, lists, fences, lists of sources and phrases around them that state nothing. Knows neither passages nor models.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import regex

from rag.answer.tables import cells_of, is_row, is_rule, sentence_of
from rag.domain import Cells
from rag.text import language
from rag.text.sentences import may_end, split_sentences

_SOURCES = language.pattern("answers.sources")
# Possessive throughout: a stream may hold anything, and nothing may make this look twice.
_P = r"P(?:\s?+[.–-]\s?+|\s)?+\d{1,4}+(?!\d)"
# A number alone is one of a list, or the last: "18 Oct" behind a number is no passage.
_NUMBER = rf"(?:{_P}|\d{{1,2}}+(?!\d)(?=\s*+(?:[,;&–\-\]】］)）†}}<\\]|and\b|P?\d)))"
_AND = r"(?:\s*+(?:[,;&–-]|and)\s*+|\s++)"
_MORE = rf"(?:{_AND}{_NUMBER}){{0,20}}+"
_SEPARATED = r"\s*+[:.#-]?+\s*+"
_NAMED = rf"(?:{language.pattern('answers.sources', 'answers.numbered')}(?![a-z]){_SEPARATED}|[#¶^]\s*+)?+"
_CALLED = rf"(?:{_SOURCES}{_SEPARATED})?+"
# [P3], [1, 2], [^1], 【3†source】, 【4:3†L1-L2】, [Paragraph 3], [[3]], [P3](#p3), [P3: its title]; of a link or a tail
# no number is read.
_SQUARE = (
    rf"\\?+[\[【［]{{1,2}}+\s*+{_NAMED}(?:\d{{1,3}}+:(?=\d{{1,4}}†))?"
    rf"(?:(?P<label>{_P}{_MORE})(?:\s*+[:,|–-]\s*+[^\[\]【】\n]{{1,160}}+)?|(?P<label>{_NUMBER}{_MORE}))"
    r"(?:†[^\]】\n]{0,60}+)?+\s*+\\?+[\]】］]{1,2}+(?:\([^()\n]{0,300}+\))?+"
)
# (P3), (see P3), (Source: 3); a number alone in round brackets is no mark
_ROUND = (
    rf"[(（]\s*+(?:{language.pattern('answers.see')}\s*+)?"
    rf"(?P<label>(?:{_SOURCES}{_SEPARATED}{_NUMBER}|{_CALLED}{_P}){_MORE})\s*+[)）]"
)
_TAGS = r"(?:cite|ref|sources?|citations?|footnote)"
_BEHIND_A_STOP = r"(?<=[.!?;,”’\"][ \t]{0,3})"
_MARK = regex.compile(
    rf"(?<![ \t])[ \t]*+(?:{_SQUARE}|{_ROUND}"
    # {P3}, <P3>
    rf"|\{{\s*+(?P<label>{_P}{_MORE})\s*+\}}|<\s*+(?P<label>{_P})\s*+>"
    # <cite>P3</cite>; a number that is raised is one behind a stop only: "5 m<sup>2</sup>"
    rf"|<(?P<tag>{_TAGS})(?:\s[^<>\n]{{0,60}}+)?+>\s*+[\[(]?+{_NAMED}(?P<label>{_NUMBER}{_MORE})[\])]?+\s*+</(?P=tag)>"
    rf"|{_BEHIND_A_STOP}<sup>\s*+\[?+(?P<label>{_NUMBER}{_MORE})\]?+\s*+</sup>"
    # ^3^ and raised numbers behind a stop
    rf"|\^(?P<label>\d{{1,2}}+)\^|(?<=[.!?;,”’\"])(?P<label>[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,2}}+)"
    # P3 or – P3 behind a sentence, at the end of its line or in front of the next one
    rf"|{_BEHIND_A_STOP}(?<=\s)(?:[—–-]{{1,2}}+\s*+)?+(?P<label>(?-i:P)\d{{1,4}}+)(?=\.?+\s*+$|\s++(?-i:[^\p{{Ll}}\s]))"
    r")",
    regex.IGNORECASE,
)
_OPEN_MARK = regex.compile(
    r"(?<![ \t])[ \t]*+(?:\\?[\[【［][^\]】］\n]{0,170}|(?<=[\]】］])\([^()\n]{0,300}|[(（][^()（）\n]{0,40}"
    r"|\{[^}\n]{0,40}"
    rf"|<(?:{_TAGS}|sup)(?:\s[^<>\n]{{0,60}})?>[^<>\n]{{0,80}}(?:</?[a-z]{{0,12}})?|<[^<>\n]{{0,80}}"
    r"|[—–-]{1,2}[ \t]*P?)?$",
    regex.IGNORECASE,
)
_ACCORDING = language.pattern("answers.according")
_SAYS = language.pattern("answers.says")
_ONLY_NAMES = regex.compile(rf"\W*{_CALLED}{_P}{_MORE}\W*", regex.IGNORECASE)
# "According to [P1], …", "In P1 it is said that …", "[P1] says that …", "P1: …"
_FRONT = regex.compile(
    rf"^[\s*_]*+(?:{_ACCORDING}\s++(?:{_SQUARE}|{_ROUND}|(?P<label>{_SOURCES}\s++{_P}{_MORE}|{_P}(?=\s*+,)))"
    rf"(?:\s*+,)?+(?:\s*+{language.pattern('answers.said')})?+\s++"
    rf"|(?!in\b){_ACCORDING}\s++(?P<label>{_SOURCES}\s++\d{{1,2}}+)\s*+,\s++"
    rf"|(?:{_SQUARE}|(?P<label>{_CALLED}{_P}{_MORE}|{_SOURCES}\s++\d{{1,2}}+))\s*+{_SAYS}\s++"
    rf"|(?:{_SQUARE}\s*+:++|(?P<label>{_CALLED}{_P})\s*+[:.)–-]++)\s++)",
    regex.IGNORECASE,
)
_ID = regex.compile(r"\d{1,4}")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_BULLET = regex.compile(
    r"^\s*(?:(?P<bullet>[-*•–])|(?P<number>\d{1,2})[.)]|#{1,6}"
    # The number of a step that the model counts itself is none of the document's values.
    rf"|(?:\*\*|__)?{language.pattern('answers.step')}\s+(?P<number>\d{{1,2}})(?:\*\*|__)?\s*[:.)–-](?:\*\*|__)?)\s+",
    regex.IGNORECASE,
)
_QUOTED = regex.compile(r"^\s*(?:>\s?)+")
_YES_OR_NO = regex.compile(rf"^\W*{language.pattern('answers.yes_or_no')}\W*$", regex.IGNORECASE)
_EMPHASIS = regex.compile(r"\*\*|__|`|^[*_](?=\w)|(?<=[\w.!?])[*_]$")
_BREAK = regex.compile(
    r"(?i)</?(?:br|p|div|li|ul|ol|h[1-6]|hr|tr|table|tbody|blockquote|section|article)\b[^<>\n]{0,80}>"
)
_INLINE = regex.compile(
    rf"(?i)</?(?:b|strong|i|em|u|span|mark|q|small|s|su[bp]|code|{_TAGS}|statement|sentence)(?:\s[^<>\n]{{0,80}})?/?>"
)
_FORMULA = regex.compile(r"\$?\\(?:boxed|text(?:bf|it|rm)?|mathbf|mathrm)\{([^{}]*)\}\$?")
_LABEL = regex.compile(r"^\*\*[^*\n]{1,40}:\s*\*\*:?\s+(?=\S+\s+\S+\s+\S)|^\*\*[^*\n]{1,40}\*\*:\s+(?=\S+\s+\S+\s+\S)")
_ANSWER = regex.compile(
    rf"^(?:\*\*|__)?{language.pattern('answers.answer')}(?:\*\*|__)?:(?:\*\*|__)?\s+", regex.IGNORECASE
)
_FENCE = regex.compile(r"\s*(?:```|~~~)\w*\s*$")
_HEADING = regex.compile(r"\s*#{1,6}\s")
_BOLD_LINE = regex.compile(r"\s*(?:\*\*|__)[^*_\n]{1,60}(?<![.!?:_*])(?:\*\*|__)\s*$")
_NOTE = regex.compile(r"\s*\[\^\d{1,2}\]:")
_LISTS_SOURCES = regex.compile(
    rf"^\W*{_SOURCES}(?:\s+{language.pattern('answers.used')})?\s*(?:\*\*)?\s*(?::.*)?$", regex.IGNORECASE
)
_POLITE = regex.compile(rf"^\W*{language.pattern('answers.polite')}", regex.IGNORECASE)
_FOR_A_TOOL = r"(?:<tool_call>|\[TOOL_CALLS\])"
_JSON = regex.compile(rf"\s*(?:```\w*\s*|{_FOR_A_TOOL}\s*)?[{{\[]\s*[\"{{\[]")
_MAY_BE_JSON = regex.compile(
    rf"\s*(?:`{{1,3}}\w*\s*|{_FOR_A_TOOL}\s*|<[tool_ca]{{0,9}}|\[[TOL_CAS]{{0,10}})?[{{\[]?\s*$"
)
_DRESS_OF_OBJECT = regex.compile(rf"^\s*(?:```\w*|{_FOR_A_TOOL})?\s*|\s*(?:```|</tool_call>)?\s*$")
_FIELD = regex.compile(r"^[\s,\"}\]]*(?:[{\[]+\s*)*\"[\w -]{1,30}\"\s*:\s*\[?\s*\"")
_END_OF_FIELD = regex.compile(r"\"\s*(?:,\s*\"[\w -]{1,30}\"\s*:.*|[\]}]*\s*,?\s*[\]}]*\s*)$")
"""Of an object behind other words, or one that was cut: its texts are read line by line."""
_NAMES_SOURCES = regex.compile(r"(?i)cit|source|ref|paragraph|passage|evidence")
_LONGEST = 4_000
"""Characters after which a line without an end is taken as it is."""
_REACHES = (250, 1_000)
"""Characters of a line that are looked at first."""
_FEWEST_WORDS = 3
"""Of a text in an object, for it to state something."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence of the model with the numbers of the passages it names, from 1; `item` is what stands before it in a
    list, "2." or "•"; `cells` are those of a row of a table, which the text says in one line."""

    text: str
    ids: tuple[int, ...]
    item: str = ""
    cells: Cells = ()


class DraftParser:
    """Sentences and marks out of a stream, however it is cut: a sentence closes when the next one has begun. An object,
    unless it `is_prose` for sure, is read when it is whole."""

    def __init__(self, *, is_prose: bool = False) -> None:
        self._buffer = ""
        self._may_close = False
        self._is_prose = is_prose
        self._lists_sources = False
        self._first: Draft | None = None
        self._heading: Draft | None = None
        self._has_drafted = False
        self._above: str | None = None
        self._columns: tuple[str, ...] | None = None

    def feed(self, piece: str) -> Iterator[Draft]:
        self._buffer += piece
        if ">" in piece:
            self._buffer = _BREAK.sub("\n", self._buffer)
            piece += "\n"
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
        if is_cut:
            self._buffer = _without_fragment(self._buffer)
        yield from self._closed(is_final=True)
        yield from self._end_table()
        if self._first is not None:
            yield self._first
        elif self._heading is not None and not self._has_drafted:
            yield self._heading

    def _closed(self, is_final: bool) -> Iterator[Draft]:
        while True:
            line, newline, rest = self._buffer.partition("\n")
            if is_row(line) and len(line) <= _LONGEST:
                if not newline and not is_final:
                    return
                self._buffer = rest
                yield from self._row(line)
                if not self._buffer:
                    return
                continue
            if line.strip() or newline:
                yield from self._end_table()
            if not newline and not is_final:
                end = _end_of_first(line) or (_LONGEST if len(line) > _LONGEST else None)
                if end is None:
                    return
                self._buffer = line[end:]
                yield from self._drafts(line[:end])
                continue
            end = _end_of_first(line, is_whole=True) or min(len(line), _LONGEST)
            self._buffer = line[end:] + newline + rest if end < len(line) else rest
            yield from self._drafts(line[:end])
            if not self._buffer:
                return

    def _row(self, line: str) -> Iterator[Draft]:
        """A line of a table. The first is held: a rule below it says that it names the columns."""
        if is_rule(line):
            self._columns = tuple(_bare(cell) for cell in cells_of(self._above or ""))
            self._above = None
        elif self._above is None and self._columns is None:
            self._above = line
        else:
            yield from self._first_row()
            yield from self._of_row(line)

    def _first_row(self) -> Iterator[Draft]:
        """The line that was held, where it turned out to be a row like the others."""
        line, self._above = self._above, None
        self._columns = self._columns or ()
        if line is not None:
            yield from self._of_row(line)

    def _of_row(self, line: str) -> Iterator[Draft]:
        for draft in _drafts_of_row(line, self._columns or ()):
            self._has_drafted = True
            yield from self._with_first(draft)

    def _end_table(self) -> Iterator[Draft]:
        yield from self._first_row()
        self._columns = None

    def _drafts(self, sentence: str) -> Iterator[Draft]:
        if _LISTS_SOURCES.match(sentence):
            self._lists_sources = True
        elif not sentence.strip():
            return
        elif not (self._lists_sources and _begins_with_mark(sentence)):
            self._lists_sources = False
            for draft in _draft(sentence):
                if not draft.ids and _BOLD_LINE.match(sentence):
                    # The heading of what follows, or all that there is.
                    self._heading = self._heading or draft
                    continue
                self._has_drafted = True
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


def _end_of_first(line: str, *, is_whole: bool = False) -> int | None:
    """As `_first_sentence`, which sees the same in a line's beginning as in a stream: little is looked at twice."""
    for reach in (*_REACHES, _LONGEST):
        end = _first_sentence(line[:reach], is_whole=is_whole and len(line) <= reach)
        if end is not None or len(line) <= reach:
            return end
    return None


def _first_sentence(line: str, *, is_whole: bool) -> int | None:
    """Where the first sentence of a line ends, its marks included; None until a word of the next one stands. What may
    become a mark is waited for, unless the line `is_whole`."""
    held = None if is_whole else _OPEN_MARK.search(line)
    settled = line[: held.start()] if held else line
    plain, places = _without_marks(settled)
    spans = split_sentences(plain)
    if len(spans) < 2 or not regex.match(r"\S+\s", plain[spans[1].start :]):
        return None
    # Back to the line's own places: the marks that stand between the sentences belong to the first.
    return places[spans[1].start]


def _without_fragment(text: str) -> str:
    """Without the sentence at its end that has none, be it of one word."""
    before, newline, line = text.rpartition("\n")
    if is_row(line):
        return before + newline
    plain, places = _without_marks(line)
    spans = split_sentences(plain)
    if not spans or may_end(plain[: spans[-1].end][-1:]):
        return text
    return before + newline + line[: places[spans[-1].start]]


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
    said = _BULLET.sub("", sentence).lstrip()
    return any(pattern.match(said) for pattern in (_MARK, _FRONT)) or _NOTE.match(sentence) is not None


def _draft(sentence: str) -> Iterator[Draft]:
    if _FENCE.match(sentence) or _NOTE.match(sentence):
        return
    item, said = _apart(sentence)
    if field := _FIELD.match(said):
        said = _END_OF_FIELD.sub("", said[field.end() :])
    front = _FRONT.match(said)
    behind = _capitalized(said[front.end() :]) if front else said
    labels = [*_labels(_FRONT, said[: front.end()] if front else ""), *_labels(_MARK, behind)]
    ids = _ids(labels)
    # "Here is what the documents say:" states nothing, and neither does a heading.
    if _HEADING.match(sentence) and not ids:
        return
    text = _plain(_without_marks(behind)[0])
    if (
        text
        and any(map(str.isalnum, text))
        and not _ONLY_NAMES.fullmatch(text)
        and not (not ids and _states_nothing(text, item=item))
    ):
        yield Draft(text, ids, item)


def _drafts_of_row(line: str, columns: tuple[str, ...]) -> Iterator[Draft]:
    """What a row says, with the numbers of the passages that any of its cells names."""
    cells, labels = [], []
    for name, cell in zip_longest(columns, cells_of(line), fillvalue=""):
        names_passages = _LISTS_SOURCES.match(name) or _ONLY_NAMES.fullmatch(cell)
        labels += [cell] if names_passages else _labels(_MARK, cell)
        value = "" if names_passages else _bare(cell)
        if value or (name and not names_passages):
            cells.append((name, value))
    if text := sentence_of(tuple(cells)):
        yield Draft(text, _ids(labels), cells=tuple(cells))


def _bare(cell: str) -> str:
    return _plain(_without_marks(cell)[0])


def _ids(labels: Iterable[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(number) for one in labels for number in _ID.findall(one.translate(_RAISED))))


def _labels(pattern: regex.Pattern[str], text: str) -> list[str]:
    """What marks call the passages by, without what else stands in them: no number is read of an address."""
    return [label for mark in pattern.finditer(text) for label in mark.captures("label")]


def _apart(sentence: str) -> tuple[str, str]:
    """What stands before an item, as it is shown, and what it says; nothing before any other sentence."""
    said = _QUOTED.sub("", sentence)
    bullet = _BULLET.match(said)
    if bullet is None:
        return "", said
    item = f"{bullet['number']}." if bullet["number"] else "•" if bullet["bullet"] else ""
    return item, said[bullet.end() :]


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(text: str) -> str:
    """The words of a sentence, without what only dresses them."""
    bare = _FORMULA.sub(r"\1", _INLINE.sub("", text)).strip()
    return " ".join(_EMPHASIS.sub("", _LABEL.sub("", _ANSWER.sub("", bare))).split())


def _states_nothing(text: str, *, item: str) -> bool:
    """Whether a sentence without a mark is a courtesy, leads in to others, or asks."""
    return _POLITE.match(text) is not None or text.endswith(":") or (not item and text.endswith(("?", "？")))


def _read(text: str) -> Any:
    """The object that a whole answer is; None where it is none."""
    try:
        return json.loads(_DRESS_OF_OBJECT.sub("", text)) if _JSON.match(text) else None
    except (ValueError, RecursionError):
        return None


def _of_object(told: Any, ids: tuple[int, ...] = ()) -> Iterator[Draft]:
    """The sentences in an object's texts, with the numbers that it names beside them."""
    if isinstance(told, dict):
        if told.keys() >= {"name"} and told.keys() & {"arguments", "parameters"}:
            return  # a call of a tool
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
