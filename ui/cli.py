"""The command line: ibid chat · ask · search · ingest · status · reset · eval.

Builds the settings, opens the chatbot, prints, and is the only place that catches errors: one line, exit 1
(2 for wrong usage), never a traceback for a user's mistake. Colours and progress only on a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from getpass import getpass
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer
from pydantic import ValidationError
from rich.table import Table

from rag.domain import Answer, Json, Passage, Turn, document_name
from rag.errors import EmbeddingError, FolderError, IbidError, IndexBusyError
from rag.settings import Settings
from ui import evaluating
from ui.show import answer_lines, folder_lines, left_out_lines, outcome_line, passage_lines, safe, summary_line
from ui.terminal import bars, err, out

if TYPE_CHECKING:
    from rag.chatbot import Chatbot
    from rag.index.records import Record
    from rag.index.store import Health
    from rag.ingest import Report

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Cited answers from a folder of documents (IBID_DOCUMENTS, now: seeds unless set).",
)
app.add_typer(evaluating.app, name="eval")


DocumentOption = Annotated[
    list[str] | None, typer.Option("--document", "-d", help="Answer from this document only; may be repeated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
NoModelOption = Annotated[
    bool, typer.Option("--no-model", help="Send nothing to a language model, nor to a second embedder.")
]
_WAY_OUT = " (--no-model)"
_LOCK_WAIT = 5.0
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
    from rag.chatbot import embedding_of
    from ui.web.serve import prepared  # heavy: Gradio comes with it

    settings = _settings()
    first, *others = [path.expanduser() for path in folder or [settings.documents]]
    settings = settings.model_copy(update={"documents": first})
    for path in (first, *others):
        if not path.is_dir():
            raise FolderError(f"The documents folder {path} does not exist. Name another: ibid chat DIR")
    if err.is_terminal:
        err.print("[dim]Starting …[/dim]")
    if embedding := embedding_of(settings):
        _say_second(str(embedding))
    with prepared(settings, host, port, others) as ready:
        out.print(f"Ibid answers from {safe(str(settings.documents))} at {ready.url} – stop it with Ctrl+C")
        if find_spec("mcp"):
            out.print(f"[dim]MCP tools `ask` and `search` at {ready.url}/gradio_api/mcp/[/dim]")
        else:
            out.print("[dim]MCP tools need the extra “mcp”: make mcp[/dim]")
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
    document: DocumentOption = None,
    as_json: JsonOption = False,
    no_model: NoModelOption = False,
) -> None:
    """Ask a question and get a cited answer, or the closest passages where there is none."""
    if question is None and not sys.stdin.isatty():
        question = sys.stdin.read()
    with _opened("ask", not no_model) as bot:
        if not no_model and bot.writer:
            err.print(f"[dim]{safe(bot.writer)} receives the question and what is found for it (--no-model)[/dim]")
        if question is None:
            _converse(lambda text, turns: bot.ask(text, turns, document or [], not no_model))
            return
        answer = bot.ask(question, (), document or [], not no_model)
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
    no_model: NoModelOption = False,
) -> None:
    """Show the passages found for a question, with their rank in each leg and the fused score."""
    with _opened("search", not no_model) as bot:
        passages, dense_used = bot.search(question, document or [], limit, not no_model)
    if as_json:
        _print_json([passage.json() for passage in passages])
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
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew from the folder.")] = False,
) -> None:
    """Bring the index in line with the documents folder and say what became of each file."""
    from rag.chatbot import embedding_of, open_chatbot  # heavy: kept out of `ibid --help`
    from rag.documents.scan import scan
    from rag.index.store import remove_index
    from rag.ingest import Outcome
    from ui.remote import find_owner

    settings = _settings()
    if rebuild:
        # Looked at first: a mistyped or emptied folder must not cost an index.
        found = scan("documents", settings.documents).files
        if (settings.index / "chroma").exists() and all(file.problem for file in found):
            raise FolderError(
                f"The documents folder {settings.documents} holds nothing to rebuild the index from. "
                "Nothing was removed. If that is meant, run `ibid reset`."
            )
        remove_index(settings.index)
    if owner := find_owner(settings.index):
        _say_second(owner.second)
        report = owner.ingest(use_model=True)
    else:
        with open_chatbot(settings, "ingest", embedding=embedding_of(settings)) as bot:
            _say_set_aside(bot)
            _say_second(_second_of(bot))
            with bars("indexing") as shown:
                report = bot.ingest(shown[0].ingest if shown else None)
            # Also what was made anew: what cannot be found in it is to be said by who made it.
            _say_torn(bot.check())
    for outcome in report.of(Outcome.ADDED, Outcome.UPDATED, Outcome.REMOVED, Outcome.FAILED):
        (err if outcome.outcome is Outcome.FAILED else out).print(outcome_line(outcome))
    out.print(summary_line(report))
    for line in left_out_lines(report.left_out):
        out.print(line)
    if report.unfinished:
        raise EmbeddingError(report.unfinished)
    if report.counts.get(Outcome.FAILED) and len(report.outcomes) == report.counts[Outcome.FAILED]:
        raise typer.Exit(1)


@app.command()
def status(
    as_json: JsonOption = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only the files that could not be read, with the reasons.")
    ] = False,
) -> None:
    """Show the documents that are in, the models, the health of the index and who holds it."""
    if failed:
        _show_failed(_settings(), as_json)
        return
    from rag.index.owner import read_owner
    from ui.remote import find_owner

    settings = _settings()
    if not (settings.index / "chroma").exists():
        _show_nothing(settings, as_json)
        return
    owner = find_owner(settings.index)
    try:
        told = owner.status if owner else _own_status(settings)
    except IndexBusyError:
        holder = read_owner(settings.index) or "another process"
        out.print(f"The index of {safe(str(settings.documents))} is held by {holder}. Close it to see what is in.")
        return
    if as_json:
        _print_json(told)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("document", "title", "paragraphs", "date"):
        table.add_column(column, overflow="fold", justify="right" if column == "paragraphs" else "left")
    for record in told["documents"]:
        name = document_name(record["document"])
        table.add_row(safe(name), safe(record["title"]), str(record["paragraphs"]), record["date"] or "")
    out.print(table)
    folder, index = safe(told["folder"]), safe(told["index"])
    count = f"\n{len(told['documents'])} documents, {told['paragraphs']} paragraphs from {folder}"
    out.print("\n".join([count, *folder_lines(told)]))
    out.print(f"index     {index}, whole ({told['sampled']} paragraphs looked up by their vectors)")
    out.print(f"embedder  {safe(told['embedder'])}, on this machine")
    if second := told["second_embedder"]:
        out.print(f"          {safe(second['name'])}, which receives all documents and questions")
        if not second["is_whole"]:
            out.print("          not all its vectors are there: run `ibid ingest`; until then the first one finds")
    if told["writer"]:
        out.print(f"answers   written by {safe(told['writer'])}, which receives questions and passages")
    else:
        leaves = "" if second else ": nothing leaves this machine"
        out.print(f"answers   sentences of the documents{leaves}")
    out.print(f"held by   {owner.owner if owner else 'nobody else'}")


def _show_nothing(settings: Settings, as_json: bool) -> None:
    if as_json:
        _print_json(_status_json(settings, None))
        return
    out.print(f"Nothing is indexed yet from {safe(str(settings.documents))}. Run `ibid ingest`, or just `ibid ask`.")


def _show_failed(settings: Settings, as_json: bool) -> None:
    """What the last ingest could not read. Nothing has to be opened for it, so nobody has to be asked."""
    from rag.index.failures import read_failures

    failures = read_failures(settings.index)
    if as_json:
        _print_json([{"document": key, "reason": reason} for key, reason in failures.items()])
        return
    for key, reason in failures.items():
        out.print(f"{safe(document_name(key))}: {safe(reason)}")
    out.print("`ibid ingest` tries them again." if failures else "Every file could be read.")


def _own_status(settings: Settings) -> Json:
    from rag.chatbot import chat_model_of, embedding_of, open_chatbot
    from rag.index.owner import read_owner

    wait = 0.2 if read_owner(settings.index) else _LOCK_WAIT
    llm, embedding = chat_model_of(settings), embedding_of(settings)
    with open_chatbot(settings, "status", wait, llm=llm, embedding=embedding) as bot:
        health = bot.check()
        _say_set_aside(bot)
        return _status_json(
            settings,
            bot.embedder.fingerprint,
            bot.documents,
            health.sampled,
            bot.writer,
            bot.second.json() if bot.second else None,
        )


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Clear the index of this folder. Documents, uploads and feedback are never touched."""
    from rag.index.store import remove_index

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


