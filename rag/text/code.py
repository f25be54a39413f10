"""The parts of a program that can be quoted by themselves: its comments, each with what it says of, and its constants.

Programs are known by their lines, whatever they are written in; settings, of which a line says little without those
around it, are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import regex

from rag.domain import Span
from rag.text.sentences import split_sentences

_LINE = regex.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_SETS = regex.compile(
    r"(?:(?:const|let|var|export|final|static) )*[\p{Lu}_][\p{Lu}\p{N}_]*\s?(?::\s?[\w.\[\]]+)?\s?=(?!=)\s?\S"
)
"""A value that is set for all of a program: "MAX_DEPTH = 12"."""
_LIKE_CODE = regex.compile(
    "|".join(
        (
            r"^#!/",
            rf"^{_SETS.pattern}",
            r"[\]\w\"'`)]\)?[{;]\s*$(?<=[(=].*)",
            r"[({}\[]\s*;?$",
            r"^\s*[\]})]+[;,]?$",
            r"\)\s*(?:->.*)?:\s*$",
            r"^\s*(?:import|from|package|using|include|return|def|class|fn|func|function|export|async|public|private) "
            r"[\w$.{*]+",
            r"\$[\p{L}_{(]",
            r"^\s*[\w.$]+\(.*\);?$",
            r"^\s*\p{Lu}{4,} .*[(;]",
        )
    )
)
_FEWEST = 3
"""One line like code among so many at least; beside a comment any will do."""
_SECTION = regex.compile(r"\s*\[.+\]\s*")
_KEY = regex.compile(r"\s*(?:- )?[\w.\"'/{}-]+:(?:\s|$)")
"""What settings have, and programs have not, or seldom."""
_BEGINS_COMMENT = regex.compile(r"\s*(?:#(?!!)|//|/\*|--\s|;\s)")
_ENDS_LONG_COMMENT = regex.compile(r"^(?!\s*/\*).*\*/\s*$|\S\s*(?:\"\"\"|''')\s*$|^\s*(?:\"\"\"|''')$")
_BEGINS_SENTENCE = regex.compile(r"[\s*#/;\"'-]*[\p{Lu}\p{Lo}]")
_LETTER = regex.compile(r"[\p{L}\p{N}]")


def split_code(text: str) -> list[Span]:
    """In order; together they hold every character that is not white space. Empty where the text is no program."""
    lines = [Span(*match.span()) for match in _LINE.finditer(text) if match.group().strip()]
    if not _is_code([line.of(text) for line in lines]):
        return []
    starts = [0, *(line.start for above, line in pairwise(lines) if _parts(above.of(text), line.of(text))), len(text)]
    return [part for pair in pairwise(starts) for part in _sentences(text, Span(*pair))]


def _is_code(lines: list[str]) -> bool:
    of_settings = sum(_KEY.match(one) is not None for one in lines)
    if len(lines) < 2 or 2 * of_settings > len(lines) or any(map(_SECTION.fullmatch, lines)):
        return False
    alike = sum(_LIKE_CODE.search(one) is not None for one in lines)
    return _FEWEST * alike >= len(lines) or (alike > 0 and any(map(_BEGINS_COMMENT.match, lines)))


def _parts(above: str, line: str) -> bool:
    """Whether a part begins with a line: a comment does, what stands below a long one, and one constant after
    another."""
    begins_comment = _BEGINS_COMMENT.match(line) and not _BEGINS_COMMENT.match(above)
    sets_next = _SETS.match(line) and _SETS.match(above)
    return bool(begins_comment or sets_next or _ENDS_LONG_COMMENT.search(above))


def _sentences(text: str, part: Span) -> Iterator[Span]:
    """Those of its comments: in what a program does no mark ends one."""
    whole: Span | None = None
    for span in split_sentences(part.of(text)):
        sentence = span.shifted(part.start)
        said = sentence.of(text)
        if whole is not None and not (_LETTER.search(said) and _BEGINS_SENTENCE.match(said)):
            whole = Span(whole.start, sentence.end)
            continue
        if whole is not None:
            yield whole
        whole = sentence
    if whole is not None:
        yield whole
