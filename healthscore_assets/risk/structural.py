"""Engagement value, how usage is spread over people, dormancy (SCORING.md section 6)."""

from functools import lru_cache

import ibis
import pyarrow as pa

from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import summed_in_order, trimmed
from healthscore_assets.lookups.health_settings import Risk
from healthscore_assets.risk.champions import champion_departed
from healthscore_assets.risk.inputs import CHAMPION_MONTHS, WALKED_MONTHS, RiskInputs

_DECIMALS = 9
"""0.39999999999 is 0.4: thresholds are held against nine decimals."""

_LEAST_PEOPLE = 3
_WHOLE_MONTH_DAYS = 31
_RECENCY_DAYS = 90


def structural_risk(engine: Computes, inputs: RiskInputs, settings: Risk) -> ibis.Table:
    """Numbers and flags of every client of the base. Grain: client."""
    by_visitor = engine.keep("visitor_engagement", _by_visitor(inputs))
    weights, multipliers = _event_weights(engine, settings), _multipliers(engine, settings)
    return _structure(inputs, by_visitor, weights, multipliers, settings)


@lru_cache(maxsize=EXPRESSIONS)
def _by_visitor(inputs: RiskInputs) -> ibis.Table:
    used = inputs.area_engagement
    used = used.filter(used.months_ago <= CHAMPION_MONTHS)
    return used.group_by("client_id", "visitor_id", "audience", "months_ago").aggregate(
        engagement=exact_sum(used.engagement)
    )


@lru_cache(maxsize=EXPRESSIONS)
def _structure(
    inputs: RiskInputs,
    by_visitor: ibis.Table,
    weights: ibis.Table,
    multipliers: ibis.Table,
    settings: Risk,
) -> ibis.Table:
    profile = inputs.client_profile.select("client_id", "segment", "people", "active_visitors")
    rows = profile
    for more in (
        _engagement_value(inputs, profile, weights, multipliers),
        _spread(by_visitor),
        _since(inputs, profile, by_visitor),
        _first_seen(inputs),
        champion_departed(inputs, by_visitor, settings),
    ):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    told = rows.active_visitors.notnull()
    return _with_flags(
        rows.mutate(
            **{
                name: ibis.ifelse(told, rows[name], None)
                for name in ("gini", "gini_corrected", "top2_share")
            },
            diversity=(rows.active_visitors / rows.people.nullif(0)).clip(upper=1.0),
            engagement_value=rows.engagement_value.fill_null(0.0),
            champion_departed=rows.champion_departed.fill_null(False),
        ),
        settings,
    )


def _event_weights(engine: Computes, settings: Risk) -> ibis.Table:
    """What a click on a feature counts, by the feature's place among the most used."""
    return engine.arrow(
        "event_weights",
        pa.table(
            {
                "place": pa.array(range(len(settings.event_weights)), pa.int64()),
                "event_weight": pa.array(settings.event_weights, pa.float64()),
            }
        ),
        ibis.schema({"place": "int64", "event_weight": "float64"}),
    )


def _multipliers(engine: Computes, settings: Risk) -> ibis.Table:
    """What a segment, in lower case, multiplies its clients' value with."""
    return engine.arrow(
        "segment_multipliers",
        pa.table(
            {
                "key": pa.array([n.strip().lower() for n in settings.multipliers], pa.string()),
                "multiplier": pa.array(settings.multipliers.values(), pa.float64()),
            }
        ),
        ibis.schema({"key": "string", "multiplier": "float64"}),
    )


def _engagement_value(
    inputs: RiskInputs, profile: ibis.Table, weights: ibis.Table, multipliers: ibis.Table
) -> ibis.Table:
    """Clicks on the month's most used features, by the weight of the feature and the segment."""
    used = inputs.client_feature_month
    clicks = used.filter((used.measure == "clicks") & (used.months_ago == 0))
    by_feature = clicks.group_by("feature").aggregate(clicks=exact_sum(clicks.value))
    place = ibis.row_number().over(
        ibis.window(order_by=[ibis.desc(by_feature.clicks), by_feature.feature])
    )
    top = by_feature.mutate(place=place.cast("int64")).inner_join(weights, "place")
    top = top.select("feature", "place", "event_weight")
    weighed = clicks.inner_join(top, "feature")
    weighed = weighed.mutate(value=weighed.value * weighed.event_weight)
    sums = weighed.group_by("client_id").aggregate(
        value=summed_in_order(weighed.value, [weighed.place])
    )
    clients = profile.select("client_id", key=trimmed(profile.segment.lower()))
    clients = clients.left_join(multipliers, "key").drop("key_right")
    clients = clients.left_join(sums, "client_id").drop("client_id_right")
    return clients.select(
        "client_id",
        engagement_value=clients.multiplier.fill_null(1.0) * clients.value.fill_null(0.0),
    )


def _spread(by_visitor: ibis.Table) -> ibis.Table:
    """How the engagement of the month is spread over a client's visitors."""
    now = by_visitor.filter((by_visitor.months_ago == 0) & by_visitor.visitor_id.notnull())
    people = now.group_by("client_id", "visitor_id").aggregate(x=exact_sum(now.engagement))
    client = ibis.window(group_by="client_id", order_by=["x", "visitor_id"])
    place = ibis.row_number().over(client)
    from_above = ibis.row_number().over(
        ibis.window(group_by="client_id", order_by=[ibis.desc("x"), "visitor_id"])
    )
    people = people.mutate(ranked=(place + 1) * people.x, from_above=from_above)
    told = people.group_by("client_id").aggregate(
        n=people.count(),
        ranked=people.ranked.sum(),
        total=people.x.sum(),
        top2=people.x.sum(where=people.from_above < 2),
    )
    gini = 2 * told.ranked / (told.n * told.total) - (told.n + 1) / told.n
    told = told.mutate(gini=ibis.ifelse(told.n >= 2, gini, None).clip(0.0, 1.0))
    return told.select(
        "client_id",
        gini=told.gini,
        gini_corrected=(told.gini * told.n / (told.n - 1).nullif(0)).clip(0.0, 1.0),
        top2_share=told.top2 / told.total,
    )


