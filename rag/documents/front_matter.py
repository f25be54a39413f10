"""What the head of a text says of itself: title, author, date.

Knows the ways pages write bylines and dates, in the languages of `rag/text/languages/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import regex

from rag.domain import Paragraph, Role
from rag.text import language
from rag.text.dates import find_whole_dates, masked

_DATE_WORDS = regex.compile(
    rf"\b(?:{language.pattern('bylines.beside_date', 'dates.weekdays', 'dates.short_weekdays')}|\d+)\b",
    regex.IGNORECASE,
)
_NAME_WORD = r"(?-i:\p{Lu})[\p{L}\p{M}.'’-]*"
_BYLINE = regex.compile(
    rf"(?i)^\W*(?:{language.pattern('bylines.written')}\s+)?{language.pattern('bylines.by')}\s+"
    rf"(?P<author>{_NAME_WORD}(?:\s+(?:(?:{language.pattern('bylines.particles')}|&)\s+)*{_NAME_WORD}){{0,5}})"
)
_NAME_AND_DATE = regex.compile(
    rf"^\W*(?:{language.pattern('bylines.labels')}:\s*)?"
    r"(?P<author>\p{Lu}[\p{Ll}\p{M}.'’-]+(?:\s+\p{Lu}[\p{L}\p{M}.'’-]*){1,3})\s*[,.|·–—-]\s*(?:\p{L}+\s+)?(?=\d)"
)
_BARE_NAME = regex.compile(r"(?P<author>\p{Lu}[\p{L}\p{M}'’-]+(?:\s+\p{Lu}[\p{L}\p{M}.'’-]*){1,3})")
_TAG = regex.compile(r"</?(?:summary|details|h[1-6]|b|i|em|strong|code|a|span)\b[^>]*>")
_HEADING_MARKS = regex.compile(r"^#{1,6}\s+|(?<=\s)#+\s*$|[\r\n]\s*(?:=+|-+|~+|\*+|_+|#+|\++)\s*$")
_DATELINE = regex.compile(r"\p{Lu}[\p{Lu} .'’-]{2,30}[,(–—-]+\s*.{6,20}\d{4}")  # "TARRINGTON, 21 November 2023 --"
_LABEL = regex.compile(r"\W*(?:\d{1,3}[.)]\s+)?[\p{L} ]{2,40}:(?=\s)")
_FILED = regex.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
_TO_COME = regex.compile(rf"\b{language.pattern('bylines.to_come')}\b", regex.IGNORECASE)
_WEEKDAY = regex.compile(rf"\b{language.pattern('dates.weekdays', 'dates.short_weekdays')}\b", regex.IGNORECASE)
_OF_TEXT = regex.compile(
    r"(?i)\b(?:datum|fecha|"
    rf"{language.pattern('bylines.written', 'bylines.labels', 'bylines.by', 'comments.done', 'comments.fields')})\b"
)
_HOLDS_FROM = regex.compile(rf"(?i)^\W*{language.pattern('bylines.holds_from')}[:\s]+(?=[^.;]{{0,12}}\d)")
"""The beginning of a paragraph that says from when the text holds: "This policy is effective from 1 March 2026."."""

_LONGEST_DAY = 28  # letters: "Wednesday, 30 September 2026"
_SAID_WITHIN = 4  # paragraphs: what stands further below tells of something else
_FIELD = regex.compile(r"(?im)^[ \t]*(?P<name>title|author|date)\s*[:=]\s*[\"']?(?P<value>.+?)[\"']?\s*$")


def is_front_matter(paragraph: Paragraph) -> bool:
    """Whether a document begins with it: fields between two rules."""
    return paragraph.number == 1 and paragraph.text.startswith(("---", "+++"))


def is_byline(text: str) -> bool:
    """Whether a block near the top only names an author, a date, or both."""
    if len(text) > 200 or len(text.splitlines()) > 3:
        return False
    author = _BYLINE.match(text)
    if (
        author
        and len(text[author.end() :].split()) <= 18
        and not regex.search(r"[a-z]\.\s+\p{Lu}", text[author.end() :])
    ):
        return True
    if not find_whole_dates(text) or _is_date_of_else(text):
        return False
    return _words_beside_dates(text) <= (10 if _NAME_AND_DATE.match(text) else 4)


def _is_date_of_else(text: str) -> bool:
    """Whether it is a date of something that is not the text: "Next meeting: 7 June 2024"."""
    label = _LABEL.match(text)
    if label is None or not is_date_line(text[label.end() :].strip()):
        return False
    of_text = regex.sub(r"\d", "", label.group())
    return bool(_TO_COME.search(of_text)) or not (_DATE_WORDS.search(of_text) or _OF_TEXT.search(of_text))


def is_bare_name(text: str) -> bool:
    """Whether a block could be somebody's name and nothing else; so could many a title."""
    return _BARE_NAME.fullmatch(text) is not None


