"""The lookup from feature to product area."""

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from healthscore_assets.lookups.csv_file import read_rows
from healthscore_assets.lookups.features import feature_key
from healthscore_assets.lookups.refused import LookupRefused

UNMAPPED = "Unmapped"
"""The area of every feature the lookup does not list: counted and reported, never scored."""


@dataclass(frozen=True)
class ProductAreas:
    """Features as the lookup spells them, their areas and tiers, each by `feature_key`.

    ``tiered`` says that its lines have a third cell.
    """

    spelling: dict[str, str]
    area: dict[str, str]
    tiered: bool = False
    tier: dict[str, str] = field(default_factory=dict)

    def published(self, feature: str) -> str:
        """The lookup's spelling of a feature, or the given one where it is not listed."""
        return self.spelling.get(feature_key(feature), feature)

    def areas(self) -> list[str]:
        """Every area, in alphabetical order."""
        return sorted(set(self.area.values()))

    def rows(self) -> pa.Table:
        """Columns ``feature_key, area, tier``, one row per feature; the tier may be null."""
        columns = {
            "feature_key": list(self.area),
            "area": list(self.area.values()),
            "tier": [self.tier.get(key) for key in self.area],
        }
        return pa.table(columns, schema=pa.schema({name: pa.string() for name in columns}))


def read_product_areas(path: Path) -> ProductAreas:
    """Read ``feature, area[, tier]``.

    Raises LookupRefused for a bad line, two areas for one feature, an area named Unmapped, a tier
    other than ``core`` and ``advanced``, or no feature at all.
    """
    spelling: dict[str, str] = {}
    area: dict[str, str] = {}
    tier: dict[str, str] = {}
    tiered = False
    for line, row in read_rows(path, required=("feature", "area"), optional=("tier",)):
        tiered = "tier" in row
        key, place = feature_key(row["feature"]), f"line {line}"
        if row["area"].lower() == UNMAPPED.lower():
            raise LookupRefused(
                path,
                f"{place}, column area",
                f"{row['area']!r} is the name for features that are not listed here",
                "delete the line or name an area",
            )
        if row.get("tier", "") not in ("", "core", "advanced"):
            raise LookupRefused(
                path,
                f"{place}, column tier",
                f"expected core or advanced, found {row['tier']!r}",
                "change it or leave it blank",
            )
        if area.setdefault(key, row["area"]) != row["area"]:
            raise LookupRefused(
                path,
                place,
                f"feature {row['feature']!r} is in area {row['area']!r} here and in "
                f"{area[key]!r} above",
                "keep one of the two lines",
            )
        spelling.setdefault(key, row["feature"])
        if row.get("tier"):
            tier.setdefault(key, row["tier"])
    if not area:
        raise LookupRefused(path, "", "lists no feature", "add a line: feature, area")
    return ProductAreas(spelling, area, tiered, tier)
