"""Monthly exports as Pendo's reports give them: a row per visitor, a column per feature."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.data.people import ACCOUNT, EMAIL, RANDOM, first_visitor
from benchmarks.data.product import feature_name
from benchmarks.data.writing import written
from benchmarks.sizes import Size

USED = 0.25
"""Share of the cells above zero, as in real exports."""

IDLE = 10
"""One visitor of so many is listed with zeros only."""


def write_wide(size: Size, seed: int, folder: Path) -> Iterator[Path]:
    """A CSV per month."""
    queries = {
        folder / f"visitors {month}.csv": _month(size, seed, n)
        for n, month in enumerate(size.all_months())
    }
    yield from written(queries, "FORMAT CSV, HEADER")


def _month(size: Size, seed: int, n: int) -> str:
    first = first_visitor(size, n)
    metrics = ", ".join(
        f'{_clicks(seed, n, feature)} AS "Clicks for {feature_name(feature, size.areas)}"'
        for feature in range(size.features)
    )
    account = ACCOUNT.format(clients=size.clients, seed=seed)
    return f"""
        SELECT 'visitor-' || v AS "Visitor ID", 'acct-' || account AS "Account ID",
               'Client ' || account AS "Account Name", {EMAIL} AS "Email",
               ['Chrome', 'Firefox', 'Safari', 'Edge'][v % 4 + 1] AS "Browser",
               CASE WHEN idle THEN 0 ELSE 1 + v % 20 END AS "Days Active", {metrics}
        FROM (SELECT v, {account} AS account, v % {IDLE} = 3 AS idle
              FROM range({first}, {first + size.rows}) AS t(v))
    """


def _clicks(seed: int, n: int, feature: int) -> str:
    """Clients differ in how much their people click, so that scores differ."""
    random = RANDOM.format(key=f"v * 1000 + {feature}", salt=seed * 1_000 + n)
    most = int(USED / (1 - 1 / IDLE) * 1_000)
    return (
        f"CASE WHEN idle OR {random} % 1000 >= {most} THEN 0"
        f" ELSE 1 + ({random} // 1000 % (10 + account % 20 * 10))::INT END"
    )
