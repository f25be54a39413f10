"""The question before a web page is fetched, and what is said while it comes: pure functions to markup."""

from __future__ import annotations

from ui.web.addresses import WebAddress
from ui.web.markup import attribute, escaped, exact


def question_html(address: WebAddress, *, called: str = "", sent_on_by: str = "") -> str:
    """Which host would be asked, for which address; `called` is what the document shall be called, if anything, and
    `sent_on_by` the host that sends on to this one."""
    host = escaped(address.netloc)
    before = f"{escaped(sent_on_by)} sends on to another place. " if sent_on_by else ""
    return (
        f'<div class="consent" role="group" aria-label="{attribute(f"Fetch from {address.netloc}")}">'
        f"<p>{before}Fetch this page from <strong>{host}</strong>?</p>"
        f'<p class="address">{escaped(address.text)}</p>'
        "<p>Only this address is asked, once. What comes stays on this server.</p>"
        f'<div class="acts"><button type="button" class="act main" data-act="fetch" data-address="{exact(address.text)}" '
        f'data-called="{exact(called)}">Fetch from {host}</button>'
        '<button type="button" class="act" data-act="unfetched">Leave it</button></div></div>'
    )


def coming_html(address: WebAddress, came: int) -> str:
    """While it comes: how many bytes so far."""
    so_far = f" {came / 1e6:.1f} MB" if came else ""
    return f'<p class="consent" role="status">Fetching from {escaped(address.netloc)} …{so_far}</p>'


def refused_html(line: str) -> str:
    return f'<p class="consent problem" role="alert">{escaped(line)}</p>'
