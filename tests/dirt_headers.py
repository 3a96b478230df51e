"""Headers as exports spell them, many for one column."""

from __future__ import annotations

import random

SPELLINGS = {
    "client": ("Account ID", "accountId", "Client ID", "Customer ID", "Licensee ID"),
    "visitor": ("Visitor ID", "visitorId", "User ID"),
    "email": ("Email", "E-mail", "Email Address"),
    "is_internal": ("is_internal", "isInternalUser", "Visitor Type"),
    "period": ("Month", "Period"),
    "days_active": ("Days Active", "Number of Days Active"),
    "feature": ("featureName", "Feature Name", "Feature"),
    "feature_id": ("featureId", "Feature ID"),
    "page": ("pageName", "Page Name"),
    "events": ("numEvents", "Events"),
    "minutes": ("numMinutes", "Minutes"),
}

PREFIXES = {
    "clicks": ("Clicks for ", "Clicks for Feature ", "Events for ", "Events for Feature "),
    "page_views": ("Page Views for ", "Page Views for Page ", "Events for Page "),
    "minutes": ("Time On Page (minutes) for ", "Time On Page (minutes) for Page "),
    "days_active": ("Days Active for ", "Days Active for Feature "),
}


def spelled(role: str, rng: random.Random) -> str:
    """One of the headers of a column, in one of its spellings."""
    return restyled(rng.choice(SPELLINGS[role]), rng)


def client(alias: str | None, rng: random.Random) -> str:
    """The client's header; an alias is of the lookup."""
    return restyled(alias, rng) if alias else spelled("client", rng)


def restyled(header: str, rng: random.Random) -> str:
    """The same header to whoever ignores case, width, spaces and ``_ . - |``."""
    style = rng.randrange(9)
    if style == 0:
        return header.upper()
    if style == 1:
        return header.lower()
    if style in (2, 3, 4):
        return header.replace(" ", "_.-"[style - 2])
    if style == 5:
        return header.replace(" ", "\u00a0")
    if style == 6:
        return f" {header.replace(' ', '   ')} "
    if style == 7 and rng.randrange(4) == 0:
        return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in header)
    return header


def metric(feature: str, measure: str, listed: bool, rng: random.Random) -> str:
    """The header of a feature's column; a feature of the lookup may stand alone, in any case."""
    name = separated(feature, rng)
    if listed and name.isascii() and rng.randrange(3) == 0:
        name = rng.choice((name.upper(), name.lower()))
    if listed and measure == "clicks" and " | " in feature and rng.randrange(4) == 0:
        return name
    prefix = rng.choice(PREFIXES[measure])
    style = rng.randrange(6)
    if style == 0:
        prefix = prefix.upper()
    elif style == 1:
        prefix = prefix.lower()
    elif style == 2:
        prefix = prefix.replace(" ", "  ")
    elif style == 3:
        prefix = prefix.replace(" ", "\u00a0")
    return prefix + name


def separated(feature: str, rng: random.Random) -> str:
    """The feature's parts, joined by one of the separators that mean the same."""
    return rng.choice((" | ", " | ", " > ", ": ", " / ")).join(feature.split(" | "))
