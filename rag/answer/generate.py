"""Answers written by a language model, held to what the passages say.

The model cites paragraphs by number only. As each sentence closes, code resolves the numbers, finds the words
that back it, checks every value, and makes the citation; what fails is re-pointed, then offered to the model once
for repair, then marked. Knows nothing of retrieval, gates or fallbacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import fsum

import regex
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen, MessageRole
from llama_index.core.llms import LLM

from rag.answer import prompts
from rag.answer.verify import LEAST_SUPPORT, verify
from rag.documents.voices import lead_of
from rag.domain import Answer, Citation, Passage, Role, Span, Statement, Verdict, summed
from rag.errors import ChatModelError, ContextTooLongError, IbidError
from rag.text import terms
from rag.text.overlap import view_sentences
from rag.text.sentences import may_end, split_sentences
from rag.text.values import amounts, numbers_of

WeightOf = Callable[[str], float]

PASSAGES = 10
"""How many passages the model is given; half of them where its context is too short."""

# Possessive throughout: a stream may hold anything, and nothing may make this look twice.
_NUMBER = r"(?:P\d{1,4}+|\d{1,2}+(?!\d))"
_MARK = regex.compile(
    rf"(?<![ \t])[ \t]*+[\[【]\s*+{_NUMBER}(?:(?:\s*+(?:[,;&–-]|and)\s*+|\s++){_NUMBER}){{0,20}}+"
    r"(?:†[^\]】\n]{0,40}+)?+\s*+[\]】]",
    regex.IGNORECASE,
)
_OPEN_MARK = regex.compile(r"(?<![ \t])[ \t]*+(?:[\[【][^\]】\n]{0,160})?$")
_ID = regex.compile(r"\d{1,4}")
_BULLET = regex.compile(r"^\s*(?:[-*•]|\d{1,2}[.)]|#{1,6})\s+")
_EMPHASIS = regex.compile(r"(\*\*|__|`)")
_REPAIRED = regex.compile(r"^\W*([A-Z])\W+(\d{1,4}|none)\b", regex.IGNORECASE | regex.MULTILINE)
_MENTIONS_READER = regex.compile(r"(?i)\b(?:readers?|comment(?:er|ator)?s?)\b")
_PAIR_GAIN = 0.15
_RE_POINTED_AT = 0.6
_OFFERED = 6
_CHOSEN_SUPPORT = 0.3
"""Words enough where the model, asked for it, named the sentence: a paraphrase has fewer in common with it."""
_LONGEST = 4_000
"""Characters after which a line without an end is taken as it is."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence of the model with the numbers of the passages it names, from 1."""

    text: str
    ids: tuple[int, ...]


class DraftParser:
    """Sentences and marks out of a stream, however it is cut: a sentence closes when the next one has begun."""

    def __init__(self) -> None:
        self._buffer = ""
        self._may_close = False

    def feed(self, piece: str) -> Iterator[Draft]:
        self._buffer += piece
        # Most pieces end nothing, and are not looked at twice.
        self._may_close = self._may_close or "\n" in piece or may_end(piece)
        if self._may_close or len(self._buffer) > _LONGEST:
            yield from self._closed(is_final=False)
            self._may_close = may_end(self._buffer)

    def finish(self) -> Iterator[Draft]:
        yield from self._closed(is_final=True)

    def _closed(self, is_final: bool) -> Iterator[Draft]:
        while True:
            line, newline, rest = self._buffer.partition("\n")
            if not newline and not is_final:
                end = _first_sentence(line[:_LONGEST]) or (_LONGEST if len(line) > _LONGEST else None)
                if end is None:
                    return
                self._buffer = line[end:]
                yield from _draft(line[:end])
                continue
            end = _first_sentence(line[:_LONGEST]) or min(len(line), _LONGEST)
            self._buffer = line[end:] + newline + rest if end < len(line) else rest
            yield from _draft(line[:end])
            if not self._buffer:
                return


def _first_sentence(line: str) -> int | None:
    """Where the first sentence of a line ends, its marks included; None until a word of the next one stands."""
    held = _OPEN_MARK.search(line)
    settled = line[: held.start()] if held else line
    plain, places = _without_marks(settled)
    spans = split_sentences(plain)
    if len(spans) < 2 or not regex.match(r"\S+\s", plain[spans[1].start :]):
        return None
    # Back to the line's own places: the marks that stand between the sentences belong to the first.
    return places[spans[1].start]


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


