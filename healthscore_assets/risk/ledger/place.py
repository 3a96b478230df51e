"""Where a ledger may be: a SQLite file, or a Postgres database."""

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from healthscore_assets.risk.ledger.refused import LedgerRefused

_SCHEME = re.compile(r"[a-z0-9+]+")
_EXPECTED = "give a file's path or postgresql://user:password@host:5432/database"


@dataclass(frozen=True)
class Place:
    """``url`` for the engine, ``shown`` for people: without the password."""

    url: URL
    shown: str

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for a server."""
        return Path(str(self.url.database)) if self.url.drivername == "sqlite" else None


def ledger_place(given: str) -> Place:
    """The place that a path or a URL means.

    Raises LedgerRefused for any other URL than Postgres'; what may be a password is not repeated.
    """
    if "://" not in given:
        path = str(Path(given).absolute())
        return Place(URL.create("sqlite", database=path), path)
    scheme = given.partition("://")[0]
    scheme = scheme if _SCHEME.fullmatch(scheme) else "..."
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise LedgerRefused(f"alert ledger {scheme}://...: is not a URL; {_EXPECTED}") from None
    if url.get_backend_name() != "postgresql":
        raise LedgerRefused(f"alert ledger {scheme}://...: is not a Postgres URL; {_EXPECTED}")
    if "@" in f"{url.host}{url.database}":
        raise LedgerRefused(
            f"alert ledger {scheme}://...: has more than one @; write those of the password as %40"
        )
    # A password may be among the options after the question mark, too.
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database or "")
    return Place(url, bare.render_as_string())
