"""Ids that are not to be counted, and why."""

from pathlib import Path

from healthscore_assets.lookups.csv_file import read_rows
from healthscore_assets.lookups.refused import LookupRefused


def read_left_out(path: Path, column: str) -> dict[str, str]:
    """Read ``<column>, reason``: each id that is left out, and why; case of the id counts.

    A missing file lists nothing. Raises LookupRefused for a bad line, a blank reason, and two
    reasons for one id.
    """
    reasons: dict[str, str] = {}
    lines: dict[str, int] = {}
    if not path.exists():
        return reasons
    for line, row in read_rows(path, required=(column, "reason")):
        key, reason = row[column], row["reason"]
        if reasons.setdefault(key, reason) != reason:
            raise LookupRefused(
                path,
                f"line {line}",
                f"{key!r} is left out for {reason!r} here and for {reasons[key]!r} on line "
                f"{lines[key]}",
                "keep one of the two lines",
            )
        lines.setdefault(key, line)
    return reasons
