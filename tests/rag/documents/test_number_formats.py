"""Numbers as a spreadsheet shows them: right answers are what Excel and LibreOffice show."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.number_formats import BUILT_IN, shown

ACCOUNTING = '_($* #,##0.00_);_($* \\(#,##0.00\\);_($* "-"??_);_(@_)'
CODES = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from([*'0#?.,%;-()/ $E@dmyhs_*', '"kg"', "\\\\x", "[Red]", "[$€-407]", "[>9]", "General"])).map("".join),
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.525, "0.0%", "52.5%"),
        (0.15, "0%", "15%"),
        (0.005, "0.00", "0.01"),
        (2.675, "0.00", "2.68"),
        (1200, "#,##0", "1,200"),
        (999, "#,##0", "999"),
        (1234.5, "$#,##0.00", "$1,234.50"),
        (-1234.5, "$#,##0.00", "-$1,234.50"),
        (1234.5, "#,##0.00\\ [$€-407]", "1,234.50 €"),
        (1234.5, ACCOUNTING, "$1,234.50"),
        (-1234.5, ACCOUNTING, "$(1,234.50)"),
        (0, ACCOUNTING, "$-"),
        (1234567.891, '0.0,,"M"', "1.2M"),
        (5551234567, "(000) 000-0000", "(555) 123-4567"),
        (7, "000", "007"),
        (1000, "# ##0", "1 000"),
        (3.14159, "0.##", "3.14"),
        (0.5, "#.##", ".5"),
        (2.5, '0.0" kg"', "2.5 kg"),
        (0.5, "[Red]0%", "50%"),
        (-3, "0;[Red]0", "-3"),
        (-3, "0;(0)", "(3)"),
        (-0.001, "0.0", "0.0"),
    ],
)
def test_a_number_is_told_as_it_is_shown(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    "code", ["General", "yyyy-mm-dd", "[h]:mm", "# ?/?", "0.00E+00", "[>100]0;0.0", "@", "", ";;;"]
)
def test_what_is_no_plain_number_is_left_to_others(code: str) -> None:
    assert shown(5.5, code) is None


@given(value=st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14))
def test_the_common_codes_lose_no_digit_and_no_sign(value: float) -> None:
    rounded = Decimal(f"{value:.15g}").quantize(Decimal("0.01"), ROUND_HALF_UP)
    bare = f"{rounded:,.2f}" if rounded else "0.00"
    assert shown(value, "#,##0.00") == bare
    assert shown(value, "0.00") == bare.replace(",", "")
    if rounded:
        assert (shown(value, BUILT_IN[39]) or "").strip("()") == bare.lstrip("-")


@given(value=st.floats(allow_nan=False, allow_infinity=False), code=CODES)
def test_no_code_takes_it_down(value: float, code: str) -> None:
    text = shown(value, code)
    assert text is None or text == " ".join(text.split()) != ""
