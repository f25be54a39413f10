"""Figures: what was measured on what, beside what it should be. `make bench` keeps them as JSON and writes FIGURES.md
of all that are kept, so that a part can be measured by itself. Pure, but for the two files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from evals.domain import Interval
from evals.results import writing
from evals.summary import Limit, Row
from rag.errors import CaseError

PAGE = Path(__file__).parent / "FIGURES.md"

_HEAD = """# Figures

Written by `make bench`, and never by hand. [README.md](README.md) says how each is measured and what it means. An
interval is one of 95 %, or the quartiles of a time, or the range of a few runs. Shares are of 1. A part that was not
measured anew keeps its figures, their date and their code.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line: `what` was measured on `where`; shares have no `unit`."""

    where: str
    what: str
    value: Interval
    limit: Limit | None = None
    unit: str = ""

    @property
    def passes(self) -> bool | None:
        return None if self.limit is None else self.limit.allows(self.value.value)

    def __str__(self) -> str:
        state = {None: "", True: "reached", False: "MISSED"}[self.passes]
        return f"{self.where:32} {self.what:48} {self.told:32} {self.value.n:>6}  {self.limit or ''!s:9} {state}"

    @property
    def told(self) -> str:
        low, high = (_number(bound, unit=self.unit) for bound in (self.value.low, self.value.high))
        value = _number(self.value.value, unit=self.unit)
        if self.passes is False and self.limit is not None and self.limit.allows(round(self.value.value, 3)):
            value = f"{self.value.value:.5f}".lstrip("0")  # so close that a rounded figure would look like a hit
        shown = f"{value} {self.unit}" if self.unit else value
        return f"{shown} [{low}, {high}]" if self.value.bounds else shown

    def json(self) -> dict[str, Any]:
        value = self.value
        return {
            "where": self.where,
            "what": self.what,
            "value": value.value,
            "low": value.low,
            "high": value.high,
            "n": value.n,
            "notes": value.notes,
            "unit": self.unit,
            "least": self.limit.least if self.limit else None,
            "most": self.limit.most if self.limit else None,
        }


def figures_of(where: str, *, rows: Iterable[Row]) -> list[Figure]:
    """The lines of a run's summary as figures."""
    return [Figure(where=where, what=row.metric.title.strip(), value=row.interval, limit=row.limit) for row in rows]


def figure_from(described: Mapping[str, Any]) -> Figure:
    value = Interval(**{name: described[name] for name in ("value", "low", "high", "n", "notes")})
    limit = Limit(described["least"], described["most"])
    is_limited = limit.least is not None or limit.most is not None
    where, what, unit = (described[name] for name in ("where", "what", "unit"))
    return Figure(where=where, what=what, value=value, limit=limit if is_limited else None, unit=unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one measurement found, when, with which code and on how many cores; `plot` is Markdown that draws it."""

    title: str
    figures: Sequence[Figure]
    made: str
    code: str
    cores: int
    plot: str = ""

    def json(self) -> dict[str, Any]:
        figures = [figure.json() for figure in self.figures]
        told = {"title": self.title, "made": self.made, "code": self.code, "cores": self.cores, "figures": figures}
        return told | ({"plot": self.plot} if self.plot else {})


def section_from(described: Mapping[str, Any]) -> Section:
    figures = [figure_from(one) for one in described["figures"]]
    title, made, code, cores = (described[name] for name in ("title", "made", "code", "cores"))
    plot = described.get("plot", "")
    return Section(title=title, figures=figures, made=made, code=code, cores=cores, plot=plot)


def read_sections(path: Path) -> dict[str, Section]:
    """What was measured before, by name; nothing where there is no such file. Raises CaseError where it is none."""
    if not path.exists():
        return {}
    try:
        return {name: section_from(one) for name, one in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CaseError(f"{path} holds no figures ({error}). Delete it, and run `make bench`.") from error


def write_sections(path: Path, *, sections: Mapping[str, Section], page: Path) -> None:
    """Both files. Raises CaseError where one cannot be written."""
    kept = {name: section.json() for name, section in sections.items()}
    with writing(path):
        path.write_text(json.dumps(kept, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    with writing(page):
        page.write_text(page_of(sections.values()), encoding="utf-8")


def page_of(sections: Iterable[Section]) -> str:
    """FIGURES.md."""
    return "\n".join([_HEAD, *map(_section, sections)])


def _section(section: Section) -> str:
    lines = [
        f"## {section.title}",
        "",
        f"Measured {section.made}, code {section.code}, {section.cores} cores.",
        "",
        "| measured on | figure | value | n | target |",
        "|---|---|---|---|---|",
    ]
    for where, figures in groupby(section.figures, key=lambda figure: figure.where):
        lines += [_line("" if place else where, figure=figure) for place, figure in enumerate(figures)]
    return "\n".join([*lines, *(["", section.plot] if section.plot else [])]) + "\n"


def _line(where: str, *, figure: Figure) -> str:
    target = f"{figure.limit or ''}{' **missed**' if figure.passes is False else ''}"
    return f"| {where} | {figure.what} | {figure.told} | {figure.value.n:,} | {target} |"


def _number(value: float, *, unit: str) -> str:
    if unit:
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    sign, digits = ("−" if value < 0 else ""), f"{abs(value):.3f}"
    return f"{sign}{digits.removeprefix('0')}"
