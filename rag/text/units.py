"""The pieces of a text that can be quoted by themselves: rows of a table, records, lines that are fields, entries
of a log, else its sentences.

A table is a text whose every line is a row: cells between bars as in Markdown, separated by tabs, by two spaces and
more as people line them up, or by one dash; or one in HTML, as Markdown may hold it. Fields are lines such as
"Owner: facilities". A few short ones under one another are a record: "salary: 43000" says nothing without the name two
lines above it. Of a long one each line is quoted by itself, as a quote of the whole would bury it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby, pairwise

import regex

from rag.domain import Span
from rag.text.code import split_code
from rag.text.sentences import split_sentences

_LINE = regex.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_DELIMITER = regex.compile(r"[|\s:+=-]*-[|\s:+=-]*")
_FIELD = regex.compile(
    r"\s*(?:[-*•]\s+)?\**(?:[\p{L}_/][\p{L}\p{N}_ /(){}.-]{0,40}|\"[^\"]{1,60}\"|'[^']{1,60}'):\**(?:\s+\S|$)"
)
_ITEM = regex.compile(r"-\s+\S.{0,100}")
_SEPARATED = regex.compile(r":|\s=\s")
_SENTENCE = regex.compile(r":(?:\s+\S+){4,}[.!。]\W*$")
_COMMENT = regex.compile(r"#+(?!\S)")
_GAP = regex.compile(r"(?<=\S)[ ]{2,}(?=\S)")
_FEWEST_GAPS = 2
_PAIR = regex.compile(r"[^\s–—-].{0,60}?\s[–—-]\s+\S.{0,100}")
"""Two things with a dash between them: "22 March – Mum"."""
_FEWEST_PAIRS = 3
_LONGEST_ROW = 600
"""Characters of a row that stands alone and is quoted whole; cells of more hold texts."""
_DASHED = regex.compile(r"(?!\p{Ll})(?:[^\s.!?;]+\s){1,6}[–—-]\s+\S[^.!?]*\.?$")
"""A name of a few words, a dash and what is said of it: "Ann Lee – baker, speaks Italian". Of those two will do."""
_FENCE = regex.compile(r"\s*(?:---|\.\.\.|\+\+\+)\s*")
_MOST_WORDS_OF_A_LABEL = 5
_MOST_FIELDS, _LONGEST_FIELD, _LONGEST_RECORD = 12, 100, 400
"""Lines of a record that is quoted whole, and characters of one and of all."""
_LONGEST_SENTENCE, _LONGEST_PART = 800, 300
"""Characters: of legal and old prose some sentence in a thousand is longer. Parts without a mark of their own are put
together up to a third of that."""
_PARTINGS = (
    (regex.compile(r";(?=\s)"), False),
    (regex.compile(r"[;{}]+,?"), False),
    (regex.compile(r",(?=\s)"), True),
    (regex.compile(r"[,\s]"), True),
)
"""What ends a part, the most telling first, and whether short ones are put together."""
_LONGEST_CLAUSE, _LEAST_CLAUSE = 480, 240
"""Letters of Thai that are quoted whole, and the fewest of a clause that is quoted alone."""
_RUN = r"[\p{Thai}\p{Lao}]{15}"
_GAP_OF_CLAUSES = regex.compile(rf"(?<={_RUN}(?<![ๆฯ])[”\")\]]?)\s+(?=[“\"(\[]?{_RUN})")
"""White space between two long runs of letters: around numbers, the parts of names, what is listed and the sign of
repetition it parts no clauses. Of 1,190 answers of XQuAD's in Thai 10 are cut in two, 20 were without it. With shorter
clauses the wrong one is quoted more often: of 200 questions 173 were answered in what was quoted at 100 letters, 191 at
240, and 184 without any of it."""
_WITHOUT_STOPS = regex.compile(r"[\p{Thai}\p{Lao}]")
_DEEPEST = 8
"""Records within one another; what is further in is told apart no more."""
_MARKERS = ("- ", "* ", "• ")
_DAY_AND_TIME = (
    r"(?:\d{4}[-/.]\d\d[-/.]\d\d[T ]|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4},? |\p{Lu}\p{Ll}{2} {1,2}\d{1,2} "
    r"|\d{1,2}/\p{Lu}\p{Ll}{2}/\d{4}:)\d\d?:\d\d"
)
_STAMP = regex.compile(
    rf"(?:<\d{{1,3}}>\d? ?|\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRIT(?:ICAL)?|FATAL|SEVERE)\]?:? +)?"
    rf"(?:[\[(<]{{0,2}}{_DAY_AND_TIME}|\[?\d\d:\d\d:\d\d[.,\]]?|(?:\S+ ){{3}}\[{_DAY_AND_TIME})",
    regex.IGNORECASE,
)
"""The day and the time in front of an entry of a log, also behind its level, or behind who asked a web server."""
_REST_OF_STAMP = regex.compile(r"^[\d:.,Z+\])-]*")
_WORDS = regex.compile(r"\p{L}+|[\p{Sc}%°]")
_BEGINS_VALUE = regex.compile(r"[\p{Sc}+\-–(]?\s*\d")
_ENDS_LABEL = regex.compile(r":\**$|\.{3,}$|…$")
_BAR = regex.compile(r"(?<!\\)\|")
_TAB = regex.compile(r"\t")
# Bounded: a text may be long, and hold anything.
_TAG = regex.compile(r"<!--.{0,4000}?-->|</?[a-z][^<>]{0,300}>", regex.IGNORECASE | regex.DOTALL)
_ROW_TAG = regex.compile(r"<tr\b[^<>]{0,300}>", regex.IGNORECASE)
_CELL_TAG = regex.compile(r"<t(?P<kind>[dh])\b[^<>]{0,300}>", regex.IGNORECASE)
_CELL_END = regex.compile(r"</?t(?:[dhr]|able|head|body|foot)\b", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rows:
    """The lines of a table or of fields, records, and entries of a log, in order; `header` is the line that names the
    columns, with the rule below it, and None where none does. `is_record` where all are fields of one record, too long
    to be quoted whole, which its first field names."""

    header: Span | None
    rows: tuple[Span, ...]
    is_record: bool = False


def split_units(text: str) -> list[Span]:
    """In order; together they hold every character that is not white space."""
    found = rows_of(text)
    if found is None:
        return split_prose(text)
    return [*([found.header] if found.header else []), *found.rows]


def split_prose(text: str) -> list[Span]:
    """The sentences of a text that is no table, or the parts of one that is code. What has no end for a long time is a
    list, a file in one line or a row of numbers, and no sentence: it is cut where it shows parts, behind ";" and
    brackets, else "," or white space. Thai and Lao have no full stop: what is long there is cut into clauses."""
    clauses = (clause for span in split_code(text) or split_sentences(text) for clause in _clauses(text, span))
    return [part for clause in clauses for part in _parts(text, clause, _PARTINGS)]


def is_without_stops(text: str) -> bool:
    """Whether it is in a script in which no sign ends a sentence: it is quoted by clauses."""
    return 2 * len(_WITHOUT_STOPS.findall(text)) > len(text)


@lru_cache(maxsize=8192)
def rows_of(text: str) -> Rows | None:
    """None where the text is prose. Remembered: popular paragraphs come back question after question."""
    if (tagged := _tagged_rows(text)) is not None:
        return tagged
    whole = [Span(*match.span()) for match in _LINE.finditer(text)]
    whole = [line for line in whole if line.of(text).strip()]
    lines = [_trimmed(text, line) for line in whole]
    texts = [line.of(text) for line in lines]
    if len(lines) < 2:
        # A sentence may end inside a cell.
        is_row = bool(lines) and "\t" in texts[0] and len(lines[0]) <= _LONGEST_ROW
        return Rows(None, tuple(lines)) if is_row else None
    if all(map(_is_row, texts)) or (_is_rule_of_bars(texts[1]) and all("|" in one for one in texts)):
        return _table(texts, lines)
    if (entries := _entries(texts, lines)) is not None:
        return Rows(None, entries)
    if all(map(_DASHED.fullmatch, texts)) or (len(texts) >= _FEWEST_PAIRS and all(map(_PAIR.fullmatch, texts))):
        return Rows(None, tuple(lines))
    if not _are_fields(texts):
        return None
    # A question and its answer are no record, and neither are the sentences of a glossary.
    sentences = sum(_SENTENCE.search(one) is not None for one in texts)
    is_asked = any(one.rstrip('*_"”').endswith("?") for one in texts)
    is_apart = is_asked or sentences * 2 > len(texts) or _FENCE.fullmatch(texts[0]) is not None
    return Rows(None, tuple(lines)) if is_apart else _records(text, lines, _indents(text, whole))


def field_of(line: str) -> tuple[str, str]:
    """The name and the value of a field: "status: draft", or "status = draft" as TOML has it. Both empty where it is
    none."""
    found = _SEPARATED.search(line)
    return (line[: found.start()].strip(), line[found.end() :].strip()) if found else ("", "")


def _entries(texts: Sequence[str], lines: Sequence[Span]) -> tuple[Span, ...] | None:
    """Those of a log, each with the lines below it that have no time in front; None where it is none."""
    first = [i for i, text in enumerate(texts) if _STAMP.match(text)]
    if len(first) < 2 or first[0] or len(first) * 2 < len(texts):
        return None
    return tuple(Span(lines[i].start, lines[end - 1].end) for i, end in pairwise([*first, len(lines)]))


def is_record(row: str) -> bool:
    """Whether a row is a record: several fields under one another."""
    return len(row.splitlines()) > 1 and not is_tagged(row)


def names_above(text: str, span: Span) -> tuple[str, ...]:
    """The fields that a row of a text is further in than, outermost first: "services" and "web" over "ports: 80"."""
    begins = text.rfind("\n", 0, span.start) + 1
    least = span.start - begins
    found: list[str] = []
    for line in reversed(text[:begins].splitlines()) if least else ():
        said = line.strip()
        indent = len(line) - len(line.lstrip())
        if said and indent < least:
            least = indent
            found += [said.removeprefix("- ").rstrip(":")] if said.endswith(":") else []
    return tuple(reversed(found))


def cells_of(row: str) -> list[str]:
    """The cells of a row, or the fields of a record, those that hold nothing left out."""
    if is_record(row):
        return [cell.of(row) for cell in cell_spans(row) if len(cell)]
    line = _GAP.sub("\t", as_line(row)) if "|" not in row else as_line(row)
    return [cell.of(line) for cell in cell_spans(line) if len(cell)]


def without_stamp(entry: str) -> str:
    """An entry of a log without the time in front of it; any other text as it stands."""
    stamp = _STAMP.match(entry)
    return _REST_OF_STAMP.sub("", entry[stamp.end() :], count=1) if stamp else entry


def names_in(row: str) -> list[str]:
    """The names of columns that stand in a row of cells with their names, "Site: Weir\tKind: level"."""
    cells = [cell.partition(": ") for cell in row.split("\t")] if "\t" in row else []
    return [name for name, colon, _ in cells if colon]


def name_of(row: str) -> str:
    """What stands in the first cell of a row that holds something: that mostly names it."""
    first = next(iter(cells_of(row)), "")
    name, colon, value = first.partition(": ")
    return value if colon and names_in(row)[:1] == [name] else first


def as_line(row: str) -> str:
    """A row as people read it: of HTML the cells without tags, separated by tabs; any other as it stands."""
    if not is_tagged(row):
        return row
    return "\t".join(without_tags(cell.of(row)) for cell in cell_spans(row))


def without_tags(text: str) -> str:
    return " ".join(_TAG.sub(" ", text).split())


def cell_spans(row: str) -> list[Span]:
    """Where what stands in each cell of a row, or each field of a record, lies, also where that is nothing, without
    the white space around it."""
    if is_tagged(row):
        opened = list(_CELL_TAG.finditer(row))
        ends = (_CELL_END.search(row, one.end()) for one in opened)
        found = [Span(one.end(), end.start() if end else len(row)) for one, end in zip(opened, ends, strict=True)]
    elif is_record(row):
        found = [Span(*one.span()) for one in _LINE.finditer(row)]
    else:
        separator = _BAR if "|" in row else _TAB
        cuts = [-1, *(one.start() for one in separator.finditer(row)), len(row)]
        found = [Span(first + 1, end) for first, end in pairwise(cuts)]
        if separator is _BAR:
            found = found[not found[0].of(row).strip() : len(found) - (not found[-1].of(row).strip())]
    return [_trimmed(row, one) for one in found]


def is_tagged(text: str) -> bool:
    """Whether it is of a table in HTML."""
    return "<" in text and _CELL_TAG.search(text) is not None and text.lstrip().startswith("<")


def columns_of(header: str) -> str:
    """The names of the columns in a table's header, for people and models to read a row by."""
    return " | ".join(cells_of(as_line(header).splitlines()[0]))


