"""The visitors whose usage is not counted, such as those of Pendo's own exclude list."""

from pathlib import Path

from healthscore_assets.lookups.left_out import read_left_out


def read_excluded_visitors(path: Path) -> dict[str, str]:
    """Read ``visitor_id, reason`` as `read_left_out` does."""
    return read_left_out(path, "visitor_id")
