"""All clients together, against sums in pandas and numbers worked by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import ibis
import pandas as pd
import pytest
from tables import by, engine, found, same, sparse

from healthscore_assets.contracts import (
    CLIENT_MONTH,
    CLIENT_PROFILE,
    CLIENT_SCORES,
    CONTRACTS,
    HEALTH_SCORES,
    STRUCTURAL_RISK,
)
from healthscore_assets.contracts.accounts import ACCOUNTS
from healthscore_assets.contracts.rules import rules_of
from healthscore_assets.scoring import portfolio as product
from healthscore_assets.scoring.health.inputs import month_at_hand

MONTH = "2024-05"
DIMENSIONS = ["usage", "engagement", "sentiment", "financial"]
TABLES = ["bands", "movers", "churn", "cohorts", "dimensions"]


class Client(NamedTuple):
    """A client of the base. Its dimensions are its health, unless told; its name is its id."""

    id: str
    segment: str | None = None
    health: float | None = None
    before: float | None = None
    arr: float | None = None
    cohort: str | None = None
    days: int = 0
    total_all: float | None = None
    usage: float | None = None

    @property
    def band(self) -> str | None:
        if self.health is None:
            return None
        return "green" if self.health >= 80 else "yellow" if self.health >= 60 else "red"


class Account(NamedTuple):
    """A row of the register."""

    id: str
    segment: str | None = None
    contract: str = "running"
    churned: bool = False


CLIENTS = [
    Client("a", "Enterprise", 90, 80, 100.0, "2023-Q1", total_all=100, usage=100),
    Client("b", "Enterprise", 50, 60, 300.0, "2023-Q1", 31, total_all=20, usage=0),
    Client("c", " Enterprise ", 70, 70, None, "2023-Q4", total_all=70),
    Client("d", "SMB", 85, None, 0.0, "2024-Q1", total_all=80),
    Client("e", "SMB", None, 40, 50.0, "2024-Q1", 62, total_all=None),
    Client("f", "SMB", 60, 50, 50.25, "2024-Q1", total_all=60),
    Client("g", None, 40, 50, None, "2024-Q2", total_all=40),
    Client("h", "", 75, 55, 200.1, None, total_all=50),
    Client("i", "   ", 20, 65, 0.7, "2024-Q2", 31, total_all=0),
    Client("j", "Odd", None, None, None, "2024-Q3", total_all=10),
    Client("k", "Odd", 10, None, 0.0, "2024-Q3", total_all=30),
    Client("l", "SMB", 88, 88.5, 10.0, None, total_all=90),
]
GONE = Client("z", "SMB", before=99.0)
"""Was in the base the month before, is not any more."""

# g, h and i are in no register; b left within the month, x and y before it; t begins later.
ACCOUNTS_TOLD = [
    *[Account(c.id, c.segment, churned=c.id == "b") for c in CLIENTS if c.id not in "ghi"],
    Account("x", "Enterprise", "ended", churned=True),
    Account("y", None, "ended", churned=True),
    Account("t", "SMB", "to_come"),
    Account("u", " ", "running"),
]
ENGAGEMENT = {"a": 10.0, "b": 4.0, "d": 2.5, "f": 0.1, "h": 7.0, "x": 6.0, "z": 9.0}
"""The others had none in the month, or no export lists them."""


# --------------------------------------------------------------------------- the tables it reads


def month(
    clients: Sequence[Client] = CLIENTS,
    accounts: Sequence[Account] = ACCOUNTS_TOLD,
    at: str = MONTH,
    gone: Sequence[Client] = (GONE,),
) -> dict[str, pd.DataFrame]:
    """The five tables, each checked against its contract."""
    scores = [
        {
            "client_id": c.id,
            "segment": c.segment,
            **dict.fromkeys(DIMENSIONS, c.health),
            "usage": c.health if c.usage is None else c.usage,
            "health": c.health,
            "band": c.band,
        }
        for c in clients
    ]
    scores += [
        {"client_id": c.id, "segment": c.segment, "health": c.before, "months_ago": 1}
        for c in (*clients, *gone)
        if c.before is not None or c in gone
    ]
    used = [
        {"client_id": client, "audience": audience, "engagement": engagement / halves}
        for client, engagement in ENGAGEMENT.items()
        for audience, halves in (("all", 1), ("external", 2), ("internal", 2))
    ]
    made = product.portfolio(
        sparse(HEALTH_SCORES, scores),
        sparse(
            CLIENT_SCORES,
            [
                {"client_id": c.id, "client_name": c.id.upper(), "total_all": c.total_all}
                for c in clients
            ],
        ),
        sparse(CLIENT_MONTH, used),
        sparse(
            CLIENT_PROFILE,
            [{"client_id": c.id, "arr": c.arr, "has_usage": c.days == 0} for c in clients],
        ),
        sparse(
            STRUCTURAL_RISK,
            [{"client_id": c.id, "cohort": c.cohort} for c in clients],
        ),
        sparse(
            ACCOUNTS,
            [
                {"client_id": a.id, "segment": a.segment, "arr": 1e6}
                | {"contract": a.contract, "churned": a.churned}
                for a in accounts
            ],
        ),
        month_at_hand(engine(), at),
    )
    return {name: _kept(f"portfolio_{name}", getattr(made, name)) for name in TABLES}


def _kept(name: str, made: ibis.Table) -> pd.DataFrame:
    (broken,) = engine().rows(_broken(name, made))
    assert not any(broken.values()), (name, broken)
    frame = found(CONTRACTS[name], made)
    assert not frame.duplicated(list(CONTRACTS[name].unique)).any(), name
    return frame


@cache
def _broken(name: str, made: ibis.Table) -> ibis.Table:
    """How many rows break each rule of the contract, in one row."""
    rules = rules_of(CONTRACTS[name])
    return made.aggregate(
        **{f"{rule.column}: {rule.says}": rule.broken(made).sum() for rule in rules}
    )


@pytest.fixture(scope="module")
def summary() -> dict[str, pd.DataFrame]:
    return month()


# ------------------------------------------------------------------------------ the same in pandas


def expected(clients: Sequence[Client], accounts: Sequence[Account], at: str) -> dict[str, Any]:
    """The five tables, of plain frames."""
    base = pd.DataFrame(
        [
            {
                **client._asdict(),
                **dict.fromkeys(DIMENSIONS, client.health),
                "usage": client.health if client.usage is None else client.usage,
                "band": client.band or "none",
                "name": client.id.upper(),
            }
            for client in clients
        ]
    )
    numbers = ["health", "before", "arr", "total_all", *DIMENSIONS]
    base[numbers] = base[numbers].astype("float64")
    base["segment"] = spelt(base["segment"])
    register = pd.DataFrame(accounts, columns=Account._fields)
    return {
        "bands": _bands(twice(base)),
        "movers": _movers(base),
        "churn": _churn(register, base),
        "cohorts": _cohorts(base, date.fromisoformat(f"{at}-01")),
        "dimensions": _dimensions(twice(base)),
    }


def spelt(segments: pd.Series) -> list[str]:
    return [(s.strip() if isinstance(s, str) else "") or "none" for s in segments]


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.assign(segment="all")])


def _bands(rows: pd.DataFrame) -> pd.DataFrame:
    grouped = rows.groupby(["segment", "band"])["arr"]
    sums = pd.DataFrame({"clients": grouped.size(), "arr": grouped.sum()}).reset_index()
    whole = sums.groupby("segment")["arr"].transform("sum")
    return sums.assign(arr_share=(sums["arr"] / whole).where(whole > 0))


def _movers(base: pd.DataFrame) -> pd.DataFrame:
    moved = base.assign(health_change=base["health"] - base["before"])
    parts = []
    for direction, sign in (("faller", -1), ("riser", 1)):
        rows = moved[sign * moved["health_change"] > 0]
        rows = rows.sort_values("id").sort_values(
            "health_change", ascending=sign < 0, kind="stable"
        )
        parts.append(
            rows.head(20).assign(direction=direction, place=range(1, min(len(rows), 20) + 1))
        )
    names = {"id": "client_id", "name": "client_name", "before": "health_before"}
    return pd.concat(parts).rename(columns=names)


def _churn(register: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    rows = register[register["contract"] != "to_come"]
    rows = rows.assign(
        segment=spelt(rows["segment"]),
        engagement=rows["id"].map(ENGAGEMENT).fillna(0.0),
        health=rows["id"].map(base.set_index("id")["health"]).astype("float64"),
    )
    grouped = twice(rows).groupby(["segment", "churned"])
    return pd.DataFrame(
        {
            "clients": grouped.size(),
            "engagement_mean": grouped["engagement"].mean(),
            "health_mean": grouped["health"].mean(),
        }
    ).reset_index()


def _cohorts(base: pd.DataFrame, at: date) -> pd.DataFrame:
    grouped = base.assign(active=base["days"] == 0).groupby("cohort")
    rows = pd.DataFrame(
        {
            "clients": grouped.size(),
            "active_share": grouped["active"].mean(),
            "health_mean": grouped["health"].mean(),
            "total_all_mean": grouped["total_all"].mean(),
        }
    ).reset_index()
    ends = [pd.Period(cohort.replace("-", ""), "Q").asfreq("M", "end") for cohort in rows["cohort"]]
    ages = [max((pd.Period(at, "M") - end).n, 0) for end in ends]
    return rows.assign(age_months=ages)


def _dimensions(rows: pd.DataFrame) -> pd.DataFrame:
    long = rows.melt(
        id_vars=["segment", "id"], value_vars=[*DIMENSIONS, "health"], var_name="dimension"
    )
    grouped = long.groupby(["segment", "dimension"])["value"]
    return pd.DataFrame(
        {
            "clients": grouped.size(),
            "observed": grouped.count(),
            "mean": grouped.mean(),
            "p25": grouped.quantile(0.25),
            "median": grouped.median(),
            "p75": grouped.quantile(0.75),
        }
    ).reset_index()


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_pandas(summary: dict[str, pd.DataFrame], name: str) -> None:
    same(summary[name], expected(CLIENTS, ACCOUNTS_TOLD, MONTH)[name])


# ----------------------------------------------------------------------------- worked by hand


def test_bands_and_their_revenue(summary: dict[str, pd.DataFrame]) -> None:
    rows = by(summary["bands"], "segment", "band")
    # a, b and c; spaces around a segment do not make another one.
    assert rows["Enterprise", "green"] == {
        "segment": "Enterprise",
        "band": "green",
        "clients": 1,
        "arr": 100.0,
        "arr_share": 0.25,
    }
    assert rows["Enterprise", "red"]["arr_share"] == 0.75
    # c tells no revenue: none, which is not unknown.
    assert (rows["Enterprise", "yellow"]["arr"], rows["Enterprise", "yellow"]["arr_share"]) == (
        *(0.0, 0.0),
    )
    # e has no health.
    assert (rows["SMB", "none"]["clients"], rows["SMB", "none"]["arr"]) == (1, 50.0)
    # Red are b, g, i and k.
    assert rows["all", "red"]["clients"] == 4
    assert rows["all", "red"]["arr"] == pytest.approx(300.7, abs=1e-9)
    assert rows["all", "red"]["arr_share"] == pytest.approx(300.7 / 711.05, abs=1e-9)


def test_without_a_segment_clients_are_together(summary: dict[str, pd.DataFrame]) -> None:
    rows = by(summary["bands"], "segment", "band")
    assert {segment for segment, _ in rows} == {"Enterprise", "SMB", "Odd", "none", "all"}
    # g (null) and i (spaces) are red, h (nothing) is yellow.
    assert {band: row["clients"] for (s, band), row in rows.items() if s == "none"} == {
        "red": 2,
        "yellow": 1,
    }


def test_a_segment_without_revenue_has_no_shares(summary: dict[str, pd.DataFrame]) -> None:
    odd = summary["bands"].query("segment == 'Odd'")
    assert list(odd["arr"]) == [0.0, 0.0]
    assert odd["arr_share"].isna().all()


def test_risers_and_fallers(summary: dict[str, pd.DataFrame]) -> None:
    rows = by(summary["movers"], "direction", "place")
    told = [(*key, row["client_id"], row["health_change"]) for key, row in rows.items()]
    # c stayed, d and k are new, e has no health any more, z left. a and f tie, as do b and g.
    assert told == [
        ("faller", 1, "i", -45),
        ("faller", 2, "b", -10),
        ("faller", 3, "g", -10),
        ("faller", 4, "l", -0.5),
        ("riser", 1, "h", 20),
        ("riser", 2, "a", 10),
        ("riser", 3, "f", 10),
    ]
    assert rows["faller", 3] == {
        "direction": "faller",
        "place": 3,
        "client_id": "g",
        "client_name": "G",
        "segment": "none",
        "health": 40,
        "health_before": 50,
        "health_change": -10,
        "arr": None,
    }


def test_those_that_left_and_those_that_stay(summary: dict[str, pd.DataFrame]) -> None:
    rows = by(summary["churn"], "segment", "churned")
    # b left within the month and is in the base, with 4; x left before, and still made 6.
    assert rows["Enterprise", True] == {
        "segment": "Enterprise",
        "churned": True,
        "clients": 2,
        "engagement_mean": 5.0,
        "health_mean": 50.0,
    }
    # a has 10, c none: 80 is the mean of 90 and 70.
    enterprise = rows["Enterprise", False]
    assert (enterprise["engagement_mean"], enterprise["health_mean"]) == (5.0, 80.0)
    # y is in no base: no health. u, without a segment, stays.
    assert (rows["none", True]["clients"], rows["none", True]["health_mean"]) == (1, None)
    assert (rows["none", False]["clients"], rows["none", False]["engagement_mean"]) == (1, 0.0)
    # g, h and i are in no register, t begins later, z is not in the register either.
    assert (rows["all", False]["clients"], rows["all", True]["clients"]) == (9, 3)
    assert rows["all", True]["engagement_mean"] == pytest.approx(10 / 3, abs=1e-9)


def test_cohorts_by_age(summary: dict[str, pd.DataFrame]) -> None:
    rows = by(summary["cohorts"], "cohort")
    # h and l have none. From March 2023 to May 2024 it is 14 months; the third quarter is to come.
    assert {cohort: row["age_months"] for cohort, row in rows.items()} == {
        "2023-Q1": 14,
        "2023-Q4": 5,
        "2024-Q1": 2,
        "2024-Q2": 0,
        "2024-Q3": 0,
    }
    # d and f of d, e and f were active; e has neither a health nor a rank.
    first = rows["2024-Q1"]
    assert (first["clients"], first["active_share"]) == (3, pytest.approx(2 / 3, abs=1e-9))
    assert (first["health_mean"], first["total_all_mean"]) == (72.5, 70.0)


@pytest.mark.parametrize(
    ("at", "age"),
    [
        *[("2023-09", 0), ("2023-10", 0), ("2023-12", 0)],
        *[("2024-01", 1), ("2024-03", 3), ("2024-12", 12), ("2025-02", 14)],
    ],
)
def test_age_counts_from_the_end_of_the_quarter(at: str, age: int) -> None:
    (row,) = by(month([Client("a", cohort="2023-Q4")], at=at)["cohorts"], "cohort").values()
    assert row["age_months"] == age
    assert (row["health_mean"], row["total_all_mean"]) == (None, None)


def test_dimensions_of_a_segment(summary: dict[str, pd.DataFrame]) -> None:
    rows = by(summary["dimensions"], "segment", "dimension")
    # Usage of a, b and c is 100, 0 and 70; the 25th percentile is half way from 0 to 70.
    assert rows["Enterprise", "usage"] == {
        "segment": "Enterprise",
        "dimension": "usage",
        "clients": 3,
        "observed": 3,
        "mean": pytest.approx(170 / 3, abs=1e-9),
        "p25": 35.0,
        "median": 70.0,
        "p75": 85.0,
    }
    # Of d, e, f and l, e was not observed: 60, 85, 88.
    smb = rows["SMB", "health"]
    assert (smb["clients"], smb["observed"]) == (4, 3)
    assert (smb["p25"], smb["median"], smb["p75"]) == (72.5, 85.0, 86.5)
    assert set(summary["dimensions"]["dimension"]) == {*DIMENSIONS, "health"}


def test_a_dimension_that_nobody_has() -> None:
    rows = by(month([Client("a", "SMB"), Client("b", "SMB")])["dimensions"], "segment", "dimension")
    told = rows["SMB", "sentiment"]
    assert (told["clients"], told["observed"]) == (2, 0)
    assert [told[name] for name in ("mean", "p25", "median", "p75")] == [None] * 4


# --------------------------------------------------------------------------------- sums agree


def test_every_client_is_in_one_band_of_its_segment(summary: dict[str, pd.DataFrame]) -> None:
    clients = summary["bands"].groupby("segment")["clients"].sum()
    assert dict(clients) == {"Enterprise": 3, "SMB": 4, "Odd": 2, "none": 3, "all": len(CLIENTS)}
    for _, rows in summary["dimensions"].groupby("dimension"):
        assert dict(zip(rows["segment"], rows["clients"], strict=True)) == dict(clients)


def test_shares_of_revenue_sum_to_one(summary: dict[str, pd.DataFrame]) -> None:
    known = summary["bands"].dropna(subset="arr_share")
    for segment, shares in known.groupby("segment")["arr_share"]:
        assert math.fsum(shares) == pytest.approx(1, abs=1e-9), segment
    assert set(known["segment"]) == {"Enterprise", "SMB", "none", "all"}


@pytest.mark.parametrize(
    ("name", "key", "sums"),
    [
        ("bands", "band", ["clients", "arr"]),
        ("churn", "churned", ["clients"]),
        ("dimensions", "dimension", ["clients", "observed"]),
    ],
)
def test_all_is_the_sum_of_the_segments(
    summary: dict[str, pd.DataFrame], name: str, key: str, sums: list[str]
) -> None:
    everybody = summary[name]["segment"] == "all"
    whole = summary[name][everybody].set_index(key)[sums]
    parts = summary[name][~everybody].groupby(key)[sums].sum()
    pd.testing.assert_frame_equal(
        whole.sort_index(), parts.sort_index(), check_dtype=False, rtol=0, atol=1e-9
    )


def test_the_order_of_rows_changes_nothing() -> None:
    """To the last bit, although these sums differ in it by the order they are made in."""
    parts = [n**3 / 280 for n in range(1, 31)]
    clients = [
        Client(f"c{n:02}", "SMB", x, 50, x * 7, "2023-Q1", total_all=x, usage=x / 7)
        for n, x in enumerate(parts)
    ]
    accounts = [Account(c.id, c.segment, churned=c.id < "c10") for c in clients]
    told, again = month(clients, accounts), month(clients[::-1], accounts[::-1])
    assert sum(parts) != sum(reversed(parts))
    for name in TABLES:
        same(again[name], told[name], exact=True)


# ------------------------------------------------------------------------- less than a whole month


def test_without_a_register_there_is_no_churn(summary: dict[str, pd.DataFrame]) -> None:
    without = month(accounts=[])
    assert without["churn"].empty
    for name in ("bands", "movers", "cohorts", "dimensions"):
        same(without[name], summary[name], exact=True)


def test_nobody_moved_in_the_first_month() -> None:
    first = month([client._replace(before=None) for client in CLIENTS], gone=[])
    assert first["movers"].empty
    assert first["bands"]["clients"].sum() == 2 * len(CLIENTS)


def test_a_base_that_no_register_knows_is_one_segment() -> None:
    rows = month([Client("a", None, 70), Client("b", None, 90)], accounts=[])
    assert by(rows["bands"], "segment", "band").keys() == {
        *[("none", "green"), ("none", "yellow"), ("all", "green"), ("all", "yellow")],
    }
    assert rows["bands"]["arr_share"].isna().all()


# -------------------------------------------------------------------------------- many that move


def test_the_first_twenty_of_each_direction_move() -> None:
    # 24 risers by 1 to 12, each twice, and 21 fallers by 5, told from the last to the first.
    risers = [Client(f"r{n:02}", "SMB", 50 + n // 2 + 1, 50) for n in range(24)]
    fallers = [Client(f"f{n:02}", None, 45, 50) for n in range(21)]
    clients = [*reversed(risers), *reversed(fallers)]
    movers = month(clients)["movers"]
    same(movers, expected(clients, ACCOUNTS_TOLD, MONTH)["movers"])
    rows = by(movers, "direction", "place")
    assert [rows["faller", place]["client_id"] for place in range(1, 21)] == [
        f"f{n:02}" for n in range(20)
    ]
    # r22 and r23 rose by 12, r04 and r05 by 3; the four that rose less have no place.
    assert (rows["riser", 1]["client_id"], rows["riser", 2]["client_id"]) == ("r22", "r23")
    assert (rows["riser", 19]["client_id"], rows["riser", 20]["client_id"]) == ("r04", "r05")
    assert len(movers) == 40


def test_of_a_tie_at_the_last_place_the_first_name_moves() -> None:
    clients = [Client(f"c{n:02}", "SMB", 90 - n, 50) for n in range(19)]
    clients += [Client(name, "SMB", 51, 50) for name in ("zed", "yen", "xor")]
    movers = by(month(clients)["movers"], "direction", "place")
    assert len(movers) == 20
    assert movers["riser", 20]["client_id"] == "xor"
