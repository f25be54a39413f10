"""`ibid eval`: run · compare · report · rescore · lint · generate · add · calibrate · label · baseline.

Options in, tables out; the measuring itself is in `evals`. Errors are caught where the other commands' are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import CaseError
from rag.settings import Settings
from ui.eval_tables import print_comparison, print_summary
from ui.questions import (
    DocumentsOption,
    QuestionsOption,
    RunFile,
    SuiteOption,
    add,
    calibrate,
    generate,
    label,
    lint,
    write_text,
)
from ui.show import safe
from ui.terminal import bars, err, out

if TYPE_CHECKING:
    from evals.results import Result
    from rag.ingest import Progress as IngestProgress

app = typer.Typer(no_args_is_help=True, help="Measure how good the answers are, on your own documents.")

MarkdownOption = Annotated[Path | None, typer.Option("--markdown", help="Write the table as Markdown, too.")]
JUnitOption = Annotated[Path | None, typer.Option("--junit", help="Write it as JUnit XML, too.")]
GateOption = Annotated[bool, typer.Option("--gate", help="Exit with 1 where it does not pass.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Where it is written.", show_default=False)]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Only questions with this tag; may be repeated.")]
JudgeOption = Annotated[
    str | None, typer.Option(help="A model that judges support; called uncalibrated until labelled.")
]
InterveneOption = Annotated[
    bool | None,
    typer.Option(
        "--intervene/--no-intervene",
        help="Ask again without what is cited: must the answer change? On without a model.",
        show_default=False,
    ),
]
NewestRun = Annotated[Path | None, typer.Argument(help="A run's file; the newest if left out.", show_default=False)]


@app.command()
def run(
    suite: SuiteOption = None,
    documents: DocumentsOption = None,
    questions: QuestionsOption = None,
    mode: Annotated[str, typer.Option(help="extractive, or generative with the model of the settings.")] = "extractive",
    limit: Annotated[int | None, typer.Option(min=1, help="So many of the questions, always the same.")] = None,
    tag: TagOption = None,
    repeat: Annotated[int, typer.Option(min=1, max=20, help="Ask each so often, and tell what varies.")] = 1,
    seed: Annotated[int, typer.Option(help="Another sample for --limit.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="Ask so many at once.")] = 1,
    variants: Annotated[bool, typer.Option("--variants", help="Ask with slips and in other words, too.")] = False,
    intervene: InterveneOption = None,
    open_gate: Annotated[
        bool, typer.Option("--open-gate", help="Answer every question, however weak the evidence.")
    ] = False,
    judge: JudgeOption = None,
    gate: GateOption = False,
    to: OutOption = None,
    markdown: MarkdownOption = None,
    junit: JUnitOption = None,
) -> None:
    """Ask the questions of a suite, score the answers, and say which to look at first."""
    from evals.formats import summary_junit, summary_markdown
    from evals.run import Asking
    from evals.suite import Plan, find_suite, run_suite
    from evals.summary import read_thresholds, summarise
    from rag.opening import chat_model_of, embedding_of

    if mode not in ("extractive", "generative"):
        raise typer.BadParameter(f"--mode {mode}: it is extractive or generative.")
    settings = Settings()
    wanted = find_suite(suite, documents=documents, questions=questions)
    llm = chat_model_of(settings) if mode == "generative" else None
    if mode == "generative" and llm is None:
        raise CaseError("--mode generative needs IBID_CHAT_MODEL. Without a model: --mode extractive.")
    asking = Asking(
        use_model=llm is not None,
        repeat=repeat,
        jobs=jobs,
        intervene=llm is None if intervene is None else intervene,
    )
    plan = Plan(
        asking=asking, limit=limit, tags=tuple(tag or ()), seed=seed, with_variants=variants, gate_is_open=open_gate
    )
    limits = read_thresholds(wanted.name) if documents is None and not open_gate else {}
    judging = chat_model_of(settings.model_copy(update={"chat_model": judge})) if judge else None
    embedding = embedding_of(settings) if llm is not None else None
    if llm is not None:
        receivers = [str(llm), *([f"{settings.embed_model}"] if embedding else []), *([judge] if judge else [])]
        err.print(f"[dim]text goes to {safe(', '.join(receivers))}[/dim]")
    with _progress() as (indexing, progress):
        kept, path = run_suite(
            settings,
            suite=wanted,
            plan=plan,
            out=to,
            llm=llm,
            judge=judging,
            embedding=embedding,
            indexing=indexing,
            progress=progress,
        )
    summary = summarise(kept.results, limits=limits)
    print_summary(summary)
    if told := (kept.described.get("judge") or {}).get("agreement"):
        out.print(f"[dim]judge {safe(str(judge))}: {safe(told)}[/dim]")
    out.print(f"[dim]kept as {safe(str(path))}; ibid eval report makes a page of it[/dim]")
    write_text(markdown, text=summary_markdown(kept.name, summary=summary))
    write_text(junit, text=summary_junit(wanted.name, summary=summary))
    if gate and (summary.failed or summary.errors):
        raise typer.Exit(1)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="A run's file, or “baseline” for the committed one of the suite.")],
    after: Annotated[Path, typer.Argument(help="The other run's file.")],
    gate: GateOption = False,
    markdown: MarkdownOption = None,
) -> None:
    """Two runs, question by question: is it better, or is it noise?"""
    from evals.compare import compare as paired
    from evals.formats import comparison_markdown
    from evals.results import read_run
    from evals.suite import baseline_of

    later = read_run(after)
    earlier = read_run(baseline_of(later.suite) if before == "baseline" else Path(before))
    comparison = paired(earlier, after=later)
    print_comparison(comparison)
    write_text(markdown, text=comparison_markdown(comparison))
    if gate and (comparison.failed or not comparison.cases):
        raise typer.Exit(1)


@app.command()
def report(
    of: NewestRun = None,
    to: OutOption = None,
) -> None:
    """Make one HTML page of a run, with a place for every question. It asks the network for nothing."""
    from evals.report import report_html
    from evals.results import read_run
    from evals.summary import read_thresholds, summarise

    path = of or _newest()
    kept = read_run(path)
    page = to or path.with_suffix(".html")
    write_text(page, text=report_html(kept, summary=summarise(kept.results, limits=read_thresholds(kept.suite))))
    out.print(f"Written to {safe(str(page))}")


@app.command()
def rescore(of: RunFile) -> None:
    """Score a run's answers anew, without asking again."""
    from evals.suite import rescore as anew
    from evals.summary import read_thresholds, summarise

    kept = anew(Settings(), path=of)
    print_summary(summarise(kept.results, limits=read_thresholds(kept.suite)))


