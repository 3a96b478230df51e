"""The header grammar: what a column of an export is, from the words above it."""

import re
import unicodedata
from dataclasses import dataclass

from healthscore_assets.lookups.features import tidy

_PREFIXES = (
    ("clicks", re.compile(r"clicks for (.+)", re.IGNORECASE)),
    ("page_views", re.compile(r"page views for (.+)", re.IGNORECASE)),
    ("minutes", re.compile(r"time on page \(minutes\) for (.+)", re.IGNORECASE)),
    ("days_active", re.compile(r"days active for (.+)", re.IGNORECASE)),
)

_ALIASES = {
    "client_id": ("account id", "account", "client id", "client", "customer id", "licensee id"),
    "client_name": ("account name", "client name", "customer name", "company name"),
    "visitor_id": ("visitor id", "visitor", "user id"),
    "email": (
        "email",
        "e-mail",
        "email address",
        "visitor email",
        "visitor agent email",
        "user email",
    ),
    "is_internal": ("is internal", "is internal user", "internal user", "visitor type"),
    "period": ("month", "period", "year month"),
    "days_active": ("days active", "active days", "number of days active"),
    "minutes": ("time on page (minutes)", "minutes", "total minutes", "time on site (minutes)"),
}


@dataclass(frozen=True)
class Column:
    """One column of an export.

    ``role`` is a canonical column, ``metric`` (then ``measure`` and ``feature`` say which), or
    ``metadata`` for everything that no score reads.
    """

    header: str
    role: str
    measure: str | None = None
    feature: str | None = None


def tidy_header(header: str) -> str:
    """BOM dropped, accents composed, spaces of any kind collapsed."""
    return " ".join(unicodedata.normalize("NFC", header.replace("\ufeff", "")).split())


def comparable(header: str) -> str:
    """Equal for headers that differ in case, spaces, ``_ . - |`` and width of letters only."""
    folded = unicodedata.normalize("NFKC", tidy_header(header)).casefold()
    return re.sub(r"[\s_.|-]", "", folded)


_ROLES = {comparable(alias): role for role, aliases in _ALIASES.items() for alias in aliases}


def understand(header: str) -> Column:
    """What a column is, from its header alone."""
    text = tidy_header(header)
    for measure, prefix in _PREFIXES:
        match = prefix.fullmatch(text)
        if match:
            return Column(header, "metric", measure, tidy(match[1]))
    return Column(header, _ROLES.get(comparable(header), "metadata"))


def expected_headers(role: str) -> str:
    """The headers that stand for a role, for error messages."""
    return ", ".join(alias.title() for alias in _ALIASES[role][:3])
