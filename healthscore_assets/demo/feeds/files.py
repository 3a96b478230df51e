"""Writes the sample data of the other feeds: a folder of CSV files per feed."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from healthscore_assets.demo.feeds import (
    accounts,
    invoices,
    renewals,
    stakeholders,
    surveys,
    tickets,
    touchpoints,
)
from healthscore_assets.demo.feeds.background import build_background

_FEEDS = {
    "accounts": accounts,
    "support_tickets": tickets,
    "surveys": surveys,
    "invoices": invoices,
    "touchpoints": touchpoints,
    "stakeholders": stakeholders,
    "renewals": renewals,
}


def feed_file_names() -> dict[str, list[str]]:
    """Every file `write_feeds` writes, by the folder it lies in."""
    return {feed: module.names() for feed, module in _FEEDS.items()}


def write_feeds(exports: Path, *, seed: int = 20240101) -> Iterator[Path]:
    """Write all feeds into folders of `exports`, yielding each path once its file is complete.

    They tell of the clients that `write_exports` has for the same seed. The same seed writes the
    same bytes. Files of the same name are replaced.
    """
    background = build_background(seed)
    for feed, module in _FEEDS.items():
        (exports / feed).mkdir(parents=True, exist_ok=True)
        for name, table in zip(module.names(), module.tables(background), strict=True):
            yield _write(exports / feed / name, table)


def _write(path: Path, table: pa.Table) -> Path:
    """A reader sees the whole file or none: it is renamed into place when it is complete."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            file.write((",".join(table.column_names) + "\n").encode())
            csv.write_csv(
                table, file, csv.WriteOptions(include_header=False, quoting_style="needed")
            )
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
