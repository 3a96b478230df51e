"""Where the system itself reports to the people who run it."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from healthscore_assets.delivery.outbox.notes import Note
from healthscore_assets.delivery.planning.operators import told_at_once
from healthscore_assets.delivery.settings import read_delivery_settings
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.orchestration.outbox import outbox_of
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable

OPERATORS = logging.getLogger("healthscore.operators")


@dataclass(frozen=True)
class Operators:
    """How operators are reached: the log of the tick, that of the process, and their channel."""

    workplace: Workplace
    instance: dg.DagsterInstance
    log: logging.Logger

    def tell(self, message: str, *, about: str) -> None:
        """One readable message; by the channel once for whatever it is ``about``."""
        self.log.warning(message)
        OPERATORS.warning(message)
        try:
            settings = read_delivery_settings(self.workplace.delivery_file)
            messages = told_at_once(message, about, settings)
            if messages:
                with outbox_of(self.instance) as outbox:
                    outbox.queue(messages, datetime.now(UTC))
        except (LookupRefused, LedgerRefused, LedgerUnavailable) as failed:
            self.log.warning(f"The operators' channel was not told: {failed}")

    def note(self, notes: Iterable[Note]) -> None:
        """Lines that the channel tells once a day; nothing where there is none."""
        try:
            if read_delivery_settings(self.workplace.delivery_file).operators:
                with outbox_of(self.instance) as outbox:
                    outbox.note(notes, datetime.now(UTC))
        except (LookupRefused, LedgerRefused, LedgerUnavailable) as failed:
            self.log.warning(f"The operators' channel was not told: {failed}")
