"""What a cited text supports: values first, words last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rag.answer.verify import Backing, check, verify
from rag.documents.reading import read_document
from rag.domain import Citation, Paragraph, Role, Source, Verdict
from rag.text.sentences import split_sentences

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
    assert check(statement, Backing((CITED,))).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        pytest.param("Around 61 people were killed.", "the number 61 is not in the cited paragraph", id="number"),
        pytest.param("Around seventy people were killed.", "the number 70 is not in the cited paragraph", id="words"),
        pytest.param("It cost 3.5 billion.", "the number 3500000000 is not in the cited paragraph", id="scale"),
        pytest.param("It cost 3.6 dollars.", "the number 3.6 is not in the cited paragraph", id="fraction"),
        pytest.param("In 2015 people were killed.", "the year 2015 is not in the cited paragraph", id="year"),
        pytest.param("They came after 13 weeks.", "the unit “13 week” is not in the cited paragraph", id="unit"),
        pytest.param("He spoke for 5 miles.", "the unit “5 mile” is not in the cited paragraph", id="miles for km"),
        pytest.param("In November, 60 were killed.", "the month November is not in the cited paragraph", id="month"),
        pytest.param("Colonel Steve Miller spoke.", "the name “Miller” is not in the cited paragraph", id="name"),
        pytest.param("Horses eat grass.", "only 0 of its 3 words are in the cited paragraph", id="words apart"),
    ],
)
def test_a_value_that_is_not_in_the_text_makes_a_statement_unsupported(statement: str, reason: str) -> None:
    finding = check(statement, Backing((CITED,)))
    assert (finding.verdict, finding.reason) == (Verdict.UNSUPPORTED, reason)


def test_a_unit_is_no_reason_where_the_text_leaves_it_open() -> None:
    assert check("They waited 13 weeks.", Backing(("They waited 13 long weeks.",))).verdict is Verdict.VERIFIED
    assert check("They waited 13 weeks.", Backing(("They waited 13 days, then 13 weeks.",))).verdict is Verdict.VERIFIED


def citation(text: str, heading: tuple[str, ...] = (), speaker: str | None = None) -> Citation:
    paragraph = Paragraph(
        document_id="documents/a.txt",
        number=1,
        text=text,
        start=0,
        end=len(text),
        role=Role.BODY,
        heading=heading,
        page=None,
        speaker=speaker,
    )
    return Citation(
        mark=1, paragraph=paragraph, source=Source(title="The Siege of Homs", revision="r"), start=0, end=len(text)
    )


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


def finding(statement: str, cited: str, published: date | None = None) -> str | None:
    """Why a statement is not supported; None where it is."""
    return check(statement, Backing((cited,), published)).reason


CALENDAR = (
    "On Oct. 18 they came, 13 days before 2 November 2014. In 2015 eighteen men left at 3.30 pm, in the third week."
)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("They came on the 18th of October.", id="another spelling"),
        pytest.param("They came on 18 October 2015.", id="day and year stand apart"),
        pytest.param("They came before 2/11/2014.", id="in numbers"),
        pytest.param("They came in the 2010s.", id="a decade of its years"),
        pytest.param("18 men left.", id="a number in words"),
        pytest.param("They left at 15:30.", id="a clock of 24 hours"),
        pytest.param("They left in the 3rd week.", id="an ordinal in digits"),
    ],
)
def test_dates_and_times_are_compared_as_what_they_mean(statement: str) -> None:
    assert finding(statement, CALENDAR) is None


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        pytest.param("They came on 13 October.", "the date 13 October", id="a number of days is no day of a month"),
        pytest.param("They came on 18 November.", "the date 18 November", id="a day of another month"),
        pytest.param("They came on 18 October 2014.", None, id="the year may be that of another date"),
        pytest.param(
            "They came before 2 November 2015.", "the date 2 November 2015", id="a date that has another year"
        ),
        pytest.param("They came in the 1990s.", "the decade 1990s", id="a decade"),
        pytest.param("In 2013 they came.", "the year 2013", id="a year"),
        pytest.param("2 men left.", "the number 2", id="a day of a month counts nothing"),
        pytest.param("30 men left.", "the number 30", id="the minutes of a time count nothing"),
        pytest.param("They left at 4.30 pm.", "the time 4:30", id="a time"),
        pytest.param("They left in the fourth week.", "the number 4", id="an ordinal"),
    ],
)
def test_a_number_in_another_role_backs_no_date_and_no_count(statement: str, reason: str | None) -> None:
    assert (finding(statement, CALENDAR) or "").startswith(reason or "")
    assert (finding(statement, CALENDAR) is None) == (reason is None)


def test_the_date_a_document_gives_itself_tells_the_year() -> None:
    published = date(2015, 10, 18)
    assert finding("On 16 October 2015 the road was opened.", "The road was opened on 16 October.", published) is None
    assert finding("In 2014 the road was closed.", "The road was closed last year.", published) is None
    assert finding("In 2013 the road was closed.", "The road was closed last year.", published) is not None


@pytest.mark.parametrize(
    ("statement", "cited", "reason"),
    [
        pytest.param("It cost €5.", "It cost $5.", "the unit “5 euro”", id="currency"),
        pytest.param("It cost 5 dollars.", "It cost $5.", None, id="a sign for a word"),
        pytest.param("It cost $5 million.", "It cost $5m.", None, id="a scale in a letter"),
        pytest.param("5 per cent left.", "5% left.", None, id="percent"),
        pytest.param("A third of them left.", "33 percent of them left.", None, id="a share"),
        pytest.param("Two-thirds of them left.", "Half of them left.", "the number 0.67", id="another share"),
        pytest.param("They waited 13 weeks.", "They waited 13 long days.", "the unit “13 week”", id="behind an adjective"),
        pytest.param("1,190 tanks came.", "60 tanks and 1,190 soldiers came.", "the count “1190 tank”", id="counted apart"),
        pytest.param("1,190 fighters came.", "60 tanks and 1,190 soldiers came.", None, id="another word for them"),
        pytest.param("One of them left.", "Some of them left.", None, id="one that counts nothing"),
        pytest.param("One day it ended.", "After two days it ended.", "the number 1", id="one that counts"),
    ],
)  # fmt: skip
def test_a_number_keeps_its_unit(statement: str, cited: str, reason: str | None) -> None:
    found = finding(statement, cited)
    assert found is None if reason is None else (found or "").startswith(reason)


@pytest.mark.parametrize(
    ("statement", "cited", "name"),
    [
        pytest.param("Miller spoke of the road.", "Warren spoke of the road.", "Miller", id="before a verb"),
        pytest.param("Steve Miller spoke.", "Steve Warren spoke.", "Miller", id="the second of two"),
        pytest.param("Bob Warren spoke.", "Steve Warren spoke.", "Bob", id="the first of two"),
        pytest.param("Miller, who spoke, left.", "Warren, who spoke, left.", "Miller", id="before who"),
        pytest.param("Construction was halted.", "Building was halted.", None, id="a noun in front is no name"),
        pytest.param(
            "Yesterday the Canadian road opened.", "Canada opened the road.", None, id="a people for a country"
        ),
        pytest.param(
            "It was the Australian road.", "It was the road of Austria.", "Australian", id="not any beginning"
        ),
        pytest.param("The troops of the U.S. came.", "American troops came.", None, id="an abbreviated country"),
        pytest.param("Then the FBI came.", "The Federal Bureau of Investigation came.", None, id="initials"),
        pytest.param(
            "Doctors of the World Health Organization came to the town after the siege.",
            "Doctors of the WHO came to the town after the siege.",
            None,
            id="initials spelled out",
        ),
        pytest.param("Then America came.", "They told us, and came.", "America", id="us is a country in capitals only"),
        pytest.param("The soldiers met Colonel Warren.", "The soldiers met Col. Warren.", None, id="a rank"),
    ],
)
def test_a_name_must_stand_in_the_text_however_it_writes_it(statement: str, cited: str, name: str | None) -> None:
    assert finding(statement, cited) == (name and f"the name “{name}” is not in the cited paragraph")


@pytest.mark.parametrize(
    ("statement", "cited", "is_supported"),
    [
        pytest.param("The road was not opened.", "The road was opened.", False, id="not added"),
        pytest.param("The road was opened.", "The road was not opened.", False, id="not removed"),
        pytest.param("The road was never opened.", "The road was not opened.", True, id="another word for not"),
        pytest.param(
            "The army did not open the road.", "The army refused to open the road.", True, id="denied by a verb"
        ),
        pytest.param("The road wasn’t opened.", "The road was opened.", False, id="a short form"),
        pytest.param(
            "The road was opened.", "The road was opened. The gate was not.", True, id="something else is denied"
        ),
        pytest.param("The road was not only opened.", "The road was opened.", True, id="not only is no denial"),
        pytest.param("It carried nothing but onions.", "It carried onions.", True, id="nor is nothing but"),
    ],
)
def test_a_statement_does_not_deny_what_the_text_affirms(statement: str, cited: str, is_supported: bool) -> None:
    assert (finding(statement, cited) is None) == is_supported


@pytest.mark.parametrize(
    ("statement", "cited", "reason"),
    [
        ("Kweires air base is west of Aleppo.", "Kweires air base is located east of Aleppo.", "says “west” where"),
        ("Prices in the town rose abruptly.", "As a result, prices in the town fell abruptly.", "says “rose” where"),
        ("The road opens after noon.", "The road opens before noon. It is steep.", "says “after” where"),
        ("It has less than 40 rooms.", "It has more than 40 rooms.", "says “less” where"),
        ("The gate is open at night.", "The gate is closed at night.", "says “open” where"),
        # The text has the word too, in the same place.
        ("The first train is slow.", "The last train is fast and new. The first train is slow.", None),
        ("The east gate is open.", "The east gate is open, and the west gate is closed.", None),
        # It tells of another side of it in other words.
        ("Sales outside of it rose in May.", "Inside the town, sales rose in May; sales beyond it rose too.", None),
        ("More boats came to the harbour.", "Boats came to the harbour, less often than ships.", None),
    ],
)
def test_the_opposite_of_a_word_in_its_place_is_not_verified(statement: str, cited: str, reason: str | None) -> None:
    assert (reason or "") in (found := finding(statement, cited) or "")
    assert bool(found) is bool(reason)


def test_two_spans_glued_are_unsupported_where_only_one_is_cited() -> None:
    road = "The army opened the road to the air base after a siege."
    glued = "The army opened the road to the air base while bakers sold bread."
    assert finding(glued, road) == "half of it is not in the cited paragraph"
    assert finding(road, road) is None


@pytest.mark.parametrize(
    "statement",
    ["The army lost 900 tanks.", "The army lost tanks in 1999.", "Marshal Ney lost tanks.", "No tanks were lost."],
    ids=["number", "year", "name", "denial"],
)
def test_a_false_premise_that_is_echoed_is_unsupported(statement: str) -> None:
    assert verify(statement, [citation("The army lost tanks.")]).verdict is Verdict.UNSUPPORTED


def paragraphs_of_files() -> Iterator[Paragraph]:
    root = Path(__file__).parents[3]
    for path in sorted([*(root / "seeds").iterdir(), *(root / "tests/rag/documents/pages").glob("*.txt")]):
        yield from read_document(f"documents/{path.name}", path.read_bytes()).paragraphs


def test_every_sentence_of_a_document_is_verified_against_its_own_paragraph() -> None:
    """The seeds and the captured pages, sentence by sentence: none is its citation's quote, so each is read."""
    source = Source(title="A title", revision="r")
    checked = 0
    for paragraph in paragraphs_of_files():
        whole = Citation(mark=1, paragraph=paragraph, source=source, start=paragraph.start, end=paragraph.end)
        for span in split_sentences(paragraph.text):
            found = verify(span.of(paragraph.text), [whole])
            assert found.verdict is Verdict.VERIFIED, (paragraph.place, span.of(paragraph.text), found.reason)
            checked += 1
    assert checked > 800


