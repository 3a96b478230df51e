"""Small tables for the pure functions, and the graph's tables, as pandas frames.

tables.given(CLIENT_MONTH, frame, month="2020-05")   # pandas -> ibis, with months_ago
tables.found(CLIENT_MONTH, expression)               # ibis -> pandas, in key order
tables.same(found, expected)                         # equal to 1e-9
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import pandas as pd
import pandera.ibis as pa_ibis
import pyarrow as pa

from healthscore_assets.contracts import CLIENT_AREA_MONTH, CLIENT_MONTH, CONTRACTS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.engagement import clients
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.months import ordinal
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.scoring import indices
from healthscore_assets.scoring import momentum as scoring_momentum

Rows = pd.DataFrame | Sequence[Mapping[str, Any]]
Contract = pa_ibis.DataFrameSchema

AUDIENCES = ("all", "external", "internal")


@cache
def engine() -> Engine:
    """One engine for all tests of a process, on one core: queries this small gain from no more."""
    alone = Engine()
    alone.con.execute("SET threads = 1")
    return alone


# ------------------------------------------------------------------------- rows in, rows out


def given(contract: Contract, rows: Rows, month: str | None = None) -> ibis.Table:
    """Rows as the table of a contract, with `months_ago` as the graph loads it.

    `months_ago` is counted back from `month` where the rows tell theirs (later ones are left out),
    else taken as it is, else 0. One table per contract is there at a time.
    """
    return of_schema(str(contract.name), schema_of(contract), rows, month)


def sparse(contract: Contract, rows: Sequence[Mapping[str, Any]]) -> ibis.Table:
    """The same of rows that tell some of the columns; the others are null."""
    nulls = {**dict.fromkeys(contract.columns), "months_ago": 0}
    return given(contract, [{**nulls, **row} for row in rows])


def of_schema(name: str, schema: ibis.Schema, rows: Rows, month: str | None = None) -> ibis.Table:
    """The same for a table without a contract."""
    names = [*schema.names, "months_ago"]
    frame = pd.DataFrame(rows, columns=None if len(rows) else names)
    if month is not None and len(frame):
        ago = [ordinal(month) - ordinal(other) for other in frame["month"]]
        frame = frame.assign(months_ago=ago)
        frame = frame[frame["months_ago"] >= 0]
    elif "months_ago" not in frame:
        frame = frame.assign(months_ago=0)
    schema = ibis.schema({**schema, "months_ago": "int64"})
    nullable = pa.schema([field.with_nullable(True) for field in schema.to_pyarrow()])
    arrow = pa.Table.from_pandas(frame[names], schema=nullable, preserve_index=False)
    engine().arrow(name, arrow, schema)
    return _named(name, schema)


@cache
def _named(name: str, schema: ibis.Schema) -> ibis.Table:
    """The same object for the same table, so that `cached` knows it again."""
    return ibis.table(schema, name=name)


def found(contract: Contract, table: ibis.Table) -> pd.DataFrame:
    """The contract's columns of a table, in the order of its key; a number that is null is NaN."""
    rows = engine().rows(_in_key_order(str(contract.name), table))
    frame = pd.DataFrame(rows, columns=list(contract.columns))
    numbers = {
        name: "float64" if dtype.is_floating() or frame[name].hasnans else "int64"
        for name, dtype in schema_of(contract).items()
        if dtype.is_numeric()
    }
    return frame.astype(numbers)


@cache
def _in_key_order(name: str, table: ibis.Table) -> ibis.Table:
    contract = CONTRACTS[name]
    return table.select(list(contract.columns)).order_by(list(contract.unique))


def same(found: pd.DataFrame, expected: pd.DataFrame, *, exact: bool = False) -> None:
    """The columns found hold the same rows: to 1e-9, or to the last bit."""
    pd.testing.assert_frame_equal(
        found.reset_index(drop=True),
        expected[list(found.columns)].reset_index(drop=True),
        check_dtype=False,
        check_exact=exact,
        **({} if exact else {"rtol": 0, "atol": 1e-9}),
    )


