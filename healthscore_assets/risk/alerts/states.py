"""Alerts from month to month: opened, escalated, held, resolved (a state machine on data alone)."""

from functools import lru_cache
from typing import Any

import ibis
import pyarrow as pa

from healthscore_assets.contracts.alerts import ALERT_STATES, TIERS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.risk.alerts.answers import Answers, answer_column
from healthscore_assets.risk.alerts.rules import AlertRules, Rule
from healthscore_assets.risk.roles import OF_THE_ACCOUNT

REMEMBERED_MONTHS = 6
"""How far back the newest month with alerts may be; after a longer gap all open anew."""

_RULE_SCHEMA = ibis.schema(
    {
        "rule": "string",
        "place": "int64",
        "title": "string",
        "role": "string",
        "person": "string",
        "of_account": "boolean",
        **{f"due_days_{tier}": "int64" for tier in TIERS},
        **{f"playbook_{tier}": "string" for tier in TIERS},
    }
)


def alert_states(
    engine: Computes,
    before: ibis.Table,
    said: Answers,
    signals: ibis.Table,
    rules: AlertRules,
    at: ibis.Table,
) -> ibis.Table:
    """Every alert that is open in the month, or that closes in it. Grain: client x rule.

    Parameters: ``before`` are `alert_states` of earlier months, of which the newest counts;
    ``signals`` are `client_signals` of the month; ``at`` is `month_at_hand`.
    An alert resolves once its condition has been clear for ``clear_months``. One that cannot be
    told neither holds nor clears, but resolves after ``unknown_months``: a feed may have ended. A
    client that is no longer compared has left the base.
    """
    facts = rule_facts(engine, rules)
    stepped = engine.keep("alert_steps", _stepped(before, said, rules.rules))
    patience = (rules.clear_months, rules.unknown_months)
    return _states(stepped, signals, facts, at, patience, rules.max_alerts)


def rule_facts(engine: Computes, rules: AlertRules) -> ibis.Table:
    """What of the rules is joined to alerts. Grain: rule."""
    owners = dict(rules.owners)
    rows = [
        {
            "rule": rule.name,
            "place": place,
            "title": rule.title,
            "role": rule.role.replace("_", " "),
            "person": owners.get(rule.role),
            "of_account": rule.role in OF_THE_ACCOUNT,
            **_by_tier(rule),
        }
        for place, rule in enumerate(rules.rules)
    ]
    table = pa.Table.from_pylist(rows, schema=_RULE_SCHEMA.to_pyarrow())
    return engine.arrow("alert_rules", table, _RULE_SCHEMA)


def _by_tier(rule: Rule) -> dict[str, Any]:
    levels = {level.tier: level for level in rule.levels}
    return {
        f"{name}_{tier}": getattr(levels.get(tier), name, None)
        for name in ("due_days", "playbook")
        for tier in TIERS
    }


@lru_cache(maxsize=EXPRESSIONS)
def _stepped(before: ibis.Table, said: Answers, rules: tuple[Rule, ...]) -> ibis.Table:
    """What was open beside what holds. Grain: client x rule.

    ``answer`` is as in `Answers`; of a rule that there is no more it is 0.
    """
    newest = before.aggregate(newest=before.months_ago.min())
    was = before.inner_join(newest, before.months_ago == newest.newest)
    was = was.filter(was.status == "open").drop("months_ago", "newest", "change", "status")
    of_clients = said.of_clients
    answered = was.select("client_id", "rule").left_join(
        of_clients.mutate(in_base=ibis.literal(True)), "client_id"
    )
    by_rule = [
        (answered.rule == rule.name, answered[answer_column(at)]) for at, rule in enumerate(rules)
    ]
    answer = ibis.cases(*by_rule, else_=ibis.literal(0, "int64")) if by_rule else ibis.literal(0)
    answered = answered.select(
        "client_id", "rule", in_base=answered.in_base.fill_null(False), answer=answer.cast("int64")
    )
    was = was.inner_join(answered, ["client_id", "rule"])
    was = was.rename({f"was_{name}": name for name in was.columns})
    hits = said.hits
    rows = hits.outer_join(was, [hits.client_id == was.was_client_id, hits.rule == was.was_rule])
    return rows.mutate(
        client_id=rows.client_id.coalesce(rows.was_client_id),
        rule=rows.rule.coalesce(rows.was_rule),
    ).drop("was_client_id", "was_rule")


