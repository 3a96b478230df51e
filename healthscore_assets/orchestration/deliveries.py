"""A pass of deliveries: what is due goes into the outbox, what waits there is sent."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.crm.push import configured, without_credentials
from healthscore_assets.delivery.documents.portfolio import portfolio_document
from healthscore_assets.delivery.documents.portfolio_rows import portfolio_of
from healthscore_assets.delivery.outbox.message import Claimed, Message, Queued
from healthscore_assets.delivery.outbox.news import News
from healthscore_assets.delivery.outbox.notes import Note
from healthscore_assets.delivery.outbox.outbox import Outbox
from healthscore_assets.delivery.outbox.putting import matter
from healthscore_assets.delivery.planning.alerts import messages_about_alerts
from healthscore_assets.delivery.planning.composed import Composed
from healthscore_assets.delivery.planning.operators import (
    channel_problem,
    channels_that_fail,
    notes_of,
    warnings_of_the_day,
)
from healthscore_assets.delivery.planning.portfolio import due_portfolio, portfolio_messages
from healthscore_assets.delivery.planning.scores import scores_messages
from healthscore_assets.delivery.planning.times import digest_day, local_day
from healthscore_assets.delivery.sending import Attempt, Sender
from healthscore_assets.delivery.settings import read_delivery_settings
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.unavailable import LakeUnavailable
from healthscore_assets.orchestration.channels import channel_of
from healthscore_assets.orchestration.ledger import catch_up, ledger_of, rule_titles
from healthscore_assets.orchestration.outbox import (
    dead_letters_of,
    outbox_of,
    secrets_of_environment,
)
from healthscore_assets.orchestration.runs import in_the_making
from healthscore_assets.orchestration.worker import process_is_gone, this_process
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.ledger.ledger import Ledger


@dataclass(frozen=True)
class Due:
    """What is due at a moment.

    ``new`` are messages that were not in the outbox yet, ``waiting`` is all that is in it
    otherwise and not sent; ``unaddressed`` counts alerts by owner, where nobody said where that
    owner is told; ``missing`` tells of systems without their credentials, ``problems`` what kept
    something from being told, a line each; ``in_the_making``: months are, and what is to be told
    of them waits.
    """

    new: Sequence[Message]
    waiting: Sequence[Queued]
    unaddressed: Sequence[tuple[str, int]]
    missing: Sequence[str]
    problems: Sequence[str]
    in_the_making: bool


@dataclass(frozen=True)
class Pass:
    """What a pass found due, and what became of each message that it tried."""

    due: Due
    attempts: Sequence[Attempt]


class Deliveries:
    """What is to be told as of a moment, by the settings, the ledger and the lake.

    ``early`` does not wait for the hours of digests. A lake that is away keeps back only what is
    told from it; while months are being made (``in_the_making``), what would be told of them waits,
    since a backfill tells of what is past.
    """

    def __init__(
        self,
        workplace: Workplace,
        ledger: Ledger,
        outbox: Outbox,
        at: datetime,
        *,
        early: bool = False,
        in_the_making: bool = False,
    ) -> None:
        """Raises LookupRefused for settings that cannot be used."""
        self.settings = read_delivery_settings(workplace.delivery_file)
        self._workplace, self._ledger, self._outbox = workplace, ledger, outbox
        self._at, self._early, self._in_the_making = at, early, in_the_making
        self._today = local_day(self.settings, at)
        self._digest_of = digest_day(self.settings, at, early=early)
        self._problems: list[str] = []
        self._lake_is_away = False
        if not in_the_making:
            self._of_the_lake(self._catch_up)

    def look(self) -> Due:
        """What is due, without putting anything into the outbox."""
        news = self._outbox.news(self._at, self._today)
        composed = self._alerts(news)
        new = [
            *composed.messages,
            *self._of_the_lake(lambda engine: self._portfolio(engine, news)),
            *self._outbox.not_there(
                [*self._warnings(self._outbox.untold_notes()), *self._scores()]
            ),
        ]
        return self._due(new, self._outbox.unsent(), composed)

    def fill(self) -> Due:
        """Put what is due into the outbox."""
        waiting = self._outbox.unsent()
        seen: list[tuple[News, Composed]] = []

        def compose(news: News) -> Composed:
            seen.append((news, self._alerts(news)))
            return seen[0][1]

        new = self._outbox.fill(self._at, self._today, compose)
        ((news, composed),) = seen
        of_lake = self._of_the_lake(lambda engine: self._portfolio(engine, news))
        new += self._outbox.queue([*of_lake, *self._scores()], self._at)
        new += self._outbox.fill_notes(self._at, self._warnings)
        return self._due(new, waiting, composed)

    def report(self, attempts: Sequence[Attempt]) -> list[Message]:
        """Tell the operators of channels that do not work, by others; once a day of each.

        What was given up, and what was not taken of a message that was, is noted for the warnings
        of the day.
        """
        self._outbox.note(notes_of(attempts), self._at)
        messages = [
            message
            for channel, says in channels_that_fail(attempts, self._at).items()
            for message in channel_problem(self.settings, channel, says, self._today)
        ]
        return self._outbox.queue(messages, self._at)

    def is_current(self, message: Claimed) -> bool:
        """Whether a message is still to be sent: scores are, while they are what the lake holds."""
        if message.purpose != "scores":
            return True
        newest = {each.address.channel: each.about for each in self._scores()}
        return newest.get(message.channel, matter(message.about)) == matter(message.about)

    def _due(self, new: Sequence[Message], waiting: Sequence[Queued], composed: Composed) -> Due:
        missing = without_credentials(self.settings.crm, secrets_of_environment())
        # Without channels people do not expect to be told.
        unaddressed = composed.unaddressed if self.settings.channels else ()
        return Due(new, waiting, unaddressed, missing, self._problems, self._in_the_making)

    def _catch_up(self, engine: Engine) -> list[Message]:
        catch_up(self._workplace.lake, engine, self._ledger, self._at)
        return []

    def _alerts(self, news: News) -> Composed:
        if self._in_the_making:
            return Composed()
        titles = rule_titles(self._workplace)
        return messages_about_alerts(news, self.settings, titles, self._today, self._digest_of)

    def _portfolio(self, engine: Engine, news: News) -> list[Message]:
        day = due_portfolio(news, self.settings, self._at, early=self._early)
        if day is None or self._in_the_making:
            return []
        found = portfolio_of(engine, self._workplace.lake, self._ledger, self._today)
        if found is None:
            return []
        return portfolio_messages(portfolio_document(found), self.settings, day)

    def _scores(self) -> list[Message]:
        systems = configured(self.settings.crm, secrets_of_environment())
        if self._in_the_making or not systems:
            return []
        return self._of_the_lake(
            lambda _: scores_messages(self._workplace.lake, self.settings.crm, systems)
        )

    def _warnings(self, notes: Sequence[Note]) -> list[Message]:
        return warnings_of_the_day(notes, self.settings, self._digest_of)

    def _of_the_lake(self, step: Callable[[Engine], list[Message]]) -> list[Message]:
        if self._lake_is_away:
            return []
        engine = Engine()
        try:
            return step(engine)
        except LakeRefused as refused:
            self._problems += [] if str(refused) in self._problems else [str(refused)]
            return []
        except (duckdb.InvalidInputException, duckdb.IOException) as damaged:
            self._problems.append(f"A table of the lake cannot be read: {_first_line(damaged)}")
            return []
        except LakeUnavailable as away:
            self._lake_is_away = True  # to find out may take half a minute
            self._problems.append(str(away))
            return []
        finally:
            engine.close()


def _first_line(error: Exception) -> str:
    """Below it DuckDB repeats its statement."""
    return str(error).splitlines()[0]


def what_is_due(
    workplace: Workplace,
    instance: dg.DagsterInstance,
    at: datetime,
    *,
    early: bool = False,
    place: str | None = None,
) -> Due:
    """What a pass would send. Raises as `deliver` does."""
    with ledger_of(instance, place) as ledger, outbox_of(instance, place) as outbox:
        made = in_the_making(instance)
        deliveries = Deliveries(workplace, ledger, outbox, at, early=early, in_the_making=made)
        return deliveries.look()


def deliver(
    workplace: Workplace,
    instance: dg.DagsterInstance,
    at: datetime,
    *,
    early: bool = False,
    place: str | None = None,
    tell: Callable[[Attempt], None] = lambda _: None,
) -> Pass:
    """Send what is due, and what waits; ``tell`` is told of each message as it happens.

    Parameters: ``early`` does not wait for the hours of digests and of other attempts; ``place``
    is where the ledger is, if not where the environment says.

    Raises LookupRefused for settings that cannot be used, and LedgerRefused and LedgerUnavailable
    where the ledger, whose database holds the outbox, cannot be.
    """
    with ledger_of(instance, place) as ledger, outbox_of(instance, place) as outbox:
        made = in_the_making(instance)
        deliveries = Deliveries(workplace, ledger, outbox, at, early=early, in_the_making=made)
        due = deliveries.fill()
        if early:
            outbox.hurry(at)
        sender = _sender(workplace, instance, outbox, deliveries)
        attempts: list[Attempt] = []
        failed: set[str] = set()
        while True:
            for attempt in sender.send_waiting(failed):
                attempts.append(attempt)
                tell(attempt)
            failed = {
                each.message.channel
                for each in attempts
                if each.outcome.fate in (Fate.LATER, Fate.CHANNEL_REFUSED)
            }
            if not deliveries.report(attempts):
                return Pass(due, attempts)


def _sender(
    workplace: Workplace, instance: dg.DagsterInstance, outbox: Outbox, deliveries: Deliveries
) -> Sender:
    settings = deliveries.settings
    return Sender(
        outbox=outbox,
        open_channel=channel_of(workplace, settings),
        dead_letters=dead_letters_of(instance),
        give_up_after=timedelta(days=settings.give_up_after_days),
        clock=lambda: datetime.now(UTC),
        sleep=time.sleep,
        by=this_process(),
        is_gone=lambda process: process_is_gone(process) is True,
        is_current=deliveries.is_current,
    )