def _draft(sentence: str) -> Iterator[Draft]:
    ids = tuple(dict.fromkeys(int(number) for mark in _MARK.findall(sentence) for number in _ID.findall(mark)))
    plain = _EMPHASIS.sub("", _BULLET.sub("", _without_marks(sentence)[0]))
    text = " ".join(plain.split())
    # "Here is what the documents say:" states nothing.
    if text and any(map(str.isalnum, text)) and not (text.endswith(":") and not ids):
        yield Draft(text, ids)


class NotInDocumentsError(Exception):
    """The model says that the passages do not hold the answer."""


@dataclass(slots=True)
class Writing:
    """An answer under way: what was settled, and what the server told of tokens and cost."""

    statements: tuple[Statement, ...] = ()
    usage: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condensed:
    """A follow-up made to stand alone; None where it did already, or nothing useful was said."""

    question: str | None
    usage: Mapping[str, float] = field(default_factory=dict)


def generate(
    question: str,
    passages: Sequence[Passage],
    llm: LLM,
    weight_of: WeightOf,
    strict: bool = False,
    task: str = "",
) -> Iterator[Writing]:
    """The answer as it grows; `task` is one of the prompts for answers that are not plain ones. Settled statements
    never change; in strict mode nothing pending is shown, and what stays unsupported is dropped.

    Raises NotInDocumentsError where the model says so, and ChatModelError where it fails.
    """
    shown = list(passages[:PASSAGES])
    try:
        yield from _written(question, shown, llm, weight_of, strict, task)
    except ContextTooLongError:
        if len(shown) < 2:
            raise
        yield from _written(question, shown[: len(shown) // 2], llm, weight_of, strict, task)


def condense(question: str, earlier: Sequence[str], llm: LLM) -> Condensed:
    """The question made to stand alone. Raises ChatModelError."""
    answered = _asked(llm, prompts.CONDENSE, prompts.condense_prompt(earlier, question))
    said = " ".join((answered.message.content or "").split())
    is_useful = 3 <= len(said) <= 400 and said != question
    return Condensed(said if is_useful else None, usage_of(answered))


def usage_of(piece: ChatResponse) -> Mapping[str, float]:
    """What the server told of tokens and cost; nothing with most models of other people."""
    told = piece.additional_kwargs.get("usage")
    return told if isinstance(told, Mapping) else {}


def _written(
    question: str, passages: Sequence[Passage], llm: LLM, weight_of: WeightOf, strict: bool, task: str
) -> Iterator[Writing]:
    pages = _Pages(passages, weight_of)
    writing = Writing()
    parser = DraftParser()
    stream = llm.stream_chat(_messages(prompts.ANSWER, prompts.paragraphs_prompt(question, passages, task)))
    try:
        for piece in _pieces(stream):
            if told := usage_of(piece):
                writing = replace(writing, usage=told)
                yield _shown(writing, strict)
            for draft in parser.feed(piece.delta or ""):
                writing = pages.take(writing, draft)
                yield _shown(writing, strict)
    finally:
        # Whoever stops reading ends the request too.
        if close := getattr(stream, "close", None):
            close()
    for draft in parser.finish():
        writing = pages.take(writing, draft)
        yield _shown(writing, strict)
    if any(statement.verdict is Verdict.PENDING for statement in writing.statements):
        writing = _repaired(writing, pages, llm)
    if strict:
        kept = tuple(one for one in writing.statements if one.verdict is Verdict.VERIFIED)
        writing = replace(writing, statements=kept)
    yield writing


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a statement is looked up by: its content stems with their weights, and its numbers."""

    stems: Mapping[str, float]
    numbers: frozenset[float]
    weight: float

    def share(self, stems: AbstractSet[str], numbers: AbstractSet[float]) -> float:
        """Of its term weight, and of its numbers, what these are, 0 to 1."""
        words = fsum(self.stems[stem] for stem in stems) / self.weight if self.weight else 0.0
        return 0.5 * words + 0.5 * len(numbers) / len(self.numbers) if self.numbers else words


class _Pages:
    """The passages a model was shown: resolves numbers, finds the words behind a sentence, gives out marks."""

    def __init__(self, passages: Sequence[Passage], weight_of: WeightOf) -> None:
        self.passages = passages
        self._weight_of = weight_of
        self._marks: dict[tuple[str, int, int], int] = {}
        self._ranked: dict[str, list[tuple[Passage, Span, float]]] = {}

    def take(self, writing: Writing, draft: Draft) -> Writing:
        """With a sentence added: settled, or pending where nothing backs it yet."""
        if draft.text.rstrip(".") == prompts.NOT_FOUND:
            if writing.statements:
                return writing
            raise NotInDocumentsError
        return replace(writing, statements=(*writing.statements, self._statement(draft)))

    def _statement(self, draft: Draft) -> Statement:
        named = [self.passages[number - 1] for number in draft.ids if 1 <= number <= len(self.passages)]
        sought = self._sought(draft.text)
        spans = [(passage, self._evidence(sought, passage)) for passage in named]
        telling = [(passage, span) for passage, (span, share) in spans if share > 0]
        cited = self._settled(draft.text, telling or [(passage, span) for passage, (span, _) in spans if len(span)])
        if cited.verdict is Verdict.VERIFIED:
            return cited
        pointed = self._re_pointed(draft.text)
        return pointed or Statement(draft.text, (), Verdict.PENDING, cited.reason)

    def _re_pointed(self, text: str) -> Statement | None:
        """The right sentence under a wrong number: another passage that backs it in full."""
        for passage, span, share in self.ranked(text):
            if share < _RE_POINTED_AT:
                return None
            statement = self._settled(text, [(passage, span)])
            if statement.verdict is Verdict.VERIFIED:
                return statement
        return None

    def _settled(
        self, text: str, spans: Sequence[tuple[Passage, Span]], least_support: float = LEAST_SUPPORT
    ) -> Statement:
        trial = tuple(_citation(0, passage, span) for passage, span in spans)
        finding = verify(text, trial, least_support)
        if finding.verdict is not Verdict.VERIFIED:
            return Statement(text, (), finding.verdict, finding.reason)
        citations = tuple(replace(citation, mark=self._mark(citation)) for citation in trial)
        return Statement(text, citations, Verdict.VERIFIED, lead=_lead(text, citations))

    def cite(self, text: str, passage: Passage, span: Span) -> Statement:
        """A statement backed by a sentence that the model chose; unsupported where the two do not agree."""
        return self._settled(text, [(passage, span)], _CHOSEN_SUPPORT)

    def ranked(self, text: str) -> list[tuple[Passage, Span, float]]:
        """Every passage with its evidence for a statement and the share that it holds, the most first."""
        if text not in self._ranked:
            sought = self._sought(text)
            found = [(passage, *self._evidence(sought, passage)) for passage in self.passages]
            self._ranked[text] = sorted(found, key=lambda one: -one[2])
        return self._ranked[text]

    def _sought(self, text: str) -> _Sought:
        stems = {stem: self._weight_of(stem) for stem in terms.content_stems(text)}
        return _Sought(stems, frozenset(amount.value for amount in amounts(text)), fsum(stems.values()))

    def _evidence(self, sought: _Sought, passage: Passage) -> tuple[Span, float]:
        """The sentence of a passage, or two in a row, that hold most of a statement, and the share they hold."""
        # Asked as retrieval asks, so that what it read is found again.
        views = view_sentences(passage.paragraph.text, False)
        if not views:
            return Span(0, 0), 0.0
        stems = [view.present & sought.stems.keys() for view in views]
        numbers = [numbers_of(view.text) & sought.numbers if sought.numbers else sought.numbers for view in views]
        singles = [sought.share(*held) for held in zip(stems, numbers, strict=True)]
        best = max(range(len(views)), key=lambda i: (singles[i], -i))
        neighbours = [i for i in (best - 1, best) if 0 <= i < len(views) - 1]
        pairs = [(sought.share(stems[i] | stems[i + 1], numbers[i] | numbers[i + 1]), i) for i in neighbours]
        share, first = max(pairs, default=(0.0, best), key=lambda pair: pair[0])
        if share >= singles[best] + _PAIR_GAIN:
            return Span(views[first].span.start, views[first + 1].span.end), share
        return views[best].span, singles[best]

    def _mark(self, citation: Citation) -> int:
        key = (citation.paragraph.document_id, citation.start, citation.end)
        return self._marks.setdefault(key, len(self._marks) + 1)


def _citation(mark: int, passage: Passage, span: Span) -> Citation:
    start = passage.paragraph.start
    return Citation(mark, passage.paragraph, passage.source, start + span.start, start + span.end)


def _lead(text: str, citations: Sequence[Citation]) -> str | None:
    """Words of ours where a reader's words would else read as the document's own."""
    if not all(citation.paragraph.role is Role.COMMENT for citation in citations):
        return None
    speakers = {citation.paragraph.speaker for citation in citations if citation.paragraph.speaker}
    told = _MENTIONS_READER.search(text) or any(speaker in text for speaker in speakers)
    return None if told else lead_of(citations[0])


def settled(answer: Answer) -> Answer:
    """The answer with what is still pending marked as unsupported."""
    return replace(answer, statements=_without_pending(answer.statements))


def _without_pending(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    return tuple(
        replace(one, verdict=Verdict.UNSUPPORTED) if one.verdict is Verdict.PENDING else one for one in statements
    )


def _repaired(writing: Writing, pages: _Pages, llm: LLM) -> Writing:
    """Ask the model once which sentence backs each pending statement, and check what it says."""
    pending = [i for i, statement in enumerate(writing.statements) if statement.verdict is Verdict.PENDING]
    pending = pending[:26]
    offered = _offered([writing.statements[i].text for i in pending], pages)
    chosen, usage = _chosen([writing.statements[i].text for i in pending], offered, llm) if offered else ({}, {})
    statements = list(writing.statements)
    for place, i in enumerate(pending):
        before = statements[i]
        repaired = pages.cite(before.text, *offered[chosen[place]]) if place in chosen else None
        if repaired is not None and repaired.verdict is Verdict.VERIFIED:
            statements[i] = repaired
    return Writing(_without_pending(statements), summed(writing.usage, usage))


def _offered(texts: Sequence[str], pages: _Pages) -> list[tuple[Passage, Span]]:
    """For each statement the sentences that hold most of it, each once."""
    found: dict[tuple[str, int], tuple[Passage, Span]] = {}
    for text in texts:
        for passage, span, share in pages.ranked(text)[:_OFFERED]:
            if share > 0:
                found.setdefault((passage.paragraph.document_id, passage.paragraph.start + span.start), (passage, span))
    return list(found.values())


def _chosen(
    texts: Sequence[str], offered: Sequence[tuple[Passage, Span]], llm: LLM
) -> tuple[dict[int, int], Mapping[str, float]]:
    """Which offered sentence the model names for which statement, and what asking it used."""
    sentences = [span.of(passage.paragraph.text) for passage, span in offered]
    answered = _asked(llm, prompts.REPAIR, prompts.repair_prompt(texts, sentences))
    lines = _REPAIRED.findall(answered.message.content or "")
    named = {ord(letter.upper()) - ord("A"): number for letter, number in lines}
    chosen = {
        place: int(number) - 1
        for place, number in named.items()
        if number.isdigit() and place < len(texts) and 1 <= int(number) <= len(offered)
    }
    return chosen, usage_of(answered)


def _shown(writing: Writing, strict: bool) -> Writing:
    """What may be shown of it: in strict mode what stands before the first pending statement."""
    if not strict:
        return writing
    verdicts = [statement.verdict for statement in writing.statements]
    first = verdicts.index(Verdict.PENDING) if Verdict.PENDING in verdicts else len(verdicts)
    return replace(writing, statements=writing.statements[:first])


def _asked(llm: LLM, instruction: str, given: str) -> ChatResponse:
    with _translated():
        return llm.chat(_messages(instruction, given))


def _pieces(stream: ChatResponseGen) -> Iterator[ChatResponse]:
    with _translated():
        yield from stream


@contextmanager
def _translated() -> Iterator[None]:
    """The errors of models of other people, whatever they are, as ours; our own model speaks of its errors itself."""
    try:
        yield
    except IbidError:
        raise
    except Exception as error:
        said = (str(error).splitlines() or [""])[0][:160] or type(error).__name__
        raise ChatModelError(f"The model failed ({said}).") from error


def _messages(instruction: str, given: str) -> list[ChatMessage]:
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=instruction),
        ChatMessage(role=MessageRole.USER, content=given),
    ]
