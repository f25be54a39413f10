"""What a run says in a sentence."""

from __future__ import annotations

from making import result, run

from evals.compare import compare
from evals.headline import TOLD, headline
from evals.results import Result, Run
from evals.summary import Cause, summarise


def told(after: Run, *, before: Run | None = None) -> str:
    since = compare(before, after=after, only=TOLD) if before else None
    return headline(summarise(after.results), since=since)


def of(right: list[float | None]) -> list[Result]:
    return [result(f"q{i}", right=value, wrong=None if value is None else 1 - value) for i, value in enumerate(right)]


def test_rightly_and_wrongly_with_intervals_and_of_how_many() -> None:
    absent = [result(f"a{i}", answerable=False, abstained=1.0, wrong=0.0) for i in range(10)]
    assert told(run(*of([1.0] * 6 + [0.0] * 4), *absent)) == (
        "60 % (31–83) answered rightly of the 10 that can be answered, 20 % (8–42) wrongly, of 20 questions."
    )
    assert told(run(*of([1.0] * 6 + [0.0] * 4))) == (
        "60 % (31–83) answered rightly, 40 % (17–69) wrongly, of 10 questions."
    )


def test_what_could_not_be_judged_is_told_and_is_neither_right_nor_wrong() -> None:
    kept = run(*of([1.0, 0.0, None, None]))
    assert "50 % (9–91) answered rightly, 50 % (9–91) wrongly, of 2 questions; 2 more could not be judged." in told(
        kept
    )
    assert [one.case.id for one in summarise(kept.results).causes[Cause.UNJUDGED]] == ["q2", "q3"]
    again = run(*of([1.0, 0.0, 1.0, 0.0]))
    assert compare(kept, after=again).flips == ()


def test_what_a_judge_could_not_judge_stands_beside_its_figure() -> None:
    kept = run(
        *(result(f"q{i}", right=1.0, wrong=0.0, judged_support=1.0, unjudged=0.5) for i in range(4)),
        result("e", right=1.0, wrong=0.0, judged_support=None, unjudged=1.0),
    )
    assert "100 % (51–100) supported, says the judge, and could not judge 60 % (50–80) of an answer’s" in told(kept)


def test_better_or_worse_than_the_last_run_only_beyond_noise() -> None:
    before, after = run(*of([0.0] * 30 + [1.0] * 30)), run(*of([1.0] * 20 + [0.0] * 10 + [1.0] * 30))
    assert told(after, before=before).endswith("; better than the last run by 33 points ± 12.")
    assert told(before, before=after).endswith("; worse than the last run by 33 points ± 12.")
    assert told(after, before=after).endswith("; the same as the last run.")
    one = run(*of([1.0] + [0.0] * 29 + [1.0] * 30))
    assert told(one, before=before).endswith(
        "; no better or worse than the last run that can be told (+0 to +5 points)."
    )
    few = run(*of([0.0] * 30 + [1.0] * 10))
    assert told(after, before=few).endswith(" on the 40 questions in both.")
    assert "last run" not in told(after, before=run(result("another", right=1.0)))


def test_errors_are_told() -> None:
    assert told(run(result("a", error="it broke", right=0.0, wrong=1.0))).endswith("; 1 question ended in an error.")