def _settings() -> Settings:
    return Settings()


def _print_json(value: Json | list[Json]) -> None:
    is_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    try:
        print(json.dumps(value, ensure_ascii=not is_utf8, indent=2), flush=True)
    except BrokenPipeError:
        out.on_broken_pipe()


def _status_json(
    settings: Settings,
    embedder: str | None,
    records: Sequence[Record] = (),
    sampled: int | None = None,
    writer: str | None = None,
    second: Json | None = None,
) -> Json:
    from rag.documents.scan import left_out_of
    from rag.index.failures import read_failures

    return {
        "folder": str(settings.documents),
        "index": str(settings.index),
        "embedder": embedder,
        "second_embedder": second,
        "paragraphs": sum(record.paragraphs for record in records),
        "sampled": sampled,
        "writer": writer,
        "indexing": False,
        "documents": [record.json() for record in records],
        "left_out": [one.json() for one in left_out_of(settings.roots)],
        "failed": [{"document": key, "reason": why} for key, why in read_failures(settings.index).items()],
    }


class _Asked(Protocol):
    """What `ask` and `search` need of a chatbot: their own, or that of the process that holds the index."""

    @property
    def writer(self) -> str | None: ...

    def ask(self, question: str, turns: Sequence[Turn], documents: Sequence[str], use_model: bool) -> Answer: ...

    def search(
        self, question: str, documents: Sequence[str], limit: int, use_model: bool
    ) -> tuple[list[Passage], bool]: ...