@lru_cache(maxsize=EXPRESSIONS)
def _states(
    stepped: ibis.Table,
    signals: ibis.Table,
    facts: ibis.Table,
    at: ibis.Table,
    patience: tuple[int, int],
    max_alerts: int,
) -> ibis.Table:
    rows = stepped.left_join(facts, "rule").drop("rule_right")
    people = signals.select("client_id", "account_owner")
    rows = rows.left_join(people, "client_id").drop("client_id_right").cross_join(at)
    rows = rows.mutate(
        was=rank_of(rows.was_tier),
        was_highest=rank_of(rows.was_highest_tier),
        holds=rows["rank"].notnull(),
        is_new=rows.was_alert_id.isnull(),
        gone=~rows.was_in_base.fill_null(True),
        is_clear=(rows.was_answer == 0).fill_null(False),
        is_unknown=rows.was_answer.isnull(),
        no_rule=rows.place.isnull(),
        month=rows["last"].strftime("%Y-%m"),
    )
    clear = ibis.ifelse(rows.holds, 0, rows.was_clear_months + rows.is_clear.cast("int64"))
    unknown = ibis.ifelse(rows.is_unknown, rows.was_unknown_months + 1, 0)
    rows = rows.mutate(
        clear=clear.fill_null(0),
        unknown=unknown.fill_null(0),
        now=rows["rank"].coalesce(rows.was),
        highest=ibis.greatest(rows["rank"], rows.was_highest),
    )
    clear_months, unknown_months = patience
    is_over = ~rows.holds & (rows.unknown > unknown_months)
    rows = rows.mutate(
        change=ibis.cases(
            (rows.is_new, "opened"),
            (rows.gone, "left_base"),
            (rows.no_rule | is_over, "ended"),
            (~rows.holds & (rows.clear >= clear_months), "resolved"),
            (~rows.holds, "held"),
            (rows.now > rows.was, "escalated"),
            (rows.now < rows.was, "eased"),
            else_="updated",
        ),
    )
    rows = rows.mutate(
        status=ibis.cases(
            (rows.change == "left_base", "left_base"),
            (rows.change.isin(["resolved", "ended"]), "resolved"),
            else_="open",
        ),
        due_date=_due_date(rows),
        owner=_owner(rows),
    )
    order = [ibis.desc("now"), "place", "rule"]
    strength = ibis.window(group_by=["client_id", "status"], order_by=order)
    rows = rows.mutate(before=ibis.row_number().over(strength))
    opened = rows.was_opened_month.coalesce(rows.month)
    rows = rows.mutate(
        alert_id=rows.was_alert_id.coalesce(_alert_id(rows, opened)),
        tier=_tier(rows.now),
        opened_month=opened,
        evidence=rows.evidence.coalesce(rows.was_evidence),
        playbook=_of_tier(rows, "playbook").coalesce(rows.was_playbook),
        highest_tier=_tier(rows.highest),
        clear_months=rows.clear,
        unknown_months=rows.unknown,
        folded=ibis.ifelse(rows.status == "open", rows.before >= max_alerts, rows.was_folded),
    )
    return rows.select(*schema_of(ALERT_STATES))


def _alert_id(rows: ibis.Table, opened: ibis.Value) -> ibis.Value:
    """Sixteen digits of a hash, the same whenever the month is made again."""
    told = rows.rule + ibis.literal("\n") + rows.client_id + ibis.literal("\n") + opened
    return told.hexdigest("md5").substr(0, 16)


def _due_date(rows: ibis.Table) -> ibis.Value:
    """Days from the end of the month in which it opened, or sooner since it became stronger."""
    days = _of_tier(rows, "due_days")
    anew = rows.is_new | (rows.now > rows.was_highest)
    due = (rows["last"].cast("timestamp") + days.fill_null(0).as_interval("D")).cast("date")
    return ibis.ifelse(anew, ibis.least(due, rows.was_due_date.coalesce(due)), rows.was_due_date)


def _of_tier(rows: ibis.Table, name: str) -> ibis.Value:
    """What the rule says for the tier that the alert has."""
    return ibis.cases(*((rows.now == rank, rows[f"{name}_{tier}"]) for rank, tier in _RANKS))


def _owner(rows: ibis.Table) -> ibis.Value:
    """A person, else the role; as it was, where the rule or the client is there no more."""
    of_account = ibis.ifelse(rows.of_account, rows.account_owner, None)
    as_it_was = ibis.ifelse(rows.gone, rows.was_owner, None)
    return as_it_was.coalesce(of_account, rows.person, rows.role, rows.was_owner)


_RANKS = tuple(enumerate(TIERS, start=1))


def rank_of(tier: ibis.Value) -> ibis.Value:
    """1 for low, 2 for medium, 3 for high."""
    return ibis.cases(*((tier == name, rank) for rank, name in _RANKS))


def _tier(rank: ibis.Value) -> ibis.Value:
    return ibis.cases(*((rank == number, name) for number, name in _RANKS))
