"""A tidy month written as a usage export, in each of the three styles of the OpenStack data.

Rendering the OpenStack truth with this module gives the OpenStack exports byte for byte (a test
in unit/test_reference.py), so what a test writes here is what the real files look like.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

MONTHS = ("2013-11", "2013-12", "2014-01", "2014-02", "2014-12", "2015-01")
"""Months of tiny_world: all three styles; 2014-03 to 2014-11 are missing on purpose."""

INTERNAL_DOMAIN = "vendor.example"
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# ---------------------------------------------------------------------------------- rendering


def style_of(month: str) -> str:
    """The style a month has in the OpenStack data: '2013', '2014' or '2015'."""
    return min(max(month[:4], "2013"), "2015")


def render(
    month: str, listed: pd.DataFrame, events: pd.DataFrame, style: str | None = None
) -> dict[str, bytes]:
    """One month's files, name -> content. `listed` and `events` may hold other months too.

    The optional column `days_active` of `listed` is written as it is; without it the number of
    features a visitor used stands in.
    """
    renderers = {"2013": _render_2013, "2014": _render_2014, "2015": _render_2015}
    visitors = listed[listed["month"] == month].sort_values(["visitor_id", "client_id"])
    usage = events[events["month"] == month]
    features = sorted(set(usage["feature"]))
    clicks: dict[tuple[str, str, str], int] = {}
    for row in usage.itertuples():
        key = (row.client_id, row.visitor_id, row.feature)
        clicks[key] = clicks.get(key, 0) + row.value
    people = []
    for row in visitors.itertuples():
        values = [clicks.get((row.client_id, row.visitor_id, f), 0) for f in features]
        days = getattr(row, "days_active", sum(value > 0 for value in values))
        people.append(_Person(row.client_id, row.visitor_id, row.audience, days, values))
    return renderers[style or style_of(month)](month, features, people)


class _Person:
    """One visitor of the month: who they are, and a value per feature column."""

    def __init__(
        self, client: str, visitor: str, audience: str, days: int, values: list[int]
    ) -> None:
        self.client, self.visitor, self.audience = client, visitor, audience
        self.days, self.values = days, values

    @property
    def email(self) -> str:
        """Internal visitors are at the vendor's domain, the others at their organisation's."""
        organisation = f"{self.client.removeprefix('acct_')}.example"
        domain = INTERNAL_DOMAIN if self.audience == "internal" else organisation
        return f"{self.visitor.removeprefix('vis_')}@{domain}"


def _render_2013(month: str, features: list[str], people: list[_Person]) -> dict[str, bytes]:
    """One wide file a month; only the e-mail tells who is internal."""
    header = ["Visitor ID", "Account ID", "email", "Days Active"]
    header += [f"Clicks for {feature}" for feature in features]
    rows = [[p.visitor, p.client, p.email, p.days, *p.values] for p in people]
    return {f"pendo_visitors_{month}.csv": _csv([header, *rows])}


def _render_2014(month: str, features: list[str], people: list[_Person]) -> dict[str, bytes]:
    """One file per audience with the same columns, no e-mail; no visitors, no file."""
    header = ["visitorId", "accountId", "Days Active"]
    header += [f"Clicks for {feature.replace(' | ', ': ')}" for feature in features]
    files = {}
    for audience in ("external", "internal"):
        rows = [[p.visitor, p.client, p.days, *p.values] for p in people if p.audience == audience]
        if rows:
            name = f"{month.replace('-', '')} {audience.capitalize()} Usage Pendo File.csv"
            files[name] = _csv([header, *rows])
    return files


def _render_2015(month: str, features: list[str], people: list[_Person]) -> dict[str, bytes]:
    """BOM, odd spaces in the header, everything quoted, blank zeros, 1,000s and a total row."""
    header = ["VISITOR ID", "Account\u00a0ID", "visitor_agent_email", "is_internal", "Days Active"]
    header += [f"Clicks  for {feature.replace(' | ', ' > ')}" for feature in features]
    rows = []
    for p in people:
        internal = "Yes" if p.audience == "internal" else "No"
        cells = [_number(value) for value in (p.days, *p.values)]
        rows.append([p.visitor, p.client, p.email, internal, *cells])
    totals = [_number(sum(p.values[i] for p in people)) for i in range(len(features))]
    rows.append(["Total", "", "", "", "", *totals])
    name = f"Pendo Export {MONTH_NAMES[int(month[5:]) - 1]} {month[:4]}.csv"
    return {name: b"\xef\xbb\xbf" + _csv([header, *rows], quoting=csv.QUOTE_ALL)}


def _number(value: int) -> str:
    """A number as the 2015 style writes it: blank for zero, a comma in the thousands."""
    return f"{value:,}" if value else ""


def _csv(rows: Sequence[Sequence[object]], quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode("utf-8")


def write_exports(folder: Path, listed: pd.DataFrame, events: pd.DataFrame) -> list[Path]:
    """Every month of `listed`, in the style of its year, as files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for month in sorted(set(listed["month"])):
        for name, content in render(month, listed, events).items():
            paths.append(folder / name)
            paths[-1].write_bytes(content)
    return paths


