"""Whether a text tells a right answer of a case: in the words of one, or, where that is a bare yes or no, by denying or
affirming what was asked."""

from __future__ import annotations

from evals.domain import Case
from evals.polarity import polarity, said
from evals.wording import normalise, stands_in


def worded(case: Case) -> tuple[str, ...]:
    """The answers that can be looked for by their words: those that have any and are no bare yes or no."""
    return tuple(answer for answer in case.answers if normalise(answer) and said(answer) is None)


def wanted_polarity(case: Case) -> bool | None:
    """Yes (True) or no (False), where that is an answer of the case; None where it is none, or both are."""
    found = {said(answer) for answer in case.answers} - {None}
    return found.pop() if len(found) == 1 else None


def can_be_told(case: Case) -> bool:
    """Whether the case has an answer that a text could tell."""
    return bool(worded(case)) or wanted_polarity(case) is not None


def tells(case: Case, *, text: str) -> bool | None:
    """Whether a text tells an answer of the case; None where only yes or no would, and its words say neither."""
    if any(stands_in(answer, text=text) for answer in worded(case)):
        return True
    wanted = wanted_polarity(case)
    if wanted is None or not text.strip():
        return False
    told = polarity(case.question, text=text)
    return None if told is None else told == wanted
