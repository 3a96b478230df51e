"""``healthscore alerts simulate``: what a rule would have said with another threshold."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from healthscore_assets.cli.alerts.months import First, Last
from healthscore_assets.cli.alerts.options import Format, FormatOption, Tier
from healthscore_assets.cli.options import (
    EXPORTS,
    LAKE,
    LOOKUPS,
    Exports,
    LakeFolder,
    Lookups,
    end,
    workplace_of,
)

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lake.lake import Lake
    from healthscore_assets.risk.alerts.rules import AlertRules, Rule

_AS_IT_IS = "as it is"

_PLAYED_BEFORE = 24
"""Months played before the first that counts: what was open then does not count as opened."""


def simulate(
    rule: Annotated[str, typer.Option(help="Name of the rule.")],
    threshold: Annotated[
        list[float] | None,
        typer.Option(help="What `threshold` stands for instead; may be repeated."),
    ] = None,
    when: Annotated[
        str | None, typer.Option(help="Another condition altogether, as in alerts.yaml.")
    ] = None,
    tier: Annotated[
        Tier | None,
        typer.Option(help="Tier that is tried, alone; default: the weakest with a threshold."),
    ] = None,
    first: First = None,
    last: Last = None,
    form: FormatOption = Format.TABLE,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
) -> None:
    """Play past months again with another threshold, beside the rule as it is.

    \b
    Says how many alerts there would have been, of how many clients, and, with
    renewals delivered, how many of these churned. Nothing is written.

    \b
    Examples:
      healthscore alerts simulate --rule health_low --threshold 55 --threshold 50
      healthscore alerts simulate --rule narrow --when "narrow and people >= 20"
    """
    from healthscore_assets.cli.alerts.months import months_between
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.risk.alerts.rules import read_alert_rules

    workplace = workplace_of(exports, lookups, lake)
    try:
        rules = read_alert_rules(workplace.lookup_file("alert_rules"))
    except LookupRefused as refused:
        end(str(refused))
    found = {each.name: each for each in (*rules.rules, *rules.switched_off)}
    if rule not in found:
        known = ", ".join(found) or "none"
        end(f"{workplace.lookup_file('alert_rules')}: no rule {rule}; the rules are {known}")
    tried = _variants(found[rule], threshold or [], when, None if tier is None else tier.value)
    months = workplace.lake.months("client_signals")
    asked = months_between(months, first, last)
    engine = Engine(workplace.lake.spill_folder())
    variants = replace(rules, rules=tuple(tried.values()))
    rows = _played(engine, workplace.lake, variants, months, asked)
    named = {each.name: told for told, each in tried.items()}
    rows = [{"tried": named[row["rule"]], **row} for row in rows]
    if form is not Format.TABLE:
        from healthscore_assets.cli.alerts.printing import print_rows

        columns = [name for name in rows[0] if name != "rule"]
        print_rows([{name: row[name] for name in columns} for row in rows], form, columns)
        return
    _show(rows, found[rule], asked)


def _variants(
    rule: "Rule", thresholds: list[float], when: str | None, tier: str | None
) -> "dict[str, Rule]":
    """The rule as it is and as it is tried, by what is told of each."""
    from healthscore_assets.risk.alerts.expression import ExpressionRefused
    from healthscore_assets.risk.alerts.rules import with_level

    levels = {each.tier: each for each in rule.levels}
    with_number = [each.tier for each in rule.levels if each.threshold is not None]
    at = tier or next(iter([*with_number, *levels]))
    if at not in levels:
        end(f"rule {rule.name} has no tier {at}; it has {', '.join(levels)}")
    if thresholds and when is None and levels[at].threshold is None:
        told = f"{rule.name}, {at}, has no threshold; its condition is: {levels[at].holds.text}"
        end(f"{told}; try another one with --when")
    tried = {_AS_IT_IS: rule}
    alone = f"{at} alone" if len(levels) > 1 else ""
    numbers: list[float | None] = [*thresholds] or ([levels[at].threshold] if when else [])
    for number in numbers:
        told = ", ".join(
            filter(None, (alone, when, None if number is None else f"threshold {number:g}"))
        )
        try:
            other = with_level(rule, at, when or levels[at].holds.text, number)
        except ExpressionRefused as refused:
            end(f"rule {rule.name}: {refused}")
        tried[told] = replace(other, name=f"{rule.name} {len(tried)}")
    return tried


def _played(
    engine: "Engine", lake: "Lake", rules: "AlertRules", months: list[str], asked: list[str]
) -> list[dict[str, Any]]:
    """A row per variant, in their order. Months before the first asked for are played, too."""
    from healthscore_assets.cli.alerts.months import (
        calendar_of,
        decisions_of,
        marks,
        rule_tables_of,
    )
    from healthscore_assets.lake.months import shift
    from healthscore_assets.risk.alerts import accounting
    from healthscore_assets.risk.alerts.replay import replay

    begin = shift(asked[0], -_PLAYED_BEFORE)
    played = replay(
        engine,
        rules,
        [month for month in months if begin <= month <= asked[-1]],
        lambda month: rule_tables_of(engine, lake, month),
    )
    calendar = calendar_of(engine, lake, asked)
    history = accounting.History(_in_months(engine, played, asked), calendar)
    rows = {row["rule"]: row for row in engine.rows(accounting.by_rule(history, marks(engine, [])))}
    decided = decisions_of(engine, lake, asked, calendar)
    told: dict[str, dict[str, Any]] = {}
    if decided is not None:
        found = accounting.outcomes(history, decided.churned, decided.known_until)
        told = {row["rule"]: row for row in engine.rows(found)}
    nothing = _SILENT | ({} if decided is None else _NOBODY)
    return [
        {"rule": each.name, **nothing}
        | {
            name: value
            for name, value in {**rows.get(each.name, {}), **told.get(each.name, {})}.items()
            if name in nothing
        }
        for each in rules.rules
    ]


def _in_months(engine: "Engine", played: "pa.Table", asked: list[str]) -> "ibis.Table":
    """Of what was played the months asked for, counted back from the last of them."""
    import ibis
    import pyarrow as pa
    import pyarrow.compute as pc

    from healthscore_assets.contracts import ALERT_STATES
    from healthscore_assets.contracts.rules import schema_of
    from healthscore_assets.lake.months import ordinal

    found = played.filter(pc.is_in(played["month"], pa.array(asked)))
    here = ordinal(asked[-1])
    ago = pa.array([here - ordinal(month) for month in found["month"].to_pylist()], pa.int64())
    schema = ibis.schema({**schema_of(ALERT_STATES), "months_ago": "int64"})
    told = found.append_column("months_ago", ago).select(list(schema.names))
    return engine.arrow("played_states", told, schema)


_SILENT: dict[str, Any] = {
    **dict.fromkeys(("opened", "clients_alerted", "resolved", "left_base"), 0),
    **dict.fromkeys(("share", "highest_share"), 0.0),
}
_NOBODY: dict[str, Any] = {
    **dict.fromkeys(("judged_90", "churned_90"), 0),
    "precision_90": None,
    **dict.fromkeys(("judged_180", "churned_180"), 0),
    "precision_180": None,
    "lead_days": None,
}


def _show(rows: list[dict[str, Any]], rule: "Rule", asked: list[str]) -> None:
    import sys

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from healthscore_assets.cli.alerts.report import LATER, number, whole
    from healthscore_assets.monitoring.alerted import LARGEST_SHARE

    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    title = f"{rule.name}, {asked[0]} to {asked[-1]}"
    for level in rule.levels:
        told = "" if level.threshold is None else f", threshold {level.threshold:g}"
        console.print(f"{rule.name}, {level.tier}: {level.holds.text}{told}", markup=False)
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    shown = [
        ("opened", whole("opened")),
        ("clients", whole("clients_alerted")),
        ("resolved", whole("resolved")),
        ("share", number("share", ".1%")),
        ("highest", number("highest_share", ".1%")),
        *(LATER if "judged_90" in rows[0] else []),
    ]
    table.add_column("", overflow="fold")
    for heading, _ in shown:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(escape(row["tried"]), *(cell(row) for _, cell in shown))
    console.print(table)
    console.print(
        "Share: of the clients compared, month by month; highest: of the worst month. Nobody acts "
        f"on rules that alert of more than {LARGEST_SHARE:.0%}.",
        style="dim",
    )
