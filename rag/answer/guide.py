"""What a document is, before it is read: its central sentences, headings and dates, and whom and what it names. Pure.

All of it are places of the document in its own voice: what readers wrote, what stands around a text, and code are in
none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import regex

from rag.answer.central import Telling, central_sentences, tells
from rag.answer.timeline import Event, events, spread
from rag.documents.context import display
from rag.domain import Passage, Role, Span
from rag.text import language, terms
from rag.text.dates import MONTHS
from rag.text.identify import is_in
from rag.text.names import find_whole_names

MOST_READ = 400
"""Paragraphs of a document, the first, of which a guide tells sentences, dates and names."""
MOST_LISTED = 5_000
"""Paragraphs, the first, whose headings it lists."""
MOST_CENTRAL, MOST_DATES, MOST_NAMES, MOST_HEADINGS = 3, 6, 8, 200
_MOST_KEPT = 40
"""Dates and names that are known of a document."""

_TOLD = (Role.TITLE, Role.HEADING, Role.BODY, Role.LIST, Role.TABLE)
_NAMING = (Role.BODY, Role.LIST)
_FENCE = regex.compile(r"\s*(?:```|~~~)")
_FRONT_MATTER = regex.compile(r"---\s*\n")
_SIGNS = regex.compile(r"[{}=;<>$\\]")
_MOST_SIGNS = 0.05
"""Of the letters of a paragraph, from which on it is code; prose with web addresses and brackets has less."""
_BULLET = r"[•▪◦‣·*+–—-]"
_ITEM = regex.compile(rf"\s*{_BULLET}\s")
_ALERT = regex.compile(r"(?:>\s*|\[![A-Z]+\]\s*)+")
_OF_NAMES = regex.compile(r"[’']s$|[’']$")
_BEGINS = regex.compile(rf"(?:{_BULLET}\s|[:;|>\t]\s?)$")
"""What a sentence, an item or a cell begins after: the next word has its capital from that."""
_DAYS = MONTHS.keys() | language.numbered("dates.weekdays").keys()
_JOINED = regex.compile(r"\p{L}+-$")
_WITH_CAPITAL = regex.compile(r"(?<![\p{L}\p{M}’'-])\p{Lu}[\p{L}\p{M}’'-]+\s$")
_LONGEST_BEFORE = 40
"""Letters before a name that are looked at."""
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}’'-]*")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, and under how many others it stands."""

    passage: Passage
    level: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name as the document writes it, how often it stands there, and where first."""

    text: str
    count: int
    first: Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """`central` and `headings` are in the document's order, `every_date` in that of time, and `every_name` has the most
    frequent first."""

    central: tuple[Telling, ...] = ()
    headings: tuple[Heading, ...] = ()
    every_date: tuple[Event, ...] = ()
    every_name: tuple[Name, ...] = ()

    @property
    def dates(self) -> tuple[Event, ...]:
        """Those that tell most of the time it speaks of."""
        return tuple(spread(self.every_date, most=MOST_DATES))

    @property
    def names(self) -> tuple[Name, ...]:
        """Those that stand there more than once."""
        return tuple(one for one in self.every_name if one.count > 1)[:MOST_NAMES]

    def __bool__(self) -> bool:
        return bool(self.central or self.headings or self.dates or self.names)


def guide_to(passages: Sequence[Passage], *, weight_of: Callable[[str], float]) -> Guide:
    """The guide to a document, of its paragraphs in their order, MOST_LISTED at most; `weight_of` says how much a stem
    tells."""
    read = passages[:MOST_READ]
    own = [one for one in read if is_own_voice(one)]
    prose = [one for one in own if one.paragraph.role is Role.BODY and not _ITEM.match(one.paragraph.text)]
    told = {one.telling.text: one for one in events(own)}
    return Guide(
        central=tuple(_central(prose, weight_of)),
        headings=tuple(_upper(list(_headings(passages[:MOST_LISTED])))),
        every_date=tuple(spread(list(told.values()), most=_MOST_KEPT)),
        every_name=tuple(_names(own)),
    )


def is_own_voice(passage: Passage) -> bool:
    """Whether a paragraph is the document's own, and neither code nor its front matter."""
    paragraph = passage.paragraph
    is_front_matter = paragraph.number == 1 and _FRONT_MATTER.match(paragraph.text) is not None
    return paragraph.role in _TOLD and not is_front_matter and not _is_code(paragraph.text)


