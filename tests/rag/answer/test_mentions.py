"""What a question names and its answer does not."""

from __future__ import annotations

import pytest

from rag.answer.mentions import (
    Mentioned,
    absent,
    days_missed,
    decisive,
    holds,
    identifiers,
    named,
    numbered_otherwise,
    reach_missed,
    role_missed,
    superlative,
    unknown_identifiers,
    unmentioned,
)


def common(stem: str) -> float:
    return 0.0016 if stem in ("cherri", "harbour") else 0.02


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who repaired the harbour?", ()),
        ("Where does Ann Miller work?", ("Ann", "Miller")),
        ("What is QX-2041-C?", ("QX-2041-C",)),
        ("What did it cost in 2021?", ("2021",)),
        ("When did Moscow’s forces come?", ("Moscow",)),
        ("Can I go if I'm ill, and I’d like to?", ()),
        ("What may not be restarted at 2:15?", ("2:15",)),
        ("WHAT IS THE CAPITAL OF PERU?", ()),
        ("It is late. Does Ann know?", ("Ann",)),
        ("", ()),
    ],
    ids=["none", "name", "identifier", "year", "possessive", "oneself", "time", "shouted", "second sentence", "empty"],
)
def test_names_numbers_and_identifiers_are_named(question: str, expected: tuple[str, ...]) -> None:
    assert named(question) == expected


def test_a_name_that_stands_in_what_is_cited_is_mentioned_however_it_is_spelled() -> None:
    assert unmentioned("What did Soleimany say in 2021?", Mentioned(["Soleimani said so in 2021."])) == ()
    assert unmentioned("What did Bert say in 2021?", Mentioned(["Ann said so in 2020."])) == ("Bert", "2021")


def test_no_identifier_answers_for_another() -> None:
    parts = ["Part QX-2041-B is the left bracket.", "Part QX-2041-D is the right one."]
    assert unknown_identifiers("What is QX-2041-C?", parts) == ("QX-2041-C",)
    assert unknown_identifiers("What is qx-2041-b?", parts) == ()
    assert unknown_identifiers("What happened in 2041?", parts) == ()


def test_an_absent_name_is_told_from_an_absent_rare_word_and_common_words_are_neither() -> None:
    found = absent(
        "Who prunes Damascus cherry trees, at length?",
        ["damascus", "cherry", "length"],
        Mentioned(["Pear trees."]),
        common,
    )
    assert (found.names, found.rare) == (("damascus",), ("cherry",))


def test_a_slip_of_a_cited_word_is_not_absent() -> None:
    assert (
        absent("Who repaired the harbuor?", ["harbuor"], Mentioned(["Ann repaired the harbour."]), lambda _: 0.0).rare
        == ()
    )


@pytest.mark.parametrize(
    ("question", "number", "is_named"),
    [
        ("How much is it for a 27 kg dog?", "27", False),
        ("How much is it for a 27kg dog?", "27kg", False),
        ("How much memory for 6 TB?", "TB", False),
        ("Is a pressure of 170 treated?", "170", False),
        ("Who sleeps in room 170?", "170", True),
        ("What did it cost in 1987?", "1987", True),
    ],
    ids=["a measure", "a measure in one word", "a unit in capitals", "a value", "a label", "a year"],
)
def test_a_value_of_the_askers_own_names_nobody(question: str, number: str, is_named: bool) -> None:
    found = absent(question, [number], Mentioned(["Some text."]), common)
    assert (number in found.names) is is_named
    assert number in unmentioned(question, Mentioned(["Some text."]))


def test_a_number_inside_a_range_is_mentioned() -> None:
    assert unmentioned("How much is it for a 27 kg dog?", Mentioned(["20 kg and over: 420"])) == ()
    assert unmentioned("How much is it for a 27 kg dog?", Mentioned(["under 20 kg: 345"])) == ("27",)


