"""What the head of a text says of itself: title, author, date.

Knows the ways pages write bylines and dates, in English, German, French and Spanish.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import regex

from rag.domain import Paragraph, Role

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero jän jänner",
            "february feb februar février fevrier febrero",
            "march mar märz maerz mars marzo",
            "april apr avril abril",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet julio",
            "august aug août aout agosto",
            "september sep sept septembre septiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre decembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = regex.compile(
    rf"(?i)\b(?:(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:de\s+)?(?P<month>{_MONTH})\.?,?\s+(?:de\s+)?(?P<year>\d{{4}})"
    r"|(?P<year>\d{4})-(?P<monthnumber>\d{2})-(?P<day>\d{2})|(?P<day>\d{1,2})\.(?P<monthnumber>\d{1,2})\.(?P<year>\d{4}))"
)
_DATE_WORDS = regex.compile(
    r"(?i)\b(?:updated|published|posted|last|modified|on|at|um|von|first|date|stand|aktualisiert|veröffentlicht|uhr|am|pm|a\.m\.|p\.m\.|[ap]m"
    r"|mon(?:day)?|tues?(?:day)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
    r"|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|[ecpgm][sd]?t|utc|bst|cest|min(?:ute)?s?\s+read|\d+)\b"
)
_BYLINE = regex.compile(
    r"(?i)^\W*(?:(?:written|posted|reported|published|story|text|words|recipe|edited|compiled)\s+)?(?:by|von|par|por)\s+"
    r"(?P<author>(?-i:\p{Lu})[\p{L}\p{M}.'’-]*(?:\s+(?:(?:von|van|de|der|da|di|la|le|al|bin|und|and|&)\s+)*(?-i:\p{Lu})[\p{L}\p{M}.'’-]*){0,5})"
)
_NAME_AND_DATE = regex.compile(
    r"^\W*(?:(?:Interview|Text|Words|Story):\s*)?(?P<author>\p{Lu}[\p{Ll}\p{M}.'’-]+(?:\s+\p{Lu}[\p{L}\p{M}.'’-]*){1,3})\s*[,.|·–—-]\s*(?:\p{L}+\s+)?(?=\d)"
)
_FIELD = regex.compile(r"(?im)^\s*(?P<name>title|author|date):\s*[\"']?(?P<value>.+?)[\"']?\s*$")


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
    return find_date(text) is not None and _words_beside_dates(text) <= 4


def is_date_line(text: str) -> bool:
    """Whether a line holds a full date and nothing else."""
    return len(text) <= 80 and find_date(text) is not None and _words_beside_dates(text) == 0


def _words_beside_dates(text: str) -> int:
    return len(regex.findall(r"\p{L}{2,}", _DATE_WORDS.sub("", _DATE.sub("", text))))


def find_date(text: str) -> date | None:
    """The first full date that stands in `text`, or None. `2015-10-18`, `18.10.2015` and month names are read."""
    for match in _DATE.finditer(text):
        month = match.group("month")
        number = _MONTHS[month.lower()] if month else int(match.group("monthnumber"))
        try:
            return date(int(match.group("year")), number, int(match.group("day")))
        except ValueError:
            continue
    return None


def find_author(text: str) -> str | None:
    """The name in a byline: "By Juan Cole | …", "12. Mai 2020 von Jutta Brandner"."""
    match = _BYLINE.match(text) or _BYLINE.match(_DATE.sub("", text)) or _NAME_AND_DATE.match(text)
    return match.group("author").strip() if match else None


def describe(paragraphs: Iterable[Paragraph], stem: str) -> tuple[str, date | None, str | None]:
    """Title, date and author of a document: from its title and byline paragraphs, else the file's name."""
    title, day, author = stem.replace("_", " "), None, None
    titled = False
    for paragraph in paragraphs:
        if paragraph.role is Role.TITLE and not titled:
            title, titled = " ".join(regex.sub(r"^#+\s*|[=\-]{3,}$", "", paragraph.text).split()), True
        if paragraph.role is Role.BYLINE:
            day = day or find_date(paragraph.text)
            author = author or find_author(paragraph.text)
        if paragraph.number == 1 and paragraph.text.startswith("---"):
            named = {match.group("name").lower(): match.group("value") for match in _FIELD.finditer(paragraph.text)}
            title, titled = named.get("title", title), titled or "title" in named
            author = named.get("author", author)
            day = find_date(named.get("date", "")) or day
    return title, day, author
