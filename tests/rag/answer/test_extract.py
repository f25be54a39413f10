"""Which sentences are quoted, and how they are introduced."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rag.answer.candidates import ANSWER_FEATURES, candidates
from rag.answer.extract import extract
from rag.domain import Paragraph, Passage, Ranks, Role, Source, Statement
from rag.search.learned import Linear
from rag.text.overlap import inquire

# Coverage of the question alone decides: what is tested is everything around that choice.
BY_COVERAGE = Linear(ANSWER_FEATURES, np.array([8.0 if n == "coverage" else 0.0 for n in ANSWER_FEATURES], np.float32))


def passage(
    text: str, number: int = 1, role: Role = Role.BODY, speaker: str | None = None, heading: tuple[str, ...] = ()
) -> Passage:
    found = Paragraph(
        document_id="documents/a.txt",
        number=number,
        text=text,
        start=100,
        end=100 + len(text),
        role=role,
        heading=heading,
        speaker=speaker,
    )
    return Passage(paragraph=found, source=Source(title="Title", revision="r"), score=0.5, ranks=Ranks())


def answer(question: str, *passages: Passage) -> tuple[Statement, ...]:
    inquiry = inquire(question, lambda stem: 1.0)
    return extract(inquiry, candidates(inquiry, passages, embedder=None, model=BY_COVERAGE))


def test_the_sentence_that_covers_the_question_is_quoted_whole() -> None:
    (statement,) = answer(
        "How long did the siege last?",
        passage("Prices rose. The siege was to last 13 days in all. Bread is sold again by bakers in the old town."),
    )
    assert statement.text == "The siege was to last 13 days in all."
    assert statement.citations[0].quote == statement.text
    assert (statement.citations[0].start, statement.citations[0].end) == (113, 150)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who called the strikes reckless?", "Col. Warren spoke on Monday. He called the strikes reckless."),
        ("Wer nannte die Angriffe leichtfertig?", "Oberst Warren sprach am Montag. Er nannte die Angriffe leichtfertig."),
        ("Qui a jugé les frappes imprudentes ?", "Le colonel Warren a parlé lundi. Il a jugé les frappes imprudentes."),
        ("¿Quién calificó los ataques de imprudentes?", "Warren habló el lunes. Además calificó los ataques de imprudentes."),
    ],
    ids=["en", "de", "fr", "es"],
)  # fmt: skip
def test_a_sentence_that_leans_on_the_one_before_brings_it_along(question: str, text: str) -> None:
    assert answer(question, passage(text))[0].text == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Push it in until the lamp of the dongle glows.", "The dongle came loose. Push it in until the lamp of the dongle glows."),
        ("If they do not glow, call the dongle line.", "The dongle came loose. If they do not glow, call the dongle line."),
        ("When the lamp glows, turn it off at the dongle.", "When the lamp glows, turn it off at the dongle."),
    ],
    ids=["a command", "a condition", "named before"],
)  # fmt: skip
def test_a_pronoun_near_the_beginning_brings_what_it_means(text: str, said: str) -> None:
    statement = answer("lamp glows dongle line call", passage(f"The dongle came loose. {text}"))[0]
    assert statement.text == said


@pytest.mark.parametrize(
    ("question", "best", "text"),
    [
        ("Who pays for speeding?", 1, "Fines for speeding are borne by the driver. The fee of £25 is taken off the salary."),
        ("How much leave is there at three days?", 0, "The leave is 27 days. Whoever has three days gets 16."),
    ],
    ids=["before it", "behind it"],
)  # fmt: skip
def test_the_sentence_beside_the_best_one_that_tells_the_rest_of_the_question_comes_along(
    question: str, best: int, text: str
) -> None:
    inquiry = inquire(question, lambda stem: 1.0)
    found = sorted(candidates(inquiry, [passage(text)], embedder=None, model=BY_COVERAGE), key=lambda one: one.index)
    (both,) = extract(inquiry, [found[best], found[1 - best]])
    assert both.text == both.citations[0].quote == text


def test_one_further_away_that_tells_the_rest_of_the_question_is_a_statement_of_its_own() -> None:
    told = passage("The ale ferments at 19 °C. Taste it each day. The lager stays at 11 °C for ten days.")
    inquiry = inquire("At which temperature does the lager ferment?", lambda stem: 1.0)
    found = sorted(candidates(inquiry, [told], embedder=None, model=BY_COVERAGE), key=lambda one: one.index)
    texts = [one.text for one in extract(inquiry, found)]
    assert texts == ["The ale ferments at 19 °C.", "The lager stays at 11 °C for ten days."]


def test_a_sentence_that_tells_nothing_more_of_the_question_does_not_come_along() -> None:
    (alone,) = answer(
        "How long is the leave?", passage("The leave is 27 days long. It begins in March, in every year.")
    )
    assert alone.text == "The leave is 27 days long."


def test_what_points_back_from_the_beginning_of_a_paragraph_says_under_which_heading() -> None:
    asked = passage("Then your snapshots are noise.", heading=("FAQ", "What if I lose a private key?"))
    assert answer("Are my snapshots lost?", asked)[0].lead == "What if I lose a private key?"
    told = passage("Then your snapshots are noise.", heading=("Lost keys",))
    assert answer("Are my snapshots lost?", told)[0].lead == "Lost keys:"
    whole = passage("Your snapshots are noise.", heading=("Lost keys",))
    assert answer("Are my snapshots lost?", whole)[0].lead is None


def test_a_quote_keeps_the_white_space_of_its_document_and_shows_it_collapsed() -> None:
    statement = answer("Where is the base?", passage("The base\n    lies\u00a0east of Aleppo."))[0]
    assert statement.citations[0].quote == "The base\n    lies\u00a0east of Aleppo."
    assert statement.text == "The base lies east of Aleppo."


@pytest.mark.parametrize(
    ("role", "speaker", "heading", "lead"),
    [
        (Role.BODY, None, (), None),
        (Role.COMMENT, "Michael", ("9 Responses", "1"), "A reader, Michael, writes:"),
        (Role.COMMENT, None, ("9 Responses", "5"), "A reader writes (under comment 5):"),
        (Role.COMMENT, None, (), "A reader writes:"),
        (Role.CAPTION, None, (), "A caption reads:"),
        (Role.BODY, "Ann Lee", (), "Ann Lee:"),
    ],
    ids=["the document itself", "a signed comment", "a numbered comment", "a bare comment", "a caption", "a turn"],
)
def test_what_is_not_the_documents_own_voice_is_introduced(
    role: Role, speaker: str | None, heading: tuple[str, ...], lead: str | None
) -> None:
    assert answer("Is Homs destroyed?", passage("Homs is not destroyed.", 1, role, speaker, heading))[0].lead == lead


def test_sources_that_give_different_numbers_are_shown_together() -> None:
    first, second = answer(
        "How many days was the road closed?",
        passage("The road was closed for 13 days.", 1),
        passage("The road was closed for 12 days, a reader says.", 2, Role.COMMENT),
    )
    assert (first.conflicts_with, second.conflicts_with) == ((1,), (0,))
    assert {citation.paragraph.number for s in (first, second) for citation in s.citations} == {1, 2}


def test_the_same_number_twice_is_no_disagreement() -> None:
    statements = answer(
        "How many days was the road closed?",
        passage("The road was closed for 13 days.", 1),
        passage("For thirteen days the road was closed to all.", 2),
    )
    assert all(not statement.conflicts_with for statement in statements)


def test_sources_that_give_different_years_for_one_event_are_shown_together() -> None:
    first, second = answer(
        "When was the old bridge opened?",
        passage("The old bridge was opened in 1931 and is 210 metres long.", 1),
        passage("The old bridge was opened in 1934 after four years of work.", 2),
    )
    assert (first.conflicts_with, second.conflicts_with) == ((1,), (0,))


def test_sentences_that_are_the_same_but_for_a_value_are_shown_together() -> None:
    first, second = answer(
        "What is the daily allowance?",
        passage("The daily allowance is €45.", 1),
        passage("The daily allowance is €52 for all.", 2),
    )
    assert (first.conflicts_with, second.conflicts_with) == ((1,), (0,))


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("How often is the pump number 37 checked?", "The pump number 37 is checked on day 10 of each month by the keeper.", "The pump number 35 is checked on day 8 of each month by the keeper."),
        ("How many days of annual leave did the staff of the library have in 2023?", "The staff of the library had 27 days of annual leave in 2023.", "The staff of the library had 28 days of annual leave in 2024."),
        ("How many days may a guest of Alma stay?", "A guest of Alma may stay 12 days.", "A guest of Berta may stay 14 days."),
        ("How many days until an invitation expires?", "An invitation is valid for 7 days.", "A link expires after 90 days."),
    ],
    ids=["a number", "a year", "a name", "a word"],
)  # fmt: skip
def test_what_tells_of_another_than_the_question_names_is_no_disagreement(
    question: str, first: str, second: str
) -> None:
    statements = answer(question, passage(first, 1), passage(second, 2))
    assert statements[0].text == first
    assert all(not statement.conflicts_with for statement in statements)


@pytest.mark.parametrize(
    ("question", "fee"),
    [
        ("consultation fee for somebody not registered", "£225"),
        ("What is the consultation fee if I'm not a registered client?", "£225"),
        ("consultation fee for non-registered clients", "£225"),
        ("What is the consultation fee of a registered client?", "£185"),
        ("Is the consultation fee not £185 for registered clients?", "£185"),
    ],
)
def test_a_row_of_what_the_question_says_is_not_so_is_not_meant(question: str, fee: str) -> None:
    rows = [
        passage("Service: Consultation, registered client\tFee: £185", 1, Role.TABLE),
        passage("Service: Consultation, other client\tFee: £225", 2, Role.TABLE),
    ]
    first, *others = answer(question, *rows)
    assert fee in first.text
    assert not others or "not" not in question.split()


def test_a_line_without_a_letter_answers_nothing() -> None:
    (statement, *_) = answer("When does the market open?", passage("😀👍! The market opens at six.", 1))
    assert any(map(str.isalnum, statement.text))


@pytest.mark.parametrize(
    "other",
    [
        "The old bridge was closed in 1934.",
        "In 1931 the old bridge was opened to all.",
        "The old bridge was opened late.",
    ],
    ids=["another event", "the same year", "no year"],
)
def test_years_of_other_events_are_no_disagreement(other: str) -> None:
    statements = answer(
        "When was the old bridge opened?", passage("The old bridge was opened in 1931.", 1), passage(other, 2)
    )
    assert all(not statement.conflicts_with for statement in statements)


def test_no_quote_joins_two_paragraphs() -> None:
    statements = answer("What fell and what rose?", passage("Prices fell.", 1), passage("Hopes rose.", 2))
    assert all(len(statement.citations) == 1 for statement in statements)


def test_what_leans_on_the_question_before_goes_on_with_the_document_that_answered_it() -> None:
    inquiry = inquire("And the deposit, how much was it?", lambda stem: 1.0)
    others = [passage(f"The deposit of room {number} was £{number}00.", number) for number in range(1, 7)]
    last = passage("The deposit was £295, a quarter of the price.", 7)
    cottage = replace(last, paragraph=replace(last.paragraph, document_id="documents/cottage.txt"))

    def best(spoken_of: frozenset[str]) -> str:
        found = candidates(inquiry, [*others, cottage], embedder=None, model=BY_COVERAGE, spoken_of=spoken_of)
        return found[0].passage.paragraph.document_id

    assert best(frozenset()) == "documents/a.txt"
    assert best(frozenset({"documents/cottage.txt"})) == "documents/cottage.txt"


def test_the_marks_count_from_one() -> None:
    statements = answer("What fell and what rose?", passage("Prices fell.", 1), passage("Hopes rose.", 2))
    assert [c.mark for s in statements for c in s.citations] == list(range(1, len(statements) + 1))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How soon must the syringe be measured?", "The syringe must be measured within ten minutes. If that is not possible, keep it on ice."),
        ("How long may a bag be kept?", "A bag may be kept for a day. Otherwise it is thrown away."),
        ("Can patients get results by telephone?", "Patients can get results at the desk. We do not give them by telephone."),
    ],
    ids=["what holds if not", "otherwise", "a denial of what yes or no is asked of"],
)  # fmt: skip
def test_what_holds_else_and_what_denies_come_with_a_rule(question: str, text: str) -> None:
    assert answer(question, passage(f"Wear gloves. {text} Write it down."))[0].text == text


def test_a_denial_of_something_else_does_not_come_along() -> None:
    told = answer("Can patients get results?", passage("Patients can get results. Dogs are not allowed here."))
    assert told[0].text == "Patients can get results."


def test_a_label_in_bold_answers_nothing_and_heads_what_follows() -> None:
    told, *_ = answer("When did fridge 6 fail?", passage("**Fridge 6.** Failed in the night. Bread was thrown away."))
    assert (told.lead, told.text) == ("Fridge 6:", "Failed in the night.")


def test_the_lines_above_a_letter_tell_who_when_and_what_about_and_nothing_else() -> None:
    head = "From: Ann Lee <treasurer@a.example>\nTo: committee\nDate: 14 Jan 2025\nSubject: insurance renewal"
    letter = (passage(head), passage("The treasurer was ill.", 2))
    assert answer("Why did Ann Lee resign as treasurer?", *letter)[0].text == "The treasurer was ill."
    assert answer("Who is the treasurer of the committee?", *letter)[0].text.startswith("From: Ann Lee")


@pytest.mark.parametrize("greeting", ["Hi all,", "Dear Ms Weber,", "Sehr geehrte Damen und Herren,", "Chère Anne,"])
def test_what_a_letter_begins_with_answers_nothing(greeting: str) -> None:
    told = answer("Who do all of you, dear Ms Weber, hear?", passage(greeting), passage("Ann is heard on Friday.", 2))
    assert told[0].text == "Ann is heard on Friday."


def test_what_has_ended_stands_behind_what_holds() -> None:
    old, new = passage("Tubes are kept for three days."), passage("Tubes are kept here for seven days.", 2)
    new = replace(new, paragraph=replace(new.paragraph, document_id="documents/b.txt"))
    inquiry = inquire("How long are tubes kept?", lambda stem: 1.0)
    told = [candidates(inquiry, (old, new), embedder=None, model=BY_COVERAGE, ended=over)[0] for over in ((), {"documents/a.txt"})]  # fmt: skip
    assert [one.sentence.text for one in told] == [old.paragraph.text, new.paragraph.text]


def test_what_only_repeats_the_question_hands_it_on_to_what_follows() -> None:
    text = "Podcast recording software. [Zencastr](https://z.example)."
    assert answer("podcast recording software", passage(text))[0].text == "[Zencastr](https://z.example)."
    assert answer("dogs allowed", passage("Dogs are not allowed. Cats are."))[0].text.startswith(
        "Dogs are not allowed."
    )


def test_what_only_points_elsewhere_answers_no_other_question_than_where() -> None:
    told = passage("More on how ranges are written is told under Dashes. An en dash is written in ranges.")
    assert answer("How are ranges written?", told)[0].text == "An en dash is written in ranges."
    assert answer("Where can I read how ranges are written?", told)[0].text.startswith("More on how ranges")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How long is it quiet at midday?", "It is quiet at midday from 13:00 to 15:00. Hardly anybody keeps to it. The hours are therefore shortened to 13:00 to 14:00."),
        ("What is the deposit for a card?", "The deposit for a card was 10 euros. It goes up to 15 euros."),
        ("How long may visitors stay?", "Visitors may stay for six weeks. After that we need to know the name."),
        ("Do I need the key for the hall?", "You need the key for the hall and the cellar. You don't need it for the shed."),
    ],
    ids=["therefore", "goes up", "after that", "a denial in the same words"],
)  # fmt: skip
def test_what_holds_from_now_on_or_beyond_comes_with_the_rule(question: str, text: str) -> None:
    assert answer(question, passage(text))[0].text == text


def test_of_two_documents_that_tell_other_numbers_the_later_one_comes_first() -> None:
    inquiry = inquire("Until when may electric grills be used on the balcony?", lambda stem: 1.0)
    rule, letter = (
        replace(
            passage(text, number),
            source=Source(title=f"{year}", revision="r", date=dt.date(year, 3, 14)),
        )
        for number, year, text in [
            (1, 2017, "Electric grills may be used on the balcony until 22:00, twice a month."),
            (2, 2024, "Electric grills may from now on be used on the balcony, four times a month, until 21:00."),
        ]
    )
    letter = replace(letter, paragraph=replace(letter.paragraph, document_id="documents/b.txt"))
    found = candidates(inquiry, [rule, letter], embedder=None, model=BY_COVERAGE)
    first, second = sorted(found, key=lambda one: one.passage.source.title)
    told = extract(inquiry, [replace(first, share=0.5), replace(second, share=0.4)])
    assert [one.text.startswith("Electric grills may from now on") for one in told] == [True, False]
    assert all(one.lead and one.lead.endswith(("2024:", "2017:")) for one in told)


def test_a_piece_of_something_in_bold_is_no_second_sentence() -> None:
    told = answer("Does the caretaker have a key?", passage("No, the caretaker has no key. **I lost my key."))
    assert [one.text for one in told] == ["No, the caretaker has no key."]


def test_what_changes_the_best_sentence_in_another_document_stands_before_it() -> None:
    inquiry = inquire("What does a lost fob cost?", lambda stem: 1.0)
    rule = passage("A lost fob costs £18 at the desk.")
    letter, other = passage("The cost of a lost fob goes up to £25."), passage("The fee goes up to £90.")
    letter, other = (
        replace(one, paragraph=replace(one.paragraph, document_id=f"documents/{name}.txt"))
        for one, name in ((letter, "b"), (other, "c"))
    )
    best, *others = candidates(inquiry, [rule, other, letter], embedder=None, model=BY_COVERAGE)
    best, *others = sorted([best, *others], key=lambda one: one.passage.paragraph.document_id)
    told = extract(inquiry, [best, *others])
    assert [one.text for one in told] == [letter.paragraph.text, rule.paragraph.text]
    (alone,) = extract(inquiry, [best, *(one for one in others if one.passage.paragraph != letter.paragraph)])[:1]
    assert alone.text == rule.paragraph.text
