"""Does a text answer a question with yes or with no? Told by its words alone, and only where they tell it.

A text says so itself (“No, …”), or a sentence of it denies what the question asks about or affirms all of it. What a
denial reaches is its clause: all of it behind an auxiliary (“need not”) or with a verb of forbidding, else what stands
behind it (“but not on the chair lifts”). Everything else cannot be told, which is not “wrong”.
"""

from __future__ import annotations

import regex

from evals.wording import normalise
from rag.text import terms
from rag.text.sentences import split_sentences

_YES = frozenset("yes yeah yep ja oui si sí true".split())
_NO = frozenset("no nope nein non false".split())
_ENOUGH_DENIED = 2
"""Words of the question in what is denied, from which on it is the question's matter; or one, where the sentence holds
all of the question."""

_SAYS = regex.compile(r"^\W*(\w+)(?=\s*(?:[,.:;!–—-]|$))")
_CLAUSE = regex.compile(
    r"[,;:–—()]|\b(?:but|whereas|while|although|though|because|aber|sondern|während|obwohl|mais|pero|sino)\b",
    regex.IGNORECASE,
)
_WHOLE = regex.compile(
    r"\b(?:is|are|was|were|am|be|been|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|would|needs?)"
    r"\s+(?:(?:also|currently|yet|still|usually|\w+ly)\s+)?not\b(?!\s+only)"
    r"|n[’']t\b|\bcannot\b|\b(?:never|nobody|unable|impossible)\b"
    r"|\b(?:nicht(?!\s+nur)|kein\w*|nie|niemals)\b|\bn[e’']\s?\w+\s+(?:pas|jamais|plus|aucun\w*)\b|\b(?:nunca|jamás)\b",
    regex.IGNORECASE,
)
_FORBIDS = regex.compile(
    r"\b(?:forb[ai]d\w*|prohibit\w*|banned|verboten|untersagt|interdit\w*|prohibid\w+)\b", regex.IGNORECASE
)
_ALLOWED = " allowed permitted erlaubt permis permitido"
_BEHIND = regex.compile(
    r"\b(?:not(?!\s+only)|no(?!\.?\s*\d)|none|neither|nor|without|except|excluding|unless|other than"
    r"|ohne|außer|ausgenommen|sans|sauf|sin|excepto|salvo)\b",
    regex.IGNORECASE,
)


def said(answer: str) -> bool | None:
    """What a bare answer says: True for yes, False for no, None for anything else."""
    word = normalise(answer)
    return True if word in _YES else False if word in _NO else None


def polarity(question: str, *, text: str) -> bool | None:
    """Whether the text answers with yes (True) or no (False); None where its words do not tell, or say both."""
    if (begin := _SAYS.match(text)) is not None and (told := said(begin[1])) is not None:
        return told
    asked = frozenset(terms.content_stems(question))
    if not asked or _denies(question):
        return None
    found = {_of_sentence(span.of(text), asked=asked) for span in split_sentences(text)} - {None}
    return found.pop() if len(found) == 1 else None


def _denies(question: str) -> bool:
    """Of “is it true that dogs are not allowed?” nobody knows what “no” means; “aren’t dogs allowed?” is plain."""
    behind = regex.sub(r"^\W*\w+n[’']t\b", "", question)
    return any(one.search(behind) for one in (_WHOLE, _FORBIDS, _BEHIND))


def _of_sentence(sentence: str, *, asked: frozenset[str]) -> bool | None:
    affirmed, denied = set[str](), set[str]()
    for clause in _CLAUSE.split(sentence):
        above, below = _parted(clause)
        affirmed |= asked & _stems(above)
        denied |= asked & _stems(below)
    holds_all = asked <= affirmed | denied
    if len(denied) >= _ENOUGH_DENIED or (denied and holds_all):
        return False
    return True if asked <= affirmed and not denied else None


def _parted(clause: str) -> tuple[str, str]:
    """What a clause affirms, and what it denies."""
    if _FORBIDS.search(clause):
        return "", clause + _ALLOWED
    if _WHOLE.search(clause):
        return "", clause
    found = _BEHIND.search(clause)
    return (clause[: found.start()], clause[found.end() :]) if found else (clause, "")


def _stems(text: str) -> frozenset[str]:
    return frozenset(terms.stems(text))
