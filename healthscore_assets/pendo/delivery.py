"""A table of the inbox, as it was delivered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from healthscore_assets.lake.content import hash_of
from healthscore_assets.pendo.definitions import (
    Definition,
)
from healthscore_assets.pendo.export_file import (
    ExportFile,
)
from healthscore_assets.pendo.fivetran.days import Synced
from healthscore_assets.pendo.fivetran.tables import DEFINING, PEOPLE
from healthscore_assets.pendo.fivetran.versions import Version
from healthscore_assets.pendo.headers.shapes import FEATURE_NAMES
from healthscore_assets.reading.refused import Problem


@dataclass(frozen=True)
class Delivery:
    """A table of the inbox: what it is, or why it cannot be used.

    ``months`` are those it tells of, even when it is refused for another reason; a file of
    ``definitions`` of feature ids tells of none, nor does one of people. ``ids`` are those that an
    export uses, ``versions`` the rows of a definition table, ``synced`` when the rows of each day
    were synced first and last.
    """

    path: Path
    source_file: str
    months: tuple[str, ...]
    export: ExportFile | None
    problem: Problem | None
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    versions: tuple[Version, ...] = ()
    synced: Synced = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes."""
        try:
            return hash_of(self.path)
        except OSError as error:
            if self.problem is None:
                raise
            return f"not read: {error.strerror}"  # another file once it can be read

    @property
    def is_names(self) -> bool:
        """Whether it names features instead of telling of their use."""
        return self.export is not None and self.export.shape in (FEATURE_NAMES, *DEFINING)

    @property
    def is_of_people(self) -> bool:
        """Whether it tells who clients or visitors are."""
        return self.export is not None and self.export.shape in PEOPLE
