"""Answers as HTML: whatever the texts say, the markup is ours and the words are theirs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parsing import Element, read, shown

from rag.answer_json import answer_from
from rag.chatbot import Chatbot
from rag.documents.context import display
from rag.documents.reading import read_document
from rag.domain import (
    Answer,
    Citation,
    GateReading,
    Key,
    Paragraph,
    Passage,
    Ranks,
    Role,
    Source,
    Span,
    Statement,
    Verdict,
)
from rag.opening import open_chatbot
from rag.settings import Settings
from ui.web.conversation import Exchange, State, conversation_from
from ui.web.export import answer_html, answer_markdown
from ui.web.folder import Indexing
from ui.web.foot import plain_text
from ui.web.introducing import Introduction
from ui.web.passages import ParagraphOf, Shelf
from ui.web.render import exchange_html
from ui.web.welcome import welcome_html

SEEDS = Path(__file__).parents[3] / "seeds"
FOLDER = "0123456789ab"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</span></div></article>",
    "<!-- ",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "\u202egnp.exe\u202c \u2066x\u2069",
    "a\0b\x1b[31mc\x7fd\x85e",
    "</textarea></title>",
    "“Quoted”, she said",
]


# --- answers of any text

LETTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(LETTERS, max_size=8), max_size=3).map("".join)
WORDS = TEXTS.filter(str.strip)


@st.composite
def citations(draw: st.DrawFn, mark: int) -> Citation:
    before, quote, after = draw(TEXTS), draw(WORDS), draw(TEXTS)
    at = draw(st.integers(0, 500))
    start = at + len(before)
    bold = draw(st.none() | st.tuples(st.integers(0, len(quote) - 1), st.integers(1, len(quote))))
    paragraph = Paragraph(
        document_id=f"documents/{draw(WORDS)}",
        number=draw(st.integers(1, 99)),
        text=before + quote + after,
        start=at,
        end=at + len(before + quote + after),
        role=draw(st.sampled_from(Role)),
        heading=tuple(draw(st.lists(WORDS, max_size=2))),
        page=draw(st.none() | st.integers(1, 9)),
        speaker=draw(st.none() | WORDS),
        time=draw(st.none() | WORDS),
    )
    source = Source(title=draw(WORDS), revision="3-abc", date=draw(st.none() | st.just(date(2015, 10, 8))))
    span = Span(start + bold[0], start + bold[1]) if bold and bold[0] < bold[1] else None
    return Citation(mark=mark, paragraph=paragraph, source=source, start=start, end=start + len(quote), bold=span)


@st.composite
def statements(draw: st.DrawFn, mark: int) -> Statement:
    return Statement(
        text=draw(WORDS),
        citations=tuple(draw(citations(mark + n)) for n in range(draw(st.integers(0, 2)))),
        verdict=draw(st.sampled_from(Verdict)),
        reason=draw(st.none() | WORDS),
        lead=draw(st.none() | WORDS),
        conflicts_with=draw(st.sampled_from([(), (), (0,)])),
    )


@st.composite
def passages(draw: st.DrawFn) -> Passage:
    text = draw(WORDS)
    return Passage(
        paragraph=Paragraph(
            document_id=f"documents/{draw(WORDS)}",
            number=draw(st.integers(1, 99)),
            text=text,
            start=0,
            end=len(text),
            role=draw(st.sampled_from(Role)),
        ),
        source=Source(title=draw(WORDS), revision="3-abc"),
        score=draw(st.floats(0, 1)),
        ranks=Ranks(*(draw(st.none() | st.integers(1, 50)) for _ in range(3))),
    )


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    abstained = draw(st.booleans())
    return Answer(
        question=draw(WORDS),
        searched_for=tuple(draw(st.lists(WORDS, max_size=2))),
        statements=() if abstained else tuple(draw(statements(1 + 2 * n)) for n in range(draw(st.integers(0, 3)))),
        passages=tuple(draw(st.lists(passages(), max_size=2))),
        abstained=abstained,
        closest=tuple(draw(st.lists(passages(), max_size=2))) if abstained else (),
        missing_terms=tuple(draw(st.lists(WORDS, max_size=2))) if abstained else (),
        notice=draw(st.none() | WORDS),
        gate=draw(st.none() | st.builds(GateReading, st.floats(0, 1), st.floats(0, 1))),
        seconds=draw(st.dictionaries(st.sampled_from(["dense", "total"]), st.floats(0, 9))),
    )


EXCHANGES = st.builds(
    lambda answer, state, problem: Exchange(
        question=answer.question, asked="2026-01-01", state=state, answer=answer, problem=problem
    ),
    answers(),
    st.sampled_from(State),
    st.none() | WORDS,
)


def rendered(answer: Answer, number: int = 1) -> Element:
    exchange = kept(json.loads(json.dumps(answer.json())))
    return read(exchange_html(exchange, number, Shelf(FOLDER, lambda *_: None)))


def stored(text: str, start: int = 0) -> ParagraphOf:
    """A shelf on which each paragraph has this text."""

    def paragraph_of(key: Key, revision: str) -> Paragraph:
        place = {"start": start, "end": start + len(text)}
        return Paragraph(document_id=key[0], number=key[1], text=text, **place, role=Role.BODY)

    return paragraph_of


def kept(described: Any) -> Exchange:
    """What becomes of Answer JSON that a browser kept."""
    exchange = {"question": described.get("question"), "state": "done", "answer": described}
    (read_back,) = conversation_from({"folder": FOLDER, "id": "a", "exchanges": [exchange]}, FOLDER).exchanges
    return read_back


def harmless(value: Any, name: str = "") -> Any:
    """The same JSON with plain words in place of every text; what is no text of a document stays."""
    if isinstance(value, dict):
        return {key: harmless(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [harmless(inner, name) for inner in value]
    if not isinstance(value, str) or name in ("verdict", "role", "date", "mode", "revision"):
        return value
    if name == "document":
        return f"documents/{value.encode().hex()}"  # two documents stay two
    return "x" * len(value) if name == "quote" else "x" if value else ""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXCHANGES, st.integers(1, 20))
def test_texts_make_no_element_and_no_attribute(exchange: Exchange, number: int) -> None:
    """The markup is the markup of the same answer in plain words."""
    assert exchange.answer is not None
    shelf = Shelf(FOLDER, stored("x"))
    plain = Exchange(
        question="x",
        asked="",
        state=exchange.state,
        answer=answer_from(harmless(exchange.answer.json())),
        problem="x" if exchange.problem else None,
    )
    # As a browser keeps it: of a paragraph that is cited nothing but the quote.
    told = replace(exchange, answer=answer_from(exchange.answer.json()))
    mine, expected = (read(exchange_html(one, number, shelf)) for one in (told, plain))
    for one in (mine, expected):
        for element in one.all("said"):
            element.tag = "q"  # or <span>, where the text brings quotation marks of its own
    assert mine.shape == expected.shape
    assert not any(name.startswith("on") for element in mine.all() for name in element.attributes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answers())
def test_every_text_reads_as_it_stands(answer: Answer) -> None:
    page = rendered(answer)
    assert page.texts("question") == [shown(answer.question)]
    assert page.texts("said") == [shown(one.text) for one in answer.statements]
    assert page.texts("lead") == [shown(one.lead) for one in answer.statements if one.lead]
    assert page.texts("card-quote") == [shown(one.quote) for one in answer.citations]
    assert page.texts("card-place") == [shown(one.source.title) for one in answer.citations]
    assert page.texts("excerpt") == [shown(display(one.paragraph.text)) for one in answer.closest]
    copying = [one.attributes["data-text"] for one in page.all("act") if one.attributes.get("data-act") == "copy"]
    bare = [plain_text(answer, cited=False)] if answer.citations and not answer.abstained else []
    assert copying == [plain_text(answer), *bare]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answers(), st.integers(1, 20))
def test_every_chip_has_its_mark_and_leads_to_its_span(answer: Answer, number: int) -> None:
    page = rendered(answer, number)
    chips = list(page.all("chip"))
    assert [chip.text for chip in chips] == [str(one.mark) for one in answer.citations]
    cards = {card.attributes["id"]: card for card in page.all("card")}
    for chip, citation in zip(chips, answer.citations, strict=True):
        paragraph = citation.paragraph
        assert parse_qs(chip.attributes["href"].removeprefix("?")) == {
            "folder": [FOLDER],
            "document": [paragraph.document_id],
            "paragraph": [str(paragraph.number)],
            "revision": [citation.source.revision[:16]],
            "start": [str(citation.start)],
            "end": [str(citation.end)],
        }
        assert chip.attributes["data-cite"] == f"{number}.{citation.mark}"
        assert int(chip.attributes["data-paragraph"]) == paragraph.number
        span = int(chip.attributes["data-start"]), int(chip.attributes["data-end"])
        assert span == (citation.start, citation.end)
        card = cards[chip.attributes["aria-describedby"]]
        assert card.texts("card-quote") == [shown(citation.quote)]
        assert shown(paragraph.place) in card.texts("card-facts")[0]
        assert f"Source {citation.mark}: " in chip.attributes["aria-label"]
        if citation.bold:
            inside = citation.bold.shifted(-citation.start).of(citation.quote)
            assert "".join(card.texts("told")).split() == shown(inside).split()


@pytest.mark.slow
@given(st.sampled_from(HOSTILE) | WORDS)
def test_a_chip_names_its_document_to_the_letter(name: str) -> None:
    """By this name the page asks for the document."""
    paragraph = Paragraph(
        document_id=f"documents/{name}.md", number=1, text="Some words.", start=0, end=11, role=Role.BODY
    )
    passage = Passage(paragraph=paragraph, source=Source(title="Title", revision="3-abc"), score=0.5, ranks=Ranks(1))
    citation = Citation(mark=1, paragraph=paragraph, source=Source(title="Title", revision="3-abc"), start=0, end=11)
    page = rendered(
        Answer(
            question="Why?",
            searched_for=(),
            statements=(Statement(text="Some words.", citations=(citation,)),),
            passages=(passage,),
        )
    )
    for link in (*page.all("chip"), *page.all("place")):
        assert link.attributes["data-document"] == f"documents/{name}.md"


# --- what is said of an answer


def cited(text: str, role: Role = Role.BODY, mark: int = 1, **more: Any) -> Statement:
    paragraph = Paragraph(
        document_id="documents/a.md",
        number=mark,
        text=text,
        start=0,
        end=len(text),
        role=role,
        heading=(),
        page=None,
        speaker=more.pop("speaker", None),
    )
    verdict = more.pop("verdict", Verdict.VERIFIED)
    return Statement(
        text=text,
        citations=(
            Citation(mark=mark, paragraph=paragraph, source=Source(title="A", revision="3-a"), start=0, end=len(text)),
        ),
        verdict=verdict,
        **more,
    )


@pytest.mark.parametrize("role", list(Role))
def test_a_reader_or_a_caption_is_never_taken_for_the_document(role: Role) -> None:
    page = rendered(Answer(question="Why?", searched_for=(), statements=(cited("It rained.", role),)))
    (statement,) = page.all("statement")
    expected = {Role.COMMENT: ["reader’s comment"], Role.CAPTION: ["caption"]}.get(role, [])
    assert statement.texts("badge") == expected
    assert ("by-reader" in statement.classes) == (role is Role.COMMENT)


def test_where_several_documents_speak_each_statement_names_its_own() -> None:
    one = Paragraph(document_id="documents/hr/a.md", number=1, text="It rained.", start=0, end=10, role=Role.BODY)
    other = Paragraph(document_id="documents/b.md", number=2, text="It snowed.", start=0, end=10, role=Role.BODY)
    first = Statement(
        text="It rained.",
        citations=(
            Citation(
                mark=1, paragraph=one, source=Source(title="A", revision="3-a", date=date(2015, 10, 8)), start=0, end=10
            ),
        ),
    )
    second = Statement(
        text="It snowed.",
        citations=(Citation(mark=2, paragraph=other, source=Source(title="B", revision="3-b"), start=0, end=10),),
    )
    assert rendered(Answer(question="Why?", searched_for=(), statements=(first, second))).texts("from") == [
        "A · hr/a.md · 8 Oct 2015",
        "B · b.md",
    ]
    assert rendered(Answer(question="Why?", searched_for=(), statements=(first, first))).texts("from") == []


def test_only_the_very_words_of_a_document_stand_in_quotation_marks() -> None:
    page = rendered(
        Answer(
            question="Why?",
            searched_for=(),
            statements=(cited("It rained."), Statement(text="Rain fell.", citations=cited("It rained.").citations)),
        )
    )
    assert [one.tag for one in page.all("said")] == ["q", "span"]


def test_the_words_that_are_the_answer_are_told_from_the_quote_around_them() -> None:
    statement = cited("It rained for 13 days.")
    (citation,) = statement.citations
    bold = Span(citation.start + 14, citation.start + 21)
    page = rendered(
        Answer(
            question="How long?",
            searched_for=(),
            statements=(replace(statement, citations=(replace(citation, bold=bold),)),),
        )
    )
    assert set(page.texts("told")) == {"13 days"}
    assert page.texts("said") == ["It rained for 13 days."]


def test_closest_passages_of_readers_carry_the_badge_too() -> None:
    paragraph = Paragraph(
        document_id="documents/a.md", number=4, text="I was there.", start=0, end=12, role=Role.COMMENT
    )
    passage = Passage(paragraph=paragraph, source=Source(title="A", revision="3-a"), score=0.5, ranks=Ranks(1))
    page = rendered(Answer(question="Why?", searched_for=(), abstained=True, closest=(passage,)))
    (closest,) = page.all("closest")
    assert closest.texts("badge") == ["reader’s comment"]


@given(WORDS)
def test_an_unsupported_statement_says_why_and_only_that_one(reason: str) -> None:
    page = rendered(
        Answer(
            question="Why?",
            searched_for=(),
            statements=(cited("It rained."), cited("It snowed.", mark=2, verdict=Verdict.UNSUPPORTED, reason=reason)),
        )
    )
    first, second = page.all("statement")
    assert ("verified" in first.classes, "unsupported" in second.classes) == (True, True)
    assert first.texts("why") == []
    assert second.texts("why") == [f"Not found in your documents. {shown(reason)}"]


def test_statements_that_differ_stand_in_one_group_and_the_others_outside() -> None:
    page = rendered(
        Answer(
            question="How many?",
            searched_for=(),
            statements=(
                cited("Many came."),
                cited("There were 12.", mark=2, conflicts_with=(2,)),
                cited("There were 14.", mark=3, conflicts_with=(1,)),
                cited("They went home.", mark=4),
            ),
        )
    )
    (group,) = page.all("conflict")
    assert group.texts("said") == ["There were 12.", "There were 14."]
    assert group.texts("conflict-head") == ["Your sources differ on this"]
    assert page.texts("said") == ["Many came.", "There were 12.", "There were 14.", "They went home."]


def test_two_pairs_that_differ_are_not_one_group() -> None:
    page = rendered(
        Answer(
            question="How many?",
            searched_for=(),
            statements=(
                cited("There were 12.", conflicts_with=(1,)),
                cited("There were 14.", mark=2, conflicts_with=(0,)),
                cited("It was May 3.", mark=3, conflicts_with=(3,)),
                cited("It was May 4.", mark=4, conflicts_with=(2,)),
            ),
        )
    )
    assert [group.texts("said") for group in page.all("conflict")] == [
        ["There were 12.", "There were 14."],
        ["It was May 3.", "It was May 4."],
    ]


def test_statements_that_differ_stand_together_wherever_they_come() -> None:
    page = rendered(
        Answer(
            question="How many?",
            searched_for=(),
            statements=(
                cited("There were 12.", conflicts_with=(2,)),
                cited("They went home.", mark=2),
                cited("There were 14.", mark=3, conflicts_with=(0,)),
            ),
        )
    )
    (group,) = page.all("conflict")
    assert group.texts("said") == ["There were 12.", "There were 14."]


@given(st.lists(st.sampled_from(Verdict), min_size=1, max_size=6))
def test_the_verdict_counts_what_was_verified(verdicts: list[Verdict]) -> None:
    statements = tuple(cited("So.", mark=n, verdict=one) for n, one in enumerate(verdicts, start=1))
    (verdict,) = rendered(Answer(question="Why?", searched_for=(), statements=statements, mode="generative")).all(
        "verdict"
    )
    verified = sum(one is Verdict.VERIFIED for one in verdicts)
    translated = sum(one is Verdict.TRANSLATED for one in verdicts)
    foreign = f", {translated} in another language than its source" if translated else ""
    assert verdict.text == f"{verified} of {len(verdicts)} statement{'s' * (len(verdicts) > 1)} verified{foreign}"
    assert ("whole" in verdict.classes) == (verified == len(verdicts))


def test_what_is_quoted_bears_no_mark_of_a_check() -> None:
    answer = Answer(question="Why?", searched_for=(), statements=(cited("So.", mark=1, verdict=Verdict.VERIFIED),))
    (verdict,) = rendered(answer).all("verdict")
    assert (verdict.text, "whole" in verdict.classes) == ("Quoted word for word", False)


def test_rows_that_a_model_wrote_are_one_table_each_with_its_marks_and_what_is_doubted_of_it() -> None:
    def row(boat: str, verdict: Verdict, mark: int) -> Statement:
        told = cited(f"boat: {boat}", mark=mark, verdict=verdict, cells=(("Boat", boat), ("Berth <b>", "3")))
        return told if verdict is Verdict.VERIFIED else replace(told, citations=(), reason="no")

    rows = (row("Alma", Verdict.VERIFIED, 1), row("Knot | Skua", Verdict.UNSUPPORTED, 2))
    answer = Answer(question="Why?", statements=(cited("So.", mark=3), *rows))
    page = rendered(answer)
    (table,) = page.all("rows")
    assert [one.text for one in table.all("columns")] == ["BoatBerth <b>"]
    assert ["Alma" in one.text for one in table.all("statement")] == [True, False]
    assert "Not found in your documents. no" in table.all("statement")[1].text
    assert len(table.all("chip")) == 1
    lines = list(answer_markdown(answer))
    start = lines.index(r"| Boat | Berth \<b\> | |")
    assert lines[start + 1 : start + 4] == [
        "|---|---|---|",
        "| Alma | 3 | [^1] |",
        r"| Knot \| Skua | 3 | (not found in your documents) |",
    ]


def test_what_a_model_thought_is_folded_apart_from_what_it_says_and_in_no_export() -> None:
    thought = "It may be <b>9999</b>.\nNo."
    answer = Answer(question="Why?", statements=(cited("So.", mark=1, verdict=Verdict.VERIFIED),), reasoning=thought)
    page = rendered(answer)
    (folded,) = page.all("reasoning")
    assert (folded.tag, "open" in folded.attributes) == ("details", False)
    assert folded.text == "The model’s reasoning – not checked against your documentsIt may be <b>9999</b>.No."
    assert not any("9999" in one.text for one in page.all("answer"))
    assert "9999" not in plain_text(answer) + "\n".join(answer_markdown(answer)) + answer_html(answer)
    assert rendered(replace(answer, reasoning=None)).all("reasoning") == []


def test_what_may_answer_is_told_as_that_with_the_related_passages_and_no_mark_of_success() -> None:
    statement = cited("So.", mark=1, verdict=Verdict.VERIFIED)
    answer = Answer(
        question="Why?",
        searched_for=(),
        statements=(statement,),
        notice="This may answer it.",
        is_uncertain=True,
        unmentioned=("Ann",),
    )
    page = rendered(answer)
    (verdict,) = page.all("verdict")
    assert ("maybe" in verdict.classes, "whole" in verdict.classes) == (True, False)
    assert verdict.text.startswith("May answer it")
    assert page.texts("maybe")[0] == "This may answer it."
    assert page.texts("missing") == ["Nothing here mentions “Ann”."]


@given(answers())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_abstention_shows_the_closest_as_related_and_never_as_an_answer(answer: Answer) -> None:
    page = rendered(answer)
    if not answer.abstained:
        assert not list(page.all("closest")) + list(page.all("notfound"))
        return
    assert page.texts("notfound") == [shown(answer.notice or "Not in your documents.")]
    assert not [kind for kind in ("statement", "chip", "said", "verdict") if list(page.all(kind))]
    assert page.texts("closest-head") == ["Related passages – not an answer"] * bool(answer.closest)
    links = [link for closest in page.all("closest") for link in closest.all("place")]
    assert [int(link.attributes["data-paragraph"]) for link in links] == [p.paragraph.number for p in answer.closest]
    missing = [one.text for told in page.all("missing") for one in told.all() if one.tag == "b"]
    assert missing == [shown(term) for term in answer.missing_terms]


# --- an exchange at each stage


@pytest.mark.parametrize(
    ("state", "says", "foot"),
    [
        (State.RUNNING, "", False),
        (State.DONE, "", True),
        (State.STOPPED, "This answer was stopped before it was complete.", False),
        (State.FAILED, "The index is damaged.", False),
    ],
)
def test_an_exchange_tells_how_it_ended(state: State, says: str, foot: bool) -> None:
    answer = Answer(question="Why?", searched_for=(), statements=(cited("It rained."),))
    html = exchange_html(
        Exchange(question="Why?", asked="", state=state, answer=answer, problem="The index is damaged."),
        3,
        Shelf(FOLDER, lambda *_: None),
    )
    page = read(html)
    assert page.texts("said") == ["It rained."]
    assert bool(list(page.all("turn-foot"))) == foot
    endings = [one.text for one in page.all() if one.tag == "p" and {"stopped", "failed"} & set(one.classes)]
    assert "".join(endings) == says
    (turn,) = page.all("turn")
    assert (turn.attributes["id"], turn.attributes["data-turn"]) == ("turn-3", "3")
    assert ("pending" in turn.classes) == (state is State.RUNNING)


def test_a_question_without_an_answer_yet_is_being_searched_for() -> None:
    shelf = Shelf(FOLDER, lambda *_: None)
    running = read(exchange_html(Exchange(question="Why?", asked="", state=State.RUNNING), 1, shelf))
    assert running.texts("waiting") == ["Searching your documents…"]
    for state in (State.STOPPED, State.FAILED, State.DONE):
        ended = read(
            exchange_html(Exchange(question="Why?", asked="", state=state, answer=None, problem="No."), 1, shelf)
        )
        assert ended.texts("waiting") == []


def test_a_carried_question_is_shown_and_an_unchanged_one_is_not() -> None:
    assert rendered(Answer(question="And his?", searched_for=("And his?", "And Smith’s?"))).texts("searched") == [
        "Searched for: And Smith’s? Edit"
    ]
    assert rendered(Answer(question="And his?", searched_for=("And his?",))).texts("searched") == []


def test_ids_of_a_conversation_are_never_twice_the_same() -> None:
    answer = Answer(question="Why?", searched_for=(), statements=(cited("It rained."), cited("It snowed.", mark=2)))
    shelf = Shelf(FOLDER, lambda *_: None)
    page = read(
        "".join(
            exchange_html(Exchange(question="Why?", asked="", state=State.DONE, answer=answer), n, shelf)
            for n in range(1, 4)
        )
    )
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in page.all():
        for name in ("aria-labelledby", "aria-describedby", "for"):
            if name in element.attributes:
                assert element.attributes[name] in ids


BEFORE = "The tank is filled each <img src=x onerror=alert(1)> spring. " * 12
AFTER = " In winter it is shut, and the key hangs in the shed." * 12


@pytest.mark.parametrize(
    ("quote", "changed"),
    [("It is opened by hand.", False), ("It is opened by hand. " * 40, False), ("It is shut.", True)],
)
def test_a_card_shows_a_quote_marked_in_its_paragraph_also_of_what_a_browser_kept(quote: str, changed: bool) -> None:
    text = f"{BEFORE}{quote}{AFTER}"
    start, end = 500 + len(BEFORE), 500 + len(BEFORE) + len(quote)
    paragraph = Paragraph(
        document_id="documents/a.md", number=4, text=text, start=500, end=500 + len(text), role=Role.BODY
    )
    citation = Citation(mark=1, paragraph=paragraph, source=Source(title="A", revision="3-a"), start=start, end=end)
    said = Statement(text=quote, citations=(citation,), verdict=Verdict.VERIFIED)
    answer = Answer(question="How?", searched_for=(), abstained=False, statements=(said,))
    read_back = kept(json.loads(json.dumps(answer.json())))
    shelf = Shelf(FOLDER, (lambda *_: None) if changed else stored(text, 500))
    for exchange in (Exchange(question="How?", asked="", state=State.DONE, answer=answer), read_back):
        (card,) = read(exchange_html(exchange, 1, shelf)).all("card")
        assert card.texts("card-quote") == [shown(quote)]
        (shows,) = card.texts("card-text")
        before, after = shows.split(quote)
        is_alone = len(quote) > 380 or (changed and exchange is read_back)
        assert bool(before) == bool(after) == (not is_alone)
        assert BEFORE.endswith(before.removeprefix("…"))
        assert AFTER.startswith(after.removesuffix("…"))
        assert not [one for one in card.all() if one.tag not in ("span", "mark")]
        assert len(shows) <= max(400, len(quote))


def test_texts_that_were_left_out_come_from_the_shelf_or_are_told_to_have_changed() -> None:
    paragraph = Paragraph(document_id="documents/a.md", number=4, text="", start=0, end=0, role=Role.BODY)
    passage = Passage(paragraph=paragraph, source=Source(title="A", revision="3-a"), score=0.5, ranks=Ranks(1))
    answer = Answer(question="Why?", searched_for=(), abstained=True, closest=(passage,))

    def excerpt(paragraph_of: ParagraphOf) -> list[str]:
        exchange = Exchange(question="Why?", asked="", state=State.DONE, answer=answer)
        return read(exchange_html(exchange, 1, Shelf(FOLDER, paragraph_of))).texts("excerpt")

    assert excerpt(stored("It\n reads so.")) == ["It reads so."]
    assert excerpt(lambda *_: None) == ["This passage has changed since."]
    (long,) = excerpt(stored("word " * 500))
    assert len(long) <= 420
    assert long.endswith("word…")


@given(WORDS, st.integers(0, 10_000), st.booleans(), st.lists(WORDS, max_size=4))
def test_the_welcome_offers_its_examples_word_for_word(
    name: str, documents: int, indexing: bool, questions: list[str]
) -> None:
    introduction = Introduction(questions=tuple(questions))
    page = read(welcome_html(FOLDER, name, documents, Indexing(running=indexing), introduction))
    buttons = list(page.all("example"))
    assert [button.text for button in buttons] == [shown(one) for one in questions]
    assert [button.attributes["data-ask"] for button in buttons] == questions
    assert [one.text for one in page.all() if one.tag == "h2"] == [f"Ask {shown(name)}"]
    (intro,) = page.texts("intro")
    assert ("Ibid answers from your" in intro) == (documents > 0)
    assert (f"{documents:,} document" in intro) == (documents > 0)
    assert ("being read" in intro) == (documents == 0 and indexing)


# --- the seeds


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    with open_chatbot(Settings(documents=SEEDS, home=tmp_path_factory.mktemp("home")), "test") as opened:
        opened.ingest()
        yield opened


@pytest.mark.parametrize(
    "question",
    [
        "How long was West Aleppo under siege?",
        "Is most of the city of Homs destroyed, and was the university working normally in 2014?",
        "Who won the World Cup in Brazil?",
        "hello",
        "Summarise the second article",
    ],
)
def test_answers_of_the_seeds_show_each_citation_with_its_place_and_quote(bot: Chatbot, question: str) -> None:
    answer = bot.ask(question)
    page = rendered(answer)
    for citation, card in zip(answer.citations, page.all("card"), strict=True):
        assert card.texts("card-quote") == [citation.quote]
        assert citation.paragraph.place in card.texts("card-facts")[0]
        assert card.texts("card-place") == [citation.source.title]
    readers = [one for one in answer.statements if one.citations[0].paragraph.role is Role.COMMENT]
    assert page.texts("lead") == [one.lead for one in answer.statements if one.lead]
    assert len(list(page.all("by-reader"))) == len(readers)
    assert page.texts("excerpt") == [
        text if len(text) <= 420 else text[:419].rsplit(" ", 1)[0] + "…"
        for text in (display(passage.paragraph.text) for passage in answer.closest)
    ]


@pytest.mark.slow
def test_an_answer_pastes_with_every_quote_and_place(bot: Chatbot) -> None:
    answer = bot.ask("How long was West Aleppo under siege?")
    pasted = plain_text(answer)
    assert pasted.startswith(answer.text)
    for citation in answer.citations:
        assert f"[{citation.mark}] “{display(citation.quote)}” – {citation.source.title}" in pasted
        assert citation.paragraph.place in pasted
    abstained = bot.ask("Who won the World Cup in Brazil?")
    assert plain_text(abstained) == abstained.notice


# --- what a browser sent back


SENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["dense", "score"]), inner, max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answers(), st.integers(0, 10**6), SENT)
def test_a_damaged_answer_is_shown_without_harm(answer: Answer, number: int, sent: Any) -> None:
    described = json.loads(json.dumps(answer.json()))
    paths = list(places(described))
    path = paths[number % len(paths)]
    inside = described
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = sent
    page = read(exchange_html(kept(described), 1, Shelf(FOLDER, lambda *_: None)))
    known = {"article", "section", "details", "summary", "footer", "form", "table", "thead", "tbody", "textarea"}
    known |= {
        "h2",
        "p",
        "div",
        "span",
        "q",
        "a",
        "b",
        "ul",
        "li",
        "tr",
        "td",
        "th",
        "button",
        "label",
        "strong",
        "mark",
    }
    for element in page.all():
        assert element.tag in known
        assert not any(name.startswith("on") or name in ("src", "style") for name in element.attributes)
        assert not re.match(r"\s*javascript:", element.attributes.get("href", ""), re.IGNORECASE)


@pytest.mark.parametrize("hostile", ["<img src=x onerror=alert(1)>", "</td><script>alert(1)</script>"])
def test_ranks_that_are_no_numbers_make_no_element(hostile: str) -> None:
    paragraph = Paragraph(document_id="documents/a.md", number=4, text="It rained.", start=0, end=10, role=Role.BODY)
    passage = Passage(paragraph=paragraph, source=Source(title="A", revision="3-a"), score=0.5, ranks=Ranks(1, 2, 3))
    described = Answer(question="Why?", searched_for=(), statements=(cited("It rained."),), passages=(passage,)).json()
    described["passages"][0]["ranks"] = {"dense": hostile, "words": hostile, "grams": hostile}
    page = read(exchange_html(kept(described), 1, Shelf(FOLDER, lambda *_: None)))
    assert {"img", "script"}.isdisjoint(element.tag for element in page.all())


def test_rows_of_one_table_are_one_table_with_a_mark_in_front_of_each() -> None:
    rows = read_document("documents/tariffs.csv", b"Tariff,Kind,Price\nFlow,,27.45\nSteady,fixed,26.10\n").paragraphs
    source = Source(title="tariffs", revision="3-a")
    cited = [
        Citation(mark=i, paragraph=row, source=source, start=row.start, end=row.end) for i, row in enumerate(rows, 1)
    ]
    statements = tuple(Statement(text=display(one.quote), citations=(one,), verdict=Verdict.VERIFIED) for one in cited)
    exchange = Exchange(
        question="Which?", asked="", state=State.DONE, answer=Answer(question="Which?", statements=statements)
    )
    root = read(exchange_html(exchange, 1, Shelf(FOLDER, lambda *_: None)))
    (table,) = [one for one in root.all() if "rows" in one.classes]
    assert [one.text for one in table.all() if "chip" in one.classes] == ["1", "2"]
    assert [[cell.text.strip() for cell in row.all() if cell.tag == "td"] for row in table.all() if row.tag == "tr"] == [
        ["Tariff: Flow", "", "Price: 27.45"], ["Tariff: Steady", "Kind: fixed", "Price: 26.10"]]  # fmt: skip


def test_rows_of_two_documents_stay_apart_under_the_names_of_these() -> None:
    cited = []
    for mark, name in enumerate(("prices-2023", "prices-2024"), 1):
        (row,) = read_document(f"documents/{name}.csv", f"Item,Price\nBread,{mark}.10\n".encode()).paragraphs
        source = Source(title=name, revision="3-a")
        cited.append(Citation(mark=mark, paragraph=row, source=source, start=row.start, end=row.end))
    statements = tuple(Statement(text=display(one.quote), citations=(one,), verdict=Verdict.VERIFIED) for one in cited)
    exchange = Exchange(
        question="Which?", asked="", state=State.DONE, answer=Answer(question="Which?", statements=statements)
    )
    root = read(exchange_html(exchange, 1, Shelf(FOLDER, lambda *_: None)))
    assert not [one for one in root.all() if "rows" in one.classes]
    assert [one.text.split(" · ")[0] for one in root.all() if "from" in one.classes] == ["prices-2023", "prices-2024"]


def test_the_cell_that_is_asked_for_is_in_bold_in_a_table_of_rows_too() -> None:
    rows = read_document("documents/tariffs.csv", b"Tariff,Price\nFlow,27.45\nSteady,26.10\n").paragraphs
    source = Source(title="tariffs", revision="3-a")
    cited = [
        Citation(mark=i, paragraph=row, source=source, start=row.start, end=row.end, bold=Span(row.end - 5, row.end))
        for i, row in enumerate(rows, 1)
    ]
    statements = tuple(Statement(text=display(one.quote), citations=(one,), verdict=Verdict.VERIFIED) for one in cited)
    exchange = Exchange(
        question="Which?", asked="", state=State.DONE, answer=Answer(question="Which?", statements=statements)
    )
    root = read(exchange_html(exchange, 1, Shelf(FOLDER, lambda *_: None)))
    (table,) = [one for one in root.all() if "rows" in one.classes]
    cells = [cell for cell in table.all() if cell.tag == "td"]
    assert [one.text for cell in cells for one in cell.all() if "told" in one.classes] == ["27.45", "26.10"]
