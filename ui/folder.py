"""Which folder a command is about, and whether there is such a one."""

from __future__ import annotations

from pathlib import Path

from rag.errors import FolderError
from rag.settings import Settings

_WAY = "--documents DIR, or IBID_DOCUMENTS=DIR"


def settings_over(documents: Path | None) -> Settings:
    """The settings, about the folder that was named for this run, if one was."""
    settings = Settings()
    return settings.model_copy(update={"documents": documents.expanduser()}) if documents else settings


def require_documents(settings: Settings) -> None:
    """Before anything is made for it. Raises FolderError where there is neither the folder nor an index of it."""
    if not settings.may_be_indexed:
        require_folder(settings)


def require_folder(settings: Settings, *, way: str = _WAY) -> None:
    """Raises FolderError where there is no such folder, and names the `way` to another."""
    folder = settings.documents
    try:
        if folder.is_dir():
            return
        what = "is a file, not a folder" if folder.exists() else "does not exist"
    except OSError as error:
        what = f"cannot be looked at: {error.strerror}"
    if "documents" not in settings.model_fields_set:
        raise FolderError(f"No documents folder is named, and here is none called “{folder}”. Name yours: {way}")
    raise FolderError(f"The documents folder {folder} {what}. Name another: {way}")


def refuse_nothing_to_rebuild_from(settings: Settings) -> None:
    """A mistyped or emptied folder must not cost an index. Raises FolderError."""
    from rag.documents.scan import scan  # heavy: kept out of `ibid --help`

    found = scan("documents", settings.documents, plugged=settings.plugged).files
    if settings.may_be_indexed and all(file.problem for file in found):
        raise FolderError(
            f"The documents folder {settings.documents} holds nothing to rebuild the index from. "
            "Nothing was removed. If that is meant, run `ibid reset`."
        )
