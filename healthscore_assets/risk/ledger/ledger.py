"""The alert ledger: opened, brought to a month, marked by people, asked."""

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa

from healthscore_assets.contracts.alerts import Tier
from healthscore_assets.risk.ledger import questions, syncing
from healthscore_assets.risk.ledger.alert_state import AlertState
from healthscore_assets.risk.ledger.alerts import Announcement, LedgerAlert, LedgerEvent, Marks
from healthscore_assets.risk.ledger.database import Database, InDatabase
from healthscore_assets.risk.ledger.marking import Mark, mark, the_one
from healthscore_assets.risk.ledger.migrating import migrate
from healthscore_assets.risk.ledger.place import ledger_place
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.tables import ALERTS, STATE


def open_ledger(place: str) -> "Ledger":
    """The ledger in a SQLite file or in a Postgres database, made or migrated if need be.

    Parameters: ``place`` is a path, or a URL ``postgresql://...``.
    Raises LedgerRefused where it is no ledger, one of a newer version, or cannot be made there,
    and LedgerUnavailable where the server does not answer or somebody holds the file.
    """
    database = Database(ledger_place(place))
    migrate(database)
    return Ledger(database)


class Ledger(InDatabase):
    """What people did with alerts; threads and processes may share it.

    Every method may raise LedgerUnavailable, and LedgerRefused where the file is damaged.
    """

    @property
    def place(self) -> str:
        """Where it is, without a password."""
        return self._database.place.shown

    @property
    def newest_month(self) -> str | None:
        """The newest month that it was brought to; None before the first."""
        with self._database.reading() as connection:
            return connection.scalar(sa.select(STATE.c.newest_month))

    @property
    def source(self) -> str | None:
        """What the newest month was brought in from, as `sync` was told."""
        with self._database.reading() as connection:
            return connection.scalar(sa.select(STATE.c.source))

    def go_back(self, month: str) -> None:
        """Take an earlier month for the newest, where there are no data of later ones any more."""
        with self._database.writing() as connection:
            syncing.go_back(connection, month)

    def sync(
        self, month: str, states: Sequence[AlertState], at: datetime, source: str | None = None
    ) -> dict[str, int]:
        """Bring the ledger to what the data say of a month; a month before the newest is nothing.

        All or nothing, and the same again changes nothing. An alert that is open here and not
        among the states is withdrawn. Notifications arise while an alert is open and not folded:
        ``opened`` once, ``escalated`` for each tier above those told before. A tier higher than
        ever ends a snooze and a resolution by hand; no other mark ever changes.

        Parameters: ``source`` is by what the same states are known again, such as a hash.
        Returns how many events of each kind were written.
        Raises ValueError for a time without a zone, for two states of a client and a rule, and for
        an id that the ledger knows of another client or rule.
        """
        _check_zone(at)
        with self._database.writing() as connection:
            return syncing.sync(connection, month, states, at, source)

    def mark(
        self,
        alert: str,
        kind: Mark,
        by: str,
        at: datetime,
        until: date | None = None,
        text: str = "",
    ) -> LedgerAlert:
        """Acknowledge, snooze, resolve, take all three back (``reopen``), or note.

        Parameters: ``alert`` is an id, or the beginning of one of at least 4 characters; a snooze
        hides the alert before the day ``until``. The same mark twice is one.
        Returns the alert as it is afterwards.
        Raises LedgerRefused for an alert that is unknown, ambiguous or, but for a note, closed,
        and ValueError for a time without a zone.
        """
        _check_zone(at)
        for told in (alert, by, text):
            _check_text(told)
        with self._database.writing() as connection:
            alert_id = mark(connection, alert, kind, by, at, until, text)
            return questions.alerts(connection, at.date(), ALERTS.c.alert_id == alert_id)[0]

    def find(self, alert: str, today: date) -> LedgerAlert:
        """The alert of an id, or of the beginning of one, as `mark` takes it.

        Raises LedgerRefused for one that is unknown or ambiguous.
        """
        _check_text(alert)
        with self._database.reading() as connection:
            found = the_one(connection, alert)["alert_id"]
            return questions.alerts(connection, today, ALERTS.c.alert_id == found)[0]

    def worklist(
        self,
        today: date,
        *,
        everything: bool = False,
        client: str | None = None,
        owner: str | None = None,
        tier: Tier | None = None,
        rule: str | None = None,
    ) -> list[LedgerAlert]:
        """What is to be acted on: the highest tier first, then by due date and client.

        Parameters: ``everything`` adds what is folded, hidden or closed; ``client`` is an id or
        a name.
        """
        for told in (client, owner, rule):
            _check_text(told or "")
        where = questions.about(client, owner, tier, rule)
        if not everything:
            where.append(questions.to_act_on(today))
        with self._database.reading() as connection:
            return questions.alerts(connection, today, *where)

    def ids(self) -> list[str]:
        """The ids of all alerts there ever were."""
        with self._database.reading() as connection:
            return list(connection.scalars(sa.select(ALERTS.c.alert_id)))

    def events(
        self,
        since_month: str | None = None,
        *,
        kinds: Sequence[str] | None = None,
        alert_id: str | None = None,
    ) -> list[LedgerEvent]:
        """What happened, in its order."""
        with self._database.reading() as connection:
            return questions.events(connection, since_month, kinds, alert_id)

    def announcements(self, month: str) -> list[Announcement]:
        """What people are to be told of a month."""
        with self._database.reading() as connection:
            return questions.announcements(connection, month)

    def marks(self) -> dict[str, Marks]:
        """The marks that stand, by alert id."""
        with self._database.reading() as connection:
            return questions.marks(connection)


def _check_text(told: str) -> None:
    """Refuse bytes of a command line that were no text: no database takes them."""
    if any("\ud800" <= each <= "\udfff" for each in told):
        raise LedgerRefused(f"{told!a} is not text; write it in UTF-8")


def _check_zone(at: datetime) -> None:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
