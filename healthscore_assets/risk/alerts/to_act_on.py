"""Of all alerts those that somebody is to act on."""

from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import listed_in_order
from healthscore_assets.risk.alerts.states import rank_of


@lru_cache(maxsize=EXPRESSIONS)
def to_act_on(states: ibis.Table, facts: ibis.Table) -> ibis.Table:
    """The strongest alerts of each client; the others are told with the first of them.

    Parameters: ``states`` are `alert_states` of the month, ``facts`` as `rule_facts` gives.
    Grain: client x rule. One that closed is told in the month in which it did, if it was before.
    """
    rows = states.left_join(facts.select("rule", "place", "title"), "rule").drop("rule_right")
    rows = rows.mutate(rank=rank_of(rows.tier), is_open=rows.status == "open")
    order = [ibis.desc("rank"), "place", "rule"]
    folded = rows.filter(rows.folded & rows.is_open)
    also = folded.group_by("client_id").aggregate(
        also=ibis.literal(", ").join(
            listed_in_order(
                folded.title.coalesce(folded.rule), [-folded["rank"], folded.place, folded.rule]
            )
        )
    )
    shown = rows.filter(~rows.folded)
    first = ibis.window(group_by=["client_id", "is_open"], order_by=order)
    shown = shown.mutate(before=ibis.row_number().over(first))
    shown = shown.left_join(also, "client_id").drop("client_id_right")
    with_others = (shown.evidence + ibis.literal(". Also: ") + shown.also).coalesce(shown.evidence)
    evidence = ibis.ifelse(shown.is_open & (shown.before == 0), with_others, shown.evidence)
    return shown.mutate(evidence=evidence)
