"""The options that more than one command takes, or that are too long to be read where they are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DocumentOption = Annotated[
    list[str] | None, typer.Option("--document", "-d", help="Answer from this document only; may be repeated.")
]
FolderOption = Annotated[
    Path | None, typer.Option("--documents", help="The documents folder, for this run.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
NoModelOption = Annotated[
    bool, typer.Option("--no-model", help="Send nothing to a language model, nor to a second embedder.")
]

SuiteOption = Annotated[str | None, typer.Option("--suite", help="A shipped suite; seeds where nothing is named.")]
DocumentsOption = Annotated[Path | None, typer.Option("--documents", help="Your folder.", show_default=False)]
QuestionsOption = Annotated[
    Path | None, typer.Option("--questions", help="Your questions, whatever tool they are of.", show_default=False)
]
RunFile = Annotated[Path, typer.Argument(help="A run's file.")]
NewestRun = Annotated[Path | None, typer.Argument(help="A run's file; the newest if left out.", show_default=False)]
ModeOption = Annotated[
    str, typer.Option(help="extractive; generative, with the model of the settings; or ceiling, with a perfect one.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="So many of the questions, always the same.")]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Only questions with this tag; may be repeated.")]
RepeatOption = Annotated[int, typer.Option(min=1, max=20, help="Ask each so often, and tell what varies.")]
SeedOption = Annotated[int, typer.Option(help="Another sample for --limit.")]
JobsOption = Annotated[int, typer.Option(min=1, max=32, help="Ask so many at once.")]
VariantsOption = Annotated[bool, typer.Option("--variants", help="Ask with slips and in other words, too.")]
InterveneOption = Annotated[
    bool | None,
    typer.Option(
        "--intervene/--no-intervene",
        help="Ask again without what is cited: must the answer change? On without a model.",
        show_default=False,
    ),
]
OpenGateOption = Annotated[bool, typer.Option("--open-gate", help="Answer every question, however weak the evidence.")]
JudgeOption = Annotated[
    str | None, typer.Option(help="A model that judges support; called uncalibrated until labelled.")
]
GateOption = Annotated[bool, typer.Option("--gate", help="Exit with 1 where it does not pass.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Where it is written.", show_default=False)]
MarkdownOption = Annotated[Path | None, typer.Option("--markdown", help="Write the table as Markdown, too.")]
JUnitOption = Annotated[Path | None, typer.Option("--junit", help="Write it as JUnit XML, too.")]
