"""The components of the dimension engagement: what is done with a client (SCORING.md section 5)."""

import ibis

from healthscore_assets.scoring.health.inputs import HealthInputs, newest

_COMMUNITY_DAYS = 90
_EXECUTIVE_DAYS = (90, 180)
_REFERENCES = ("reference", "casestudy", "review")
"""What a client does for the vendor's name."""


def relation_values(inputs: HealthInputs, profile: ibis.Table) -> ibis.Table:
    """Touchpoints, executives, training, community and advocacy. Grain: client.

    All are null where no touchpoints were delivered; else counts and flags are 0 without rows.
    """
    rows = newest(inputs.touchpoints, ["touchpoint_id"]).cross_join(inputs.at)
    age = rows["last"].epoch_days() - rows.date.epoch_days()
    in_a_year = rows.date > rows.a_year_ago
    kind = rows.kind.lower().re_replace(r"[\s_-]+", "")
    told = rows.group_by("client_id").aggregate(
        meaningful=rows.count(where=rows.meaningful.fill_null(False) & (age < rows.days)),
        executive_ago=age.min(where=rows.executive.fill_null(False)),
        trained=rows.training.sum(where=in_a_year),
        community=rows.community.sum(where=age < _COMMUNITY_DAYS),
        references=rows.count(where=in_a_year & kind.isin(_REFERENCES)),
    )
    clients = profile.select("client_id", "active_visitors")
    rows = clients.left_join(told, "client_id").drop("client_id_right")
    lately, before = _EXECUTIVE_DAYS
    involved = ibis.cases(
        (rows.executive_ago < lately, 1.0), (rows.executive_ago < before, 0.5), else_=0.0
    )
    trained = rows.trained.fill_null(0) / rows.active_visitors.nullif(0)
    values = {
        "touchpoint_quality": rows.meaningful.fill_null(0).cast("float64"),
        "executive_involvement": involved,
        "training": trained.clip(upper=1.0),
        "community": rows.community.fill_null(0).cast("float64"),
        "advocacy": (rows.references.fill_null(0) > 0).cast("float64"),
    }
    if "touchpoints" not in inputs.delivered:
        values = {name: ibis.null("float64") for name in values}
    return rows.select("client_id", **values)
