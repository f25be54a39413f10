"""The words that back a sentence, found and checked by code alone."""

from __future__ import annotations

from dataclasses import replace

from rag.answer.drafts import Draft
from rag.answer.evidence import Grounding, Writing
from rag.answer.prompts import NOT_FOUND
from rag.domain import Role, Statement, Verdict
from tests.rag.answer.test_generate import PASSAGES, passage, weigh


def grounded(*drafts: Draft) -> tuple[Statement, ...]:
    grounding, writing = Grounding(PASSAGES, weight_of=weigh), Writing()
    for draft in drafts:
        writing = grounding.take(writing, draft=draft)
    return writing.statements


def quotes(statement: Statement) -> list[str]:
    return [citation.quote for citation in statement.citations]


def test_a_statement_is_backed_by_the_very_sentence_that_says_it() -> None:
    (statement,) = grounded(Draft("West Aleppo was under siege for 13 days.", (1,)))
    assert statement.verdict is Verdict.VERIFIED
    assert quotes(statement) == ["A food convoy reached West Aleppo after 13 days of siege by Daesh."]
    assert [citation.mark for citation in statement.citations] == [1]


def test_marks_count_by_first_appearance_and_one_span_has_one_mark() -> None:
    statements = grounded(
        Draft("The army opened the road to Kweiris.", (2,)),
        Draft("The siege lasted 13 days.", (1,)),
        Draft("The army opened the road in November.", (2,)),
        Draft("Prices fell on Oct. 18.", (1,)),
    )
    assert [[c.mark for c in statement.citations] for statement in statements] == [[1], [2], [1], [3]]


def test_the_right_sentence_under_a_wrong_number_is_pointed_right() -> None:
    (statement,) = grounded(Draft("Seven miles of the road had been mined.", (1,)))
    assert "Seven miles of it had been mined." in quotes(statement)[0]
    assert statement.citations[0].paragraph.number == 2


def test_what_nothing_backs_waits_for_the_model_to_name_its_sentence() -> None:
    (statement,) = grounded(Draft("Goods in the enclave became a little cheaper again.", (3,)))
    assert (statement.verdict, statement.citations) == (Verdict.PENDING, ())


def test_two_sentences_in_a_row_are_cited_where_together_they_say_clearly_more() -> None:
    grounding = Grounding([passage("The bridge was closed. It reopened in May. Goats graze.", 1)], weight_of=weigh)
    first, *_ = grounding.ranked("The bridge closed and reopened in May.")
    assert first.text == "The bridge was closed. It reopened in May."


def test_a_passage_without_a_sentence_backs_nothing() -> None:
    grounding = Grounding([passage(" ", 1, Role.TABLE)], weight_of=weigh)
    assert [one.share for one in grounding.ranked("The siege lasted 13 days.")] == [0.0]


def test_the_sentinel_after_a_statement_takes_nothing_back() -> None:
    said = Draft("The siege lasted 13 days.", (1,))
    assert grounded(said, Draft(f"{NOT_FOUND}.", ())) == grounded(said)


def test_behind_the_sentinel_only_what_is_cited_and_verified_is_kept() -> None:
    said = Draft("The siege lasted 13 days.", (1,))
    remarks = [
        Draft("I hope that this helps you.", ()),
        Draft("The siege lasted 31 days.", (1,)),
        replace(said, ids=()),
    ]
    assert grounded(Draft(NOT_FOUND, ()), *remarks, said, said) == grounded(said)
    assert grounded(Draft(f"{NOT_FOUND} – the siege lasted 13 days.", (1,)))[0].text == "the siege lasted 13 days."
    assert grounded(Draft(f"The answer is {NOT_FOUND}.", (1,)), *remarks) == ()
