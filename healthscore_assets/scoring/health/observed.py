"""What was observed of each client in a month, as values and scores of the components."""

from functools import lru_cache

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lookups.health_settings import HealthSettings
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.scoring.health.component_scores import component_scores
from healthscore_assets.scoring.health.inputs import HealthInputs
from healthscore_assets.scoring.health.money import money_values
from healthscore_assets.scoring.health.profile import client_profile
from healthscore_assets.scoring.health.relations import relation_values
from healthscore_assets.scoring.health.sentiment import sentiment_values
from healthscore_assets.scoring.health.usage import usage_values


def observed(
    engine: Computes, inputs: HealthInputs, settings: ScoringSettings
) -> tuple[ibis.Table, ibis.Table]:
    """The profile of every client of the base, and its components before smoothing.

    Grain: client; client x component.
    """
    health = settings.health
    profile = engine.keep("profiles", client_profile(inputs, health).order_by("client_id"))
    used = usage_values(
        engine, inputs, profile, settings.measure, area_from_feature=settings.area_from_feature
    )
    # In one order, so that what is added up after it is added in that.
    used = engine.keep("usage_values", used.order_by("client_id"))
    with engine.single_threaded():
        values = engine.keep("health_values", _side_by_side(inputs, profile, used, health))
    return _with_usage(profile, used), component_scores(values, health)


@lru_cache(maxsize=EXPRESSIONS)
def _side_by_side(
    inputs: HealthInputs, profile: ibis.Table, used: ibis.Table, health: HealthSettings
) -> ibis.Table:
    """The profile and all that was observed. Grain: client."""
    values = profile
    for more in (
        used,
        relation_values(inputs, profile),
        sentiment_values(inputs, profile, health.half_life_days),
        money_values(inputs, profile),
    ):
        again = [name for name in more.columns if name in values.columns and name != "client_id"]
        values = values.left_join(more.drop(*again), "client_id").drop("client_id_right")
    if health.active_users == "daily":
        daily = ibis.ifelse(values.has_usage, values.dau_share, 0.0)
        values = values.mutate(active_users=daily)
    return values


@lru_cache(maxsize=EXPRESSIONS)
def _with_usage(profile: ibis.Table, used: ibis.Table) -> ibis.Table:
    shares = used.select("client_id", "has_usage", "dau_share")
    return profile.left_join(shares, "client_id").drop("client_id_right")
