"""Answer JSON read back into nouns: for pages that come back, for runs, and for a second process.

What was left out on the way (the texts of passages, say) comes back empty; a citation comes back with its
quote and its place, as that is all a citation is.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from rag.domain import (
    Answer,
    Citation,
    Confidence,
    GateReading,
    Paragraph,
    Passage,
    Ranks,
    Role,
    Source,
    Span,
    Statement,
    Verdict,
)

Described = Mapping[str, Any]


def answer_from(described: Described) -> Answer:
    """The answer that `Answer.json` described. Raises ValueError, KeyError or TypeError where it describes none."""
    gate = described.get("gate")
    return Answer(
        question=str(described["question"]),
        searched_for=tuple(map(str, described.get("searched_for") or ())),
        statements=tuple(_statement(one) for one in described.get("statements") or ()),
        passages=tuple(passage_from(one) for one in described.get("passages") or ()),
        abstained=bool(described.get("abstained")),
        closest=tuple(passage_from(one) for one in described.get("closest") or ()),
        missing_terms=tuple(map(str, described.get("missing_terms") or ())),
        mode=str(described.get("mode") or "extractive"),
        model=_words(described.get("model")),
        notice=_words(described.get("notice")),
        gate=_gate(gate) if gate else None,
        seconds={str(part): _number(seconds) for part, seconds in (described.get("seconds") or {}).items()},
        usage={str(kind): _amount(count) for kind, count in (described.get("usage") or {}).items()},
        complete=bool(described.get("complete", True)),
        is_uncertain=described.get("confidence") == Confidence.LOW,
        unmentioned=tuple(map(str, described.get("unmentioned") or ())),
        named=tuple(str(one["document"]) for one in described.get("named") or ()),
        reasoning=_words(described.get("reasoning")),
    )


def _gate(described: Described) -> GateReading:
    return GateReading(
        score=_number(described["score"]),
        threshold=_number(described["threshold"]),
        floor=_number(described.get("floor") or 0.0),
    )


def passage_from(described: Described) -> Passage:
    """The passage that `Passage.json` described; offsets are not part of it, so its paragraph begins at 0."""
    ranks = described.get("ranks") or {}
    return Passage(
        paragraph=_paragraph(described, text=str(described.get("text") or ""), start=0),
        source=_source(described),
        score=_number(described.get("score") or 0.0),
        ranks=Ranks(**{leg: _rank(ranks.get(leg)) for leg in ("dense", "words", "grams")}),
    )


def _statement(described: Described) -> Statement:
    return Statement(
        text=str(described["text"]),
        citations=tuple(_citation(one) for one in described.get("citations") or ()),
        verdict=Verdict(described["verdict"]),
        reason=_words(described.get("reason")),
        lead=_words(described.get("lead")),
        conflicts_with=tuple(map(_whole, described.get("conflicts_with") or ())),
        cells=tuple((str(name), str(value)) for name, value in described.get("cells") or ()),
    )


def _citation(described: Described) -> Citation:
    start, end = _whole(described["start"]), _whole(described["end"])
    bold = Span(*map(_whole, described["bold"])) if described.get("bold") else None
    quote = str(described["quote"])
    if not 0 <= start < end or len(quote) != end - start:
        raise ValueError(f"a quote of {len(quote)} characters does not fill {start} to {end}")
    if bold and not start <= bold.start < bold.end <= end:
        raise ValueError(f"{bold} lies outside its quote")
    return Citation(
        mark=_whole(described["mark"]),
        paragraph=_paragraph(described, text=quote, start=start),
        source=_source(described),
        start=start,
        end=end,
        bold=bold,
        also=tuple((str(one["document"]), _whole(one["paragraph"])) for one in described.get("also") or ()),
    )


def _paragraph(described: Described, *, text: str, start: int) -> Paragraph:
    heading = described.get("heading")
    page = described.get("page")
    return Paragraph(
        document_id=str(described["document"]),
        number=_whole(described["paragraph"]),
        text=text,
        start=start,
        end=start + len(text),
        role=Role(described["role"]),
        heading=tuple(str(heading).split(" › ")) if heading else (),
        page=_whole(page) if page is not None else None,
        speaker=_words(described.get("speaker")),
        time=_words(described.get("time")),
    )


def _source(described: Described) -> Source:
    dated = described.get("date")
    return Source(
        title=str(described.get("title") or ""),
        revision=str(described.get("revision") or ""),
        date=dt.date.fromisoformat(dated) if dated else None,
    )


def _words(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{str(value)[:20]}… is too large a number") from error


def _whole(value: Any) -> int:
    # Infinity is none either.
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value} is no whole number")
    return int(value)


def _amount(value: Any) -> float:
    """Tokens are whole, a cost is not."""
    return _whole(value) if isinstance(value, int) or not math.isfinite(value) else _number(value)


def _rank(value: object) -> int | None:
    return None if value is None else _whole(value)
