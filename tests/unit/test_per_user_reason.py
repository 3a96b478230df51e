"""Why clients have no per-user score though they are used."""

from __future__ import annotations

import math

from tables import Use, client_tables, engine

from healthscore_assets.scoring.per_user_reason import without_users


def reason(*uses: Use) -> str:
    client_area_month, client_month = client_tables(*uses)
    return without_users(engine(), client_month, client_area_month).says


def test_one_client() -> None:
    assert reason(Use("b", {"P": 1}, math.nan), Use("a", {"P": 1})) == (
        "No per-user scores for 1 client: its exports list no visitors (b)."
    )


def test_the_first_five_of_several() -> None:
    assert reason(*[Use(c, {"P": 1}, math.nan) for c in "gfedcba"]) == (
        "No per-user scores for 7 clients: their exports list no visitors (a, b, c, d, e and 2 "
        "more)."
    )


def test_usage_without_an_area_is_usage() -> None:
    assert "for 1 client" in reason(Use("a", {"Unmapped": 1}, math.nan))


def test_nothing_to_say() -> None:
    # a has users, b used nothing (its export lists no visitors), c was without visitors last month.
    b, c = Use("b", users=math.nan), Use("c", {"P": 1}, math.nan, ago=1)
    assert reason(Use("a", {"P": 1}), b, c) == "Every client that is used has users."