def by(frame: pd.DataFrame, *keys: str) -> dict[Any, dict[str, Any]]:
    """key -> row with None for null."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return {row[keys[0]] if len(keys) == 1 else tuple(row[k] for k in keys): row for row in rows}


# ------------------------------------------------------------------------- clients in months


class Use(NamedTuple):
    """What one audience of a client did, so many months ago: engagement by area, and by how many
    visitors (one, unless told; nobody where there is no engagement; NaN where no export tells)."""

    client: str
    areas: Mapping[str, float] = {}
    users: float | None = None
    audience: str = "external"
    ago: int = 0


def client_tables(*uses: Use) -> tuple[ibis.Table, ibis.Table]:
    """`client_area_month` and `client_month` of the clients that are listed with these uses."""
    areas: dict[tuple[int, str, str, str], float] = {}
    users: dict[tuple[int, str, str], float] = {}
    listed: set[tuple[int, str, str]] = set()
    for use in uses:
        for audience in ("all", use.audience):
            key = (use.ago, use.client, audience)
            listed.add(key)
            users[key] = users.get(key, 0) + (bool(use.areas) if use.users is None else use.users)
            for area, engagement in use.areas.items():
                areas[*key, area] = areas.get((*key, area), 0) + engagement
    cells = [
        {
            "months_ago": ago,
            "client_id": client,
            "audience": audience,
            "area": area,
            "engagement": engagement,
            "visitors": told(users[ago, client, audience]),
        }
        for (ago, client, audience, area), engagement in areas.items()
        if engagement
    ]
    months = []
    for ago, client in dict.fromkeys((use.ago, use.client) for use in uses):
        for audience in AUDIENCES:
            key = (ago, client, audience)
            used = [
                c["engagement"]
                for c in cells
                if (c["months_ago"], c["client_id"], c["audience"]) == key
                and c["area"] != "Unmapped"
            ]
            visitors = told(users.get(key, 0))
            months.append(
                {
                    "months_ago": ago,
                    "client_id": client,
                    "audience": audience,
                    "engagement": sum(used),
                    "unique_visitors": visitors,
                    "active_areas": len(used),
                    "engagement_per_user": sum(used) / visitors if visitors else None,
                    "listed": key in listed,
                }
            )
    return given(CLIENT_AREA_MONTH, cells), given(CLIENT_MONTH, months)


def told(users: float) -> int | None:
    """A number of visitors, or None where it is NaN."""
    return None if math.isnan(users) else int(users)


def areas(*names: str) -> ibis.Table:
    """The areas of the lookup."""
    rows = [{"area": name} for name in names]
    return of_schema("lookup_areas", ibis.schema({"area": "string"}), rows)


# Building these expressions takes longer than running them: the same tables make the same ones.
client_area_month = cache(clients.client_area_month)
client_month = cache(clients.client_month)
momentum = cache(scoring_momentum.momentum)


class MonthIndices(NamedTuple):
    """The tables of one month, as expressions."""

    area_weights: ibis.Table
    index_scores: ibis.Table


def month_indices(
    client_area_month: ibis.Table,
    client_month: ibis.Table,
    lookup_areas: ibis.Table,
    settings: ScoringSettings,
    partial: frozenset[int] = frozenset(),
) -> MonthIndices:
    """Weights and scores of a month, out of one expression: nothing is kept on the way."""
    now, before = indices.compared(client_area_month, client_month, settings)
    weights = indices.month_weights(now, client_area_month, lookup_areas)
    weights_before = indices.month_weights(before, client_area_month, lookup_areas, 1)
    scores = indices.index_scores(now, before, weights, weights_before, partial)
    return MonthIndices(weights, scores)


# ------------------------------------------------------------------------- the graph's tables


def run_graph(exports: Path, lookups: Path, lake: Path, months: Iterable[str]) -> dict[str, Any]:
    """Every stage of each month in this process, as Dagster records it; month -> its result."""
    import dagster as dg

    from healthscore_assets.definitions import build_definitions
    from healthscore_assets.orchestration.plan import Graph
    from healthscore_assets.orchestration.workplace import Workplace

    definitions = build_definitions(Workplace.at(exports=exports, lookups=lookups, lake=lake))
    job = definitions.resolve_implicit_global_asset_job_def()
    made = [dg.AssetKey(table) for table in Graph.of(definitions).reads]
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        return {
            month: job.execute_in_process(
                partition_key=month,
                asset_selection=made,
                instance=instance,
                raise_on_error=False,
                run_config=quiet,
            )
            for month in months
        }


def failed_checks(results: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(table, check) of every check that did not pass in one of the months."""
    return {
        (check.asset_key.to_user_string(), check.check_name)
        for result in results.values()
        for check in result.get_asset_check_evaluations()
        if not check.passed
    }


def of_lake(lake: Path, contract: Contract) -> pd.DataFrame:
    """Every month of a table, in the order of the months and of the rows in their files."""
    files = sorted((lake / str(contract.name)).glob("month=*/data.parquet"))
    frames = []
    for file in files:
        frame = pd.read_parquet(file, partitioning=None)
        assert list(frame.columns) == list(contract.columns), file
        frames.append(frame.assign(month=file.parent.name.removeprefix("month=")))
    return pd.concat(frames, ignore_index=True)


def bytes_of(lake: Path) -> dict[str, str]:
    """Path in the lake -> hash of the file's bytes."""
    return {
        path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(lake.rglob("*"))
        if path.is_file()
    }
