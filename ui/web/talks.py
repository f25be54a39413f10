"""The frame of the list of conversations, as HTML: the page's script fills it.

Pure functions to markup.
"""

from __future__ import annotations

_TALKS = (
    '<nav class="talks" aria-label="Conversations"><h2>Conversations</h2>'
    '<input type="search" class="filter" id="talk-search" placeholder="Search" aria-label="Search titles, questions and answers" hidden>'
    '<div id="talk-list"></div>{kept}'
    '<div class="exports" hidden><span>Export</span>'
    '<button type="button" class="act" data-act="export" data-kind="markdown">Markdown</button>'
    '<button type="button" class="act" data-act="export" data-kind="html">HTML</button>'
    '<button type="button" class="act" data-act="export" data-kind="json">JSON</button></div></nav>'
)
_HERE = (
    '<p class="none">Kept on this server, for you alone.</p><button type="button" class="act" id="take-over" '
    'data-act="take-over" hidden>Take over what this browser kept</button>'
)


def talks_html(*, is_kept_here: bool) -> str:
    """`is_kept_here` where they are kept on the server, not in the browser."""
    return _TALKS.format(kept=_HERE if is_kept_here else '<p class="none">Kept in this browser alone.</p>')
