"""Whether the person whom a client's usage hung on has gone (SCORING.md section 6)."""

import ibis

from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lookups.health_settings import Risk
from healthscore_assets.risk.inputs import CHAMPION_MONTHS, RiskInputs

_LEAST_VISITORS = 3
_DECIMALS = 9


def champion_departed(inputs: RiskInputs, by_visitor: ibis.Table, settings: Risk) -> ibis.Table:
    """Clients whose leading visitor has no usage any more, or whose champion is said to have left.

    Grain: client; those not named have lost nobody.
    """
    silent = _leaders_gone(inputs, by_visitor, settings)
    left = _said_to_have_left(inputs.stakeholders)
    return silent.union(left, distinct=True).mutate(champion_departed=True)


def _leaders_gone(inputs: RiskInputs, by_visitor: ibis.Table, settings: Risk) -> ibis.Table:
    """The external visitor with the most usage in the months before has none in this."""
    before = by_visitor.filter(
        (by_visitor.months_ago > 0) & (by_visitor.months_ago <= CHAMPION_MONTHS)
    )
    external = before.filter(before.audience == "external")
    total = external.group_by("client_id").aggregate(total=exact_sum(external.engagement))
    named = external.filter(external.visitor_id.notnull())
    people = named.group_by("client_id", "visitor_id").aggregate(x=exact_sum(named.engagement))
    order = ibis.window(group_by="client_id", order_by=[ibis.desc("x"), "visitor_id"])
    people = people.mutate(
        place=ibis.row_number().over(order),
        active=people.count().over(ibis.window(group_by="client_id")),
    )
    leaders = people.filter((people.place == 0) & (people.active >= _LEAST_VISITORS))
    leaders = leaders.inner_join(total, "client_id")
    share = (leaders.x / leaders.total).round(_DECIMALS)
    leaders = leaders.filter(share >= settings.champion_share)
    recent = by_visitor.filter(by_visitor.months_ago <= 1).select("client_id").distinct()
    now = by_visitor.filter((by_visitor.months_ago == 0) & by_visitor.visitor_id.notnull())
    now = now.select("client_id", "visitor_id").distinct()
    told = inputs.client_profile
    told = told.filter(told.active_visitors.notnull()).select("client_id")
    gone = leaders.anti_join(now, ["client_id", "visitor_id"])
    gone = gone.semi_join(recent, "client_id").semi_join(told, "client_id")
    return gone.select("client_id")


def _said_to_have_left(stakeholders: ibis.Table) -> ibis.Table:
    """Persons who left in the month and were a champion, by this row or the latest that says."""
    rows = stakeholders.mutate(role=stakeholders.role.nullif(""))
    left = rows.filter((rows.months_ago == 0) & (rows.status == "left"))
    left = left.select("client_id", "person", "role", left_on="date")
    roles = rows.filter(rows.role.notnull())
    roles = roles.select("client_id", "person", role_before="role", told_on="date")
    known = left.left_join(roles, ["client_id", "person"])
    known = known.filter((known.told_on < known.left_on) | known.told_on.isnull())
    latest = ibis.window(group_by=["client_id", "person", "left_on"], order_by=ibis.desc("told_on"))
    known = known.mutate(place=ibis.row_number().over(latest))
    before = known.filter(known.place == 0)
    before = before.select("client_id", "person", "left_on", "role_before")
    told = left.left_join(before, ["client_id", "person", "left_on"])
    role = told.role.coalesce(told.role_before).lower()
    gone = told.filter(role.contains("champion").fill_null(False))
    return gone.select("client_id").distinct()