def test_a_quote_is_verified_as_one_whatever_stands_around_it() -> None:
    """In its paragraph "18. October" reads as a date; the quote ends before it."""
    text = "It cost 18. October was dry."
    paragraph = Paragraph(document_id="documents/a.txt", number=1, text=text, start=0, end=len(text), role=Role.BODY)
    assert (
        verify(
            "It cost 18.",
            [Citation(mark=1, paragraph=paragraph, source=Source(title="", revision="r"), start=0, end=11)],
        ).verdict
        is Verdict.VERIFIED
    )


@pytest.mark.parametrize(
    "hostile",
    ["no " * 5_000, "1,1" * 20_000, "$1" * 20_000, "May 5, " * 5_000, "A " * 10_000, "is not A. " * 3_000, "1990–" * 5_000, "half a " * 9_000],
)  # fmt: skip
def test_no_text_takes_long(hostile: str, within: Any) -> None:
    with within(5.0):
        check(hostile[:4_000], Backing((hostile,)))


@pytest.mark.parametrize(
    "said", ["No.", "Yes.", "It is so.", "It does.", "They can.", "Nobody.", "Not at all!", "Ja.", "…"]
)
def test_what_says_nothing_that_a_text_could_hold_is_not_verified(said: str) -> None:
    finding = check(said, Backing(("The kiln is fired on Tuesdays only. It is what it is.",)))
    assert finding.verdict is Verdict.UNSUPPORTED
    assert finding.reason
