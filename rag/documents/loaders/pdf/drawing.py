"""A page of a PDF file drawn as it is shown. The only file that imports Pillow."""

from __future__ import annotations

from io import BytesIO

from rag.documents.loaders.pdf.pdfium import Colours, drawn, opened
from rag.documents.page_image import PageImage

DOTS_AN_INCH = 110
"""Letters of 8 points can be read, and a page of text has about 100 kB."""

_MOST_DOTS = 4_000
"""Along the longer side: a page may call itself five metres wide."""

_QUALITY = 70  # of 100: below, small letters get a grey haze
_EFFORT = 2  # of Pillow's 0 to 6: half the time of its usual 4, for two hundredths more bytes


def draw_page(data: bytes, number: int) -> PageImage:
    """Page `number`, counted from 1. Raises DocumentError where the file or the page cannot be read, or there is no
    such page."""
    with opened(data) as document:
        colours = drawn(document, number, dots_an_inch=DOTS_AN_INCH, most=_MOST_DOTS)
        return PageImage(webp=_webp(colours), width=colours.width, height=colours.height, pages=len(document))


def _webp(colours: Colours) -> bytes:
    # The plugin by itself: asked for a format by name, Pillow would load all that it has.
    from PIL import Image, WebPImagePlugin

    size = colours.width, colours.height
    picture = Image.frombuffer("RGB", size, colours.data, "raw", "BGR", colours.stride, 1)
    written = BytesIO()
    picture.save(written, WebPImagePlugin.WebPImageFile.format, quality=_QUALITY, method=_EFFORT)
    return written.getvalue()
