"""Subtitles and exports as JSON: what each says, as text, with who says it and when."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.reading import read_document

Told = list[tuple[str, str]]


def told(text: str, name: str) -> Told:
    parsed = read_document(f"documents/{name}", text.encode())
    assert all(parsed.document.text[p.start : p.end] == p.text for p in parsed.paragraphs)
    return [(one.said_by, one.text) for one in parsed.paragraphs]


def cues(*said: str) -> str:
    """Cues of two seconds each."""
    return "\n\n".join(
        f"{i}\n00:00:{2 * i:02}.000 --> 00:00:{2 * i + 2:02}.000 align:start\n{words}" for i, words in enumerate(said)
    )


VOICES = cues(
    "<v Ann Lee>We cut</v>", "<v Ann Lee>the budget &amp; <i>more</i>.</v>", "<v Bob>Why?</v>\n<v Ann Lee>So."
)
NAMED = cues("Ann: We cut", "Ann: the budget.", "Bob: Why?", "Bob: Note: me too.")
SPOKEN = cues(
    "ANN: We cut", "the budget.", "It is late.", "BOB: Is it?\nANN: It is.", "- Yes.\n- No.", "Carl: me", "BOB: Go."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            f"WEBVTT - Meeting\n\nNOTE of nobody\n\nSTYLE\n::cue {{}}\n\n{VOICES}",
            [("Ann Lee, 0:00", "We cut the budget & more."), ("Bob, 0:04", "Why?"), ("Ann Lee, 0:04", "So.")],
            id="voices",
        ),
        pytest.param(
            f"\ufeffWEBVTT\n\n{NAMED}\n".replace("\n", "\r\n"),
            [("Ann, 0:00", "We cut the budget."), ("Bob, 0:04", "Why? Note: me too.")],
            id="names in front, as Zoom writes them",
        ),
        pytest.param(
            SPOKEN.replace(".000", ",000"),
            [
                ("ANN, 0:00", "We cut the budget."),
                ("0:04", "It is late."),
                ("BOB, 0:06", "Is it?"),
                ("ANN, 0:06", "It is."),
                ("0:08", "- Yes. - No. Carl: me"),
                ("BOB, 0:12", "Go."),
            ],
            id="names where the speaker changes, as subtitles have them",
        ),
    ],
)
@pytest.mark.parametrize("name", ["a.vtt", "a.srt", "a.txt"])
def test_cues_of_one_speaker_are_a_turn_without_the_times_between(text: str, expected: Told, name: str) -> None:
    assert told(text, name) == expected


def test_a_long_turn_ends_with_a_sentence() -> None:
    turns = told("WEBVTT\n\n" + cues(*["<v Ann>This is one sentence of many."] * 29), "a.vtt")
    assert len(turns) == 2
    assert {who.split(",")[0] for who, _ in turns} == {"Ann"}
    assert all(said.endswith("many.") and len(said) < 700 for _, said in turns)


SLACK = [
    {
        "type": "message",
        "user": "U1",
        "ts": "1710234000.000100",
        "text": "Cut the <https://a.b|budget>?",
        "reply_count": 2,
    },
    {"type": "message", "user": "U2", "ts": "1710234060.000100", "text": "No <@U1>"},
    {"type": "message", "subtype": "channel_join", "user": "U2", "ts": "1710234061.000100", "text": "<@U2> has joined"},
    {"type": "message", "user": "U1", "ts": "1710234070.000100", "text": "ok"},
    {"type": "message", "user": "U2", "ts": "1710234090.000100", "text": "", "files": [{"name": "plan.pdf"}]},
]
for _one in SLACK:
    _one["user_profile"] = {"real_name": {"U1": "Ann Lee", "U2": "Bob"}[str(_one["user"])]}

TELEGRAM = {
    "name": "Garden",
    "messages": [
        {"type": "service", "date": "2024-03-12T21:04:00", "actor": "Ann Lee", "action": "create_group", "text": ""},
        {"type": "message", "date": "2024-03-12T21:05:00", "from": "Ann Lee", "text": ["5,000 ", {"text": "euros"}]},
        {"type": "message", "date": "2024-03-12T21:06:00", "from": "Bob", "text": "ok", "views": 3},
        {"type": "message", "date": "2024-03-12T21:07:00", "from": "Ann Lee", "text": "good"},
        {"type": "message", "date": "2024-03-12T21:08:00", "from": "Bob", "text": "Note: bye"},
    ],
}
DISCORD = {
    "channel": {"name": "garden"},
    "messages": [
        {"type": "Default", "timestamp": f"2024-03-12T21:0{i}:00+00:00", "content": words, "isPinned": False,
         "author": {"name": name.lower(), "nickname": name}}
        for i, (name, words) in enumerate([("Ann", "5,000?"), ("Bob", "ok"), ("Ann", "good"), ("Bob", "bye")])
    ],
}  # fmt: skip
SIMPLE = [{"speaker": who, "text": words, "time": "10:42"} for who, words in [("Ann", "a"), ("Bob", "b")] * 2]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            SLACK,
            [
                ("Ann Lee, 2024-03-12 09:00 UTC", "Cut the budget?"),
                ("Bob, 2024-03-12 09:01 UTC", "No @Ann Lee"),
                ("2024-03-12 09:01 UTC", "@Bob has joined"),
                ("Ann Lee, 2024-03-12 09:01 UTC", "ok"),
                ("Bob, 2024-03-12 09:01 UTC", "plan.pdf"),
            ],
            id="Slack",
        ),
        pytest.param(
            TELEGRAM,
            [
                ("", "Garden"),
                ("2024-03-12 21:04", "Ann Lee create group"),
                ("Ann Lee, 2024-03-12 21:05", "5,000 euros"),
                ("Bob, 2024-03-12 21:06", "ok"),
                ("Ann Lee, 2024-03-12 21:07", "good"),
                ("Bob, 2024-03-12 21:08", "Note: bye"),
            ],
            id="Telegram",
        ),
        pytest.param(
            DISCORD,
            [
                ("", "garden"),
                ("Ann, 2024-03-12 21:00", "5,000?"),
                ("Bob, 2024-03-12 21:01", "ok"),
                ("Ann, 2024-03-12 21:02", "good"),
                ("Bob, 2024-03-12 21:03", "bye"),
            ],
            id="Discord",
        ),
        pytest.param(SIMPLE, [("Ann, 10:42", "a"), ("Bob, 10:42", "b")] * 2, id="a list of messages"),
    ],
)
def test_messages_of_an_export_are_turns(value: Any, expected: Told) -> None:
    assert told(json.dumps(value), "a.json") == expected
    if isinstance(value, list):
        assert told("\n".join(map(json.dumps, value)), "a.jsonl") == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([{**one, "title": "Of the garden"} for one in SIMPLE], id="articles"),
        pytest.param([{**one, "rating": 5} for one in SIMPLE], id="reviews"),
        pytest.param([{"text": one["text"], "time": one["time"]} for one in SIMPLE], id="nobody"),
        pytest.param([{**one, "speaker": f"Ann{i}"} for i, one in enumerate(SIMPLE)], id="each once"),
        pytest.param([*SIMPLE, "more"], id="other things"),
        pytest.param({"messages": {"error": "Not found", "retry": "Try again"}}, id="words of a program"),
    ],
)
def test_other_json_is_data_without_speakers(value: Any) -> None:
    assert {who for who, _ in told(json.dumps(value), "a.json")} == {""}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "text",
    "content",
    "from",
    "author",
    "user",
    "date",
    "ts",
    "timestamp",
    "type",
    "files",
    "subtype",
    "user_profile",
]
MESSAGES = st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6), max_size=6)


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from(["Ann", "Bob Ray", "zoë"]), st.text(min_size=1, max_size=30)), max_size=8),
    MESSAGES,
)
def test_whatever_is_said_in_json_is_its_authors_and_odd_fields_break_nothing(
    more: list[tuple[str, str]], odd: list[dict[str, Any]]
) -> None:
    said = [("Ann", "a"), ("Bob Ray", "b"), ("Ann", "c"), ("Bob Ray", "d"), *more]
    messages = [{"author": who, "text": words, "timestamp": "2024-03-12T21:05"} for who, words in said]
    parsed = read_document("documents/a.json", json.dumps(messages).encode())
    spoken = {who: "".join(p.text for p in parsed.paragraphs if p.speaker == who) for who, _ in said}
    expected = {who: "".join(w.strip() for one, w in said if one == who) for who in spoken}
    squeezed = {who: "".join(words.split()) for who, words in spoken.items()}
    assert squeezed == {who: "".join(words.replace("\0", "�").split()) for who, words in expected.items()}
    read_document("documents/a.json", json.dumps({"messages": odd, "x": "y"}).encode())
