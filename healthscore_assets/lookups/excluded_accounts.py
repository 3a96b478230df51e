"""The accounts that are no clients."""

from pathlib import Path

from healthscore_assets.lookups.left_out import read_left_out


def read_excluded_accounts(path: Path) -> dict[str, str]:
    """Read ``client_id, reason`` as `read_left_out` does."""
    return read_left_out(path, "client_id")
