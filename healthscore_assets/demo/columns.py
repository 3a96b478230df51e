"""One month of usage as the wide table of a Pendo export."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from healthscore_assets.demo.clients import BoolArray, Client, IntArray
from healthscore_assets.demo.product import FEATURES
from healthscore_assets.demo.styles import Style
from healthscore_assets.demo.usage import MonthUsage, launched
from healthscore_assets.demo.visitors import Visitors
from healthscore_assets.demo.visits import VisitDates


def wide_table(
    style: Style,
    usage: MonthUsage,
    keep: BoolArray,
    clients: list[Client],
    visitors: Visitors,
    dates: VisitDates,
) -> pa.Table:
    """One row per listed visitor of `keep`, a column per feature and metric."""
    rows = usage.rows[keep]
    people = list(_people(style, rows, clients, visitors, dates))
    metrics = list(_metrics(style, usage, keep))
    names = [name for name, _ in people + metrics]
    return pa.table([column for _, column in people + metrics], names=names)


def _people(
    style: Style, rows: IntArray, clients: list[Client], visitors: Visitors, dates: VisitDates
) -> Iterator[tuple[str, pa.Array]]:
    who = rows.tolist()
    client = [clients[at] for at in visitors.client[rows].tolist()]
    yield "Visitor ID", pa.array([visitors.visitor_id[at] for at in who])
    yield "Account ID", pa.array([one.client_id for one in client])
    yield "Account Name", pa.array([one.client_name for one in client])
    yield "email", pa.array([visitors.email[at] for at in who])
    if style.flag_column:
        flags = visitors.internal[rows].tolist()
        yield "is_internal", pa.array(["Yes" if flag else "No" for flag in flags])
    yield "First Visit", pa.array(dates.first[rows])
    yield "Last Visit", pa.array(dates.last[rows])
    yield "Browser", pa.array([visitors.browser[at] for at in who])


def _metrics(style: Style, usage: MonthUsage, keep: BoolArray) -> Iterator[tuple[str, pa.Array]]:
    exists = np.flatnonzero(launched(usage.month)).tolist()
    viewed = [at for at in exists if FEATURES[at].page_views]
    timed = [at for at in exists if FEATURES[at].timed]
    yield "Days Active", pa.array(usage.days_active[keep])
    for prefix, values, features in (
        ("Clicks for", usage.clicks, exists),
        ("Page Views for", usage.page_views, viewed),
        ("Time On Page (minutes) for", usage.minutes, timed),
        ("Days Active for", usage.feature_days, timed),
    ):
        for at in features:
            cells = values[at][keep]
            name = FEATURES[at].name.replace(" | ", style.separator)
            yield f"{prefix} {name}", pa.array(cells, mask=(cells == 0) & style.blank_zeros)