def test_a_measure_is_no_identifier() -> None:
    assert unknown_identifiers("How much is it for a 27kg dog?", ["Some text."]) == ()
    assert unknown_identifiers("What is 27kgX?", ["Some text."]) == ("27kgX",)


def test_a_number_with_words_behind_it_is_no_identifier() -> None:
    question = "May my 14-year-old come at 10am on the 3rd for a 5-day course of the 1990s?"
    assert identifiers(question) == []
    assert identifiers("Do x86-64, 4-B and 12b differ?") == ["x86-64", "4-B", "12b"]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Which printer has the address 10.20.4.61?", ["10.20.4.61"]),
        ("What changed in 2.4.1?", ["2.4.1"]),
        ("What happened on 14.03.2023, 2023-03-14 or 3/14/2023?", []),
        ("Who paid 1.234.567 for it?", []),
        ("Does 3.5 do?", []),
    ],
)
def test_numbers_in_several_parts_are_identifiers(question: str, found: list[str]) -> None:
    assert identifiers(question) == found


def test_an_identifier_is_not_the_beginning_of_another() -> None:
    assert holds("at 10.20.4.61, beside", "10.20.4.61") and not holds("at 10.20.4.61", "10.20.4.6")
    assert holds("R-2024-036", "r-2024-036") and not holds("R-2024-0361", "R-2024-036")
    assert unknown_identifiers("Who has 10.20.4.6?", ["10.20.4.61"]) == ("10.20.4.6",)


def test_identifiers_with_a_low_line_are_named_whole() -> None:
    assert named("what does prune_at do?") == ("prune_at",)
    assert unknown_identifiers("what does prune_at do?", ["set prune_when"]) == ("prune_at",)


@pytest.mark.parametrize(
    ("question", "names", "left"),
    [
        ("Can I log in with LDAP or Active Directory?", ("Active", "Directory"), ()),
        ("Can I log in with LDAP and Active Directory?", ("Active", "Directory"), ("Active", "Directory")),
        (
            "Is it Kerberos or Active Directory?",
            ("Kerberos", "Active", "Directory"),
            ("Kerberos", "Active", "Directory"),
        ),
        ("Is LDAP or SAML spoken at the Denver office?", ("SAML", "Denver"), ("Denver",)),
    ],
)
def test_where_one_of_two_will_do_the_other_is_not_decisive(
    question: str, names: tuple[str, ...], left: tuple[str, ...]
) -> None:
    assert decisive(names, question, Mentioned(["LDAP isn't supported."])) == left


@pytest.mark.parametrize(
    ("question", "names", "left"),
    [
        ("What is the IP address of the zebra?", ("IP",), ()),
        ("What is the IP of the zebra?", ("IP",), ("IP",)),
        ("Who holds the NATO office?", ("NATO",), ("NATO",)),
        ("What is the IP address of the Denver printer?", ("IP", "Denver"), ("Denver",)),
    ],
)
def test_letters_that_say_what_kind_of_thing_is_asked_for_are_not_decisive_where_that_is_cited(
    question: str, names: tuple[str, ...], left: tuple[str, ...]
) -> None:
    assert decisive(names, question, Mentioned(["[zebra] address = 10.0.4.32"])) == left


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Which tariff is the cheapest?", "cheapest"),
        ("Which server has the most memory?", "most"),
        ("What is the most expensive plan?", "most"),
        ("Who takes the longest way?", "longest"),
        ("What is the most recent version?", None),
        ("Who passed the test of honesty?", None),
        ("What do most people say?", None),
    ],
)
def test_which_of_several_has_the_most_is_asked_by_a_word(question: str, word: str | None) -> None:
    assert superlative(question) == word


@pytest.mark.parametrize(
    ("question", "text", "missed"),
    [
        ("Who is the mentor of Milena Horvat?", "Milena Horvat is the successor of Jonas.", ("mentor",)),
        ("Who's the keeper?", "The keeper is Ann.", ()),
        ("Who is the person in charge?", "Ann takes care of it.", ()),
        ("Who was the man that built it?", "Ann built it.", ()),
    ],
)
def test_the_part_that_somebody_is_asked_by_is_missed(question: str, text: str, missed: tuple[str, ...]) -> None:
    assert role_missed(question, Mentioned([text])) == missed


