"""A question of several parts: its answer, with what its parts bring by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, zip_longest

from rag.answer.outcomes import noted, possible, with_passages
from rag.documents.context import display
from rag.domain import Answer, Citation, Confidence, Paragraph, Passage, Role, Statement
from rag.search.parts import Part
from rag.text import terms
from rag.text.names import named_in
from rag.text.overlap import asks_for_name

_ENDS = " ?.!,;"
_FEW = 2
"""Statements of an answer that can be put in another order; more of them are a list."""
_MOST_ALTERNATIVES = 3
"""Statements of what may answer by itself; more of them are a list."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A part of a question and what it is answered with by itself. `is_of_kind` where the best sentence tells something
    of the kind that it asks for: a name, a time, a number."""

    part: Part
    answer: Answer
    is_of_kind: bool = True

    @property
    def best(self) -> Sequence[Statement]:
        """The statement that answers it best, without those around it, or a question that is heard with its reply; none
        where nothing was found."""
        first = self.answer.statements[: _FEW if _is_replied(self.answer.statements) else 1]
        return first if self.answer.confidence is Confidence.HIGH else [_core(one) for one in first]

    @property
    def name(self) -> str:
        return self.part.asked.strip(_ENDS)

    @property
    def words(self) -> frozenset[str]:
        """The stems of what it asks."""
        return frozenset(terms.content_stems(self.part.asked))

    def speaks_in(self, said: Statement) -> bool:
        """Whether a word of what it asks, where it has any, stands at what is quoted."""
        there = frozenset(stem for citation in said.citations for stem in terms.stems(_with_headings(citation)))
        return not self.words or bool(self.words & there)

    @property
    def carried(self) -> frozenset[str]:
        """The stems that it has from the parts before it."""
        return frozenset(terms.content_stems(self.part.alone)) - self.words


def joined(answer: Answer, asked: Sequence[Asked]) -> Answer:
    """The answer to a whole question with the best sentence of each part that is not in it yet, in the order of the
    parts: as it is, where it is given as an answer by itself, else named as what may answer this part. Where the whole
    was not found these are no more than possible, unless every part is answered: something was not. The parts that
    nothing certain was found for are told."""
    together = _together(answer, asked)
    missed = [one for one in asked if not (_is_answered(one, together) or _is_told(one, together.statements))]
    if together.abstained or not missed or len(missed) == len(asked):
        return together
    names = dict.fromkeys(f"“{one.name}”" for one in missed)
    return noted(together, f"Nothing certain was found for {' and '.join(names)}.")


def _is_answered(one: Asked, together: Answer) -> bool:
    """Whether what answers a part, or may, is among what is shown: beside what is certain not as what may; or, where it
    may be no part, any of its words."""
    if one.part.may_be_none and not one.answer.statements:
        return True
    is_sure = one.answer.confidence is Confidence.HIGH
    if not (is_sure or one.is_of_kind):
        # "Ask the caretaker" tells whom to ask, and names nobody.
        own = [said for said in together.statements if not _is_perhaps(said, one)]
        return bool(one.words) and any(one.words <= _stems_of(said) for said in own)
    if not is_sure and together.is_uncertain and any(_is_perhaps(shown, one) for shown in together.statements):
        return True
    is_open = together.confidence is Confidence.HIGH
    said = [shown for shown in together.statements if not (is_open and _is_perhaps(shown, one))]
    speaks = is_sure or any(map(one.speaks_in, said))
    return speaks and any(_is_in(_core(own), said) for own in one.answer.statements)


def _is_told(one: Asked, statements: Sequence[Statement]) -> bool:
    """Whether one quote holds every word of a part, as a row does that tells both the past year and the next, and "in
    which room"; of what may be no part, any."""
    own = [said for said in statements if not _is_perhaps(said, one)]
    if one.part.may_be_none:
        return any(one.words & _stems_of(said) for said in own)
    rows = [said for said in own if _is_row(said)]
    enough = own if len(one.words) > 1 else rows
    return bool(one.words) and any(one.words <= _stems_of(said) for said in enough)


def _is_row(said: Statement) -> bool:
    return any(citation.paragraph.role is Role.TABLE for citation in said.citations)


def _stems_of(said: Statement) -> frozenset[str]:
    """Of what is quoted and, of a row, of the names of its columns in front of it."""
    names = said.lead or "" if _is_row(said) else ""
    return frozenset(terms.stems(" ".join([names, *(citation.quote for citation in said.citations)])))


def _together(answer: Answer, asked: Sequence[Asked]) -> Answer:
    """The statements of the whole where it is answered, else those of its parts, with what the other parts bring."""
    is_given = answer.confidence is Confidence.HIGH
    are_given = [one.answer.confidence is Confidence.HIGH for one in asked]
    if answer.abstained and not (any(are_given) or any(one.part.is_listed for one in asked)):
        # What may answer parts alone is of other things than the whole.
        return answer
    if not (is_given or any(are_given)) and all(one.part.may_be_none for one in asked):
        return answer
    own = [said for said in answer.statements if not _is_doubted(said, asked)] if is_given else []
    is_list = len(answer.statements) > _MOST_ALTERNATIVES
    own = own if is_given or (any(one.best for one in asked) and not is_list) else [*answer.statements]
    statements = [*own]
    for one in asked:
        statements += _said(one, statements, asked, beside=own)
    if len(own) <= _FEW:
        statements.sort(key=lambda said: _place(said, asked))
    if not statements or statements == [*answer.statements]:
        return answer
    keys = {citation.paragraph.key for said in statements for citation in said.citations}
    passages = [each for one in asked for each in one.answer.passages if each.paragraph.key in keys]
    shown = replace(with_passages(answer, passages), statements=tuple(_numbered(statements)), abstained=False)
    if is_given or all(are_given):
        notice, unmentioned = (answer.notice, answer.unmentioned) if is_given else (None, ())
        return replace(shown, is_uncertain=False, notice=notice, unmentioned=unmentioned, closest=())
    return possible(shown, shown.statements)


