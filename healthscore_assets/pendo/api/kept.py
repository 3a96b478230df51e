"""Pages that are kept until their month is whole, so that a pull that broke off goes on from them.

They lie in a hidden folder beside the month's file, a Parquet file each. Pages are used again only
for the request that they were got by, and for a day.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from healthscore_assets.pendo.api.bodies import Window
from healthscore_assets.pendo.api.pages import SCHEMA, Page

_FOR = timedelta(days=1)
_REQUEST = "request.json"
_SPLIT = ".split"
_THEN, _DIGEST = b"then", b"digest"


@dataclass(frozen=True)
class KeptPage:
    """A page on disk: how many rows, and the visitor that the next one begins with."""

    path: Path
    rows: int
    then: str | None
    digest: str


def clear_old(folder: Path, at: datetime) -> None:
    """Take away the pages of all months in a folder that nobody may use any more."""
    for each in folder.iterdir():
        if each.is_dir() and not _is_fresh(_request_of(each), at):
            shutil.rmtree(each, ignore_errors=True)


class Kept:
    """The pages of one month. One process at a time uses the folder."""

    def __init__(self, folder: Path, asked: str, at: datetime) -> None:
        """Open the folder, empty unless it holds pages of the same request that are fresh.

        Parameters: ``asked`` is all that the request depends on, the key included: only its hash
        is written. ``at`` is the time, with its zone.
        """
        self.folder = folder
        self._pages: dict[str, KeptPage] = {}
        asked = hashlib.sha256(asked.encode()).hexdigest()
        if not self._is_of(asked, at) or not self._read():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            told = {"asked": asked, "since": at.isoformat()}
            self._put(folder / _REQUEST, json.dumps(told).encode())
            self._pages = {}
        self.found = len(self._pages)

    @property
    def answer(self) -> Path:
        """Where an answer is put while it is read."""
        return self.folder / "answer.json"

    def page(self, window: Window, number: int) -> KeptPage | None:
        """A page that is there already."""
        return self._pages.get(_name(window, number))

    def knows(self, page: Page) -> bool:
        """Whether the same rows, which no two pages of a month have, are there already."""
        return page.rows.num_rows > 0 and page.digest() in {p.digest for p in self._pages.values()}

    def keep(self, window: Window, number: int, page: Page) -> KeptPage:
        """Write a page down."""
        name = _name(window, number)
        path, digest = self.folder / f"{name}.parquet", page.digest()
        told = {_DIGEST: digest.encode(), _THEN: json.dumps(page.then).encode()}
        sink = pa.BufferOutputStream()
        rows = page.rows.replace_schema_metadata(told)
        pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
        self._put(path, sink.getvalue())
        self._pages[name] = KeptPage(path, page.rows.num_rows, page.then, digest)
        return self._pages[name]

    def is_split(self, window: Window) -> bool:
        """Whether the window was too much, and is got in halves."""
        return (self.folder / f"{window.name}{_SPLIT}").exists()

    def split(self, window: Window) -> None:
        """Remember that it is, and forget its pages."""
        self._put(self.folder / f"{window.name}{_SPLIT}", b"")
        self.forget(window)

    def forget(self, window: Window) -> None:
        """Take the pages of a window away."""
        for name in [n for n in self._pages if n.startswith(f"{window.name}.")]:
            self._pages.pop(name).path.unlink()

    @property
    def pages(self) -> list[KeptPage]:
        """All of them."""
        return [*self._pages.values()]

    def clear(self) -> None:
        """Take them away, once the month is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_of(self, asked: str, at: datetime) -> bool:
        told = _request_of(self.folder)
        return told.get("asked") == asked and _is_fresh(told, at)

    def _read(self) -> bool:
        """Whether all pages in the folder can be read; those of windows split since are left."""
        split = tuple(f"{p.name.removesuffix(_SPLIT)}." for p in self.folder.glob(f"*{_SPLIT}"))
        for path in self.folder.glob("*.parquet"):
            if path.name.startswith(split):
                path.unlink()
                continue
            try:
                rows = pq.read_table(path, partitioning=None, page_checksum_verification=True)
            except (pa.ArrowException, OSError):
                return False
            told = rows.schema.metadata or {}
            if not rows.schema.equals(SCHEMA) or not {_THEN, _DIGEST} <= told.keys():
                return False
            then, digest = json.loads(told[_THEN]), told[_DIGEST].decode()
            self._pages[path.stem] = KeptPage(path, rows.num_rows, then, digest)
        return True

    def _put(self, path: Path, content: bytes | pa.Buffer) -> None:
        """The whole file or none of it, also where the machine goes down."""
        beside = path.with_name(f"{path.name}.tmp")
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)


def _request_of(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / _REQUEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_fresh(told: dict[str, Any], at: datetime) -> bool:
    try:
        age = at - datetime.fromisoformat(told["since"])
    except (KeyError, TypeError, ValueError):
        return False
    return timedelta() <= age < _FOR


def _name(window: Window, number: int) -> str:
    return f"{window.name}.{number:06}"
