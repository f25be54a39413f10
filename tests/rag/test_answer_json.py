"""Answer JSON read back: nothing is lost on the way, and what is no answer is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.answer_json import answer_from, passage_from
from rag.chatbot import Chatbot
from rag.domain import Answer, Question, Role, Turn
from rag.opening import open_chatbot
from rag.settings import Settings

SEEDS = Path(__file__).parents[2] / "seeds"
REFUSALS = (ValueError, KeyError, TypeError, AttributeError)

QUESTIONS = {
    "extractive": "How long was West Aleppo under siege?",
    "several statements": "What did the army do in Shaikh Ahmad?",
    "comment": "Is most of the city of Homs destroyed, and was the university working normally in 2014?",
    "abstention": "Who won the World Cup in Brazil?",
    "nothing found": "Ωμέγα щука 漢字",
    "greeting": "hello",
    "catalogue": "Which documents do you have?",
    "summary": "Summarise the second article",
    "all of them": "What is this about?",
    "author": "Who wrote the first article?",
}


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    with open_chatbot(Settings(documents=SEEDS, home=tmp_path_factory.mktemp("home")), "test") as opened:
        opened.ingest()
        yield opened


@pytest.fixture(scope="module")
def answers(bot: Chatbot) -> dict[str, Answer]:
    asked = {kind: bot.ask(question) for kind, question in QUESTIONS.items()}
    before = Turn("Who is Qassem Soleimani?", bot.ask("Who is Qassem Soleimani?"))
    return asked | {"follow-up": bot.ask(Question("And what is his role in Iraq?", turns=[before]))}


@pytest.fixture(scope="module")
def of_kind(answers: dict[str, Answer]) -> Callable[[str], Answer]:
    # A bound method's repr holds every answer, and hypothesis prints what it was given.
    return lambda kind: answers[kind]


def through(answer: Answer) -> Answer:
    """As it comes back from a browser or another process."""
    return answer_from(json.loads(json.dumps(answer.json())))


@pytest.mark.slow
def test_every_kind_of_answer_comes_back_the_same(answers: dict[str, Answer]) -> None:
    for kind, answer in answers.items():
        assert json.dumps(through(answer).json()) == json.dumps(answer.json()), kind


@pytest.mark.slow
def test_the_answers_read_back_here_hold_all_that_an_answer_can(answers: dict[str, Answer]) -> None:
    assert [kind for kind, answer in answers.items() if answer.abstained] == ["abstention", "nothing found"]
    assert answers["abstention"].closest
    assert answers["abstention"].missing_terms
    roles = {citation.paragraph.role for answer in answers.values() for citation in answer.citations}
    assert {Role.BODY, Role.COMMENT} <= roles
    assert any(statement.lead for answer in answers.values() for statement in answer.statements)
    assert any(citation.source.date for answer in answers.values() for citation in answer.citations)
    assert answers["greeting"].notice
    assert len(answers["follow-up"].searched_for) == 2


def test_every_snapshot_of_a_growing_answer_comes_back_the_same(bot: Chatbot) -> None:
    snapshots = list(bot.stream("What did the army do in Shaikh Ahmad?"))
    assert not snapshots[0].complete
    for snapshot in snapshots:
        assert json.dumps(through(snapshot).json()) == json.dumps(snapshot.json())


def test_a_citation_that_came_back_still_knows_its_quote_and_place(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        for was, now in zip(answer.citations, through(answer).citations, strict=True):
            assert (now.mark, now.quote, now.start, now.end) == (was.mark, was.quote, was.start, was.end)
            assert now.paragraph.place == was.paragraph.place
            assert now.paragraph.role is was.paragraph.role
            assert (now.source.title, now.source.date) == (was.source.title, was.source.date)


def test_a_follow_up_on_an_answer_that_came_back_is_the_follow_up_on_the_answer(bot: Chatbot) -> None:
    question = "Who is Qassem Soleimani?"
    answer = bot.ask(question)
    told = [
        bot.ask(Question("And what is his role in Iraq?", turns=[Turn(question, one)])).json() | {"seconds": {}}
        for one in (answer, through(answer))
    ]
    assert told[0] == told[1]


def test_passages_come_back_the_same(bot: Chatbot) -> None:
    for passage in bot.search("siege of Aleppo", limit=20).passages:
        described = passage.json()
        assert passage_from(json.loads(json.dumps(described))).json() == described


def test_an_emphasis_inside_its_quote_comes_back_the_same(answers: dict[str, Answer]) -> None:
    described = answers["extractive"].json()
    citation = described["statements"][0]["citations"][0]
    for bold in ([citation["start"], citation["end"]], [citation["start"] + 2, citation["end"] - 1]):
        citation["bold"] = bold
        assert answer_from(described).json() == described


def test_an_answer_without_its_passages_texts_comes_back_without_them(answers: dict[str, Answer]) -> None:
    described = answers["extractive"].json()
    described["passages"] = [{**passage, "text": ""} for passage in described["passages"]]
    assert answer_from(described).json() == described


def test_a_quote_that_does_not_fill_its_span_is_refused(answers: dict[str, Answer]) -> None:
    for change in ({"quote": "shorter"}, {"start": 0}, {"end": 10**9}, {"start": -1}, {"quote": ""}):
        described = copy.deepcopy(answers["extractive"].json())
        described["statements"][0]["citations"][0] |= change
        with pytest.raises(ValueError, match="does not fill"):
            answer_from(described)


def test_an_emphasis_outside_its_quote_is_refused(answers: dict[str, Answer]) -> None:
    """It would change what is shown as the quote."""
    described = answers["extractive"].json()
    citation = described["statements"][0]["citations"][0]
    start, end = citation["start"], citation["end"]
    for bold in ([start - 2, end], [start, end + 5], [end - 1, start + 1], [-3, -1]):
        citation["bold"] = bold
        with pytest.raises(ValueError):
            answer_from(described)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from([10**400, float("inf"), float("-inf"), float("nan"), "2015-13-45", "verified", "comment", ""])
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in JSON where something else could stand."""
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def changed(described: Any, path: tuple[Any, ...], removed: bool, value: Any) -> Any:
    described = copy.deepcopy(described)
    *way, last = path
    inside = described
    for step in way:
        inside = inside[step]
    if removed:
        del inside[last]
    else:
        inside[last] = value
    return described


