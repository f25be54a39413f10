"""Who speaks: where a page stops being its author's and becomes its readers'.

The safe side is one-way. Once readers speak they speak to the end of the page, whatever the text looks
like, because presenting a reader's words as the document's own is worse than the opposite. What opens the
stretch: a heading that counts comments ("9 Responses"), an uncounted one ("Comments") that is followed by
somebody speaking, or the headers of posts, mails and reviews ("Anna says:", "From: …", "Posted by …").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from rag.documents.front_matter import is_date_line
from rag.documents.signatures import BareNames, Signature, bare_names, name_line, signatures, signed_name
from rag.domain import Citation, Role
from rag.text import language
from rag.text.dates import DATE_SHAPE, find_whole_dates

_NAME = r"[\p{L}\p{N}_@][\p{L}\p{M}\p{N}_.'’@\- ]{0,38}?[\p{L}\p{M}\p{N}_.)]"
_KINDS = language.pattern("comments.kinds")
_COUNT = r"\d+(?:[.,]\d+)*"
_BRACKETED = r"\s*[(:\[]\s*\d+\s*[)\]]?"
_COUNTED = regex.compile(
    rf"^\W*(?:{_COUNT}\s+(?:\w+\s+)?{_KINDS}(?:\s+{language.pattern('comments.counted')})?"
    rf"|(?:\w+\s+)?{_KINDS}{_BRACKETED})\W*$",
    regex.IGNORECASE,
)
_UNCOUNTED = regex.compile(
    rf"^\W*(?!{language.pattern('comments.single')}\W*$)(?:{language.pattern('comments.whose')}\s+)?"
    rf"{language.pattern('comments.kinds', 'comments.headings', 'comments.sections')}\W*$",
    regex.IGNORECASE,
)
_SECTION = regex.compile(rf"^\W*{language.pattern('comments.sections')}\W*$", regex.IGNORECASE)
_COMMENTS_COUNTED = regex.compile(
    rf"^\W*(?:{_COUNT}\s+{language.pattern('comments.surely')}|{language.pattern('comments.surely_many')}{_BRACKETED})\W*$",
    regex.IGNORECASE,
)
_CLOCK = regex.compile(rf"\b\d{{1,2}}[:.]\d\d\b|\b\d{{1,2}}\s*{language.pattern('dates.clock')}\b", regex.IGNORECASE)
_BARE_NAME = regex.compile(rf"^{_NAME}$")
_ON = language.pattern("bylines.on")
_SAYS = regex.compile(
    rf"(?im)^\W*(?:{_ON}\s.{{4,40}},\s+)?(?P<name>{_NAME})(?:\s*[(<\[][^)>\]]*[)>\]])?\s+{language.pattern('comments.says')}"
    rf"(?:\s*:|\s+{language.pattern('comments.said_when')}\b[^.:]{{0,40}}\d.{{0,30}})\s*$"
)
_DONE = language.pattern("comments.done")
_BY = language.pattern("bylines.by", "comments.from")
_POSTED = regex.compile(
    rf"(?im)^\W*{_DONE}\s+{_BY}:?\s+(?P<name>{_NAME}?)"
    rf"(?:\s*(?:[,|·•»–—(]|\b{_ON}\b|\b\d{{1,4}}(?:[./-]|\.?\s+\p{{L}}{{3}})).{{0,80}})?:?$"
)
_AROUND_NAME = regex.compile(
    rf"^(?:{language.pattern('comments.done', 'comments.done_again')}\s+)?{_BY}\s+|\s+{_ON}\s+\d.*$", regex.IGNORECASE
)
_MAIL = regex.compile(
    rf"(?im)^\W*{language.pattern('comments.fields')}:\s*[\"“]?(?P<name>{_NAME}?)[\"”]?\s*(?:[<(\[].*)?$"
)
_WEEKDAY = language.pattern("dates.weekdays", "dates.short_weekdays")
_STAMPED = regex.compile(
    rf"(?im)^\W*(?P<name>{_NAME}?)(?:\s*\([^)]{{1,20}}\))?\s*(?:[,|·•–—\-(»]|\s{_ON}\b)\s*(?:{_DONE}\s+)?(?:{_ON}\s+)?"
    rf"(?:{language.pattern('comments.ago')}|(?:{_WEEKDAY}\.?,?\s+)?{DATE_SHAPE})[^.]{{0,50}}$"
)
_STARS = regex.compile(
    rf"^\W{{0,2}}(?:[★☆⭐✩✭]{{1,5}}|[1-5](?:\.\d)?\s*(?:{language.pattern('comments.of_stars')}|/)\s*5\b)"
)
_REVIEWER = regex.compile(
    rf"^\W*{language.pattern('bylines.by')}\s+(?P<name>{_NAME}?)(?:\s+{_ON}\s+.{{0,80}}|\s*[,|·–—-].{{0,80}})?$",
    regex.IGNORECASE,
)
_ANSWERS = regex.compile(rf"^\W*\d+\s+{language.pattern('comments.answers')}\W*$", regex.IGNORECASE)
_SALUTATION = regex.compile(rf"^{language.pattern('comments.salutations')}\s+[^.!?]{{2,50}}[,!]", regex.IGNORECASE)
_AMOUNT_LAST = regex.compile(r"[|\t]\s*[\p{Sc}(+-]?\s*[\d.,]+\s*[)%]?\s*$")
_LONGEST_COMMENT = 12
"""Blocks in which a signature is looked for, to tell that somebody speaks at all."""
_LETTER = regex.compile(r"\p{L}")
_QUOTED = regex.compile(r"^\s*>")
_NUMBER = regex.compile(r"^\s*#?\(?(?P<number>\d{1,4})[.)]\s+\S")
_FIELD_NAME = regex.compile(language.pattern("comments.fields"), regex.IGNORECASE)
_BULLET = regex.compile(r"^\s*[-*+]\s")
_REPLY = regex.compile(r"^\s*[•▪●◦‣·]\s+\S")


@dataclass(frozen=True, slots=True)
class Voice:
    """A reader who speaks: the number and the name the page gives them, each if it does. `is_quoted` where somebody
    else's comment repeats it."""

    number: str | None = None
    speaker: str | None = None
    is_quoted: bool = False


