"""The scoring model of SCORING.md sections 5 and 6, written a second time as plainly as possible.

It shares no code with the product: tests compare the two. Readable first, fast second; every
number is a loop over clients in the words of SCORING.md.

    components(tables, features, "2024-03")      # values and scores, unsmoothed
    health(tables, features, "2024-03")          # health_scores and health_drivers
    structural_risk(tables, features, "2024-03")

    ref = Reference(tables, features, settings)  # the same for many months, each computed once
    ref.health("2024-03")

tables    table -> month -> frame, as docs/data-dictionary.md describes the lake's tables. A table
          that is not there for a month was not made. `tables` is not to change under a Reference.
features  feature_key, area, tier: see `feature_table`, which makes it of product_areas.csv.

Null is NaN for a number and None for the rest.
"""

from __future__ import annotations

import calendar
import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

Tables = Mapping[str, Mapping[str, pd.DataFrame]]
Row = dict[str, Any]

NULL = math.nan
UNMAPPED = "Unmapped"

COMPONENT_WEIGHTS: dict[str, dict[str, float]] = {
    "usage": {
        "active_users": 40,
        "feature_adoption": 30,
        "frequency": 20,
        "depth": 10,
        "engagement_index": 0,
        "session_minutes": 0,
        "stickiness": 0,
    },
    "engagement": {
        "touchpoint_quality": 35,
        "executive_involvement": 25,
        "training": 20,
        "community": 20,
    },
    "sentiment": {"nps": 40, "csat": 30, "support_health": 20, "advocacy": 10},
    "financial": {"arr_trend": 40, "payment": 30, "utilisation": 20, "expansion": 10},
}
SEGMENT_WEIGHTS: dict[str, dict[str, float]] = {
    "default": {"usage": 35, "engagement": 25, "sentiment": 25, "financial": 15},
    "Enterprise": {"usage": 30, "engagement": 30, "sentiment": 25, "financial": 15},
    "SMB": {"usage": 40, "engagement": 20, "sentiment": 25, "financial": 15},
}
DIMENSIONS = list(COMPONENT_WEIGHTS)
DIMENSION_OF = {name: d for d, weights in COMPONENT_WEIGHTS.items() for name in weights}
COMPONENTS = list(DIMENSION_OF)
LEADING = {c for c, d in DIMENSION_OF.items() if d in ("usage", "engagement")}
LEADING |= {"support_health", "utilisation"}

NO_USAGE_IS_ZERO = {"active_users", "feature_adoption", "frequency", "depth"}
"""Value and score 0 for a client of the base with no usage, whatever else is known"""
RAMPED = {"active_users", "feature_adoption", "frequency"}
"""Held against a growing target while onboarding"""
AGAINST_THE_BASE = {"frequency", "depth", "session_minutes"}
"""Target is the base's 75th percentile"""
BANDS = ("red", "yellow", "green")
"""From worse to better"""

COMPONENT_COLUMNS = ["client_id", "dimension", "component", "value", "score"]
HEALTH_SCORES = [
    *["client_id", "segment", "stage", *DIMENSIONS, "health", "band", "announced_band"],
    *["coverage", "leading_share", "leading_score", "velocity", "velocity_band"],
    *["total_all_smoothed", "reason"],
]
HEALTH_DRIVERS = [
    *[*COMPONENT_COLUMNS, "weight", "points", "points_change", "value_effect", "weight_effect"],
]
STRUCTURAL_RISK = [
    *["client_id", "engagement_value", "gini", "gini_corrected", "diversity", "top2_share"],
    *["days_since_last_activity", "cohort", "concentrated", "narrow", "single_threaded"],
    *["dormant", "fragile", "champion_departed", "structural_health"],
]

KEYS = {
    "support_tickets": ("ticket_id",),
    "surveys": ("answer_id", "kind"),
    "invoices": ("invoice_id",),
    "touchpoints": ("touchpoint_id",),
    "renewals": ("client_id", "date", "outcome"),
}
"""What makes two rows of a feed, in several months, the same thing"""
DATES = {
    *["date", "created", "closed", "due", "paid", "issued"],
    *["contract_start", "contract_end", "renewal_date", "snapshot_date"],
}


@dataclass
class Settings:
    """Every setting of sections 5 and 6, with its default."""

    measure: str = "clicks"
    segment_weights: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: {name: dict(w) for name, w in SEGMENT_WEIGHTS.items()}
    )
    """segment -> dimension -> weight; segments that are not named take `default`"""
    component_weights: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: {name: dict(w) for name, w in COMPONENT_WEIGHTS.items()}
    )
    """dimension -> component -> weight; a component that is not named has 0"""
    normalisers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """component -> (target | percentile | zscore | minmax, base | segment); default target"""
    targets: Mapping[str, float] = field(
        default_factory=lambda: {"touchpoint_quality": 2.0, "community": 3.0}
    )
    active_users: str = "monthly"
    """monthly, or daily: the share of people active on an average day"""
    frequency_benchmark: str | float = "p75"
    usage_smoothing: str = "blend"
    """none, mean3 or blend"""
    half_life: float = 45
    """Days in which an answer or a ticket's sentiment loses half its weight"""
    green: float = 80
    yellow: float = 60
    notice_months: int = 1
    sudden_drop: float = 20
    velocity_fast: float = 0.5
    velocity_slow: float = 0.2
    """Points a day"""
    least_coverage: float = 0.35
    event_weights: Sequence[float] = (1.0, 0.8, 0.6, 0.4, 0.2)
    """Of the month's top features, the first being the most used; as many as there are weights"""
    multipliers: Mapping[str, float] = field(
        default_factory=lambda: {"SMB": 1, "SME": 2, "GOV": 2, "Mid-Market": 5, "Enterprise": 8}
    )
    """segment -> multiplier of engagement_value; others 1"""
    concentrated_gini: float = 0.4
    narrow_diversity: float = 0.3
    single_threaded_share: float = 0.8
    least_known_visitors: int = 3
    dormant_days: int = 30
    champion_share: float = 0.3
    champion_visitors: int = 3


