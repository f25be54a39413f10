"""XML and HTML as trees. The only file that imports lxml.

Nothing is fetched, no entity of a file's own is expanded, and namespaces are left out of sight: Office files come in
two sets of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any, TypeAlias

import regex
from lxml import etree, html

from rag.errors import DocumentError

Element: TypeAlias = Any
"""An lxml element; what is written here says all that is used of it."""

_LONGEST_SPAN = 9
"""Digits: more are a slip, and of thousands Python makes no number."""
_DECLARATION = regex.compile(r"\A\s*<\?xml[^>]*\?>")


def xml_tree(data: bytes) -> Element:
    """The root of an XML file, mended where it can be. Raises DocumentError where it holds no element, or nothing that
    was not too deep or too large."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError("is damaged: its XML cannot be read") from error
    if root is None:
        raise DocumentError("is damaged: its XML cannot be read")
    _refuse_overgrown(root, parser)
    return root


def _refuse_overgrown(root: Element, parser: Any) -> None:
    """Raise where nothing is left of what was too deep, or grew too large, for its parser."""
    is_over = any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log)
    if is_over and not any(words.strip() for words in root.itertext()):
        raise DocumentError("was made to be too deep or too large to be read: nothing is left of its text")


def streamed(data: bytes, name: str) -> Iterator[Element]:
    """The elements of that name of an XML file, one after the other, each gone when the next one comes: of what is too
    large for a tree. It ends where the file is damaged."""
    reading = etree.iterparse(
        BytesIO(data), tag=f"{{*}}{name}", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    with suppress(etree.XMLSyntaxError):
        for _, element in reading:
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def html_tree(text: str) -> Element:
    """The root of a page. Raises DocumentError where it holds no element, or nothing that was not too deep."""
    parser = html.HTMLParser(no_network=True, huge_tree=True, encoding="utf-8")
    try:
        root = html.document_fromstring(_DECLARATION.sub("", text).encode(errors="replace"), parser=parser)
    except (etree.ParserError, ValueError) as error:
        raise DocumentError("the file holds no text") from error
    _refuse_overgrown(root, parser)
    return root


def name_of(element: Element) -> str:
    """The element's name without its namespace, in small letters as HTML has it; empty for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str | None:
    """An attribute's value, whatever its namespace."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return None


def span_in(said: str | None, *, most: int) -> int:
    """Over how many columns or rows a cell says that it goes: at least 1, and no more than `most`, however much it
    says."""
    said = (said or "").strip()
    return max(min(int(said[:_LONGEST_SPAN]), most), 1) if said.isdecimal() else 1


def child(element: Element | None, *path: str) -> Element | None:
    """The first element along a path of names; None where there is none."""
    for name in path:
        if element is None:
            return None
        element = next((one for one in element if name_of(one) == name), None)
    return element


def holder(element: Element, *names: str) -> Element | None:
    """The nearest element of these names around one."""
    return next((one for one in element.iterancestors() if name_of(one) in names), None)


def below(element: Element, *names: str) -> Iterator[Element]:
    """All elements of these names below `element`, in their order."""
    return (one for one in element.iter() if name_of(one) in names)
