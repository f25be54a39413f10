"""Questions that nobody asked, made of the collections' own text, and other wordings of those that somebody did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import regex

from evals.fitting.training_texts import Case, Collection, Gold, Origin
from rag.domain import Role
from rag.text import terms
from rag.text.sentences import split_sentences

_DOERS = frozenset(
    "add use create configure set build install run write define read get make enable disable start stop query test"
    " deploy manage handle import export publish choose control understand customize generate convert update upgrade"
    " upload remove delete check monitor secure connect scale store access return compare call debug extend work"
    " implement format validate store send filter search host render include organize report request apply respond"
    " plan conduct recruit give keep design share avoid find".split()
)
"""Verbs that a heading begins with where it says what one does."""
_LONGEST_HEADING = 90
_HEADING_WEIGHT = 0.6
_HEADED = 3
"""Paragraphs of a section that its heading may be asked of."""

_SHARES = {"qed": 0.6, "squad": 0.8, "medquad": 0.3, "fairy": 0.3}
"""Of a collection's paragraphs, those that a sentence is taken from."""
_REAL_SHARE, _OTHER_SHARE = 0.35, 0.1
_OWN_WEIGHT = 0.35

_NAMED = regex.compile(r"(?<!^)\b[A-Z][\w'-]+(?: [A-Z][\w'-]+)*|\b\d[\d,.]*\d\b")
"""A name, number or year inside a question."""
_SWAPPED_SHARE = 0.35
_SWAPPED_WEIGHT = 0.7

_SHORTEST_MISTYPED = 4


def headings_asked(collection: Collection, random: Random) -> Iterator[Case]:
    """Each heading as a question that its section answers."""
    sections: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for place, text in enumerate(collection.texts):
        if text.headings and text.role in (Role.BODY, Role.LIST, Role.TABLE):
            sections[text.document, text.headings].append(place)
    for (_, headings), places in sections.items():
        heading = headings[-1].strip("# *`")
        if len(heading.split()) > 1 and len(heading) <= _LONGEST_HEADING:
            above = headings[-2] if len(headings) > 1 else collection.texts[places[0]].context.split(" › ")[0]
            yield Case(
                question=_heading_asked(heading, above=above, random=random),
                golds=[Gold(place) for place in places[:_HEADED]],
                origin=Origin.HEADING,
                weight=_HEADING_WEIGHT,
                beside=frozenset(places),
            )


def _heading_asked(heading: str, *, above: str, random: Random) -> str:
    if heading.endswith("?"):
        return heading
    lower = heading[0].lower() + heading[1:] if not heading[1].isupper() else heading
    first = heading.split()[0].lower()
    if first.endswith("ing") and len(first) > len("doing"):
        return random.choice([f"how does {lower} work?", lower, f"tell me about {lower}", f"{lower} in {above}"])
    if first in _DOERS:
        wordings = [f"how do I {lower}?", f"how can we {lower}", f"How to {lower}?"]
        return random.choice([*wordings, lower, f"how do you {lower} in {above}?"])
    wordings = [f"what is {lower}?", lower, f"what about {lower}?", f"{lower} {above}"]
    return random.choice([*wordings, f"Can you explain {lower}?", f"what does it say about {lower}?"])


def sentences_taken_out(collection: Collection, random: Random) -> Iterator[Case]:
    """A sentence as the question of its own paragraph (the inverse cloze task of Lee, Chang and Toutanova 2019)."""
    share = _SHARES.get(collection.name, _REAL_SHARE if collection.is_real else _OTHER_SHARE)
    for place, text in enumerate(collection.texts):
        if text.role is not Role.BODY or random.random() > share:
            continue
        telling = [span for span in split_sentences(text.text) if 6 <= len(span.of(text.text).split()) <= 30]
        if len(telling) > 2:
            span = random.choice(telling)
            own = span.of(text.text)
            yield Case(question=own, golds=[Gold(place)], origin=Origin.OWN, weight=_OWN_WEIGHT, own=span)


def names_swapped(collection: Collection, random: Random) -> Iterator[Case]:
    """Questions that nothing answers: a name, number or year in the place of another one of the same document, which
    the paragraph does not hold. The paragraph stays in `golds`, as the nearest wrong one."""
    asked = [case for case in collection.cases if case.origin is Origin.SPAN]
    others: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for case in asked:
        document = collection.texts[case.golds[0].paragraph].document
        for match in _NAMED.finditer(case.question):
            others[document, _is_number(match.group())].append(match.group())
    for case in asked:
        if random.random() > _SWAPPED_SHARE:
            continue
        text = collection.texts[case.golds[0].paragraph]
        named = list(_NAMED.finditer(case.question))
        if not named:
            continue
        match = random.choice(named)
        name = match.group()
        pool = [one for one in others[text.document, _is_number(name)] if one not in text.text and one != name]
        if pool:
            question = case.question[: match.start()] + random.choice(pool) + case.question[match.end() :]
            yield replace(case, question=question, origin=Origin.SWAPPED, weight=_SWAPPED_WEIGHT)


def _is_number(name: str) -> bool:
    return name[0].isdigit()


def wordings(case: Case, random: Random) -> list[str]:
    """The question, and of every second one that a person asked another wording: its keywords, without capitals and
    question mark, or mistyped."""
    if case.origin not in (Origin.SPAN, Origin.LIST):
        return [case.question]
    drawn = random.random()
    if drawn < 0.2:
        return [case.question, _keywords(case.question)]
    if drawn < 0.4:
        return [case.question, case.question.lower().rstrip("?").strip()]
    if drawn < 0.55:
        return [case.question, _mistyped(case.question, random)]
    return [case.question]


def _keywords(question: str) -> str:
    words = terms.content_words(question)
    return " ".join(words) if len(words) > 1 else question.lower().rstrip("?")


def _mistyped(question: str, random: Random) -> str:
    """One or two letters swapped, left out or doubled, never a word's first or last."""
    words = question.split()
    for _ in range(random.choice([1, 1, 2])) if words else ():
        at = random.randrange(len(words))
        word = words[at]
        if len(word) >= _SHORTEST_MISTYPED:
            words[at] = _wrong_at(random.randrange(1, len(word) - 1), word=word, drawn=random.random())
    return " ".join(words)


def _wrong_at(i: int, *, word: str, drawn: float) -> str:
    if drawn < 0.4:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if drawn < 0.7:
        return word[:i] + word[i + 1 :]
    return word[: i + 1] + word[i:]
