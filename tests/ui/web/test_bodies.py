"""What a request may bring: values of any shape, looked at before anybody acts on them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.web.bodies import DEEPEST, MOST_VALUES, Refusal, check, looks_like_a_file, read_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXT.filter(lambda key: key not in ("path", "url", "meta")), inner, max_size=4)
    ),
    max_leaves=20,
)
FILE = st.sampled_from(
    [
        {"path": "/etc/passwd"},
        {"path": "", "meta": {"_type": "gradio.FileData"}},
        {"url": "http://example.com"},
        {"path": None, "meta": {"_type": "gradio.FileData"}},
        {"meta": {"_type": "gradio.FileData", "more": 1}, "orig_name": "a"},
    ]
)


@given(PLAIN)
def test_what_holds_no_file_goes_through(value: Any) -> None:  # case 1
    check(value)
    assert json.dumps(read_json(json.dumps(value).encode(), "application/json")) == json.dumps(value)


@given(FILE, st.lists(st.sampled_from(["list", "dict", "beside"]), max_size=DEEPEST - 4), PLAIN)
def test_a_file_is_found_wherever_it_is_hidden(file: Any, around: list[str], plain: Any) -> None:  # case 1
    value = file
    for kind in around:
        value = [value] if kind == "list" else {"a": value} if kind == "dict" else [plain, value]
    with pytest.raises(Refusal) as refused:
        check(value)
    assert refused.value.status == 400


@given(st.dictionaries(TEXT, PLAIN, max_size=3), FILE)
def test_a_file_is_one_whatever_else_it_says(more: dict[str, Any], file: dict[str, Any]) -> None:  # case 1
    assert looks_like_a_file({**more, **file})


@given(st.integers(0, 2 * DEEPEST))
def test_depth_has_an_end(depth: int) -> None:  # case 10
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    if depth <= DEEPEST:
        check(value)
        return
    with pytest.raises(Refusal, match="deep"):
        check(value)


def test_so_has_the_number_of_values() -> None:  # case 10
    check(["x"] * MOST_VALUES)
    check({f"{n}": n for n in range(MOST_VALUES)})
    for wide in (["x"] * (MOST_VALUES + 1), {f"{n}": n for n in range(MOST_VALUES + 1)}, [["x"] * 300] * 300):
        with pytest.raises(Refusal, match="values"):
            check(wide)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_only_json_is_json(kind: str) -> None:  # case 13
    with pytest.raises(Refusal, match="application/json") as refused:
        read_json(b"{}", kind)
    assert refused.value.status == 415


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading(body: bytes) -> None:  # case 10
    try:
        check(read_json(body, "application/json; charset=utf-8"))
    except Refusal as refusal:
        assert refusal.status in (400, 415)


@given(st.text(st.characters(categories=["Cs"]), min_size=1, max_size=1), PLAIN)
def test_half_a_surrogate_pair_is_no_text(half: str, plain: Any) -> None:  # case 23
    for value in (half, [plain, f"a{half}b"], {half: plain}, {"a": {"b": half}}):
        with pytest.raises(Refusal, match="surrogate"):
            read_json(json.dumps(value).encode(), "application/json")
    whole = json.dumps(["\U0001f30a", plain]).encode()
    assert read_json(whole, "application/json")[0] == "\U0001f30a"


@given(FILE)
def test_what_gradio_never_reads_may_name_a_file(file: Any) -> None:
    check({"messages": [file]}, may_name_files=True)
