"""What a model thinks aloud never reaches the answer, however its stream is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.servers.thoughts import Thoughts

ANSWER = "The kiln is fired on Tuesdays. [P1] See <b> and [2]."
THOUGHT = "Okay, the user asks when. Paragraph P1 says <Tuesdays>, or 9999 [no]."
DRESSES = {
    "think": f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
    "two thoughts": f"<think>{THOUGHT}</think>{ANSWER}<think>{THOUGHT}</think>",
    "a longer name": f"<thinking>{THOUGHT}</thinking>{ANSWER}",
    "in capitals": f"<THINK>{THOUGHT}</THINK>{ANSWER}",
    "with a prefix": f"<seed:think>{THOUGHT}</seed:think>{ANSWER}",
    "brackets": f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
    "triangles": f"◁think▷{THOUGHT}◁/think▷{ANSWER}",
    "only the closing tag": f"{THOUGHT}\n</think>\n{ANSWER}",
    "never closed": f"{ANSWER}<think>{THOUGHT}",
    "harmony": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    "harmony, returned": f"<|channel|>analysis<|message|>{THOUGHT}<|end|>"
    f"<|channel|>commentary to=tool <|message|>{THOUGHT}<|call|><|channel|>final<|message|>{ANSWER}<|return|>",
    "none": ANSWER,
}


def said(*pieces: str) -> str:
    thoughts, text = Thoughts(), ""
    for one in [*(thoughts.without(piece) for piece in pieces), thoughts.rest()]:
        text = one.text if one.starts_over else text + one.text
    return text


@pytest.mark.slow
@pytest.mark.parametrize("dress", DRESSES)
@given(data=st.data())
def test_only_the_answer_is_read_however_the_stream_is_cut(dress: str, data: st.DataObject) -> None:
    text = DRESSES[dress]
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=30).map(sorted))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    assert said(*pieces).strip() == said(*text).strip() == ANSWER


@given(st.lists(st.sampled_from(["<", "<|", "|>", "think", "</", ">", "[", "◁", "a b", "\n", "<|channel|>", "x."])))
def test_without_a_whole_tag_nothing_is_taken_out(parts: list[str]) -> None:
    text = "".join(parts)
    if "<think>" not in text and "</think>" not in text:
        assert said(*parts) == said(text) == text


@pytest.mark.parametrize(("dress", "thought"), [("think", True), ("never closed", True), ("none", False)])
def test_it_knows_whether_there_was_a_thought(dress: str, thought: bool) -> None:
    thoughts = Thoughts()
    thoughts.without(DRESSES[dress])
    thoughts.rest()
    assert thoughts.were_there is thought


def test_no_stream_takes_long(within: object) -> None:
    with within(5.0):  # type: ignore[operator]
        for hostile in ("<" * 50_000, "<|channel|>" * 5_000, "[THIN" * 10_000, "<|channel|>" + "a" * 50_000):
            said(*hostile[:20_000])
