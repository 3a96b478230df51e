"""``healthscore alerts ack``, ``snooze``, ``resolve``, ``reopen``, ``note``: what people say."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from healthscore_assets.cli.alerts.options import (
    Alert,
    LedgerPlace,
    ledger_at_work,
    today,
)
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
    from healthscore_assets.risk.ledger.marking import Mark

By = Annotated[
    str | None,
    typer.Option(envvar="HEALTHSCORE_USER", help="Who says so; default: the user of this machine."),
]
Text = Annotated[str, typer.Option("--note", help="A few words on it, kept with the alert.")]


def ack(
    alert: Alert,
    note: Text = "",
    by: By = None,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Take an alert on: it stays in the list, and others see that somebody is at it."""
    _mark("ack", alert, note, by, (exports, lookups, lake, ledger))


def snooze(
    alert: Alert,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day on which it is to come back."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=366, help="Or in how many days.")] = None,
    note: Text = "",
    by: By = None,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Hide an alert for some days; it comes back sooner if it becomes stronger than ever."""
    if (until is None) == (days is None):
        raise typer.BadParameter("give one of --until and --days", param_hint="--until")
    day = until.date() if until is not None else today() + timedelta(days=days or 0)
    _mark("snooze", alert, note, by, (exports, lookups, lake, ledger), until=day)


def resolve(
    alert: Alert,
    note: Text = "",
    by: By = None,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Say that an alert is done with: it comes back only if it becomes stronger than ever."""
    _mark("resolve", alert, note, by, (exports, lookups, lake, ledger))


def reopen(
    alert: Alert,
    note: Text = "",
    by: By = None,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Take back what was marked: acknowledged, snoozed, resolved."""
    _mark("reopen", alert, note, by, (exports, lookups, lake, ledger))


def note(
    alert: Alert,
    text: Annotated[str, typer.Argument(help="What is to be remembered.")],
    by: By = None,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Write something down on an alert."""
    _mark("note", alert, text, by, (exports, lookups, lake, ledger))


def _mark(
    kind: "Mark",
    alert: str,
    text: str,
    by: str | None,
    places: tuple[Path, Path, str, str],
    *,
    until: date | None = None,
) -> None:
    from healthscore_assets.delivery.texts import printable

    exports, lookups, lake, ledger = places
    workplace = workplace_of(exports, lookups, lake)
    with ledger_at_work(workplace, ledger) as opened:
        now = datetime.now(UTC)
        marked = opened.mark(alert, kind, by or _user(), now, until, text)
    done = {
        "ack": "acknowledged",
        "snooze": f"snoozed until {until}",
        "resolve": "resolved",
        "reopen": "open again",
        "note": "noted",
    }[kind]
    print(printable(f"{marked.alert_id}  {marked.client_name}, {marked.rule}: {done}"))


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in a container
        return end("nobody marks it: this machine has no name for its user; say --by NAME")