@pytest.mark.parametrize(
    ("question", "text", "otherwise"),
    [
        ("How cold is fridge 8 set to?", "Fridge: 5 Limits: 2-8", ("fridge 8",)),
        ("How cold is fridge 5?", "Fridge: 5 Limits: 2-8", ()),
        ("Who sits in room 3?", "Rooms 1-8 are let.", ()),
        ("May I take 20 days?", "You may take 30 days.", ()),
        ("How cold is fridge 8?", "The fridges are cold.", ()),
    ],
)
def test_another_number_of_the_same_thing_is_told(question: str, text: str, otherwise: tuple[str, ...]) -> None:
    assert numbered_otherwise(question, Mentioned([text])) == otherwise


def test_another_day_of_the_month_is_no_month_that_is_missing() -> None:
    cited = Mentioned(["Nov 11 02:04:19 store1 backup: warning"])
    question = "Why did the backup on 12 November fail?"
    assert days_missed(question, cited) == ("12 November",)
    assert unmentioned(question, cited) == ()
    assert absent(question, ["November", "12"], cited, common).names == ()
    assert days_missed("What happened on 11 November?", cited) == ()
    # A month that stands nowhere is missing itself.
    assert unmentioned("What happened on 12 July?", cited) == ("12", "July")


def missed(question: str, quote: str) -> tuple[str, ...]:
    return reach_missed(question, [quote], Mentioned([quote]))


def test_who_asks_for_a_way_to_reach_somebody_is_answered_by_one() -> None:
    row = "Supplier: Halden AS\tContact: Ingrid Moe\tEmail: ingrid@halden.example\tMinimum order: 500"
    assert missed("What is the phone number of Ingrid Moe?", row) == ("phone number",)
    assert missed("What is the phone number of Jo?", "Tenant: Jo\tSince: 2023-10-01\tPets: none") == ("phone number",)
    assert missed("What is the email address of Ingrid Moe?", row) == ()
    assert missed("What's Jo's mobile?", "Jo, 0131 555 0142") == ()
    assert missed("What's Jo's mobile?", "Jo, since 2014") == ("mobile",)
    assert missed("What is the phone number of the library desk?", "The library desk (phone 5533) lends pens.") == ()
    assert missed("Which phone do I need?", "You need a dual-SIM phone.") == ()
    assert missed("Can I bring my phone?", "No.") == ()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("May a 17 year old stay alone?", "From 16 with a letter of a parent."),
        ("May somebody aged 17 stay?", "From 16 with a letter of a parent."),
        ("Can I pay with a 200 euro note?", "No 200s and no 500s, whatever the guest says."),
        ("What did the Iranián say?", "The Iranian said nothing."),
        ("What happened to the ６０?", "All 60 were saved."),
    ],
)
def test_how_old_somebody_is_and_what_is_only_written_otherwise_is_not_told_as_missing(
    question: str, text: str
) -> None:
    assert unmentioned(question, Mentioned([text])) == ()


@pytest.mark.parametrize(
    ("question", "missed"),
    [
        ("What is the phone of Ann Shaw's gardener?", ("gardener",)),
        ("What is Ann's husband's room?", ("husband",)),
        ("What is Ann Shaw's phone?", ()),
        ("What is the room of Ann Shaw?", ()),
        ("What is the fee of the club's sauna?", ()),
    ],
)
def test_somebody_who_is_only_told_by_whose_he_is_is_not_the_one_who_is_named(
    question: str, missed: tuple[str, ...]
) -> None:
    assert role_missed(question, Mentioned(["Name: Ann Shaw\tPhone: 5520\tRoom: 4"])) == missed
