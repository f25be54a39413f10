"""What a model thinks aloud never reaches the answer, however its stream is cut."""

from __future__ import annotations

import re
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
    "harmony without its tokens": f"analysis{THOUGHT}assistantfinal{ANSWER}",
    "harmony without its tokens, of a tool": f"analysis{THOUGHT}assistantcommentary to=x{THOUGHT}assistantfinal{ANSWER}",
    "harmony in small letters": f"analysiswell, {THOUGHT}assistantfinal{ANSWER}",
    "only the final channel's name": f"final{ANSWER}",
    "an attribute": f'<think time="3">{THOUGHT}</think>{ANSWER}',
    "analysis": f"<analysis>\n{THOUGHT}\n</analysis>\n{ANSWER}",
    "a scratchpad": f"<scratchpad>{THOUGHT}</scratchpad><answer>{ANSWER}</answer>",
    "details": f'<details type="reasoning" done="true">\n<summary>Thought</summary>\n> {THOUGHT}\n</details>\n{ANSWER}',
    "begin and end": f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|><|begin_of_solution|>{ANSWER}<|end_of_solution|>",
    "start and end": f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
    "a channel of one bar": f"<|channel>thought\n{THOUGHT}<channel|>{ANSWER}",
    "unused tokens": f"<unused94>thought\n{THOUGHT}<unused95>{ANSWER}",
    "special tokens": f"<SPECIAL_12>{THOUGHT}</SPECIAL_12>{ANSWER}",
    "a thought process": f"Here is my thought process:\n{THOUGHT}\n\nHere is my response:\n{ANSWER}",
    "a bold heading": f"**Thinking:** {THOUGHT}\n\n**Answer:** {ANSWER}",
    "a heading": f"### Reasoning\n{THOUGHT}\n### Final answer\n{ANSWER}",
    "a label": f"Thought: {THOUGHT}\nFinal Answer: {ANSWER}",
    "a turn": f"<|im_start|>assistant\n{ANSWER}<|im_end|>",
    "a turn of the user behind it": f"{ANSWER}<end_of_turn>\n<start_of_turn>user\n{THOUGHT}<end_of_turn>",
    "a header": f"<|start_header_id|>assistant<|end_header_id|>\n\n{ANSWER}<|eot_id|>",
    "a role": f"assistant\n\n{ANSWER}</s>",
    "an end of its own": f"[/INST] {ANSWER}<｜end▁of▁sentence｜>",
    "none": ANSWER,
}
UNFINISHED = (
    f"analysis{THOUGHT}", f"<analysis>{THOUGHT}", f"<|START_THINKING|>{THOUGHT}", f"**Thinking:** {THOUGHT}",
    f"Here is my thought process: {THOUGHT}", f'<details type="reasoning">{THOUGHT}', f"<unused94>thought\n{THOUGHT}",
)  # fmt: skip
NO_THOUGHT = ("only the final channel's name", "a turn", "a header", "a role", "an end of its own", "none")
WORDS_OF_AN_ANSWER = (
    "The final answer is 4.", "Analysis of water takes a day.", "assistant", "finally it rained.", "<details>It fell.",
    "Our answer: no.", "He was an assistant, final year.", "Here is my answer: 4.",
)  # fmt: skip


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


@pytest.mark.parametrize("text", UNFINISHED)
def test_a_thought_that_never_ends_is_no_answer(text: str) -> None:
    thoughts = Thoughts()
    assert said(text) == said(*text) == ""
    thoughts.without(text)
    thoughts.rest()
    assert thoughts.were_there


@pytest.mark.parametrize("text", WORDS_OF_AN_ANSWER)
def test_words_that_only_sound_like_it_stay(text: str) -> None:
    assert said(text) == said(*text) == text


@given(st.lists(st.sampled_from(["<", "<|", "|>", "think", "</", ">", "[", "◁", "a b", "\n", "<|channel|>", "x."])))
def test_without_a_whole_tag_nothing_is_taken_out(parts: list[str]) -> None:
    text = "".join(parts)
    if not re.search(r"</?think>|<\|(?!channel)\w+\|>", text):
        assert said(*parts) == said(text) == text


@pytest.mark.parametrize(("dress", "thought"), [("think", True), ("never closed", True), ("none", False)])
def test_it_knows_whether_there_was_a_thought(dress: str, thought: bool) -> None:
    thoughts = Thoughts()
    thoughts.without(DRESSES[dress])
    thoughts.rest()
    assert thoughts.were_there is thought


def test_no_stream_takes_long(within: object) -> None:
    with within(5.0):  # type: ignore[operator]
        for hostile in (
            "<" * 50_000,
            "<|channel|>" * 5_000,
            "[THIN" * 10_000,
            "<|channel|>" + "a" * 50_000,
            "\n" * 50_000,
            "**" * 9_000,
        ):
            said(*hostile[:20_000])


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_was_thought_is_kept_apart_to_the_letter(dress: str, size: int) -> None:
    text, thoughts = DRESSES[dress], Thoughts()
    for start in range(0, len(text), size):
        thoughts.without(text[start : start + size])
    thoughts.rest()
    assert (THOUGHT in thoughts.aloud) is (dress not in NO_THOUGHT)
    assert ANSWER not in thoughts.aloud
