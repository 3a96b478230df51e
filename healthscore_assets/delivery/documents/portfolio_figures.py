"""What the portfolio of the week is told from: sums over all clients, and who moved most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from healthscore_assets.contracts.alerts import Tier
from healthscore_assets.lake.months import shift

HISTORY_MONTHS = 12
"""Months that the chart shows, the newest itself counted."""

RENEWAL_DAYS = 90
"""A renewal within these days is soon."""


@dataclass(frozen=True)
class Group:
    """Some clients: how many, and the sum of the ARR of those of which it is ``known``."""

    clients: int
    arr: float
    known: int

    def __add__(self, other: "Group") -> "Group":
        return Group(self.clients + other.clients, self.arr + other.arr, self.known + other.known)


NOBODY = Group(0, 0.0, 0)


@dataclass(frozen=True)
class ScoredMonth:
    """The clients of a month by band; None is the band of those without a health."""

    month: str
    partial: bool
    bands: Mapping[str | None, Group]

    @property
    def all(self) -> Group:
        """Everybody."""
        return sum(self.bands.values(), NOBODY)

    @property
    def with_health(self) -> int:
        """How many clients have a health, and so a band."""
        return self.all.clients - self.bands.get(None, NOBODY).clients


@dataclass(frozen=True)
class Mover:
    """A client whose health rose or fell since the month before; ``arr`` where it is known."""

    client_id: str
    client_name: str
    health: float
    before: float
    arr: float | None


@dataclass(frozen=True)
class AlertCounts:
    """Alerts that are not folded into others, by the newest ``month`` of the ledger.

    ``opened`` are those of that month, ``open`` by tier those that somebody is to act on, of which
    ``acknowledged`` have been taken on and ``overdue`` have not by their day.
    """

    month: str
    opened: int
    open: Mapping[Tier, int]
    acknowledged: int
    overdue: int


@dataclass(frozen=True)
class Portfolio:
    """All clients together, as told on ``today``.

    ``months`` are the scored ones of the last `HISTORY_MONTHS`, oldest first. ``at_risk`` are
    clients in the red band or with an open alert of tier high, ``renewing`` those of them whose
    contract renews within `RENEWAL_DAYS`. ``alerts`` is None before the ledger knows a month.
    """

    today: date
    months: tuple[ScoredMonth, ...]
    risers: tuple[Mover, ...]
    fallers: tuple[Mover, ...]
    at_risk: Group
    renewing: Group
    alerts: AlertCounts | None

    @property
    def newest(self) -> ScoredMonth:
        """The month that is told of."""
        return self.months[-1]

    @property
    def before(self) -> ScoredMonth | None:
        """The month that it is held against; None where that one has no scores."""
        wanted = shift(self.newest.month, -1)
        return next((each for each in self.months if each.month == wanted), None)
