"""``healthscore pull``: usage from Pendo's API, or a warehouse, into the inbox."""

from typing import TYPE_CHECKING, Annotated

import typer

from healthscore_assets.cli.options import (
    EXPORTS,
    LAKE,
    LOOKUPS,
    Exports,
    Lookups,
    complain,
    end,
    month_option,
    workplace_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.status import Status

    from healthscore_assets.pendo.api.month import PulledMonth

First = Annotated[
    str,
    typer.Option("--from", callback=month_option, metavar="YYYY-MM", help="First month to pull."),
]
Last = Annotated[
    str | None,
    typer.Option(
        "--to",
        callback=month_option,
        metavar="YYYY-MM",
        help="Last month to pull; without it, the first is the only one.",
    ),
]


def pull(
    first: First,
    last: Last = None,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
) -> None:
    """Fetch usage from Pendo's API into the inbox, a file per month.

    The key is in PENDO_INTEGRATION_KEY, the data centre in
    lookups/sources.yaml. A month that fails does not stop the others, and
    keeps its file. A pull that broke off goes on where it was. With
    `source: warehouse` the months come from there, whatever changed.

    \b
    Examples:
      healthscore pull --from 2024-05
      healthscore pull --from 2023-01 --to 2024-12
    """
    from rich.console import Console

    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.lookups.secrets import SecretMissing
    from healthscore_assets.orchestration.pulling import pulling
    from healthscore_assets.orchestration.warehouse import has_warehouse
    from healthscore_assets.pendo.api.failed import PullFailed

    months = _months(first, last)
    console = Console(soft_wrap=True)
    workplace = workplace_of(exports, lookups, LAKE)
    status = console.status("") if console.is_terminal else None
    from_warehouse = False
    try:
        from_warehouse = has_warehouse(workplace)
        with pulling(workplace, months, *_tellers(console, status)) as pull_one:
            whole = _pull_months(months, console, status, pull_one)
    except (LookupRefused, SecretMissing, PullFailed) as failed:
        end(str(failed))
    except KeyboardInterrupt:
        end(
            "Broken off. Files that were fetched whole stay."
            if from_warehouse
            else "Broken off. If pages were fetched, they are kept for a day: the same command "
            "goes on from there."
        )
    if not whole:
        raise typer.Exit(1)


def _months(first: str, last: str | None) -> list[str]:
    from healthscore_assets.lake.months import span
    from healthscore_assets.orchestration.plan import known_span

    oldest, newest = known_span()
    if last is not None and last < first:
        raise typer.BadParameter(f"{last} is before {first}", param_hint="--to")
    for month, option in ((first, "--from"), (last or first, "--to")):
        if not oldest <= month <= newest:
            raise typer.BadParameter(
                f"{month} is not a month from {oldest} to {newest}, the current one",
                param_hint=option,
            )
    return span(first, last or first)


def _tellers(
    console: "Console", status: "Status | None"
) -> "tuple[Callable[[str], None], Callable[[str], None]]":
    """How far a month is goes to the line of a terminal; what makes it take longer is printed."""

    def progress(line: str) -> None:
        if status is not None:
            status.update(line)

    def tell(line: str) -> None:
        console.print(f"  {line}", highlight=False, markup=False)

    return progress, tell


def _pull_months(
    months: list[str],
    console: "Console",
    status: "Status | None",
    pull_one: "Callable[[str], PulledMonth]",
) -> bool:
    """Say how each month went, and what to do next; tells whether all of them are there."""
    from healthscore_assets.pendo.api.failed import PullFailed

    done: list[PulledMonth] = []
    problems: list[str] = []
    width = len(str(len(months)))
    for number, month in enumerate(months, 1):
        if status is not None:
            status.update(month)
            status.start()
        try:
            done.append(pull_one(month))
            line = _line(done[-1])
        except PullFailed as failed:
            problems.append(str(failed))
            line = f"{month} failed; its file stays as it was"
            if failed.lasting or not (failed.reached or done):
                break  # the others would fail by the same
        finally:
            if status is not None:
                status.stop()
        console.print(f"[{number:>{width}}/{len(months)}] {line}", highlight=False, markup=False)
    if len(done) > 1 or problems:
        console.print(f"{len(done)} of {len(months)} months pulled.", highlight=False)
    if any(month.changed for month in done):
        console.print("Next: healthscore run", highlight=False)
    complain(problems)
    return not problems


def _line(pulled: "PulledMonth") -> str:
    from healthscore_assets.monitoring.observation import plural

    if not pulled.rows:
        return f"{pulled.month} has no rows there; {pulled.nothing}"
    asked = ""
    if pulled.pages:
        resumed = f", {pulled.resumed} of them from before" if pulled.resumed else ""
        asked = f" {plural(pulled.pages, 'page')}{resumed}, {plural(pulled.windows, 'window')},"
    same = "" if pulled.changed else "; the same as before"
    return f"{pulled.month} {pulled.rows:>9,} rows,{asked} {pulled.seconds:.1f} s{same}"