def _central(prose: Sequence[Passage], weight_of: Callable[[str], float]) -> Iterator[Telling]:
    for one in central_sentences(prose, weight_of=weight_of, most=MOST_CENTRAL):
        if tells(one.text):
            yield _without_signs(one)


def _without_signs(one: Telling) -> Telling:
    """A sentence without what a quotation or an alert of Markdown begins with."""
    signs = _ALERT.match(one.text)
    return Telling(one.passage, Span(one.span.start + signs.end(), one.span.end)) if signs else one


def _is_code(text: str) -> bool:
    return _FENCE.match(text) is not None or len(_SIGNS.findall(text)) > max(_MOST_SIGNS * len(text), 1)


def _headings(passages: Sequence[Passage]) -> Iterator[Heading]:
    """Those of the document: not its title, and not what stands over the comments of its readers."""
    for i, passage in enumerate(passages):
        paragraph = passage.paragraph
        if paragraph.role not in (Role.TITLE, Role.HEADING) or not is_own_voice(passage):
            continue
        is_title = paragraph.role is Role.TITLE and display(paragraph.text.lstrip("# ")) == passage.source.title
        below = (one.paragraph.role for one in passages[i + 1 :])
        following = next((role for role in below if role not in (Role.HEADING, Role.BOILERPLATE)), None)
        if not is_title and following is not Role.COMMENT:
            yield Heading(passage, len(paragraph.heading))


def _upper(headings: Sequence[Heading]) -> Sequence[Heading]:
    """All of them, or where they are too many, without the deepest."""
    left = headings
    while len(left) > MOST_HEADINGS and (shallow := [one for one in left if one.level < max(h.level for h in left)]):
        left = shallow
    return left[:MOST_HEADINGS]


def _names(passages: Sequence[Passage]) -> Iterator[Name]:
    """The most frequent first, of as many the one that is named first."""
    prose = [one for one in passages if one.paragraph.role in _NAMING]
    texts = [one.paragraph.text for one in prose]
    # Where every noun has a capital, a single word with one is hardly a name.
    fewest_words = 2 if is_in("german", texts) else 1
    plain = Counter(word for text in texts for word in _WORD.findall(text) if word.islower())
    every = [one for passage in prose for one in _named(passage)]
    known = {key_of(one.text) for one in every}
    found: dict[str, list[Telling]] = {}
    for one in every:
        whole = _from_the_first_word(one)
        told = whole if key_of(whole.text) in known else one
        found.setdefault(key_of(told.text), []).append(told)
    kept = [named for key, named in found.items() if _is_name(key, len(named), plain, fewest_words)]
    for named in sorted(kept, key=lambda one: -len(one))[:_MOST_KEPT]:
        yield Name(display(named[0].text), len(named), named[0])


def _named(passage: Passage) -> Iterator[Telling]:
    paragraph = passage.paragraph
    for span in find_whole_names(paragraph.text):
        said, before = span.of(paragraph.text), paragraph.text[max(span.start - _LONGEST_BEFORE, 0) : span.start]
        if _BEGINS.search(before):
            continue
        joined = _JOINED.search(before)
        start = span.start - len(joined.group()) if joined else span.start
        end = span.start + len(_OF_NAMES.sub("", said))
        yield Telling(passage, Span(start, end).shifted(paragraph.start))


def _from_the_first_word(one: Telling) -> Telling:
    """A name with the word before it, which began a sentence, so that its capital told nothing."""
    paragraph = one.passage.paragraph
    start = one.span.start - paragraph.start
    before = _WITH_CAPITAL.search(paragraph.text[max(start - _LONGEST_BEFORE, 0) : start])
    return Telling(one.passage, Span(one.span.start - len(before.group()), one.span.end)) if before else one


def key_of(name: str) -> str:
    """By which two ways to write a name are one."""
    return " ".join(terms.words(name))


def _is_name(key: str, count: int, plain: Counter[str], fewest_words: int) -> bool:
    """Whether it is more than a common word that was given a capital, a word of grammar, or a month."""
    words = key.split()
    if len(words) < fewest_words or not terms.content_words(key) or all(word in _DAYS for word in words):
        return False
    return len(words) > 1 or (len(key) > 1 and plain[key] < count)
