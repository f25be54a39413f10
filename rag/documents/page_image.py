"""A page of a document as a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PageImage:
    """`webp` are the bytes of the picture, `width` and `height` its dots; `pages` is how many its document has."""

    webp: bytes
    width: int
    height: int
    pages: int
