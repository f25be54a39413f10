"""What elements are called on pages: the names that tell blocks, comments, furniture and what nobody sees."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import regex

from rag.documents.loaders.markup import Element, below, name_of
from rag.domain import Role

BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hgroup hr html li main nav ol p pre section summary table tbody td tfoot th thead"
    " tr ul".split()
)
_UNREAD = frozenset(
    "script style noscript template svg head iframe object button select option textarea canvas audio video rp".split()
)
_ROOTS = ("html", "body", "main", "article")
_FURNITURE = ("nav", "aside", "footer")
_FURNITURE_ROLES = ("navigation", "banner", "contentinfo", "search", "complementary")
_FURNITURE_WORD = regex.compile(
    r"(?i)(?:^|[-_])(?:nav|navbar|navigation|menu|sidebar|side-bar|footer|masthead|breadcrumbs?|cookie|consent|banner|share"
    r"|social|related|recommend|advert|ads?|promo|subscribe|newsletter|toc|pagination|mw-jump|navbox|catlinks"
    r"|printfooter|editsection|mw-editsection|noprint)s?(?:[-_]|$)"
)
_COMMENT_WORD = regex.compile(r"(?i)(?:^|[-_ ])(?:disqus|replies|responses?|discussion|respond)(?:[-_ ]|$)|comment")
_COMMENT_HEADING = regex.compile(
    r"(?i)^\W*\d*\s*(?:comments?|responses?|replies|discussion|kommentare?|commentaires?|comentarios|commenti)\b.{0,12}$"
)
_POST = regex.compile(r"(?i)(?:^|\s)(?:topic-post|post|postbody|forum-post|message|reply)(?:\s|$)")
_AUTHOR = regex.compile(r"(?i)(?:^|[-_ ])(?:author|fn|username|user-name|nickname|commenter|poster)(?:[-_ ]|$)")
_HIDDEN = regex.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden")
_NO_SIZE = regex.compile(r"(?i)font-size\s*:\s*0+(?:\.0+)?[a-z%]*\s*(?:;|!|$)")
_NOT_OF_SCREENS = regex.compile(r"/\*.*?\*/|@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})", regex.DOTALL)
_RULE = regex.compile(r"(?P<selectors>[^{}]+)\{(?P<said>[^{}]*)\}")
_SHOWN = regex.compile(r"(?i)display\s*:|visibility\s*:")
_SIMPLE = regex.compile(r"(?P<name>[a-z][a-z0-9]*)?(?P<by>[.#])(?P<called>[\w-]+)")
_HEADING = regex.compile(r"h[1-6]")
_HEADINGS_ABOVE = 3
_LONGEST_NAME = 60

ROLES = {
    "li": Role.LIST,
    "dt": Role.LIST,
    "dd": Role.LIST,
    "tr": Role.TABLE,
    "caption": Role.CAPTION,
    "figcaption": Role.CAPTION,
}


def is_unread(element: Element) -> bool:
    """Whether nobody reads it: scripts, controls, and what is hidden."""
    name = name_of(element)
    if not name or name in _UNREAD or element.get("hidden") is not None:
        return True
    # Links that only carry a mark are hidden from screen readers, and what they hold may be read all the same.
    is_silent = element.get("aria-hidden") == "true" and name != "a"
    style = element.get("style") or ""
    # What stands inside may have a size of its own.
    is_without_size = not len(element) and _NO_SIZE.search(style) is not None
    return is_silent or is_without_size or _HIDDEN.search(style) is not None


def hide_as_told(root: Element) -> None:
    """Mark what the page's own sheets of style hide, by a class or an id alone, as hidden."""
    hidden: set[tuple[str, str, str]] = set()
    for sheet in below(root, "style"):
        for rule in _RULE.finditer(_NOT_OF_SCREENS.sub("", sheet.text or "")):
            found = (_SIMPLE.fullmatch(one.strip()) for one in rule["selectors"].split(","))
            told = {(one["name"] or "", one["by"], one["called"]) for one in found if one}
            if _HIDDEN.search(rule["said"]):
                hidden |= told
            elif _SHOWN.search(rule["said"]):
                hidden -= told
    for element in root.iter() if hidden else ():
        called = [(".", one) for one in (element.get("class") or "").split()] if name_of(element) else []
        named = element.get("id") if name_of(element) else None
        called += [("#", named)] if named else []
        if any((name, *one) in hidden for one in called for name in ("", name_of(element))):
            element.set("hidden", "")


