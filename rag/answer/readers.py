"""What readers say of something: their comments on it, and those under what it is told in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import regex

from rag.answer.central import is_said
from rag.answer.collection import PassagesOf, last_quoted
from rag.answer.gathering import Gathering
from rag.answer.verify import quotation
from rag.documents.signatures import is_signature
from rag.documents.voices import lead_of
from rag.domain import Answer, Passage, Question, Role, Span
from rag.index.records import Record
from rag.text import language, terms
from rag.text.overlap import view_sentences

MOST_COMMENTS = 6
"""Quoted in one answer."""
_MOST_WORDS = 45
_BEGINNING = 5
"""Letters by which a word is the same in another form."""
_OF_READERS = 400
"""Paragraphs of a document among which its readers' are looked for."""
_POINTS_BACK = regex.compile(rf"{language.pattern('requests.that_one', 'requests.those')}\W*", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Comment:
    """What a reader says, from the sentence on that has a word of the topic, if one `touches` it; whether the whole
    comment `speaks` of it, with all its words."""

    passage: Passage
    span: Span
    touches: bool
    speaks: bool


def said_by_readers(
    gathering: Gathering, question: Question, *, topic: str | None, records: Sequence[Record]
) -> Answer | None:
    """The comments that speak of a topic, and the others under the document that is about it; of what was told last
    where it points back. None where no reader says anything of it."""
    read, kept = gathering.retriever.passages_of, [record.document_id for record in records]
    told = [one for one in last_quoted(question.turns) if one in kept]
    if topic is None or _POINTS_BACK.fullmatch(topic):
        return _answer(question.text, _beneath(told[:1] or kept, _last_asked(question), read), is_sure=True)
    found = [(document, number) for document, number in gathering.retriever.holding(topic) if document in kept]
    every = [one for document, number in found for one in _comments(read(document, [number]), topic)]
    titled = [one.document_id for one in records if _stems(topic) <= _stems(one.title)]
    speaking = [one for one in every if one.speaks]
    under = titled or ([] if speaking else _likely(gathering, question, topic))
    # Under what is about it they speak of it, in whatever words; elsewhere a word of it may mean something else.
    beneath = sorted(_beneath(under, topic, read), key=lambda one: not one.speaks)
    known = {one.passage.paragraph.key for one in beneath}
    elsewhere = [one for one in speaking if one.passage.paragraph.key not in known and _names(one, topic)]
    return _answer(question.text, [*beneath, *elsewhere], is_sure=bool(speaking or titled))


def _names(comment: Comment, topic: str) -> bool:
    """Whether a comment has the very words of a topic, and not others for them: what "costs time" is no price."""
    said = terms.fold(comment.passage.paragraph.text)
    return all(word[:_BEGINNING] in said for word in terms.content_words(topic))


def _answer(question: str, comments: Sequence[Comment], *, is_sure: bool) -> Answer | None:
    if not comments:
        return None
    shown = comments[:MOST_COMMENTS]
    citations = [one.passage.cited(one.span, mark) for mark, one in enumerate(shown, start=1)]
    left = f" {len(comments) - len(shown)} more are not shown." if len(comments) > len(shown) else ""
    titles = ", ".join(dict.fromkeys(f"“{one.passage.source.title}”" for one in shown))
    return Answer(
        question=question,
        searched_for=(question,),
        statements=tuple(quotation(one, lead=lead_of(one)) for one in citations),
        passages=tuple({one.passage.paragraph.key: one.passage for one in shown}.values()),
        is_uncertain=not is_sure,
        notice=f"What readers write under {titles}.{left}",
        named=tuple(dict.fromkeys(one.passage.paragraph.document_id for one in shown)),
    )


def _likely(gathering: Gathering, question: Question, topic: str) -> list[str]:
    """The document that most likely tells of a topic: that of the best passage, where it holds half of its words."""
    asked = _stems(topic)
    passages = gathering.retriever.search(replace(question, text=topic, turns=())).passages[:1]
    held = [
        one for one in passages if 2 * len(asked & _stems(f"{one.source.title} {one.paragraph.text}")) >= len(asked)
    ]
    return [one.paragraph.document_id for one in held]


def _last_asked(question: Question) -> str | None:
    return question.turns[-1].question if question.turns else None


def _stems(text: str) -> frozenset[str]:
    return frozenset(terms.content_stems(text))


def _beneath(under: Sequence[str], topic: str | None, passages_of: PassagesOf) -> list[Comment]:
    """What readers say under these documents."""
    every = [one for document in under for one in _comments(passages_of(document, range(1, _OF_READERS + 1)), topic)]
    return sorted(every, key=lambda one: not one.touches)


def _comments(passages: Sequence[Passage], topic: str | None) -> list[Comment]:
    """What readers say in these paragraphs, without who they are and when they wrote."""
    asked = _stems(topic) if topic else frozenset()
    made = (_comment(one, asked) for one in passages if one.paragraph.role is Role.COMMENT)
    return [one for one in made if one is not None]


def _comment(passage: Passage, asked: frozenset[str]) -> Comment | None:
    """A comment whole where it is short, else from its first sentence on that has a word of the topic."""
    views = view_sentences(passage.paragraph.text, False)
    if not any(is_said(view.text) for view in views):
        return None
    first = next((i for i, view in enumerate(views) if asked & view.present), None)
    is_short = sum(len(view.text.split()) for view in views) <= _MOST_WORDS
    kept = [view for view in views[0 if is_short else first or 0 :] if not is_signature(view.text)]
    words, last = 0, kept[0]
    for view in kept:
        words += len(view.text.split())
        if words > _MOST_WORDS:
            break
        last = view
    span = Span(kept[0].span.start, last.span.end).shifted(passage.paragraph.start)
    present = frozenset[str]().union(*(view.present for view in views))
    return Comment(passage, span, first is not None, bool(asked) and asked <= present)
