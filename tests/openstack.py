"""The real OpenStack data, read from its tidy truth and never from the exports.

The reference (reference.py) computes its numbers from here, the product from the exports, so the
two meet only in the result. Check `available()` first: the folder is not part of the project.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pandas as pd

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "openstack"
EXPORTS = DATA / "exports" / "pendo"
LOOKUPS = DATA / "lookups"
TRUTH = DATA / "truth_events.csv.gz"
ABSENT = f"the OpenStack data is not at {DATA}"


def available() -> bool:
    """Whether the data folder is there; tests skip with the reason ABSENT where it is not."""
    return TRUTH.is_file()


@cache
def _truth() -> pd.DataFrame:
    """One row per day, visitor and feature, with `month`, `audience` and the lookup's spelling."""
    truth = pd.read_csv(TRUTH).rename(columns={"account_id": "client_id", "num_events": "value"})
    truth["month"] = truth["day"].str[:7]
    truth["audience"] = truth["internal"].map({True: "internal", False: "external"})
    truth["feature"] = truth["feature_id"].str.replace(":", " | ", n=1, regex=False)
    return truth


def listed() -> pd.DataFrame:
    """One row per month and visitor with an event in it (exactly whom the exports list).

    `days_active`, the distinct days with an event, comes along; the reference does not use it.
    """
    keys = ["month", "client_id", "visitor_id", "audience"]
    return _truth().groupby(keys, as_index=False).agg(days_active=("day", "nunique"))


def events() -> pd.DataFrame:
    """One row per month, visitor and feature: month, client_id, visitor_id, audience, feature,
    value. Features without an area keep the same spelling, `nova | plugins`."""
    keys = ["month", "client_id", "visitor_id", "audience", "feature"]
    return _truth().groupby(keys, as_index=False)["value"].sum()


def areas() -> dict[str, str]:
    """feature -> area of lookups/product_areas.csv."""
    with (LOOKUPS / "product_areas.csv").open(encoding="utf-8", newline="") as file:
        return {row["feature"]: row["area"] for row in csv.DictReader(file)}
