"""What a rule may name: the published columns of a client, by name or ``table.column``."""

import difflib
import math
from dataclasses import dataclass
from typing import Any

import pandera.ibis as pa

from healthscore_assets.contracts.client_profile import CLIENT_PROFILE
from healthscore_assets.contracts.client_scores import CLIENT_SCORES
from healthscore_assets.contracts.client_signals import CLIENT_SIGNALS
from healthscore_assets.contracts.health_components import HEALTH_COMPONENTS
from healthscore_assets.contracts.health_scores import HEALTH_SCORES
from healthscore_assets.contracts.structural_risk import STRUCTURAL_RISK
from healthscore_assets.lookups.health_presets import DIMENSION

COMPONENTS = "health_drivers"
"""The table with a row per component, of which a rule names scores and observed values."""

OBSERVED = "_value"
"""``nps`` is the score of a component, ``nps_value`` what was observed."""

_TABLES = (CLIENT_PROFILE, HEALTH_SCORES, CLIENT_SCORES, STRUCTURAL_RISK, CLIENT_SIGNALS)
_KINDS = {
    "string": "text",
    "boolean": "flag",
    "date": "day",
    "int64": "number",
    "float64": "number",
}


@dataclass(frozen=True)
class Source:
    """A column that a rule may name: its kind, and what values it can have.

    ``kind`` is number, text, flag or day; ``words`` are the texts that its contract allows.
    """

    table: str
    column: str
    kind: str
    low: float = -math.inf
    high: float = math.inf
    words: tuple[str, ...] = ()


class NoSuchColumn(Exception):
    """A rule names a column that there is not, or not one alone; the message says what there is."""


def find(name: str, table: str | None = None) -> Source:
    """The column of that name.

    Raises NoSuchColumn for one that does not exist, or that several tables have with different
    meanings.
    """
    if table is not None and table not in _BY_TABLE:
        raise NoSuchColumn(f"no such table {table}; rules read {', '.join(_BY_TABLE)}")
    found = [
        columns[name]
        for each, columns in _BY_TABLE.items()
        if name in columns and table in (None, each)
    ]
    if not found:
        close = difflib.get_close_matches(name, _NAMES, n=3, cutoff=0.7)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise NoSuchColumn(f"no such column {table + '.' if table else ''}{name}{hint}")
    said = {_SAID[each.table, each.column] for each in found}
    if len(said) > 1:
        choice = " or ".join(f"{each.table}.{each.column}" for each in found)
        raise NoSuchColumn(f"{name} is a column of several tables; write {choice}")
    return found[0]


def _source(table: str, name: str, column: pa.Column) -> Source:
    kind = _KINDS[str(column.dtype.type.copy(nullable=True))]
    facts: dict[str, Any] = {}
    for check in column.checks:
        facts |= check.statistics
    return Source(
        table,
        name,
        kind,
        facts.get("min_value", -math.inf) if kind == "number" else -math.inf,
        facts.get("max_value", math.inf) if kind == "number" else math.inf,
        tuple(facts.get("allowed_values", ())),
    )


def _components() -> dict[str, Source]:
    value, score = (HEALTH_COMPONENTS.columns[name] for name in ("value", "score"))
    return {name: _source(COMPONENTS, name, score) for name in DIMENSION} | {
        f"{name}{OBSERVED}": _source(COMPONENTS, f"{name}{OBSERVED}", value) for name in DIMENSION
    }


_BY_TABLE = {
    **{
        str(contract.name): {
            name: _source(str(contract.name), name, column)
            for name, column in contract.columns.items()
        }
        for contract in _TABLES
    },
    COMPONENTS: _components(),
}
_SAID = {
    (str(contract.name), name): column.description
    for contract in _TABLES
    for name, column in contract.columns.items()
} | {(COMPONENTS, name): name for name in _BY_TABLE[COMPONENTS]}
_NAMES = sorted({name for columns in _BY_TABLE.values() for name in columns})
