"""One Postgres for all of them, and a stack per file."""

from collections.abc import Iterator

import postgres
import pytest

pytest.register_assert_rewrite("ledger_examples", "ledger_machine", "warehouse_examples")


@pytest.fixture(scope="session")
def database() -> Iterator[postgres.Postgres]:
    with postgres.running_postgres() as server:
        yield server