def is_date_line(text: str) -> bool:
    """Whether a line holds a full date and nothing else."""
    return len(text) <= 80 and find_date(text) is not None and _words_beside_dates(text) == 0


def _words_beside_dates(text: str) -> int:
    return len(regex.findall(r"\p{L}{2,}", _DATE_WORDS.sub("", _without_dates(text))))


def find_date(text: str) -> date | None:
    """The first full date that stands in `text`, or None. `2015-10-18`, `18.10.2015`, `10/18/2015` and month
    names are read; 02/07/2021 is not, since it could be either month."""
    readings = (one.readings for one in find_whole_dates(text))
    return next((days[0].in_calendar for days in readings if len(days) == 1), None)


def _without_dates(text: str) -> str:
    return masked(text, (dated.span for dated in find_whole_dates(text)))


def find_author(text: str) -> str | None:
    """The name in a byline: "By Juan Cole | …", "12. Mai 2020 von Jutta Brandner"."""
    match = (
        _BYLINE.match(text)
        or _BYLINE.match(_without_dates(text))
        or _NAME_AND_DATE.match(text)
        or _BARE_NAME.fullmatch(text)
    )
    if match is None:
        return None
    author = match.group("author").strip()
    return author.title() if author.isupper() else author


def heading_text(text: str) -> str:
    """A title or heading without the marks that make it one: "## Two ##", "<summary>Two</summary>" and "Two",
    underlined, are all "Two"."""
    return " ".join(_HEADING_MARKS.sub("", _TAG.sub("", text)).split())


def describe(paragraphs: Iterable[Paragraph], stem: str) -> tuple[str, date | None, str | None]:
    """Title, date and author of a document: from its title, byline and dateline, else the file's name."""
    title, day, author = stem.replace("_", " "), None, None
    titled = False
    for paragraph in paragraphs:
        if paragraph.role is Role.TITLE and not titled:
            title, titled = heading_text(paragraph.text), True
        if paragraph.role is Role.BYLINE:
            day = day or find_date(paragraph.text)
            author = author or find_author(paragraph.text)
        if paragraph.role is Role.BODY and day is None:
            dateline = _DATELINE.match(paragraph.text)
            day = find_date(dateline.group()) if dateline else _held_from(paragraph)
        if is_front_matter(paragraph):
            lines = "\n".join(paragraph.text.splitlines())
            named = {match.group("name").lower(): match.group("value") for match in _FIELD.finditer(lines)}
            title, titled = named.get("title", title), titled or "title" in named
            author = named.get("author", author)
            day = find_date(named.get("date", "")) or day
    return title, day or _date_of_name(title, stem), author


def _held_from(paragraph: Paragraph) -> date | None:
    """The day from which a text says at its beginning that it holds: "In force from 1 April 2026; replaces …"."""
    said = _HOLDS_FROM.match(paragraph.text)
    if said is None or paragraph.number > _SAID_WITHIN:
        return None
    return find_date(paragraph.text[said.end() : said.end() + _LONGEST_DAY])


def _date_of_name(title: str, stem: str) -> date | None:
    """The date that a file is named by, "2025-09-16-committee", or that stands in a title as that of minutes and
    invitations does, with its weekday; none where the title only tells of a day."""
    filed = _FILED.search(stem)
    named = find_date(filed.group()) if filed else None
    return named or (find_date(title) if _WEEKDAY.search(title) else None)
