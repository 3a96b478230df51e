"""``healthscore run``: bring the tables up to date."""

from typing import TYPE_CHECKING, Annotated

import typer

from healthscore_assets.cli.options import (
    ENGINE,
    EXPORTS,
    LAKE,
    LOOKUPS,
    EngineOption,
    Exports,
    LakeFolder,
    Lookups,
    complain,
    end,
    month_option,
    workplace_of,
)

if TYPE_CHECKING:
    from rich.console import Console

    from healthscore_assets.orchestration.plan import Graph, MonthPlan
    from healthscore_assets.orchestration.runs import MonthOutcome
    from healthscore_assets.orchestration.workplace import Workplace

First = Annotated[
    str | None,
    typer.Option("--from", callback=month_option, metavar="YYYY-MM", help="First month to run."),
]
Last = Annotated[
    str | None,
    typer.Option("--to", callback=month_option, metavar="YYYY-MM", help="Last month to run."),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="ASSET",
        help="Make only this table (and those made in one pass with it); may be repeated.",
    ),
]


def run(
    first: First = None,
    last: Last = None,
    select: Select = None,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    engine: EngineOption = ENGINE,
) -> None:
    """Make the tables, from raw exports to scores.

    \b
    Without options: every month whose exports are new or changed, and the
    later months that read them. With --from and --to: those months again,
    whatever changed, as after an edit of a lookup. A month that is refused
    keeps its old tables, and the others go on.

    \b
    Examples:
      healthscore run
      healthscore run --from 2024-01 --to 2024-12
      healthscore run --from 2024-05 --to 2024-05 --select momentum
    """
    from rich.console import Console

    console = Console(soft_wrap=True)
    workplace = workplace_of(exports, lookups, lake, engine)
    complete = run_months(workplace, console, first=first, last=last, select=select)
    if not complete:
        raise typer.Exit(1)


def run_months(
    workplace: "Workplace",
    console: "Console",
    *,
    first: str | None = None,
    last: str | None = None,
    select: list[str] | None = None,
    everything: bool = False,
) -> bool:
    """Run what is due, or the months asked for; says whether all of them and all files are good."""
    from healthscore_assets.assets.graph import stages
    from healthscore_assets.cli.progress import Display
    from healthscore_assets.lake.spark.refused import EngineRefused
    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.orchestration.delivered import delivered
    from healthscore_assets.orchestration.instance import open_instance
    from healthscore_assets.orchestration.plan import (
        RAW,
        Graph,
        MonthPlan,
        at_hand,
        known_months_of,
        made_before_lookups,
        of_withdrawn_usage,
        plan_months,
        withdrawn_months,
    )
    from healthscore_assets.orchestration.runs import observe_lookups, run_month
    from healthscore_assets.orchestration.worker import end_abandoned_runs
    from healthscore_assets.reading.refused import ExportRefused

    missed: list[str] = []
    try:
        workplace.check_engine()
        workplace.check_lookups()
        missed = _from_warehouse(workplace, console)
        told = delivered(workplace)
    except (EngineRefused, LookupRefused, ExportRefused) as refused:
        end(*(missed or [str(refused)]))
    definitions = stages(workplace)
    graph = Graph.of(definitions)
    tables = _selected(graph, select)
    found, sources = told.usage, told.sources(workplace.lake)
    lost, months = told.lost(), known_months_of(found)
    if not found or (not months and withdrawn_months(workplace.lake, found)):
        end(*(missed or [f"{workplace.inbox}: holds no exports; put Pendo's usage exports there"]))
    gone = withdrawn_months(workplace.lake, found)
    with open_instance() as instance:
        end_abandoned_runs(instance)
        observe_lookups(instance, workplace)
        if first or last or select or everything:
            there = at_hand(graph, sources)
            known = sorted({month for table in tables for month in there[table]})
            plans = []
            for month in (m for m in known if (first or m) <= m <= (last or m)):
                made = tuple(table for table in tables if month in there[table])
                if month in gone and RAW in made:
                    made = of_withdrawn_usage(made)
                plans.append(MonthPlan(month, made))
            if not plans and months:
                end(f"no month from {first or months[0]} to {last or months[-1]} has an export")
        else:
            plans = plan_months(graph, instance, workplace.lake, sources)
        display = Display(console, len(plans))
        outcomes: list[MonthOutcome] = []
        with display.running():
            for plan in plans:
                outcomes.append(run_month(definitions, instance, plan, display.start(plan)))
                display.finish(outcomes[-1])
        later: list[MonthPlan] = []
        if outcomes:  # else as much is due as before: nothing
            sources = told.sources(workplace.lake)
            later = plan_months(graph, instance, workplace.lake, sources)
        edited = made_before_lookups(graph, instance, months)
    _summarise(console, outcomes, months, later)
    _advise(
        console,
        outcomes,
        edited,
        withdrawn=sorted({*gone} - {*withdrawn_months(workplace.lake, found)}),
    )
    for line in told.misplaced:
        _say(console, line)
    complain([*missed, *lost])
    # A file that is refused is refused in each of its months, for one reason.
    complain(dict.fromkeys(line for outcome in outcomes for line in outcome.problems))
    return not (missed or lost) and all(outcome.succeeded for outcome in outcomes)


