"""Subtitles and transcripts of meetings in cues, WebVTT and SubRip: what one speaker says, without the times between.

Cues are cut where a screen is full; here those of one speaker that follow one another are one turn.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import regex

from rag.documents.blocks import ends_sentence
from rag.documents.loaders.loaded import Piece
from rag.documents.speakers import NAME, is_speaker
from rag.domain import Role

_LONG, _LONGEST = 600, 1_500
"""Characters of a turn, from which it ends with a sentence, and at which it ends anywhere."""

_CLOCK = r"(?:\d{1,3}:)?\d{2}:\d{2}[.,]\d{3}"
_TIMING = regex.compile(rf"\s*(?P<start>{_CLOCK})\s+-->\s+{_CLOCK}[^\n]*")
_VTT = regex.compile(r"\ufeff?WEBVTT(?:[ \t][^\n]*)?(?:\n|$)")
_SRT = regex.compile(rf"\ufeff?\s*\d+[ \t]*\n{_TIMING.pattern}\n")
_VOICE = regex.compile(r"<v(?:\.[\w.-]+)?\s+(?P<name>[^>\n]+)>")
_NAMED = regex.compile(rf"\s*(?:>>\s*|-\s+)?(?P<name>{NAME})[:：]\s+")
_ANOTHER = regex.compile(rf"\n(?=[ \t]*(?:-|>>|{NAME}[:：]\s))")
_TAG = regex.compile(r"</?(?:[a-z]+(?:[. ][^>\n]*)?|\d{1,2}:[\d:.]+)>|\{\\[^}\n]*\}", regex.IGNORECASE)
_FEWEST_NAMED = 2


@dataclass(frozen=True, slots=True)
class _Cue:
    start: str
    text: str
    speaker: str | None = None


def cue_pieces(text: str) -> list[Piece] | None:
    """The turns; None where the text is of no such format, whatever its file is called."""
    text = "\n".join(text.splitlines())
    if not (_VTT.match(text) or _SRT.match(text)):
        return None
    return [_piece(turn) for turn in _turns(_named(list(_cues(text))))]


def _cues(text: str) -> Iterator[_Cue]:
    for block in regex.split(r"\n[ \t]*\n", text):
        lines = block.split("\n")
        at = next((i for i, line in enumerate(lines[:2]) if _TIMING.fullmatch(line)), None)
        if at is None:
            continue  # its head, a note or a style: nobody sees them
        timing = _TIMING.fullmatch(lines[at])
        assert timing is not None, "the line was found by it"
        yield from _voices("\n".join(lines[at + 1 :]), _told(timing["start"]))


def _voices(text: str, start: str) -> Iterator[_Cue]:
    """A cue may hold several voices, one behind another."""
    voices = list(_VOICE.finditer(text))
    yield from _cue(text[: voices[0].start()] if voices else text, start, None)
    ends = [*(voice.start() for voice in voices), len(text)][1:]
    for voice, end in zip(voices, ends, strict=True):
        yield from _cue(text[voice.end() : end], start, html.unescape(voice["name"]).strip())


def _cue(marked: str, start: str, speaker: str | None) -> Iterator[_Cue]:
    """A line of a cue that a dash or a name begins is somebody else's."""
    for part in _ANOTHER.split(html.unescape(_TAG.sub("", marked))):
        if words := " ".join(part.split()):
            yield _Cue(start, words, speaker)


def _told(clock: str) -> str:
    """The time as people say it: 00:01:02.345 is 1:02."""
    hours, minutes, seconds = (["0", *regex.split(r"[.,]", clock)[0].split(":")])[-3:]
    return f"{int(hours)}:{minutes}:{seconds}" if int(hours) else f"{int(minutes)}:{seconds}"


def _named(cues: list[_Cue]) -> Iterator[_Cue]:
    """Names in front of words are taken for speakers where they come back, and cues have no voices of their own."""
    found = [None if cue.speaker else _NAMED.match(cue.text) for cue in cues]
    names = Counter(match["name"] for match in found if match and is_speaker(match["name"]))
    has_voices = any(cue.speaker for cue in cues)
    speaker, is_open = None, False
    for cue, match in zip(cues, found, strict=True):
        if has_voices:
            yield cue
        elif match and names[match["name"]] >= _FEWEST_NAMED:
            speaker = match["name"]
            yield replace(cue, speaker=speaker, text=cue.text[match.end() :])
        else:
            # Unnamed words are the last speaker's only where they end that one's sentence.
            speaker = speaker if is_open and match is None and not cue.text.startswith(("-", ">>")) else None
            yield replace(cue, speaker=speaker)
        is_open = not ends_sentence(cue.text)


def _turns(cues: Iterator[_Cue]) -> Iterator[_Cue]:
    turn: _Cue | None = None
    for cue in cues:
        if turn is not None and _goes_on(turn, cue):
            turn = replace(turn, text=f"{turn.text} {cue.text}")
            continue
        if turn is not None:
            yield turn
        turn = cue
    if turn is not None:
        yield turn


def _goes_on(turn: _Cue, cue: _Cue) -> bool:
    if turn.speaker != cue.speaker or len(turn.text) + len(cue.text) > _LONGEST:
        return False
    return len(turn.text) < _LONG or not ends_sentence(turn.text)


def _piece(turn: _Cue) -> Piece:
    return Piece(text=turn.text, role=Role.BODY, speaker=turn.speaker, time=turn.start)
