"""The accounts that are no clients."""

from pathlib import Path

from healthscore_assets.lookups.csv_file import read_rows
from healthscore_assets.lookups.refused import LookupRefused


def read_excluded_accounts(path: Path) -> dict[str, str]:
    """Read ``client_id, reason``: each id that is left out, and why; case of the id counts.

    A missing file lists nothing. Raises LookupRefused for a bad line, a blank reason, and two
    reasons for one id.
    """
    reasons: dict[str, str] = {}
    lines: dict[str, int] = {}
    if not path.exists():
        return reasons
    for line, row in read_rows(path, required=("client_id", "reason")):
        client, reason = row["client_id"], row["reason"]
        if reasons.setdefault(client, reason) != reason:
            raise LookupRefused(
                path,
                f"line {line}",
                f"{client!r} is left out for {reason!r} here and for {reasons[client]!r} on line "
                f"{lines[client]}",
                "keep one of the two lines",
            )
        lines.setdefault(client, line)
    return reasons
