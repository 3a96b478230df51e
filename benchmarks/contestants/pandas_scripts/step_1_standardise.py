"""One table of all months, its columns named alike.

python step_1_standardise.py EXPORTS/pendo WORK
"""

import re
import sys
from pathlib import Path

import pandas as pd

NAMES = {
    "Visitor ID": "visitor_id",
    "Account ID": "client_id",
    "Account Name": "client_name",
    "Email": "email",
    "Browser": "browser",
    "Days Active": "days_active",
    "visitorId": "visitor_id",
    "accountId": "client_id",
    "featureId": "feature",
    "numEvents": "clicks",
    "numMinutes": "minutes",
}


def month_of(path: Path) -> str:
    """As the file's name has it."""
    found = re.search(r"\d{4}-\d{2}", path.name)
    assert found is not None, path
    return found[0]


def read(path: Path) -> pd.DataFrame:
    """One month."""
    table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    return table.rename(columns=NAMES).assign(month=month_of(path))


exports, work = map(Path, sys.argv[1:3])
usage = pd.concat([read(path) for path in sorted(exports.iterdir())], ignore_index=True)
usage["month"] = usage["month"].astype("category")
usage.to_parquet(work / "standardised.parquet")
