"""Boilerplate as pages word it: share buttons, closing notes, copyright lines. Phrases in, yes or no out."""

from __future__ import annotations

import regex

MOST = 300
"""Characters. What is longer says something of its own, however it begins."""

_ENGLISH = r"""
related\b.{0,20}:
related\W*$
share (?:this|on|via)\b
share\W*$
like\W*$
reply\W*$
report(?: abuse)?\W*$
(?:reply|like|share|report|quote|permalink|flag)(?:\s*[|·•/]\s*\w+)+\W*$
(?:reply|save|quote|edit|print|share|tweet|email|pin it|follow|report this post)(?:\s{2,}|\t+)\S.{0,60}$
(?:tweet|email|print|share|save)(?: (?:tweet|email|print|share|save|this|pin|it))+\W*$
print this
email this
(?:comments?|replies) (?:are|is|have been) (?:now )?(?:closed|disabled|moderated)
.{0,200}\b(?:letters|comments|reviews|submissions) (?:may|will|can) be (?:shortened|edited|moderated|removed)
leave a (?:reply|comment|review)
(?:post|add|write) a (?:comment|reply|review)
add a comment
your answer\W*$
your email address
name\s*\*
write to us:
helpful\W*$
helpful\?? (?:yes|no)
\d+ of \d+ found this
\d+ (?:people|persons?|customers?) found
was this (?:review )?helpful
customers who
.{0,80}\badd to (?:basket|cart|bag|wish)
(?:log|sign)\s*-?\s*(?:in|up)\b
by (?:clicking|posting|signing up)\b
subscribe\b
unsubscribe\b
newsletter\b
.{0,40}\bnewsletter\b.{0,60}$
join our
follow us\b
click here\b
view in browser
end of\b.{0,60}digest
read (?:more|next|also)\b
continue reading
see also:
see all \d+
more (?:from|on|in|stories)\b
most (?:read|popular|viewed)\b
you (?:may|might) also
load more
show more
view all
jump to recipe
advertisement\b
sponsored\b
.{0,60}\baffiliate links
(?:this (?:site|website|page)|we) uses? cookies
.{0,40}\bcookies?\b.{0,80}(?:accept|consent|agree|experience|preferences|settings)
.{0,60}all rights reserved
©
\(c\)\s*(?:19|20)\d\d
copyright\b
terms (?:of|and)\b
privacy\b
powered by\b
retrieved from
this page was last
this entry was posted
press release\W*$
for immediate release
skip to\b
back to (?:top|the top)
top\W*$
home\s*[>»|›/]
main page\b
contents\s*\[
page \d+ of \d+
(?:previous|next|older|newer) (?:post|article|story|page|topic|comments?)
tags?:
tagged\b
filed under
categor(?:y|ies):
posted in\b
users? browsing
display posts
sort(?:ed)? by\b
"""

_GERMAN = r"""
teilen\b
antworten\W*$
gefällt mir
schreibe einen
(?:deine|ihre) e-?mail
die kommentarfunktion
kommentare? (?:sind|ist) geschlossen
ähnliche beiträge
mehr zum thema
zum thema
lesen sie auch
jetzt abonnieren
diese (?:web)?seite verwendet
alle rechte vorbehalten
datenschutz
impressum
pressemitteilung\W*$
zum inhalt
"""


def _one_of(*lists: str) -> regex.Pattern[str]:
    """What begins with one of the phrases, punctuation in front of it aside. A phrase a line; a space in it is any
    white space."""
    phrases = [line.replace(" ", r"\s+") for phrases in lists for line in phrases.strip().splitlines()]
    return regex.compile(rf"(?i)^\W*(?:{'|'.join(phrases)})")


_BOILERPLATE = _one_of(_ENGLISH, _GERMAN)


def is_boilerplate(text: str) -> bool:
    """Whether this is no part of what the document says: short, and worded the way pages word such things."""
    return len(text) <= MOST and _BOILERPLATE.match(text) is not None
