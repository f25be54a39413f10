"""What a model thinks aloud is no answer: it is kept out of what is read, however the stream is cut.

Models that reason write it into the answer where their server does not take it out: between tags (`<think>`, of
DeepSeek, Qwen and others; `[THINK]` of Mistral, `◁think▷` of Kimi, `<|START_THINKING|>` of Cohere), in channels
(OpenAI's harmony, of which only the final one is meant for people; without its tokens it reads
"analysis…assistantfinal…"), or under a heading of their own ("Here is my thought process:", of Granite). Where the
opening tag was part of the prompt, only the closing one stands in the answer. The tokens by which a model's template
tells turns apart, and the tags around an answer, are left out with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import regex

_NAMES = r"(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad)"
_TAG = rf"(?:[a-z]{{1,12}}:)?{_NAMES}"
_WITH = r"(?:\s[^<>\n]{0,80})?"
_TOKENS = (
    rf"(?P<opens><{_TAG}{_WITH}>|<details\s[^<>\n]{{0,40}}\breasoning\b[^<>\n]{{0,80}}>|\[THINK\]|◁think▷"
    rf"|<\|(?:begin_of_|begin_|start_of_|start_)?{_NAMES}\|>|<\|channel>\s{{0,8}}{_NAMES}|<SPECIAL_\d{{1,3}}>)"
    # Gemma's open and close alike.
    r"|(?P<turns><unused\d{1,3}>)"
    # Without the tokens between its channels, harmony's final one begins with this; it is no word.
    rf"|(?P<closes></{_TAG}>|\[/THINK\]|◁/think▷|<\|(?:end_of_|end_|/){_NAMES}\|>|(?-i:assistantfinal))"
    r"|(?P<resumes></details>|<channel\|>|</SPECIAL_\d{1,3}>|<\|(?:message|end|return|call)\|>)"
    r"|<\|channel\|>\s*(?P<channel>[a-z]{1,20})[^<\n]{0,80}<\|message\|>"
    r"|(?:<\|im_start\|>|<start_of_turn>)\s{0,8}(?P<role>[a-z]{1,20})(?=\s)"
    r"|<\|start_header_id\|>\s{0,8}(?P<role>[a-z]{1,20})<\|end_header_id\|>"
    r"|(?P<header><\|start\|>)"
    r"|(?P<dress><[|｜](?!(?:channel|start|im_start|start_header_id|message|end|return|call)\|)[\w▁]{1,30}[|｜]>"
    r"|</?(?:s|bos|eos|end_of_turn)>|\[/?INST\]|</?(?:answer|final_answer|response|solution)>)"
)
_MARKUP = r"[#*_]{0,6}"
_SPACE = r"[ \t]{0,4}"
_HEADING = r"(?:thinking|thoughts?|thought process|reasoning|chain of thought|scratchpad)"
_TOKEN = regex.compile(_TOKENS, regex.IGNORECASE)
_HEADED = rf"{_MARKUP}{_SPACE}(?:my )?{_HEADING}{_MARKUP}{_SPACE}:{_MARKUP}(?=[^#*_])"
_FIRST = regex.compile(
    r"\A\s{0,40}+(?:"
    rf"(?P<heads>here(?:['’]s| is) my {_HEADING}(?: process)?:|{_HEADED}"
    rf"|[#*_]{{1,6}}{_SPACE}{_HEADING}{_MARKUP}{_SPACE}\n)"
    r"|(?-i:(?P<analyses>(?:analysis|commentary)(?=[\p{Lu}\"“‘'(*]))"
    r"|(?P<names>final(?=\p{Lu})|(?:assistant|model)[ \t]*\n)))"
    rf"|{_TOKENS}",
    regex.IGNORECASE,
)
_ANSWER = r"(?:here(?:['’]s| is) my |the |my )?(?:final )?(?:answer|response)"
_UNDER_HEADING = regex.compile(
    rf"(?P<answers>(?:\n\s{{0,8}}+|(?=\*\*)){_MARKUP}{_SPACE}{_ANSWER}{_MARKUP}{_SPACE}(?::{_MARKUP}(?=[^#*_])|\n))"
    rf"|{_TOKENS}",
    regex.IGNORECASE,
)
ONLY_THOUGHT = "only reasoned and gave no answer. Let it write longer, or turn its reasoning off."
"""Said of a model, behind its name."""

_FOR_PEOPLE = ("final", "assistant", "model")
"""The channels and the turns that are read."""


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of an answer without its thoughts. `starts_over` where all that came before was a thought."""

    text: str
    starts_over: bool = False


class _State(Enum):
    """What the text at hand is: nothing was said yet, an answer, a thought, or a thought under a heading, which ends at
    the answer's own heading."""

    FIRST = auto()
    SAID = auto()
    THOUGHT = auto()
    UNDER_HEADING = auto()


class Thoughts:
    """Takes the pieces of a stream and gives on what is meant for people; what may begin a tag is held back. `aloud` is
    what was thought so far."""

    def __init__(self) -> None:
        self._buffer = ""
        self._state = _State.FIRST
        self._said = ""
        self.were_there = False
        self.aloud = ""

    def without(self, piece: str) -> Said:
        self._buffer += piece
        return self._taken(is_final=False)

    def rest(self) -> Said:
        """What was held back, once nothing more comes."""
        return self._taken(is_final=True)

    def _taken(self, *, is_final: bool) -> Said:
        said, starts_over = "", False
        while found := self._next(is_final=is_final):
            before, self._buffer = self._buffer[: found.start()], self._buffer[found.start() :]
            said += self._shown(before)
            if found.partial:
                return Said(said, starts_over)
            self._buffer = self._buffer[found.end() - found.start() :]
            if found.groupdict().get("closes") and not self._is_hidden:
                self.aloud, self._said = self.aloud + self._said, ""
                said, starts_over, self.were_there = "", True, True
            self._state = self._after(found)
        said += self._shown(self._buffer)
        self._buffer = ""
        return Said(said, starts_over)

    def _next(self, *, is_final: bool) -> regex.Match[str] | None:
        """The next token, or what may become one."""
        found = _BY_STATE[self._state].search(self._buffer, partial=not is_final)
        if found and self._state is _State.FIRST and self._buffer[: found.start()].strip():
            # Something stands in front: it is no longer the first.
            self._state = _State.SAID
            return _TOKEN.search(self._buffer, partial=not is_final)
        return found

    def _after(self, found: regex.Match[str]) -> _State:
        told = {name for name, text in found.groupdict().items() if text}
        if "heads" in told:
            return _State.UNDER_HEADING
        if told & {"opens", "header", "analyses"} or ("turns" in told and not self._is_hidden):
            return _State.THOUGHT
        if "dress" in told:
            return self._state
        named = found["channel"] or found["role"]
        if named and named.lower() not in _FOR_PEOPLE:
            return _State.THOUGHT
        return _State.FIRST if "names" not in told else self._state

    @property
    def _is_hidden(self) -> bool:
        return self._state in (_State.THOUGHT, _State.UNDER_HEADING)

    def _shown(self, text: str) -> str:
        if self._is_hidden:
            self.were_there |= bool(text.strip())
            self.aloud += text
            return ""
        if text.strip():
            self._state = _State.SAID
        self._said += text
        return text


_BY_STATE = {
    _State.FIRST: _FIRST,
    _State.SAID: _TOKEN,
    _State.THOUGHT: _TOKEN,
    _State.UNDER_HEADING: _UNDER_HEADING,
}
