"""The table as Markdown, and as JUnit that a CI server reads."""

from __future__ import annotations

from xml.etree import ElementTree

from making import result

from evals.formats import summary_junit, summary_markdown
from evals.summary import Limit, summarise


def test_each_threshold_is_a_test_case() -> None:
    summary = summarise(
        [result("a", right=0.0, exact=1.0)], limits={"right": Limit(least=0.5), "exact": Limit(least=1.0)}
    )
    suite = ElementTree.fromstring(summary_junit("seeds", summary=summary))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["right"]


def test_the_table_holds_every_figure_with_its_interval_and_verdict() -> None:
    told = summary_markdown("seeds", summary=summarise([result("a", right=0.0)], limits={"right": Limit(least=0.5)}))
    assert "| abstention | answerable, answered rightly | 0.000 | 0.000 – 0.793 | 1 | ≥ 0.5 | **FAIL** |" in told
    assert "- **not indexed** (1): a" in told
