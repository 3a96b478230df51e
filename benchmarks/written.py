"""Results on disk."""

from collections.abc import Mapping
from pathlib import Path


def write_whole(files: Mapping[str, str], folder: Path) -> None:
    """Each file whole or not at all, by its name."""
    for name, text in files.items():
        unfinished = folder / f".{name}.part"
        unfinished.write_text(text)
        unfinished.replace(folder / name)
