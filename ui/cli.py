"""The command line: ibid chat · ask · search · ingest · status · reset · eval.

Builds the settings, opens the chatbot, prints, and is the only place that catches errors: one line, exit 1
(2 for wrong usage), never a traceback for a user's mistake. Colours and progress only on a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from getpass import getpass
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from rag.domain import Answer, Turn
from rag.errors import EmbeddingError, IbidError, IndexBusyError
from ui import evaluating
from ui.folder import refuse_nothing_to_rebuild_from, require_documents, require_folder, settings_over
from ui.notices import say_public, say_second, say_set_aside, say_torn, say_writer
from ui.options import DocumentOption, FolderOption, JsonOption, NoModelOption
from ui.show import answer_lines, left_out_lines, outcome_line, passage_lines, safe, summary_line
from ui.terminal import bars, err, out, print_json

if TYPE_CHECKING:
    from rag.ingest import Report
    from rag.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Cited answers from a folder of documents: --documents, else IBID_DOCUMENTS, else seeds.",
)
app.add_typer(evaluating.app, name="eval")

_ENDS = ("", "exit", "quit", ":q", "bye")


@app.command()
def chat(
    folder: Annotated[
        list[Path] | None,
        typer.Argument(help="The documents folder, for this run; others to switch to behind it.", show_default=False),
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen; beyond this machine only with IBID_AUTH.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 7860,
) -> None:
    """Open the chat in the browser, over a folder of documents."""
    from rag.opening import embedding_of
    from ui.web.serve import prepared  # heavy: Gradio comes with it

    named = [settings_over(path) for path in folder or ()] or [settings_over(None)]
    for one in named:
        require_folder(one, way="ibid chat DIR")
    settings, *others = named
    if err.is_terminal:
        err.print("[dim]Starting …[/dim]")
    if embedding := embedding_of(settings):
        say_second(str(embedding))
    with prepared(settings, host, port, [one.documents for one in others]) as ready:
        out.print(f"Ibid answers from {safe(str(settings.documents))} at {ready.url} – stop it with Ctrl+C")
        if ready.public:
            say_public(str(ready.public), is_open=ready.is_open)
        if find_spec("mcp"):
            out.print(f"[dim]MCP tools `ask` and `search` at {ready.url}/gradio_api/mcp/[/dim]")
        ready.run()


@app.command()
def password(user: Annotated[str, typer.Argument(help="The name to come in by.")]) -> None:
    """Make the hash of a password: what it prints goes into IBID_AUTH, and the password stays with its user."""
    from ui.web.passwords import hash_of

    if "," in user or ":" in user or not user.strip():
        raise IbidError("A user's name is not empty and has no comma and no colon; the password is asked for.")
    given = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise IbidError("The password is empty. Type one, or send one in: ibid password anna < FILE")
    print(f"{user.strip()}:{hash_of(given)}")


@app.command()
def ask(
    question: Annotated[
        str | None, typer.Argument(help="Left out on a terminal: ask one question after the other.")
    ] = None,
    documents: FolderOption = None,
    document: DocumentOption = None,
    as_json: JsonOption = False,
    no_model: NoModelOption = False,
) -> None:
    """Ask a question and get a cited answer, or the closest passages where there is none."""
    from ui.asking import answering

    if question is None and not sys.stdin.isatty():
        question = sys.stdin.read()
    with answering(settings_over(documents), doing="ask", use_model=not no_model) as bot:
        say_writer(None if no_model else bot.writer)
        if question is None:
            _converse(lambda text, turns: bot.ask(text, turns, document or [], not no_model))
            return
        answer = bot.ask(question, (), document or [], not no_model)
    if as_json:
        print_json(answer.json())
    else:
        _print_answer(answer)


@app.command()
def search(
    question: str,
    documents: FolderOption = None,
    document: DocumentOption = None,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(min=1, max=20)] = 10,
    no_model: NoModelOption = False,
) -> None:
    """Show the passages found for a question, with their rank in each leg and the fused score."""
    from ui.asking import answering

    with answering(settings_over(documents), doing="search", use_model=not no_model) as bot:
        passages, dense_used = bot.search(question, document or [], limit, not no_model)
    if as_json:
        print_json([passage.json() for passage in passages])
        return
    if not passages:
        out.print("Nothing in your documents shares a word or a meaning with that.")
    for number, passage in enumerate(passages, start=1):
        for line in passage_lines(passage, number):
            out.print(line)
    if not dense_used and passages:
        out.print("[dim]By words alone: the embedder does not know this language.[/dim]")


@app.command()
def ingest(
    documents: FolderOption = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew from the folder.")] = False,
) -> None:
    """Bring the index in line with the documents folder and say what became of each file."""
    from rag.opening import clear_index  # heavy: kept out of `ibid --help`
    from ui.remote import find_owner

    settings = settings_over(documents)
    require_documents(settings)
    if rebuild:
        refuse_nothing_to_rebuild_from(settings)
        clear_index(settings)
    if owner := find_owner(settings.index):
        say_second(owner.second)
        report = owner.ingest(use_model=True)
    else:
        report = _own_ingest(settings)
    _print_report(report)


@app.command()
def status(
    documents: FolderOption = None,
    as_json: JsonOption = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only the files that could not be read, and why.")] = False,
) -> None:
    """Show the documents that are in, the models, the health of the index and who holds it."""
    from rag.index.owner import holder_of
    from rag.status import failed_json, status_json
    from ui.remote import find_owner
    from ui.status import own_status, print_failed, print_status

    settings = settings_over(documents)
    require_documents(settings)
    if failed:
        (print_json if as_json else print_failed)(failed_json(settings))
        return
    folder = safe(str(settings.documents))
    if not settings.may_be_indexed:
        if as_json:
            print_json(status_json(None, settings=settings))
        else:
            out.print(f"Nothing is indexed yet from {folder}. Run `ibid ingest`, or just `ibid ask`.")
        return
    chat = find_owner(settings.index)
    try:
        told = chat.status if chat else own_status(settings)
    except IndexBusyError:
        if as_json:
            raise
        out.print(f"The index of {folder} is held by {holder_of(settings.index)}. Close it to see what is in.")
        return
    if as_json:
        print_json(told)
    else:
        with chat.understood() if chat else nullcontext():
            print_status(told, owner=chat.owner if chat else None)


@app.command()
def reset(
    documents: FolderOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Clear the index of this folder. Documents, uploads and feedback are never touched."""
    from rag.opening import clear_index

    settings = settings_over(documents)
    if not settings.may_be_indexed:
        out.print(f"There is no index of {safe(str(settings.documents))} to clear.")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise IbidError("Clearing the index asks first. Run `ibid reset --yes` where nobody can answer.")
        typer.confirm(f"Clear the index of {settings.documents}? Your documents stay as they are.", abort=True)
    clear_index(settings)
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
    except SystemExit as ended:
        # Help is printed by typer, which calls it a failure that the reader (`head`) went away.
        sys.exit(0 if isinstance(ended.__context__, BrokenPipeError) else ended.code)
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


def _own_ingest(settings: Settings) -> Report:
    from rag.opening import embedding_of, open_chatbot

    with open_chatbot(settings, "ingest", embedding=embedding_of(settings)) as bot:
        say_set_aside(bot)
        say_second(bot.second.name if bot.second else None)
        with bars("indexing") as shown:
            report = bot.ingest(shown[0].ingest if shown else None)
        # Also what was made anew: what cannot be found in it is to be said by who made it.
        say_torn(bot.check())
    return report


def _print_report(report: Report) -> None:
    """What became of each file. Raises EmbeddingError where vectors of a second embedder are missing, and ends with 1
    where no file at all could be read."""
    from rag.ingest import Outcome

    for outcome in report.of(Outcome.ADDED, Outcome.UPDATED, Outcome.REMOVED, Outcome.FAILED):
        (err if outcome.outcome is Outcome.FAILED else out).print(outcome_line(outcome))
    out.print(summary_line(report))
    for line in left_out_lines(report.left_out):
        out.print(line)
    if report.unfinished:
        raise EmbeddingError(report.unfinished)
    if report.counts.get(Outcome.FAILED) and len(report.outcomes) == report.counts[Outcome.FAILED]:
        raise typer.Exit(1)


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


if __name__ == "__main__":
    main()