def _is_doubted(said: Statement, asked: Sequence[Asked]) -> bool:
    """Whether what the whole is answered with answers but parts that are not surely answered by it, beside one that
    is."""
    sure = [one for one in asked if one.answer.confidence is Confidence.HIGH and _fits(one, (), asked)]
    is_of_unsure = any(_is_in(said, one.best) for one in asked if one not in sure)
    return bool(sure) and is_of_unsure and not any(_is_in(said, one.best) for one in sure)


def _said(
    one: Asked, before: Sequence[Statement], asked: Sequence[Asked], *, beside: Sequence[Statement]
) -> Sequence[Statement]:
    """What a part adds to what stands there: its best sentence, under its name where that is not sure, or told of
    something else than the question is about."""
    if any(_is_in(_core(own), before) for own in one.answer.statements):
        return []
    if one.answer.confidence is Confidence.HIGH and _fits(one, before, asked):
        # Of a list all items.
        is_list = len(one.answer.statements) > _FEW
        first, *others = one.answer.statements if is_list else one.best
        is_named = not one.part.is_of_item or one.words <= _stems_of(first)
        return [first if is_named else _named(first, f"{one.name}:"), *others]
    if _is_told(one, before) or not one.is_of_kind or any(_is_perhaps(said, one) for said in before):
        return []
    others = [*beside, *(said for other in asked if other is not one for said in other.best)]
    documents = {citation.paragraph.document_id for said in others for citation in said.citations}
    found = [said for said in one.best if said.citations and said.citations[0].paragraph.document_id in documents]
    if one.part.may_be_none:
        found = [said for said in found if one.words & frozenset(terms.stems(said.citations[0].quote))]
    return [_named(found[0], _perhaps(one)), *found[1:]] if found else []


def _fits(one: Asked, before: Sequence[Statement], asked: Sequence[Asked]) -> bool:
    """Whether what answers a part speaks of what it leans on: some of those words stand there, or above it; or it
    stands in the paragraph that another part is answered from, or under the same heading and names nothing else."""
    others = [*before, *(said for other in asked if other is not one for said in other.best)]
    cited = [citation.paragraph for said in others for citation in said.citations]
    return not one.carried or any(
        one.carried & frozenset(terms.stems(_with_headings(citation)))
        or citation.paragraph in cited
        or (any(_stands_under(citation, other) for other in cited) and not _names_another(citation, one))
        for said in one.best
        for citation in said.citations
    )


def _with_headings(citation: Citation) -> str:
    paragraph = citation.paragraph
    return f"{citation.source.title} {' '.join(paragraph.heading)} {paragraph.text}"


def _stands_under(citation: Citation, other: Paragraph) -> bool:
    paragraph = citation.paragraph
    return (paragraph.document_id, paragraph.heading) == (other.document_id, other.heading)


def _names_another(citation: Citation, one: Asked) -> bool:
    """Whether it names somebody or something that the part does not, and that the part does not ask for."""
    said = frozenset(terms.stems(one.part.alone))
    return not asks_for_name(one.part.alone) and any(
        not frozenset(terms.stems(name)) & said for name in named_in(citation.quote)
    )


def _is_replied(statements: Sequence[Statement]) -> bool:
    """Whether the second is what somebody else says to the first."""
    said = [one.citations[0].paragraph for one in statements[:_FEW] if one.citations]
    if len(said) < _FEW or None in (said[0].speaker, said[1].speaker):
        return False
    first, second = said
    return first.speaker != second.speaker and (first.document_id, first.number + 1) == second.key


def _perhaps(one: Asked) -> str:
    return f"What may answer “{one.name}”:"


def _is_perhaps(said: Statement, one: Asked) -> bool:
    return said.lead == _perhaps(one)


def _named(said: Statement, lead: str) -> Statement:
    """With words in front; the names of columns, that a row is read by, cannot stand behind others."""
    is_own = said.lead is None or "|" in said.lead
    return replace(said, lead=lead if is_own else f"{lead} {said.lead}")


def _core(said: Statement) -> Statement:
    """Of what may answer the sentence itself, without those around it."""
    citations = tuple(
        replace(one, start=one.bold.start, end=one.bold.end, bold=None) if one.bold else one for one in said.citations
    )
    return replace(said, text=display(citations[0].quote), citations=citations) if citations else said


def in_turn(found: Sequence[Sequence[Passage]]) -> list[Passage]:
    """The passages of several searches, the best of each first, each paragraph once."""
    ordered = [one for rank in zip_longest(*found) for one in rank if one is not None]
    return list({one.paragraph.key: one for one in reversed(ordered)}.values())[::-1]


def _place(statement: Statement, asked: Sequence[Asked]) -> int:
    """The first part that it answers."""
    return next((i for i, one in enumerate(asked) if _is_in(statement, one.best)), 0)


def _is_in(statement: Statement, statements: Sequence[Statement]) -> bool:
    """Whether it quotes words that one of them quotes."""
    return any(_overlap(one, other) for one in statement.citations for said in statements for other in said.citations)


def _overlap(one: Citation, other: Citation) -> bool:
    return one.paragraph.key == other.paragraph.key and one.start < other.end and other.start < one.end


def _numbered(statements: Sequence[Statement]) -> Iterator[Statement]:
    """With marks in their order; which of them disagree is told of one question only."""
    marks = count(1)
    for one in statements:
        citations = tuple(replace(citation, mark=next(marks)) for citation in one.citations)
        yield replace(one, citations=citations, conflicts_with=())
