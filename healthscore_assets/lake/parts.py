"""Parts of a table on their way, in the store, where every machine that works on it finds them."""

import os
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from healthscore_assets.lake.store import Store

_FOLDER = re.compile(r"_stage/parts-(\d+)-[0-9a-f]{32}/[^/]+")


@dataclass(frozen=True)
class Parts:
    """What the tasks of one writing hand in; no two attempts of a task hand in the same file."""

    store: Store
    folder: str

    @classmethod
    def new(cls, store: Store, now: float) -> "Parts":
        """Parameters: ``now`` in epoch seconds, by which what is left behind is known as old."""
        return cls(store, f"_stage/parts-{int(now)}-{uuid.uuid4().hex}")

    def local(self) -> Path:
        """A place on this machine for a part that is being written."""
        path = self.store.workshop / f"part-{uuid.uuid4().hex}" / "part.parquet"
        path.parent.mkdir(parents=True)
        return path

    def put(self, written: Path, number: int) -> str:
        """Hand in the part of a task; returns its key."""
        key = f"{self.folder}/{number:06}-{uuid.uuid4().hex}.parquet"
        self.store.put(written, key)
        self.store.forget(key)
        return key

    def put_copy(self, file: Path) -> str:
        """Hand in a file that stays where it is; returns its key."""
        link = self.local()
        os.link(file, link)
        try:
            return self.put(link, 0)
        finally:
            shutil.rmtree(link.parent)

    def clear(self) -> None:
        """Forget every part, those of tasks that were lost too."""
        for key in self.store.keys(self.folder):
            self.store.delete(key)
            self.store.forget(key)


def sweep_parts(store: Store, before: float) -> int:
    """Remove the parts that killed processes left before a time in epoch seconds; how many."""
    old = [
        key
        for key in store.keys("_stage")
        if (told := _FOLDER.fullmatch(key)) and int(told[1]) < before
    ]
    for key in old:
        store.delete(key)
    return len(old)
