"""The Evals view: run a suite beside the chat, see its figures, open what failed, compare two runs.

The measuring is that of `ibid eval`; runs are kept in the same place and each door sees those of the other.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeAlias

from evals.compare import Comparison, Flip, compare
from evals.formats import told
from evals.headline import TOLD, headline
from evals.results import Result, Run, read_run
from evals.run import Asking
from evals.suite import Plan, Suite, kept_runs, last_run, own_suites, run_suite, runs_folder, shipped_suites
from evals.summary import Row, Summary, read_thresholds, summarise, verdict
from rag.domain import document_name
from rag.errors import CaseError, IbidError
from rag.settings import Settings
from ui.web.folder import Folder
from ui.web.markup import attribute, escaped, exact, place_address

_MOST_LISTED = 40
_MOST_FLIPS = 20
STOPPED_HTML = '<p class="stopped">Stopped. What was answered is kept: run it again to go on.</p>'


_NO_QUESTIONS = (
    "There are no questions yet. `ibid eval generate FILE` makes a first file; put it into IBID_HOME/evals/questions."
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: questions asked, of how many, and how many of those that could be judged came out as they
    should."""

    done: int
    total: int
    right: int
    judged: int


Told: TypeAlias = "queue.Queue[Progress | Run | IbidError | None]"


def suites(settings: Settings, folder: Folder) -> dict[str, Suite]:
    """What can be run, by name: the shipped suites, and question files of one's own over the folder that is open."""
    return {suite.name: suite for suite in (*own_suites(settings, documents=folder.path), *shipped_suites())}


