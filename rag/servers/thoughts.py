"""What a model thinks aloud is no answer: it is kept out of what is read, however the stream is cut.

Models that reason write it into the answer where their server does not take it out: between tags (`<think>`, of
DeepSeek, Qwen and others; `[THINK]` of Mistral, `◁think▷` of Kimi), or in channels (OpenAI's harmony, of which only the
final one is meant for people). Where the opening tag was part of the prompt, only the closing one stands in the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

_NAMES = r"(?:think|thinking|thought|thoughts|reasoning|reflection)"
_TOKEN = regex.compile(
    rf"(?P<opens><(?:[a-z]{{1,12}}:)?{_NAMES}>|\[THINK\]|◁think▷)"
    rf"|(?P<closes></(?:[a-z]{{1,12}}:)?{_NAMES}>|\[/THINK\]|◁/think▷)"
    r"|<\|channel\|>\s*(?P<channel>[a-z]{1,20})[^<\n]{0,80}<\|message\|>"
    r"|(?P<header><\|start\|>)|<\|(?:message|end|return|call)\|>",
    regex.IGNORECASE,
)
ONLY_THOUGHT = "only reasoned and gave no answer. Let it write longer, or turn its reasoning off."
"""Said of a model, behind its name."""

_FOR_PEOPLE = "final"


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of an answer without its thoughts. `starts_over` where all that came before was a thought."""

    text: str
    starts_over: bool = False


class Thoughts:
    """Takes the pieces of a stream and gives on what is meant for people; what may begin a tag is held back."""

    def __init__(self) -> None:
        self._buffer = ""
        self._is_hidden = False
        self.were_there = False

    def without(self, piece: str) -> Said:
        self._buffer += piece
        return self._taken(is_final=False)

    def rest(self) -> Said:
        """What was held back, once nothing more comes."""
        return self._taken(is_final=True)

    def _taken(self, *, is_final: bool) -> Said:
        said, starts_over = "", False
        while found := _TOKEN.search(self._buffer, partial=not is_final):
            before, self._buffer = self._buffer[: found.start()], self._buffer[found.start() :]
            said += self._shown(before)
            if found.partial:
                return Said(said, starts_over)
            self._buffer = self._buffer[found.end() - found.start() :]
            if found["closes"] and not self._is_hidden:
                said, starts_over, self.were_there = "", True, True
            else:
                self._is_hidden = self._hides(found)
        said += self._shown(self._buffer)
        self._buffer = ""
        return Said(said, starts_over)

    def _hides(self, found: regex.Match[str]) -> bool:
        if found["channel"]:
            return found["channel"].lower() != _FOR_PEOPLE
        return bool(found["opens"] or found["header"])

    def _shown(self, text: str) -> str:
        self.were_there |= self._is_hidden and bool(text.strip())
        return "" if self._is_hidden else text
