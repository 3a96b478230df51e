"""Clicks by client and area, and the visitors behind them, for each audience.

python step_4_aggregate.py WORK
"""

import sys
from pathlib import Path

import pandas as pd

work = Path(sys.argv[1])
usage = pd.read_parquet(work / "usage_by_feature.parquet")
clicks, users = [], []
for audience in ("all", "external", "internal"):
    some = usage if audience == "all" else usage[usage["audience"] == audience]
    by_client = some.groupby(["month", "client_id"], observed=True)
    users.append(by_client["visitor_id"].nunique().rename("users").reset_index())
    users[-1]["audience"] = audience
    mapped = some[some["area"] != "Unmapped"]
    by_area = mapped.groupby(["month", "client_id", "area"], observed=True)
    clicks.append(by_area["clicks"].sum().reset_index())
    clicks[-1]["audience"] = audience
pd.concat(clicks, ignore_index=True).to_parquet(work / "clicks.parquet")
pd.concat(users, ignore_index=True).to_parquet(work / "users.parquet")
