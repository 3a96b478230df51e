"""Six scores per month and client.

python step_5_index.py LOOKUPS WORK SCORES.parquet
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

AUDIENCES = ("all", "external", "internal")
SILENT_MONTHS = 3

lookups, work, into = map(Path, sys.argv[1:4])
clicks = pd.read_parquet(work / "clicks.parquet")
users = pd.read_parquet(work / "users.parquet")
listed = pd.read_parquet(work / "listed.parquet")
areas = sorted(pd.read_csv(lookups / "product_areas.csv")["area"].unique())
clicks = clicks.astype({"month": str})
users = users.astype({"month": str})
listed = listed.astype({"month": str})


def score(engagement: pd.DataFrame) -> pd.Series:
    """Percent of the other clients that are behind, by engagement on a log scale."""
    v = np.log1p(engagement)
    mean = v.mean()
    cv = (v.std() / mean).where(mean > 0)
    inverse = (1 / cv.where(cv >= 1e-9)).fillna(0)
    if inverse.sum() == 0 or len(v) < 2:
        return pd.Series(np.nan, index=v.index)
    raw = (v * (inverse / inverse.sum())).sum(axis="columns").round(9)
    return 100 * (raw.rank(method="min") - 1) / (len(v) - 1)


def scores_of(month: str, base: pd.Index) -> pd.DataFrame:
    """All six of a month."""
    scores = pd.DataFrame(index=base)
    for audience in AUDIENCES:
        own = clicks[(clicks["month"] == month) & (clicks["audience"] == audience)]
        total = own.pivot(index="client_id", columns="area", values="clicks")
        total = total.reindex(index=base, columns=areas).fillna(0)
        n = users[(users["month"] == month) & (users["audience"] == audience)]
        n = n.set_index("client_id")["users"]
        scores[f"total_{audience}"] = score(total)
        per_user = total.loc[base.intersection(n.index)].div(n, axis="index")
        scores[f"per_user_{audience}"] = score(per_user.loc[base.intersection(n.index)])
    return scores.reset_index().assign(month=month)


months = sorted(listed["month"].unique())
results = []
for month in months:
    earliest = str(pd.Period(month) - SILENT_MONTHS)
    window = listed[(listed["month"] >= earliest) & (listed["month"] <= month)]
    results.append(scores_of(month, pd.Index(window["client_id"].unique(), name="client_id")))
pd.concat(results, ignore_index=True).to_parquet(into)
