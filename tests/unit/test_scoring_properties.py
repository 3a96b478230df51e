"""What holds of the scores whatever the usage (SCORING.md sections 1-4)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

import ibis
import pandas as pd
import pytest
import scipy.stats
import tables
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from reference import Reference, shift
from tables import Use, areas, client_tables, found, same

from healthscore_assets.contracts import (
    AREA_ENGAGEMENT,
    AREA_WEIGHTS,
    CLEANED_USAGE,
    CLIENT_AREA_MONTH,
    CLIENT_MONTH,
    INDEX_SCORES,
    MOMENTUM,
    VISITOR_MONTH,
)
from healthscore_assets.contracts.index_scores import SCORE_COLUMNS
from healthscore_assets.engagement.areas import area_engagement
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.scoring.engagement_matrix import ranked_clients, scaled_engagement
from healthscore_assets.scoring.indices import rank_scores

AREAS = {"p1": "P", "p2": "P", "q": "Q", "r": "R"}
MONTHS = [shift("2020-01", by) for by in range(9)]
SCALINGS = ("log", "none", "mean")
Scaling = Literal["log", "none", "mean"]


# --------------------------------------------------------------- usage, one month or several


def month_of_uses(min_clients: int = 1) -> st.SearchStrategy[list[Use]]:
    """One month of up to eight clients; engagement from few values, so that clients tie."""
    clicks = st.one_of(st.integers(1, 4), st.integers(1, 100_000))
    use = st.builds(
        Use,
        client=st.sampled_from("abcdefgh"),
        areas=st.dictionaries(st.sampled_from(["P", "Q", "R", "Unmapped"]), clicks),
        users=st.integers(1, 4),
        ago=st.just(0),
        audience=st.sampled_from(["external", "internal"]),
    )
    quiet = use.map(lambda u: u if u.areas else u._replace(users=0))
    key = lambda u: (u.client, u.audience)  # noqa: E731
    months = st.lists(quiet, min_size=min_clients, max_size=12, unique_by=key)
    return months.filter(lambda uses: len({u.client for u in uses}) >= min_clients)


@st.composite
def worlds(draw: st.DrawFn, months: int = 9) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(listed, events) of some of the months: visitors come, go or are not told, and months are
    missing."""
    delivered = draw(st.sets(st.sampled_from(MONTHS[-months:]), min_size=1))
    keys = ["month", "client_id", "visitor_id", "audience"]
    rows: list[tuple[str | None, ...]] = []
    used: list[tuple[Any, ...]] = []
    for month in sorted(delivered):
        visitors = st.sets(
            st.tuples(st.sampled_from("abcdef"), st.sampled_from("123EI")), min_size=1, max_size=8
        )
        for client, number in sorted(draw(visitors)):
            # E and I: a row per account, without visitors.
            audience = "internal" if number in "3I" else "external"
            row = (month, client, None if number in "EI" else client + number, audience)
            rows.append(row)
            clicks = draw(
                st.dictionaries(
                    st.sampled_from([*AREAS, "no such"]), st.integers(1, 30), max_size=4
                )
            )
            used += [(*row, feature, value) for feature, value in clicks.items()]
    events = pd.DataFrame(used, columns=[*keys, "feature", "value"])
    return pd.DataFrame(rows, columns=keys), events


def scores(uses: Iterable[Use], scaling: Scaling = "log") -> pd.DataFrame:
    client_area_month, client_month = client_tables(*uses)
    month = tables.month_indices(
        client_area_month, client_month, areas("P", "Q", "R"), ScoringSettings(area_scaling=scaling)
    )
    return found(INDEX_SCORES, month.index_scores)


# --------------------------------------------------------------------------- the same by hand


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"area_scaling": "none", "silent_months": 0, "flat_band": 0.0},
        {"area_scaling": "mean", "silent_months": 6, "flat_band": 0.5},
    ],
)
@examples(8)
@given(world=worlds(), partial=st.sets(st.sampled_from([0, 1, 2, 3, 4]), max_size=1))
def test_scores_and_momentum_are_those_of_the_reference(
    chosen: dict[str, Any], world: tuple[pd.DataFrame, pd.DataFrame], partial: set[int]
) -> None:
    month = max(world[0]["month"])
    not_whole = [shift(month, -ago) for ago in partial]
    reference = Reference(*world, AREAS, partial=not_whole, **chosen)
    in_force = ScoringSettings(**chosen)
    client_area_month = tables.given(CLIENT_AREA_MONTH, reference.client_area_month(), month)
    client_month = tables.given(CLIENT_MONTH, reference.client_month(), month)
    made = tables.month_indices(
        client_area_month, client_month, areas("P", "Q", "R"), in_force, frozenset(partial)
    )
    same(found(AREA_WEIGHTS, made.area_weights), reference.area_weights(month))
    same(found(INDEX_SCORES, made.index_scores), reference.index_scores(month))
    moved = tables.momentum(client_month, in_force, frozenset(partial))
    same(found(MOMENTUM, moved), reference.momentum(month))


def tables_of_month(listed: pd.DataFrame, events: pd.DataFrame) -> list[pd.DataFrame]:
    """`area_engagement`, `client_area_month` and `client_month` from rows in the order given."""
    usage = tables.given(CLEANED_USAGE, events.assign(measure="clicks"))
    lookup = tables.of_schema(
        "lookup",
        ibis.schema({"feature_key": "string", "area": "string"}),
        [{"feature_key": feature, "area": area} for feature, area in AREAS.items()],
    )
    by_area = found(AREA_ENGAGEMENT, area_engagement(usage, lookup, "clicks"))
    # The stages after it read what was written, in the order of its key; here in the order given.
    by_area_given = tables.given(AREA_ENGAGEMENT, by_area)
    visitors = listed.assign(listed_rows=1, days_active=None, minutes=None)
    cells = tables.client_area_month(by_area_given)
    clients = tables.client_month(tables.given(VISITOR_MONTH, visitors), by_area_given)
    return [by_area, found(CLIENT_AREA_MONTH, cells), found(CLIENT_MONTH, clients)]


