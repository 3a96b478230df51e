"""The scoring model of SCORING.md sections 1-4, written a second time as plainly as possible.

It shares no code with the product: tests compare the two. Readable first, fast second; every
number is a loop over clients, areas, audiences and months in the words of SCORING.md.

    ref = Reference(listed, events, areas)
    ref.index_scores("2014-02")   # one month
    ref.index_scores()            # every delivered month

listed  one row per visitor of a delivered month: month, client_id, visitor_id, audience
        (`external` / `internal`). A month without a row here was never delivered. `visitor_id`
        is null where an export lists no visitors, a row per client and audience.
events  month, client_id, visitor_id, audience, feature, value > 0. Several rows add up.
areas   feature -> area; a feature that is not in it is `Unmapped`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

UNMAPPED = "Unmapped"
AUDIENCES = ("all", "external", "internal")
BASES = ("total", "per_user")
NULL = math.nan

SCORES = [f"{basis}_{audience}" for basis in BASES for audience in AUDIENCES]
AREA_WEIGHTS = ["month", "audience", "basis", "area", "users", "mean", "std", "cv", "weight"]
INDEX_SCORES = [
    *["month", "client_id", *SCORES, *[f"n_{score}" for score in SCORES]],
    *["small_base", "total_all_change", "per_user_all_change"],
]
MOMENTUM = [
    *["month", "client_id", "engagement", "engagement_avg_3m", "engagement_trend"],
    *["active_areas", "active_areas_change", "unique_visitors", "unique_visitors_change"],
    "direction",
]
CLIENT_MONTH = [
    *["month", "client_id", "audience", "engagement", "unique_visitors", "active_areas"],
    *["engagement_per_user", "listed"],
]
CLIENT_AREA_MONTH = ["month", "client_id", "audience", "area", "engagement", "visitors"]


def shift(month: str, by: int) -> str:
    """The calendar month `by` months later: shift('2014-01', -1) is '2013-12'."""
    year, number = map(int, month.split("-"))
    years, zero_based = divmod(year * 12 + number - 1 + by, 12)
    return f"{years:04d}-{zero_based + 1:02d}"


@dataclass
class Tally:
    """What one delivered month holds, per audience and client, Unmapped included (section 2)."""

    listed: set[tuple[str, str]] = field(default_factory=set)
    """(audience, client) with a visitor listed"""
    engagement: dict[tuple[str, str, str], float] = field(
        default_factory=lambda: defaultdict(float)
    )
    """(audience, client, area) -> sum of the measure"""
    area_visitors: dict[tuple[str, str, str], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """(audience, client, area) -> visitors with a positive value there"""
    visitors: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """(audience, client) -> visitors with a positive value on any feature, mapped or not"""
    untold: set[tuple[str, str]] = field(default_factory=set)
    """(audience, client) listed by an export without visitors"""
    area_untold: set[tuple[str, str, str]] = field(default_factory=set)
    """(audience, client, area) with engagement in an export without visitors"""


class Reference:
    """Every table of sections 1-4, for one month or (month=None) for all delivered months."""

    def __init__(
        self,
        listed: pd.DataFrame,
        events: pd.DataFrame,
        areas: Mapping[str, str],
        *,
        silent_months: int = 3,
        area_scaling: str = "log",
        flat_band: float = 0.10,
        partial: Collection[str] = (),
    ) -> None:
        _check(listed, events, area_scaling)
        self.silent_months = silent_months
        self.area_scaling = area_scaling
        self.flat_band = flat_band
        self.partial = set(partial)
        self.areas = sorted(set(areas.values()) - {UNMAPPED})
        self.months: list[str] = sorted(set(listed["month"]))
        self._tally = {month: Tally() for month in self.months}
        for row in listed.itertuples():
            for audience in ("all", row.audience):
                self._tally[row.month].listed.add((audience, row.client_id))
                if pd.isna(row.visitor_id):
                    self._tally[row.month].untold.add((audience, row.client_id))
        for row in events.itertuples():
            if row.month not in self._tally:  # never delivered: nothing is computed from it
                continue
            tally, client = self._tally[row.month], row.client_id
            area = areas.get(row.feature, UNMAPPED)
            for audience in ("all", row.audience):
                tally.engagement[audience, client, area] += row.value
                if pd.isna(row.visitor_id):
                    tally.area_untold.add((audience, client, area))
                    continue
                tally.area_visitors[audience, client, area].add(row.visitor_id)
                tally.visitors[audience, client].add(row.visitor_id)

    # ---------------------------------------------------------------- section 1: who is compared

    def listed_clients(self, month: str) -> set[str]:
        """Clients with a row in an export of the month; empty for a missing month."""
        if month not in self._tally:
            return set()
        return {client for _, client in self._tally[month].listed}

    def base(self, month: str) -> list[str]:
        """Clients listed in the month or in one of the `silent_months` before it (section 1)."""
        if month not in self._tally:
            return []
        clients = self.listed_clients(month)
        for back in range(1, self.silent_months + 1):
            clients |= self.listed_clients(shift(month, -back))
        return sorted(clients)

    # -------------------------------------------------------------------- section 2: engagement

    def x(self, month: str, audience: str, client: str, area: str) -> float:
        """x[c,a]: engagement of a client in an area, 0 where none (section 2)."""
        return self._tally[month].engagement.get((audience, client, area), 0.0)

    def n(self, month: str, audience: str, client: str) -> float:
        """n[c]: visitors with a positive value on any feature, mapped or not (section 2).

        Null where an export lists the client without visitors: compared with 0, it is not more.
        """
        if (audience, client) in self._tally[month].untold:
            return NULL
        return len(self._tally[month].visitors.get((audience, client), ()))

    def mapped_engagement(self, month: str, audience: str, client: str) -> float:
        """E[c,m]: engagement summed over the mapped areas (section 4)."""
        return float(sum(self.x(month, audience, client, area) for area in self.areas))

    def active_areas(self, month: str, audience: str, client: str) -> int:
        """A[c,m]: mapped areas with engagement > 0 (section 4)."""
        return sum(self.x(month, audience, client, area) > 0 for area in self.areas)

    # ------------------------------------------------------------------ section 3: index scores

    def ranked(self, month: str, audience: str, basis: str) -> list[str]:
        """The N clients a basis compares: the whole base, or those with a user (section 3)."""
        if basis == "total":
            return self.base(month)
        return [client for client in self.base(month) if self.n(month, audience, client) > 0]

    def e(self, month: str, audience: str, basis: str, area: str) -> dict[str, float]:
        """e[c,a] of the ranked clients: engagement, or engagement per user (section 3)."""
        e = {}
        for client in self.ranked(month, audience, basis):
            users = 1 if basis == "total" else self.n(month, audience, client)
            e[client] = self.x(month, audience, client, area) / users
        return e

    def v(self, month: str, audience: str, basis: str, area: str) -> dict[str, float]:
        """v[c,a]: e on the scale of the setting `area_scaling` (section 3)."""
        e = self.e(month, audience, basis, area)
        if self.area_scaling == "none":
            return e
        if self.area_scaling == "log":
            return {client: math.log(1 + value) for client, value in e.items()}
        mean = sum(e.values()) / len(e) if e else 0
        return {client: value / mean if mean > 0 else 0.0 for client, value in e.items()}

    def weights(self, month: str, audience: str, basis: str) -> dict[str, dict[str, Any]]:
        """Per area of the lookup: users, mean, std, cv and weight of v (section 3)."""
        stats = {}
        for area in self.areas:
            e = list(self.e(month, audience, basis, area).values())
            v = list(self.v(month, audience, basis, area).values())
            mean = float(np.mean(v)) if v else NULL
            std = float(np.std(v, ddof=1)) if len(v) > 1 else NULL
            cv = std / mean if len(v) > 1 and mean > 0 else NULL
            consistency = 1 / cv if cv >= 1e-9 else 0.0  # a null cv compares false: 0
            stats[area] = {
                "users": sum(value > 0 for value in e),
                "mean": mean,
                "std": std,
                "cv": cv,
                "consistency": consistency,
            }
        total = sum(stat["consistency"] for stat in stats.values())
        for stat in stats.values():
            consistency = stat.pop("consistency")
            stat["weight"] = consistency / total if total > 0 else 0.0
        return stats

    def raw_index(self, month: str, audience: str, basis: str) -> dict[str, float]:
        """r[c] = sum of weight x v over the areas, rounded to 9 decimals (section 3)."""
        weights = self.weights(month, audience, basis)
        v = {area: self.v(month, audience, basis, area) for area in self.areas}
        return {
            client: round(sum(weights[area]["weight"] * v[area][client] for area in self.areas), 9)
            for client in self.ranked(month, audience, basis)
        }

    def scores(self, month: str, audience: str, basis: str) -> dict[str, float]:
        """Score of every client of the base: share of the others strictly below it (section 3)."""
        r = self.raw_index(month, audience, basis)
        weights = self.weights(month, audience, basis)
        scored = len(r) >= 2 and any(stat["weight"] > 0 for stat in weights.values())
        scores = dict.fromkeys(self.base(month), NULL)
        for client in r if scored else ():
            below = sum(other < r[client] for other in r.values())
            scores[client] = 100 * below / (len(r) - 1)
        return scores

    def area_weights(self, month: str | None = None) -> pd.DataFrame:
        """`area_weights`: month x audience x basis x area of the lookup (section 3)."""
        keys = ["month", "audience", "basis", "area"]
        return self._table(self._area_weight_rows, month, AREA_WEIGHTS, keys)

    def _area_weight_rows(self, month: str) -> Iterator[dict[str, Any]]:
        for audience in AUDIENCES:
            for basis in BASES:
                for area, stat in self.weights(month, audience, basis).items():
                    yield {"audience": audience, "basis": basis, "area": area, **stat}

    def index_scores(self, month: str | None = None) -> pd.DataFrame:
        """`index_scores`: month x client of the base (section 3)."""
        return self._table(self._index_rows, month, INDEX_SCORES, ["month", "client_id"])

    def _index_rows(self, month: str) -> Iterator[dict[str, Any]]:
        before = shift(month, -1)
        scores, counts, earlier = {}, {}, {}
        for basis in BASES:
            for audience in AUDIENCES:
                name = f"{basis}_{audience}"
                scores[name] = self.scores(month, audience, basis)
                counts[f"n_{name}"] = len(self.ranked(month, audience, basis))
        for basis in BASES:
            comparable = before in self._tally and not self.partial & {before, month}
            earlier[basis] = self.scores(before, "all", basis) if comparable else {}
        for client in self.base(month):
            row: dict[str, Any] = {"client_id": client}
            row |= {name: scores[name][client] for name in SCORES}
            row |= counts
            row["small_base"] = counts["n_total_all"] < 20
            for basis in BASES:
                change = row[f"{basis}_all"] - earlier[basis].get(client, NULL)
                row[f"{basis}_all_change"] = change
            yield row

    # ---------------------------------------------------------------------- section 4: momentum

    def momentum(self, month: str | None = None) -> pd.DataFrame:
        """`momentum`: month x client of the base, audience `all` (section 4)."""
        return self._table(self._momentum_rows, month, MOMENTUM, ["month", "client_id"])

    def _momentum_rows(self, month: str) -> Iterator[dict[str, Any]]:
        before = shift(month, -1)
        window = [shift(month, -back) for back in (3, 2, 1)]
        # A missing month has no base; a partial one is compared with nothing.
        compared = [m for m in window if not self.partial & {m, month}]
        in_base = {m: set(self.base(m)) if m in compared else set() for m in window}
        for client in self.base(month):
            engagement = self.mapped_engagement(month, "all", client)
            average = trend = areas_change = visitors_change = NULL
            if all(client in in_base[m] for m in window):
                average = sum(self.mapped_engagement(m, "all", client) for m in window) / 3
            if average > 0:
                trend = engagement / average - 1
            areas, visitors = self.active_areas(month, "all", client), self.n(month, "all", client)
            if client in in_base[before]:
                areas_change = areas - self.active_areas(before, "all", client)
                visitors_change = visitors - self.n(before, "all", client)
            yield {
                "client_id": client,
                "engagement": engagement,
                "engagement_avg_3m": average,
                "engagement_trend": trend,
                "active_areas": areas,
                "active_areas_change": areas_change,
                "unique_visitors": visitors,
                "unique_visitors_change": visitors_change,
                "direction": self._direction(engagement, average, trend),
            }

    def _direction(self, engagement: float, average: float, trend: float) -> str | None:
        """`up`, `down`, `flat` or null (section 4); the trend is compared at 9 decimals."""
        if average == 0 and engagement > 0:
            return "up"
        if math.isnan(trend):
            return None
        trend = round(trend, 9)
        if trend > self.flat_band:
            return "up"
        return "down" if trend < -self.flat_band else "flat"

    # ---------------------------------------------------------------- the tables of section 2

    def client_month(self, month: str | None = None) -> pd.DataFrame:
        """`client_month`: month x listed client x three audiences (section 2)."""
        keys = ["month", "client_id", "audience"]
        return self._table(self._client_month_rows, month, CLIENT_MONTH, keys)

    def _client_month_rows(self, month: str) -> Iterator[dict[str, Any]]:
        for client in self.listed_clients(month):
            for audience in AUDIENCES:
                engagement = self.mapped_engagement(month, audience, client)
                visitors = self.n(month, audience, client)
                yield {
                    "client_id": client,
                    "audience": audience,
                    "engagement": engagement,
                    "unique_visitors": visitors,
                    "active_areas": self.active_areas(month, audience, client),
                    "engagement_per_user": engagement / visitors if visitors > 0 else NULL,
                    "listed": (audience, client) in self._tally[month].listed,
                }

    def client_area_month(self, month: str | None = None) -> pd.DataFrame:
        """`client_area_month`: month x client x audience x area used, Unmapped too (section 2)."""
        keys = ["month", "client_id", "audience", "area"]
        return self._table(self._client_area_rows, month, CLIENT_AREA_MONTH, keys)

    def _client_area_rows(self, month: str) -> Iterator[dict[str, Any]]:
        tally = self._tally[month]
        for (audience, client, area), engagement in tally.engagement.items():
            yield {
                "client_id": client,
                "audience": audience,
                "area": area,
                "engagement": engagement,
                "visitors": NULL
                if (audience, client, area) in tally.area_untold
                else len(tally.area_visitors[audience, client, area]),
            }

    def _table(
        self,
        rows_of: Callable[[str], Iterator[dict[str, Any]]],
        month: str | None,
        columns: list[str],
        keys: list[str],
    ) -> pd.DataFrame:
        """The rows of one month, or of all, sorted by key; a missing month has no rows."""
        months = self.months if month is None else [m for m in self.months if m == month]
        rows = [{"month": m, **row} for m in months for row in rows_of(m)]
        return pd.DataFrame(rows, columns=columns).sort_values(keys, ignore_index=True)


def _check(listed: pd.DataFrame, events: pd.DataFrame, area_scaling: str) -> None:
    """Refuse input outside the grain in the module's docstring."""
    if area_scaling not in ("log", "none", "mean"):
        raise ValueError(f"area_scaling {area_scaling!r}")
    told = listed[listed["visitor_id"].notna()]
    if told.duplicated(["month", "client_id", "visitor_id"]).any():
        raise ValueError("a visitor is listed twice in a month")
    if not set(listed["audience"]) | set(events["audience"]) <= {"external", "internal"}:
        raise ValueError("audience is external or internal")
    if (events["value"] <= 0).any():
        raise ValueError("an event without a positive value")
    keys = ["month", "client_id", "visitor_id", "audience"]
    delivered = events[events["month"].isin(set(listed["month"]))]
    # Nulls are not equal to themselves.
    known = set(listed[keys].fillna("").itertuples(index=False, name=None))
    if not set(delivered[keys].fillna("").itertuples(index=False, name=None)) <= known:
        raise ValueError("an event of a visitor who is not listed that month")
