"""What is known of each language: its words and phrases, read once from `languages/*.toml`, a file for each.

A file holds words (a string, separated by spaces), words that are numbers (a table from the number to its words), and
phrases (a list of patterns, in which a space is any white space, and `{name}` stands for the file's own entry of that
name). What is asked for is what all languages say together: pages mix them, and few tell which they are in. To add a
language is to add a file with the names of `en.toml`, which has every one; a language may leave out any.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import regex

LANGUAGES = Path(__file__).parent / "languages"

Entry = str | list[str] | dict[str, str]
Language = Mapping[str, Mapping[str, Entry]]

_REFERENCE = regex.compile(r"\{(?P<name>[a-z_.]+)\}")


def words(name: str) -> tuple[str, ...]:
    """The words of all languages under a name such as "names.verbs", each once. Raises KeyError where none has it."""
    return tuple(dict.fromkeys(word for _, entry in _entries(name) if isinstance(entry, str) for word in entry.split()))


def words_of(code: str, name: str) -> tuple[str, ...]:
    """The words of one language, by its code ("de"), under a name; none where it has no file or no such words."""
    section, _, key = name.partition(".")
    entry = _languages().get(code, {}).get(section, {}).get(key)
    return tuple(entry.split()) if isinstance(entry, str) else ()


def phrases(name: str) -> tuple[str, ...]:
    """The phrases of all languages under a name, as patterns. Raises KeyError where none has it."""
    return tuple(
        _pattern_of(phrase, section=name.split(".")[0], language=language)
        for language, entry in _entries(name)
        if isinstance(entry, list)
        for phrase in entry
    )


def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The groups of words of all languages under a name. Raises KeyError where none has it."""
    return tuple(tuple(row.split()) for _, entry in _entries(name) if isinstance(entry, list) for row in entry)


def numbered(name: str) -> dict[str, int]:
    """The words of all languages under a name, with their numbers; of a number the English word comes first. Raises
    KeyError where none has it."""
    return {
        word: int(number)
        for _, entry in _entries(name)
        if isinstance(entry, dict)
        for number, spellings in entry.items()
        for word in spellings.split()
    }


def numbered_of(code: str, name: str) -> dict[str, int]:
    """The words of one language under a name, with their numbers; none where it has no file or no such words."""
    section, _, key = name.partition(".")
    entry = _languages().get(code, {}).get(section, {}).get(key)
    if not isinstance(entry, dict):
        return {}
    return {word: int(number) for number, spellings in entry.items() for word in spellings.split()}


def pattern(*names: str) -> str:
    """A pattern for any word or phrase under any of the names. Raises KeyError where no language has one of them."""
    spelled = [word for name in names for word in (*words(name), *numbered(name))]
    escaped = [regex.escape(word) for word in sorted(dict.fromkeys(spelled), key=len, reverse=True)]
    return f"(?:{'|'.join([*escaped, *(phrase for name in names for phrase in phrases(name))])})"


def _entries(name: str) -> Iterator[tuple[Language, Entry]]:
    section, _, key = name.partition(".")
    holding = [language for language in _languages().values() if key in language.get(section, {})]
    if not holding:
        raise KeyError(name)
    return ((language, language[section][key]) for language in holding)


@lru_cache(maxsize=1)
def _languages() -> dict[str, Language]:
    """By their codes, English first: where one spelling is shown, it is the English one."""
    paths = sorted(LANGUAGES.glob("*.toml"), key=lambda path: (path.stem != "en", path.stem))
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths}


def _pattern_of(phrase: str, *, section: str, language: Language) -> str:
    def own(reference: regex.Match[str]) -> str:
        return _own_pattern(reference.group("name"), section=section, language=language)

    return _REFERENCE.sub(own, phrase.replace(" ", r"\s+"))


def _own_pattern(name: str, *, section: str, language: Language) -> str:
    """A pattern for an entry of one language, in the same section or in the one that the name begins with."""
    section, key = name.split(".") if "." in name else (section, name)
    entry = language[section][key]
    if isinstance(entry, list):
        return f"(?:{'|'.join(_pattern_of(phrase, section=section, language=language) for phrase in entry)})"
    spelled = " ".join(entry.values() if isinstance(entry, dict) else [entry]).split()
    return f"(?:{'|'.join(map(regex.escape, sorted(spelled, key=len, reverse=True)))})"
