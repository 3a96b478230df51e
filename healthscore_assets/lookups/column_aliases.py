"""Further headers for the columns of an export."""

import difflib
import re
import unicodedata
from collections.abc import Collection
from pathlib import Path

from healthscore_assets.lookups.csv_file import read_rows
from healthscore_assets.lookups.refused import LookupRefused


def read_column_aliases(path: Path, canonical: Collection[str]) -> list[tuple[str, str]]:
    """Read ``canonical, alias``: each header as written and its column, one of ``canonical``.

    A column of a feed is told with the feed, ``surveys.client_id``; each feed has its own headers.
    A missing file lists nothing. Raises LookupRefused for a bad line, an unknown column, an alias
    of separators only, and one alias for two columns.
    """
    aliases: dict[tuple[str, str], None] = {}
    first: dict[tuple[str, str], tuple[int, str]] = {}
    if not path.exists():
        return []
    for line, row in read_rows(path, required=("canonical", "alias")):
        column, alias = re.sub("[ -]+", "_", row["canonical"].lower()), row["alias"]
        if column not in canonical:
            of = [name for name in canonical if _feed_of(name) == _feed_of(column)]
            known = sorted(of or canonical)
            close = difflib.get_close_matches(column, known, n=1)
            raise LookupRefused(
                path,
                f"line {line}, column canonical",
                f"expected one of {', '.join(known)}, found {row['canonical']!r}",
                f"did you mean {close[0]}?" if close else "change it or delete the line",
            )
        key = _alias_key(alias)
        if not key:
            raise LookupRefused(
                path,
                f"line {line}, column alias",
                f"expected a header, found {alias!r}, which every blank header would match",
                "change it or delete the line",
            )
        other_line, other = first.setdefault((_feed_of(column), key), (line, column))
        if other != column:
            raise LookupRefused(
                path,
                f"line {line}, column alias",
                f"{alias!r} is a header of {column} here and of {other} on line {other_line}",
                "keep one of the two lines",
            )
        aliases[alias, column] = None
    return list(aliases)


def _feed_of(column: str) -> str:
    """The feed that a column is of; nothing for usage."""
    return column.rpartition(".")[0]


def _alias_key(alias: str) -> str:
    """Equal for the spellings that the header grammar takes for one header."""
    folded = unicodedata.normalize("NFKC", alias).casefold()
    return re.sub(r"[\s_.|\-\u00ad\u200b-\u200f\u2060\ufeff]", "", folded)
