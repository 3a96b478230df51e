"""The components of the dimension sentiment: what clients say (SCORING.md section 5)."""

import ibis

from healthscore_assets.lake.expressions import summed_in_order
from healthscore_assets.scoring.health.inputs import HealthInputs, newest

_NPS_DAYS = 180
_RECENT_DAYS = 90
_PROMOTER, _DETRACTOR = 9, 6

NEGATIVE = -0.05
"""Sentiment at or below which words are negative, as the authors of VADER have it."""


def sentiment_values(
    inputs: HealthInputs, profile: ibis.Table, half_life_days: float
) -> ibis.Table:
    """NPS from -100 to 100, CSAT from 1 to 5 and support health from 0 to 100. Grain: client.

    Answers and sentiment lose half their weight in ``half_life_days``. Null without an answer or a
    ticket.
    """
    surveys = newest(inputs.surveys, ["answer_id", "kind"]).cross_join(inputs.at)
    surveys = surveys.mutate(age=surveys["last"].epoch_days() - surveys.date.epoch_days())
    tickets = newest(inputs.support_tickets, ["ticket_id"]).cross_join(inputs.at)
    if "surveys" not in inputs.delivered:
        surveys = surveys.filter(ibis.literal(False))
    if "support_tickets" not in inputs.delivered:
        tickets = tickets.filter(ibis.literal(False))
    rows = profile.select("client_id")
    for more in (
        _nps(surveys, half_life_days),
        _csat(surveys, tickets, half_life_days),
        _support(tickets, half_life_days),
    ):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    return rows.select("client_id", "nps", "csat", "support_health")


def _nps(surveys: ibis.Table, half_life_days: float) -> ibis.Table:
    asked = surveys.filter((surveys.kind == "nps") & (surveys.age < _NPS_DAYS))
    sign = ibis.cases((asked.score >= _PROMOTER, 1.0), (asked.score <= _DETRACTOR, -1.0), else_=0.0)
    asked = asked.select("client_id", "age", "answer_id", value=sign)
    mean = _decayed_mean(asked, half_life_days, ["age", "answer_id"])
    return mean.select("client_id", nps=(100 * mean["mean"]).clip(-100.0, 100.0))


def _csat(surveys: ibis.Table, tickets: ibis.Table, half_life_days: float) -> ibis.Table:
    """Answers to surveys, and ratings of tickets when they were closed."""
    answers = surveys.filter(surveys.kind == "csat")
    answers = answers.select("client_id", "age", id="answer_id", value="score")
    day = tickets.closed.coalesce(tickets.created)
    rated = tickets.mutate(age=tickets["last"].epoch_days() - day.epoch_days())
    rated = rated.filter(rated.csat.notnull())
    rated = rated.select("client_id", "age", id="ticket_id", value="csat")
    both = answers.union(rated)
    mean = _decayed_mean(both.filter(both.age < _RECENT_DAYS), half_life_days, ["age", "id"])
    return mean.select("client_id", csat=mean["mean"].clip(1.0, 5.0))


def _support(tickets: ibis.Table, half_life_days: float) -> ibis.Table:
    """100 less 50 for all escalated and 50 for the worst words; without words 100 for escalated."""
    tickets = tickets.mutate(age=tickets["last"].epoch_days() - tickets.created.epoch_days())
    tickets = tickets.filter(tickets.age < _RECENT_DAYS)
    escalated = tickets.group_by("client_id").aggregate(
        escalated=tickets.escalated.fill_null(False).cast("float64").mean()
    )
    read = tickets.filter(tickets.sentiment.notnull())
    read = read.select("client_id", "age", "ticket_id", value="sentiment")
    words = _decayed_mean(read, half_life_days, ["age", "ticket_id"])
    rows = escalated.left_join(words, "client_id").drop("client_id_right")
    good = ((rows["mean"] + 1) / 2).clip(0.0, 1.0)
    without_words = 100 - 100 * rows.escalated
    return rows.select(
        "client_id",
        support_health=(100 - 50 * rows.escalated - 50 * (1 - good)).coalesce(without_words),
    )


def _decayed_mean(rows: ibis.Table, half_life_days: float, order: list[str]) -> ibis.Table:
    """Mean of ``value``, younger rows counting more. Grain: client.

    Summed in one order, so that the last bits are the same in every run.
    """
    weight = ibis.literal(0.5) ** (rows.age / half_life_days)
    rows = rows.mutate(weight=weight, weighted=weight * rows.value)
    by = [rows[name] for name in order]
    sums = rows.group_by("client_id").aggregate(
        weighted=summed_in_order(rows.weighted, by),
        weight=summed_in_order(rows.weight, by),
    )
    return sums.select("client_id", mean=sums.weighted / sums.weight)
