"""Candidates put in order by a linear model over what is known of them, fitted listwise on training questions.

What is known are the legs' scores, how much of the question a paragraph covers (`rag.text.overlap`) and, of those that
it read, the reader's log-odds. Fitting uses the same code as the product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.documents.context import context_of
from rag.domain import Paragraph, Passage, Ranks, Role
from rag.index.records import Record
from rag.search.features import Features, blank
from rag.search.filing import preferences
from rag.search.fusion import Scores, probabilities
from rag.search.learned import Learned
from rag.search.legs import LEGS, Legs
from rag.text.overlap import PARAGRAPH_FEATURES, Inquiry, paragraph_features, stems_of, view_sentences

LEG_FEATURES = (*LEGS, "cosine")
_TYPED = tuple(f"typed {name}" for name in LEG_FEATURES)
RANKING_FEATURES = (*LEG_FEATURES, *_TYPED, *PARAGRAPH_FEATURES, "reader")
"""The "typed" ones are the legs' again for questions typed as into a search box, else 0: there the dense leg
deserves more (on QED's questions alone .924 nDCG@10, the words .793), and fixed weights would drag it down. "reader" is
the reader's log-odds that the paragraph answers, 0 where it was not read."""

MOST_CERTAIN = 12.0
"""Log-odds beyond which the reader is not taken at its word: no training question told them apart."""

ROLE_PENALTY = {Role.COMMENT: 0.25, Role.CAPTION: 0.1, Role.BOILERPLATE: 2.5}
"""Subtracted from a candidate's logit: at equal evidence the document's own prose goes first. A policy, not a
fitted number: the training texts have no roles."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paragraph that may become a passage, by its ordinal in the snapshot."""

    ordinal: int
    record: Record
    paragraph: Paragraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Candidates to be put in order, what is known of them, and the logits they have so far."""

    candidates: Sequence[Candidate]
    features: Features
    logits: Scores

    @property
    def best_first(self) -> list[Candidate]:
        return [self.candidates[i] for i in np.argsort(-self.logits, kind="stable")]


def ranked(inquiry: Inquiry, candidates: Sequence[Candidate], *, legs: Legs, learned: Learned) -> Table:
    """The candidates before anything is read."""
    features = described(inquiry, candidates, legs)
    model = learned.ranking if legs.dense else learned.ranking_without_dense
    logits = model.scores(features) + _policy(inquiry.question, candidates)
    return Table(candidates=candidates, features=features, logits=logits)


def ranked_as_read(question: str, table: Table, *, relevances: Mapping[int, float], learned: Learned) -> Table:
    """Only those that were read, by what the reader said of them too: its log-odds by ordinal."""
    read = [i for i, candidate in enumerate(table.candidates) if candidate.ordinal in relevances]
    candidates = [table.candidates[i] for i in read]
    features = table.features.at(read)
    found = [relevances[candidate.ordinal] for candidate in candidates]
    features["reader"] = np.clip(found, -MOST_CERTAIN, MOST_CERTAIN)
    logits = learned.ranking_read.scores(features) + _policy(question, candidates)
    return Table(candidates=candidates, features=features, logits=logits)


def described(inquiry: Inquiry, candidates: Sequence[Candidate], legs: Legs) -> Features:
    """What is known of each candidate; what the reader says is 0 as yet."""
    features = blank(RANKING_FEATURES, len(candidates))
    if not candidates:
        return features
    named = legs.normalised
    scores = [
        [*(named.get(leg, {}).get(one.ordinal, 0.0) for leg in LEGS), legs.dense.get(one.ordinal, 0.0)]
        for one in candidates
    ]
    features.put(LEG_FEATURES, scores)
    if inquiry.is_typed:
        features.put(_TYPED, scores)
    features.put(PARAGRAPH_FEATURES, np.stack([_covered(inquiry, one) for one in candidates]))
    return features


def _covered(inquiry: Inquiry, one: Candidate) -> Scores:
    context = stems_of(context_of(one.record.title, one.paragraph), inquiry.truncated)
    return paragraph_features(inquiry, view_sentences(one.paragraph.text, inquiry.truncated), context)


def in_order(table: Table, legs: Legs) -> tuple[list[Passage], Features]:
    """The candidates as passages, the likeliest first, with what is known of each."""
    shares = probabilities(table.logits)
    ranks = {leg: {o: i for i, o in enumerate(scores, start=1)} for leg, scores in legs.normalised.items()}
    # Where no word is shared and no cosine known, a second embedder alone tells them apart.
    order = sorted(
        range(len(table.candidates)),
        key=lambda i: (
            -shares[i],
            -legs.second.get(table.candidates[i].ordinal, -1.0),
            table.candidates[i].ordinal,
        ),
    )
    passages = [_passage(table.candidates[i], float(shares[i]), ranks=ranks, legs=legs) for i in order]
    return passages, table.features.at(order)


def _passage(one: Candidate, share: float, *, ranks: Mapping[str, Mapping[int, int]], legs: Legs) -> Passage:
    places = Ranks(**{leg: ranks.get(leg, {}).get(one.ordinal) for leg in LEGS})
    return Passage(
        paragraph=one.paragraph,
        source=one.record.source,
        score=share,
        ranks=places,
        similarity=legs.dense.get(one.ordinal),
    )


def _policy(question: str, candidates: Sequence[Candidate]) -> Scores:
    """What is added to what was fitted."""
    penalties = np.array([ROLE_PENALTY.get(one.paragraph.role, 0.0) for one in candidates], dtype=np.float32)
    filed = [(one.record.document_id, one.record.source) for one in candidates]
    return preferences(question, filed, texts=[one.paragraph.text for one in candidates]) - penalties