def runs(settings: Settings, hidden: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """The kept runs, newest first, but the `hidden` ones: how they are shown, and their file's name."""
    shown = []
    for path in kept_runs(settings):
        if path.name in hidden:
            continue
        try:
            shown.append((f"{read_run(path).name} ({path.stem})", path.name))
        except CaseError:
            continue  # a run that was stopped before its first line
    return shown


def run_beside(settings: Settings, folder: Folder, name: str, stopped: threading.Event) -> Iterator[Progress | Run]:
    """Run a suite in a thread of its own: how far it is, again and again, and at the end the run. It ends without one
    when `stopped` is set, and when nobody reads on; what was answered is kept and not asked again. Raises what
    `run_suite` raises."""
    suite = suites(settings, folder).get(name)
    if suite is None:
        raise CaseError(f"There is no suite “{name}”." if name else _NO_QUESTIONS)
    told: Told = queue.Queue()
    work = threading.Thread(target=_work, args=(settings, folder, suite, told, stopped), name="ibid-eval", daemon=True)
    work.start()
    try:
        while (one := told.get()) is not None:
            # Only the newest: a page cannot draw every question.
            if isinstance(one, Progress) and not told.empty():
                continue
            if isinstance(one, IbidError):
                raise one
            yield one
    except GeneratorExit:
        stopped.set()
        raise


def _work(settings: Settings, folder: Folder, suite: Suite, told: Told, stopped: threading.Event) -> None:
    asked: list[bool | None] = []
    path = runs_folder(settings) / f"{suite.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"

    def progress(result: Result, total: int) -> None:
        if stopped.is_set():
            raise _StoppedError
        asked.append(verdict(result))
        judged = [one for one in asked if one is not None]
        told.put(Progress(len(asked), total, sum(judged), len(judged)))

    try:
        plan = Plan(asking=Asking(intervene=True))
        run, _ = run_suite(
            settings, suite=suite, plan=plan, out=path, embedder=folder.bot.gathering.embedder, progress=progress
        )
        told.put(run)
    except _StoppedError:
        # Half a run is no run; its answers are kept, and the next one begins with them.
        path.unlink(missing_ok=True)
    except IbidError as error:
        told.put(error)
    finally:
        told.put(None)


class _StoppedError(Exception):
    """Ends a run in the middle."""


def read_kept(settings: Settings, name: str) -> Run:
    """A kept run by its file's name. Raises CaseError where there is none of that name."""
    for path in kept_runs(settings):
        if path.name == name:
            return read_run(path)
    raise CaseError(f"There is no run {name or 'chosen'} any more.")


def progress_html(progress: Progress) -> str:
    share = progress.right / max(progress.judged, 1)
    return (
        f'<div class="indexing"><progress max="{progress.total}" value="{progress.done}" aria-label="Questions asked"></progress>'
        f"<span>{progress.done} of {progress.total} questions · {share:.0%} as they should be so far</span></div>"
    )


def run_html(settings: Settings, folder: Folder, run: Run) -> str:
    """The figures of a run, and the questions to look at first; those of the open folder open in the source pane."""
    summary = summarise(run.results, limits=read_thresholds(run.suite))
    last = last_run(settings, before=run)
    since = compare(last, after=run, only=TOLD) if last else None
    suite = suites(settings, folder).get(run.suite)
    is_here = suite is not None and suite.documents.resolve() == folder.path.resolve()
    return (
        f'<section class="eval-run" aria-label="Figures"><h3>{escaped(run.name)}</h3>'
        f'<p class="conclusion">{escaped(headline(summary, since=since))}</p>{_rows_html(summary.rows)}'
        f"{_causes_html(summary, folder.key if is_here else None)}</section>"
    )


def comparison_html(settings: Settings, before: str, after: str) -> str:
    """What changed from one kept run to another."""
    comparison = compare(read_kept(settings, before), after=read_kept(settings, after))
    flips = "".join(_flip_html(flip) for flip in comparison.flips[:_MOST_FLIPS])
    flipped = f'<ul class="flips">{flips}</ul>' if flips else ""
    return (
        f'<section class="eval-run" aria-label="Comparison"><p class="conclusion">{escaped(comparison.conclusion)}</p>'
        f"<p>{comparison.cases} questions in both, {comparison.fixed} fixed, {comparison.broken} broken; "
        f"McNemar exact p = {comparison.p:.3f}.</p>{flipped}{_changes_html(comparison)}</section>"
    )


def problem_html(problem: str) -> str:
    return f'<p class="failed" role="alert">{escaped(problem)}</p>'


def _rows_html(rows: Sequence[Row]) -> str:
    lines = []
    for group, found in groupby(rows, key=lambda row: row.metric.group):
        lines.append(f'<tr class="group"><th colspan="5">{escaped(group.value)}</th></tr>')
        for row in found:
            state = {None: "", True: "pass", False: "fail"}[row.passes]
            limit = escaped(str(row.limit)) if row.limit else ""
            lines.append(
                f"<tr><td>{escaped(row.metric.title)}</td><td>{row.interval.value:.3f}</td><td>{row.interval.bounds}</td>"
                f'<td>{row.interval.n}</td><td class="{state}">{limit}</td></tr>'
            )
    head = "<tr><th>metric</th><th>value</th><th>95 %</th><th>n</th><th>limit</th></tr>"
    return _scrolling(f"<thead>{head}</thead><tbody>{''.join(lines)}</tbody>", "Figures")


def _causes_html(summary: Summary, folder: str | None) -> str:
    parts = []
    for cause, results in summary.causes.items():
        items = "".join(_failed_html(result, folder) for result in results[:_MOST_LISTED])
        parts.append(
            f"<details><summary>{escaped(cause.value)} <b>{len(results)}</b></summary><ul>{items}</ul></details>"
        )
    return f"<h4>Look at first</h4>{''.join(parts)}" if parts else "<p>Every question came out as it should.</p>"


def _failed_html(result: Result, folder: str | None) -> str:
    """A question, what was said, and the places of what was cited and of what is right."""
    answer = result.answer
    cited = [(c.paragraph.document_id, c.paragraph.number, c.start, c.end) for c in answer.sources] if answer else []
    right = [(one.document, one.number, None, None) for one in result.gold]
    places = "".join(
        f"<span>{name} {', '.join(_place_html(folder, *place) for place in found)}</span> "
        for name, found in (("cited", cited), ("right", right))
        if found
    )
    return (
        f'<li><b dir="auto">{escaped(result.case.question)}</b><span dir="auto">{escaped(told(result))}</span>'
        f'<span class="places">{places}</span></li>'
    )


def _place_html(folder: str | None, document: str, number: int, start: int | None, end: int | None) -> str:
    name = f"{escaped(document_name(document))} ¶{number}"
    if folder is None:
        return name
    span = f' data-start="{start}" data-end="{end}"' if start is not None else ""
    return (
        f'<a class="place" href="{attribute(place_address(folder, document, number, start, end))}" '
        f'data-document="{exact(document)}" data-paragraph="{number}"{span}>{name}</a>'
    )


def _changes_html(comparison: Comparison) -> str:
    lines = []
    for change in comparison.changes:
        interval = change.difference.interval
        state = "fail" if change.fails else "pass" if change.is_better else ""
        lines.append(
            f"<tr><td>{escaped(change.metric.title)}</td><td>{change.before:.3f}</td><td>{change.after:.3f}</td>"
            f'<td class="{state}">{interval.low:+.3f} to {interval.high:+.3f}</td><td>{change.p:.3f}</td></tr>'
        )
    head = "<tr><th>metric</th><th>before</th><th>after</th><th>change, 95 %</th><th>p (Holm)</th></tr>"
    return _scrolling(f"<thead>{head}</thead><tbody>{''.join(lines)}</tbody>", "Comparison of figures")


def _flip_html(flip: Flip) -> str:
    state = ("pass", "fixed") if flip.is_fixed else ("fail", "broken")
    return (
        f'<li><span class="{state[0]}">{state[1]}</span> <b dir="auto">{escaped(flip.after.case.question)}</b>'
        f'<span dir="auto">before: {escaped(told(flip.before))}</span><span dir="auto">after: {escaped(told(flip.after))}</span></li>'
    )


def _scrolling(table: str, label: str) -> str:
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>{table}</table></div>'
