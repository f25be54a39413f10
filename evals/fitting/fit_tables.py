"""What was fitted, as tables: each question judged by a model that has not seen its collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.fitting.fit_records import Array, Asked, Kind, Sentence
from evals.intervals import auroc

THRESHOLDS = (0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


@dataclass(frozen=True, slots=True)
class Judged:
    """A question, the sentence that would be quoted, and how likely the gate finds it right."""

    asked: Asked
    quoted: Sentence
    likely: float


def print_sentences(rows: Sequence[Judged]) -> None:
    """By collection the shares of questions whose quote is of a right paragraph, whose quote is right itself, and whose
    right paragraph comes first and among five."""
    plain = [row for row in rows if row.asked.kind is Kind.ANSWERABLE and not row.asked.is_scoped]
    print(f"{'sentences':22} cited  right  first   five")
    shares = {name: _sentence_shares(of) for name, of in _by_collection(plain).items()}
    for name, found in shares.items():
        print(f"{name:22} " + "  ".join(f"{share:.3f}" for share in found))
    real = [found for name, found in shares.items() if name.startswith("real")]
    print(f"{'real, mean':22} " + "  ".join(f"{share:.3f}" for share in np.mean(real, axis=0)))


def _sentence_shares(rows: Sequence[Judged]) -> Array:
    told = [
        (row.quoted.is_cited_rightly, row.quoted.is_right, row.asked.gold_rank < 1, row.asked.gold_rank < 5)
        for row in rows
    ]
    shares: Array = np.mean(told, axis=0)
    return shares


def print_gate(title: str, *, rows: Sequence[Judged]) -> None:
    """How well a gate tells real questions apart, and by threshold what would be answered, mean of the collections."""
    real = [row for row in rows if row.asked.is_real and not row.asked.is_scoped]
    likely = {kind: [row.likely for row in real if row.asked.kind is kind] for kind in Kind}
    right = [row.likely for row in real if row.quoted.is_cited_rightly]
    wrong = [row.likely for row in real if not row.quoted.is_cited_rightly]
    print(f"\n{title}: AUROC of answerable against")
    print(f"  unanswerable {auroc(likely[Kind.ANSWERABLE], negatives=likely[Kind.UNANSWERABLE])}")
    print(f"  masked       {auroc(likely[Kind.ANSWERABLE], negatives=likely[Kind.MASKED])}")
    print(f"  right against wrong {auroc(right, negatives=wrong)}, calibration error {calibration_error(real):.3f}")
    print("  from  answered  rightly cited (worst)  precision  unanswerable  masked")
    for threshold in THRESHOLDS:
        print(_gate_line(threshold, rows=real))


def _gate_line(threshold: float, *, rows: Sequence[Judged]) -> str:
    found = np.array([_gate_shares(threshold, rows=of) for of in _by_collection(rows).values()])
    answered, cited, precision, unanswerable, masked = found.mean(axis=0)
    return (
        f"  {threshold:.2f}  {answered:8.3f}  {cited:13.3f} ({found[:, 1].min():.2f})  {precision:9.3f}  "
        f"{unanswerable:12.3f}  {masked:6.3f}"
    )


def _gate_shares(threshold: float, *, rows: Sequence[Judged]) -> tuple[float, ...]:
    """Of one collection: of the answerable the share that is answered and that is so by a right paragraph, of those
    answered the share that is; of the others the shares that are answered all the same."""
    asked = [row for row in rows if row.asked.kind is Kind.ANSWERABLE]
    right = [row.quoted.is_cited_rightly for row in asked if row.likely >= threshold]
    others = [_share(rows, kind=kind, threshold=threshold) for kind in (Kind.UNANSWERABLE, Kind.MASKED)]
    return len(right) / len(asked), sum(right) / len(asked), float(np.mean(right or [False])), *others


def print_training(rows: Sequence[Judged]) -> None:
    """The same of the older training sets, which the gate has seen: answered, by threshold."""
    older = [row for row in rows if not row.asked.is_real and not row.asked.is_scoped]
    for name, of in _by_collection(older).items():
        for kind in (Kind.ANSWERABLE, Kind.MASKED):
            print(f"  {name} {kind.value}: {_shares_line(of, kind=kind)}")


def print_scoped(rows: Sequence[Judged]) -> None:
    """Real questions asked of one document: answered, by threshold."""
    scoped = [row for row in rows if row.asked.is_real and row.asked.is_scoped]
    for kind in Kind:
        print(f"  of one document, {kind.value}: {_shares_line(scoped, kind=kind)}")


def _shares_line(rows: Sequence[Judged], *, kind: Kind) -> str:
    return "  ".join(f"{at:.2f} {_share(rows, kind=kind, threshold=at):.2f}" for at in THRESHOLDS)


def _share(rows: Iterable[Judged], *, kind: Kind, threshold: float) -> float:
    """How many questions of a kind are answered; not a number where there are none."""
    likely = [row.likely for row in rows if row.asked.kind is kind]
    return sum(one >= threshold for one in likely) / len(likely) if likely else float("nan")


def calibration_error(rows: Sequence[Judged], *, bins: int = 10) -> float:
    """The expected calibration error over bins of as many questions (Naeini et al. 2015)."""
    likely = np.array([row.likely for row in rows])
    right = np.array([row.quoted.is_cited_rightly for row in rows], dtype=float)
    parts = np.array_split(np.argsort(likely), bins)
    return float(sum(len(part) * abs(likely[part].mean() - right[part].mean()) for part in parts) / len(rows))


def _by_collection(rows: Iterable[Judged]) -> Mapping[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for row in rows:
        found.setdefault(row.asked.collection, []).append(row)
    return found
