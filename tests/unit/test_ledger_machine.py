"""The alert ledger under anything that months and people may do."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from examples import examples
from hypothesis import settings
from ledger_machine import LedgerMachine


class LedgerInAFile(LedgerMachine):
    def empty_place(self) -> Iterator[str]:
        with tempfile.TemporaryDirectory() as folder:
            yield str(Path(folder) / "alerts.db")


class TestLedgerInAFile(LedgerInAFile.TestCase):
    settings = settings(examples(40), stateful_step_count=25)
