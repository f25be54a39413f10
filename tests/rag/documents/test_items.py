"""What an item of a list knows of the items above it."""

from __future__ import annotations

import pytest

from rag.documents.reading import read_document

NESTED = """# Lockers

The lockers hold:

- Blue shed
  - Ropes
    - long: 4
    - short: 11
  - Lamps
    - storm lamps: 6
- Red shed
  - Ropes
    - long: 2

What is missing is told to the keeper.

1. Open the shed.
2. Count what is there.
"""


def found(text: str, name: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Text, role and path of each paragraph."""
    paragraphs = read_document(f"documents/{name}", text.encode()).paragraphs
    return [(p.text, p.role.value, p.heading) for p in paragraphs]


def path_of(text: str, name: str) -> tuple[str, ...]:
    (path,) = (path for shown, _, path in found(NESTED, name) if shown == text)
    return path


@pytest.mark.parametrize("name", ["lockers.md", "lockers.txt"])
def test_an_item_knows_the_items_above_it_and_the_sentence_that_leads_in(name: str) -> None:
    assert path_of("- long: 4", name)[-3:] == ("The lockers hold:", "Blue shed", "Ropes")
    assert path_of("- long: 2", name)[-2:] == ("Red shed", "Ropes")
    assert path_of("- storm lamps: 6", name)[-2:] == ("Blue shed", "Lamps")


@pytest.mark.parametrize("name", ["lockers.md", "lockers.txt"])
def test_an_item_that_only_names_others_is_a_heading(name: str) -> None:
    roles = {shown: role for shown, role, _ in found(NESTED, name)}
    assert {roles["- Blue shed"], roles["- Red shed"], roles["- Lamps"]} == {"heading"}
    assert {roles["- long: 4"], roles["1. Open the shed."], roles["2. Count what is there."]} == {"list"}


@pytest.mark.parametrize("name", ["lockers.md", "lockers.txt"])
def test_steps_of_one_list_do_not_stand_below_each_other(name: str) -> None:
    assert path_of("1. Open the shed.", name) == path_of("2. Count what is there.", name) == ()


@pytest.mark.parametrize("name", ["lockers.md", "lockers.txt"])
def test_what_comes_after_a_list_has_left_it(name: str) -> None:
    assert path_of("What is missing is told to the keeper.", name) == ()