def _since(inputs: RiskInputs, profile: ibis.Table, by_visitor: ibis.Table) -> ibis.Table:
    """Days since the last activity: since its day, where the exports date it.

    Without, 0 for an active month and of silent months the days that they have, at least 31.
    """
    now = by_visitor.filter(by_visitor.months_ago == 0).select("client_id").distinct()
    now = now.mutate(active_ago=ibis.literal(0, "int64"))
    before = inputs.client_area_month
    before = before.filter((before.audience == "all") & (before.months_ago > 0))
    before = before.select("client_id", active_ago="months_ago").distinct()
    seen = now.union(before)
    last = seen.group_by("client_id").aggregate(active_ago=seen.active_ago.min())
    starts = inputs.accounts.filter(inputs.accounts.months_ago == 0)
    starts = starts.select("client_id", "contract_start")
    rows = profile.select("client_id")
    for more in (last, starts):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    dated = inputs.visitor_activity.rename(active_ago="months_ago")
    dated = dated.group_by("client_id", "active_ago").aggregate(
        last_active_day=dated.last_active_day.max()
    )
    rows = rows.left_join(dated, ["client_id", "active_ago"])
    rows = rows.drop("client_id_right", "active_ago_right").cross_join(inputs.at)
    silent = rows.active_ago.fill_null(WALKED_MONTHS)
    # The first day after the last active month, counted from the first of this one.
    first = rows["last"].truncate("M")
    since = ibis.cases(
        *(
            (silent == ago, (first - ibis.interval(months=ago - 1)).cast("date"))
            for ago in range(1, WALKED_MONTHS + 1)
        )
    )
    last_day = rows["last"].epoch_days()
    months = ibis.greatest(last_day - since.epoch_days() + 1, _WHOLE_MONTH_DAYS)
    undated = ibis.ifelse(silent == 0, 0, months)
    days = (last_day - rows.last_active_day.epoch_days()).coalesce(undated)
    # A client is not silent for longer than it has been one.
    age = (last_day - rows.contract_start.epoch_days()).clip(lower=0)
    days = ibis.ifelse(age.notnull(), ibis.least(days, age), days)
    return rows.select("client_id", days_since_last_activity=days.cast("int64"))


def _first_seen(inputs: RiskInputs) -> ibis.Table:
    """Quarter of the contract's start, else of the first month that lists the client."""
    listed = inputs.client_month.filter(inputs.client_month.audience == "all")
    first = listed.group_by("client_id").aggregate(ago=listed.months_ago.max())
    first = first.cross_join(inputs.at)
    month = ibis.cases(
        *(
            (first.ago == ago, first["last"].truncate("M") - ibis.interval(months=ago))
            for ago in range(WALKED_MONTHS + 1)
        )
    ).cast("date")
    first = first.select("client_id", first_month=month)
    starts = inputs.accounts.filter(inputs.accounts.months_ago == 0)
    starts = starts.select("client_id", "contract_start")
    both = first.outer_join(starts, "client_id")
    client = both.client_id.coalesce(both.client_id_right)
    day = both.contract_start.coalesce(both.first_month)
    quarter = day.year().cast("string") + "-Q" + day.quarter().cast("string")
    return both.select(client_id=client, cohort=quarter)


def _with_flags(rows: ibis.Table, settings: Risk) -> ibis.Table:
    def beyond(name: str) -> ibis.Value:
        return rows[name].round(_DECIMALS)

    enough = (rows.people >= _LEAST_PEOPLE).fill_null(False)
    few = (beyond("top2_share") >= settings.single_threaded) | (rows.active_visitors == 1)
    rows = rows.mutate(
        concentrated=(beyond("gini") > settings.concentrated).fill_null(False),
        narrow=(beyond("diversity") < settings.narrow).fill_null(False),
        single_threaded=enough & few.fill_null(False),
        dormant=rows.days_since_last_activity > settings.dormant_days,
        worth=beyond("engagement_value"),
    )
    positive = rows.worth.nullif(0)
    high = rows.worth > positive.quantile(0.75).over(ibis.window())
    others = rows.count().over(ibis.window()) - 1
    percentile = 100 * ibis.rank().over(ibis.window(order_by=rows.worth)) / others.nullif(0)
    rows = rows.mutate(
        fragile=(high & (rows.concentrated | rows.single_threaded) & enough).fill_null(False),
        percentile=percentile,
        recency=(100 * (1 - rows.days_since_last_activity / _RECENCY_DAYS)).clip(0.0, 100.0),
    )
    parts = [rows.percentile, 100 * rows.diversity, 100 * (1 - rows.gini), rows.recency]
    total = sum(part.fill_null(0.0) for part in parts[1:]) + parts[0].fill_null(0.0)
    known = sum(part.notnull().cast("int64") for part in parts[1:]) + parts[0].notnull().cast(
        "int64"
    )
    return rows.mutate(structural_health=total / known)
