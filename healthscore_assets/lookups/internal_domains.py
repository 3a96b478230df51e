"""The vendor's own e-mail domains."""

import re
from pathlib import Path

from healthscore_assets.lookups.csv_file import read_rows
from healthscore_assets.lookups.refused import LookupRefused


def read_internal_domains(path: Path) -> frozenset[str]:
    """Read ``domain``: visitors with such an address are internal. An empty list is allowed.

    Raises LookupRefused for a bad line or something that is not a domain.
    """
    domains = set()
    for line, row in read_rows(path, required=("domain",)):
        domain = row["domain"].lower().removeprefix("@")
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", domain):
            raise LookupRefused(
                path,
                f"line {line}, column domain",
                f"expected a domain such as example.com, found {row['domain']!r}",
                "change it or delete the line",
            )
        domains.add(domain)
    return frozenset(domains)
