"""The product whose usage is measured, and the lookups that describe it."""

import shutil
from pathlib import Path

from benchmarks.data.people import INTERNAL_DOMAIN
from benchmarks.sizes import WIDE, Size

_SETTINGS = Path(__file__).parents[2] / "lookups" / "scoring.yaml"

UNMAPPED = 2
"""The last features are in no area."""


def feature_name(feature: int, areas: int) -> str:
    """As in the headers of reports."""
    return f"Area {feature % areas:02} | Feature {feature:03}"


def feature_id(feature: int) -> str:
    """As the API tells it."""
    return f"ft_{feature:03}"


def write_lookups(size: Size, folder: Path) -> None:
    """The lookups that every project has; the settings are the defaults."""
    folder.mkdir(parents=True)
    lines = ["feature,area,tier"]
    for feature in range(size.features - UNMAPPED):
        name = feature_name(feature, size.areas) if size.shape == WIDE else feature_id(feature)
        tier = "advanced" if feature % 3 == 0 else "core"
        lines.append(f"{name},Area {feature % size.areas:02},{tier}")
    (folder / "product_areas.csv").write_text("\n".join(lines) + "\n")
    (folder / "internal_domains.csv").write_text(f"domain\n{INTERNAL_DOMAIN}\n")
    shutil.copyfile(_SETTINGS, folder / "scoring.yaml")
