"""The lake: one Parquet file per table and month, replaced whole or not at all."""

import re
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from healthscore_assets.lake.bucket import Bucket
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.folder import Folder
from healthscore_assets.lake.location import is_bucket, lake_location
from healthscore_assets.lake.parts import sweep_parts
from healthscore_assets.lake.store import Store

_FILE = "data.parquet"
_MONTH = re.compile(rf"[^/]+/month=(\d{{4}}-(?:0[1-9]|1[0-2]))/{re.escape(_FILE)}")
_CSV_MONTH = re.compile(r"[^/]+_csv/(\d{4}-(?:0[1-9]|1[0-2]))\.csv")


@dataclass(frozen=True)
class Lake:
    """Tables by month, and the archive of raw bytes, in a store.

    A table's folder holds nothing but promoted months. Paths that are given out are for reading.
    """

    store: Store

    @classmethod
    def at(cls, location: str | Path) -> "Lake":
        """The lake in a local folder, or in a bucket: ``s3://bucket/prefix``.

        Raises ValueError for what cannot be a lake.
        """
        place = lake_location(location)
        return cls(Bucket.at(place) if is_bucket(place) else Folder(Path(place)))

    @property
    def location(self) -> str:
        """The lake as people name it: a path, or a URL."""
        return self.store.location

    def has(self, table: str, month: str) -> bool:
        """Whether the month of a table is there."""
        return self.store.has(_table_key(table, month))

    def file(self, table: str, month: str) -> Path:
        """A local file of the month. Raises FileNotFoundError when it is not there."""
        return self.store.file(_table_key(table, month))

    def months(self, table: str) -> list[str]:
        """The months a table holds, oldest first."""
        return sorted(m[1] for key in self.store.keys(table) if (m := _MONTH.fullmatch(key)))

    def csv_months(self, name: str) -> list[str]:
        """The months of which there is a CSV, oldest first."""
        keys = self.store.keys(_csv_folder(name))
        return sorted(m[1] for key in keys if (m := _CSV_MONTH.fullmatch(key)))

    def strays(self, table: str) -> list[str]:
        """What lies in a table's folder and is no month of it; there should be nothing."""
        return sorted(key for key in self.store.keys(table) if not _MONTH.fullmatch(key))

    def present(self, table: str, month: str) -> dict[int, Path]:
        """The file of one month, as `Engine.months` takes it; empty when it is not there."""
        try:
            return {0: self.file(table, month)}
        except FileNotFoundError:
            return {}

    def column(self, table: str, month: str, column: str) -> set[Any]:
        """The values of one column of a small table's month; empty when it is not there."""
        return {
            value
            for path in self.present(table, month).values()
            for value in pq.read_table(path, columns=[column], partitioning=None)[
                column
            ].to_pylist()
        }

    def stage_file(self, run_id: str, table: str, month: str, suffix: str = "parquet") -> Path:
        """A local place to write a month before it is checked; its folder is made."""
        path = self.store.workshop / run_id / f"{table}-{month}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def clear_stage(self, run_id: str) -> None:
        """Forget what a run staged; what it promoted has left the stage already."""
        shutil.rmtree(self.store.workshop / run_id, ignore_errors=True)

    def sweep_stages(self, before: float) -> int:
        """Remove what killed processes left, unchanged since a time in epoch seconds; how many."""
        stages = set(self.store.workshop.glob("*")) - {self.spill_folder()}
        left = []
        for path in stages:
            with suppress(FileNotFoundError):  # a run that ended just now
                if path.stat().st_mtime < before:
                    left.append(path)
        for path in left:
            shutil.rmtree(path, ignore_errors=True)
        return len(left) + sweep_parts(self.store, before)

    def spill_folder(self) -> Path:
        """Where the engine may put what does not fit in memory; always local."""
        return self.store.workshop / "spill"

    def promote(self, staged: Path, table: str, month: str) -> None:
        """Put a checked file in its place in one step: readers see the old month or the new one.

        A staged ``.csv`` is the copy that people open in a spreadsheet, or a file by itself.
        """
        key = _csv_key if staged.suffix == ".csv" else _table_key
        self.store.put(staged, key(table, month))

    def withdraw(self, table: str, month: str) -> bool:
        """Take a month of a table and its CSV away; says whether either was there."""
        had_csv = self.store.delete(_csv_key(table, month))
        return self.store.delete(_table_key(table, month)) or had_csv

    def has_csv(self, table: str, month: str) -> bool:
        """Whether the CSV is there."""
        return self.store.has(_csv_key(table, month))

    def csv_file(self, table: str, month: str) -> Path:
        """A local file of the CSV. Raises FileNotFoundError when it is not there."""
        return self.store.file(_csv_key(table, month))

    def csv_place(self, table: str, month: str) -> str:
        """Where the CSV lies, as people name it."""
        return self.store.place(_csv_key(table, month))

    def archived(self, sha256: str) -> Path:
        """A local file of the raw bytes with this hash. Raises FileNotFoundError without them."""
        return self.store.file(_archive_key(sha256))

    def archived_hashes(self) -> list[str]:
        """Every file of the archive, by its hash."""
        return sorted(key.removeprefix(_archive_key("")) for key in self.store.keys("archive"))

    def archive(self, source: Path, sha256: str) -> None:
        """Keep the bytes of a delivered file under their content hash.

        Raises OSError when the bytes copied are not the bytes that were hashed, as when the file
        was still being written.
        """
        key = _archive_key(sha256)
        if self.store.has(key):
            return
        copy = self.store.workshop / f"archive-{uuid.uuid4().hex}" / sha256
        copy.parent.mkdir(parents=True)
        try:
            shutil.copyfile(source, copy)
            if content_hash(copy) != sha256:
                raise OSError(
                    f"{source}: changed while it was read; wait until it is written, run again"
                )
            self.store.put(copy, key)
        finally:
            shutil.rmtree(copy.parent)


def _table_key(table: str, month: str) -> str:
    return f"{table}/month={month}/{_FILE}"


def _csv_key(table: str, month: str) -> str:
    return f"{_csv_folder(table)}/{month}.csv"


def _csv_folder(table: str) -> str:
    return f"{table}_csv"


def _archive_key(sha256: str) -> str:
    return f"archive/{sha256}"
