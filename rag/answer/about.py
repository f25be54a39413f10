"""What people type that is no question about a fact: greetings, "which documents do you have", "summarise …",
"compare …".

Pure: it tells the kind of such a question and which documents it means; `rag.chatbot` answers it from the
catalogue and from the documents' own sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import regex

from rag.text import terms


class Kind(StrEnum):
    GREETING = "greeting"
    THANKS = "thanks"
    ABILITIES = "abilities"
    CATALOGUE = "catalogue"
    SUMMARY = "summary"
    COMPARISON = "comparison"
    AUTHOR = "author"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Request:
    """`which` are places in the list of documents, from 0; empty means all of them. `topic` is what they are compared
    in, where that is said."""

    kind: Kind
    which: tuple[int, ...] = ()
    topic: str | None = None


_DOCUMENTS = r"(?:documents?|docs?|files?|articles?|sources?|texts?|pages?|papers?|story|stories|collection|corpus|library|folder)"
_GREETING = regex.compile(
    r"(?i)^\W*(?:hi|hello|hey|hallo|hola|bonjour|salut|ciao|good (?:morning|afternoon|evening|day)|guten (?:tag|morgen|abend)|moin|servus|greetings|yo)"
    r"(?:\s+(?:there|ibid|all|everyone|again))?\W*$"
)
_THANKS = regex.compile(
    r"(?i)^\W*(?:thanks?(?: you)?(?: (?:very|so) much| a lot)?|thx|cheers|danke(?: schön| sehr)?|merci|gracias|great|ok(?:ay)?|bye|goodbye)\W*$"
)
_ABILITIES = regex.compile(
    r"(?i)^\W*(?:help|what (?:can|do) you do|who are you|what are you|what is this(?: (?:tool|app|thing|bot|chatbot))?|how do(?:es)? (?:you|this|it) work|"
    r"what can (?:i|you) (?:ask|help|answer|tell)\b.{0,30}|how (?:can|do) i use (?:you|this))\W*$"
)
_CATALOGUE = regex.compile(
    rf"(?i)^\W*(?:(?:which|what|how many)\s+(?:\w+\s+)?{_DOCUMENTS}\s+(?:do you (?:have|know|hold|cover)|are (?:there|available|in (?:the|your|my) {_DOCUMENTS}|indexed|loaded)|have you(?: got| read)?|can (?:you|i) (?:read|see|search|use|access|ask|query|answer)\b.*|is there)"
    rf"|(?:list|show|name)(?: me)?(?: all)?(?: (?:the|your|my|of the))* {_DOCUMENTS}|what(?:'s| is| do you have) in (?:the|your|my) {_DOCUMENTS}|what are (?:the|your|my) {_DOCUMENTS}|what do you know(?: about)?)\W*$"
)
_SUMMARY = regex.compile(
    rf"(?i)^\W*(?:please\s+|can you\s+|could you\s+)*(?:(?:summari[sz]e|sum up|outline|recap|(?:give (?:me )?)?(?:a |an |the )?(?:brief |short |quick )?(?:summary|overview|outline|recap|gist)(?: of\b|(?=\W*$))|what(?:'s| is| are) (?:the )?(?:main|key) (?:points?|ideas?|messages?|topics?|takeaways?) (?:of|in)|tl;?dr)(?P<object>.*)"
    rf"|what(?:'s| is| are| was)\s+(?P<object>(?:this|it|that|these|they|all this|the .{{0,40}}?(?:{_DOCUMENTS}|one)|(?:this|these|each|every) {_DOCUMENTS})(?: \w+)?)\s+(?:all )?about"
    rf"|what do(?:es)? (?P<object>(?:this|these|the .{{0,40}}?|it|they) ?{_DOCUMENTS}?) (?:say|cover|discuss|deal with|talk about))\W*$"
)
_SEVERAL = r"(?:(?:(?:the|these|those|all|both|your|my|our|of|two|three|four|five|other|different|various)\s+)*(?:documents|docs|files|articles|sources|texts|papers|stories)|both|(?:the|these|those) two)"
_TOPIC = r"(?:\s+(?:on|about|over|in|regarding|concerning|as to|with regard to|with respect to|in terms of|when it comes to)\s+(?P<topic>.{2,200}?))?"
_COMPARE = r"(?:compare|contrast|compare and contrast)"
_POLITE = r"(?:please\s+|can you\s+|could you\s+)*"
_COMPARISONS = [
    regex.compile(rf"(?i)^\W*{_POLITE}{pattern}\W*$")
    for pattern in (
        rf"{_COMPARE} {_SEVERAL}(?:(?:'s?|’s?)?\s+(?:views?|accounts?|coverage|takes?|positions?|claims?))?{_TOPIC}",
        rf"{_COMPARE} (?:what|how) {_SEVERAL} (?:say|write|report|claim|describe|cover|see|present|treat|discuss)(?: about| on)?\s+(?P<topic>.{{2,200}}?)",
        rf"what(?:'s| is| are)(?: the)? (?:main |key |biggest )?(?:differences?|similarities|contrasts?|contradictions?|differences? and similarities|similarities and differences?) (?:between|of|among|in) {_SEVERAL}{_TOPIC}",
        rf"(?:how|where|in what|in which way) do {_SEVERAL} (?:differ|compare|relate|contrast|agree|disagree|contradict)(?: each other| one another| from each other)?{_TOPIC}",
        rf"do {_SEVERAL} (?:agree|disagree|differ|contradict|conflict|say the same)(?: with each other| each other| one another| thing)?{_TOPIC}",
        rf"what (?:do|did|have) {_SEVERAL} (?:say|said|report|reported|write|written|tell(?: me| us)?|claim|state|think) (?:about|on|of|regarding|concerning) (?P<topic>.{{2,200}}?)",
    )
]
"""All of them mean several documents by that word; "what does the article say about …" is a question about a fact."""

_PAIR = regex.compile(
    rf"(?i)^\W*{_POLITE}(?:{_COMPARE}|what(?:'s| is| are)(?: the)? (?:differences?|similarities) between|how does) (?P<one>.{{3,80}}?) (?:with|and|to|from|versus|vs\.?|against|(?:differ|compare) (?:from|to|with)) (?P<other>.{{3,80}}?)\W*$"
)
_PIECE = r"(?:.{1,80})"
_AUTHOR = regex.compile(
    rf"(?i)^\W*who(?:(?:'s| is| are| was| were) the (?:author|writer)s? of|(?: has| had)? (?:wrote|written|authored)) (?P<object>{_PIECE})\W*$"
)
_DATE = regex.compile(
    rf"(?i)^\W*(?:when|what (?:date|day|year)|on (?:what|which) (?:date|day)) (?:was|were|is|are) (?P<object>{_PIECE}) (?:written|published|posted|dated|released|updated|from)\W*$"
)
_ORDINALS = {
    "first": 0,
    "1st": 0,
    "second": 1,
    "2nd": 1,
    "third": 2,
    "3rd": 2,
    "fourth": 3,
    "4th": 3,
    "fifth": 4,
    "5th": 4,
}
_VAGUE = regex.compile(
    rf"(?i)^\W*(?:of |me |us )*(?:(?:this|it|that|these|them|everything|all|both|the|your|my|each|every|of|two|whole)\W*)*(?:(?:{'|'.join(_ORDINALS)}|last|other)\W+)?(?:one|{_DOCUMENTS})?\W*(?:please)?\W*$"
)


def classify(question: str, titles: Sequence[str]) -> Request | None:
    """The kind of request about the collection, or None for a question about a fact. `titles` describe the
    documents: title, file name and author of each.

    "Summarise the siege" is a question about a fact unless a document's title or place is meant.
    """
    for kind, pattern in (
        (Kind.GREETING, _GREETING),
        (Kind.THANKS, _THANKS),
        (Kind.ABILITIES, _ABILITIES),
        (Kind.CATALOGUE, _CATALOGUE),
    ):
        if pattern.match(question):
            return Request(kind)
    if compared := _comparison(question, titles):
        return compared
    for kind, pattern in ((Kind.SUMMARY, _SUMMARY), (Kind.AUTHOR, _AUTHOR), (Kind.DATE, _DATE)):
        match = pattern.match(question)
        which = _documents_meant(match.group("object") or "", titles) if match else None
        if which is not None:
            return Request(kind, which)
    return None


def _comparison(question: str, titles: Sequence[str]) -> Request | None:
    for pattern in _COMPARISONS:
        if match := pattern.match(question):
            return Request(Kind.COMPARISON, (), match.groupdict().get("topic"))
    if match := _PAIR.match(question):
        one, other = (_documents_meant(match.group(name), titles) for name in ("one", "other"))
        # A vague one ("this article") could be any.
        if one and other and not set(one) & set(other):
            return Request(Kind.COMPARISON, tuple(sorted({*one, *other})))
    return None


def _documents_meant(about: str, titles: Sequence[str]) -> tuple[int, ...] | None:
    """Places of the documents that a phrase means; empty for all of them, None where it means none."""
    words = about.lower().split()
    if _VAGUE.match(about):
        place = next((_ORDINALS[word] for word in words if word in _ORDINALS), None)
        if place is None and "last" in words:
            place = len(titles) - 1
        return () if place is None else ((place,) if 0 <= place < len(titles) else None)
    asked = set(terms.content_stems(about)) - set(
        terms.stems("article document file text story paper summary post report page blog")
    )
    fits = [len(asked & set(terms.stems(title))) / len(asked) if asked else 0.0 for title in titles]
    best = max(fits, default=0.0)
    return tuple(i for i, fit in enumerate(fits) if fit == best) if best >= 0.6 else None
