"""A run as one HTML file that asks nobody for anything: figures, plots, and a page for each question.

Pure: from results to markup. Everything that is not ours is escaped, and a Content-Security-Policy in the file forbids
every request.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import regex

from evals.intervals import mean_interval, risk_coverage
from evals.results import GoldParagraph, Result, Run
from evals.summary import Row, Summary, cause_of, verdict
from rag.domain import Answer, Citation, Passage, Statement, Verdict, document_name

ASSETS = Path(__file__).parent / "assets"
CARDS = ("right", "hit@5", "citation_recall", "answer_in_two", "false_answer", "exact")
_WIDTH, _HEIGHT, _EDGE = 420, 240, 36
_MOST_TAGS = 24
_UNSEEN = regex.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def report_html(run: Run, summary: Summary) -> str:
    """The whole file."""
    first = [result for result in run.results if result.round == 1]
    style, script = ((ASSETS / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">"
        f"<title>Ibid · {_text(run.name)}</title><style>{style}</style></head><body><main>"
        f"<header><h1>{_text(run.suite or 'A run')}</h1><p class=dim>{_text(_told(run, summary))}</p></header>"
        f"{_cards(summary.rows)}{_metrics(summary.rows)}{_apart(summary)}{_plots(first)}"
        f"{_causes(summary)}{_table(first)}{''.join(map(_page, first))}"
        f"</main><script>{script}</script></body></html>\n"
    )


def _told(run: Run, summary: Summary) -> str:
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
    return " · ".join(fact for fact in facts if fact)


def _cards(rows: Sequence[Row]) -> str:
    shown = {row.metric.name: row for row in rows}
    cards = "".join(
        f'<div class="card"><b{_state(row)}>{row.interval.value:.3f}</b>{_text(row.metric.title.strip())}'
        f"<span>{row.interval.bounds}</span></div>"
        for name in CARDS
        if (row := shown.get(name))
    )
    return f'<div class="cards">{cards}</div>'


def _metrics(rows: Sequence[Row]) -> str:
    parts = []
    for group, found in groupby(rows, key=lambda row: row.metric.group):
        parts.append(f'<tr class="group"><th colspan="5">{_text(group.value)}</th></tr>')
        parts += [
            f'<tr><td>{_text(row.metric.title)}</td><td class="n">{row.interval.value:.3f}</td>'
            f'<td class="n">{row.interval.bounds}</td><td class="n">{row.interval.n}</td>'
            f'<td class="n"><span{_state(row)}>{_text(str(row.limit)) if row.limit else ""}</span></td></tr>'
            for row in found
        ]
    head = "<tr><th>metric<th>value<th>95 % interval<th>n<th>threshold</tr>"
    return f'<h2>Figures</h2><div class="scroll"><table>{head}{"".join(parts)}</table></div>'


def _apart(summary: Summary) -> str:
    """Variants and synthetic cases, which are in none of the figures above."""
    parts = ""
    if summary.flips:
        lines = "".join(
            f'<tr><td>{_text(kind)}</td><td class="n">{rate.value:.3f}</td><td class="n">{rate.bounds}</td><td class="n">{rate.n}</td></tr>'
            for kind, rate in summary.flips.items()
        )
        head = "<tr><th>variant<th>flip rate<th>95 % interval<th>n</tr>"
        parts += f'<h2>Variants whose verdict is another one</h2><div class="scroll"><table>{head}{lines}</table></div>'
    if summary.synthetic:
        parts += _metrics(summary.synthetic).replace("<h2>Figures</h2>", "<h2>Synthetic questions, apart</h2>", 1)
    return parts


def _plots(results: Sequence[Result]) -> str:
    return (
        f'<h2>Pictures</h2><div class="plots">{_risk_plot(results)}{_tag_plot(results)}{_latency_plot(results)}</div>'
    )


def _risk_plot(results: Sequence[Result]) -> str:
    """Answer the most certain first: the share of wrong ones among what is answered."""
    certain = [(r.answer.gate.score, verdict(r)) for r in results if r.answer and r.answer.gate and r.answer.statements]
    if not certain:
        return ""
    curve = risk_coverage([score for score, _ in certain], [right for _, right in certain])
    highest = max(0.1, *(point.risk for point in curve))
    points = [(point.coverage * len(certain) / len(results), point.risk / highest) for point in curve]
    ticks = [(0.0, "0"), (1.0, f"{highest:.2f}")]
    return _figure("Risk against coverage: wrong among what is answered, the most certain first", _line(points), ticks)


def _tag_plot(results: Sequence[Result]) -> str:
    """The share that came out as it should, by tag."""
    tags = sorted({tag for result in results for tag in result.case.tags if not tag.startswith("variant-")})[
        :_MOST_TAGS
    ]
    shares = [(tag, mean_interval([float(verdict(r)) for r in results if tag in r.case.tags])) for tag in tags]
    step = 18
    lines = []
    for place, (tag, share) in enumerate(shares):
        y, left, wide = place * step, 118, _WIDTH - 200
        lines.append(
            f'<text x="{left - 6}" y="{y + 12}" text-anchor="end">{_text(tag)}</text>'
            f'<rect class="bar" x="{left}" y="{y + 2}" width="{share.value * wide:.1f}" height="12"/>'
            f'<line class="whisker" x1="{left + share.low * wide:.1f}" x2="{left + share.high * wide:.1f}" y1="{y + 8}" y2="{y + 8}"/>'
            f'<text x="{left + wide + 6}" y="{y + 12}">{share.value:.2f} n={share.n}</text>'
        )
    drawing = f'<svg viewBox="0 0 {_WIDTH} {max(len(shares), 1) * step}" role="img">{"".join(lines)}</svg>'
    return f"<figure><figcaption>Came out as it should, by tag</figcaption>{drawing}</figure>" if shares else ""


def _latency_plot(results: Sequence[Result]) -> str:
    seconds = [result.asked.total for result in results if result.asked.total]
    if not seconds:
        return ""
    counts, edges = np.histogram(seconds, bins=min(24, max(4, len(seconds) // 5)))
    highest, wide = max(int(counts.max()), 1), (_WIDTH - 2 * _EDGE) / len(counts)
    bars = "".join(
        f'<rect class="bar" x="{_EDGE + i * wide:.1f}" y="{_HEIGHT - _EDGE - count / highest * (_HEIGHT - 2 * _EDGE):.1f}" '
        f'width="{wide * 0.9:.1f}" height="{count / highest * (_HEIGHT - 2 * _EDGE):.1f}"/>'
        for i, count in enumerate(counts)
    )
    ticks = [(0.0, "0"), (1.0, str(highest))]
    ends = (f"{edges[0]:.2f} s", f"{edges[-1]:.2f} s")
    return _figure(f"Seconds to an answer, median {np.median(seconds):.3f}", bars, ticks, ends)


def _figure(caption: str, drawing: str, ticks: Sequence[tuple[float, str]], ends: tuple[str, str] = ("0", "1")) -> str:
    inner = _HEIGHT - 2 * _EDGE
    marks = "".join(
        f'<text x="{_EDGE - 4}" y="{_HEIGHT - _EDGE - place * inner + 4:.1f}" text-anchor="end">{_text(label)}</text>'
        for place, label in ticks
    )
    axes = f'<path class="axis" d="M{_EDGE} {_EDGE}V{_HEIGHT - _EDGE}H{_WIDTH - _EDGE}"/>'
    below = (
        f'<text x="{_EDGE}" y="{_HEIGHT - _EDGE + 16}">{_text(ends[0])}</text>'
        f'<text x="{_WIDTH - _EDGE}" y="{_HEIGHT - _EDGE + 16}" text-anchor="end">{_text(ends[1])}</text>'
    )
    svg = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{_text(caption)}">{axes}{drawing}{marks}{below}</svg>'
    return f"<figure><figcaption>{_text(caption)}</figcaption>{svg}</figure>"


def _line(points: Iterable[tuple[float, float]]) -> str:
    placed = [
        f"{_EDGE + x * (_WIDTH - 2 * _EDGE):.1f},{_HEIGHT - _EDGE - y * (_HEIGHT - 2 * _EDGE):.1f}" for x, y in points
    ]
    return f'<polyline class="curve" points="{" ".join(placed)}"/>'


def _causes(summary: Summary) -> str:
    parts = [
        f"<tr><td>{_text(cause.value)}</td><td class=n>{len(found)}</td><td>"
        + " ".join(f'<a href="#{_anchor(result)}">{_text(result.case.id)}</a>' for result in found)
        + "</td></tr>"
        for cause, found in summary.causes.items()
    ]
    if not parts:
        return "<h2>Look at first</h2><p>Nothing failed.</p>"
    return f'<h2>Look at first</h2><div class="scroll"><table><tr><th>why<th>n<th>questions</tr>{"".join(parts)}</table></div>'


def _table(results: Sequence[Result]) -> str:
    causes = sorted({cause.value for result in results if (cause := cause_of(result))})
    tags = sorted({tag for result in results for tag in result.case.tags})
    options = "".join(f"<option>{_text(one)}</option>" for one in causes)
    tagged = "".join(f"<option>{_text(one)}</option>" for one in tags)
    lines = "".join(map(_line_of, results))
    return (
        '<h2>Questions</h2><div class="filters"><input id="words" type="search" placeholder="Filter by words" aria-label="Filter by words">'
        f'<select id="cause" aria-label="Why it failed"><option value="">any outcome</option><option value="right">as it should</option>{options}</select>'
        f'<select id="tag" aria-label="Tag"><option value="">any tag</option>{tagged}</select><span id="count" class="dim"></span></div>'
        '<div class="scroll"><table id="questions"><thead><tr><th>question<th>outcome<th>tags</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _line_of(result: Result) -> str:
    cause = cause_of(result)
    outcome = cause.value if cause else "right"
    tags = "".join(f'<span class="tag">{_text(tag)}</span> ' for tag in result.case.tags)
    state = "fail" if cause else "pass"
    return (
        f'<tr data-cause="{_text(outcome)}" data-tags="{_text(" ".join(result.case.tags))}"><td><a href="#{_anchor(result)}">'
        f'{_text(result.case.question)}</a></td><td class="{state}">{_text(outcome)}</td><td>{tags}</td></tr>'
    )


def _page(result: Result) -> str:
    case, answer = result.case, result.answer
    earlier = "".join(f"<p class=dim>before: {_text(turn)}</p>" for turn in case.turns)
    cause = cause_of(result)
    wanted = ", ".join(case.answers) if case.answerable else "no answer: the documents do not say"
    body = _answer(answer, result) if answer else f'<p class="fail">{_text(result.error or "")}</p>'
    return (
        f'<section class="question" id="{_anchor(result)}"><p class="dim">{_text(case.id)} · {_text(" ".join(case.tags))} · '
        f'<a href="#questions">back to the questions</a></p>{earlier}<h2 dir="auto">{_text(case.question)}</h2>'
        f'<p class="{"fail" if cause else "pass"}">{_text(cause.value if cause else "as it should be")}</p>'
        f"<p class=dim>wanted: {_text(wanted)}</p>{body}{_gold(result)}{_scores(result)}</section>"
    )


def _answer(answer: Answer, result: Result) -> str:
    notice = f"<p class=dim>{_text(answer.notice)}</p>" if answer.notice else ""
    said = "".join(map(_statement, answer.statements)) or "<p>No answer was given.</p>"
    shown = {passage.paragraph.key: passage for passage in answer.passages}
    cited = "".join(_citation(citation, shown) for citation in answer.sources)
    gate = f"gate {answer.gate.score:.3f}, threshold {answer.gate.threshold:.3f}" if answer.gate else ""
    seconds = ", ".join(f"{part} {spent * 1000:.0f} ms" for part, spent in answer.seconds.items())
    searched = f"<p class=dim>searched for: {_text(' · '.join(answer.searched_for))}</p>" if answer.searched_for else ""
    without = ""
    if result.asked.without is not None:
        told = result.asked.without.text or "nothing"
        without = f"<h3>Asked again without what it cites</h3><blockquote dir=auto>{_text(told)}</blockquote>"
    return (
        f"<h3>Answer</h3>{notice}{said}{f'<h3>Cited</h3>{cited}' if cited else ''}{without}"
        f"<h3>Found</h3>{searched}<p class=dim>{_text(gate)} · {_text(seconds)}</p>{_passages(answer.passages)}"
    )


def _statement(statement: Statement) -> str:
    marks = "".join(f"[{citation.mark}]" for citation in statement.citations)
    lead = f"<i>{_text(statement.lead)}</i> " if statement.lead else ""
    is_marked = statement.verdict is Verdict.UNSUPPORTED
    why = f' <span class="fail">not found: {_text(statement.reason or "")}</span>' if is_marked else ""
    state = ' class="unsupported"' if is_marked else ""
    return f'<p class="statement" dir="auto">{lead}<span{state}>{_text(statement.text)}</span> {_text(marks)}{why}</p>'


def _citation(citation: Citation, shown: dict[tuple[str, int], Passage]) -> str:
    passage = shown.get(citation.paragraph.key)
    text = passage.paragraph.text if passage and citation.quote in passage.paragraph.text else citation.quote
    place = f"[{citation.mark}] {citation.source.title} · {citation.paragraph.place} · {citation.paragraph.role.value}"
    return f"<p class=dim>{_text(place)}</p>{_marked(text, [citation.quote])}"


def _gold(result: Result) -> str:
    if not result.gold:
        return ""
    quotes = [gold.quote for gold in result.case.gold if gold.quote]
    return "<h3>Right paragraphs</h3>" + "".join(_gold_paragraph(one, quotes) for one in result.gold)


def _gold_paragraph(gold: GoldParagraph, quotes: Sequence[str]) -> str:
    place = f"{document_name(gold.document)} ¶{gold.number}"
    return f"<p class=dim>{_text(place)}</p>{_marked(gold.text, quotes, 'paragraph gold')}"


def _passages(passages: Sequence[Passage]) -> str:
    lines = "".join(
        f"<tr><td class=n>{number}</td><td>{_text(p.paragraph.place)}<br><span class=dim>{_text(p.paragraph.role.value)}</span></td>"
        f"<td class=n>{p.score:.3f}</td><td class=n>{p.ranks.dense or '–'}</td><td class=n>{p.ranks.words or '–'}</td>"
        f"<td class=n>{p.ranks.grams or '–'}</td><td dir=auto>{_text(p.paragraph.text[:400])}</td></tr>"
        for number, p in enumerate(passages, start=1)
    )
    head = "<tr><th><th>place<th>score<th>dense<th>words<th>grams<th>text</tr>"
    return f'<div class="scroll"><table>{head}{lines}</table></div>' if lines else ""


def _scores(result: Result) -> str:
    lines = "".join(
        f"<tr><td>{_text(score.name)}</td><td class=n>{'–' if score.value is None else f'{score.value:.3f}'}</td>"
        f"<td>{_text(score.explanation)}</td></tr>"
        for score in result.scores
    )
    return f"<details><summary>Scores</summary><table>{lines}</table></details>"


def _marked(text: str, quotes: Sequence[str], classes: str = "paragraph") -> str:
    """A paragraph with the quotes that stand in it marked; where two overlap, the first."""
    spans = sorted((text.find(quote), text.find(quote) + len(quote)) for quote in quotes if quote and quote in text)
    parts, at = [], 0
    for start, end in spans:
        if start >= at:
            parts += [_text(text[at:start]), f"<mark>{_text(text[start:end])}</mark>"]
            at = end
    return f'<div class="{classes}" dir="auto">{"".join(parts)}{_text(text[at:])}</div>'


def _state(row: Row) -> str:
    return "" if row.passes is None else f' class="{"pass" if row.passes else "fail"}"'


def _anchor(result: Result) -> str:
    return "q-" + "".join(sign if sign.isalnum() or sign in "~-" else "_" for sign in result.case.id)


def _text(text: str) -> str:
    return html.escape(_UNSEEN.sub("\ufffd", text))
