"""Where in the inbox usage lies that nobody delivered: a folder per source, so that none mixes."""

from pathlib import Path

_PULLED = "pulled"


def folder_of_api(inbox: Path) -> Path:
    """The folder of what Pendo's API told."""
    return inbox / _PULLED / "api"


def folder_of_warehouse(inbox: Path) -> Path:
    """The folder of what was taken from a warehouse."""
    return inbox / _PULLED / "warehouse"


def file_of_api(inbox: Path, month: str) -> Path:
    """The file of a month as the API told it."""
    return folder_of_api(inbox) / f"pendo {month}.parquet"


def files_of_warehouse(inbox: Path, month: str) -> list[Path]:
    """The files of a month that came from a warehouse, whatever it was asked by."""
    return sorted(folder_of_warehouse(inbox).glob(f"* {month}.parquet"))
