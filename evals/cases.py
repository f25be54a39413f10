"""Reading question files, whoever wrote them, and finding their gold in a corpus as it is now.

Gold is a quote, not a paragraph id, so cases survive any change of splitting: right is any paragraph that
overlaps any occurrence of the quote; without quote or page, any paragraph of the document.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import regex

from evals import fields
from evals.domain import Case, Gold, KeyPoint
from evals.items import Item, items_of
from evals.shapes import TELLING, described_from
from rag.documents.loaders.decoding import decode
from rag.domain import Key, Paragraph
from rag.errors import CaseError, DocumentError

Corpus = Mapping[str, Sequence[Paragraph]]

_FIELDS = (
    "id", "question", "answers", "gold", "answerable", "all_gold", "tags", "near", "reference", "turns", "key_points",
    "must_not", "cluster", "source",
)  # fmt: skip
_ALIKE = 0.8
"""From which on a name is taken for a slip of another (difflib's ratio)."""
ENOUGH_DOCUMENTS = 20
"""Of which a bootstrap over documents still draws a fair picture (Cameron, Gelbach & Miller 2008)."""


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """What a question file holds: its cases, for each the place where it stands (“line 3”), what is wrong with the
    items that are no case, a line each, and of how many cases the id was made."""

    cases: tuple[Case, ...]
    places: tuple[str, ...]
    slips: tuple[str, ...]
    made: int


def read_cases(path: Path) -> list[Case]:
    """The cases of a question file. Raises CaseError naming the first line that is none."""
    found = read_questions(path)
    if found.slips:
        more = len(found.slips) - 1
        rest = f" {more} more like it: `ibid eval lint` names each." if more else ""
        raise CaseError(f"{path} {found.slips[0]}{rest}")
    return list(found.cases)


def read_questions(path: Path) -> QuestionFile:
    """A question file in any of the shapes of `evals.shapes`, told by what it holds. An id that is missing is made of
    the words of the question, so it stays as long as they do. Raises CaseError where the file cannot be read."""
    try:
        data = path.read_bytes()
        items = items_of(decode(data)[0], telling=TELLING) if data.strip() else []
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}. Name a file of questions.") from error
    except (DocumentError, CaseError) as error:
        raise CaseError(f"{path}: {error}") from error
    found: list[tuple[Case, str]] = []
    slips, made = [], Counter[str]()
    for item in items:
        try:
            if isinstance(item, CaseError):
                raise item
            found.append((_case_of(item, made=made), item.place))
        except CaseError as error:
            slips.append(f"{item.place}: {error}" if isinstance(item, Item) else str(error))
    cases, places = tuple(case for case, _ in found), tuple(place for _, place in found)
    return QuestionFile(cases, places, tuple(slips), made.total())


def _case_of(item: Item, *, made: Counter[str]) -> Case:
    described = described_from(item.fields)
    for name in described:
        meant = () if name in _FIELDS else get_close_matches(name, _FIELDS, n=1, cutoff=_ALIKE)
        if meant and meant[0] not in described:
            raise CaseError(f"{name} “{fields.shown(described[name])}” is no field of a case. Call it {meant[0]}.")
    if described.get("question") is not None and described.get("id") in (None, ""):
        described = {**described, "id": _made_id(described, made=made)}
    return case_from(described)


def _made_id(described: Mapping[str, Any], *, made: Counter[str]) -> str:
    asked = "\n".join((*fields.texts(described, name="turns"), fields.text(described, name="question")))
    name = f"q-{hashlib.sha256(asked.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    made[name] += 1
    return name if made[name] == 1 else f"{name}-{made[name]}"


