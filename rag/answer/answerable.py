"""Which sentences can answer a question at all: no label, signature, name of who speaks, head of a letter or repeat of
the question."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import regex

from rag.answer.candidate import Candidate, asks, label_of
from rag.answer.polar import is_polar
from rag.documents.front_matter import is_front_matter
from rag.documents.signatures import is_signature
from rag.text import language
from rag.text.dates import is_year
from rag.text.overlap import Inquiry, stems_of
from rag.text.units import cells_of, field_of

_ALIKE = 3
"""Letters by which the name of a field and a word of the question are told as one: "owner" and "owns"."""
_NEAR_THE_TOP, _MOST_WORDS = 4, 10
_OF_THE_DOCUMENT = regex.compile(rf"\W*{language.pattern('telling.of_the_document')}\b", regex.IGNORECASE)
_SALUTES = regex.compile(
    rf"(?:{language.pattern('letters.salutations')})(?:[\s,/&]+[\p{{L}}\p{{M}}.'’-]+){{0,7}}\s*[,!:]?", regex.IGNORECASE
)
_HEAD_OF_LETTER = frozenset(language.words("letters.head"))


def is_telling(candidate: Candidate, inquiry: Inquiry) -> bool:
    """“If a fire starts:” announces an answer and is none, and neither is a label, “Regards, Michael”, “Hi all,”,
    a question, unless somebody is heard to ask it, the names of a table's columns, a field with nothing but the
    document's title, or what the question says itself, or one of its front matter that is not asked for: by its name,
    as far as beginnings go, or by who or when; nor what a document says of itself in no word of the question."""
    sentence = candidate.sentence
    is_asked = asks(sentence) and (candidate.is_answered_next or candidate.passage.paragraph.speaker is None)
    names_columns = sentence.is_header or (sentence.is_row and _is_row_of_years(sentence.text))
    is_label = candidate.index == 0 and label_of(candidate.sentences) is not None
    said = sentence.text.lstrip("> ")
    is_of_letter = is_signature(said) or _is_salutation(said)
    speaker = candidate.passage.paragraph.speaker
    if speaker is not None and sentence.text.strip(" .:,") == speaker:
        return False
    if _is_of_the_document(candidate) and sentence.present.isdisjoint(inquiry.stems):
        return False
    if repeats(candidate, inquiry) or names_columns or is_label or is_asked or is_of_letter:
        return False
    if candidate.is_field and not _tells_field(candidate, inquiry):
        return False
    if candidate.is_record and _is_head_of_letter(sentence.text) and not _asks_of_letter(sentence.text, inquiry):
        return False
    return not sentence.text.endswith(":") and any(map(str.isalnum, sentence.text))


def _is_of_the_document(candidate: Candidate) -> bool:
    """Whether it says, below a title, whose the document is, or since when it holds, and no more: "Owner: Finance.
    Applies from 1 January 2025."."""
    text, number = candidate.sentence.text, candidate.passage.paragraph.number
    if candidate.sentence.is_row:
        return False
    return number <= _NEAR_THE_TOP and len(text.split()) <= _MOST_WORDS and _OF_THE_DOCUMENT.match(text) is not None


def _is_salutation(sentence: str) -> bool:
    """Whether it greets somebody and says nothing else: "Dear Ms Weber,"."""
    return sentence.endswith((",", "!", ":")) and _SALUTES.fullmatch(sentence) is not None


def repeats(candidate: Candidate, inquiry: Inquiry) -> bool:
    """Whether a sentence is words of the question and nothing else, "Podcast recording software.": that answers none
    but for yes or no, or who said so."""
    sentence = candidate.sentence
    is_heard = candidate.passage.paragraph.speaker is not None or asks(sentence)
    is_prose = not (sentence.is_row or sentence.is_header or is_heard)
    return is_prose and not is_polar(inquiry.question) and sentence.present <= words_of(inquiry)


def _is_row_of_years(text: str) -> bool:
    """Whether it holds years beside names and nothing else: "Service 2024 2025" stands over what is asked for."""
    cells = cells_of(text)
    others = [cell for cell in cells if not is_year(cell)]
    return len(cells) - len(others) > 1 and not any(map(str.isdigit, "".join(others)))


def _is_head_of_letter(record: str) -> bool:
    """Whether it is the lines above a letter: "From: …", "Subject: …"."""
    return sum(field_of(line)[0].casefold() in _HEAD_OF_LETTER for line in record.splitlines()) > 1


def _asks_of_letter(record: str, inquiry: Inquiry) -> bool:
    """Whether the question asks for what stands above a letter: who wrote it, when, or a line by its name."""
    names = stems_of(" ".join(field_of(line)[0] for line in record.splitlines()), inquiry.truncated)
    return inquiry.kind in ("name", "date") or bool(names & set(inquiry.stems))


def _tells_field(candidate: Candidate, inquiry: Inquiry) -> bool:
    """Whether a field does."""
    name, value = field_of(candidate.sentence.text)
    if value.strip(" \"'“”").casefold() == candidate.passage.source.title.casefold():
        return False
    may_repeat = is_polar(inquiry.question) and not candidate.sentence.names_record
    if not may_repeat and stems_of(value, inquiry.truncated) <= words_of(inquiry):
        return False
    if inquiry.kind in ("name", "date") or not is_front_matter(candidate.passage.paragraph):
        return True
    begin = name.strip().casefold()[:_ALIKE]
    return any(word.startswith(begin) for word in words_of(inquiry))


def words_of(inquiry: Inquiry) -> AbstractSet[str]:
    """The stems of all words of the question."""
    return stems_of(inquiry.question, inquiry.truncated)
