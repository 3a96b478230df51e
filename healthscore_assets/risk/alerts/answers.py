"""Which rules hold for which client in a month, and what was seen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.risk.alerts import columns
from healthscore_assets.risk.alerts.columns import COMPONENTS, OBSERVED
from healthscore_assets.risk.alerts.expression import Reference, Values
from healthscore_assets.risk.alerts.rules import Rule


@dataclass(frozen=True)
class RuleTables:
    """What rules read: tables of the month and of the `HISTORY_MONTHS` before it.

    Months are told apart by ``months_ago``.
    """

    client_profile: ibis.Table
    health_scores: ibis.Table
    health_drivers: ibis.Table
    client_scores: ibis.Table
    structural_risk: ibis.Table
    client_signals: ibis.Table


@dataclass(frozen=True)
class Answers:
    """What the rules say of a month.

    ``of_clients``, grain client of the base: a column `answer_column` per rule, 0 where it does not
    hold, the rank of the tier that holds, null where that cannot be told. ``hits``, grain client x
    rule: ``rank`` and ``evidence`` of those that hold.
    """

    of_clients: ibis.Table
    hits: ibis.Table


def answers(engine: Computes, tables: RuleTables, rules: tuple[Rule, ...]) -> Answers:
    """Ask every rule about every client of the base.

    Nothing can be told of a partial month, which is compared with nothing. Without a composite the
    answer of a rule on health is no.
    """
    reads = _in_order(
        *(rule.reads for rule in rules),
        [COMPOSITE] if any(map(_is_on_health, rules)) else [],
    )
    rows = engine.keep("rule_columns", _side_by_side(tables, reads))
    told = engine.keep("rule_answers", _asked(rows, rules, reads))
    return Answers(told, engine.keep("rule_hits", _hits(told, rules, reads)))


COMPOSITE = Reference(columns.find("health", "health_scores"), 0)

_OF_COMPOSITE = ("health", "band", "announced_band", "velocity", "velocity_band")


def _is_on_health(rule: Rule) -> bool:
    """Whether a rule's condition is about composite health itself, not only what it is made of."""
    return any(
        each.source.table == COMPOSITE.source.table
        and each.source.column in _OF_COMPOSITE
        and each.ago == 0
        for level in rule.levels
        for each in level.holds.reads
    )


def answer_column(place: int) -> str:
    """The column of the rule at a place in the list."""
    return f"answer_{place}"


def _in_order(*reads: Iterable[Reference]) -> tuple[Reference, ...]:
    return tuple(sorted({refers for each in reads for refers in each}, key=_by_table))


def _by_table(refers: Reference) -> tuple[str, int, str]:
    return refers.source.table, refers.ago, refers.source.column


@lru_cache(maxsize=EXPRESSIONS)
def _side_by_side(tables: RuleTables, reads: tuple[Reference, ...]) -> ibis.Table:
    """All columns that rules read, as ``c<n>`` by their place. Grain: client of the base."""
    whole = tables.client_scores.filter(~tables.client_scores.partial)
    whole = whole.select("months_ago").distinct()
    now = tables.client_scores.filter(tables.client_scores.months_ago == 0)
    rows = now.select("client_id", is_whole=~now.partial)
    place = {refers: at for at, refers in enumerate(reads)}
    for (table, ago), group in groupby(reads, key=lambda each: (each.source.table, each.ago)):
        month = getattr(tables, table)
        month = month.filter(month.months_ago == ago).semi_join(whole, "months_ago")
        named = {f"c{place[refers]}": refers.source.column for refers in group}
        told = (
            _components(month, named) if table == COMPONENTS else month.select("client_id", **named)
        )
        rows = rows.left_join(told, "client_id").drop("client_id_right")
    return rows


def _components(month: ibis.Table, named: dict[str, str]) -> ibis.Table:
    """Scores and observed values of components, a column each. Grain: client."""
    numbers = {}
    for name, column in named.items():
        component = column.removesuffix(OBSERVED)
        number = month.value if column.endswith(OBSERVED) else month.score
        numbers[name] = number.max(where=month.component == component)
    return month.group_by("client_id").aggregate(**numbers)


def _values(rows: ibis.Table, reads: tuple[Reference, ...]) -> Values:
    return {refers: rows[f"c{at}"] for at, refers in enumerate(reads)}


@lru_cache(maxsize=EXPRESSIONS)
def _asked(rows: ibis.Table, rules: tuple[Rule, ...], reads: tuple[Reference, ...]) -> ibis.Table:
    """The columns of `_side_by_side` and what each rule says."""
    values = _values(rows, reads)
    return rows.mutate(
        **{
            answer_column(at): ibis.ifelse(rows.is_whole, _answer(rule, values), None)
            for at, rule in enumerate(rules)
        }
    )


def _answer(rule: Rule, values: Values) -> ibis.Value:
    """The rank of the strongest tier that holds; 0 only where each is known not to."""
    held = [(level.holds.build(values), level.rank) for level in reversed(rule.levels)]
    clear = ~held[0][0]
    for holds, _ in held[1:]:
        clear = clear & ~holds
    cases = [(holds.fill_null(False), rank) for holds, rank in held]
    settled = clear.fill_null(False)
    if _is_on_health(rule):
        settled = settled | values[COMPOSITE].isnull()
    return ibis.cases(*cases, (settled, 0)).cast("int64")


@lru_cache(maxsize=EXPRESSIONS)
def _hits(told: ibis.Table, rules: tuple[Rule, ...], reads: tuple[Reference, ...]) -> ibis.Table:
    parts = list(_of_each(told, rules, reads))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _of_each(
    told: ibis.Table, rules: tuple[Rule, ...], reads: tuple[Reference, ...]
) -> Iterator[ibis.Table]:
    nobody = told.filter(ibis.literal(False))
    yield nobody.select(
        "client_id", rule=ibis.literal(""), rank=ibis.literal(0, "int64"), evidence=ibis.literal("")
    )
    for at, rule in enumerate(rules):
        held = told.filter(told[answer_column(at)] > 0)
        values, rank = _values(held, reads), held[answer_column(at)]
        says = ibis.cases(*((rank == each.rank, each.says.build(values)) for each in rule.levels))
        yield held.select("client_id", rule=ibis.literal(rule.name), rank=rank, evidence=says)
