"""What `ibid eval` prints: a run in figures, two runs side by side, a gate beside the shipped one."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

from ui.show import safe
from ui.terminal import out
from ui.words import counted

if TYPE_CHECKING:
    from evals.calibrate import Calibration
    from evals.compare import Comparison
    from evals.summary import Summary

_MOST_LISTED = 5
_MOST_FLIPS = 12


def print_summary(summary: Summary, *, since: Comparison | None = None) -> None:
    """The run in a sentence, every figure with its limit, then the questions to look at first; `since` is the
    comparison with the last run."""
    from evals.headline import headline  # heavy: the metrics come with it

    out.print(f"[bold]{headline(summary, since=since)}[/bold]\n")
    table = _table("metric", "value", "95 % interval", "n", "limit", "")
    for group, rows in groupby(summary.rows, key=lambda row: row.metric.group):
        table.add_row(f"[bold]{group.value}[/bold]")
        for row in rows:
            verdict = {None: "", True: "[green]pass[/green]", False: "[red]FAIL[/red]"}[row.passes]
            limit = str(row.limit) if row.limit else ""
            figures = (f"{row.interval.value:.3f}", row.interval.bounds, str(row.interval.n), limit, verdict)
            table.add_row(f"  {row.metric.title}", *figures)
    out.print(table)
    for name, (median, high) in summary.seconds.items():
        what = "to the first statement" if name == "first" else "in all"
        out.print(f"[dim]seconds {what}: p50 {median:.3f}, p95 {high:.3f}[/dim]")
    if summary.usage:
        out.print(f"[dim]used: {', '.join(f'{count:g} {kind}' for kind, count in summary.usage.items())}[/dim]")
    for kind, rate in summary.flips.items():
        out.print(f"verdict flipped by {kind:12} {rate}")
    if summary.flaky is not None:
        out.print(f"verdict varies between repeats: {summary.flaky}")
    for row in summary.synthetic[:1]:
        out.print(f"[dim]{row.interval.n} synthetic questions are reported apart, in the page of the run.[/dim]")
    _print_causes(summary)


def _print_causes(summary: Summary) -> None:
    failed = sum(map(len, summary.causes.values()))
    asked = counted(summary.cases, "question", "questions")
    out.print(f"\n{asked}, {failed} to look at" + (":" if failed else "."))
    for cause, results in summary.causes.items():
        out.print(f"  [bold]{cause.value}[/bold] ({len(results)})")
        for result in results[:_MOST_LISTED]:
            out.print(f"    {safe(result.case.id)}  {safe(result.case.question)}")
        if len(results) > _MOST_LISTED:
            out.print(f"    [dim]and {len(results) - _MOST_LISTED} more[/dim]")


def print_comparison(comparison: Comparison) -> None:

    out.print(f"{safe(comparison.before.name)}  →  {safe(comparison.after.name)}")
    if comparison.differs:
        out.print(f"[dim]other {', '.join(comparison.differs)}[/dim]")
    out.print(f"[bold]{safe(comparison.conclusion)}[/bold]")
    _print_flips(comparison)
    table = _table("metric", "before", "after", "change, 95 %", "p", "")
    for change in comparison.changes:
        interval = change.difference.interval
        state = "[red]FAILS[/red]" if change.fails else "[green]better[/green]" if change.is_better else ""
        bounds = f"{interval.low:+.3f} to {interval.high:+.3f}"
        values = (f"{change.before:.3f}", f"{change.after:.3f}", bounds, f"{change.p:.3f}")
        table.add_row(change.metric.title, *values, state)
    out.print()
    out.print(table)
    for what, ids in (("added", comparison.added), ("removed", comparison.removed), ("changed", comparison.changed)):
        if ids:
            out.print(f"[dim]{len(ids)} {what}, not compared: {safe(', '.join(ids[:8]))}[/dim]")


def _print_flips(comparison: Comparison) -> None:
    """What flipped, the broken ones first, with both answers."""
    from evals.formats import told

    out.print(
        f"{comparison.cases} questions, {comparison.fixed} fixed, {comparison.broken} broken "
        f"(McNemar exact p = {comparison.p:.3f})."
    )
    for flip in comparison.flips[:_MOST_FLIPS]:
        state = "[green]fixed[/green]" if flip.is_fixed else "[red]broken[/red]"
        out.print(f"\n{state}  {safe(flip.after.case.id)}  {safe(flip.after.case.question)}")
        out.print(f"  before  {safe(told(flip.before))}")
        out.print(f"  after   {safe(told(flip.after))}")
    if len(comparison.flips) > _MOST_FLIPS:
        out.print(f"[dim]and {len(comparison.flips) - _MOST_FLIPS} more flips (--markdown lists them)[/dim]")


def print_calibration(calibration: Calibration) -> None:
    kind = "fitted anew" if calibration.is_refitted else "the shipped one, rescaled"
    out.print(f"{calibration.cases} questions; the gate is {kind}. Held out, half by half:")
    table = _table("", "shipped", "yours")
    before, after = calibration.before, calibration.after
    for what, ours, theirs in (
        ("answerable questions answered", before.answered, after.answered),
        ("others answered", before.false_positives, after.false_positives),
        ("wrong among the answered", before.risk, after.risk),
        ("AUROC", before.ranking, after.ranking),
    ):
        table.add_row(what, str(ours), str(theirs))
    out.print(table)
    out.print("\nrisk among the most certain of the answerable questions:")
    for share in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        point = after.curve[max(0, round(share * len(after.curve)) - 1)]
        bar = "█" * round(40 * point.risk) or "▏"
        out.print(f"  {share:4.0%}  {point.risk:.3f}  {bar}")
    out.print(f"threshold {calibration.gate.threshold:.3f}")


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, justify="right", no_wrap=True)
    return table
