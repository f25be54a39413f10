"""What the verifier catches, as figures: WiCE's test claims and near-misses of them (evals/verifying.py)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from evals.domain import Interval
from evals.figures import Figure
from evals.summary import Limit
from evals.verifying import CLAIMS, Claim, catches, false_positives, pointed, quoting, read_claims

_VALUES = ("number", "date")
_RECALL = Limit(least=0.95)


def verifier_figures(data: Path) -> Iterator[Figure]:
    """Every figure of the verifier, from the folder of the public sets."""
    claims = read_claims(data / CLAIMS)
    supported = [claim for claim in claims if claim.label == "supported"]
    for fault, share in false_positives(supported).items():
        most = Limit(most=0.05) if fault == "value" else None
        yield _flagged("wice, supported claims", value=share, fault=fault, limit=most)
    fewest = [claim for claim in read_claims(data / CLAIMS, fewest=True) if claim.label == "supported"]
    for fault in ("value", "anything"):
        yield _flagged("wice, fewest sentences cited", value=false_positives(fewest)[fault], fault=fault)
    for label in ("partially_supported", "not_supported"):
        others = [claim for claim in claims if claim.label == label]
        yield _flagged(f"wice, {label.replace('_', ' ')}", value=false_positives(others)["anything"])
    quotes = quoting(claims)
    as_they_are = false_positives(quotes)["anything"]
    yield _flagged("wice, sentences as they are", value=as_they_are, limit=Limit(most=0.0))
    yield from _catches("wice, claims made wrong", right=supported)
    yield from _catches("wice, sentences made wrong", right=quotes)


def _flagged(where: str, *, value: Interval, fault: str = "anything", limit: Limit | None = None) -> Figure:
    return Figure(where=where, what=f"called unsupported for {fault}", value=value, limit=limit)


def _catches(where: str, *, right: list[Claim]) -> Iterator[Figure]:
    figure = partial(Figure, where=where)
    for catch in catches(right):
        yield figure(what=f"{catch.kind}: recall", value=catch.recall, limit=_RECALL if catch.kind in _VALUES else None)
        yield figure(what=f"{catch.kind}: precision", value=catch.precision)
    for outcome, share in pointed(right).items():
        yield figure(what=f"right, but under a wrong number: {outcome}", value=share)
