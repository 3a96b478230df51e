"""Who a client is in a month: segment, stage of its contract, people (SCORING.md section 5)."""

from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lookups.health_settings import HealthSettings
from healthscore_assets.scoring.health.inputs import KNOWN_MONTHS, HealthInputs, of_month


@lru_cache(maxsize=EXPRESSIONS)
def client_profile(inputs: HealthInputs, settings: HealthSettings) -> ibis.Table:
    """Segment, stage, contract, seats and visitors of every client of the base. Grain: client.

    ``people`` is what active visitors are held against: the seats, else the visitors listed in the
    last six months; null where there are none of either.
    """
    base = of_month(inputs.index_scores).select("client_id")
    register = of_month(inputs.accounts).select(
        "client_id", "segment", "seats", "arr", "contract_start", "renewal_date"
    )
    before = inputs.accounts.filter(inputs.accounts.months_ago == 12)
    before = before.select("client_id", arr_a_year_ago="arr")
    listed = of_month(inputs.client_month)
    listed = listed.filter(listed.audience == "all")
    listed = listed.select("client_id", "unique_visitors", is_listed=ibis.literal(True))
    visitors = inputs.visitor_month.filter(
        (inputs.visitor_month.months_ago < KNOWN_MONTHS) & inputs.visitor_month.visitor_id.notnull()
    )
    known = visitors.group_by("client_id").aggregate(visitors_listed=visitors.visitor_id.nunique())
    rows = base
    for more in (register, before, listed, known):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    rows = rows.cross_join(inputs.at)
    seats = rows.seats.nullif(0)
    return rows.select(
        "client_id",
        segment=rows.segment,
        stage=_stage(rows, settings),
        contract_days=(rows["last"].epoch_days() - rows.contract_start.epoch_days()),
        renewal_date=rows.renewal_date,
        seats=seats,
        people=seats.coalesce(rows.visitors_listed),
        active_visitors=ibis.ifelse(rows.is_listed.notnull(), rows.unique_visitors, 0),
        arr=rows.arr,
        arr_a_year_ago=rows.arr_a_year_ago,
    )


def _stage(rows: ibis.Table, settings: HealthSettings) -> ibis.Value:
    """Where a client is in the life of its contract, the first that fits."""
    cycle = settings.lifecycle
    age = rows["last"].epoch_days() - rows.contract_start.epoch_days()
    left = rows.renewal_date.epoch_days() - rows["last"].epoch_days()
    return ibis.cases(
        (age < cycle.onboarding_days, "onboarding"),
        ((left >= 0) & (left <= cycle.renewal_days), "renewal"),
        (age < cycle.adoption_days, "adoption"),
        (age.notnull(), "mature"),
    )
