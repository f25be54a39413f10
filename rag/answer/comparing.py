"""What each of several documents says of one topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answer.candidate import Candidate
from rag.answer.collection import MOST_DOCUMENTS, Account, side_by_side
from rag.answer.extract import extract
from rag.answer.gathering import Evidence, Gathering
from rag.answer.outcomes import noted
from rag.domain import Answer, Question, Role
from rag.index.records import Record


@dataclass(frozen=True, slots=True)
class Comparison:
    """The quoted answer, what was found in each document, and a sentence if only some of them were asked."""

    quoted: Answer
    accounts: Sequence[Account]
    narrowed: str | None


def compare(gathering: Gathering, question: Question, *, topic: str, records: Sequence[Record]) -> Comparison:
    """Ask `records` for the topic of the question one by one, as the best passages of all may be of one document."""
    narrowed = None
    if len(records) > MOST_DOCUMENTS:
        narrowed = f"Only the documents closest to it were asked, of {len(records)}."
        records = _closest(gathering, question, topic=topic, records=records)
    accounts: list[Account] = []
    for record in records:
        # A second embedder that failed once is not waited for again.
        failed = any(account.retrieval.trouble for account in accounts)
        scope = frozenset({record.document_id})
        asked = replace(question, text=topic, turns=(), scope=scope, offline=question.offline or failed)
        accounts.append(_account(gathering, record, asked))
    return Comparison(noted(side_by_side(question.text, topic, accounts), narrowed), accounts, narrowed)


def _closest(gathering: Gathering, question: Question, *, topic: str, records: Sequence[Record]) -> list[Record]:
    ids = frozenset(record.document_id for record in records)
    found = gathering.retriever.search(replace(question, text=topic, turns=(), scope=ids)).passages
    closest = list(dict.fromkeys(passage.paragraph.document_id for passage in found))[:MOST_DOCUMENTS]
    return [record for record in records if record.document_id in closest]


def _account(gathering: Gathering, record: Record, topic: Question) -> Account:
    """What a document says of a topic. A topic is no question, and the gate was fitted on questions: where it is
    shut, a sentence with every word of the topic in it speaks of it all the same."""
    evidence = gathering.gather(topic)
    telling = _telling(gathering, evidence)
    said = next(iter(extract(evidence.inquiry, telling[:1])), None) if telling else None
    return Account(record, evidence.retrieval, said)


def _telling(gathering: Gathering, evidence: Evidence) -> list[Candidate]:
    stems = set(evidence.inquiry.stems)
    telling = [one for one in evidence.candidates if stems and stems <= one.sentence.present]
    # What the document says goes before what its readers do.
    telling.sort(key=lambda one: one.passage.paragraph.role is Role.COMMENT)
    if not telling and gathering.judged(evidence).is_open:
        telling = list(evidence.candidates[:1])
    return telling