@examples(8)
@given(world=worlds(months=1), order=st.randoms(use_true_random=False))
def test_client_tables_are_those_of_the_reference_in_any_order_of_rows(
    world: tuple[pd.DataFrame, pd.DataFrame], order: Any
) -> None:
    in_order = tables_of_month(*world)
    reference = Reference(*world, AREAS)
    same(in_order[1], reference.client_area_month())
    same(in_order[2], reference.client_month())
    shuffled = [frame.sample(frac=1, random_state=order.randrange(2**32)) for frame in world]
    for one, other in zip(tables_of_month(*shuffled), in_order, strict=True):
        same(one, other, exact=True)


# ------------------------------------------------------------------------------- of the scores


@examples(15)
@given(uses=month_of_uses(), scaling=st.sampled_from(SCALINGS), times=st.integers(2, 5))
def test_per_user_scores_are_blind_to_size(uses: list[Use], scaling: Scaling, times: int) -> None:
    """Every visitor of every client several times over: the averages are what they were."""
    multiplied = [
        use._replace(
            areas={area: clicks * times for area, clicks in use.areas.items()},
            users=(use.users or 0) * times,
        )
        for use in uses
    ]
    per_user = [name for name in SCORE_COLUMNS if name.startswith("per_user")]
    before, after = scores(uses, scaling), scores(multiplied, scaling)
    same(after[["client_id", *per_user]], before, exact=True)


@examples(15)
@given(uses=month_of_uses(), scaling=st.sampled_from(SCALINGS))
def test_scores_are_ranks_from_0_to_100(uses: list[Use], scaling: Scaling) -> None:
    frame = scores(uses, scaling)
    for name in SCORE_COLUMNS:
        known, ranked = frame[name].dropna().astype(float), frame[f"n_{name}"]
        assert known.between(0, 100).all()
        assert ranked.nunique() == 1
        if len(known):  # all who are ranked have a score, and nobody else
            assert len(known) == ranked[0] >= 2
            assert known.min() == 0
            behind = scipy.stats.rankdata(known, method="min") - 1
            assert list(known) == pytest.approx(list(100 * behind / (len(known) - 1)), abs=1e-9)


@examples(15)
@given(uses=month_of_uses(), scaling=st.sampled_from(SCALINGS), order=st.permutations("ABCDEFGH"))
def test_equal_clients_share_every_score(
    uses: list[Use], scaling: Scaling, order: list[str]
) -> None:
    """Every client has a twin of another name, listed in another order."""
    twins = {client: order["abcdefgh".index(client)] for client in "abcdefgh"}
    copies = [
        use._replace(client=twins[use.client], areas=dict(reversed(use.areas.items())))
        for use in reversed(uses)
    ]
    frame = scores([*uses, *copies], scaling).set_index("client_id")
    mine = sorted({use.client for use in uses})
    twin = frame.loc[[twins[client] for client in mine]].reset_index(drop=True)
    same(twin, frame.loc[mine].reset_index(drop=True), exact=True)


@examples(15)
@given(
    uses=month_of_uses(min_clients=3),
    scaling=st.sampled_from(("log", "none")),
    weights=st.tuples(*[st.integers(0, 5)] * 3).filter(any),
)
def test_with_the_weights_held_a_newcomer_reorders_nobody(
    uses: list[Use], scaling: Scaling, weights: tuple[int, ...]
) -> None:
    """Not so for `mean`: a newcomer moves the means that engagement is divided by."""
    newcomer = uses[-1].client
    others = [use for use in uses if use.client != newcomer]
    before, after = ranks(others, scaling, weights), ranks(uses, scaling, weights)
    for key, one in before.items():
        for other_key, other in before.items():
            if key[:2] == other_key[:2]:
                assert (one < other) == (after[key] < after[other_key])


def ranks(
    uses: list[Use], scaling: Scaling, weights: tuple[int, ...]
) -> dict[tuple[str, str, str], float]:
    """(audience, basis, client) -> score under given weights of P, Q and R; 0 where it is null."""
    fixed = [
        {"audience": audience, "basis": basis, "area": area, "weight": weight / sum(weights)}
        | {"users": 1, "mean": 1.0, "std": 1.0, "cv": 1.0}
        for audience in tables.AUDIENCES
        for basis in ("total", "per_user")
        for area, weight in zip("PQR", weights, strict=True)
    ]
    expression = ranking(*client_tables(*uses), tables.given(AREA_WEIGHTS, fixed), scaling)
    rows = tables.engine().rows(expression)
    return {(r["audience"], r["basis"], r["client_id"]): r["score"] or 0.0 for r in rows}


@examples(8)
@given(uses=month_of_uses(), scaling=st.sampled_from(SCALINGS), order=st.randoms())
def test_the_order_of_rows_changes_no_score(uses: list[Use], scaling: Scaling, order: Any) -> None:
    shuffled = order.sample(uses, len(uses))
    same(scores(shuffled, scaling), scores(uses, scaling), exact=True)


@cache
def ranking(
    client_area_month: ibis.Table, client_month: ibis.Table, weights: ibis.Table, scaling: Scaling
) -> ibis.Table:
    ranked = ranked_clients(client_month, client_month.select("client_id").distinct())
    return rank_scores(scaled_engagement(client_area_month, ranked, scaling), weights, ranked)