def _from_warehouse(workplace: "Workplace", console: "Console") -> list[str]:
    """Bring the inbox up to date; what went wrong keeps nothing else from being made."""
    from healthscore_assets.orchestration.warehouse import has_warehouse, refresh_inbox
    from healthscore_assets.pendo.warehouse.failed import WarehouseFailed

    if has_warehouse(workplace):
        try:
            with console.status("Taking usage from the warehouse"):
                report = refresh_inbox(workplace)
            _say(console, report.line())
            return [*report.problems().values()]
        except WarehouseFailed as failed:
            return [str(failed)]
    return []


def _selected(graph: "Graph", select: list[str] | None) -> tuple[str, ...]:
    if not select:
        return tuple(graph.reads)
    for name in select:
        if name not in graph.reads:
            raise typer.BadParameter(
                f"{name!r} is not a table of the graph: {', '.join(graph.reads)}",
                param_hint="--select",
            )
    return graph.with_siblings(set(select))


def _summarise(
    console: "Console", outcomes: "list[MonthOutcome]", months: list[str], later: "list[MonthPlan]"
) -> None:
    if not outcomes:
        if months:
            _say(console, f"Nothing to do: {_months(months)} up to date with the exports.")
        return
    refused = sum(not outcome.succeeded for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    _say(console, f"{len(outcomes) - refused} of {len(outcomes)} months done in {seconds:.0f} s.")
    waiting = [plan.month for plan in later if plan.month not in {o.month for o in outcomes}]
    if waiting:
        _say(console, f"{_months(waiting)} due, to be made by: healthscore run")


def _advise(
    console: "Console",
    outcomes: "list[MonthOutcome]",
    edited: dict[str, list[str]],
    withdrawn: list[str],
) -> None:
    """What a person might want to do about what was found."""
    from healthscore_assets.orchestration.workplace import LOOKUP_FILES

    told = [outcome for outcome in outcomes if outcome.warnings]
    for warning in told[-1].warnings if told else []:
        _say(console, f"In {told[-1].month}: {warning}")
    for lookup, months in edited.items():
        _say(
            console,
            f"{_months(months)} made with an older {LOOKUP_FILES[lookup]}; to make them again: "
            f"healthscore run --from {months[0]} --to {months[-1]}",
        )
    if withdrawn:
        _say(
            console,
            f"{_months(withdrawn)} withdrawn: no export in the inbox tells of it any more. "
            "The bytes are kept in the lake's archive.",
        )


def _say(console: "Console", text: str) -> None:
    console.print(text, highlight=False, markup=False)


def _months(months: list[str]) -> str:
    """Months as the beginning of a sentence: ``2024-05 is`` or ``3 months (...) are``."""
    if len(months) == 1:
        return f"{months[0]} is"
    return f"{len(months)} months ({months[0]} to {months[-1]}) are"
