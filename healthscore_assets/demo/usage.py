"""What every visitor does in one month: clicks first, everything else follows from them."""

from dataclasses import dataclass

import numpy as np

from healthscore_assets.demo.clients import BoolArray, Client, FloatArray, IntArray, stream
from healthscore_assets.demo.product import FEATURES, NEW_AREA
from healthscore_assets.demo.visitors import Visitors
from healthscore_assets.demo.window import MONTHS, days_in, season


@dataclass(frozen=True)
class MonthUsage:
    """The listed visitors of a month (positions in `Visitors`); matrices are feature x listed."""

    month: str
    rows: IntArray
    clicks: IntArray
    page_views: IntArray
    minutes: FloatArray
    feature_days: IntArray
    days_active: IntArray


def launched(month: str) -> BoolArray:
    """Which features exist in `month`: before its launch a feature has no column."""
    return np.array([feature.launched <= month for feature in FEATURES])


def month_usage(seed: int, month: str, clients: list[Client], visitors: Visitors) -> MonthUsage:
    """One month, from its own random stream: no month depends on another."""
    at = MONTHS.index(month)
    rng = stream(seed, 3, at)
    rows = np.flatnonzero(visitors.listed[:, at])
    clicks = _clicks(rng, at, rows, clients, visitors)
    total = clicks.sum(axis=0)

    rhythm = visitors.rhythm[rows]
    days_active = np.minimum(np.ceil(total / rhythm), days_in(month)).astype(np.int64)
    feature_days = np.minimum(np.ceil(clicks * 1.5 / rhythm), days_active).astype(np.int64)
    opened = np.floor(clicks * (0.3 + 0.5 * rng.random(clicks.shape))).astype(np.int64)
    page_views = np.maximum(opened, clicks > 0)
    # Tenths of a minute as integers, so that the one decimal is exact: 0.2 to 1.2 minutes a click.
    tenths = np.ceil(clicks * (2.0 + 10.0 * rng.random(clicks.shape)))
    return MonthUsage(month, rows, clicks, page_views, tenths / 10.0, feature_days, days_active)


def _clicks(
    rng: np.random.Generator, at: int, rows: IntArray, clients: list[Client], visitors: Visitors
) -> IntArray:
    """Rate x client x visitor x chance, rounded up or down at random so that sums keep their mean.

    Only plain arithmetic and comparisons from here on: they give the same bits on every machine,
    which logarithms and exponentials do not promise.
    """
    client = visitors.client[rows]
    level = np.array([one.plan.level[at] for one in clients])[client]
    present = visitors.reached[rows, at] & (rng.random(rows.size) >= visitors.away[rows])
    mood = 0.85 + 0.3 * rng.random(rows.size)
    factor = season(MONTHS[at]) * level * present * mood

    adopted = np.array([one.plan.adopts <= at for one in clients])[client]
    fresh = np.array([feature.area == NEW_AREA for feature in FEATURES])
    rate = visitors.rate[:, rows] * launched(MONTHS[at])[:, None]
    rate = np.where(fresh[:, None], rate * adopted, rate)

    expected = rate * factor * (0.7 + 0.6 * rng.random(rate.shape))
    clicks: IntArray = np.floor(expected + rng.random(rate.shape)).astype(np.int64)
    return clicks
