"""The product's composite health on frames, under the names of `health_reference`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import health_reference
import ibis
import pandas as pd
import tables as small

from healthscore_assets.contracts import (
    AREA_ENGAGEMENT,
    CLEANED_USAGE,
    CLIENT_AREA_MONTH,
    CLIENT_FEATURE_MONTH,
    CLIENT_PROFILE,
    COMPOSITE_HEALTH,
    COMPOSITE_POINTS,
    CONTRACTS,
    HEALTH_COMPONENTS,
    HEALTH_DRIVERS,
    HEALTH_SCORES,
    STRUCTURAL_RISK,
)
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.months import shift
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.risk.inputs import RiskInputs
from healthscore_assets.risk.structural import structural_risk as structure
from healthscore_assets.scoring.health.bands import WALKED_MONTHS, with_bands
from healthscore_assets.scoring.health.composite import composite
from healthscore_assets.scoring.health.drivers import drivers
from healthscore_assets.scoring.health.inputs import HealthInputs, month_at_hand, of_month
from healthscore_assets.scoring.health.observed import observed

Tables = Mapping[str, Mapping[str, pd.DataFrame]]

READ = {
    "client_month": 5,
    "visitor_month": 5,
    "accounts": 12,
    "support_tickets": 3,
    "surveys": 6,
    "invoices": 14,
    "touchpoints": 11,
    "renewals": 11,
}
_USAGE = [*CLEANED_USAGE.columns, "months_ago"]
FEEDS = ("support_tickets", "surveys", "invoices", "touchpoints", "renewals")
INDEX = ibis.schema({"client_id": "string", "total_all": "float64", "per_user_external": "float64"})


def components(
    tables: Tables, features: pd.DataFrame, month: str, settings: Any = None
) -> pd.DataFrame:
    """As `health_reference.components`."""
    return _Months(tables, features, settings).components(month)[1]


def health(
    tables: Tables, features: pd.DataFrame, month: str, settings: Any = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `health_reference.health`."""
    return _Months(tables, features, settings).health(month)


def structural_risk(
    tables: Tables, features: pd.DataFrame, month: str, settings: Any = None
) -> pd.DataFrame:
    """As `health_reference.structural_risk`."""
    return _Months(tables, features, settings).risk(month)


