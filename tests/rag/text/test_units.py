"""What of a text can be quoted by itself."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import split_sentences
from rag.text.units import as_line, cell_spans, cells_of, columns_of, names_above, rows_of, split_units

TABLE = "| Boat | Berth | Length |\n| --- | :-: | ---: |\n| Sigrid | B-12 | 9.5 m |\n| Alma | C-03 | 12 m |"


def units(text: str) -> list[str]:
    return [span.of(text) for span in split_units(text)]


def test_a_row_of_a_table_is_a_unit_and_the_header_goes_with_its_rule() -> None:
    header, *rows = units(TABLE)
    assert header == "| Boat | Berth | Length |\n| --- | :-: | ---: |"
    assert rows == ["| Sigrid | B-12 | 9.5 m |", "| Alma | C-03 | 12 m |"]
    assert cells_of(rows[0]) == ["Sigrid", "B-12", "9.5 m"]


def test_a_first_row_without_numbers_names_the_columns() -> None:
    found = rows_of("Boat\tBerth\nSigrid\t12\nAlma\t3")
    assert found is not None and found.header is not None
    assert len(found.rows) == 2
    unnamed = rows_of("Sigrid\tOslo\nAlma\tBergen")
    assert unnamed is not None and unnamed.header is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Tenant ....\tMs Yusuf\nLandlord ....\tKirchweg GmbH\nRent ....\t1,140 EUR", id="dots"),
        pytest.param("Tenant:\tMs Yusuf\nRent:\t1,140 EUR", id="colons"),
        pytest.param("Manager\tRuth Okafor\nPhone\text. 771\nSeats\t86", id="a word in a value"),
        pytest.param("Manager\tRuth Okafor\nSeats\t86\nRent\t1,200 EUR", id="numbers of two kinds"),
    ],
)
def test_a_label_and_its_value_name_no_columns(text: str) -> None:
    found = rows_of(text)
    assert found is not None and found.header is None
    assert [row.of(text) for row in found.rows] == text.splitlines()


def test_a_table_of_two_columns_needs_no_bars_around_it() -> None:
    header, *rows = units("Tool | Shelf\n-----|------\nHammer | 4\nSaw | 7")
    assert (header, rows) == ("Tool | Shelf\n-----|------", ["Hammer | 4", "Saw | 7"])


@pytest.mark.parametrize(
    ("text", "first", "most"),
    [
        pytest.param("; ".join(f"valve {n} at {3 * n} bar" for n in range(300)), "valve 0 at 0 bar;", 21, id="list"),
        pytest.param("".join(f'{{"a":{n},"b":"x"}},' for n in range(300)), "{", 20, id="minified"),
        pytest.param(", ".join(f"room {n}" for n in range(300)), "room 0,", 300, id="commas"),
        pytest.param(" ".join(str(n) for n in range(900)), "0 1 2", 300, id="numbers"),
    ],
)
def test_what_has_no_end_for_long_is_cut_where_it_shows_parts(text: str, first: str, most: int) -> None:
    found = units(text)
    assert found[0].startswith(first)
    assert max(map(len, found)) <= most


LONG = st.sampled_from(
    ["0" * 287, "x" * 900, "a; " * 300, "b, " * 300, "c{d}" * 250, " ", "\r\r", "\n", "\u2028", ";", ", "]
)


def test_long_thai_is_quoted_by_clauses_and_names_numbers_and_lists_stay_whole() -> None:
    clauses = [
        "ห้องสมุดของหมู่บ้านเปิดให้บริการแก่ผู้อ่านทุกคนในวันจันทร์ถึงวันศุกร์ เวลา 9 ถึง 17 นาฬิกา โดยไม่เก็บค่าใช้จ่ายใดๆ แม้แต่เพียงเล็กน้อย",
        "บรรณารักษ์คนปัจจุบันคือคุณ สมชาย ใจดี ซึ่งทำงานที่นี่มาตั้งแต่ปี 2540 และดูแลหนังสือทั้งหมดร่วมกับอาสาสมัครอีกสองคน",
    ]  # fmt: skip
    part = " ".join(clauses)
    assert units("  ".join([part, part, part])) == [part] * 3
    assert units(part) == [part]


@given(st.lists(LONG | st.text(max_size=5), max_size=8).map("".join))
def test_units_begin_and_end_with_what_they_say_and_leave_out_white_space_alone(text: str) -> None:
    found = split_units(text)
    assert all(one.of(text) == one.of(text).strip() != "" for one in found)
    ends = [0, *(one.end for one in found)]
    begins = [*(one.start for one in found), len(text)]
    assert all(not text[end:begin].strip() for end, begin in zip(ends, begins, strict=True))


def test_lines_of_a_name_and_a_dash_are_quoted_one_by_one() -> None:
    team = ["Amélie Roux – baker, in the house since 2015", "Frauke Timm – counter and bookings", "Oven 2 - not in use"]
    assert units("\n".join(team)) == team
    prose = "The mill – it is old – was sold.\nIts wheel turns."
    assert units(prose) == ["The mill – it is old – was sold.", "Its wheel turns."]


@pytest.mark.parametrize(
    "entries",
    [
        ['192.0.2.4 - - [11/Nov/2025:06:26:02 +0000] "GET /a HTTP/1.1" 404 153 "-" "Mozilla/5.0 (X11). Gecko"', '192.0.2.5 - ann [11/Nov/2025:06:26:03 +0000] "GET /b HTTP/1.1" 200 12 "-" "x"'],
        ["ERROR 2025-11-11 06:26:02 disk full. Giving up", "INFO 2025-11-11 06:26:03 bye"],
        ["[WARN] 2025-11-11T06:26:02Z slow", "[INFO] 2025-11-11T06:26:03Z fast"],
        ["06:26:02.114 main started. Reading", "06:26:03.002 main done"],
        ["<34>1 2025-11-11T06:26:02Z host su - failed", "<34>1 2025-11-11T06:26:09Z host su - worked"],
    ],
)  # fmt: skip
def test_entries_of_a_log_are_told_by_their_times_wherever_these_stand(entries: list[str]) -> None:
    assert units("\n".join(entries)) == entries


def test_an_entry_of_a_log_is_a_unit_with_the_lines_below_it() -> None:
    log = "2024-03-02T08:00:07Z svc-0 up\n2024-03-02T08:01:07Z svc-1 failed. Retrying.\n  at main.py:4\nMar  2 08:00:07 host ok"
    assert units(log) == [
        "2024-03-02T08:00:07Z svc-0 up",
        "2024-03-02T08:01:07Z svc-1 failed. Retrying.\n  at main.py:4",
        "Mar  2 08:00:07 host ok",
    ]
    assert rows_of("On 2024-03-02 08:00 it began.\n2024-03-02 09:00 it ended.") is None


def test_a_few_short_fields_are_one_record_as_none_says_of_whom_it_is() -> None:
    record = "Customer: Bella Cruz\nContract: 78-C\nManager: Omar Said"
    assert units(record) == [record]
    assert cells_of(record) == ["Customer: Bella Cruz", "Contract: 78-C", "Manager: Omar Said"]
    long = f"Customer: Bella Cruz\nRemarks: {'wants a quiet room, ' * 8}\nManager: Omar Said"
    assert [one[:9] for one in units(long)] == ["Customer:", "Remarks: ", "Manager: "]
    found = rows_of(long)
    assert found is not None and found.is_record
    many = [f"field {n}: {n}" for n in range(13)]
    assert units("\n".join(many)) == many


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "people:\n  - name: Ada\n    role: cook\n  - name: Ben\n    role: nurse",
            ["people:", "- name: Ada\n    role: cook", "- name: Ben\n    role: nurse"],
            id="items",
        ),
        pytest.param(
            "- name: Ada\n    role: cook\n  - name: Ben\n    role: nurse",
            ["- name: Ada\n    role: cook", "- name: Ben\n    role: nurse"],
            id="items whose first has lost its indent",
        ),
        pytest.param(
            "mail:\n  host: smtp\n  port: 587\nbackup:\n  days: 21",
            ["mail:\n  host: smtp\n  port: 587", "backup:\n  days: 21"],
            id="named groups",
        ),
        pytest.param(
            "# settings\nbase:\n  host: db\n  pool:\n    size: 12\nport: 80",
            ["# settings", "base:\n  host: db\n  pool:\n    size: 12", "port: 80"],
            id="a group in a group, below a comment",
        ),
        pytest.param(
            "name: Ada\nrole: cook\naddress:\n  city: Cork",
            ["name: Ada\nrole: cook", "address:\n  city: Cork"],
            id="a group in a record",
        ),
    ],
)
def test_fields_further_in_are_of_the_record_above_them(text: str, told: list[str]) -> None:
    assert units(text) == told


def test_items_of_a_field_are_of_its_record_and_a_row_knows_what_it_is_part_of() -> None:
    lines = [
        "services:",
        "  mill:",
        "    image: mill:2.8",
        "    ports:",
        '      - "80:8080"',
        "    files:",
        "      - /srv/grain",
    ]
    lines += [
        "  silo:",
        "    image: silo:15.4",
        "    health:",
        "      every: 30s",
        '      "GET /up": 200',
        "    restart: always",
    ]
    text = "\n".join(lines)
    found = rows_of(text)
    assert found is not None
    told = {row.of(text): names_above(text, row) for row in found.rows}
    assert told["image: mill:2.8"] == ("services", "mill")
    assert told['ports:\n      - "80:8080"'] == ("services", "mill")
    assert next(names for row, names in told.items() if row.startswith("silo:")) == ("services",)


def test_two_records_below_one_name_are_two_however_short_they_are() -> None:
    text = "services:\n  mill:\n    port: 5432\n    database: grain\n  store:\n    port: 6379\n    database: none"
    assert units(text) == [
        "services:",
        "mill:\n    port: 5432\n    database: grain",
        "store:\n    port: 6379\n    database: none",
    ]
    # A part of a record that has fields of its own is still of that.
    assert units("boat:\n  berth: B-23\n  keeper:\n    name: Ann\n    phone: 4411") == [
        "boat:\n  berth: B-23\n  keeper:\n    name: Ann\n    phone: 4411"
    ]


def test_a_question_and_its_answer_are_no_record() -> None:
    assert units("Q: Who approves travel?\nA: Your line manager.") == [
        "Q: Who approves travel?", "A: Your line manager.",
    ]  # fmt: skip


def test_the_sentences_of_a_glossary_are_no_record() -> None:
    terms = "Escrow: Money that a third party holds.\nLien: A right over the property."
    assert units(terms) == terms.splitlines()


def test_front_matter_is_of_its_document_and_its_fields_are_units() -> None:
    assert "owner: Pia" in units("---\ntitle: Boat\nowner: Pia\n---")
    assert 'owner = "Pia"' in units('+++\ntitle = "Boat"\nowner = "Pia"\n+++')
    assert "owner: Hanne Lund" in units("---\ntitle: Ferry\nowner: Hanne Lund\ntags:\n  - boats\n---")


@pytest.mark.parametrize(
    "text",
    [
        "The harbour was repaired. Its crane lifts nine tons.",
        "He said:\nthe crane lifts nine tons.",
        "One line: with a colon.",
        "A line of prose that goes on\nand on over two lines. Then it ends.",
        "Either a | or a b.\nNothing else.",
    ],
)
def test_prose_is_split_into_its_sentences(text: str) -> None:
    assert rows_of(text) is None
    assert split_units(text) == split_sentences(text)


TAGGED = """<table class="plans">
<thead><tr><th>Plan</th><th>Calls <br>a minute</th></tr></thead>
<tbody>
<tr><td>Nest</td><td></td></tr>
<tr><td><b>Flock</b></td><td>300 | <code>burst</code></td></tr>
</tbody></table>"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "WIDTH = 4\nDEPTH = 12  # metres",
            ["WIDTH = 4", "DEPTH = 12  # metres"],
            id="constants",
        ),
        pytest.param(
            'cp -a "$FROM/" "$TO/"\n# The old copies go last.\nrm -rf "$TO/old"\n# Then the lamp is lit.\nlamp on',
            ['cp -a "$FROM/" "$TO/"', '# The old copies go last.\nrm -rf "$TO/old"', "# Then the lamp is lit.\nlamp on"],
            id="a comment stays with what follows it, and not with what stands before it",
        ),
        pytest.param(
            "/**\n * Opens the lock.\n * Throws when it is rusty.\n */\nfunction open(lock) {\n  return lock.dry ? 1 : null;\n}",
            ["/**\n * Opens the lock.", "* Throws when it is rusty.\n */", "function open(lock) {\n  return lock.dry ? 1 : null;\n}"],
            id="a long comment has sentences, and a program none",
        ),
        pytest.param(
            "/** Seconds until it closes. */\nint delay;\n/** How often. */\nint count;\nvoid close();",
            ["/** Seconds until it closes. */\nint delay;", "/** How often. */\nint count;\nvoid close();"],
            id="a short one says of what it is",
        ),
        pytest.param(
            "[lamp]\npower = 40\n; only in the cellar\nplace = cellar",
            ["[lamp]\npower = 40\n; only in the cellar\nplace = cellar"],
            id="settings stay together",
        ),
    ],
)  # fmt: skip
def test_code_is_cut_at_its_comments(text: str, told: list[str]) -> None:
    assert units(text) == told


