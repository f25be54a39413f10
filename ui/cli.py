"""The command line: ibid ask · search · ingest · status · reset.

Builds the settings, opens the chatbot, prints, and is the only place that catches errors: one line, exit 1
(2 for wrong usage), never a traceback for a user's mistake. Colours and progress only on a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from rag.domain import Answer, Json, Turn
from rag.errors import FolderError, IbidError, IndexBusyError
from rag.settings import Settings
from ui.show import answer_lines, outcome_line, passage_lines, safe, summary_line

if TYPE_CHECKING:
    from rag.chatbot import Chatbot
    from rag.ingest import Progress as IngestProgress
    from rag.store import Record

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Cited answers from a folder of documents (IBID_DOCUMENTS, now: seeds unless set).",
)


class _Piped(Console):
    """Ends quietly when the reader (`head`) went away; rich and typer would call that a failure."""

    def on_broken_pipe(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


# A terminal gets its lines broken between words; a pipe gets them whole.
out = _Piped(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())

DocumentOption = Annotated[
    list[str] | None, typer.Option("--document", "-d", help="Answer from this document only; may be repeated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_LOCK_WAIT = 5.0
_ENDS = ("", "exit", "quit", ":q", "bye")


@app.command()
def ask(
    question: Annotated[
        str | None, typer.Argument(help="Left out on a terminal: ask one question after the other.")
    ] = None,
    document: DocumentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a question and get a cited answer, or the closest passages where there is none."""
    if question is None and not sys.stdin.isatty():
        question = sys.stdin.read()
    with _opened("ask") as bot:
        scope = bot.resolve_scope(document or [])
        if question is None:
            _converse(lambda text, turns: bot.ask(text, turns, scope))
            return
        answer = bot.ask(question, scope=scope)
    if as_json:
        _print_json(answer.json())
    else:
        _print_answer(answer)


@app.command()
def search(
    question: str,
    document: DocumentOption = None,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(min=1, max=20)] = 10,
) -> None:
    """Show the passages found for a question, with their rank in each leg and the fused score."""
    with _opened("search") as bot:
        found = bot.search(question, bot.resolve_scope(document or []), limit)
    if as_json:
        _print_json([passage.json() for passage in found.passages])
        return
    if not found.passages:
        out.print("Nothing in your documents shares a word or a meaning with that.")
    for number, passage in enumerate(found.passages, start=1):
        for line in passage_lines(passage, number):
            out.print(line)
    if not found.dense_used and found.passages:
        out.print("[dim]By words alone: the embedder does not know this language.[/dim]")


@app.command()
def ingest(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew from the folder.")] = False,
) -> None:
    """Bring the index in line with the documents folder and say what became of each file."""
    from rag.chatbot import open_chatbot  # heavy: kept out of `ibid --help`
    from rag.ingest import Outcome, scan
    from rag.store import remove_index

    settings = _settings()
    if rebuild:
        # Looked at first: a mistyped or emptied folder must not cost an index.
        found = list(scan("documents", settings.documents))
        if (settings.index / "chroma").exists() and all(file.problem for file in found):
            raise FolderError(
                f"The documents folder {settings.documents} holds nothing to rebuild the index from. "
                "Nothing was removed. If that is meant, run `ibid reset`."
            )
        remove_index(settings.index)
    with open_chatbot(settings, "ingest") as bot, _progress() as progress:
        report = bot.ingest(progress)
        if not rebuild:
            bot.check()
    for outcome in report.of(Outcome.ADDED, Outcome.UPDATED, Outcome.REMOVED, Outcome.FAILED):
        (err if outcome.outcome is Outcome.FAILED else out).print(outcome_line(outcome))
    out.print(summary_line(report))
    if report.counts.get(Outcome.FAILED) and len(report.outcomes) == report.counts[Outcome.FAILED]:
        raise typer.Exit(1)


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show the documents that are in, the models, the health of the index and who holds it."""
    from rag.chatbot import open_chatbot
    from rag.store import read_owner

    settings = _settings()
    if not (settings.index / "chroma").exists():
        if as_json:
            _print_json(_status_json(settings, None, ()))
        else:
            out.print(
                f"Nothing is indexed yet from {safe(str(settings.documents))}. Run `ibid ingest`, or just `ibid ask`."
            )
        return
    try:
        with open_chatbot(settings, "status", wait=0.2 if read_owner(settings.index) else _LOCK_WAIT) as bot:
            health = bot.check()
            records = bot.documents
            model = bot.embedder.fingerprint
    except IndexBusyError:
        owner = read_owner(settings.index) or "another process"
        out.print(f"The index of {safe(str(settings.documents))} is held by {owner}. Close it to see what is in.")
        return
    if as_json:
        _print_json(_status_json(settings, model, records))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("document", "title", "paragraphs", "date"):
        table.add_column(column, overflow="fold", justify="right" if column == "paragraphs" else "left")
    for record in records:
        name = record.document_id.split("/", 1)[1]
        table.add_row(safe(name), safe(record.title), str(record.paragraphs), str(record.date or ""))
    out.print(table)
    out.print(f"\n{len(records)} documents, {health.paragraphs} paragraphs from {safe(str(settings.documents))}")
    out.print(f"index     {safe(str(settings.index))}, whole ({health.sampled} paragraphs looked up by their vectors)")
    out.print(f"embedder  {model}, on this machine; answers are extractive: nothing leaves it")
    out.print("held by   nobody else")


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Clear the index of this folder. Documents, uploads and feedback are never touched."""
    from rag.store import remove_index

    settings = _settings()
    if not (settings.index / "chroma").exists():
        out.print(f"There is no index of {safe(str(settings.documents))} to clear.")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise IbidError("Clearing the index asks first. Run `ibid reset --yes` where nobody can answer.")
        typer.confirm(f"Clear the index of {settings.documents}? Your documents stay as they are.", abort=True)
    remove_index(settings.index)
    out.print("Cleared. `ibid ingest` makes it anew.")


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # Bytes that are no text and letters that a terminal cannot show are no reason to stop.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except IbidError as error:
        err.print(f"ibid: {safe(str(error))}")
        sys.exit(1)
    except ValidationError as error:
        first = error.errors()[0]
        name = "IBID_" + "_".join(str(part) for part in first["loc"]).upper()
        err.print(f"ibid: {name}={safe(str(first.get('input')))} is not valid: {safe(first['msg'])}. See .env.example.")
        sys.exit(2)
    except typer.Abort:
        err.print("Left as it was.")
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Stopped. What was committed stays; run it again to go on.")
        sys.exit(130)
    except Exception as error:
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        # Without a command it is the whole help text.
        err.print(usage() if "\n" in usage() else f"ibid: {usage()}", markup=False)
        sys.exit(getattr(error, "exit_code", 2))


