"""Markdown: markdown-it names the blocks; offsets point into the source, which is left as it is but for comments inside
a line. Its only importer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from operator import itemgetter

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.documents.blocks import ends_sentence, text_blocks
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.loaded import FOLDED, Loaded
from rag.domain import Block, Role
from rag.text.units import is_tagged

_LEAVES = {
    "heading_open": Role.HEADING,
    "paragraph_open": Role.BODY,
    "table_open": Role.TABLE,
    "fence": Role.BODY,
    "code_block": Role.BODY,
    "html_block": Role.BODY,
    "hr": Role.BOILERPLATE,
}
_FRONT_MATTER = regex.compile(
    r"\A(?:---[ \t]*[\r\n].*?[\r\n](?:---|\.\.\.)|\+\+\+[ \t]*[\r\n].*?[\r\n]\+\+\+)[ \t]*(?:\r?\n|\r|\Z)", regex.DOTALL
)
"""Of YAML, or of TOML."""
# Only the blocks are wanted; marks inside a line stay as they are (and long lines of them cost quadratic time).
_PARSER = MarkdownIt("commonmark").enable("table").disable("inline")
_COMMENT = regex.compile(r"\s*(?:<!--(?:(?!-->).)*-->\s*)+", regex.DOTALL)
_WITH_COMMENTS = ("heading_open", "paragraph_open", "table_open", "html_block")
_COMMENT_OR_CODE = regex.compile(r"(?P<code>`+)[^`\n]{1,300}(?P=code)| ?(?P<comment><!--.{0,4000}?-->)", regex.DOTALL)
_FOLD = regex.compile(
    r"(?P<summary>(?:<details[^<>]*>\s*)?<summary[^<>]*>.*?</summary>)\s*|(?:</details>\s*)+", regex.DOTALL
)
"""What a part of a page is folded away behind, and where the part ends."""
_ITEM = regex.compile(r"<li\b[^<>]{0,300}>", regex.IGNORECASE)
_TAGS = regex.compile(r"(?:\s*</?[a-zA-Z][^<>]*>\s*)+")
_NAME_OF_BLOCK = regex.compile(r"\[[A-Z]+\]")
_LONGEST_HEADING = 8
"""Words of a heading that ends as a sentence does."""
_NEWLINE = regex.compile(r"\r\n|\n|\r")


def load_markdown(data: bytes) -> Loaded:
    text, warning = decode(data)
    text = _without_comments(text)
    front = _FRONT_MATTER.match(text)
    head = front.end() if front else 0
    blocks = [Block(start=0, end=head, role=Role.BODY, is_literal=True)] if front else []
    blocks.extend(_with_title(list(_blocks(text, head))))
    return Loaded(text=text, blocks=blocks, warning=warning)


def _without_comments(text: str) -> str:
    """Without the comments that stand in a line: nobody who reads the page sees them. Those in code are shown."""
    if "<!--" not in text:
        return text
    starts = [0, *(match.end() for match in _NEWLINE.finditer(text)), len(text)]
    told = [
        (starts[min(token.map[0], len(starts) - 1)], starts[min(token.map[1], len(starts) - 1)])
        for token in _PARSER.parse(text)
        if token.type in _WITH_COMMENTS and token.map is not None
    ]
    kept: list[str] = []
    position = 0
    for one in _COMMENT_OR_CODE.finditer(text):
        at = bisect_right(told, one.start("comment"), key=itemgetter(0)) - 1
        if not one["comment"] or at < 0 or one.start("comment") >= told[at][1] or _COMMENT.fullmatch(text, *told[at]):
            continue
        kept.append(text[position : one.start()])
        position = one.end()
    return "".join([*kept, text[position:]])


def _blocks(text: str, head: int) -> Iterator[Block]:
    """Leaf blocks with their line ranges as offsets; a paragraph inside a list item is a list block,
    and begins at its item's marker."""
    body = text[head:]
    # markdown-it counts \n, \r\n and \r as line ends, and nothing else.
    starts = [head, *(head + match.end() for match in _NEWLINE.finditer(body)), len(text)]
    items: list[tuple[int, int]] = []
    end_of_table = -1
    for token in _PARSER.parse(body):
        if token.type == "list_item_open" and token.map:
            items.append((token.map[0], token.map[1]))
        elif token.type == "list_item_close" and items:
            items.pop()
        role = _LEAVES.get(token.type)
        if role is None or token.map is None or token.map[0] < end_of_table:
            continue
        first, last = token.map
        if role is Role.TABLE:
            end_of_table = last
        start, end = starts[min(first, len(starts) - 1)], starts[min(last, len(starts) - 1)]
        yield from _typed(
            token, Block(start=start, end=end, role=Role.LIST if items and role is Role.BODY else role), text
        )


