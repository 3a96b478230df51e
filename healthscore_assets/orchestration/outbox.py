"""Where the outbox, secrets and dead letters are."""

import os
from pathlib import Path

import dagster as dg

from healthscore_assets.delivery.outbox.outbox import Outbox, open_outbox
from healthscore_assets.lookups.secrets import Secrets
from healthscore_assets.orchestration.ledger import ledger_place_of

_SECRETS = "HEALTHSCORE_SECRETS"
_DEAD_LETTERS = "HEALTHSCORE_DEAD_LETTERS"
_FILE = "dead_letters.jsonl"


def outbox_of(instance: dg.DagsterInstance, place: str | None = None) -> Outbox:
    """The outbox in the database of the ledger. Raises as `open_ledger` does."""
    return open_outbox(ledger_place_of(instance, place))


def secrets_of_environment() -> Secrets:
    """The environment's variables, and the files of the folder that HEALTHSCORE_SECRETS names."""
    folder = os.environ.get(_SECRETS)
    return Secrets(os.environ, Path(folder) if folder else None)


def dead_letters_of(instance: dg.DagsterInstance) -> Path:
    """The file of messages that were given up."""
    named = os.environ.get(_DEAD_LETTERS)
    return Path(named) if named else Path(instance.root_directory) / _FILE