def is_rule(line: str) -> bool:
    """Whether a line is the rule between the names of columns and the rows."""
    return _DELIMITER.fullmatch(line) is not None


def _tagged_rows(text: str) -> Rows | None:
    """The rows of a table in HTML, each with the tags in front of it; the last one with those behind, too."""
    starts = [one.start() for one in _ROW_TAG.finditer(text)] if is_tagged(text) else []
    if not starts:
        return None
    spans = [_trimmed(text, Span(*pair)) for pair in pairwise([0, *starts[1:], len(text)])]
    kinds = {one["kind"].lower() for one in _CELL_TAG.finditer(text, spans[0].start, spans[0].end)}
    return Rows(spans[0], tuple(spans[1:])) if kinds == {"h"} and len(spans) > 1 else Rows(None, tuple(spans))


def _table(texts: list[str], lines: list[Span]) -> Rows:
    if is_rule(texts[1]):
        return Rows(Span(lines[0].start, lines[1].end), tuple(lines[2:]))
    names_columns = not any(map(str.isdigit, texts[0])) and any(any(map(str.isdigit, text)) for text in texts[1:])
    if names_columns and not _are_labelled(texts):
        return Rows(lines[0], tuple(lines[1:]))
    return Rows(None, tuple(lines))


def _are_labelled(texts: Sequence[str]) -> bool:
    """Whether two cells of each row may be a label and its value, the first row too: "Tenant: Ms Yusuf" over "Rent:
    1,140 EUR". Only numbers of one kind stand in a column, below a name."""
    rows = [cells_of(text) for text in texts]
    if any(len(row) != 2 for row in rows):
        return False
    values = [row[1] for row in rows[1:]]
    units = {" ".join(_WORDS.findall(value)) for value in values}
    is_marked = any(_ENDS_LABEL.search(row[0]) for row in rows)
    return is_marked or len(units) > 1 or not all(_BEGINS_VALUE.match(value) for value in values)


