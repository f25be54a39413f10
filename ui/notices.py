"""What is said beside what was asked for: what changed, what was damaged, and who receives text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.domain import document_name
from ui.show import safe, summary_line
from ui.terminal import err, out
from ui.words import counted

if TYPE_CHECKING:
    from rag.chatbot import Chatbot
    from rag.index.store import Health
    from rag.ingest import Report

WAY_OUT = " (--no-model)"


def say_changes(report: Report) -> None:
    """What an ingest changed, if anything, and why it could not be finished."""
    if report.changed:
        err.print(f"[dim]{safe(summary_line(report))}[/dim]")
    if report.unfinished:
        err.print(f"[yellow]{safe(report.unfinished)}[/yellow]")


def say_reading(done: int, files: int) -> None:
    """How far another process is that brings the index on a server in line."""
    err.print(f"[dim]Another process is reading this folder: {done:,} of {files:,} files so far.[/dim]")


def say_to_come(count: int) -> None:
    """How many files the running chat has not read yet, if any."""
    if count:
        err.print(f"[dim]The folder is being read: {counted(count, 'file is', 'files are')} not in yet.[/dim]")


def say_set_aside(bot: Chatbot) -> None:
    """Which documents were found damaged when the index was opened."""
    for name in map(document_name, bot.set_aside):
        err.print(f"[yellow]{safe(name)} was damaged in the index: the next ingest reads it again.[/yellow]")


def say_torn(health: Health) -> None:
    """Of which documents not everything can be found."""
    for name in map(document_name, health.torn):
        err.print(f"[yellow]{safe(name)} can be found in part only: the next ingest reads it again.[/yellow]")


def say_public(url: str, *, is_open: bool) -> None:
    """Where people reach the chat through a proxy, and whether nobody there is asked for a password."""
    out.print(f"Behind your proxy it is {safe(url)}")
    if is_open:
        err.print(
            "[yellow]Whoever reaches that address may ask and read your documents: set IBID_AUTH=user:password, unless "
            "the proxy lets in only whom you know.[/yellow]"
        )


def say_second(name: str | None, *, way_out: str = "") -> None:
    """That a second embedder receives texts, if there is one, and the option that prevents it."""
    if name:
        err.print(f"[dim]{safe(name)} receives the texts of all documents and every question{way_out}[/dim]")


def say_writer(name: str | None) -> None:
    """That a model receives text, if one writes the answers."""
    if name:
        err.print(f"[dim]{safe(name)} receives the question and what is found for it{WAY_OUT}[/dim]")
