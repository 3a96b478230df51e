"""The months the sample exports cover, and how the calendar bends usage in them."""

from calendar import monthrange

MONTHS: tuple[str, ...] = tuple(
    f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)
)

# Dips stay under the 10 % at which momentum leaves `flat`: a season is no story.
SEASON: dict[str, float] = {"07": 0.97, "08": 0.95, "12": 0.95}


def season(month: str) -> float:
    """Usage of `month` against an ordinary month."""
    return SEASON.get(month[5:], 1.0)


def days_in(month: str) -> int:
    """Calendar days of `month`: no one is active on more."""
    return monthrange(int(month[:4]), int(month[5:]))[1]