def _is_rule_of_bars(line: str) -> bool:
    return "|" in line and is_rule(line)


def _is_row(line: str) -> bool:
    return line.startswith("|") or line.count("|") > 1 or "\t" in line or len(_GAP.findall(line)) >= _FEWEST_GAPS


def _are_fields(texts: list[str]) -> bool:
    """Front matter between its fences, or two lines and more that are all "name: value"."""
    inside = [text for text in texts if not _FENCE.fullmatch(text)]
    if len(inside) < len(texts):
        return _FENCE.fullmatch(texts[0]) is not None
    inside = [text for text in texts if not _COMMENT.match(text)]
    if len(inside) < 2:
        return False
    labels = [text.partition(":")[0].split() for text in inside]
    short = all(len(label) <= _MOST_WORDS_OF_A_LABEL for label in labels)
    fields = [_FIELD.match(text) is not None for text in inside]
    return short and (all(fields) or _are_of_yaml(inside, fields))


def _are_of_yaml(texts: Sequence[str], fields: Sequence[bool]) -> bool:
    """Whether the lines that are no fields are the items of one that has nothing behind its name."""
    holds_items = False
    for text, is_field in zip(texts, fields, strict=True):
        if not is_field and not (holds_items and _ITEM.fullmatch(text)):
            return False
        holds_items = text.endswith(":") if is_field else holds_items
    return 2 * sum(fields) > len(texts)


