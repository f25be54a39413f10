"""Tables, records and lines as text: CSV, JSON, source code and logs."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.data import load_json, load_json_lines
from rag.documents.loaders.delimited import load_delimited
from rag.documents.loaders.lines import load_code, load_log
from tests.rag.documents.making import assert_holds_together, texts, told

NAMED = [
    ("table", "Crew: Coot\tLocker: L-158\tNext inspection: 2026-06-06"),
    ("table", "Crew: Godwit\tLocker: L-161"),
]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Crew,Locker,Next inspection\nCoot,L-158,2026-06-06\nGodwit,L-161,\n", id="commas"),
        pytest.param(
            "sep=;\nCrew;Locker;Next inspection\nCoot;L-158;2026-06-06\nGodwit;L-161;\n", id="Excel's first line"
        ),
        pytest.param("Crew\tLocker\tNext inspection\r\nCoot\tL-158\t2026-06-06\r\nGodwit\tL-161\t\r\n", id="tabs"),
        pytest.param(
            '"Crew"|"Locker"|"Next\ninspection"\n"Coot"|"L-158"|"2026-06-06"\n"Godwit"|"L-161"|""\n',
            id="bars, line ends in quotes",
        ),
    ],
)
def test_a_row_is_a_block_whose_cells_stand_behind_the_names_of_their_columns(text: str) -> None:
    assert told(load_delimited(text.encode())) == NAMED


def test_a_table_without_names_is_its_cells() -> None:
    assert texts(load_delimited(b"Coot,158\nGodwit,161\n")) == ["Coot\t158", "Godwit\t161"]


def test_years_may_name_columns() -> None:
    assert texts(load_delimited(b"Well,2023,2024\nNorth,41,40\n"))[0] == "Well: North\t2023: 41\t2024: 40"


def test_what_begins_with_a_number_names_a_column_of_numbers() -> None:
    assert texts(load_delimited(b"Heading,2025 budget,1st quarter\nRepairs,58000,14.5\nInsurance,11900,3\n")) == [
        "Heading: Repairs\t2025 budget: 58000\t1st quarter: 14.5",
        "Heading: Insurance\t2025 budget: 11900\t1st quarter: 3",
    ]
    assert texts(load_delimited(b"Coot,3 June,2 boats\nRail,4 June,3 boats\n"))[0] == "Coot\t3 June\t2 boats"


def test_lines_above_a_table_are_about_it_and_a_blank_row_ends_it() -> None:
    assert told(load_delimited(b"Lockers of the crews,\n,\nCrew,Locker\nCoot,L-158\n,\nWell,Depth\nNorth,40 m\n")) == [
        ("body", "Lockers of the crews"),
        ("table", "Crew: Coot\tLocker: L-158"),
        ("table", "Well: North\tDepth: 40 m"),
    ]


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_every_cell_is_kept(rows: list[list[str]], separator: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=separator).writerows(rows)
    if not written.getvalue().strip():
        return
    loaded = load_delimited(written.getvalue().encode())
    assert_holds_together(loaded)
    text = " ".join(loaded.text.split())
    for cell in (" ".join(cell.split()) for row in rows for cell in row):
        assert all(part in text for part in cell.replace(",", "\0").replace(";", "\0").replace("|", "\0").split("\0"))


def test_an_objects_own_values_come_first_then_what_is_in_it_under_headings() -> None:
    value = {
        "shop": "Mule",
        "open": True,
        "address": {"city": "Ulm", "geo": {"lat": 48.4}},
        "prices": [{"what": "tyre", "euros": 31}, {"what": "tube", "euros": 9}],
    }
    loaded = load_json(json.dumps(value).encode())
    assert told(loaded) == [
        ("body", "shop: Mule\nopen: true"),
        ("heading", "address"),
        ("body", "city: Ulm"),
        ("heading", "geo"),
        ("body", "lat: 48.4"),
        ("heading", "prices"),
        ("body", "what: tyre\neuros: 31"),
        ("body", "what: tube\neuros: 9"),
    ]
    assert [block.level for block in loaded.blocks if block.level] == [1, 2, 1]


def test_a_line_of_json_lines_is_a_record() -> None:
    assert texts(load_json_lines(b'{"a": {"b": 1}, "c": ["x", "y"]}\n\n{"a": null}\n{"a": 2}')) == [
        "a.b: 1\nc: x\nc: y",
        "a: 2",
    ]


def test_what_is_no_json_after_all_is_read_as_text() -> None:
    loaded = load_json(b"// settings\n{a: 1}")
    assert texts(loaded) == ["// settings\n{a: 1}"]
    assert loaded.warning is not None and loaded.warning.startswith("read as text: it is not JSON")
    assert load_json(b"[" * 100_000).warning is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
)


@given(JSON)
def test_any_json_stands_together(value: object) -> None:
    assert_holds_together(load_json(json.dumps(value).encode()))


CODE = '''"""What it is."""

import os


def first():
    x = 1

    return x


class Second:
    y = 2
'''


def test_code_is_cut_between_functions_and_keeps_its_lines() -> None:
    loaded = load_code(CODE.encode())
    assert loaded.text == CODE
    assert texts(loaded) == [
        '"""What it is."""',
        "import os",
        "def first():\n    x = 1\n\n    return x",
        "class Second:\n    y = 2",
    ]


def test_a_log_is_some_entries_a_block_and_what_is_indented_belongs_to_its_entry() -> None:
    entries = [f"2025-05-04 09:{i:02} started\n  at step {i}" for i in range(25)]
    loaded = load_log("\n".join(entries).encode())
    assert texts(loaded) == ["\n".join(entries[i : i + 10]) for i in (0, 10, 20)]


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300),
    st.sampled_from([load_code, load_log]),
)
def test_any_lines_stand_together(text: str, load) -> None:  # type: ignore[no-untyped-def]
    if not text.strip() or not text.encode().strip() or text.startswith("\ufeff"):
        return
    try:
        assert_holds_together(load(text.encode()))
    except Exception as error:
        assert "binary" in str(error)
