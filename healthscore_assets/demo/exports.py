"""Writes the sample exports: a folder of CSV files as a real team would have collected them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from healthscore_assets.demo.columns import wide_table
from healthscore_assets.demo.ordinary import build_clients
from healthscore_assets.demo.styles import EVERYONE, Style, file_name, file_names, style_of
from healthscore_assets.demo.usage import month_usage
from healthscore_assets.demo.visitors import build_visitors
from healthscore_assets.demo.visits import VisitDates
from healthscore_assets.demo.window import MONTHS

__all__ = ["file_names", "write_exports"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def write_exports(folder: Path, *, seed: int = 20240101) -> Iterator[Path]:
    """Write all exports into `folder`, yielding each path once its file is complete.

    The same seed writes the same bytes. Files of the same name are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clients = build_clients(seed)
    visitors = build_visitors(seed, clients)
    dates = VisitDates(seed, visitors)
    for month in MONTHS:
        style = style_of(month)
        usage = month_usage(seed, month, clients, visitors)
        dates.advance(usage)
        internal = visitors.internal[usage.rows]
        for segment in style.segments:
            keep = np.ones(internal.size, dtype=bool)
            if segment != EVERYONE:
                keep = internal == (segment == "Internal")
            table = wide_table(style, usage, keep, clients, visitors, dates)
            yield _write(folder / file_name(month, segment), style, table)


def _write(path: Path, style: Style, table: pa.Table) -> Path:
    """A reader sees the whole file or none: it is renamed into place when it is complete."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            quote = '"' if style.flag_column else ""
            header = ",".join(f"{quote}{name}{quote}" for name in table.column_names) + "\n"
            file.write((_BYTE_ORDER_MARK if style.flag_column else b"") + header.encode())
            csv.write_csv(
                table,
                file,
                csv.WriteOptions(
                    include_header=False,
                    quoting_style="needed" if style.flag_column else "none",
                ),
            )
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