DAMAGES = st.lists(st.tuples(st.integers(0, 10**6), st.booleans(), ANYTHING), min_size=1, max_size=3)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([*QUESTIONS]), DAMAGES)
def test_a_damaged_answer_is_refused_or_is_an_answer(
    of_kind: Callable[[str], Answer], kind: str, damages: list[tuple[int, bool, Any]]
) -> None:
    described = json.loads(json.dumps(of_kind(kind).json()))
    for number, removed, value in damages:
        paths = list(places(described))
        described = changed(described, paths[number % len(paths)], removed, value)
    try:
        answer = answer_from(described)
    except REFUSALS:
        return
    again = answer_from(json.loads(json.dumps(answer.json())))
    assert json.dumps(again.json()) == json.dumps(answer.json())


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["question", "statements", "passages", "gate", "seconds", "usage"]), ANYTHING))
def test_anything_in_place_of_an_answer_is_refused_or_is_an_answer(described: dict[str, Any]) -> None:
    try:
        assert answer_from(described).question == str(described["question"])
    except REFUSALS:
        return


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), 1e300])
def test_a_number_that_is_no_place_is_refused(answers: dict[str, Answer], number: float) -> None:
    for name in ("mark", "start", "end", "paragraph", "page"):
        described = answers["extractive"].json()
        described["statements"][0]["citations"][0][name] = number
        if number == 1e300 and name in ("mark", "paragraph", "page"):
            continue
        with pytest.raises(REFUSALS):
            answer_from(described)


def test_a_number_too_large_for_any_measure_is_refused(answers: dict[str, Answer]) -> None:
    described = answers["extractive"].json()
    too_large = 10**400
    for damaged in (
        described | {"gate": {"score": too_large, "threshold": 0.5}},
        described | {"seconds": {"total": too_large}},
        described | {"passages": [described["passages"][0] | {"score": too_large}]},
    ):
        with pytest.raises(ValueError, match="too large"):
            answer_from(damaged)


def test_words_of_an_answer_are_words(answers: dict[str, Answer]) -> None:
    """Whatever stands in their place is refused or made words: those who show an answer need not look."""
    for value in (5, 1.5, True, ["a"], {"a": 1}):
        for name in ("notice", "model"):
            described = answers["abstention"].json() | {name: value}
            assert is_refused_or(described, lambda answer, name=name: isinstance(getattr(answer, name), str | None))
        for name in ("lead", "reason"):
            described = answers["extractive"].json()
            described["statements"][0][name] = value
            assert is_refused_or(
                described, lambda answer, name=name: isinstance(getattr(answer.statements[0], name), str | None)
            )
        for name in ("speaker", "time"):
            described = answers["extractive"].json()
            described["statements"][0]["citations"][0][name] = value
            assert is_refused_or(
                described,
                lambda answer, name=name: isinstance(getattr(answer.citations[0].paragraph, name), str | None),
            )


def test_ranks_of_a_passage_are_numbers(answers: dict[str, Answer]) -> None:
    for value in ("<b>1</b>", [1], {"a": 1}):
        described = answers["extractive"].json()
        described["passages"][0]["ranks"] = {"dense": value, "words": value, "grams": value}
        assert is_refused_or(
            described, lambda answer: all(isinstance(r, int | None) for r in vars_of(answer.passages[0].ranks))
        )


def vars_of(ranks: Any) -> list[Any]:
    return [ranks.dense, ranks.words, ranks.grams]


def is_refused_or(described: Any, holds: Any) -> bool:
    try:
        answer = answer_from(described)
    except REFUSALS:
        return True
    return bool(holds(answer))
