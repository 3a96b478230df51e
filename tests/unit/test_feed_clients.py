"""Rows of feeds that name a client as usage does, and rows that are nobody's."""

from typing import Any

import pytest
import tables
from tables import engine

from healthscore_assets.contracts import CLIENT_NAMES, CONTRACTS
from healthscore_assets.scoring.health.feed_clients import FeedClients, with_clients
from healthscore_assets.scoring.health.inputs import known_ids

SURVEYS, INVOICES = CONTRACTS["surveys"], CONTRACTS["invoices"]
Named = tuple[str, str, int]

KNOWN = ["a-1", "a-2", "a-3"]
NAMES: list[Named] = [("a-1", "Acme Corp", 0), ("a-2", "Bolt", 0), ("a-3", "BOLT", 1)]


def resolved(
    told: list[tuple[str, int]], names: list[Named] = NAMES, known: list[str] = KNOWN
) -> tuple[list[str], FeedClients]:
    """The clients of answers, told with the months ago, in their order."""
    answers = [
        {"client_id": client, "answer_id": f"s{n}", "kind": "nps", "months_ago": ago}
        for n, (client, ago) in enumerate(told)
    ]
    bills = [{"client_id": "a-1", "invoice_id": "i", "months_ago": 0}]
    usage = CONTRACTS["client_month"]
    accounts = [{"client_id": known[0], "months_ago": 0}]
    listed: list[dict[str, Any]] = [
        {"client_id": client, "audience": "all", "months_ago": 3} for client in known[1:]
    ]
    found = with_clients(
        engine(),
        {"surveys": tables.sparse(SURVEYS, answers), "invoices": tables.sparse(INVOICES, bills)},
        known_ids(
            tables.sparse(CONTRACTS["index_scores"], [{"client_id": "in the base"}]),
            tables.sparse(usage, listed),
            tables.sparse(CONTRACTS["accounts"], accounts),
        ),
        tables.sparse(
            CLIENT_NAMES,
            [{"client_id": c, "client_name": name, "months_ago": ago} for c, name, ago in names],
        ),
    )
    rows = engine().rows(found.feeds["surveys"].order_by("answer_id"))
    assert set(rows[0]) == {*SURVEYS.columns, "months_ago"}
    assert len(engine().rows(found.feeds["invoices"])) == 1
    return [row["client_id"] for row in rows], found


def test_ids_of_usage_and_of_the_register_stay_as_they_are() -> None:
    clients, found = resolved([("a-1", 0), ("a-2", 0), ("a-3", 5)])
    assert clients == ["a-1", "a-2", "a-3"]
    assert found.seen.usual
    assert not found.seen.numbers


@pytest.mark.parametrize("told", ["Acme Corp", "acme corp", " ACME  CORP "])
def test_a_name_that_usage_has_for_one_client_is_that_client(told: str) -> None:
    clients, found = resolved([(told, 0), ("a-2", 0), (told, 4)])
    assert clients == ["a-1", "a-2", "a-1"]
    assert found.seen.usual


def test_the_base_is_known_even_where_neither_lists_it() -> None:
    _, found = resolved([("in the base", 0)])
    assert found.seen.usual


def test_a_name_of_two_clients_is_nobodys() -> None:
    clients, found = resolved([("bolt", 0)])
    assert clients == ["bolt"]
    assert not found.seen.usual
    # Unless it is an older name of one of them.
    clients, found = resolved([("bolt", 0)], names=[*NAMES, ("a-3", "Bolt & Sons", 0)])
    assert clients == ["a-2"]


def test_an_id_goes_before_a_name() -> None:
    assert resolved([("a-2", 0)], names=[("a-1", "a-2", 0)])[0] == ["a-2"]


def test_rows_of_nobody_are_counted_and_named() -> None:
    told = [("x", 0)] * 3 + [("y", 0), ("Acme Corp", 0), ("old", 2)]
    clients, found = resolved(told)
    assert clients == ["x", "x", "x", "y", "a-1", "old"]
    # Those of earlier months were told of then.
    assert found.seen.says == (
        "4 rows of the feeds count for nobody: neither usage nor the register knows x (3 rows of "
        "surveys), y (1 row of surveys). Put them into the register, or into client_aliases.csv."
    )
    assert found.seen.numbers == {"rows_of_nobody": 4}
    assert found.seen.tables["strangers"][0] == {"feed": "surveys", "client_id": "x", "rows": 3}
    _, found = resolved([(f"z{n}", 0) for n in range(7)])
    assert "z4 (1 row of surveys) and 2 more. Put" in found.seen.says
    assert len(found.seen.tables["strangers"]) == 5
