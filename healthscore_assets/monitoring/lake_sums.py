"""Whether the tables of a month tell of the same engagement and the same clients."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lookups.product_areas import UNMAPPED

_EXACT_BELOW = Decimal(10**9)
_RELATIVE = Decimal("1e-12")
"""What larger sums may differ by: their floats do not hold six decimals any more."""

_SHOWN = 5

_SAME_CLIENTS = (
    ("visitor_month", "client_month"),
    ("index_scores", "momentum"),
    ("index_scores", "client_scores"),
)


def sums_between(engine: Engine, files: Mapping[str, Path], measure: str | None) -> list[str]:
    """What does not add up from table to table, a line each.

    Parameters: ``files`` of the month's tables, those that can be read; ``measure`` is what
    engagement counts, or None where that is not known: then it may be any.
    """
    return [*_engagement(engine, files, measure), *_clients(engine, files)]


def _engagement(engine: Engine, files: Mapping[str, Path], measure: str | None) -> list[str]:
    """Usage, by visitor and area, by client and area, by client."""
    lines = []
    by_visitor = _sum(engine, files, "area_engagement")
    if by_visitor is not None and "cleaned_usage" in files:
        used = _by_measure(engine, files["cleaned_usage"])
        none = Decimal()
        possible = [used.get(measure, none)] if measure else [*used.values(), none]
        if not any(equal(total, by_visitor) for total in possible):
            of = measure or "no measure"
            told = " or ".join(map(_plain, dict.fromkeys(possible)))
            lines.append(f"{of}: {told} in cleaned_usage, {_plain(by_visitor)} in area_engagement")
    lines += _features(engine, files)
    by_area = _sum(engine, files, "client_area_month", "audience = 'all'")
    lines += _differ("engagement", {"area_engagement": by_visitor, "client_area_month": by_area})
    in_areas = _sum(
        engine, files, "client_area_month", f"audience = 'all' AND area <> '{UNMAPPED}'"
    )
    by_client = _sum(engine, files, "client_month", "audience = 'all'")
    totals = {"client_area_month": in_areas, "client_month": by_client}
    lines += _differ("engagement in areas", totals)
    for table, everybody in (("client_area_month", by_area), ("client_month", by_client)):
        parts = _sum(engine, files, table, "audience <> 'all'")
        lines += _differ(f"engagement in {table}", {"all": everybody, "the audiences": parts})
    return lines


def _features(engine: Engine, files: Mapping[str, Path]) -> list[str]:
    """Usage in each measure, by visitor and by client."""
    tables = ("cleaned_usage", "client_feature_month")
    if not files.keys() >= {*tables}:
        return []
    by_visitor, by_client = (_by_measure(engine, files[table]) for table in tables)
    return [
        line
        for measure in sorted(by_visitor.keys() | by_client.keys())
        for line in _differ(
            measure,
            dict(
                zip(
                    tables,
                    (used.get(measure, Decimal()) for used in (by_visitor, by_client)),
                    strict=True,
                )
            ),
        )
    ]


def _by_measure(engine: Engine, usage: Path) -> dict[str, Decimal]:
    found = engine.rows(
        f"SELECT measure, {_SUM.format('value')} AS total FROM {parquet(usage)} GROUP BY measure"
    )
    return {row["measure"]: row["total"] for row in found}


def _clients(engine: Engine, files: Mapping[str, Path]) -> list[str]:
    """Who is listed, and who is scored."""
    lines = []
    for pair in _SAME_CLIENTS:
        for here, there in (pair, pair[::-1]):
            if here in files and there in files:
                missing = _only_in(engine, files[here], files[there])
                if missing:
                    lines.append(f"clients of {here} that are not in {there}: {_named(missing)}")
    return lines


_SUM = "coalesce(sum(try_cast({} AS DECIMAL(38, 6))), 0)::DECIMAL(38, 6)"


def _sum(
    engine: Engine, files: Mapping[str, Path], table: str, where: str = "true"
) -> Decimal | None:
    """The engagement of some rows; None where the table cannot be read."""
    if table not in files:
        return None
    (row,) = engine.rows(
        f"SELECT {_SUM.format('engagement')} AS total FROM {parquet(files[table])} WHERE {where}"
    )
    return row["total"]


def _differ(what: str, totals: Mapping[str, Decimal | None]) -> list[str]:
    (a, first), (b, second) = totals.items()
    if first is None or second is None or equal(first, second):
        return []
    return [f"{what}: {_plain(first)} in {a}, {_plain(second)} in {b}"]


def equal(first: Decimal, second: Decimal) -> bool:
    """Whether two sums are the same, in the digits that they have."""
    largest = max(first, second)
    return abs(first - second) <= (largest * _RELATIVE if largest > _EXACT_BELOW else 0)


def _only_in(engine: Engine, here: Path, there: Path) -> list[str]:
    found = engine.rows(
        f"SELECT client_id FROM {parquet(here)} EXCEPT SELECT client_id FROM {parquet(there)}"
        f" ORDER BY client_id LIMIT {_SHOWN + 1}"
    )
    return [row["client_id"] for row in found]


def _named(clients: Sequence[str]) -> str:
    return ", ".join(clients[:_SHOWN]) + (", ..." if len(clients) > _SHOWN else "")


def _plain(total: Decimal) -> str:
    return f"{total.normalize():,f}"


def parquet(path: Path) -> str:
    """A file as SQL reads it."""
    quoted = str(path).replace("'", "''")
    return f"read_parquet('{quoted}', hive_partitioning = false)"