class _Own:
    """The chatbot of this process."""

    def __init__(self, bot: Chatbot) -> None:
        self._bot = bot

    @property
    def writer(self) -> str | None:
        return self._bot.writer

    def ask(self, question: str, turns: Sequence[Turn], documents: Sequence[str], use_model: bool) -> Answer:
        return self._bot.ask(question, turns, self._bot.resolve_scope(documents), use_model=use_model)

    def search(
        self, question: str, documents: Sequence[str], limit: int, use_model: bool
    ) -> tuple[list[Passage], bool]:
        found = self._bot.search(question, self._bot.resolve_scope(documents), limit, use_model)
        return list(found.passages), found.by_meaning


@contextmanager
def _opened(doing: str, use_model: bool) -> Iterator[_Asked]:
    """The chatbot over an index that is in line with its folder. Where the folder is gone, what is in the
    index still answers, and a line says so. While the chat runs, it is the chat that answers. Without `use_model`
    nothing is sent to a second embedder, and before anything is, a line says so."""
    from rag.chatbot import chat_model_of, embedding_of, open_chatbot
    from ui.remote import find_owner

    settings = _settings()
    if owner := find_owner(settings.index):
        if use_model:
            _say_second(owner.second, _WAY_OUT)
        if not owner.status["indexing"]:
            _say_changes(owner.ingest(use_model))
        yield owner
        return
    embedding = embedding_of(settings) if use_model else None
    with open_chatbot(settings, doing, wait=_LOCK_WAIT, llm=chat_model_of(settings), embedding=embedding) as bot:
        _say_set_aside(bot)
        _say_second(_second_of(bot), _WAY_OUT)
        try:
            with bars("indexing") as shown:
                report = bot.ingest(shown[0].ingest if shown else None)
            _say_changes(report)
        except FolderError as error:
            if not bot.documents:
                raise
            err.print(f"[yellow]{safe(str(error))} Answering from the index as it was.[/yellow]")
        yield _Own(bot)


def _say_changes(report: Report) -> None:
    if report.changed:
        err.print(f"[dim]{safe(summary_line(report))}[/dim]")
    if report.unfinished:
        err.print(f"[yellow]{safe(report.unfinished)}[/yellow]")


def _say_set_aside(bot: Chatbot) -> None:
    for name in map(document_name, bot.set_aside):
        err.print(f"[yellow]{safe(name)} was damaged in the index: the next ingest reads it again.[/yellow]")


def _say_torn(health: Health) -> None:
    for name in map(document_name, health.torn):
        err.print(f"[yellow]{safe(name)} can be found in part only: the next ingest reads it again.[/yellow]")


def _second_of(bot: Chatbot) -> str | None:
    return bot.second.name if bot.second else None


def _say_second(name: str | None, way_out: str = "") -> None:
    if name:
        err.print(f"[dim]{safe(name)} receives the texts of all documents and every question{way_out}[/dim]")


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
