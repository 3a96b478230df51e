"""How much data there is: the sizes of a full run, and small ones for trying out."""

from dataclasses import dataclass

WIDE = "wide"
EVENTS = "events"


@dataclass(frozen=True)
class Size:
    """Months of exports; ``rows`` are those of a month.

    ``shape`` is `WIDE`, CSV with a row per visitor and a column per feature, or `EVENTS`, Parquet
    with a row per visitor, feature and day, as Pendo's API tells them.
    """

    name: str
    shape: str
    months: int
    rows: int
    visitors: int
    features: int
    clients: int
    areas: int = 10
    first_year: int = 2021

    def all_months(self) -> list[str]:
        """``YYYY-MM``, oldest first."""
        return [month_after(f"{self.first_year}-01", n) for n in range(self.months)]

    @property
    def cells(self) -> int:
        """Numbers of usage: a count per event, or per visitor and feature, zeros too."""
        return self.months * self.rows * (self.features if self.shape == WIDE else 1)


def month_after(month: str, months: int) -> str:
    """The month so many later."""
    year, zero_based = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + months, 12)
    return f"{year}-{zero_based + 1:02}"


def wide(name: str, months: int, visitors: int, features: int) -> Size:
    """A size with a row per visitor, and twenty visitors per client."""
    return Size(name, WIDE, months, visitors, visitors, features, clients=visitors // 20)


def events(name: str, months: int, visitors: int) -> Size:
    """A size of events: a visitor of a month has 125, five on each of 25 days."""
    rows = visitors * 125
    return Size(name, EVENTS, months, rows, visitors, features=150, clients=visitors // 20)


FULL = {
    size.name: size
    for size in (
        wide("S", 12, 20_000, 100),
        wide("M", 36, 100_000, 150),
        events("L", 12, 200_000),
    )
}
"""The sizes of RESULTS.md."""

TRIAL = {
    size.name: size
    for size in (
        wide("XS", 4, 2_000, 30),
        events("XS-events", 2, 400),
        wide("M-short", 3, 100_000, 150),
        events("L-tenth", 12, 20_000),
    )
}
"""Sizes that show in minutes whether everything works."""

ALL = {**FULL, **TRIAL}
