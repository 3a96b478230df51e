"""Hold a staged month against its contract: one aggregate for all rules, five rows per failure."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import ibis
import pandera.ibis as pa

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.rules import Rule, rules_of, schema_of
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import Engine

_SAMPLE = 5
_STAGED = "staged"


@dataclass(frozen=True)
class Violation:
    """A broken rule: how many rows break it, and the first of them in key order."""

    table: str
    column: str
    rule: str
    count: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    def line(self) -> str:
        """The violation in one line, with the first rows."""
        rows = "; ".join(", ".join(f"{k}={v!r}" for k, v in row.items()) for row in self.rows)
        noun = "row" if self.count == 1 else "rows"
        return f"{self.table}.{self.column}: expected {self.rule}, {self.count} {noun} not so" + (
            f" (first: {rows})" if rows else ""
        )


def violations(
    engine: Computes,
    contract: pa.DataFrameSchema,
    staged: Path,
    *,
    traced_to: ibis.Table | None = None,
) -> list[Violation]:
    """The rules that a staged Parquet file breaks; empty when it keeps its contract.

    ``traced_to`` holds the source rows of the table's rows (``source_file``, ``source_row`` and
    columns of the key) in the engine: offending rows are then told by where they were delivered.
    """
    path, local = str(staged).replace("'", "''"), engine.local
    table = local.view(
        _STAGED, f"FROM read_parquet('{path}', hive_partitioning = false)", schema_of(contract)
    )
    counts = local.rows(_counting_sql(str(contract.name)))[0]
    name = str(contract.name)
    found = []
    for number, rule in enumerate(rules_of(contract)):
        if counts[f"rule_{number}"]:
            rows = _first_rows(engine, contract, table.filter(rule.broken(table)), rule, traced_to)
            count = counts[f"rule_{number}"]
            found.append(Violation(name, rule.column, rule.says, count, rows))
    if counts["distinct_keys"] < counts["rows"]:
        found.extend(_repeated_keys(local, contract, table))
    if not counts["rows"] and contract.metadata.get("never_empty"):
        found.append(Violation(name, "*", "at least one row", 0))
    return found


@cache
def _counting_sql(name: str) -> str:
    """The query that counts what breaks each rule; compiled once per contract and process."""
    contract = CONTRACTS[name]
    table = ibis.table(schema_of(contract), name=_STAGED)
    counts = {
        f"rule_{number}": table.count(where=rule.broken(table))
        for number, rule in enumerate(rules_of(contract))
    }
    key = ibis.struct({column: table[column] for column in contract.unique})
    # Equal keys have equal hashes: fewer hashes than rows is a suspicion, checked exactly after.
    hashed = ibis.udf.scalar.builtin(_hash, name="hash", signature=((key.type(),), "uint64"))
    query = table.aggregate(rows=table.count(), distinct_keys=hashed(key).nunique(), **counts)
    return str(ibis.to_sql(query, dialect="duckdb", pretty=False))


def _hash(key: Any) -> Any:
    """DuckDB's own: ibis's makes it a signed number, a third of the time of a large table."""


def _first_rows(
    engine: Computes,
    contract: pa.DataFrameSchema,
    broken: ibis.Table,
    rule: Rule,
    traced_to: ibis.Table | None,
) -> list[dict[str, Any]]:
    key = list(contract.unique)
    shown = broken.order_by(key).limit(_SAMPLE).select(*dict.fromkeys([*key, rule.column]))
    if traced_to is None:
        return engine.local.rows(shown)
    shown = engine.arrow("first_offending", engine.local.to_arrow(shown), shown.schema())
    shared = [column for column in key if column in traced_to.columns]
    sources = traced_to.select("source_file", "source_row", *shared)
    # A visitor that is not told is null on both sides, and has a source all the same.
    same = [shown[column].identical_to(sources[column]) for column in shared]
    told = shown.join(sources, same).order_by("source_file", "source_row").limit(_SAMPLE)
    return engine.rows(
        told.select("source_file", "source_row", *dict.fromkeys([*shared, rule.column]))
    )


def _repeated_keys(
    engine: Engine, contract: pa.DataFrameSchema, table: ibis.Table
) -> list[Violation]:
    key = list(contract.unique)
    repeated = table.group_by(key).aggregate(rows=table.count())
    repeated = repeated.filter(repeated.rows > 1)
    (found,) = engine.rows(repeated.aggregate(count=repeated.count()))
    if not found["count"]:
        return []
    rows = engine.rows(repeated.order_by(key).limit(_SAMPLE))
    return [Violation(str(contract.name), "+".join(key), "a unique key", found["count"], rows)]
