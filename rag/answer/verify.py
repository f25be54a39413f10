"""Does the cited text support the statement? Pure functions of texts, no model.

`verified` means: the words stand in the document, and so does every number, unit, date and name of the statement, in the
cited paragraph, and what the statement denies is not what the paragraph affirms, nor has a word of it its opposite in
the same place there. It does not mean that the document is
right, nor that a paraphrase is entailed in every nuance: who did what to whom is not checked, only that all of it is
there. A value found only in the question is not support: that is how false premises get echoed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import regex

from rag.documents.context import display
from rag.domain import Citation, Role, Statement, Verdict
from rag.text import terms
from rag.text.abroad import is_named, knows_months, may_be_no_name, names_abroad, without_numbers
from rag.text.dates import Day, same_year
from rag.text.identify import likeliest_language
from rag.text.names import missing_names
from rag.text.opposites import opposites_in, stands_alike
from rag.text.overlap import SentenceView, view_sentences
from rag.text.values import VALUE_STEMS, Offered, Stated, offered, stated, together

LEAST_SUPPORT = 0.5
"""Share of a statement's content words that must stand in the cited paragraphs."""

_OF_A_HALF = 0.6
"""Of that share, what each half of a statement needs by itself: two spans glued have one foreign half."""
_LONG = 8
"""Content words from which on a statement has halves."""

_NOT = regex.compile(
    r"\b(?:not(?!\s+only)|never|no(?!\.?\s*\d)|none|nobody|nothing(?!\s+but)|neither|nor|without|cannot)\b|n[’']t\b",
    regex.IGNORECASE,
)
# What may stand in the document for a "not" in the statement.
_DENYING = regex.compile(
    r"\b(?:not|never|no|none|nobody|nothing|neither|nor|without|cannot|hardly|barely|scarcely|rarely|seldom|unable|den(?:y|ies|ied)|refus\w+"
    r"|fail\w*|reject\w*|declin\w+|turned\s+down|lack\w*|prevent\w*|prohibit\w*|ban(?:s|ned)?|forb[ai]d\w*|against|avoid\w*|absen\w+|abst\w+|unless"
    r"|instead|rather|except\w*|few|little|un(?!der|til|cle(?!ar)|i[tvoqfsc])\w{4,}|in(?:complete|ability|sufficient|active|correct)|im(?:possible|proper)|non\w*"
    r"|dis(?:agree|allow|appear|continu|miss|prov|put|qualif|regard)\w*|ceas\w+|stop\w*|former\w*)\b|n[’']t\b",
    regex.IGNORECASE,
)
_COPY = 0.8
"""Share of content words in common from which on a statement repeats a sentence."""
_CLAUSE = 200
"""Characters behind a "not" that are looked at."""
_REACH = 2
"""Content words behind a "not" that it denies."""
COMPARED = "its source is in another language: checked for numbers and names only"
NOT_ALL_NAMED = "its source is in another language: checked for numbers and some names only"
NOT_NAMED = "its source is in another language, and “{}” was not found in it"
NOT_COMPARED = "its source is in another language: nothing in it could be compared"