@app.command()
def baseline(of: RunFile) -> None:
    """Keep a run as the one that later ones of its suite are compared with (`ibid eval compare baseline RUN`)."""
    from evals.results import read_run, slim, write_run
    from evals.suite import baseline_of

    kept = slim(read_run(of))
    path = baseline_of(kept.suite)
    write_run(path, described=kept.described, results=kept.results)
    out.print(f"Kept as {safe(str(path))}.")


for _command in (lint, generate, add, calibrate, label):
    app.command()(_command)


def _newest() -> Path:
    from evals.suite import kept_runs

    runs = kept_runs(Settings())
    if not runs:
        raise CaseError("There is no run yet. `ibid eval run` makes one.")
    return runs[0]


@contextmanager
def _progress() -> Iterator[tuple[Callable[[IngestProgress], None] | None, Callable[[Result, int], None] | None]]:
    """On a terminal, a bar for the indexing and one for the questions, with the running score and the time left."""
    from evals.summary import verdict

    with bars("indexing", "asking") as shown:
        if shown is None:
            yield None, None
            return
        indexing, asking = shown
        right: list[bool] = []

        def ask(result: Result, count: int) -> None:
            right.append(verdict(result))
            indexing.hide()
            asking.show(len(right), total=count, what=f"right so far {sum(right) / len(right):.0%}")

        yield indexing.ingest, ask
