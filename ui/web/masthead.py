"""The line above the page: its name, the folders that may be asked, and what opens."""

from __future__ import annotations

from pathlib import Path

from ui.web.folder import Folder
from ui.web.folders import Folders
from ui.web.markup import attribute, escaped


def masthead_html(folder: Folder, folders: Folders, openers: str) -> str:
    """For a tab at that folder; `openers` are the buttons of the views."""
    path, name = escaped(str(folder.path)), escaped(folder.name)
    links = "".join(_link(folder, folders, key, one) for key, one in folders.known().items())
    opener = (
        '<p><button type="button" class="act" data-act="show-opening">Open a folder …</button></p>'
        if folders.roots
        else "<p>Another one: <code>ibid chat DIR</code></p>"
    )
    return (
        '<header class="masthead"><button type="button" class="act drawer" data-act="drawer" '
        'aria-label="Documents and conversations" aria-controls="side" aria-expanded="false">☰</button>'
        f'<h1><a class="name" href="?folder={attribute(folder.key)}">Ibid</a></h1>'
        f'<details class="switch"><summary aria-label="Folder: {attribute(str(folder.path))}">{name}</summary>'
        f'<div class="folders"><p class="unseen">{path}</p><ul>{links}</ul>{opener}</div>'
        f"</details>{openers}"
        '<button type="button" class="act" data-act="fresh">New conversation</button>'
        '<button type="button" class="act keys-opener" data-act="keys" aria-label="Keys (?)">?</button></header>'
    )


def _link(folder: Folder, folders: Folders, key: str, path: Path) -> str:
    """A folder in the list: its name where somebody gave it one, its path, and what may be done with it."""
    given = folders.given_name(path)
    shown = f"<b>{escaped(given)}</b> {escaped(str(path))}" if given else escaped(str(path))
    current = " aria-current=page" if key == folder.key else ""
    about = f'data-folder="{attribute(key)}" data-path="{attribute(str(path))}" data-name="{attribute(given)}"'
    name = escaped(folders.name_of(path))
    acts = ""
    if folders.roots:
        acts += (
            f'<button type="button" class="act" data-act="show-opening" {about} aria-label="Name {name}">Name</button>'
        )
    if folders.may_be_forgotten(path) and key != folder.key:
        acts += f'<button type="button" class="act" data-act="forget-folder" {about} aria-label="Take {name} off the list">✕</button>'
    return f'<li data-folder="{attribute(key)}"><a href="?folder={attribute(key)}"{current}>{shown}</a>{acts}</li>'
