"""The export of a folder taken in and cleaned, outside any Dagster run.

    python -m benchmarks.inputs.reading FOLDER

Writes seconds, rows and cells as JSON into the folder.
"""

import json
import sys
import time
from pathlib import Path

from healthscore_assets.contracts import CLEANED_USAGE, VISITOR_MONTH
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.cleaning.month import clean_month
from healthscore_assets.pendo.cleaning.reconciliation import reconcile
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.raw_table import raw_rows, taken_in

MONTH = "2024-05"
INBOX = "inbox"
TOLD = "told.json"


def main(folder: Path) -> None:
    """Take the export in, write its tables, hold their sums against it."""
    started = time.monotonic()
    engine = Engine(folder / "spill")
    found = deliveries(folder / INBOX)
    files = [taken_in(row) for row in raw_rows(found, MONTH, {}, over=True).to_pylist()]
    understood = time.monotonic()
    exports = [(found[0].path, file.export) for file in files]
    month = clean_month(engine, exports, MONTH, ProductAreas({}, {}), frozenset())
    usage = folder / "cleaned_usage.parquet"
    cells = engine.write(month.cleaned_usage, schema_of(CLEANED_USAGE), usage, ())
    key = list(VISITOR_MONTH.unique)
    visitors = folder / "visitor_month.parquet"
    engine.write(month.visitor_month, schema_of(VISITOR_MONTH), visitors, key)
    sums = reconcile(engine, month, usage, [file.rows for file in files])
    assert sums.agree, sums.says
    told = {
        "rows": files[0].rows,
        "cells": cells,
        "understood": understood - started,
        "cleaned": time.monotonic() - understood,
    }
    (folder / TOLD).write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
