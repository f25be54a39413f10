"""What a cited text supports: values first, words last."""

from __future__ import annotations

import pytest

from rag.domain import Citation, Paragraph, Role, Source, Verdict
from rag.verify import Amount, amounts, check, names, verify

CITED = (
    "On Oct. 18, around 60 people were killed near Aleppo. Four thousand fighters and 1,190 soldiers came after "
    "thirteen days. It cost $3.5 million. Col. Steve Warren spoke in May for 5 km. Twenty-five left."
)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("Around 60 people were killed near Aleppo.", id="word for word"),
        pytest.param("Around sixty people were killed.", id="a number in words"),
        pytest.param("4,000 fighters came.", id="words for a number with a thousands mark"),
        pytest.param("4.000 fighters came.", id="the German thousands mark"),
        pytest.param("4\u202f000 fighters came.", id="a narrow space for the thousands"),
        pytest.param("1190 soldiers came.", id="no thousands mark"),
        pytest.param("They came after 13 days.", id="days"),
        pytest.param("25 left.", id="a compound in words"),
        pytest.param("It cost 3,500,000.", id="a scale written out"),
        pytest.param("60 people were killed on the 18 October.", id="a month written out"),
        pytest.param("Colonel Steve Warren spoke.", id="a name"),
        pytest.param("The soldiers may come.", id="may is no month in small letters"),
    ],
)
def test_a_statement_whose_values_and_words_stand_in_the_text_is_verified(statement: str) -> None:
    assert check(statement, CITED).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        pytest.param("Around 61 people were killed.", "the number 61 is not in the cited paragraph", id="number"),
        pytest.param("Around seventy people were killed.", "the number 70 is not in the cited paragraph", id="words"),
        pytest.param("It cost 3.5 billion.", "the number 3500000000 is not in the cited paragraph", id="scale"),
        pytest.param("It cost 3.6 dollars.", "the number 3.6 is not in the cited paragraph", id="fraction"),
        pytest.param("In 2015 people were killed.", "the number 2015 is not in the cited paragraph", id="year"),
        pytest.param("They came after 13 weeks.", "the unit “13 week” is not in the cited paragraph", id="unit"),
        pytest.param("He spoke for 5 miles.", "the unit “5 mile” is not in the cited paragraph", id="miles for km"),
        pytest.param("In November, 60 were killed.", "the month “November” is not in the cited paragraph", id="month"),
        pytest.param("Colonel Steve Miller spoke.", "the name “miller” is not in the cited paragraph", id="name"),
        pytest.param("Horses eat grass.", "only 0 of its 3 words are in the cited paragraph", id="words apart"),
    ],
)
def test_a_value_that_is_not_in_the_text_makes_a_statement_unsupported(statement: str, reason: str) -> None:
    finding = check(statement, CITED)
    assert (finding.verdict, finding.reason) == (Verdict.UNSUPPORTED, reason)


def test_a_unit_is_no_reason_where_the_text_leaves_it_open() -> None:
    assert check("They waited 13 weeks.", "They waited 13 long weeks.").verdict is Verdict.VERIFIED
    assert check("They waited 13 weeks.", "They waited 13 days, then 13 weeks.").verdict is Verdict.VERIFIED


def citation(text: str, heading: tuple[str, ...] = (), speaker: str | None = None) -> Citation:
    paragraph = Paragraph("documents/a.txt", 1, text, 0, len(text), Role.BODY, heading, None, speaker)
    return Citation(1, paragraph, Source("The Siege of Homs", "r"), 0, len(text))


def test_a_statement_without_a_citation_is_unsupported() -> None:
    finding = verify("It rained.", [])
    assert (finding.verdict, finding.reason) == (Verdict.UNSUPPORTED, "nothing is cited for it")


def test_a_statement_that_cites_the_wrong_paragraph_is_unsupported() -> None:
    assert verify("The road to Aleppo was reopened.", [citation("A goat stood behind it.")]).verdict is (
        Verdict.UNSUPPORTED
    )


def test_several_citations_support_a_statement_together() -> None:
    both = [citation("The road was closed for 13 days."), citation("The army reopened the road.")]
    assert verify("The army reopened the road after 13 days.", both).verdict is Verdict.VERIFIED
    assert verify("The army reopened the road after 13 days.", both[1:]).verdict is Verdict.UNSUPPORTED


@pytest.mark.parametrize("name", ["Homs", "Finance", "Michael"], ids=["title", "heading", "speaker"])
def test_title_heading_and_speaker_of_the_cited_paragraph_hold_names_too(name: str) -> None:
    cited = citation("The road was closed for days.", ("Finance",), "Michael")
    assert verify(f"The closed road, says {name}, was closed for days.", [cited]).verdict is Verdict.VERIFIED


def test_a_value_that_only_the_question_names_is_not_support() -> None:
    """The false premise of "Why did the army lose 900 tanks in March?" is not echoed as found."""
    cited = [citation("The army lost tanks.")]
    assert verify("The army lost 900 tanks.", cited).verdict is Verdict.UNSUPPORTED
    assert verify("The army lost tanks in March.", cited).verdict is Verdict.UNSUPPORTED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("13 days", [Amount(13, "day")], id="unit"),
        pytest.param("four million", [Amount(4_000_000, None)], id="scale"),
        pytest.param("4,000,000 tanks", [Amount(4_000_000, "tank")], id="thousands"),
        pytest.param("3.5 million", [Amount(3_500_000, None)], id="fraction of a scale"),
        pytest.param("1.000.000", [Amount(1_000_000, None)], id="German thousands"),
        pytest.param("1,5 Liter", [Amount(1.5, "liter")], id="German fraction"),
        pytest.param("twenty-five tanks", [Amount(25, "tank")], id="compound"),
        pytest.param("two hundred thousand tanks", [Amount(200_000, "tank")], id="hundred and scale"),
        pytest.param("a dozen eggs", [Amount(12, "egg")], id="dozen"),
        pytest.param("60% or 60 percent", [Amount(60, "%"), Amount(60, "percent")], id="percent"),
        pytest.param("5km", [Amount(5, "km")], id="no space"),
        pytest.param("no one else", [Amount(1, "els")], id="one is counted, to be on the safe side"),
        pytest.param("often someone tensed", [], id="number words inside words"),
    ],
)
def test_amounts_are_read_with_their_units(text: str, expected: list[Amount]) -> None:
    assert amounts(text) == expected


def test_names_are_words_with_a_capital_inside_a_sentence() -> None:
    assert names("Yesterday Bob met Anne-Marie O’Neill. He saw NATO.") == {"bob", "anne", "marie", "neill", "nato"}
    assert names("Bob left. “Then he returned,” it says.") == set()