def _typed(token: Token, block: Block, text: str) -> Iterator[Block]:
    if token.type == "heading_open" and (role := _over_a_rule(token, text[block.start : block.end])):
        line = text[block.start : block.end].rstrip().rfind("\n")
        yield Block(start=block.start, end=block.start + line, role=role)
    elif token.type == "heading_open":
        yield Block(start=block.start, end=block.end, role=Role.HEADING, level=int(token.tag[1]))
    elif token.type == "paragraph_open" and block.role is Role.BODY:
        # Captions that repeat are told apart as in plain text.
        for piece in text_blocks(text[block.start : block.end], is_markup=True):
            yield Block(start=block.start + piece.start, end=block.start + piece.end, role=piece.role or Role.BODY)
    elif token.type == "html_block" and _COMMENT.fullmatch(text[block.start : block.end]):
        # Nobody who reads the page sees it.
        yield Block(start=block.start, end=block.end, role=Role.BOILERPLATE)
    elif token.type == "html_block":
        yield from _tagged(block, text)
    else:
        yield replace(block, is_literal=token.type == "fence")


def _tagged(block: Block, text: str) -> Iterator[Block]:
    """What tags stand in, parted where something is folded away."""
    position = block.start
    for fold in _FOLD.finditer(text, block.start, block.end):
        yield from _unfolded(replace(block, start=position, end=fold.start()), text)
        role = Role.HEADING if fold["summary"] else Role.BOILERPLATE
        yield Block(start=fold.start(), end=fold.end(), role=role, level=FOLDED)
        position = fold.end()
    yield from _unfolded(replace(block, start=position), text)


def _unfolded(block: Block, text: str) -> Iterator[Block]:
    """A table, the items of a list, or anything else, each with the tags around it."""
    tagged = text[block.start : block.end]
    if not tagged.strip():
        return
    if _TAGS.fullmatch(tagged):
        # A page shows nothing of it.
        yield replace(block, role=Role.BOILERPLATE)
    elif is_tagged(tagged):
        yield replace(block, role=Role.TABLE)
    else:
        items = [block.start + one.start() for one in _ITEM.finditer(tagged)]
        before = text[block.start : items[0]] if items else tagged
        if items and (not before.strip() or _TAGS.fullmatch(before)):
            items[0] = block.start
        elif before.strip():
            yield replace(block, end=items[0] if items else block.end)
        for start, end in pairwise([*items, block.end]):
            yield replace(block, start=start, end=end, role=Role.LIST)


def _over_a_rule(token: Token, heading: str) -> Role | None:
    """What text over a line of strokes is where it is no heading: whole sentences that a rule follows, or the name of
    a block, as AsciiDoc begins one. None for headings."""
    if token.markup not in ("-", "=") or "\n" not in heading.rstrip():
        return None
    above = " ".join(heading.rstrip().splitlines()[:-1]).strip()
    if _NAME_OF_BLOCK.fullmatch(above):
        return Role.BOILERPLATE
    return Role.BODY if ends_sentence(above) and len(above.split()) > _LONGEST_HEADING else None


def _with_title(blocks: list[Block]) -> list[Block]:
    """A heading of the first or second level that begins the document is its title."""
    first = next((i for i, block in enumerate(blocks) if block.role is Role.HEADING), None)
    if first is None or first > 2 or blocks[first].level > 2:
        return blocks
    heading = blocks[first]
    return [
        *blocks[:first],
        Block(start=heading.start, end=heading.end, role=Role.TITLE, level=heading.level),
        *blocks[first + 1 :],
    ]