def test_lines_of_two_things_with_a_dash_between_them_are_rows() -> None:
    assert units("3 Jan - Oskar\n14 Feb - Aunt Lucy\n22 Mar – Mum") == ["3 Jan - Oskar", "14 Feb - Aunt Lucy", "22 Mar – Mum"]  # fmt: skip


def test_a_table_in_html_has_rows_and_cells_without_its_tags() -> None:
    found = rows_of(TAGGED)
    assert found is not None and found.header is not None
    assert columns_of(found.header.of(TAGGED)) == "Plan | Calls a minute"
    assert [as_line(row.of(TAGGED)) for row in found.rows] == ["Nest\t", "Flock\t300 | burst"]
    assert cells_of(found.rows[0].of(TAGGED)) == ["Nest"]
    row = found.rows[1].of(TAGGED)
    assert [cell.of(row) for cell in cell_spans(row)] == ["<b>Flock</b>", "300 | <code>burst</code>"]
    assert rows_of("<p>The pump <i>td</i> is oiled.</p>") is None
    assert rows_of("Cells are written <td>so</td> in HTML.") is None


def test_cells_that_hold_nothing_keep_their_place() -> None:
    for row in ("| a |  | c |", "a\t\tc"):
        assert [cell.of(row) for cell in cell_spans(row)] == ["a", "", "c"]
        assert cells_of(row) == ["a", "c"]
    assert cells_of("| a \\| b | c |") == ["a \\| b", "c"]


LINES = st.lists(
    st.sampled_from(
        [
            "<table>",
            "<tr><td>a",
            "</td>",
            "<th>b</th>",
            "</tr>",
            "</table>",
            "| a | b |",
            "|---|---|",
            "k: v",
            "  k: v",
            "  - k: v",
            "    k: v",
            "Prose. More.",
            "",
            "  ",
            "a\tb",
            "---",
            "| |",
        ]
    )
)


@given(LINES.map("\n".join) | st.text())
def test_units_are_in_order_and_hold_every_character_but_white_space(text: str) -> None:
    spans = split_units(text)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    inside = "".join(span.of(text) for span in spans)
    assert "".join(inside.split()) == "".join(text.split())
    assert all(span.of(text) == span.of(text).strip() for span in spans)