class _Months:
    def __init__(self, tables: Tables, features: pd.DataFrame, settings: Any) -> None:
        self._tables, self._features = tables, features
        self._settings = _as_settings(settings or health_reference.Settings())
        self._engine = small.engine()

    def components(self, month: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        inputs = HealthInputs(
            index_scores=self._index(month, 0),
            **{name: self._given(name, month, back) for name, back in READ.items()},
            client_feature_month=self._features_used(month, 5),
            area_engagement=self._visitors_active(month, 5),
            product_areas=self._areas(),
            at=month_at_hand(self._engine, month),
            delivered=frozenset(f for f in FEEDS if month in self._tables.get(f"raw_{f}", {})),
        )
        profile, found = observed(self._engine, inputs, self._settings)
        # The second reads what the first was made of.
        profiles = small.found(CLIENT_PROFILE, profile)
        return profiles, small.found(HEALTH_COMPONENTS, found)

    def composite(self, month: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        recent = {ago: shift(month, -ago) for ago in range(3)}
        told = {ago: self.components(m) for ago, m in recent.items() if self._made(m)}
        parts = [frame.assign(months_ago=ago) for ago, (_, frame) in told.items()]
        made = composite(
            self._engine,
            small.given(HEALTH_COMPONENTS, pd.concat(parts)),
            of_month(small.given(CLIENT_PROFILE, told[0][0])),
            self._index(month, 2),
            self._settings.health,
        )
        return small.found(COMPOSITE_HEALTH, made.health), small.found(
            COMPOSITE_POINTS, made.points
        )

    def health(self, month: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        walked = {ago: shift(month, -ago) for ago in range(WALKED_MONTHS + 1)}
        told = {ago: self.composite(m) for ago, m in walked.items() if self._made(m)}
        scores = pd.concat([each.assign(months_ago=ago) for ago, (each, _) in told.items()])
        points = pd.concat([p.assign(months_ago=ago) for ago, (_, p) in told.items() if ago < 2])
        given = small.given(COMPOSITE_HEALTH, scores)
        at = month_at_hand(self._engine, month)
        found = with_bands(given, at, self._settings.health)
        driven = drivers(small.given(COMPOSITE_POINTS, points), given)
        return small.found(HEALTH_SCORES, found), small.found(HEALTH_DRIVERS, driven)

    def risk(self, month: str) -> pd.DataFrame:
        profiles, _ = self.components(month)
        inputs = RiskInputs(
            of_month(small.given(CLIENT_PROFILE, profiles)),
            self._given("client_month", month, 12),
            self._areas_used(month, 12),
            self._given("visitor_activity", month, 12),
            self._features_used(month, 0),
            self._visitors_active(month, 3),
            self._given("accounts", month, 0),
            self._given("stakeholders", month, 12),
            month_at_hand(self._engine, month),
        )
        found = structure(self._engine, inputs, self._settings.health.risk)
        return small.found(STRUCTURAL_RISK, found)

    def _areas_used(self, month: str, back: int) -> ibis.Table:
        """`client_area_month`, as far as it tells who was active."""
        used = [
            {
                "client_id": row["client_id"],
                "audience": "all",
                "area": "Any",
                "engagement": 1.0,
                "visitors": None,
                "months_ago": row["months_ago"],
            }
            for row in self._rows("cleaned_usage", month, back)
            if row["measure"] == self._settings.measure
        ]
        return small.given(CLIENT_AREA_MONTH, used)

    def _features_used(self, month: str, back: int) -> ibis.Table:
        """`client_feature_month`, added up by pandas."""
        used = pd.DataFrame(self._rows("cleaned_usage", month, back), columns=_USAGE)
        key = ["client_id", "feature", "measure", "months_ago"]
        sums = used.astype({"value": float}).groupby(key, as_index=False)["value"].sum().round(6)
        return small.given(CLIENT_FEATURE_MONTH, sums)

    def _visitors_active(self, month: str, back: int) -> ibis.Table:
        """`area_engagement`, all features in one area."""
        used = pd.DataFrame(self._rows("cleaned_usage", month, back), columns=_USAGE)
        used = used[used["measure"] == self._settings.measure].astype({"value": float})
        key = ["client_id", "visitor_id", "audience", "months_ago"]
        sums = used.groupby(key, as_index=False, dropna=False)["value"].sum().round(6)
        plain = sums.astype(object).where(sums.notna(), None).assign(area="Any")
        return small.given(AREA_ENGAGEMENT, plain.rename(columns={"value": "engagement"}))

    def _made(self, month: str) -> bool:
        return month in self._tables.get("index_scores", {})

    def _index(self, month: str, back: int) -> ibis.Table:
        return small.of_schema("index_scores", INDEX, self._rows("index_scores", month, back))

    def _given(self, name: str, month: str, back: int) -> ibis.Table:
        return small.of_schema(name, schema_of(CONTRACTS[name]), self._rows(name, month, back))

    def _rows(self, name: str, month: str, back: int) -> list[dict[str, Any]]:
        names = INDEX.names if name == "index_scores" else list(CONTRACTS[name].columns)
        rows = []
        for ago in range(back + 1):
            frame = self._tables.get(name, {}).get(shift(month, -ago))
            if frame is not None and len(frame):
                plain = frame.astype(object).where(frame.notna(), None)
                rows += [
                    {n: row.get(n) for n in names} | {"months_ago": ago}
                    for row in plain.to_dict("records")
                ]
        return rows

    def _areas(self) -> ibis.Table:
        schema = ibis.schema({"feature_key": "string", "area": "string", "tier": "string"})
        plain = self._features.astype(object).where(self._features.notna(), None)
        rows = small.of_schema("product_areas", schema, plain.to_dict("records"))
        return of_month(rows)


def _as_settings(settings: Any) -> ScoringSettings:
    return ScoringSettings.model_validate(
        {
            "measure": settings.measure,
            "health": {
                "segments": {n: dict(w) for n, w in settings.segment_weights.items()},
                "components": {
                    dimension: {
                        name: settings.component_weights[dimension].get(name, 0.0)
                        for name in health_reference.COMPONENT_WEIGHTS[dimension]
                    }
                    for dimension in settings.component_weights
                },
                "normalisers": {
                    n: {"by": kind, "over": over}
                    for n, (kind, over) in settings.normalisers.items()
                },
                "targets": {
                    "touchpoints": settings.targets.get("touchpoint_quality", 2.0),
                    "community": settings.targets.get("community", 3.0),
                    "frequency": settings.frequency_benchmark,
                },
                "bands": {"green": settings.green, "yellow": settings.yellow},
                "velocity": {
                    "declining_fast": -settings.velocity_fast,
                    "declining": -settings.velocity_slow,
                    "improving": settings.velocity_slow,
                    "improving_fast": settings.velocity_fast,
                },
                "active_users": settings.active_users,
                "usage_smoothing": settings.usage_smoothing,
                "half_life_days": settings.half_life,
                "least_coverage": settings.least_coverage,
                "notice_months": settings.notice_months,
                "sudden_drop": settings.sudden_drop,
                "risk": {
                    "event_weights": list(settings.event_weights),
                    "multipliers": dict(settings.multipliers),
                    "concentrated": settings.concentrated_gini,
                    "narrow": settings.narrow_diversity,
                    "single_threaded": settings.single_threaded_share,
                    "dormant_days": settings.dormant_days,
                    "champion_share": settings.champion_share,
                },
            },
        }
    )
