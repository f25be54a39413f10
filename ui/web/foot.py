"""What stands under an answer as HTML: its verdict, what can be done with it, how it was found, what people say of it.

Pure functions from nouns to markup.
"""

from __future__ import annotations

from rag.documents.context import display
from rag.domain import Answer, Confidence, Passage, Statement, Verdict
from ui.web.markup import escaped, exact
from ui.web.passages import Shelf, place_link
from ui.words import REASONING, also_text, is_quoted, verdict_text

AGAIN = '<button type="button" class="act" data-act="again">Ask again</button>'

_NEXT = (
    '<section class="next" aria-label="Questions that lead on" hidden><p class="next-head">You could ask next:</p>'
    '<ul class="asks"></ul></section>'
)
"""The page fills it, under the last answer."""

_KEEP = '<button type="button" class="act" data-act="keep-answer" aria-pressed="false">Keep</button>'


def foot_html(answer: Answer, number: int, shelf: Shelf) -> str:
    """Of the answer to the question that `number` counts from 1."""
    verdicts = {statement.verdict for statement in answer.statements}
    whole = verdicts <= {Verdict.VERIFIED, Verdict.TRANSLATED}
    differ = any(statement.conflicts_with for statement in answer.statements)
    uncertain = answer.confidence is Confidence.LOW
    quoted = "quoted" if is_quoted(answer) else "whole"
    is_plain = differ or Verdict.TRANSLATED in verdicts
    state = "maybe" if uncertain else "part" if not whole else "differ" if is_plain else quoted
    count, by, writer = verdict_text(answer).partition(" · ")
    told = f"{count}; your sources differ" if differ else count
    verdict = (
        f'<p class="verdict {state}"><b>{escaped(told)}</b>{escaped(by + writer)}</p>' if answer.statements else ""
    )
    actions = (
        f'<button type="button" class="act" data-act="copy" data-text="{exact(plain_text(answer))}">Copy</button>{_bare_copy(answer)}'
        f"{_KEEP}{AGAIN}"
        '<button type="button" class="act" data-act="good" aria-pressed="false" aria-label="A good answer">Good</button>'
        '<button type="button" class="act" data-act="bad" aria-pressed="false" aria-label="A bad answer">Bad</button>'
    )
    return (
        f'<footer class="turn-foot">{verdict}<div class="acts">{actions}</div></footer>'
        f"{_reasoning_html(answer)}{_how_html(answer, shelf)}{_feedback_html(number)}{_NEXT}"
    )


def _bare_copy(answer: Answer) -> str:
    """Copies what is said alone; an answer without citations has nothing to leave out."""
    if answer.abstained or not answer.citations:
        return ""
    text = exact(plain_text(answer, cited=False))
    return f'<button type="button" class="act" data-act="copy" data-text="{text}">Copy without citations</button>'


def plain_text(answer: Answer, *, cited: bool = True) -> str:
    """An answer for pasting elsewhere: its statements with marks, then each quote with its place; the statements alone
    where it is not to be `cited`."""
    if answer.abstained or not answer.statements:
        return answer.notice or "Not in your documents."
    sources = [
        f"[{citation.mark}] “{display(citation.quote)}” – "
        + ", ".join(filter(None, (citation.source.title, citation.paragraph.place, also_text(citation))))
        for citation in answer.sources
    ]
    notice = [answer.notice, ""] if answer.notice else []
    if not cited:
        return "\n".join([*notice, *map(_unmarked, answer.statements)])
    return "\n".join([*notice, answer.text, "", *sources])


def _unmarked(statement: Statement) -> str:
    """A statement without the numbers of its citations; what is doubted of it stays said."""
    return " ".join(filter(None, (statement.lead, statement.text, statement.doubt)))


def _reasoning_html(answer: Answer) -> str:
    """What a model thought, folded: nobody takes it for the answer."""
    if not answer.reasoning:
        return ""
    lines = "".join(f'<p dir="auto">{escaped(line)}</p>' for line in answer.reasoning.splitlines() if line.strip())
    return f'<details class="how reasoning"><summary>{escaped(REASONING)}</summary>{lines}</details>'


def _how_html(answer: Answer, shelf: Shelf) -> str:
    if not answer.passages:
        return ""
    rows = "".join(
        f"<tr><td>{place_link(passage, shelf)}</td><td>{passage.score:.3f}</td>{_rank_cells(passage)}</tr>"
        for passage in answer.passages
    )
    gate = ""
    if answer.gate:
        gate = (
            f"<p>The best sentence answers with a likelihood of {answer.gate.score:.2f}. From {answer.gate.threshold:.2f} "
            f"on it is given as the answer, from {answer.gate.floor:.2f} on as what may answer it.</p>"
        )
    seconds = " · ".join(f"{escaped(part)} {1000 * spent:.0f} ms" for part, spent in answer.seconds.items())
    searched = "".join(f"<li dir='auto'>{escaped(query)}</li>" for query in answer.searched_for)
    return (
        '<details class="how"><summary>How this was found</summary>'
        f"<p>Searched for:</p><ul>{searched}</ul>{gate}"
        '<div class="scroll" tabindex="0" role="group" aria-label="Passages found"><table><thead><tr><th>passage</th>'
        "<th>score</th><th>by meaning</th><th>by words</th><th>by letters</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
        f'<p class="times">{seconds}</p></details>'
    )


def _rank_cells(passage: Passage) -> str:
    ranks = passage.ranks
    return "".join(f"<td>{'–' if rank is None else rank}</td>" for rank in (ranks.dense, ranks.words, ranks.grams))


def _feedback_html(number: int) -> str:
    """What may be added to “Good” and “Bad”, which count without it; the page fills in which of the two."""
    return (
        f'<form class="feedback" data-turn="{number}" hidden><p class="feedback-head"></p>'
        f'<label for="note-{number}">What should we know? (optional)</label>'
        f'<textarea id="note-{number}" rows="2" maxlength="2000"></textarea>'
        '<p class="feedback-hint">Which paragraph should have been cited? Open a document and choose '
        "“Should be cited” beside it.</p>"
        '<ul class="chosen"></ul><div class="acts"><button type="submit" class="act main">Add</button>'
        '<button type="button" class="act" data-act="take-back">Take back</button>'
        '<button type="button" class="act" data-act="close-feedback">Close</button></div></form>'
    )
