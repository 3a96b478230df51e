"""Brings the tables of a ledger to the version of this package."""

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from healthscore_assets.risk.ledger.database import Database
from healthscore_assets.risk.ledger.refused import LedgerRefused

VERSION_TABLE = "healthscore_ledger_version"
"""Not alembic's own name: Dagster's tables may be in the same database."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x6865616C7468  # any number that others do not use
_ONE_THREAD = threading.Lock()  # alembic keeps the connection at hand in a global


def migrate(database: Database) -> None:
    """Create what is missing; two processes that begin at once do it once.

    Raises LedgerRefused for tables that a newer version of the package made.
    """
    scripts = ScriptDirectory(str(_MIGRATIONS))
    newest = scripts.get_current_head()
    with database.reading() as connection:
        found = _version(connection)
    if found == newest:
        return
    if found is not None and found not in {each.revision for each in scripts.walk_revisions()}:
        raise LedgerRefused(
            f"alert ledger {database.place.shown}: is of version {found}, and this healthscore "
            f"knows those up to {newest}; use the newer healthscore that wrote it"
        )
    with _ONE_THREAD, database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        _upgrade(connection)


def _version(connection: sa.Connection) -> str | None:
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _upgrade(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes.update(connection=connection, version_table=VERSION_TABLE)
    command.upgrade(config, "head")
