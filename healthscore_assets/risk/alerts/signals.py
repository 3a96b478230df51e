"""What feeds and features tell of a client, month by month, for rules to ask about."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import trimmed
from healthscore_assets.scoring.health.inputs import newest, of_month
from healthscore_assets.scoring.health.money import overdue
from healthscore_assets.scoring.health.sentiment import NEGATIVE

BEFORE_MONTHS = 3
"""Months that a month is held against."""

TRIED_MONTHS = BEFORE_MONTHS + 1
"""Months back in which a feature counts as used before: three before the one it was tried in."""

_RECENT_DAYS = 30


@dataclass(frozen=True)
class SignalInputs:
    """Tables of the month at hand and of those before it, told apart by ``months_ago``.

    ``client_feature_month`` and ``client_scores`` of `TRIED_MONTHS`, tickets and touchpoints of
    `BEFORE_MONTHS`, invoices as far back as one may be owed; ``client_profile`` and ``accounts`` of
    the month. ``delivered`` are the months, as months ago, that each feed tells of; ``at`` is
    `month_at_hand`.
    """

    client_profile: ibis.Table
    client_scores: ibis.Table
    client_feature_month: ibis.Table
    accounts: ibis.Table
    support_tickets: ibis.Table
    invoices: ibis.Table
    touchpoints: ibis.Table
    at: ibis.Table
    delivered: tuple[tuple[str, frozenset[int]], ...]

    def tells(self, feed: str, months: range) -> bool:
        """Whether a feed tells of all these months, counted back."""
        return {*months} <= dict(self.delivered)[feed]


def delivered_months(present: Mapping[str, list[int]]) -> tuple[tuple[str, frozenset[int]], ...]:
    """The months of each feed, so that an expression over them is known again."""
    return tuple(sorted((feed, frozenset(months)) for feed, months in present.items()))


@lru_cache(maxsize=EXPRESSIONS)
def client_signals(inputs: SignalInputs, measure: str) -> ibis.Table:
    """Tickets, touchpoints, invoices, features tried, renewal and owner. Grain: client."""
    rows = of_month(inputs.client_profile).select("client_id", "renewal_date")
    for more in (
        _owners(inputs),
        _tickets(inputs),
        _touchpoints(inputs),
        _invoices(inputs),
        _features(inputs, measure),
    ):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    rows = rows.cross_join(inputs.at)
    now, before = range(1), range(1, BEFORE_MONTHS + 1)

    def counted(name: str, feed: str, months: range) -> ibis.Value:
        none = ibis.null("int64")
        return rows[name].fill_null(0) if inputs.tells(feed, months) else none

    tickets_before = counted("tickets_before", "support_tickets", before)
    return rows.select(
        "client_id",
        account_owner=rows.account_owner,
        days_to_renewal=rows.renewal_date.epoch_days() - rows["last"].epoch_days(),
        tickets=counted("tickets", "support_tickets", now),
        tickets_avg_3m=tickets_before.cast("float64") / BEFORE_MONTHS,
        negative_tickets=counted("negative_tickets", "support_tickets", now),
        touchpoints=counted("touchpoints", "touchpoints", now),
        touchpoint_months=counted("touchpoint_months", "touchpoints", before),
        overdue_invoices=counted("overdue_invoices", "invoices", now),
        days_overdue=rows.days_overdue,
        features_tried=rows.features_tried,
        features_kept=rows.features_kept,
    )


def _owners(inputs: SignalInputs) -> ibis.Table:
    register = of_month(inputs.accounts)
    name, email = (_told(register[column]) for column in ("owner", "owner_email"))
    return register.select("client_id", account_owner=name.coalesce(email))


def _told(text: ibis.Value) -> ibis.Value:
    return trimmed(text).nullif("")


def _months_ago(day: ibis.Value, last: ibis.Value) -> ibis.Value:
    """In which month a day is, counted back from the month at hand."""
    return (last.year() - day.year()) * 12 + (last.month() - day.month())


def _tickets(inputs: SignalInputs) -> ibis.Table:
    rows = newest(inputs.support_tickets, ["ticket_id"]).cross_join(inputs.at)
    rows = rows.mutate(
        ago=_months_ago(rows.created, rows["last"]),
        age=rows["last"].epoch_days() - rows.created.epoch_days(),
    )
    negative = (rows.sentiment <= NEGATIVE).fill_null(False)
    return rows.group_by("client_id").aggregate(
        tickets=rows.count(where=rows.ago == 0),
        tickets_before=rows.count(where=(rows.ago >= 1) & (rows.ago <= BEFORE_MONTHS)),
        negative_tickets=rows.count(where=negative & (rows.age < _RECENT_DAYS)),
    )


def _touchpoints(inputs: SignalInputs) -> ibis.Table:
    rows = newest(inputs.touchpoints, ["touchpoint_id"]).cross_join(inputs.at)
    rows = rows.mutate(ago=_months_ago(rows.date, rows["last"]))
    before = (rows.ago >= 1) & (rows.ago <= BEFORE_MONTHS)
    return rows.group_by("client_id").aggregate(
        touchpoints=rows.count(where=rows.ago == 0),
        touchpoint_months=rows.ago.nunique(where=before),
    )


def _invoices(inputs: SignalInputs) -> ibis.Table:
    rows = newest(inputs.invoices, ["invoice_id"]).cross_join(inputs.at)
    rows = rows.filter(overdue(rows, rows["last"]))
    return rows.group_by("client_id").aggregate(
        overdue_invoices=rows.count(),
        days_overdue=(rows["last"].epoch_days() - rows.due.epoch_days()).max(),
    )


def _features(inputs: SignalInputs, measure: str) -> ibis.Table:
    """Features of the month before that were not used in the three before it.

    Nothing is told unless these four months are there, and whole: features would seem to be new.
    """
    scores = inputs.client_scores
    whole = scores.filter(~scores.partial & (scores.months_ago >= 1)).aggregate(
        whole=scores.months_ago.nunique()
    )
    used = inputs.client_feature_month
    used = used.filter((used.measure == measure) & (used.months_ago <= TRIED_MONTHS))
    ago = used.months_ago
    of_feature = used.group_by("client_id", "feature").aggregate(
        now=(ago == 0).any(), lately=(ago == 1).any(), before=(ago > 1).any()
    )
    tried = of_feature.lately & ~of_feature.before
    told = of_feature.group_by("client_id").aggregate(
        tried=of_feature.count(where=tried),
        kept=of_feature.count(where=tried & of_feature.now),
        before=of_feature.before.any(),
    )
    told = told.cross_join(whole)
    is_told = told.before & (told.whole == TRIED_MONTHS)
    return told.select(
        "client_id",
        features_tried=ibis.ifelse(is_told, told.tried, None),
        features_kept=ibis.ifelse(is_told, told.kept, None),
    )