def case_from(described: Mapping[str, Any]) -> Case:
    """A case as it was described, by the names of its fields. Raises CaseError naming the field and its value."""
    for name in ("question", "id"):
        if described.get(name) is None:
            there = ", ".join(map(str, described)) or "nothing"
            raise CaseError(f"{name} is missing; there is {there}. Write a {name}.")
    near = fields.objects(described, name="near", text_as="quote")
    points = fields.objects(described, name="key_points", text_as="any")
    return Case(
        id=fields.text(described, name="id"),
        question=fields.text(described, name="question"),
        answers=fields.texts(described, name="answers"),
        gold=tuple(_gold(one) for one in fields.objects(described, name="gold", text_as="quote")),
        answerable=fields.truth(described, name="answerable", usual=True),
        all_gold=fields.truth(described, name="all_gold", usual=False),
        tags=fields.texts(described, name="tags"),
        near=_gold(near[0]) if near else None,
        reference=fields.text(described, name="reference") or None,
        turns=fields.texts(described, name="turns"),
        key_points=tuple(
            KeyPoint(fields.texts(one, name="any"), fields.truth(one, name="vital", usual=True)) for one in points
        ),
        must_not=fields.texts(described, name="must_not"),
        cluster=fields.text(described, name="cluster"),
        source=fields.text(described, name="source") or "human",
    )


def _gold(described: Mapping[str, Any]) -> Gold:
    document, quote = fields.text(described, name="document"), fields.text(described, name="quote") or None
    if not document and quote is None:
        raise CaseError(f"gold “{fields.shown(described)}” names neither a document nor a quote. Write one of the two.")
    grade = fields.whole(described, name="grade")
    page = fields.whole(described, name="page")
    return Gold(document=document, quote=quote, page=page, grade=1 if grade is None else grade)


def sample(cases: Sequence[Case], *, n: int, seed: int = 0) -> list[Case]:
    """The first n by the hash of their id: the same for everyone, and unrelated to any order in the file. Another
    `seed` draws others."""
    salt = str(seed) if seed else ""
    return sorted(cases, key=lambda case: hashlib.sha256(f"{salt}{case.id}".encode()).hexdigest())[:n]


def clusters_of(cases: Sequence[Case]) -> list[str]:
    """For each case the group it stands or falls with: its own `cluster`, else its document if the cases are of at
    least ENOUGH_DOCUMENTS, else its gold quote. A case without gold is near one, or alone."""
    places = [case.gold[0] if case.gold else case.near for case in cases]
    by_document = len({place.document for place in places if place}) >= ENOUGH_DOCUMENTS
    return [
        case.cluster or (_place_name(place, by_document=by_document) if place else f"case {case.id}")
        for case, place in zip(cases, places, strict=True)
    ]


def _place_name(place: Gold, *, by_document: bool) -> str:
    return place.document if by_document else f"{place.document}#{place.page or ''}#{place.quote or ''}"


def gold_paragraphs(gold: Gold, *, corpus: Corpus) -> frozenset[Key]:
    """The paragraphs that are right for one gold; empty where its document or quote is not in the corpus."""
    paragraphs = corpus.get(f"documents/{gold.document}") or corpus.get(f"uploads/{gold.document}", ())
    if gold.page is not None:
        return frozenset(p.key for p in paragraphs if p.page == gold.page)
    if gold.quote is None:
        return frozenset(p.key for p in paragraphs)
    within = frozenset(p.key for p in paragraphs if gold.quote in p.text)
    return within or _across_paragraphs(gold.quote, paragraphs=paragraphs)


def case_gold(case: Case, *, corpus: Corpus) -> frozenset[Key]:
    return frozenset(key for gold in case.gold for key in gold_paragraphs(gold, corpus=corpus))


def graded_gold(case: Case, *, corpus: Corpus) -> dict[str, dict[Key, int]]:
    """Right paragraphs with their grades, by the gold they belong to (its document and quote)."""
    return {
        f"{gold.document}#{gold.quote or gold.page or ''}": dict.fromkeys(
            gold_paragraphs(gold, corpus=corpus), gold.grade
        )
        for gold in case.gold
    }


def _across_paragraphs(quote: str, *, paragraphs: Sequence[Paragraph]) -> frozenset[Key]:
    """Paragraphs that a quote overlaps when it runs over their borders or differs from them in white space."""
    if not paragraphs:
        return frozenset()
    text = [" "] * paragraphs[-1].end
    for paragraph in paragraphs:
        text[paragraph.start : paragraph.end] = paragraph.text
    found = set()
    for match in _spaced(quote).finditer("".join(text)):
        found |= {p.key for p in paragraphs if p.start < match.end() and match.start() < p.end}
    return frozenset(found)


@lru_cache(maxsize=4096)
def _spaced(quote: str) -> regex.Pattern[str]:
    return regex.compile(r"\s+".join(regex.escape(word) for word in quote.split()) or r"(?!)")
