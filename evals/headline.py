"""What a run says in a sentence: how much was answered rightly and wrongly, and whether that is better than before."""

from __future__ import annotations

from evals.compare import Change, Comparison
from evals.domain import Interval
from evals.summary import Cause, Row, Summary

TOLD = ("right", "wrong")
"""The metrics of the headline; what is said of the last run is said of the first of them that both runs have."""


def headline(summary: Summary, *, since: Comparison | None = None) -> str:
    """In plain words, with 95 % intervals, of how many questions. What could not be judged or ended in an error is told
    beside; `since` is the comparison with the last run of the suite, where there is one."""
    rows = {row.metric.name: row for row in summary.rows}
    parts = [told for told in (_rightly(rows), _wrongly(rows)) if told]
    first = ", ".join(parts) or f"{summary.cases} questions asked"
    last = _since(since, rows=rows) if since is not None and since.cases else ""
    return "; ".join(part for part in (first, *_left(summary), _judged(rows), last) if part) + "."


def _rightly(rows: dict[str, Row]) -> str:
    right, wrong = rows.get("right"), rows.get("wrong")
    if right is None:
        return ""
    is_all = wrong is not None and wrong.interval.n == right.interval.n
    of = "" if is_all else f" of the {right.interval.n} that can be answered"
    return f"{_share(right.interval)} answered rightly{of}"


def _wrongly(rows: dict[str, Row]) -> str:
    wrong = rows.get("wrong")
    return f"{_share(wrong.interval)} wrongly, of {_counted(wrong.interval.n, 'question')}" if wrong else ""


def _left(summary: Summary) -> list[str]:
    unjudged = len(summary.causes.get(Cause.UNJUDGED, ()))
    return [
        f"{unjudged} more could not be judged" if unjudged else "",
        f"{_counted(summary.errors, 'question')} ended in an error" if summary.errors else "",
    ]


def _judged(rows: dict[str, Row]) -> str:
    support, unjudged = rows.get("judged_support"), rows.get("unjudged")
    if unjudged is None:
        return ""
    told = f"{_share(support.interval)} supported, says the judge, and " if support else "the judge "
    return f"{told}could not judge {_share(unjudged.interval)} of an answer’s statements"


def _since(since: Comparison, *, rows: dict[str, Row]) -> str:
    """Against the last run: better or worse where the whole interval of the paired difference lies on one side."""
    changes = {change.metric.name: change for change in since.changes}
    change = next((changes[name] for name in TOLD if name in changes and name in rows), None)
    if change is None:
        return ""
    interval = change.difference.interval
    points, half = 100 * interval.value, 100 * (interval.high - interval.low) / 2
    count = rows[change.metric.name].interval.n
    on = f" on the {interval.n} questions in both" if interval.n != count else ""
    if not points and not half:
        return f"the same as the last run{on}"
    if interval.low <= 0 <= interval.high:
        bounds = f"{100 * interval.low:+.0f} to {100 * interval.high:+.0f} points"
        return f"no better or worse than the last run that can be told ({bounds}){on}"
    return f"{_direction(change)} than the last run by {abs(points):.0f} points ± {half:.0f}{on}"


def _direction(change: Change) -> str:
    return "better" if (change.difference.interval.value > 0) != change.metric.less_is_better else "worse"


def _share(interval: Interval) -> str:
    return f"{100 * interval.value:.0f} % ({100 * interval.low:.0f}–{100 * interval.high:.0f})"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
