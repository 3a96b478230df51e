"""Names of feature and page ids, from the files ``featureId, name`` that lie beside exports."""

from pathlib import Path

from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import name_of
from healthscore_assets.reading.refused import ExportRefused, Problem


def read_feature_names(path: Path, export: ExportFile) -> dict[str, str]:
    """Each id and its name; a blank name names nothing.

    Raises ExportRefused for an id with two names, naming the row of the second.
    """
    ids = next(n for n in map(export.index, ("feature_id", "page_id")) if n is not None)
    texts = next(n for n in map(export.index, ("feature", "page")) if n is not None)
    names: dict[str, str] = {}
    for batch in tables.batches(path, export.source_file, export.layout, [], [ids, texts]):
        if not len(batch.source_row):
            continue
        cells = (batch.cells[name_of(n)].to_pylist() for n in (ids, texts))
        for row, key, name in zip(batch.source_row.to_pylist(), *cells, strict=True):
            key, name = key.strip(), " ".join(name.split())
            if not key or not name:
                continue
            if names.setdefault(key, name) != name:
                raise ExportRefused(
                    Problem(
                        export.source_file,
                        f"names {key!r} both {names[key]!r} and {name!r}",
                        "keep one of the two rows",
                        row=row,
                    )
                )
    return names
