"""“What is in the budget file?”: which documents a question asks the contents of, and all that a short one holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import regex

from rag.answer.about import DOCUMENT_STEMS, KIND_STEMS
from rag.answer.candidate import Candidate
from rag.answer.quoting import statement_of
from rag.answer.verify import settle
from rag.documents.front_matter import is_front_matter
from rag.domain import Passage, Role, Span, Statement, document_name
from rag.index.records import Record
from rag.text import language, terms
from rag.text.overlap import view_sentences

_MOST = 12
"""Pieces of a document that are quoted: paragraphs, items, rows."""
_MOST_WORDS, _FEW_WORDS = 150, 30
"""Of a document that is quoted whole, however it is asked for, and of one whose summary is all of it."""

_ASKED = regex.compile(rf"^\W*(?:{language.pattern('requests.contents')})\W*$", regex.IGNORECASE)
_TOPIC = regex.compile(rf"^\W*(?:{language.pattern('requests.says_of')})\W*$", regex.IGNORECASE)
_NUMBER = regex.compile(r"\d+")
_QUOTED = regex.compile(r"(?:\w+\s+){0,2}[“\"„«](?P<name>[^“”\"„«»]+)[”\"“»]\W*")
_UNTOLD = (Role.TITLE, Role.HEADING, Role.BOILERPLATE, Role.BYLINE)


def contents_asked(question: str, records: Sequence[Record]) -> tuple[int, ...]:
    """Places of the documents of which a question asks what is in them; none where it asks of something else. A
    document is meant by its name or title in quotation marks, by one that says what kind it is, "the packing list", or
    by some of its words and one for a file, "the budget file": what is in the soup may be told anywhere."""
    asked = _ASKED.match(question)
    phrase = next(filter(None, asked.groupdict().values()), "") if asked else ""
    return _meant(phrase, records) if phrase else ()


def topic_asked(question: str, records: Sequence[Record]) -> tuple[tuple[int, ...], str]:
    """Places of the documents of which a question asks what they say of a topic, and that; none and "" where it does
    not."""
    asked = _TOPIC.match(question)
    phrases = {name.split("_")[0]: said for name, said in asked.groupdict().items() if said} if asked else {}
    which = _meant(phrases["of"], records) if phrases else ()
    return (which, phrases["topic"]) if which else ((), "")


def _meant(phrase: str, records: Sequence[Record]) -> tuple[int, ...]:
    return tuple(i for i, one in enumerate(records) if _is_meant(phrase, one))


def _is_meant(phrase: str, record: Record) -> bool:
    path = document_name(record.document_id)
    stem = PurePosixPath(path).stem
    quoted = _QUOTED.fullmatch(phrase)
    if quoted is not None:
        return quoted["name"].casefold() in (stem.casefold(), record.title.casefold())
    is_of_another = not set(_NUMBER.findall(phrase)) <= set(_NUMBER.findall(f"{path} {record.title}"))
    return not is_of_another and any(_names(phrase, name) for name in (_stems(stem), _stems(record.title)) if name)


def _names(phrase: str, name: set[str]) -> bool:
    """Whether a phrase names what has a name of these words."""
    asked = _stems(phrase) | (set(terms.stems(phrase)) & name)
    if asked & DOCUMENT_STEMS and (wanted := asked - DOCUMENT_STEMS):
        return wanted <= name
    return bool(asked & KIND_STEMS) and (name == asked or asked - KIND_STEMS == name - KIND_STEMS != set())


def _stems(name: str) -> set[str]:
    """The words of a name, without those that mean nothing, unless it has no others, and without the numbers that tell
    versions apart."""
    spaced = regex.sub(r"[_\W]+", " ", name)
    return {stem for stem in terms.content_stems(spaced) or terms.stems(spaced) if not stem.isdigit()}


def whole(passages: Sequence[Passage], *, is_summary: bool, first: int = 1) -> tuple[Statement, ...]:
    """What a short document holds, piece by piece in its order, with marks from the `first`; nothing where it is too
    long for that, or where a summary is wanted and not all of it is as short as one."""
    pieces = [piece for passage in passages if _tells(passage) for piece in _pieces(passage)]
    words = sum(len(one.sentence.text.split()) for one in pieces)
    if len(pieces) > _MOST or words > (_FEW_WORDS if is_summary else _MOST_WORDS):
        return ()
    return tuple(settle(statement_of(piece, mark)) for mark, piece in enumerate(pieces, start=first))


def _tells(passage: Passage) -> bool:
    return passage.paragraph.role not in _UNTOLD and not is_front_matter(passage.paragraph)


def _pieces(passage: Passage) -> Iterator[Candidate]:
    """Its rows, each by itself, under the names of their columns; a paragraph of prose in one piece."""
    paragraph = passage.paragraph
    views = view_sentences(paragraph.text)
    if views and not views[0].is_header and not views[0].is_row:
        end = views[-1].span.end
        text = paragraph.text[views[0].span.start : end]
        views = (replace(views[0], span=Span(views[0].span.start, end), text=text),)
    yield from (
        Candidate(passage=passage, sentences=views, index=i) for i, one in enumerate(views) if not one.is_header
    )
