"""The guide to a document: slices of its own voice, in order, within bounds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answer.guide import MOST_CENTRAL, MOST_DATES, MOST_NAMES, MOST_READ, Guide, guide_to
from rag.documents.reading import read_document
from rag.domain import Paragraph, Passage, Ranks, Role, Source

SEEDS = Path(__file__).parents[3] / "seeds"
HANDBOOK = """# The handbook of Orrin

## Opening hours

The mill of Orrin was opened by Mara Lindqvist on 4 June 2011 for all who grind flour. The mill grinds the flour of
Orrin every day but Sunday, and Mara Lindqvist keeps the keys of the mill. The bakers of Tarn bring their flour too.

### In winter

When it is cold the mill is closed, which Mara Lindqvist announced on 9 July 2018 to the bakers of Tarn and of Orrin.

```python
class Mill: opened = "on 1 January 1999"  # Written by Karel Novak and Karel Novak for Karel Novak.
```

- Deliver the flour before noon.
- Deliver the sacks after noon.
"""


def passages_of(name: str, text: str) -> list[Passage]:
    parsed = read_document(f"documents/{name}", text.encode())
    source = Source(title=parsed.document.title, revision="1", date=parsed.document.date)
    return [Passage(paragraph=one, source=source, score=0.0, ranks=Ranks()) for one in parsed.paragraphs]


def guided(passages: list[Passage]) -> Guide:
    return guide_to(passages, weight_of=lambda stem: float(len(stem)))


def test_a_guide_tells_headings_dates_and_names_of_a_document() -> None:
    guide = guided(passages_of("handbook.md", HANDBOOK))
    assert [(one.passage.paragraph.text, one.level) for one in guide.headings] == [
        ("## Opening hours", 0),
        ("### In winter", 1),
    ]
    assert [str(one.day) for one in guide.dates] == ["4 June 2011", "9 July 2018"]
    assert {one.text: one.count for one in guide.names} == {"Mara Lindqvist": 3, "Orrin": 3, "Tarn": 2}
    assert guide.names[0].text in ("Orrin", "Mara Lindqvist")
    assert 1 <= len(guide.central) <= MOST_CENTRAL


def test_code_is_in_no_part_of_a_guide() -> None:
    guide = guided(passages_of("handbook.md", HANDBOOK))
    assert not any("Karel" in one.text for one in guide.central)
    assert not any("Karel" in one.text for one in guide.names)
    assert not any(one.day.year == 1999 for one in guide.dates)


@pytest.mark.parametrize("path", sorted(SEEDS.iterdir()), ids=lambda path: path.name[:3])
def test_nothing_that_readers_wrote_is_in_a_guide(path: Path) -> None:
    guide = guided(passages_of(path.name, path.read_text(encoding="utf-8")))
    assert guide.central and guide.names
    assert {one.passage.paragraph.role for one in guide.central} == {Role.BODY}
    assert all(one.passage.paragraph.role not in (Role.COMMENT, Role.BOILERPLATE) for one in guide.headings)
    assert not any("Response" in one.passage.paragraph.text for one in guide.headings)


def test_a_name_that_a_sentence_begins_with_is_counted_whole() -> None:
    text = "We met the Blue Heron Trust. Blue Heron Trust has ten boats, and the Blue Heron Trust sails them all."
    assert [(one.text, one.count) for one in guided(passages_of("a.txt", text)).names] == [("Blue Heron Trust", 3)]


def test_what_has_a_capital_only_from_its_place_is_no_name() -> None:
    text = "\n".join(f"• Develop {what} for the crew of the harbour." for what in ("sails", "ropes", "nets"))
    assert guided(passages_of("a.txt", text)).names == ()


def test_a_document_of_hardly_a_word_has_no_guide() -> None:
    assert not guided(passages_of("a.txt", "Hm."))


PIECES = st.sampled_from(
    [
        "The mill of Orrin was sold to Mara Lindqvist on 4 June 2011 by the council.",
        "In 1902 two wheels of the mill were cast by a smith from Tarn.",
        "However, it is let to the smith of Tarn every summer, as it always was.",
        "- Bring the flour to Orrin",
        "```\nlet x = Orrin;\n```",
        "## What is ground?",
        "> [!NOTE]\n> The mill of Orrin is closed to all bakers of Tarn until 2030.",
        "a\tb\tc",
        "1.2.2020 Ärger mit Bäckern und Müllern in Ŏrrin",
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PARAGRAPHS = st.lists(st.tuples(PIECES, st.sampled_from(list(Role)), st.integers(0, 3)), max_size=30)


def made(pieces: list[tuple[str, Role, int]]) -> list[Passage]:
    found: list[Passage] = []
    start = 7
    for number, (text, role, level) in enumerate(pieces, start=1):
        paragraph = Paragraph(
            document_id="documents/a.md",
            number=number,
            text=text,
            start=start,
            end=start + len(text),
            role=role,
            heading=("x",) * level,
        )
        start += len(text) + 2
        found.append(Passage(paragraph=paragraph, source=Source(title="A", revision="1"), score=0.0, ranks=Ranks()))
    return found


@given(PARAGRAPHS)
@settings(deadline=None, max_examples=150)
def test_every_part_of_a_guide_is_a_slice_of_its_document_in_its_own_voice(pieces: list[tuple[str, Role, int]]) -> None:
    guide = guided(made(pieces))
    tellings = [*guide.central, *(one.telling for one in guide.dates), *(one.first for one in guide.names)]
    for one in tellings:
        paragraph = one.passage.paragraph
        assert paragraph.start <= one.span.start < one.span.end <= paragraph.end
        assert one.text and one.text in paragraph.text
    shown = [*(one.passage for one in tellings), *(one.passage for one in guide.headings)]
    assert not {one.paragraph.role for one in shown} & {Role.COMMENT, Role.BOILERPLATE, Role.BYLINE, Role.CAPTION}
    assert not any(one.paragraph.text.lstrip().startswith("```") for one in shown)


@given(PARAGRAPHS)
@settings(deadline=None, max_examples=100)
def test_a_guide_is_in_order_and_within_its_bounds(pieces: list[tuple[str, Role, int]]) -> None:
    guide = guided(made(pieces))
    assert len(guide.central) <= MOST_CENTRAL and len(guide.dates) <= MOST_DATES and len(guide.names) <= MOST_NAMES
    places = [(one.passage.paragraph.number, one.span.start) for one in guide.central]
    assert places == sorted(places)
    numbers = [one.passage.paragraph.number for one in guide.headings]
    assert numbers == sorted(numbers)
    assert all(one.place <= other.place for one, other in pairwise(guide.dates))
    counts = [one.count for one in guide.names]
    assert counts == sorted(counts, reverse=True) and all(count > 1 for count in counts)


def test_of_a_long_document_the_beginning_is_read() -> None:
    told = ("The mill of Orrin was sold to Mara Lindqvist by the council.", Role.BODY, 0)
    late = ("The boats of Karel Novak were sold to Karel Novak in 1950.", Role.BODY, 0)
    guide = guided(made([told] * MOST_READ + [late] * 5))
    assert {one.text for one in guide.names} == {"Orrin", "Mara Lindqvist"}
    assert guide.dates == ()


def test_a_sentence_that_leans_on_another_is_told_with_it() -> None:
    text = (
        "# The ferries of Orrin\n\nThe ferry Tern was built in Velden in 2008 for the crossing to Orrin.\n\n"
        "The ferry Heron was built in Tarn in 1999. She carries 520 passengers on the crossing to Orrin. "
        "Her engines were replaced on 4 June 2024 by the ferry yard of Orrin.\n"
    )
    guide = guided(passages_of("ferries.md", text))
    told = [one.text for one in guide.central] + [one.telling.text for one in guide.dates]
    assert any("She carries" in one for one in told) and any("Her engines" in one for one in told)
    for one in told:
        assert not one.startswith(("She", "Her ")), one
        assert "She" not in one or one.startswith("The ferry Heron"), one
