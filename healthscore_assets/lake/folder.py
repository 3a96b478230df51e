"""The lake: one Parquet file per table and month, replaced whole or not at all."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

_FILE = "data.parquet"


@dataclass(frozen=True)
class Lake:
    """Paths under the lake's root; a table's folder holds nothing but promoted months."""

    root: Path

    def month_file(self, table: str, month: str) -> Path:
        """Where the month of a table lies, whether or not it is there yet."""
        return self.root / table / f"month={month}" / _FILE

    def months(self, table: str) -> list[str]:
        """The months a table holds, oldest first."""
        found = (p.parent.name.removeprefix("month=") for p in self.root.glob(f"{table}/*/{_FILE}"))
        return sorted(found)

    def present(self, table: str, month: str) -> dict[int, Path]:
        """The file of one month, as `Engine.months` takes it; empty when it is not there."""
        path = self.month_file(table, month)
        return {0: path} if path.exists() else {}

    def column(self, table: str, month: str, column: str) -> set[Any]:
        """The values of one column of a small table's month; empty when it is not there."""
        path = self.month_file(table, month)
        if not path.exists():
            return set()
        return set(pq.read_table(path, columns=[column], partitioning=None)[column].to_pylist())

    def stage_file(self, run_id: str, table: str, month: str, suffix: str = "parquet") -> Path:
        """A place to write a month before it is checked; its folder is made."""
        path = self.root / "_stage" / run_id / f"{table}-{month}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def clear_stage(self, run_id: str) -> None:
        """Forget what a run staged; what it promoted has left the stage already."""
        shutil.rmtree(self.root / "_stage" / run_id, ignore_errors=True)

    def spill_folder(self) -> Path:
        """Where the engine may put what does not fit in memory."""
        return self.root / "_stage" / "spill"

    def promote(self, staged: Path, final: Path) -> None:
        """Put a checked file in its place in one step: readers see the old file or the new one."""
        final.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(final)

    def withdraw(self, table: str, month: str) -> bool:
        """Take a month of a table away; says whether it was there."""
        final = self.month_file(table, month)
        self.csv_file(table, month).unlink(missing_ok=True)
        if not final.exists():
            return False
        final.unlink()
        final.parent.rmdir()
        return True

    def csv_file(self, table: str, month: str) -> Path:
        """The copy of a month that people open in a spreadsheet."""
        return self.root / f"{table}_csv" / f"{month}.csv"

    def archive_file(self, sha256: str) -> Path:
        """The raw bytes with this content hash."""
        return self.root / "archive" / sha256

    def archive(self, source: Path, sha256: str) -> Path:
        """Keep the bytes of a delivered file under their content hash.

        Raises OSError when the bytes copied are not the bytes that were hashed, as when the file
        was still being written.
        """
        kept = self.archive_file(sha256)
        if kept.exists():
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        copy = kept.with_name(f".{sha256}.{os.getpid()}")
        shutil.copyfile(source, copy)
        if content_hash(copy) != sha256:
            copy.unlink()
            raise OSError(
                f"{source}: changed while it was read; wait until it is written, run again"
            )
        copy.replace(kept)
        return kept


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
