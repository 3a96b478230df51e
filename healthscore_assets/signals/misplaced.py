"""What lies among the exports and is read by nobody."""

from difflib import get_close_matches
from pathlib import Path

from healthscore_assets.reading.inbox_files import listed
from healthscore_assets.signals.feeds import FEEDS


def misplaced(exports: Path, usage: str) -> list[str]:
    """A line per folder and file of the exports that belongs to no feed and is not ``usage``.

    Raises ExportRefused for a folder that cannot be read.
    """
    if not exports.is_dir():
        return []
    known = [usage, *FEEDS]
    first = {path.relative_to(exports).parts for path in listed(exports)}
    folders = sorted({parts[0] for parts in first if len(parts) > 1} - {*known})
    files = sorted(parts[0] for parts in first if len(parts) == 1)
    return [
        *(
            f"{exports / name}: is not read, since no feed has that name; {_todo(name, known)}"
            for name in folders
        ),
        *(
            f"{exports / name}: is not read; put it into the folder of its feed: {', '.join(known)}"
            for name in files
        ),
    ]


def _todo(name: str, known: list[str]) -> str:
    close = get_close_matches(name.lower(), known, n=1)
    if close:
        return f"name it {close[0]}"
    return f"the folders of feeds are {', '.join(known)}"
