"""``healthscore deliver``: messages to the people who act on them."""

from typing import TYPE_CHECKING, Annotated

import typer

from healthscore_assets.cli.alerts.options import LedgerPlace
from healthscore_assets.cli.options import (
    EXPORTS,
    LAKE,
    LOOKUPS,
    Exports,
    LakeFolder,
    Lookups,
    complain,
    end,
    workplace_of,
)
from healthscore_assets.delivery.texts import one_line
from healthscore_assets.monitoring.observation import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster import DagsterInstance

    from healthscore_assets.delivery.outbox.message import Queued
    from healthscore_assets.orchestration.deliveries import Due
    from healthscore_assets.orchestration.workplace import Workplace


def deliver(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would go to whom; send nothing.")
    ] = False,
    now: Annotated[
        bool,
        typer.Option("--now", help="Do not wait for the hours of digests and of other attempts."),
    ] = False,
    show: Annotated[
        bool, typer.Option("--list", help="Print what waits, was given up and was sent lately.")
    ] = False,
    trial: Annotated[
        str | None, typer.Option(metavar="CHANNEL", help="Send a trial message by this channel.")
    ] = None,
    to: Annotated[str, typer.Option(help="Whom the trial is for, of a channel that asks.")] = "",
    again: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Let a message that was given up wait anew, or `all`."),
    ] = None,
    drop: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Do not send a message that waits or was given up."),
    ] = None,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Send what is due: strong alerts, digests, the portfolio of the week, operators' messages.

    Channels and addresses are in lookups/delivery.yaml. A message that a server does not take
    waits, and the next healthscore deliver tries it again.

    \b
    Examples:
      healthscore deliver --dry-run
      healthscore deliver --trial mail --to me@example.com
      healthscore deliver --now
    """
    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.orchestration.channels import is_set_up
    from healthscore_assets.orchestration.instance import open_instance
    from healthscore_assets.risk.ledger.refused import LedgerRefused
    from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable

    asked = (dry_run or now, show, trial is not None, again is not None, drop is not None)
    if sum(asked) > 1:
        raise typer.BadParameter("--list, --trial, --again and --drop each go alone")
    workplace = workplace_of(exports, lookups, lake)
    try:
        with open_instance() as instance:
            if trial is not None:
                _try_channel(workplace, trial, to)
            elif again is not None:
                _by_hand(instance, ledger, again, drop=False)
            elif drop is not None:
                _by_hand(instance, ledger, drop, drop=True)
            elif show:
                _show_outbox(instance, ledger)
            elif not is_set_up(workplace):
                print(
                    f"Nothing is sent: {workplace.delivery_file} names no channel and no system "
                    "yet; docs/delivery.md says how."
                )
            elif dry_run:
                _show_due(workplace, instance, ledger, early=now)
            else:
                _send(workplace, instance, ledger, early=now)
    except (LookupRefused, LedgerRefused, LedgerUnavailable) as failed:
        end(str(failed))


def _send(workplace: "Workplace", instance: "DagsterInstance", ledger: str, *, early: bool) -> None:
    from datetime import UTC, datetime

    from healthscore_assets.delivery.channels.channel import Fate
    from healthscore_assets.delivery.sending import Attempt
    from healthscore_assets.orchestration.deliveries import deliver

    def tell(attempt: Attempt) -> None:
        if attempt.outcome.fate is Fate.SENT or attempt.superseded:
            print(attempt.says)
        else:
            complain([attempt.says])
        complain(attempt.outcome.warnings)

    made = deliver(
        workplace, instance, datetime.now(UTC), early=early, place=ledger or None, tell=tell
    )
    _problems(made.due)
    failed = [a for a in made.attempts if a.outcome.fate is not Fate.SENT and not a.superseded]
    if not made.attempts:
        print("Nothing is due." if not made.due.waiting else "What waits is not due yet: --list")
    if failed or made.due.problems:
        raise typer.Exit(1)


def _show_due(
    workplace: "Workplace", instance: "DagsterInstance", ledger: str, *, early: bool
) -> None:
    from datetime import UTC, datetime
    from textwrap import indent

    from healthscore_assets.delivery.rendering.plain import plain_text
    from healthscore_assets.orchestration.channels import not_ready
    from healthscore_assets.orchestration.deliveries import what_is_due

    due = what_is_due(workplace, instance, datetime.now(UTC), early=early, place=ledger or None)
    for number, message in enumerate(due.new, 1):
        to = f" -> {one_line(message.address.to)}" if message.address.to else ""
        image = " (with an image)" if message.document.image else ""
        print(f"{number}. {message.purpose} by {message.address.channel}{to}{image}, {message.key}")
        print(indent(plain_text(message.document), "   | ", lambda _: True))
    if due.waiting:
        print(f"{plural(len(due.waiting), 'message')} waiting already: healthscore deliver --list")
    if not due.new:
        print("Nothing new is due." + ("" if early else " With --now: what is due later today."))
    used = {message.address.channel for message in due.new} | {each.channel for each in due.waiting}
    complain(not_ready(workplace, used))
    _problems(due)
    print("Nothing was sent: this was a dry run.")


def _try_channel(workplace: "Workplace", name: str, to: str) -> None:
    from healthscore_assets.delivery.channels.channel import Fate
    from healthscore_assets.orchestration.channels import try_channel

    outcome = try_channel(workplace, name, to)
    if outcome.fate is not Fate.SENT:
        end(outcome.says)
    print(f"sent: a trial by {name}{f' -> {to}' if to else ''}; look there whether it came")


def _problems(due: "Due") -> None:
    if due.in_the_making:
        print("Months are being made: what is to be told of them waits until they are through.")
    complain([*due.problems, *due.missing])
    complain(
        f"Nobody is told of {plural(count, 'alert')}: {owner} has no address; add one below "
        "people or others in lookups/delivery.yaml"
        for owner, count in due.unaddressed
    )


def _by_hand(instance: "DagsterInstance", ledger: str, key: str, *, drop: bool) -> None:
    from datetime import UTC, datetime

    from healthscore_assets.orchestration.outbox import outbox_of

    with outbox_of(instance, ledger or None) as outbox:
        change = outbox.drop if drop else outbox.again
        count = change(None if key == "all" else [key], datetime.now(UTC))
    states = "waits or was given up" if drop else "was given up"
    if not count:
        end(f"{key}: no message of this key {states}; healthscore deliver --list")
    done = "dropped" if drop else "waiting anew: healthscore deliver"
    print(f"{plural(count, 'message')} {done}")


def _show_outbox(instance: "DagsterInstance", ledger: str) -> None:
    from datetime import UTC, datetime, timedelta

    from healthscore_assets.orchestration.outbox import dead_letters_of, outbox_of

    at = datetime.now(UTC)
    with outbox_of(instance, ledger or None) as outbox:
        unsent, given_up = outbox.unsent(), outbox.given_up()
        sent = [each for each in outbox.since(at - timedelta(days=7)) if each.state == "sent"]
    _show_messages("Waiting", unsent)
    _show_messages("Given up", given_up)
    _show_messages("Sent in the last 7 days", sent)
    if given_up:
        print(f"In full: {dead_letters_of(instance)}. Try again: healthscore deliver --again KEY")


def _show_messages(title: str, messages: "Sequence[Queued]") -> None:
    import sys

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    if not messages:
        console.print(f"{title}: none.")
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in ("key", "what", "by", "to", "title", "tries", "when (UTC)", "said"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("key", "what", "when (UTC)"))
    for each in messages:
        when = each.ended_at or each.next_at
        texts = (each.key, each.purpose, each.channel, each.address, each.title)
        table.add_row(
            *(escape(one_line(text)) for text in texts),
            str(each.attempts),
            f"{when:%Y-%m-%d %H:%M}",
            escape(one_line(each.said)),
        )
    console.print(table)
