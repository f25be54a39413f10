"""Answers written by a language model, held to what the passages say: the conversation with the model.

The model cites paragraphs by number only. As each sentence closes, `evidence` finds the words that back it and makes
the citation; what fails is offered to the model once for repair, then marked. Knows nothing of retrieval, gates or
fallbacks.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import regex

from rag.answer import prompts
from rag.answer.drafts import DraftParser
from rag.answer.evidence import (
    Backing,
    DeclinedError,
    Grounding,
    NotInDocumentsError,
    WeightOf,
    Writing,
    before_pending,
    stands,
    without_pending,
)
from rag.domain import Passage, Verdict, summed
from rag.errors import ChatModelError, ContextTooLongError
from rag.servers.any_model import Reply, ask_once, stream_once

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


LONGEST = 12_000
"""Characters of an answer, after which no more of it is read: some models never end."""

_REPAIRED = regex.compile(r"^\W*([A-Z])\W+(\d{1,4}|none)\b", regex.IGNORECASE | regex.MULTILINE)
_OFFERED = 6
_LETTERS = 26
"""Statements that can be repaired: each is called by a letter."""


def generate(
    question: str,
    passages: Sequence[Passage],
    llm: LLM,
    weight_of: WeightOf,
    strict: bool = False,
    task: str = "",
) -> Iterator[Writing]:
    """The answer as it grows; `task` is one of the prompts for answers that are not plain ones. Settled statements
    never change; in strict mode nothing pending is shown, and what stays unsupported is dropped. Where the model's
    context is too short, the better half of the passages is tried, and of those.

    Raises NotInDocumentsError where the model says so, DeclinedError where it will not answer, and ChatModelError where
    it fails.
    """
    shown = list(passages)
    while True:
        try:
            yield from _written(question, passages=shown, llm=llm, weight_of=weight_of, strict=strict, task=task)
            return
        except ContextTooLongError:
            if len(shown) < 2:
                raise
            shown = _best_half(shown)


def _best_half(passages: Sequence[Passage]) -> list[Passage]:
    """In the order in which they stand, which is that of reading and not of what is best."""
    best = sorted(range(len(passages)), key=lambda i: -passages[i].score)[: len(passages) // 2]
    return [passages[i] for i in sorted(best)]


def _written(
    question: str, *, passages: Sequence[Passage], llm: LLM, weight_of: WeightOf, strict: bool, task: str
) -> Iterator[Writing]:
    grounding = Grounding(passages, weight_of=weight_of)
    writing = Writing()
    pieces = stream_once(llm, instruction=prompts.ANSWER, text=prompts.paragraphs_prompt(question, passages, task))
    broken: ChatModelError | None = None
    try:
        with closing(_grown(pieces, grounding=grounding)) as drafted:
            for writing in drafted:
                yield _shown(writing, strict=strict)
    except ContextTooLongError:
        raise
    except ChatModelError as error:
        # What was closed before stays, and is told as what it is.
        broken = error
    if _is_open(writing):
        writing = replace(writing, statements=grounding.translated(writing.statements, question=question))
    if _is_open(writing) and broken is None:
        writing = _repaired(writing, grounding=grounding, llm=llm)
    if not stands(writing.statements) and (failure := _failure(writing, broken)):
        raise failure
    yield _verified(writing) if strict else writing
    if broken is not None:
        raise broken


def _failure(writing: Writing, broken: ChatModelError | None) -> Exception | None:
    """Why there is no answer, where that is known."""
    if broken is not None:
        return broken
    if writing.silent or writing.refused:
        return NotInDocumentsError()
    return DeclinedError(writing.declined) if writing.declined else None


def _grown(pieces: Generator[Reply, None, None], *, grounding: Grounding) -> Generator[Writing, None, None]:
    """The answer after each sentence of the model, and after each word of its server on tokens and cost. Where the
    server breaks off, first what was said whole, then its error."""
    writing, parser, length = Writing(), DraftParser(), 0
    try:
        with closing(pieces):
            for piece in pieces:
                if piece.starts_over:
                    writing, parser = Writing(usage=writing.usage), DraftParser()
                    yield writing
                if piece.usage or piece.cut:
                    writing = replace(writing, usage=piece.usage or writing.usage, cut=piece.cut or writing.cut)
                    yield writing
                if piece.thought:
                    writing = replace(writing, thought=piece.thought)
                    yield writing
                for draft in parser.feed(piece.text):
                    writing = grounding.take(writing, draft=draft)
                    yield writing
                length += len(piece.text)
                if length > LONGEST:
                    writing = replace(writing, cut="length")
                    yield writing
                    break
    except ChatModelError:
        yield from _finished(writing, parser, grounding=grounding, is_cut=True)
        raise
    yield from _finished(writing, parser, grounding=grounding, is_cut=writing.cut is not None)


def _finished(
    writing: Writing, parser: DraftParser, *, grounding: Grounding, is_cut: bool
) -> Generator[Writing, None, None]:
    for draft in parser.finish(is_cut=is_cut):
        writing = grounding.take(writing, draft=draft)
        yield writing


def _is_open(writing: Writing) -> bool:
    return any(statement.verdict is Verdict.PENDING for statement in writing.statements)


def _shown(writing: Writing, *, strict: bool) -> Writing:
    """What may be shown of it: in strict mode what stands before the first pending statement."""
    return replace(writing, statements=before_pending(writing.statements)) if strict else writing


def _verified(writing: Writing) -> Writing:
    return replace(writing, statements=tuple(one for one in writing.statements if one.verdict is Verdict.VERIFIED))


def _repaired(writing: Writing, *, grounding: Grounding, llm: LLM) -> Writing:
    """Ask the model once which sentence backs each pending statement, and check what it says."""
    statements = list(writing.statements)
    pending = [i for i, one in enumerate(statements) if one.verdict is Verdict.PENDING][:_LETTERS]
    texts = [statements[i].text for i in pending]
    choice = _chosen(texts, offered=_offered(texts, grounding=grounding), llm=llm)
    for place, backing in choice.backings.items():
        repaired = grounding.cite(texts[place], chosen=backing)
        if repaired.verdict is Verdict.VERIFIED:
            statements[pending[place]] = repaired
    return replace(writing, statements=without_pending(statements), usage=summed(writing.usage, choice.usage))


def _offered(texts: Sequence[str], *, grounding: Grounding) -> list[Backing]:
    """For each statement the sentences that hold most of it, each once."""
    found: dict[tuple[str, int], Backing] = {}
    for text in texts:
        for one in grounding.ranked(text)[:_OFFERED]:
            if one.share > 0:
                found.setdefault(one.key, one)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which offered sentence the model names for which statement, and what asking it used."""

    backings: Mapping[int, Backing] = field(default_factory=dict)
    usage: Mapping[str, float] = field(default_factory=dict)


def _chosen(texts: Sequence[str], *, offered: Sequence[Backing], llm: LLM) -> _Choice:
    if not offered:
        return _Choice()
    shown = prompts.repair_prompt(texts, [one.text for one in offered])
    reply = ask_once(llm, instruction=prompts.REPAIR, text=shown)
    named = {ord(letter.upper()) - ord("A"): number for letter, number in _REPAIRED.findall(reply.text)}
    chosen = {
        place: offered[int(number) - 1]
        for place, number in sorted(named.items())
        if number.isdigit() and place < len(texts) and 1 <= int(number) <= len(offered)
    }
    return _Choice(chosen, reply.usage)
