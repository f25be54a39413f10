"""What every command prints with: one console for what was asked, one for what is said beside it, one kind of bar."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from rag.domain import Json

if TYPE_CHECKING:
    from rag.ingest import Progress as IngestProgress


class _Piped(Console):
    """Ends quietly when the reader (`head`) went away; rich and typer would call that a failure."""

    def on_broken_pipe(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


# A terminal gets its lines broken between words; a pipe gets them whole.
out = _Piped(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def print_json(value: Json | list[Json]) -> None:
    """JSON as it is, where the terminal can show its letters; else with escapes."""
    is_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    try:
        print(json.dumps(value, ensure_ascii=not is_utf8, indent=2), flush=True)
    except BrokenPipeError:
        out.on_broken_pipe()


class Bar:
    """One line of progress; it appears with its first count."""

    def __init__(self, shown: Progress, what: str) -> None:
        self._shown = shown
        self._task: TaskID = shown.add_task(what, total=None, visible=False, count="", left=None)

    def show(self, done: int, *, total: int, what: str | None = None, detail: str = "") -> None:
        """So many of so many; `what` instead of what it was called, and a `detail` behind the numbers."""
        count = f"{done}/{total}{detail}"
        self._shown.update(self._task, visible=True, completed=done, total=total, description=what, count=count)

    def hide(self) -> None:
        self._shown.update(self._task, visible=False)

    def ingest(self, progress: IngestProgress) -> None:
        """How far an ingest is: its bar by the sizes of the files, so that one large file moves it too."""
        count, left = _count_text(progress), progress.seconds_left
        self._shown.update(self._task, visible=True, completed=progress.share, total=1.0, count=count, left=left)


def _count_text(progress: IngestProgress) -> str:
    failed = f", {len(progress.failed):,} failed" if progress.failed else ""
    to_come = f", {progress.vectors_to_come:,} to come" if progress.vectors_to_come else ""
    files = f"{progress.files_done:,}/{progress.files:,} files{failed}"
    return f"{files} · {progress.vectors:,} passages{to_come}, {progress.rate:.0f}/s"


class _TimeLeft(TimeRemainingColumn):
    """What the work itself tells, or else rich's own guess."""

    def render(self, task: Task) -> Text:
        left = task.fields["left"]
        return super().render(task) if left is None else Text(f"{timedelta(seconds=round(left))}", "progress.remaining")


@contextmanager
def bars(*whats: str) -> Iterator[tuple[Bar, ...] | None]:
    """A bar for each on a terminal, gone when all is done; nothing elsewhere."""
    if not err.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        _TimeLeft(),
    )
    with Progress(*columns, console=err, transient=True) as shown:
        yield tuple(Bar(shown, what) for what in whats)