# --------------------------------------------------------------------------- months, days, names


def shift(month: str, by: int) -> str:
    """The calendar month `by` months later: shift('2014-01', -1) is '2013-12'."""
    year, number = map(int, month.split("-"))
    years, zero_based = divmod(year * 12 + number - 1 + by, 12)
    return f"{years:04d}-{zero_based + 1:02d}"


def window(month: str, months: int) -> list[str]:
    """The last `months` calendar months up to and with `month`, oldest first."""
    return [shift(month, -back) for back in range(months - 1, -1, -1)]


def end(month: str) -> date:
    """Last day of the month."""
    year, number = map(int, month.split("-"))
    return date(year, number, calendar.monthrange(year, number)[1])


def days_in(month: str) -> int:
    """28 to 31."""
    return end(month).day


def last_days(month: str, days: int) -> tuple[date, date]:
    """(after, until) of the last `days` days of a month: the first is not in it, the second is."""
    return end(month) - timedelta(days=days), end(month)


def last_12_months(month: str) -> tuple[date, date]:
    """(after, until) likewise."""
    return end(shift(month, -12)), end(month)


def within(day: date | None, span: tuple[date, date]) -> bool:
    """Whether the day is told, and in (after, until]."""
    return day is not None and span[0] < day <= span[1]


def feature_key(feature: str) -> str:
    """One text for every spelling of a feature (section 2): separators, case, repeated spaces."""
    spaced = " ".join(feature.split())
    return " ".join(re.sub(r" [|>/] |: ", " | ", spaced).split()).casefold()


def feature_table(product_areas: pd.DataFrame) -> pd.DataFrame:
    """`features` of the rows of product_areas.csv: feature, area[, tier]."""
    return pd.DataFrame(
        {
            "feature_key": [feature_key(feature) for feature in product_areas["feature"]],
            "area": product_areas["area"],
            "tier": product_areas.get("tier"),
        }
    )


def same_word(word: str | None) -> str | None:
    """A segment or a tier, for comparing: case and outer spaces do not matter."""
    return None if word is None else word.strip().casefold()


def near(value: float) -> float:
    """A number as it is held against a threshold or another one: to 9 decimals."""
    return round(value, 9)


# ------------------------------------------------------------------------------------ arithmetic


def known(value: float | None) -> bool:
    """Whether a number is there."""
    return value is not None and not math.isnan(value)


def ratio(part: float | None, whole: float | None) -> float:
    """part / whole; null where either is, or the whole is 0."""
    if part is None or whole is None or not known(part) or not known(whole) or whole == 0:
        return NULL
    return part / whole


def mean(values: Collection[float]) -> float:
    """Null of nothing."""
    return sum(values) / len(values) if values else NULL