class Fault(StrEnum):
    """What a statement is unsupported for."""

    CITATION = "citation"
    VALUE = "value"
    NAME = "name"
    DENIAL = "denial"
    OPPOSITE = "opposite"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on a statement and, where it is not supported, for what and why."""

    verdict: Verdict
    fault: Fault | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Backing:
    """What stands behind a statement: the cited paragraphs and what their documents say of them (title, headings, who
    speaks), each text once; and when the first of the documents to say so was `published`."""

    texts: tuple[str, ...]
    published: date | None = None

    @classmethod
    def of(cls, citations: Sequence[Citation]) -> Backing:
        texts = (
            text
            for citation in citations
            for text in (
                citation.paragraph.text,
                citation.source.title,
                *citation.paragraph.heading,
                citation.paragraph.speaker or "",
            )
        )
        dates = (citation.source.date for citation in citations if citation.source.date)
        return cls(tuple(dict.fromkeys(filter(None, texts))), next(dates, None))

    @property
    def sentences(self) -> list[SentenceView]:
        # Asked as retrieval asks, so that what it read is found again.
        return [sentence for text in self.texts for sentence in view_sentences(text, False)]

    @property
    def stems(self) -> frozenset[str]:
        return frozenset[str]().union(*(sentence.present for sentence in self.sentences))

    @property
    def values(self) -> Offered:
        return together([offered(text, self.published) for text in self.texts])


def verify(statement: str, citations: Sequence[Citation], least_support: float = LEAST_SUPPORT) -> Finding:
    """Check a statement against the paragraphs it cites: dates, numbers, names, denials, words. What is its citation's
    quote word for word is verified by that. `least_support` is the share of its content words that must stand there."""
    if not citations:
        return _unsupported(Fault.CITATION, "nothing is cited for it")
    if any(display(citation.quote) == display(statement) for citation in citations):
        return Finding(Verdict.VERIFIED)
    return check(statement, Backing.of(citations), least_support)


def verify_row(statement: str, citations: Sequence[Citation], least_support: float = LEAST_SUPPORT) -> Finding:
    """As `verify`, of a row of a table that a model wrote. What it takes from a table must stand in the rows that it
    cites, below the names of their columns: in the paragraph stand the others, too."""
    finding = verify(statement, citations, least_support)
    if finding.verdict is not Verdict.VERIFIED or any(one.paragraph.role is not Role.TABLE for one in citations):
        return finding
    texts = (text for one in citations for text in (one.quote, one.paragraph.text.partition("\n")[0]))
    titles = (text for one in citations for text in (one.source.title, *one.paragraph.heading))
    return check(statement, Backing(tuple(dict.fromkeys([*texts, *titles]))), least_support)


def verify_translated(statement: str, citations: Sequence[Citation]) -> Finding:
    """Check a statement that is in another language than the paragraphs it cites: every date and number must stand
    there. Its words cannot be compared, and a name that is not found may be right: languages have their own. It is
    told."""
    backing, code = Backing.of(citations), likeliest_language(statement)
    rest, numbers = without_numbers(statement, code)
    said = stated(rest)
    if missing := _missing_abroad(said, numbers, backing, knows_months=knows_months(code)):
        return _unsupported(Fault.VALUE, f"the {missing[0]} is not in the cited paragraph")
    names = names_abroad(rest, code)
    unknown = [name for name in names if not is_named(name, backing.texts)]
    if not (said or numbers or len(unknown) < len(names)):
        return Finding(Verdict.TRANSLATED, reason=NOT_COMPARED)
    told = next((name for name in unknown if not may_be_no_name(name, code)), None)
    reason = NOT_NAMED.format(told) if told else NOT_ALL_NAMED if unknown else COMPARED
    return Finding(Verdict.TRANSLATED, reason=reason)


def settle(statement: Statement) -> Statement:
    """The statement with its verdict."""
    finding = verify(statement.text, statement.citations)
    return replace(statement, verdict=finding.verdict, reason=finding.reason)


def quotation(citation: Citation, *, lead: str | None) -> Statement:
    """The words of a citation as a statement, with its verdict; `lead` are words of ours in front of it."""
    return settle(Statement(text=display(citation.quote), citations=(citation,), lead=lead))


def check(statement: str, backing: Backing, least_support: float = LEAST_SUPPORT) -> Finding:
    """Check a statement against what backs it. "It is so." says nothing that could be compared, unless it stands there
    as it is."""
    said = stated(statement)
    is_empty = not said and not terms.content_stems(statement)
    if is_empty and display(statement) not in {display(one.text) for one in backing.sentences}:
        return _unsupported(Fault.WORDS, "nothing in it can be compared with the cited paragraph")
    if missing := _missing_values(said, backing):
        return _unsupported(Fault.VALUE, f"the {missing[0]} is not in the cited paragraph")
    stems = backing.stems
    if missing := missing_names(statement, backing.texts, stems):
        return _unsupported(Fault.NAME, f"the name “{missing[0]}” is not in the cited paragraph")
    if _denied_apart(statement, backing.sentences):
        return _unsupported(Fault.DENIAL, "it denies what the cited paragraph does not, or the other way round")
    if opposed := _opposed(statement, backing.sentences):
        return _unsupported(Fault.OPPOSITE, "it says “{}” where the cited paragraph says “{}”".format(*opposed))
    if apart := _words_apart(statement, stems, least_support):
        return _unsupported(Fault.WORDS, apart)
    return Finding(Verdict.VERIFIED)


def _unsupported(fault: Fault, reason: str) -> Finding:
    return Finding(Verdict.UNSUPPORTED, fault, reason)


# --- dates and numbers


def _missing_values(said: Stated, backing: Backing) -> list[str]:
    if not said:
        return []
    there = backing.values
    return [*_other_days(said, there), *_other_numbers(said, there), *_other_units(said, there)]


def _other_days(said: Stated, there: Offered) -> list[str]:
    missing = [readings[0] for readings in said.days if not any(_is_told(day, there) for day in readings)]
    decades = [one for one in said.decades if one not in there.decades | {year // 10 * 10 for year in there.years}]
    return [*(f"{day.kind} {day}" for day in missing), *(f"decade {one}s" for one in decades)]


def _is_told(day: Day, there: Offered) -> bool:
    """Whether a source tells this date: its day and month together, and in no other year; its year at least by itself."""
    if day.year is not None and not any(same_year(day.year, year) for year in there.years):
        return day.month is None and day.year in there.numbers
    if day.month is None:
        return True
    return any(
        other.month == day.month and (day.day is None or other.day == day.day) and day.agrees(other)
        for other in there.days
    )


def _other_numbers(said: Stated, there: Offered) -> list[str]:
    numbers = [amount.value for amount in said.amounts if amount.value not in there.numbers]
    shares = [spellings[0] for spellings in said.shares if not there.numbers & set(spellings)]
    ordinals = [float(number) for number in said.ordinals if number not in there.ordinals | there.numbers]
    clocks = [clock for clock in said.clocks if clock not in there.clocks]
    return [
        *(f"number {_shown(one)}" for one in [*numbers, *shares, *ordinals]),
        *(f"time {clock}" for clock in clocks),
    ]


def _other_units(said: Stated, there: Offered) -> list[str]:
    """Amounts whose number is cited, but for something else: always with another unit of measure ("13 weeks" for "13
    days"), or with other things of which it counts another number ("1,190 tanks" for "1,190 soldiers and 60 tanks")."""
    measures, things, counts = defaultdict(set), defaultdict(set), defaultdict(set)
    for other in there.amounts:
        measures[other.value].add(other.measure)
        things[other.value].add(other.unit)
        counts[other.unit].add(other.value)
    wrong = []
    for amount in said.amounts:
        measured, counted = measures[amount.value] - {None}, things[amount.value]
        if amount.measure is not None and measured and amount.measure not in measured:
            wrong.append(f"unit “{_shown(amount.value)} {amount.measure}”")
        if amount.unit and counted and not counted & {None, amount.unit} and counts[amount.unit] - {amount.value}:
            wrong.append(f"count “{_shown(amount.value)} {amount.unit}”")
    return wrong


def _shown(number: float) -> str:
    return f"{number:.0f}" if number.is_integer() else f"{number:g}"


def _missing_abroad(said: Stated, numbers: Sequence[float], backing: Backing, *, knows_months: bool) -> list[str]:
    """The dates and numbers of a statement in another language that its source does not tell in any way: "das 19.
    Jahrhundert" is the 19th, and "1990er" the 1990s. Where the names of months are not known, a day may be any number."""
    there = backing.values
    offers = {*there.numbers, *there.ordinals, *there.decades, *there.years, *(clock.hour for clock in there.clocks)}
    offers.update(decade % 100 for decade in there.decades)
    for text in backing.texts:
        offers.update(without_numbers(text, likeliest_language(text))[1])
    if not knows_months:
        offers.update(day.day for day in there.days if day.day)
    wide = replace(there, numbers=frozenset(map(float, offers)))
    told = [number for number in numbers if number not in wide.numbers]
    return [*_other_days(said, wide), *_other_numbers(said, wide), *(f"number {_shown(one)}" for one in told)]


# --- denials


def _denied_apart(statement: str, cited: Sequence[SentenceView]) -> bool:
    """Whether only one of the two denies something: the statement, where the sentence nearest to it that speaks of the
    same denies nothing; or the cited text, where the statement is but for that a sentence of it, or all that speak of
    it deny it."""
    if not cited or not any(_NOT.search(text) for text in (statement, *(one.text for one in cited))):
        return False
    said = set(terms.content_stems(statement))
    sentences = sorted(cited, key=lambda one: -len(said & one.present))
    for denied in _denied(statement):
        nearest = next((one for one in sentences if denied & one.present), sentences[0])
        if not _DENYING.search(nearest.text):
            return True
    if len(_NOT.findall(statement)) < len(_NOT.findall(sentences[0].text)) and _is_copy(said, sentences[0]):
        return True
    return not _DENYING.search(statement) and any(
        denied <= said and not any(denied & other.present for other in sentences if other is not one)
        for one in sentences
        for denied in _denied(one.text)
    )


def _is_copy(said: set[str], sentence: SentenceView) -> bool:
    wanted = set(terms.content_stems(sentence.text))
    return len(said & wanted) >= _COPY * max(len(said), len(wanted))


def _denied(text: str) -> Iterator[frozenset[str]]:
    """For each "not" the stems of the words that it denies."""
    for match in _NOT.finditer(text):
        clause = regex.split(r"[.,;:!?()\"“”]", text[match.end() : match.end() + _CLAUSE], maxsplit=1)[0]
        if stems := terms.content_stems(clause)[:_REACH]:
            yield frozenset(stems)


# --- opposites


def _opposed(statement: str, cited: Sequence[SentenceView]) -> tuple[str, str] | None:
    """A word of the statement, and its opposite that stands in its place in the sentence with most of the statement's
    words; none where any cited sentence has the word itself in that place."""
    said = terms.content_stems(statement)
    nearest = max(cited, key=lambda one: len(one.present.intersection(said)), default=None)
    if nearest is None:
        return None
    opposed = opposites_in(statement, nearest.text)
    return next(
        (pair for pair in opposed if not any(stands_alike(pair[0], statement, one.text) for one in cited)), None
    )


# --- words


def _words_apart(statement: str, there: frozenset[str], least_support: float) -> str | None:
    # Values were compared before, as values: "Oct. 18" holds no word of "the 18th of October".
    words = [word for word in terms.content_stems(statement) if not word[0].isdigit() and word not in VALUE_STEMS]
    found = [word in there for word in words]
    if sum(found) < least_support * len(words):
        return f"only {sum(found)} of its {len(words)} words are in the cited paragraph"
    middle = len(words) // 2
    halves = (found[:middle], found[middle:]) if len(words) >= _LONG else (found,)
    if any(sum(half) < _OF_A_HALF * least_support * len(half) for half in halves):
        return "half of it is not in the cited paragraph"
    return None