def is_heading(element: Element) -> bool:
    return _HEADING.fullmatch(name_of(element)) is not None


def voice_of(element: Element, above: Role) -> Role:
    """Who speaks in an element: `body` for the page itself, `comment` for its readers, `boilerplate` for nobody;
    `above` is who speaks around it."""
    if name_of(element) in _ROOTS or above is Role.COMMENT:
        return above
    if _is_comment(element):
        return Role.COMMENT
    if above is not Role.BODY:
        return above
    if _is_later_post(element) or _stands_under_comment_heading(element):
        return Role.COMMENT
    return Role.BOILERPLATE if _is_furniture(element) else above


def speaker_of(element: Element, above: str | None) -> str | None:
    """Who speaks in an element among comments; `above` is who speaks around it. Nobody is named where several are:
    it holds more comments than one."""
    named = set(_authors(element))
    if named:
        return named.pop() if len(named) == 1 else None
    return None if _is_own_comment(element) else above


def _authors(element: Element) -> Iterator[str]:
    """The names in an element that say who wrote, without those in the answers that a comment holds."""
    stack = [element]
    while stack:
        one = stack.pop()
        if not name_of(one) or (one is not element and _is_own_comment(one)):
            continue
        if (
            not _is_own_comment(one)
            and _is_author(one)
            and not any(_is_author(inner) for inner in one.iterdescendants())
        ):
            words = " ".join("".join(one.itertext()).split())
            if 0 < len(words) <= _LONGEST_NAME:
                yield words
        stack.extend(one)


def _is_author(element: Element) -> bool:
    names = (element.get("class"), element.get("itemprop")) if name_of(element) else ()
    return _AUTHOR.search(" ".join(filter(None, names))) is not None


def _is_own_comment(element: Element) -> bool:
    """Not a part of one, such as its head or its text."""
    return (name_of(element) in ("li", "article") and _is_comment(element)) or _is_schema_comment(element)


def _names(element: Element) -> str:
    return " ".join(filter(None, (element.get("class"), element.get("id"), element.get("role"))))


def _is_comment(element: Element) -> bool:
    is_called = _COMMENT_WORD.search(_names(element)) is not None or "comment" in name_of(element)
    return is_called or _is_schema_comment(element)


def _is_schema_comment(element: Element) -> bool:
    return element.get("itemprop") == "comment" or str(element.get("itemtype") or "").endswith("/Comment")


def _is_later_post(element: Element) -> bool:
    """The second and later of equal posts in a row: the first is what they answer."""
    names = element.get("class") or ""
    if not _POST.search(names):
        return False
    return any(one.get("class") == names for one in element.itersiblings(preceding=True) if name_of(one))


def _stands_under_comment_heading(element: Element) -> bool:
    above = islice((one for one in element.itersiblings(preceding=True) if name_of(one)), _HEADINGS_ABOVE)
    return any(
        is_heading(one) and name_of(one) != "h1" and _COMMENT_HEADING.match("".join(one.itertext()).strip())
        for one in (element, *above)
    )


def _is_furniture(element: Element) -> bool:
    name, parent = name_of(element), element.getparent()
    if name in _FURNITURE or element.get("role") in _FURNITURE_ROLES:
        return True
    if name == "header" and parent is not None and name_of(parent) == "body":
        return True
    return any(_FURNITURE_WORD.search(word) for word in _names(element).split())