def _settings() -> Settings:
    return Settings()


def _print_json(value: Json | list[Json]) -> None:
    is_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    try:
        print(json.dumps(value, ensure_ascii=not is_utf8, indent=2), flush=True)
    except BrokenPipeError:
        out.on_broken_pipe()


def _status_json(settings: Settings, embedder: str | None, records: Sequence[Record]) -> Json:
    documents: list[Json] = [
        {
            "document": record.document_id,
            "title": record.title,
            "paragraphs": record.paragraphs,
            "date": record.date.isoformat() if record.date else None,
            "author": record.author,
            "warning": record.warning,
            "revision": record.revision,
        }
        for record in records
    ]
    return {
        "folder": str(settings.documents),
        "index": str(settings.index),
        "embedder": embedder,
        "paragraphs": sum(record.paragraphs for record in records),
        "documents": documents,
    }


@contextmanager
def _opened(doing: str) -> Iterator[Chatbot]:
    """The chatbot over an index that is in line with its folder. Where the folder is gone, what is in the
    index still answers, and a line says so."""
    from rag.chatbot import open_chatbot

    with open_chatbot(_settings(), doing, wait=_LOCK_WAIT) as bot:
        try:
            with _progress() as progress:
                report = bot.ingest(progress)
            if report.changed:
                err.print(f"[dim]{safe(summary_line(report))}[/dim]")
        except FolderError as error:
            if not bot.documents:
                raise
            err.print(f"[yellow]{safe(str(error))} Answering from the index as it was.[/yellow]")
        yield bot


@contextmanager
def _progress() -> Iterator[Callable[[IngestProgress], None] | None]:
    """A bar on a terminal that appears with the first group of files; nothing elsewhere."""
    if not err.is_terminal:
        yield None
        return
    columns = (
        TextColumn("indexing"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} files, {task.fields[vectors]} passages"),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = None

        def show(progress: IngestProgress) -> None:
            nonlocal task
            if task is None:
                task = bar.add_task("", total=progress.files, vectors=0)
            bar.update(task, completed=progress.files_done, total=progress.files, vectors=progress.vectors)

        yield show


def _converse(answer_to: Callable[[str, list[Turn]], Answer]) -> None:
    out.print("Ask about your documents; an empty line, or “exit”, ends.")
    turns: list[Turn] = []
    while True:
        try:
            question = out.input("\n[bold]?[/bold] ")
        except EOFError:
            return
        if question.strip().casefold() in _ENDS:
            return
        try:
            answer = answer_to(question, turns)
        except IbidError as error:
            err.print(safe(str(error)))
            continue
        _print_answer(answer)
        if answer.searched_for:
            turns.append(Turn(question, answer))


def _print_answer(answer: Answer) -> None:
    for line in answer_lines(answer):
        out.print(line)