def write_lookups(folder: Path, areas: Mapping[str, str]) -> None:
    """product_areas.csv (`feature,area`) and internal_domains.csv (`domain`)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "product_areas.csv").write_bytes(_csv([["feature", "area"], *areas.items()]))
    (folder / "internal_domains.csv").write_bytes(_csv([["domain"], [INTERNAL_DOMAIN]]))


# --------------------------------------------------------------------------------- tiny world

AREAS = {
    "billing | invoices": "Billing",
    "billing | invoices/export": "Billing",
    "billing | dunning": "Billing",
    "reports | dashboard": "Reports",
    "reports | builder/charts": "Reports",
    "reports | builder/tables": "Reports",
    "reports | e-mail": "Reports",
    "data quality | rules": "Data Quality",
    "data quality | profile": "Data Quality",
    "admin | users": "Admin",
}
UNMAPPED_FEATURES = ("labs | beta/search", "help | tour")

World = tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]


def tiny_world(seed: int = 0) -> World:
    """(listed, events, areas) of MONTHS: 15-25 clients, about 60 visitors, 12 features in 4 areas.

    Whatever the seed: the first client is listed in 2013-11 and never again, the second is always
    listed and never uses anything, the third has internal visitors only, the fourth uses only
    unmapped features, nobody uses the area Admin in 2013-11, at least one visitor is listed without
    usage beside a colleague with, and one value of 2015-01 is above 1,000.
    """
    rng = random.Random(seed)
    clients = [f"acct_{rng.getrandbits(40):010x}" for _ in range(rng.randint(15, 25))]
    gone, idle, vendor, tourist, *others = clients
    homes = list(clients)  # everybody gets one visitor; the rest by chance, the last two together
    homes += rng.choices([vendor, tourist, *others], k=58 - len(homes)) + [others[0]] * 2
    visitors = []
    for number, client in enumerate(homes):
        internal = client == vendor or (client in others and number % 8 == 0)
        visitor = f"vis_{rng.getrandbits(40):010x}"
        visitors.append((client, visitor, "internal" if internal else "external"))
    listed, events = [], []
    for month in MONTHS:
        for number, (client, visitor, audience) in enumerate(visitors):
            steady = client == idle or number in (len(homes) - 1, len(homes) - 2)
            absent = month != MONTHS[0] if client == gone else rng.random() < 0.3
            if absent and not steady:
                continue
            key = {"month": month, "client_id": client, "visitor_id": visitor, "audience": audience}
            listed.append(key)
            used = _tiny_usage(rng, month, tourist=client == tourist)
            if client == idle or number == len(homes) - 1:
                used = {}
            if month == "2015-01" and number == len(homes) - 2:
                used["reports | dashboard"] = 1234 + rng.randrange(1000)
            events += [{**key, "feature": f, "value": value} for f, value in used.items()]
    return pd.DataFrame(listed), pd.DataFrame(events), dict(AREAS)


def _tiny_usage(rng: random.Random, month: str, tourist: bool) -> dict[str, int]:
    """What one visitor clicked in a month; now and then nothing."""
    features = [*UNMAPPED_FEATURES] if tourist else [*AREAS, *UNMAPPED_FEATURES]
    if month == "2013-11":
        features = [feature for feature in features if AREAS.get(feature) != "Admin"]
    count = min(rng.choice([0, 1, 2, 3, 3, 4, 5, 6]), len(features))
    return {feature: 1 + int(rng.expovariate(0.2)) for feature in rng.sample(features, count)}