def _records(text: str, lines: Sequence[Span], indents: Sequence[int], deep: int = 0) -> Rows:
    """The fields by the records that they are of. A line that others stand below, further in, begins one, or holds
    some: "people:" over "- name: Ada"."""
    heads = [i for i, least in enumerate(accumulate(indents, min)) if indents[i] == least]
    if len(heads) == len(lines) or deep == _DEEPEST:
        whole = Span(lines[0].start, lines[-1].end)
        return Rows(None, (whole,)) if _is_brief(lines) else Rows(None, tuple(lines), is_record=True)
    found: list[Span] = []
    for has_below, group in groupby(pairwise([*heads, len(lines)]), key=lambda pair: pair[1] - pair[0] > 1):
        pairs = list(group)
        if has_below:
            for first, end in pairs:
                found += _held(text, lines[first:end], indents[first:end], deep)
        else:
            first, end = pairs[0][0], pairs[-1][1]
            found += _records(text, lines[first:end], indents[first:end], deep + 1).rows
    return Rows(None, tuple(found))


def _held(text: str, lines: Sequence[Span], indents: Sequence[int], deep: int) -> Sequence[Span]:
    """A line with those further in below it, where that is a record; else the line, and what is below it."""
    below = _records(text, lines[1:], indents[1:], deep + 1).rows
    are_items = any(line.of(text).startswith(_MARKERS) for line in lines[1:])
    are_several = len(below) > 1 and (are_items or _holds_several(indents[1:]))
    if _is_brief(lines) and not are_several:
        return [Span(lines[0].start, lines[-1].end)]
    return [lines[0], *below]


