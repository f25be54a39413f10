"""Plots of a run, as places and sizes on a canvas of our own; `assets/report.html` draws them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.intervals import mean_interval, risk_coverage
from evals.results import Result
from evals.summary import verdict

_WIDTH, _HEIGHT, _EDGE = 420, 240, 36
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE
_MOST_TAGS = 24
_STEP = 18
"""From one bar with a name to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    x: float
    y: float
    width: float
    height: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    text: str
    x: float
    y: float
    is_at_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What is drawn on a canvas of `width` by `height`: an axis and a curve, each a path of SVG or none, bars, their
    whiskers and labels."""

    caption: str
    width: int = _WIDTH
    height: int = _HEIGHT
    axis: str = ""
    curve: str = ""
    bars: tuple[Box, ...] = ()
    whiskers: tuple[Box, ...] = ()
    labels: tuple[Label, ...] = ()


def risk_plot(results: Sequence[Result]) -> Plot | None:
    """Answer the most certain first: the share of wrong ones among what is answered. None where nothing is."""
    given = [(r.certainty, verdict(r)) for r in results if r.answer and r.answer.gate and r.answer.statements]
    certain = [(certainty, right) for certainty, right in given if right is not None]
    if not certain:
        return None
    curve = risk_coverage([score for score, _ in certain], right=[right for _, right in certain])
    highest = max(0.1, *(point.risk for point in curve))
    points = [(point.coverage * len(certain) / len(results), point.risk / highest) for point in curve]
    placed = [f"{_EDGE + x * _INNER_WIDTH:.1f},{_HEIGHT - _EDGE - y * _INNER_HEIGHT:.1f}" for x, y in points]
    return Plot(
        caption="Risk against coverage: wrong among what is answered, the most certain first",
        axis=_AXIS,
        curve=" ".join(placed),
        labels=_axis_labels(f"{highest:.2f}", ends=("0", "1")),
    )


def tag_plot(results: Sequence[Result]) -> Plot | None:
    """The share that came out as it should, by tag; None where there are no tags."""
    tags = sorted({tag for result in results for tag in result.case.tags if not tag.startswith("variant-")})
    judged = [(result.case.tags, right) for result in results if (right := verdict(result)) is not None]
    shares = [(tag, mean_interval([float(right) for of, right in judged if tag in of])) for tag in tags[:_MOST_TAGS]]
    if not shares:
        return None
    left, wide = 118, _WIDTH - 200
    bars, whiskers, labels = [], [], []
    for place, (tag, share) in enumerate(shares):
        y = place * _STEP
        bars.append(Box(x=left, y=y + 2, width=share.value * wide, height=12))
        whiskers.append(Box(x=left + share.low * wide, y=y + 8, width=(share.high - share.low) * wide))
        labels.append(Label(text=tag, x=left - 6, y=y + 12, is_at_end=True))
        labels.append(Label(text=f"{share.value:.2f} n={share.n}", x=left + wide + 6, y=y + 12))
    return Plot(
        caption="Came out as it should, by tag",
        height=len(shares) * _STEP,
        bars=tuple(bars),
        whiskers=tuple(whiskers),
        labels=tuple(labels),
    )


def latency_plot(results: Sequence[Result]) -> Plot | None:
    """How many answers took how long; None where no time was taken."""
    seconds = [result.asked.total for result in results if result.asked.total]
    if not seconds:
        return None
    counts, edges = np.histogram(seconds, bins=min(24, max(4, len(seconds) // 5)))
    highest, wide = max(int(counts.max()), 1), _INNER_WIDTH / len(counts)
    heights = [count / highest * _INNER_HEIGHT for count in counts.tolist()]
    return Plot(
        caption=f"Seconds to an answer, median {np.median(seconds):.3f}",
        axis=_AXIS,
        bars=tuple(
            Box(x=_EDGE + i * wide, y=_HEIGHT - _EDGE - height, width=wide * 0.9, height=height)
            for i, height in enumerate(heights)
        ),
        labels=_axis_labels(str(highest), ends=(f"{edges[0]:.2f} s", f"{edges[-1]:.2f} s")),
    )


_AXIS = f"M{_EDGE} {_EDGE}V{_HEIGHT - _EDGE}H{_WIDTH - _EDGE}"


def _axis_labels(highest: str, *, ends: tuple[str, str]) -> tuple[Label, ...]:
    return (
        Label(text="0", x=_EDGE - 4, y=_HEIGHT - _EDGE + 4, is_at_end=True),
        Label(text=highest, x=_EDGE - 4, y=_EDGE + 4, is_at_end=True),
        Label(text=ends[0], x=_EDGE, y=_HEIGHT - _EDGE + 16),
        Label(text=ends[1], x=_WIDTH - _EDGE, y=_HEIGHT - _EDGE + 16, is_at_end=True),
    )
