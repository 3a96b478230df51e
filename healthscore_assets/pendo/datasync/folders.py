"""Which files in a folder are of Data Sync exports, and which exports are not whole there."""

from collections.abc import Iterable
from pathlib import Path

from healthscore_assets.lake.content import version_of
from healthscore_assets.pendo.datasync.bill import COUNTER, MANIFEST, is_bill, listed
from healthscore_assets.reading.formats.datasync import BILL
from healthscore_assets.reading.refused import ExportRefused, Problem

_MATCHED = "matchedEvents"
_PARTS = ("allevents", "allfeatures", "allpages", "alltracktypes")
"""How the names of an export's files begin that lie beside its bill."""


def without_parts(paths: Iterable[Path], inbox: Path) -> list[Path]:
    """The bills, and the files that are of no export; a bill in the inbox itself has none.

    A manifest is left where its exports are not.
    """
    paths = list(paths)
    exports = {path.parent for path in paths if is_bill(path)} - {inbox}
    above = {folder.parent for folder in exports}
    manifests = {path.parent for path in paths if path.name == MANIFEST}
    return [
        path
        for path in paths
        if is_bill(path)
        or not (
            exports.intersection(path.parents)
            or (path.name == MANIFEST and path.parent in above)
            or (path.name == COUNTER and path.parent in manifests)
        )
    ]


def problem_of(path: Path, source_file: str) -> Problem | None:
    """Why a file that belongs to an export is not read, where the export's bill is not there."""
    if path.name == MANIFEST:
        return _of_manifest(path, source_file)
    if path.suffix.lower() == ".avro" and (
        _MATCHED in path.parts or path.name.lower().startswith(_PARTS)
    ):
        what = f"is of a Data Sync export, whose {BILL} is not there"
        return Problem(source_file, what, "copy the export again, with all its files")
    return None


def _of_manifest(path: Path, source_file: str) -> Problem:
    try:
        count = len(listed(path, version_of(path)))
    except ExportRefused as refused:
        return refused.problem
    return Problem(
        source_file,
        f"lists {count} Data Sync exports, none of which is here",
        "copy their folders beside it",
    )
