"""Figures as they are printed, kept and written to FIGURES.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.domain import Interval
from evals.figures import Figure, Section, page_of, read_sections, write_sections
from evals.summary import Limit
from rag.errors import CaseError


def figure(value: float, *, limit: Limit | None = None, unit: str = "", where: str = "a set") -> Figure:
    interval = Interval(value=value, low=value - 0.01, high=value + 0.01, n=1190)
    return Figure(where=where, what="nDCG@10", value=interval, limit=limit, unit=unit)


def section(*figures: Figure) -> Section:
    return Section(title="Rankings", figures=figures, made="2026-01-02", code="abc", cores=2)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (figure(0.951), ".951 [.941, .961]"),
        (figure(-0.002), "−.002 [−.012, .008]"),
        (figure(1.0), "1.000 [.990, 1.010]"),
        (figure(14.2, unit="ms"), "14.2 ms [14.2, 14.2]"),
        (figure(0.72999, limit=Limit(least=0.73)), ".72999 [.720, .740]"),
        (figure(0.72, limit=Limit(least=0.73)), ".720 [.710, .730]"),
    ],
    ids=["share", "below nothing", "whole", "with a unit", "missed by less than is shown", "missed"],
)
def test_a_figure_is_told_with_its_interval(one: Figure, told: str) -> None:
    assert one.told == told
    assert told in str(one)


def test_a_single_run_has_no_interval() -> None:
    alone = Interval(value=2.4, low=float("nan"), high=float("nan"), n=1)
    assert Figure(where="ingest", what="over it", value=alone, unit="×").told == "2.4 ×"


def test_the_page_names_each_set_once_and_what_was_missed() -> None:
    page = page_of([section(figure(0.95, limit=Limit(least=0.9)), figure(0.8, limit=Limit(least=0.9)))])
    assert "## Rankings\n\nMeasured 2026-01-02, code abc, 2 cores." in page
    assert "| a set | nDCG@10 | .950 [.940, .960] | 1,190 | ≥ 0.9 |" in page
    assert "|  | nDCG@10 | .800 [.790, .810] | 1,190 | ≥ 0.9 **missed** |" in page


def test_what_was_kept_is_read_back_and_a_part_measured_anew_leaves_the_others(tmp_path: Path) -> None:
    path, page = tmp_path / "bench.json", tmp_path / "FIGURES.md"
    assert read_sections(path) == {}
    kept = {"ranking": section(figure(0.9, limit=Limit(most=1.0))), "speed": section(figure(14.0, unit="ms"))}
    write_sections(path, sections=kept, page=page)
    again = read_sections(path)
    assert [list(one.figures) for one in again.values()] == [list(one.figures) for one in kept.values()]
    assert page.read_text(encoding="utf-8") == page_of(again.values())


@pytest.mark.parametrize("content", ["{", "[]", '{"ranking": {}}'])
def test_a_file_of_no_figures_is_told_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "bench.json").write_text(content)
    with pytest.raises(CaseError, match=r"bench\.json holds no figures .* `make bench`"):
        read_sections(tmp_path / "bench.json")
