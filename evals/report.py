"""A run as one HTML file that asks nobody for anything: figures, plots, and a page for each question.

Pure: from results to markup. The template is `assets/report.html`; all that is put into it is escaped there, and a
Content-Security-Policy in the file forbids every request.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import regex
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from evals.compare import Comparison
from evals.domain import Case
from evals.headline import headline
from evals.metric import Group
from evals.plots import latency_plot, risk_plot, tag_plot
from evals.results import Result, Run
from evals.summary import Row, Summary, cause_of
from rag.domain import Answer, Citation, document_name

ASSETS = Path(__file__).parent / "assets"
CARDS = ("right", "hit@5", "citation_recall", "answer_in_two", "false_answer", "exact")
_UNSEEN = regex.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def report_html(run: Run, *, summary: Summary, since: Comparison | None = None) -> str:
    """The whole file; `since` is the comparison with the last run, which the headline tells of."""
    first = [result for result in run.results if result.round == 1]
    rows = {row.metric.name: row for row in summary.rows}
    plots = (risk_plot(first), tag_plot(first), latency_plot(first))
    return _template().render(
        run=run,
        summary=summary,
        headline=headline(summary, since=since),
        facts=_facts(run, summary=summary),
        cards=[rows[name] for name in CARDS if name in rows],
        rows=_grouped(summary.rows),
        synthetic=_grouped(summary.synthetic),
        plots=[plot for plot in plots if plot is not None],
        tags=sorted({tag for result in first for tag in result.case.tags}),
        results=first,
        # Ours, and no text of anybody's: the page would not work escaped.
        style=Markup((ASSETS / "report.css").read_text(encoding="utf-8")),  # noqa: S704
        script=Markup((ASSETS / "report.js").read_text(encoding="utf-8")),  # noqa: S704
    )


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"figure": lambda value: f"{value:.3f}", "pixel": lambda value: f"{value:.1f}"}
    environment.globals |= {
        "anchor": anchor,
        "cause_of": cause_of,
        "cited_text": _cited_text,
        "document_name": document_name,
        "gold_quotes": _gold_quotes,
        "pieces_of": pieces_of,
    }
    return environment.get_template("report.html")


def _visible(value: object) -> object:
    """Text without what would turn it around or be obeyed. Everything the template writes comes by here; what is
    markup already was made of such text."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNSEEN.sub("\ufffd", value)
    return value


def _facts(run: Run, *, summary: Summary) -> list[str]:
    described = run.described
    facts = [
        f"{summary.cases} questions",
        f"{summary.errors} errors" if summary.errors else "",
        str(described.get("model") or "sentences of the documents, no model"),
        f"{described.get('documents')} documents",
        f"code {described.get('code')}",
        f"corpus {described.get('corpus')}",
        f"made {described.get('made')}" if described.get("made") else "",
    ]
    return [fact for fact in facts if fact]


def _grouped(rows: Sequence[Row]) -> list[tuple[Group, list[Row]]]:
    return [(group, list(found)) for group, found in groupby(rows, key=lambda row: row.metric.group)]


def _cited_text(answer: Answer, *, citation: Citation) -> str:
    """The whole paragraph where it was among the passages, else the quote."""
    shown = {passage.paragraph.key: passage.paragraph.text for passage in answer.passages}
    text = shown.get(citation.paragraph.key, "")
    return text if citation.quote in text else citation.quote


def _gold_quotes(case: Case) -> list[str]:
    return [gold.quote for gold in case.gold if gold.quote]


def pieces_of(text: str, *, quotes: Sequence[str]) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it is one of the quotes; where two overlap, the first."""
    spans = sorted((text.find(quote), text.find(quote) + len(quote)) for quote in quotes if quote and quote in text)
    pieces, at = [], 0
    for start, end in spans:
        if start >= at:
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
    return [piece for piece in (*pieces, (text[at:], False)) if piece[0]]


def anchor(result: Result) -> str:
    """Where the page has a question."""
    return "q-" + "".join(sign if sign.isalnum() or sign in "~-" else "_" for sign in result.case.id)