def clip(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """Null stays null."""
    return min(high, max(low, value)) if known(value) else NULL


def percentile(values: Iterable[float], share: float) -> float:
    """With linear interpolation, over the values that are known; null of nothing."""
    there = [value for value in values if known(value)]
    return float(np.percentile(there, share)) if there else NULL


def weighted(pairs: Sequence[tuple[float, float]]) -> float:
    """Mean of (value, weight) pairs; null of nothing."""
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total > 0 else NULL


def gini(engagement: Iterable[float]) -> float:
    """Of the engagement of active visitors (section 6); null below two."""
    x = sorted(engagement)
    n, total = len(x), sum(x)
    if n < 2 or total == 0:
        return NULL
    return 2 * sum(i * x_i for i, x_i in enumerate(x, start=1)) / (n * total) - (n + 1) / n


def normalised(values: Mapping[str, float], kind: str) -> dict[str, float]:
    """Scores of a group of clients by percentile, zscore or minmax; null without spread."""
    group = {client: value for client, value in values.items() if known(value)}
    numbers = list(group.values())
    if len(numbers) < 2 or min(numbers) == max(numbers):
        return dict.fromkeys(values, NULL)
    scores = dict.fromkeys(values, NULL)
    for client, value in group.items():
        if kind == "percentile":
            below = sum(other < value for other in numbers)
            scores[client] = 100 * below / (len(numbers) - 1)
        elif kind == "zscore":
            z = (value - float(np.mean(numbers))) / float(np.std(numbers))
            scores[client] = 50 + 50 * clip(z, -3, 3) / 3
        elif kind == "minmax":
            low, high = percentile(numbers, 5), percentile(numbers, 95)
            scores[client] = NULL if low == high else 100 * clip((value - low) / (high - low))
        else:
            raise ValueError(f"normaliser {kind!r}")
    return scores


# ------------------------------------------------------------------------------------- the model


class Use(NamedTuple):
    """One row of cleaned_usage in the scoring measure."""

    visitor: str | None
    audience: str
    feature: str
    value: float


@dataclass
class Composite:
    """Health of a client in a month, from that month's smoothed scores."""

    values: dict[str, float]
    scores: dict[str, float]
    """In force: smoothed where the setting says so"""
    weights: dict[str, float]
    dimensions: dict[str, float]
    coverage: float
    health: float
    reason: str | None

    def points(self, component: str) -> float:
        """weight x score, 0 where missing."""
        weight = self.weights[component]
        return weight * self.scores[component] if weight > 0 else 0.0


class Reference:
    """Every table of sections 5 and 6, a month at a time; each month is computed once."""

    def __init__(
        self, tables: Tables, features: pd.DataFrame, settings: Settings | None = None
    ) -> None:
        self.tables = tables
        self.settings = settings or Settings()
        self.area: dict[str, str] = {}
        self.advanced: set[str] = set()
        for row in _records(features):
            key = feature_key(row["feature_key"])
            self.area[key] = row["area"]
            if same_word(row.get("tier")) == "advanced":
                self.advanced.add(key)
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._usage: dict[str, dict[str, list[Use]]] = {}
        self._known: dict[str, dict[str, dict[str, Row]]] = {}
        self._visitors: dict[str, dict[str, list[Row]]] = {}
        self._in_use: dict[str, set[str]] = {}
        self._feeds: dict[tuple[str, str], dict[str, list[Row]]] = {}
        self._components: dict[str, dict[str, dict[str, tuple[float, float]]]] = {}
        self._composites: dict[str, dict[str, Composite]] = {}

    # ------------------------------------------------------------------------- what is delivered

    def has(self, table: str, month: str) -> bool:
        """Whether the table was made for the month."""
        return month in self.tables.get(table, {})

    def rows(self, table: str, month: str) -> list[Row]:
        """Rows of a month, None for null and dates as dates; none where there is no table."""
        if (table, month) not in self._rows:
            frame = self.tables.get(table, {}).get(month)
            self._rows[table, month] = [] if frame is None else _records(frame)
        return self._rows[table, month]

    def by_client(self, table: str, month: str) -> dict[str, Row]:
        """client -> its row, of a table with one row per client."""
        by_client = self._known.setdefault(table, {})
        if month not in by_client:
            by_client[month] = {row["client_id"]: row for row in self.rows(table, month)}
        return by_client[month]

    def account(self, month: str, client: str) -> Row:
        """The client in the register of the month; empty where it is not."""
        return self.by_client("accounts", month).get(client, {})

    def feed(self, name: str, month: str, client: str) -> list[Row]:
        """Rows of the client: by key, the one of the latest month up to `month` counts."""
        if (name, month) not in self._feeds:
            latest: dict[tuple[Any, ...], Row] = {}
            for earlier in sorted(m for m in self.tables.get(name, {}) if m <= month):
                for row in self.rows(name, earlier):
                    latest[tuple(row[column] for column in KEYS[name])] = row
            clients: dict[str, list[Row]] = defaultdict(list)
            for row in latest.values():
                clients[row["client_id"]].append(row)
            self._feeds[name, month] = clients
        return self._feeds[name, month].get(client, [])

    # ------------------------------------------------------------------------- clients and usage

    def base(self, month: str) -> list[str]:
        """Clients with a row in index_scores."""
        return sorted(row["client_id"] for row in self.rows("index_scores", month))

    def segment(self, month: str, client: str) -> str | None:
        """As the register spells it."""
        return self.account(month, client).get("segment")

    def usage_by_client(self, month: str) -> dict[str, list[Use]]:
        """client -> rows of cleaned_usage in the scoring measure, mapped or not."""
        if month not in self._usage:
            clients: dict[str, list[Use]] = defaultdict(list)
            frame = self.tables.get("cleaned_usage", {}).get(month)
            if frame is not None:
                measured = frame[frame["measure"] == self.settings.measure]
                for row in measured.itertuples():
                    visitor = None if pd.isna(row.visitor_id) else row.visitor_id
                    use = Use(visitor, row.audience, row.feature, float(row.value))
                    clients[row.client_id].append(use)
            self._usage[month] = clients
        return self._usage[month]

    def usage(self, month: str, client: str) -> list[Use]:
        """Rows of one client; none: no usage."""
        return self.usage_by_client(month).get(client, [])

    def client_month(self, month: str, client: str) -> Row | None:
        """The client's row of audience `all`; None where no export lists it."""
        table = self._known.setdefault("client_month", {})
        if month not in table:
            rows = self.rows("client_month", month)
            table[month] = {row["client_id"]: row for row in rows if row["audience"] == "all"}
        return table[month].get(client)

    def active(self, month: str, client: str) -> float:
        """Active visitors; null where an export lists the client without visitors."""
        row = self.client_month(month, client)
        if row is None:
            return 0
        return NULL if row["unique_visitors"] is None else float(row["unique_visitors"])

    def visitor_months(self, month: str, client: str) -> list[Row]:
        """The client's rows of visitor_month."""
        if month not in self._visitors:
            clients: dict[str, list[Row]] = defaultdict(list)
            for row in self.rows("visitor_month", month):
                clients[row["client_id"]].append(row)
            self._visitors[month] = clients
        return self._visitors[month].get(client, [])

    def people(self, month: str, client: str) -> int:
        """D, known visitors: seats, else the visitors listed in the last 6 months."""
        seats = self.account(month, client).get("seats")
        if seats is not None and seats > 0:
            return int(seats)
        listed = (row for m in window(month, 6) for row in self.visitor_months(m, client))
        return len({row["visitor_id"] for row in listed if row["visitor_id"] is not None})

    def mapped(self, feature: str) -> bool:
        """Whether product_areas.csv gives the feature an area."""
        return self.area.get(feature_key(feature), UNMAPPED) != UNMAPPED

    def days_of_active_visitors(self, month: str, client: str) -> list[float]:
        """days_active, where told, of each visitor with usage in the month."""
        active = {use.visitor for use in self.usage(month, client)} - {None}
        return [
            row["days_active"]
            for row in self.visitor_months(month, client)
            if row["visitor_id"] in active and row["days_active"] is not None
        ]

    def stage(self, month: str, client: str) -> str | None:
        """Lifecycle: the first that matches."""
        account = self.account(month, client)
        age, renewal = self.age(month, client), account.get("renewal_date")
        if age is not None and age < 90:
            return "onboarding"
        if renewal is not None and 0 <= (renewal - end(month)).days <= 90:
            return "renewal"
        if age is None:
            return None
        return "adoption" if age < 365 else "mature"

    def age(self, month: str, client: str) -> int | None:
        """Days of contract at month end."""
        start = self.account(month, client).get("contract_start")
        return None if start is None else (end(month) - start).days

    def decay(self, month: str, day: date) -> float:
        """Weight of an observation of that day."""
        return float(0.5 ** ((end(month) - day).days / self.settings.half_life))

    # ------------------------------------------------------------ values of the usage components

    def active_users(self, month: str, client: str) -> float:
        """Active visitors / D; daily: the share of D that is active on an average day."""
        if not self.usage(month, client):
            return 0
        if self.settings.active_users != "daily":
            return ratio(self.active(month, client), self.people(month, client))
        rows = self.visitor_months(month, client)
        named = [row["days_active"] for row in rows if row["visitor_id"] is not None]
        told = [days for days in named if days is not None]
        return ratio(sum(told) / days_in(month), self.people(month, client)) if told else NULL

    def feature_adoption(self, month: str, client: str) -> float:
        """Mapped features used / mapped features anyone used in the last 3 months."""
        if not self.usage(month, client):
            return 0
        used = {feature_key(u.feature) for u in self.usage(month, client) if self.mapped(u.feature)}
        return ratio(len(used), len(self.features_in_use(month)))

    def features_in_use(self, month: str) -> set[str]:
        """Mapped features that anyone used in the last 3 months."""
        if month not in self._in_use:
            names = {
                use.feature
                for m in window(month, 3)
                for uses in self.usage_by_client(m).values()
                for use in uses
            }
            self._in_use[month] = {feature_key(name) for name in names if self.mapped(name)}
        return self._in_use[month]

    def frequency(self, month: str, client: str) -> float:
        """Mean active days per week of active visitors."""
        if not self.usage(month, client):
            return 0
        return mean(self.days_of_active_visitors(month, client)) / days_in(month) * 7

    def depth(self, month: str, client: str) -> float:
        """Share of mapped engagement on features of tier advanced."""
        uses = self.usage(month, client)
        if not uses:
            return 0
        mapped = [use for use in uses if self.mapped(use.feature)]
        advanced = [use.value for use in mapped if feature_key(use.feature) in self.advanced]
        return ratio(sum(advanced), sum(use.value for use in mapped))

    def engagement_index(self, month: str, client: str) -> float:
        """As published in index_scores."""
        score = self.by_client("index_scores", month)[client]["per_user_external"]
        return NULL if score is None else float(score)

    def session_minutes(self, month: str, client: str) -> float:
        """Minutes per active visitor."""
        rows = self.visitor_months(month, client)
        told = [row["minutes"] for row in rows if row["minutes"] is not None]
        if not self.usage(month, client) or not told:
            return NULL
        return ratio(sum(told), self.active(month, client))

    def stickiness(self, month: str, client: str) -> float:
        """Mean days active / days in the month."""
        return mean(self.days_of_active_visitors(month, client)) / days_in(month)

    # ------------------------------------------------------- values of the engagement components

    def touchpoints(self, month: str, client: str, span: tuple[date, date]) -> list[Row] | None:
        """Touchpoints of the client in (after, until]; None where the feed is not delivered."""
        if not self.has("raw_touchpoints", month):
            return None
        rows = self.feed("touchpoints", month, client)
        return [row for row in rows if within(row["date"], span)]

    def touchpoint_quality(self, month: str, client: str) -> float:
        """Meaningful touchpoints in the month."""
        rows = self.touchpoints(month, client, (end(shift(month, -1)), end(month)))
        return NULL if rows is None else sum(bool(row["meaningful"]) for row in rows)

    def executive_involvement(self, month: str, client: str) -> float:
        """1 for an executive in the last 90 days, 0.5 in the last 180, else 0."""
        rows = self.touchpoints(month, client, last_days(month, 180))
        if rows is None:
            return NULL
        days = [row["date"] for row in rows if row["executive"]]
        if any(within(day, last_days(month, 90)) for day in days):
            return 1
        return 0.5 if days else 0

    def training(self, month: str, client: str) -> float:
        """Visitors trained in the last 12 months / active visitors, capped at 1."""
        rows = self.touchpoints(month, client, last_12_months(month))
        if rows is None:
            return NULL
        return clip(ratio(sum(row["training"] or 0 for row in rows), self.active(month, client)))

    def community(self, month: str, client: str) -> float:
        """Posts and events in the last 90 days."""
        rows = self.touchpoints(month, client, last_days(month, 90))
        return NULL if rows is None else sum(row["community"] or 0 for row in rows)

    # -------------------------------------------------------- values of the sentiment components

    def answers(self, month: str, client: str, kind: str, days: int) -> list[tuple[float, float]]:
        """(score, decayed weight) of the survey answers of the last days."""
        if not self.has("raw_surveys", month):
            return []
        return [
            (row["score"], self.decay(month, row["date"]))
            for row in self.feed("surveys", month, client)
            if row["kind"] == kind and within(row["date"], last_days(month, days))
        ]

    def nps(self, month: str, client: str) -> float:
        """100 x (promoters - detractors) / answers, -100 to 100."""
        answers = self.answers(month, client, "nps", 180)
        return 100 * weighted([((score >= 9) - (score <= 6), weight) for score, weight in answers])

    def csat(self, month: str, client: str) -> float:
        """Mean of the last 90 days, of surveys and tickets, 1 to 5."""
        answers = self.answers(month, client, "csat", 90)
        if self.has("raw_support_tickets", month):
            for row in self.feed("support_tickets", month, client):
                day = row["closed"] or row["created"]
                if row["csat"] is not None and within(day, last_days(month, 90)):
                    answers.append((row["csat"], self.decay(month, day)))
        return clip(weighted(answers), 1, 5)

    def support_health(self, month: str, client: str) -> float:
        """100, less what escalations and the tickets' sentiment take away."""
        if not self.has("raw_support_tickets", month):
            return NULL
        tickets = [
            row
            for row in self.feed("support_tickets", month, client)
            if within(row["created"], last_days(month, 90))
        ]
        if not tickets:
            return NULL
        escalated = sum(bool(row["escalated"]) for row in tickets) / len(tickets)
        sentiment = weighted(
            [
                ((row["sentiment"] + 1) / 2, self.decay(month, row["created"]))
                for row in tickets
                if row["sentiment"] is not None
            ]
        )
        if not known(sentiment):
            return 100 - 100 * escalated
        return 100 - 50 * escalated - 50 * (1 - clip(sentiment))

    def advocacy(self, month: str, client: str) -> float:
        """1 for a reference, case study or review in the last 12 months, else 0."""
        rows = self.touchpoints(month, client, last_12_months(month))
        if rows is None:
            return NULL
        kinds = {re.sub(r"[\s_-]", "", row["kind"] or "").casefold() for row in rows}
        return 1 if kinds & {"reference", "casestudy", "review"} else 0

    # -------------------------------------------------------- values of the financial components

    def arr_trend(self, month: str, client: str) -> float:
        """ARR change over 12 months."""
        now = self.account(month, client).get("arr")
        then = self.account(shift(month, -12), client).get("arr")
        return ratio(now, then) - 1

    def payment(self, month: str, client: str) -> float:
        """Share of the invoices due in the last 12 months that were paid within terms."""
        if not self.has("raw_invoices", month):
            return NULL
        due = [
            row
            for row in self.feed("invoices", month, client)
            if str(row["status"]).lower() not in ("draft", "void", "voided")  # nobody owes those
            if within(row["due"], last_12_months(month))
        ]
        return mean([row["paid"] is not None and row["paid"] <= row["due"] for row in due])

    def utilisation(self, month: str, client: str) -> float:
        """Visitors with usage in the last 3 months / seats, capped at 1.

        Null without seats: usage alone is 3500 points, so nothing of it is financial.
        """
        months = window(month, 3)
        if not all(known(self.active(m, client)) for m in months):
            return NULL  # an export without visitors: null, not 0
        visitors = {use.visitor for m in months for use in self.usage(m, client)} - {None}
        seats = self.account(month, client).get("seats")
        return clip(ratio(len(visitors), float(seats))) if known(seats) and seats else NULL

    def expansion(self, month: str, client: str) -> float:
        """1 for an expansion in the last 12 months, else 0."""
        if not self.has("raw_renewals", month):
            return NULL
        rows = self.feed("renewals", month, client)
        expanded = [row["date"] for row in rows if row["outcome"] == "expanded"]
        return 1 if any(within(day, last_12_months(month)) for day in expanded) else 0

    # ------------------------------------------------------------------ scores of the components

    def component_scores(self, month: str) -> dict[str, dict[str, tuple[float, float]]]:
        """client -> component -> (value, score), unsmoothed, for every client of the base."""
        if month not in self._components:
            base = self.base(month)
            scored: dict[str, dict[str, tuple[float, float]]] = {client: {} for client in base}
            for component in COMPONENTS:
                value_of: Callable[[str, str], float] = getattr(self, component)
                values = {client: float(value_of(month, client)) for client in base}
                scores = self._scores(month, component, values)
                for client in base:
                    scored[client][component] = (values[client], scores[client])
            self._components[month] = scored
        return self._components[month]

    def _scores(self, month: str, component: str, values: dict[str, float]) -> dict[str, float]:
        kind, over = self.settings.normalisers.get(component, ("target", "base"))
        if kind == "target":
            benchmark = self._benchmark(month, component, values)
            scores = {
                client: self._target_score(month, client, component, value, benchmark)
                for client, value in values.items()
            }
        else:
            groups: dict[str | None, dict[str, float]] = defaultdict(dict)
            for client, value in values.items():
                segment = same_word(self.segment(month, client)) if over == "segment" else None
                groups[segment][client] = value
            scores = {}
            for group in groups.values():
                scores |= normalised(group, kind)
        if component in NO_USAGE_IS_ZERO:
            scores |= {client: 0.0 for client in values if not self.usage(month, client)}
        return scores

    def _benchmark(self, month: str, component: str, values: dict[str, float]) -> float:
        """What a value is held against where 100 is not a matter of the component alone."""
        if component == "frequency" and self.settings.frequency_benchmark != "p75":
            return float(self.settings.frequency_benchmark)
        if component in AGAINST_THE_BASE:
            return percentile(
                (value for client, value in values.items() if self.usage(month, client)), 75
            )
        return float(self.settings.targets.get(component, 1.0))

    def _target_score(
        self, month: str, client: str, component: str, value: float, benchmark: float
    ) -> float:
        if not known(value):
            return NULL
        if component in ("engagement_index", "support_health"):
            return value
        if component == "nps":
            return (value + 100) / 2
        if component == "csat":
            return (value - 1) / 4 * 100
        if component == "arr_trend":
            return 100 * clip((value + 0.2) / 0.4)
        attained = ratio(value, benchmark) if benchmark > 0 else NULL
        if component in RAMPED and self.stage(month, client) == "onboarding":
            attained = attained * 90 / max(self.age(month, client) or 0, 30)
        return 100 * clip(attained)

    def smoothed(self, month: str, own: float, score_of: Callable[[str], float]) -> float:
        """A score of the usage side after `usage_smoothing`; null where the month's own is."""
        if not known(own) or self.settings.usage_smoothing == "none":
            return own
        mean3 = mean([s for s in map(score_of, window(month, 3)) if known(s)])
        if self.settings.usage_smoothing == "mean3":
            return mean3
        return (own + mean3) / 2

    def score_in_force(self, month: str, client: str, component: str) -> float:
        """The component's score as it enters health."""

        def score_of(earlier: str) -> float:
            clients = self.component_scores(earlier)
            return clients[client][component][1] if client in clients else NULL

        own = score_of(month)
        return self.smoothed(month, own, score_of) if DIMENSION_OF[component] == "usage" else own

    # ------------------------------------------------------------------------------------ health

    def composites(self, month: str) -> dict[str, Composite]:
        """client -> health of the month, for every client of the base."""
        if month not in self._composites:
            self._composites[month] = {
                client: self._composite(month, client) for client in self.base(month)
            }
        return self._composites[month]

    def _composite(self, month: str, client: str) -> Composite:
        s = self.settings
        values = {c: v for c, (v, _) in self.component_scores(month)[client].items()}
        scores = {c: self.score_in_force(month, client, c) for c in COMPONENTS}
        w = {c: float(s.component_weights.get(DIMENSION_OF[c], {}).get(c, 0)) for c in COMPONENTS}
        observed = {
            d: [c for c in COMPONENTS if DIMENSION_OF[c] == d and known(scores[c])]
            for d in DIMENSIONS
        }
        within_dimension = {d: sum(w[c] for c in observed[d]) for d in DIMENSIONS}

        default = s.segment_weights["default"]
        points = round(sum(default[d] * w[c] for d in DIMENSIONS for c in observed[d]))
        segment = same_word(self.segment(month, client))
        by_segment = {same_word(name): weights for name, weights in s.segment_weights.items()}
        big_w = by_segment.get(segment, default)
        total = sum(big_w[d] for d in DIMENSIONS if within_dimension[d] > 0)

        reason = None
        if points < round(s.least_coverage * 10_000):
            reason = f"coverage {points / 10_000:.4g} is below {s.least_coverage:.4g}"
        elif total == 0:
            reason = "nothing that is observed has a weight"
        weights = dict.fromkeys(COMPONENTS, 0.0)
        dimensions = dict.fromkeys(DIMENSIONS, NULL)
        if reason is None:
            for d in DIMENSIONS:
                if within_dimension[d] > 0:
                    dimensions[d] = weighted([(scores[c], w[c]) for c in observed[d]])
                    for c in observed[d]:
                        weights[c] = big_w[d] / total * w[c] / within_dimension[d]
        composite = Composite(values, scores, weights, dimensions, points / 10_000, NULL, reason)
        if reason is None:
            composite.health = sum(composite.points(c) for c in COMPONENTS)
        return composite

    def health_of(self, month: str, client: str) -> float:
        """Null without a composite, and outside the base."""
        composite = self.composites(month).get(client)
        return NULL if composite is None else composite.health

    def band(self, month: str, client: str) -> str | None:
        """green, yellow or red."""
        health = near(self.health_of(month, client))
        if not known(health):
            return None
        if health >= self.settings.green:
            return "green"
        return "yellow" if health >= self.settings.yellow else "red"

    def announced_band(self, month: str, client: str) -> str | None:
        """The band that has held for the notice period."""
        if self.band(month, client) is None:
            return None
        bands = {m: self.band(m, client) for m in window(month, 7)}
        first, *others = bands.values()
        announced = None
        for m, band in bands.items():
            if band is None:
                continue
            held = all(
                bands.get(shift(m, -back)) == band
                for back in range(1, self.settings.notice_months + 1)
            )
            was = announced or bands.get(shift(m, -1))
            before = self.health_of(shift(m, -1), client) if shift(m, -1) in bands else NULL
            fall = near(before - self.health_of(m, client))
            worse = was is not None and BANDS.index(band) < BANDS.index(was)
            begins = announced is None and first is None
            if begins or held or (worse and fall >= self.settings.sudden_drop):
                announced = band
        if announced is None:
            before_it = [first, *others[:-1]]
            announced = max(BANDS, key=lambda band: (before_it.count(band), -BANDS.index(band)))
        return announced

    def velocity(self, month: str, client: str) -> float:
        """Points a day since the month before; null without both."""
        before = shift(month, -1)
        change = self.health_of(month, client) - self.health_of(before, client)
        return change / (end(month) - end(before)).days

    def velocity_band(self, velocity: float) -> str | None:
        """In a word."""
        fast, slow = self.settings.velocity_fast, self.settings.velocity_slow
        velocity = near(velocity)
        if not known(velocity):
            return None
        if velocity <= -fast:
            return "declining_fast"
        if velocity <= -slow:
            return "declining"
        if velocity < slow:
            return "stable"
        return "improving" if velocity < fast else "improving_fast"

    def total_all_smoothed(self, month: str, client: str) -> float:
        """total_all of index_scores, smoothed like the usage side."""

        def score_of(earlier: str) -> float:
            score = self.by_client("index_scores", earlier).get(client, {}).get("total_all")
            return NULL if score is None else float(score)

        return self.smoothed(month, score_of(month), score_of)

    # ------------------------------------------------------------------------- tables, section 5

    def components(self, month: str) -> pd.DataFrame:
        """Client x component: value and unsmoothed score."""
        rows = [
            (client, DIMENSION_OF[component], component, value, score)
            for client, scored in self.component_scores(month).items()
            for component, (value, score) in scored.items()
        ]
        return pd.DataFrame(rows, columns=COMPONENT_COLUMNS)

    def health(self, month: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """health_scores and health_drivers."""
        scores, drivers = [], []
        for client, composite in self.composites(month).items():
            scores.append(self._health_row(month, client, composite))
            drivers += self._driver_rows(month, client, composite)
        return (
            pd.DataFrame(scores, columns=HEALTH_SCORES),
            pd.DataFrame(drivers, columns=HEALTH_DRIVERS),
        )

    def _health_row(self, month: str, client: str, composite: Composite) -> Row:
        leading = [(composite.scores[c], composite.weights[c]) for c in COMPONENTS if c in LEADING]
        there = composite.reason is None
        velocity = self.velocity(month, client)
        return {
            "client_id": client,
            "segment": self.segment(month, client),
            "stage": self.stage(month, client),
            **composite.dimensions,
            "health": composite.health,
            "band": self.band(month, client),
            "announced_band": self.announced_band(month, client),
            "coverage": composite.coverage,
            "leading_share": sum(weight for _, weight in leading) if there else NULL,
            "leading_score": weighted([pair for pair in leading if pair[1] > 0]),
            "velocity": velocity,
            "velocity_band": self.velocity_band(velocity),
            "total_all_smoothed": self.total_all_smoothed(month, client),
            "reason": composite.reason,
        }

    def _driver_rows(self, month: str, client: str, now: Composite) -> list[Row]:
        then = self.composites(shift(month, -1)).get(client)
        comparable = then is not None and then.reason is None and now.reason is None
        rows = []
        for component in COMPONENTS:
            value_effect = weight_effect = NULL
            if then is not None and comparable:
                value_effect, weight_effect = _effects(component, then, now)
            rows.append(
                {
                    "client_id": client,
                    "dimension": DIMENSION_OF[component],
                    "component": component,
                    "value": now.values[component],
                    "score": now.scores[component],
                    "weight": now.weights[component],
                    "points": now.points(component),
                    "points_change": value_effect + weight_effect,
                    "value_effect": value_effect,
                    "weight_effect": weight_effect,
                }
            )
        return rows

    # -------------------------------------------------------------------------- tables, section 6

    def structural_risk(self, month: str) -> pd.DataFrame:
        """structural_risk: client of the base."""
        base = self.base(month)
        worth = self.engagement_values(month)
        high = near(percentile((value for value in worth.values() if value > 0), 75))
        rows = [self._risk_row(month, client, worth, high) for client in base]
        return pd.DataFrame(rows, columns=STRUCTURAL_RISK)

    def _risk_row(self, month: str, client: str, worth: dict[str, float], high: float) -> Row:
        s, people, active = self.settings, self.people(month, client), self.active(month, client)
        by_visitor: dict[str, float] = defaultdict(float)
        for use in self.usage(month, client):
            if use.visitor is not None and known(active):
                by_visitor[use.visitor] += use.value
        x, n = sorted(by_visitor.values()), len(by_visitor)
        inequality = gini(x)
        top2 = ratio(sum(x[-2:]), sum(x))
        diversity = clip(ratio(active, people))
        days = self.days_since_last_activity(month, client)

        concentrated = near(inequality) > s.concentrated_gini
        single_threaded = people >= s.least_known_visitors and (
            near(top2) >= s.single_threaded_share or active == 1
        )
        below = sum(near(other) < near(worth[client]) for other in worth.values())
        parts = [
            ratio(100 * below, len(worth) - 1),
            100 * diversity,
            100 * (1 - inequality),
            100 * clip(1 - days / 90),
        ]
        return {
            "client_id": client,
            "engagement_value": worth[client],
            "gini": inequality,
            "gini_corrected": inequality * n / (n - 1) if n > 1 else NULL,
            "diversity": diversity,
            "top2_share": top2,
            "days_since_last_activity": days,
            "cohort": self.cohort(month, client),
            "concentrated": concentrated,
            "narrow": near(diversity) < s.narrow_diversity,
            "single_threaded": single_threaded,
            "dormant": days > s.dormant_days,
            "fragile": near(worth[client]) > high
            and (concentrated or single_threaded)
            and people >= s.least_known_visitors,
            "champion_departed": self.leader_departed(month, client)
            or self.champion_left(month, client),
            "structural_health": mean([part for part in parts if known(part)]),
        }

    def engagement_values(self, month: str) -> dict[str, float]:
        """client of the base -> weighted use of the month's top features x segment multiplier."""
        frame = self.tables["cleaned_usage"][month]
        clicks: dict[str, list[tuple[str, float]]] = defaultdict(list)
        totals: dict[str, float] = defaultdict(float)
        for row in frame[frame["measure"] == "clicks"].itertuples():
            clicks[row.client_id].append((row.feature, float(row.value)))
            totals[row.feature] += float(row.value)
        top = sorted(totals, key=lambda feature: (-near(totals[feature]), feature))
        weights = dict(zip(top, self.settings.event_weights, strict=False))
        multipliers = {same_word(name): by for name, by in self.settings.multipliers.items()}
        values = {}
        for client in self.base(month):
            multiplier = multipliers.get(same_word(self.segment(month, client)), 1)
            used = clicks.get(client, [])
            values[client] = float(
                multiplier * sum(weights.get(feature, 0) * value for feature, value in used)
            )
        return values

    def days_since_last_activity(self, month: str, client: str) -> int:
        """Since the day that the exports tell, else 0 or the days of the silent months."""
        looked_at = window(month, 13)
        active = [m for m in looked_at if self.usage(m, client)]
        last = max(active, default=shift(month, -12))
        told = [
            row["last_active_day"]
            for row in self.rows("visitor_activity", last)
            if row["client_id"] == client
        ]
        if active and told:
            days = (end(month) - max(told)).days
        elif last == month:
            days = 0
        else:
            days = max(31, (end(month) - end(last)).days)
        age = self.age(month, client)
        return days if age is None else max(0, min(days, age))

    def cohort(self, month: str, client: str) -> str | None:
        """Quarter of contract start, else of the first month that lists the client."""
        start = self.account(month, client).get("contract_start")
        if start is None:
            months = (m for m in window(month, 13) if self.client_month(m, client) is not None)
            start = next((end(m) for m in months), None)
        return None if start is None else f"{start.year:04d}-Q{(start.month - 1) // 3 + 1}"

    def leader_departed(self, month: str, client: str) -> bool:
        """Whether the external visitor who led the three months before has no usage any more."""
        if not (self.usage(month, client) or self.usage(shift(month, -1), client)):
            return False
        if not known(self.active(month, client)):
            return False  # the export of the month names no visitors
        external = 0.0
        by_visitor: dict[str, float] = defaultdict(float)
        for m in window(shift(month, -1), 3):
            for use in self.usage(m, client):
                if use.audience == "external":
                    external += use.value
                    if use.visitor is not None:
                        by_visitor[use.visitor] += use.value
        if len(by_visitor) < self.settings.champion_visitors:
            return False
        leader = min(by_visitor, key=lambda visitor: (-near(by_visitor[visitor]), visitor))
        if near(by_visitor[leader] / external) < self.settings.champion_share:
            return False
        return all(use.visitor != leader for use in self.usage(month, client))

    def champion_left(self, month: str, client: str) -> bool:
        """Whether the stakeholder feed of the month says that a champion left."""
        told = [
            row
            for m in window(month, 13)
            for row in self.rows("stakeholders", m)
            if row["client_id"] == client and row["role"] is not None
        ]
        for row in self.rows("stakeholders", month):
            if row["client_id"] != client or row["status"] != "left":
                continue
            role = row["role"]
            if role is None:
                earlier = [
                    r for r in told if r["person"] == row["person"] and r["date"] < row["date"]
                ]
                role = max(earlier, key=lambda r: r["date"])["role"] if earlier else ""
            if "champion" in role.casefold():
                return True
        return False


def _effects(component: str, then: Composite, now: Composite) -> tuple[float, float]:
    """(value_effect, weight_effect) of a component between two composites."""
    w0, w1 = then.weights[component], now.weights[component]
    scores = [s for s in (then.scores[component], now.scores[component]) if known(s)]
    if not scores:
        return 0.0, 0.0
    value_effect = (w0 + w1) / 2 * (scores[1] - scores[0]) if len(scores) == 2 else 0.0
    weight_effect = (mean(scores) - (then.health + now.health) / 2) * (w1 - w0)
    return value_effect, weight_effect


def _records(frame: pd.DataFrame) -> list[Row]:
    """Rows with None for null and dates as dates."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for row in rows:
        for column in DATES & row.keys():
            if row[column] is not None:
                row[column] = pd.Timestamp(row[column]).date()
    return rows


# --------------------------------------------------------------------------------- one month only


def components(
    tables: Tables, features: pd.DataFrame, month: str, settings: Settings | None = None
) -> pd.DataFrame:
    """Every client of the base x every component: value and unsmoothed score."""
    return Reference(tables, features, settings).components(month)


def health(
    tables: Tables, features: pd.DataFrame, month: str, settings: Settings | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """health_scores and health_drivers of the month."""
    return Reference(tables, features, settings).health(month)


def structural_risk(
    tables: Tables, features: pd.DataFrame, month: str, settings: Settings | None = None
) -> pd.DataFrame:
    """structural_risk of the month."""
    return Reference(tables, features, settings).structural_risk(month)
