"""Who, which audience and how many clicks; everything else is dropped.

python step_2_drop_metadata.py LOOKUPS WORK
"""

import sys
from pathlib import Path

import pandas as pd

METADATA = ["client_name", "email", "browser", "days_active", "minutes", "day"]

lookups, work = map(Path, sys.argv[1:3])
usage = pd.read_parquet(work / "standardised.parquet")
usage["audience"] = "external"
if "email" in usage.columns:
    internal_domains = pd.read_csv(lookups / "internal_domains.csv")["domain"]
    domain = usage["email"].str.split("@").str[-1]
    usage.loc[domain.isin(internal_domains), "audience"] = "internal"
usage["audience"] = usage["audience"].astype("category")
usage.drop(columns=METADATA, errors="ignore").to_parquet(work / "usage.parquet")
