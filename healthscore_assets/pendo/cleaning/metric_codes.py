"""Numbers that stand for a feature and measure while a month is read: integers sort faster."""

from collections.abc import Iterable

import pyarrow as pa

from healthscore_assets.lookups.features import feature_key, tidy
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.export_file import ExportFile


class MetricCodes:
    """Gives each feature and measure of a month a number, as they come by."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], int] = {}

    @classmethod
    def of_columns(
        cls, exports: Iterable[ExportFile], product_areas: ProductAreas
    ) -> "MetricCodes":
        """Numbers of the columns of wide exports, in the order of `cleaned_usage`."""
        columns = {
            (column.feature, column.measure)
            for export in exports
            for column in export.columns
            if column.feature is not None and column.measure is not None
        }
        codes = cls()
        for feature, measure in sorted(
            columns, key=lambda c: (product_areas.published(c[0]), c[1])
        ):
            codes.of(feature, measure)
        return codes

    def told(self) -> list[tuple[str, str]]:
        """The feature, as files spell it, and the measure of each number."""
        return list(self._codes)

    def of(self, feature: str, measure: str) -> int:
        """The number of a feature, as a file spells it, and a measure."""
        return self._codes.setdefault((tidy(feature), measure), len(self._codes))

    def of_each(self, features: pa.ChunkedArray, measure: str) -> pa.Array:
        """The number of each row's feature."""
        encoded = features.combine_chunks().dictionary_encode()
        codes = [self.of(feature, measure) for feature in encoded.dictionary.to_pylist()]
        return pa.array(codes, pa.int32()).take(encoded.indices)

    def in_order(self, product_areas: ProductAreas) -> tuple[list[tuple[str, str]], list[int]]:
        """The metrics as published, in the order of `cleaned_usage`, and the place of each number.

        A feature is published in the lookup's spelling, else in the first of its spellings.
        """
        first: dict[str, str] = {}
        for feature in sorted({feature for feature, _ in self._codes}):
            first.setdefault(feature_key(feature), feature)
        told = [
            (product_areas.published(first[feature_key(feature)]), measure)
            for feature, measure in self._codes
        ]
        metrics = sorted(set(told))
        place = {metric: number for number, metric in enumerate(metrics)}
        return metrics, [place[metric] for metric in told]
