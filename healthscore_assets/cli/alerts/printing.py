"""Rows of alerts for programs: CSV and JSON."""

import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from healthscore_assets.cli.alerts.options import Format
from healthscore_assets.scoring.client_scores import FORMULA


def print_rows(rows: Sequence[Mapping[str, Any]], form: Format, columns: Sequence[str]) -> None:
    """Print rows in full; no rows are a header, or an empty list."""
    if form is Format.JSON:
        print(json.dumps([*rows], indent=2, ensure_ascii=False, default=str))
        return
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _safe(row[name]) for name in columns})


def _safe(value: Any) -> Any:
    """As `spreadsheet_safe` makes the text of tables."""
    return f"'{value}" if isinstance(value, str) and re.search(FORMULA, value) else value
