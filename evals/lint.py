"""What is wrong with a question file, told before anybody trusts a figure made of it.

Each complaint names the field, its value and the next step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from evals.cases import Corpus, case_gold, gold_paragraphs
from evals.domain import Case, Gold
from evals.fields import shown
from evals.placing import placed
from evals.polarity import polarity
from evals.telling import can_be_told, tells, wanted_polarity
from evals.wording import normalise, stands_in
from rag.domain import document_name
from rag.text.sentences import split_sentences

_NEAR = 0.6
"""Likeness (difflib's ratio) from which on another sentence may be the one that was meant."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one case: its place among the cases, counted from 0, its id, and what it is. A
    `note` is nothing wrong, but limits what can be measured."""

    index: int
    case: str
    what: str
    is_note: bool = False

    def __str__(self) -> str:
        return f"{self.case}: {self.what}"


def lint(cases: Sequence[Case], *, corpus: Corpus, files: Mapping[str, str]) -> list[Problem]:
    """Everything that is wrong with the cases over these documents; `files` holds their texts by document id."""
    counted = Counter(case.id for case in cases)
    asked = Counter((case.turns, case.question.strip().casefold()) for case in cases)
    found: list[Problem] = []
    for index, case in enumerate(placed(cases, corpus=corpus)):
        complaints = [*_of_text(case), *_of_gold(case, corpus=corpus), *_of_answers(case, corpus=corpus, files=files)]
        if counted[case.id] > 1:
            complaints.append(f"id “{shown(case.id)}” stands twice. Give each case its own.")
        if asked[case.turns, case.question.strip().casefold()] > 1:
            complaints.append(f"question “{shown(case.question)}” stands twice. Delete one.")
        found += [Problem(index, case.id, complaint) for complaint in complaints]
        found += [Problem(index, case.id, note, is_note=True) for note in _notes(case)]
    return found


def _notes(case: Case) -> Iterator[str]:
    if case.answerable and not case.gold and (case.answers or case.key_points):
        yield "gold is missing, so only what is said can be scored, and not where it is from. Add a quote."


def _of_text(case: Case) -> Iterator[str]:
    if not case.question.strip():
        yield f"question “{case.question}” asks nothing. Write one, or delete the case."
    for point in case.key_points:
        if not point.any or any(not wording.strip() for wording in point.any):
            yield f"key_points “{shown(point.json())}” has no wording. Write one under any."


def _of_gold(case: Case, *, corpus: Corpus) -> Iterator[str]:
    if case.answerable and not (case.gold or case.answers or case.key_points):
        yield "gold and answers are missing, so nothing says what is right. Write one, or “answerable”: false."
    if not case.answerable and case.gold:
        yield "answerable is false, but there is gold. Delete one of the two; what it is near to goes under near."
    for gold in (*case.gold, *((case.near,) if case.near else ())):
        if not gold_paragraphs(gold, corpus=corpus):
            yield _missing(gold, corpus=corpus)


def _missing(gold: Gold, *, corpus: Corpus) -> str:
    document, quote = f"documents/{gold.document}", shown(gold.quote or "")
    if not gold.document:
        return f"gold “{quote}” stands in none of the documents. {_meant(gold.quote or '', corpus=corpus)}"
    if document not in corpus:
        near = get_close_matches(gold.document, [document_name(one) for one in corpus], n=1)
        hint = f"Is it {near[0]}?" if near else f"There is {shown(', '.join(map(document_name, corpus)))}."
        return f"gold names {gold.document}, and there is no document of that name. {hint}"
    if gold.quote is None:
        return f"gold names page {gold.page}, and {gold.document} has no such page. Name another."
    hint = _meant(gold.quote, corpus={document: corpus[document]})
    return f"gold “{quote}” does not stand in {gold.document}. {hint}"


def _meant(quote: str, *, corpus: Corpus) -> str:
    """The next step: the sentence that is nearest to the quote, if any is near."""
    texts = (paragraph.text for paragraphs in corpus.values() for paragraph in paragraphs)
    sentences = [span.of(text) for text in texts for span in split_sentences(text)]
    near = get_close_matches(quote, sentences, n=1, cutoff=_NEAR)
    return f"Is it “{shown(near[0])}”?" if near else "Quote a piece of a document letter for letter."


def _of_answers(case: Case, *, corpus: Corpus, files: Mapping[str, str]) -> Iterator[str]:
    if not case.answerable:
        # Of an unanswerable question the answer may be known to the world; in the documents it would be an answer.
        for answer in case.answers:
            if any(stands_in(answer, text=text) for text in files.values()):
                yield f"answerable is false, but “{shown(answer)}” stands in the documents. Is it an answer?"
        return
    for answer in case.answers:
        if not normalise(answer):
            yield f"answers “{shown(answer)}” has no word that can be compared: articles do not count. Write more."
    right = case_gold(case, corpus=corpus)
    texts = [p.text for paragraphs in corpus.values() for p in paragraphs if p.key in right]
    if texts and can_be_told(case):
        yield from _untold(case, texts=texts)


def _untold(case: Case, *, texts: Sequence[str]) -> Iterator[str]:
    """What is amiss where no gold paragraph tells an answer; of yes and no its sentences are asked, one by one."""
    answers = shown(", ".join(case.answers))
    wanted = wanted_polarity(case)
    if wanted is None:
        if not any(tells(case, text=text) for text in texts):
            yield f"answers “{answers}” stand in no gold paragraph. Mend them, or the gold."
        return
    quotes = [gold.quote for gold in case.gold if gold.quote] or texts
    said = {polarity(case.question, text=quote) for quote in quotes}
    if any(tells(case, text=text) for text in (*quotes, *texts)):
        return
    if (not wanted) in said:
        yield f"answers “{answers}”, but the gold says {'no' if wanted else 'yes'}. Mend one of the two."
    else:
        yield (
            f"answers “{answers}” cannot be told from the words of the gold, so such an answer could not be judged. "
            "Add the words that a right answer has to answers."
        )
