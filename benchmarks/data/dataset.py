"""The files of a size, made once and used again."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.sizes import WIDE, Size

_MADE = "made.json"


@dataclass(frozen=True)
class Dataset:
    """Exports and lookups in a folder."""

    size: Size
    folder: Path

    @property
    def exports(self) -> Path:
        """The folder of exports, as the graph takes it."""
        return self.folder / "exports"

    @property
    def files(self) -> list[Path]:
        """The exports, oldest first."""
        return sorted((self.exports / "pendo").iterdir())

    @property
    def lookups(self) -> Path:
        """The folder of lookups."""
        return self.folder / "lookups"

    @property
    def bytes(self) -> int:
        """Of all exports."""
        return sum(path.stat().st_size for path in self.files)


def dataset(
    size: Size, seed: int, root: Path, told: Callable[[str], None] = lambda _: None
) -> Dataset:
    """The files of a size, written unless the same were written before."""
    found = Dataset(size, root / f"{size.name}-{size.months}-months-seed-{seed}")
    made, wanted = found.folder / _MADE, {**asdict(size), "seed": seed, "made_by": _made_by()}
    if made.exists() and json.loads(made.read_text()) == wanted:
        return found
    # Loaded only where files are to be written.
    from benchmarks.data.event_exports import write_events
    from benchmarks.data.product import write_lookups
    from benchmarks.data.wide_exports import write_wide

    shutil.rmtree(found.folder, ignore_errors=True)
    (found.exports / "pendo").mkdir(parents=True)
    write_lookups(size, found.lookups)
    write = write_wide if size.shape == WIDE else write_events
    for path in write(size, seed, found.exports / "pendo"):
        told(f"{size.name}: {path.name} written")
    made.write_text(json.dumps(wanted))
    return found


def _made_by() -> str:
    """Files of another generator are made again."""
    code = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join(code)).hexdigest()
