"""A summary and a comparison as Markdown for a pull request, a summary as JUnit for a CI server. Pure."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree

from evals.compare import Change, Comparison, Flip
from evals.headline import headline
from evals.results import Result
from evals.summary import Row, Summary
from rag.domain import Answer

_MOST_FLIPS = 30
_LONGEST = 160


def summary_markdown(name: str, *, summary: Summary, since: Comparison | None = None) -> str:
    """The run in a sentence, a table of all figures, and the questions to look at first; `since` is the comparison
    with the last run."""
    lines = [
        f"## {name}",
        "",
        headline(summary, since=since),
        "",
        "| | metric | value | 95 % interval | n | threshold | |",
        "|---|---|---|---|---|---|---|",
    ]
    for group, rows in groupby(summary.rows, key=lambda row: row.metric.group):
        for place, row in enumerate(rows):
            lines.append(f"| {'' if place else group.value} {_row(row)}")
    if summary.causes:
        lines += ["", "### Look at first", ""]
        for cause, results in summary.causes.items():
            lines.append(f"- **{cause.value}** ({len(results)}): {', '.join(result.case.id for result in results)}")
    return "\n".join(lines) + "\n"


def comparison_markdown(comparison: Comparison) -> str:
    """The conclusion, what flipped with both answers, and every metric in both runs."""
    lines = [
        f"## {comparison.before.name} → {comparison.after.name}",
        "",
        comparison.conclusion,
        "",
        f"{comparison.cases} questions in both; {comparison.fixed} fixed, {comparison.broken} broken "
        f"(McNemar exact p = {comparison.p:.3f}); {len(comparison.added)} added, {len(comparison.removed)} removed, "
        f"{len(comparison.changed)} changed and not compared.",
        *(line for flip in comparison.flips[:_MOST_FLIPS] for line in _flip(flip)),
        "",
        "| metric | before | after | difference | 95 % interval | p (Holm) | |",
        "|---|---|---|---|---|---|---|",
        *(_change(change) for change in comparison.changes),
    ]
    return "\n".join(lines) + "\n"


def _flip(flip: Flip) -> list[str]:
    return [
        "",
        f"**{'fixed' if flip.is_fixed else 'BROKEN'}** {flip.after.case.id}: {_cell(flip.after.case.question)}",
        f"- before: {_cell(told(flip.before))}",
        f"- after: {_cell(told(flip.after))}",
    ]


def summary_junit(name: str, *, summary: Summary) -> str:
    """A test case for each threshold."""
    limited = [row for row in summary.rows if row.limit is not None]
    cases = [(row.metric.name, None if row.passes else f"{row.interval}, {row.limit}") for row in limited]
    failures = sum(failure is not None for _, failure in cases)
    suite = ElementTree.Element("testsuite", name=f"ibid eval {name}", tests=str(len(cases)), failures=str(failures))
    for title, failure in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=f"ibid.eval.{name}", name=title)
        if failure is not None:
            ElementTree.SubElement(case, "failure", message=failure)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def told(result: Result) -> str:
    """The answer of a result in a few words."""
    answer: Answer | None = result.answer
    if answer is None:
        return f"error: {result.error}"
    text = " ".join((answer.text or answer.notice or "no answer").split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _row(row: Row) -> str:
    interval = row.interval
    passed = {None: "", True: "pass", False: "**FAIL**"}[row.passes]
    cells = (row.metric.title.strip(), f"{interval.value:.3f}", interval.bounds, interval.n, row.limit or "", passed)
    return f"| {' | '.join(map(str, cells))} |"


def _change(change: Change) -> str:
    interval = change.difference.interval
    state = f"**FAILS**, {change.why}" if change.fails else "better" if change.is_better else ""
    return (
        f"| {change.metric.title.strip()} | {change.before:.3f} | {change.after:.3f} | {interval.value:+.3f} "
        f"| {interval.low:+.3f} – {interval.high:+.3f} | {change.p:.3f} | {state} |"
    )


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
