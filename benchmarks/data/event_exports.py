"""Monthly events as Pendo's API tells them: a row per account, visitor, feature and day."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.data.people import ACCOUNT, RANDOM, first_visitor
from benchmarks.data.product import feature_id
from benchmarks.data.writing import written
from benchmarks.sizes import Size

_DAYS, _A_DAY = 25, 5


def write_events(size: Size, seed: int, folder: Path) -> Iterator[Path]:
    """A Parquet file per month, with the columns that `healthscore pull` writes."""
    queries = {
        folder / f"events {month}.parquet": _month(size, seed, n, month)
        for n, month in enumerate(size.all_months())
    }
    yield from written(queries, "FORMAT PARQUET, COMPRESSION ZSTD")


def _month(size: Size, seed: int, n: int, month: str) -> str:
    """Visitors come back to some of their features; no row is there twice."""
    first = first_visitor(size, n)
    a_month = _DAYS * _A_DAY
    habit = RANDOM.format(key="v * 5 + day % 3", salt=seed * 1_000)
    random = RANDOM.format(key=f"v * {a_month} + r", salt=seed * 1_000 + n)
    account = ACCOUNT.format(clients=size.clients, seed=seed)
    features = ", ".join(f"'{feature_id(feature)}'" for feature in range(size.features))
    return f"""
        SELECT "accountId", "visitorId",
               [{features}][({habit} + r % {_A_DAY} * 13) % {size.features} + 1] AS "featureId",
               epoch_ms(DATE '{month}-01') + day * 86400000 AS "day",
               (1 + random % (3 + account % 20 * 3))::BIGINT AS "numEvents",
               (random // 1000 % 4)::BIGINT AS "numMinutes"
        FROM (SELECT *, r // {_A_DAY} AS day, {random} AS random
              FROM (SELECT v, account, 'acct-' || account AS "accountId",
                           'visitor-' || v AS "visitorId", unnest(range({a_month})) AS r
                    FROM (SELECT v, {account} AS account
                          FROM range({first}, {first + size.visitors}) AS t(v))))
    """
