"""A row per visitor and feature, with the feature's area; and who was listed.

python step_3_join_areas.py LOOKUPS WORK
"""

import sys
from pathlib import Path

import pandas as pd

WHO = ["month", "client_id", "visitor_id", "audience"]

lookups, work = map(Path, sys.argv[1:3])
usage = pd.read_parquet(work / "usage.parquet")
usage[["month", "client_id"]].drop_duplicates().to_parquet(work / "listed.parquet")
areas = pd.read_csv(lookups / "product_areas.csv")[["feature", "area"]]
if "feature" not in usage.columns:
    usage = usage.melt(id_vars=WHO, var_name="feature", value_name="clicks")
    usage["feature"] = usage["feature"].str.removeprefix("Clicks for ")
usage = usage[usage["clicks"] > 0]
usage = usage.merge(areas, on="feature", how="left")
usage["area"] = usage["area"].fillna("Unmapped").astype("category")
usage.to_parquet(work / "usage_by_feature.parquet")