def is_comment_heading(text: str) -> bool:
    """Whether a block announces readers' words: "9 Responses", "Comments (3)", "Letters to the editor"."""
    return len(text) <= 160 and bool(_COUNTED.match(text) or _UNCOUNTED.match(text))


def is_quoted(line: str) -> bool:
    return _QUOTED.match(line) is not None


def header_name(text: str) -> str | None:
    """The name in a header that says who speaks next; None where the block is no such header."""
    found = _header(text)
    return found[1] if found else None


def header_kind(text: str) -> str | None:
    """Which form of header a block is ("says", "posted", "mail", "stamped"), or None."""
    found = _header(text)
    return found[0] if found else None


def _header(text: str) -> tuple[str, str] | None:
    lines = [line for line in text.splitlines()[:4] if len(line) <= 160]
    if not lines or _BULLET.match(text):
        return None
    patterns = (
        ("says", _SAYS, lines[:1]),
        ("posted", _POSTED, lines[:1]),
        ("mail", _MAIL, lines),
        ("stamped", _STAMPED, lines[:1]),
    )
    for kind, pattern, searched in patterns:
        for line in searched:
            match = pattern.match(line)
            name = _bare_name(match.group("name")) if match else ""
            if (
                _is_of_somebody(name)
                and not is_comment_heading(line)
                and not (kind == "stamped" and _is_of_table(line))
            ):
                return kind, name
    return None


def _is_of_somebody(name: str) -> bool:
    return _LETTER.search(name) is not None and not _FIELD_NAME.fullmatch(name) and len(name.split()) <= 4


def _is_of_table(line: str) -> bool:
    """Whether it has several dates, as the head of a table has, or ends with an amount: somebody speaks at one time."""
    return _AMOUNT_LAST.search(line) is not None or sum(1 for _ in find_whole_dates(line)) > 1


def _bare_name(name: str) -> str:
    """The name without what pages put around it: "Posted by Greta on 2 May" is Greta."""
    return _AROUND_NAME.sub("", name).strip()


def _names_over_date(texts: Sequence[str], i: int) -> bool:
    """A commenter's name on a line of its own with the date and the time of day under it."""
    if i + 1 >= len(texts) or len(texts[i]) > 40 or len(texts[i].split()) > 4:
        return False
    below = texts[i + 1]
    return _BARE_NAME.match(texts[i].strip()) is not None and is_date_line(below) and _CLOCK.search(below) is not None


