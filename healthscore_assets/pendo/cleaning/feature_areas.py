"""Where Pendo has the features of a month."""

from collections.abc import Iterable

import pyarrow as pa

from healthscore_assets.lookups.features import feature_key
from healthscore_assets.pendo.export_file import ExportFile

FEATURE_AREA = pa.schema({"feature": pa.string(), "area": pa.string()})


def feature_areas(exports: Iterable[ExportFile], features: Iterable[str]) -> pa.Table:
    """The area of each feature that the definitions beside an export put into one.

    Parameters: ``features`` are those of the month, as they are published.
    Grain: feature, in order; of several areas the first alphabetically.
    """
    told: dict[str, str] = {}
    for export in exports:
        for name, area in export.feature_areas.items():
            key = feature_key(name)
            told[key] = min(told.get(key, area), area)
    named = ((feature, told.get(feature_key(feature))) for feature in sorted(features))
    rows = [{"feature": feature, "area": area} for feature, area in named if area is not None]
    return pa.Table.from_pylist(rows, schema=FEATURE_AREA)
