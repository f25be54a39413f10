"""The list of the keys that the page knows, behind “?”."""

from __future__ import annotations

_KEYS = (
    ("Enter", "ask"),
    ("Shift + Enter", "a new line in the question"),
    ("n", "the next citation, in the source"),
    ("p", "the one before"),
    ("k", "keep as a quote what is selected or marked, in the source"),
    ("a", "ask about it"),
    ("→", "the next page, in the source"),
    ("←", "the one before"),
    ("Esc", "close the source, or leave what is being edited"),
    ("?", "this list"),
)
"""As `assets/js/keys.js` has them."""


def keys_html() -> str:
    """The dialog, closed."""
    lines = "".join(
        f"<div><dt>{' + '.join(f'<kbd>{key}</kbd>' for key in keys.split(' + '))}</dt><dd>{does}</dd></div>"
        for keys, does in _KEYS
    )
    return (
        '<dialog class="keys" aria-labelledby="keys-head"><h2 id="keys-head">Keys</h2>'
        f"<dl>{lines}</dl>"
        '<button type="button" class="act" data-act="close-keys">Close</button></dialog>'
    )