class VoiceTracker:
    """Walks the blocks of one text in order and tells for each whether a reader speaks, and who; `furniture` tells of
    each block whether it is the page's."""

    def __init__(self, texts: Sequence[str], indents: Sequence[int], furniture: Sequence[bool]) -> None:
        self._texts = texts
        self._indents = indents
        self._furniture = furniture
        self._kinds = [
            header_kind(text) or ("dated" if _names_over_date(texts, i) else None) for i, text in enumerate(texts)
        ]
        self._names = [
            text.strip() if kind == "dated" else header_name(text)
            for kind, text in zip(self._kinds, texts, strict=True)
        ]
        self._readers_speak = False
        self._voice = Voice()
        self._letter: Voice | None = None
        self._signed_at: int | None = None
        self._unsigned_before = 0
        self._opens_at = self._find_opening()
        self._bare_names = self._find_bare_names()
        self._signatures = self._find_signatures()

    def opens_before(self, i: int) -> bool:
        """Whether readers speak from some block above `i` on."""
        return self._opens_at is not None and self._opens_at < i

    def step(self, i: int) -> Voice | None:
        """The voice of block `i`, or None while the document itself speaks. Call for each block in order."""
        if not self._readers_speak:
            if i != self._opens_at:
                return self._letter_writer(i)
            self._readers_speak = True
            if is_comment_heading(self._texts[i]):
                return None
        if is_comment_heading(self._texts[i]) and not self._furniture[i]:
            self._voice, self._signed_at = Voice(), None
        if self._furniture[i] or is_comment_heading(self._texts[i]):
            return Voice()
        quoted = self._quoted(i)
        if quoted is not None:
            return quoted
        self._turn_to(i)
        return self._voice

    def _quoted(self, i: int) -> Voice | None:
        """The voice of a quotation inside a comment, which ends with the quotation."""
        if is_quoted(self._texts[i]):
            quoted = self._names[i - 1] if i and self._introduces_quotation(i - 1) else None
            return Voice(self._voice.number, quoted, is_quoted=True)
        return Voice(self._voice.number, self._names[i], is_quoted=True) if self._introduces_quotation(i) else None

    def _introduces_quotation(self, i: int) -> bool:
        """ "Anna wrote:" before quoted lines names who is quoted; "Anna wrote on 3 May:" names who posts."""
        followed = i + 1 < len(self._texts) and is_quoted(self._texts[i + 1])
        return followed and self._names[i] is not None and not regex.search(r"\d\W*$", self._texts[i])

    def _letter_writer(self, i: int) -> Voice | None:
        """A letter set into a document: an indented stretch that begins with a salutation."""
        if self._indents[i] < 2:
            self._letter = None
        elif _SALUTATION.match(self._texts[i]):
            ends = next((j for j in range(i, len(self._texts)) if self._indents[j] < 2), len(self._texts))
            self._letter = Voice(None, self._signature(i, before=ends))
        return self._letter

    def _turn_to(self, i: int) -> None:
        text = self._texts[i]
        if i in self._bare_names.at:
            if self._bare_names.stand_above:
                self._voice = Voice(None, self._bare_names.at[i])
            return
        if self._signed_at is not None and i > self._signed_at:
            # What follows a signature is somebody else's until a name is given.
            self._voice, self._signed_at = Voice(self._voice.number), None
        number, reviewer = _NUMBER.match(text), _REVIEWER.match(text) if len(text) < 120 else None
        name = self._names[i] or (_bare_name(reviewer.group("name")) if reviewer else None)
        if name:
            self._voice = Voice(None, name)
        elif _STARS.match(text):
            self._voice = Voice(None, next((self._reviewer(j) for j in (i + 1, i + 2) if self._reviewer(j)), None))
        elif number and self._is_next(number.group("number")):
            self._voice = Voice(number.group("number"), self._sign(i))
        elif _REPLY.match(text) and self._voice.number:
            self._voice = Voice(self._voice.number, self._sign(i))
        elif self._voice == Voice():
            self._voice = Voice(None, self._sign(i))

    def _reviewer(self, i: int) -> str | None:
        match = _REVIEWER.match(self._texts[i]) if i < len(self._texts) and len(self._texts[i]) < 120 else None
        return _bare_name(match.group("name")) if match else None

    def _is_next(self, number: str) -> bool:
        """Comments count upwards from 1; a list inside a named person's comment does not."""
        if self._voice.number is None:
            return self._voice.speaker is None and int(number) <= 2
        return int(self._voice.number) < int(number) <= int(self._voice.number) + 5

    def _sign(self, i: int) -> str | None:
        found = self._signatures[i]
        if found is None:
            return None
        self._signed_at, name = found
        return name

    def _begins_comment(self, i: int) -> bool:
        text = self._texts[i]
        return bool(self._names[i] or _NUMBER.match(text) or _REPLY.match(text) or is_comment_heading(text))

    def _signature(self, i: int, before: int | None = None) -> str | None:
        """Who signs what begins at block `i`: looked for up to where a comment begins, and before block `before`."""
        if i < self._unsigned_before:
            return None
        for j in range(i, len(self._texts) if before is None else before):
            if j > i and self._begins_comment(j):
                self._unsigned_before = j
                return None
            name = signed_name(self._texts[j]) or (name_line(self._texts[j]) if j > i else None)
            if name:
                return name
        return None

    def _find_bare_names(self) -> BareNames:
        """None where headers name who speaks."""
        if self._opens_at is None:
            return BareNames()
        following = range(self._opens_at, len(self._texts))
        spoken = [i for i in following if not (self._furniture[i] or is_comment_heading(self._texts[i]))]
        if any(self._names[i] for i in spoken):
            return BareNames()
        are_numbered = bool(spoken) and _NUMBER.match(self._texts[spoken[0]]) is not None
        return bare_names(self._texts, spoken, are_numbered=are_numbered)

    def _find_signatures(self) -> list[Signature | None]:
        names = self._bare_names
        heads = names.at if names.stand_above else {}
        begins = [i in heads or self._begins_comment(i) for i in range(len(self._texts))]
        return signatures(self._texts, begins, {} if names.stand_above else names.at)

    def _find_opening(self) -> int | None:
        kinds = self._kinds
        answers = next((i for i, text in enumerate(self._texts) if _ANSWERS.match(text)), None)
        counted = next((i for i, text in enumerate(self._texts[:-1]) if _counts_comments(text)), None)
        if answers is not None and (counted is None or answers <= counted):
            # A page of questions and answers: the question is a reader's too.
            return next((i for i, text in enumerate(self._texts) if len(text) > 120 or i == answers), None)
        for i, text in enumerate(self._texts):
            if i == counted:
                return i
            if len(text) <= 160 and (_COUNTED.match(text) or _UNCOUNTED.match(text)) and self._somebody_speaks_after(i):
                return i
            if kinds[i] and kinds.count(kinds[i]) >= 2:
                return i
            if (
                _STARS.match(text)
                and sum(_STARS.match(other) is not None for other in self._texts[i + 1 :]) >= 1
                and len(text) < 120
            ):
                return i
        return None

    def _somebody_speaks_after(self, i: int) -> bool:
        following = range(i + 1, min(i + 5, len(self._texts)))
        if any(self._names[j] or _STARS.match(self._texts[j]) or self._reviewer(j) for j in following):
            return True
        if _SECTION.match(self._texts[i]):
            return False
        return any(
            _NUMBER.match(self._texts[j])
            or self._indents[j] >= 2
            or self._signature(j, before=min(j + _LONGEST_COMMENT, len(self._texts)))
            for j in following
        )


def _counts_comments(text: str) -> bool:
    return len(text) <= 160 and _COMMENTS_COUNTED.match(text) is not None


def lead_of(citation: Citation) -> str | None:
    """Words of ours in front of a quote that is not the document's own prose."""
    paragraph = citation.paragraph
    if paragraph.role is Role.CAPTION:
        return "A caption reads:"
    if paragraph.role is not Role.COMMENT:
        return f"{paragraph.said_by}:" if paragraph.said_by else None
    if paragraph.speaker:
        return f"A reader, {paragraph.speaker}, writes:"
    number = paragraph.heading[-1] if paragraph.heading and paragraph.heading[-1].isdigit() else None
    return f"A reader writes (under comment {number}):" if number else "A reader writes:"
