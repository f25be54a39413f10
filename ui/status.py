"""`ibid status`: what is told of an index, and how it is shown."""

from __future__ import annotations

from rich.table import Table

from rag.domain import Json, document_name
from rag.index.owner import Owner, read_owner
from rag.settings import Settings
from rag.status import status_json
from ui.asking import LOCK_WAIT
from ui.notices import say_set_aside
from ui.show import folder_lines, safe
from ui.terminal import out
from ui.words import counted

_HELD_WAIT = 0.2
"""Seconds where somebody is known to hold the index: a command that is about to end may let it go."""


def own_status(settings: Settings) -> Json:
    """What this process finds in the index. Raises IndexBusyError where another one holds it."""
    from rag.opening import chat_model_of, embedding_of, open_chatbot  # heavy: kept out of `ibid --help`

    wait = _HELD_WAIT if read_owner(settings.index) else LOCK_WAIT
    llm, embedding = chat_model_of(settings), embedding_of(settings)
    with open_chatbot(settings, "status", wait=wait, llm=llm, embedding=embedding) as bot:
        told = status_json(bot, settings=settings, to_come=bot.in_work.to_come if bot.in_work else 0)
        say_set_aside(bot)
    return told


def print_status(told: Json, *, owner: Owner | None) -> None:
    """The documents in a table, then what the index is made of, who receives text, and who holds it."""
    out.print(_documents_table(told["documents"]))
    folder, index = safe(told["folder"]), safe(told["index"])
    count = f"\n{len(told['documents'])} documents, {told['paragraphs']} paragraphs from {folder}"
    out.print("\n".join([count, *folder_lines(told)]))
    out.print(f"index     {index}, whole ({told['sampled']} paragraphs looked up by their vectors)")
    _print_embedders(told["embedder"], second=told["second_embedder"])
    _print_writer(told["writer"], second=told["second_embedder"])
    if "://" in told["index"]:
        out.print(f"ingests   {safe(told['lease'] or 'whoever comes first: nobody does at the moment')}")
        if told["to_come"]:
            out.print(f"          {counted(told['to_come'], 'file is', 'files are')} not in yet")
    out.print(f"held by   {owner or 'nobody else'}")


def print_failed(failed: list[Json]) -> None:
    """The files that could not be read, a line each, and what to do."""
    for one in failed:
        out.print(f"{safe(document_name(one['document']))}: {safe(one['reason'])}")
    out.print("`ibid ingest` tries them again." if failed else "Every file could be read.")


def _documents_table(documents: list[Json]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("document", "title", "paragraphs", "date"):
        table.add_column(column, overflow="fold", justify="right" if column == "paragraphs" else "left")
    for record in documents:
        name = document_name(record["document"])
        table.add_row(safe(name), safe(record["title"]), str(record["paragraphs"]), record["date"] or "")
    return table


def _print_embedders(first: str, *, second: Json | None) -> None:
    out.print(f"embedder  {safe(first)}, on this machine")
    if second:
        out.print(f"          {safe(second['name'])}, which receives all documents and questions")
        if not second["is_whole"]:
            out.print("          not all its vectors are there: run `ibid ingest`; until then the first one finds")


def _print_writer(writer: str | None, *, second: Json | None) -> None:
    if writer:
        out.print(f"answers   written by {safe(writer)}, which receives questions and passages")
    else:
        leaves = "" if second else ": nothing leaves this machine"
        out.print(f"answers   sentences of the documents{leaves}")