def _holds_several(indents: Sequence[int]) -> bool:
    """Whether two of the lines that are furthest out have others below them: "mill:" and "store:" with a port each."""
    least = min(indents)
    return sum(a == least < b for a, b in pairwise(indents)) > 1


def _is_brief(lines: Sequence[Span]) -> bool:
    is_short = lines[-1].end - lines[0].start <= _LONGEST_RECORD and len(lines) <= _MOST_FIELDS
    return is_short and all(len(line) <= _LONGEST_FIELD for line in lines)


def _indents(text: str, lines: Sequence[Span]) -> list[int]:
    """How far in each line begins, in columns; that of the first, which a paragraph begins with, as the other items of
    its list."""
    found = [len(line.of(text)) - len(line.of(text).lstrip()) for line in lines]
    least = min(range(1, len(lines)), key=found.__getitem__)
    if not found[0] and all(lines[i].of(text).lstrip().startswith(_MARKERS) for i in (0, least)):
        found[0] = found[least]
    return found


def _clauses(text: str, span: Span) -> list[Span]:
    """A sentence or, where it is long and in a script that parts clauses by white space and nothing else, its clauses,
    short ones put together."""
    if len(span) <= _LONGEST_CLAUSE:
        return [span]
    found = [span]
    for gap in _GAP_OF_CLAUSES.finditer(text, span.start, span.end):
        if min(gap.start() - found[-1].start, span.end - gap.end()) >= _LEAST_CLAUSE:
            found[-1:] = [Span(found[-1].start, gap.start()), Span(gap.end(), span.end)]
    return found


def _parts(text: str, span: Span, partings: Sequence[tuple[regex.Pattern[str], bool]]) -> list[Span]:
    """A sentence, or the parts of one that is too long."""
    if len(span) <= _LONGEST_SENTENCE or not partings:
        return [span]
    (mark, is_joined), *others = partings
    found: list[Span] = []
    ends = [one.end() for one in mark.finditer(text, span.start, span.end)]
    for first, end in pairwise(dict.fromkeys([span.start, *ends, span.end])):
        part = _trimmed(text, Span(first, end))
        if not len(part):
            continue
        if is_joined and found and part.end - found[-1].start <= _LONGEST_PART:
            found[-1] = Span(found[-1].start, part.end)
        else:
            found.append(part)
    return [one for part in found for one in _parts(text, part, others)]


def _trimmed(text: str, span: Span) -> Span:
    piece = span.of(text)
    start = span.start + len(piece) - len(piece.lstrip())
    return Span(start, max(start, span.start + len(piece.rstrip())))
