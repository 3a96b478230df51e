"""The further ids of a client."""

from pathlib import Path

from healthscore_assets.lookups.csv_file import read_rows
from healthscore_assets.lookups.refused import LookupRefused


def read_client_aliases(path: Path) -> dict[str, str]:
    """Read ``client_id, alias``: each further id and the client it belongs to; case counts.

    A missing file lists nothing. Raises LookupRefused for a bad line, an alias of itself or of two
    clients, and a ``client_id`` that is listed as an alias too.
    """
    owner: dict[str, str] = {}
    lines: dict[str, int] = {}
    if not path.exists():
        return owner
    for line, row in read_rows(path, required=("client_id", "alias")):
        client, alias = row["client_id"], row["alias"]
        if alias == client:
            raise LookupRefused(
                path, f"line {line}", f"{alias!r} is given as an alias of itself", "delete the line"
            )
        if owner.setdefault(alias, client) != client:
            raise LookupRefused(
                path,
                f"line {line}, column alias",
                f"{alias!r} is an alias of {client!r} here and of {owner[alias]!r} on line "
                f"{lines[alias]}",
                "keep one of the two lines",
            )
        lines.setdefault(alias, line)
    for alias, client in owner.items():
        if client in owner:
            raise _chain(path, lines[alias], client, owner, lines)
    return owner


def _chain(
    path: Path, line: int, client: str, owner: dict[str, str], lines: dict[str, int]
) -> LookupRefused:
    steps: dict[str, str] = {}
    final = client
    while final in owner and final not in steps:
        steps[final] = f"{final!r} is an alias of {owner[final]!r} (line {lines[final]})"
        final = owner[final]
    todo = (
        "these lines form a circle, delete one of them"
        if final in steps
        else f"write {final!r} here in place of {client!r}"
    )
    return LookupRefused(path, f"line {line}, column client_id", ", ".join(steps.values()), todo)
