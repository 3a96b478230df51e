"""What there is to tell of a client's month, as the messages of playbooks name it."""

from dataclasses import dataclass
from datetime import date

_MOST = 0.5
"""Share of an area's engagement from which on a visitor did most of it."""


@dataclass(frozen=True)
class Client:
    """Who it is; ``owner`` is the person who looks after it, by the register."""

    id: str
    name: str
    segment: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Health:
    """Composite health from 0 to 100, and its change since the month before in points."""

    score: float
    band: str
    change: float | None = None


@dataclass(frozen=True)
class Component:
    """A component of health that moved.

    ``change`` is what it did to health, in points, and ``by_value`` that part of it that is not a
    change of weights. ``before`` and ``now`` are what was observed, in words.
    """

    name: str
    change: float
    by_value: float
    before: str | None
    now: str | None


@dataclass(frozen=True)
class Usage:
    """Engagement of the month, ``before`` on average in up to three months before it.

    ``change`` is a share, -0.62 for a fall by 62 %; None where there was nothing before.
    """

    engagement: float
    before: float
    change: float | None


@dataclass(frozen=True)
class Area(Usage):
    """The same in one product area."""

    name: str


@dataclass(frozen=True)
class Visitor:
    """Who led in the area that fell most, and does far less there, or nothing.

    ``share`` is that of the area's engagement in the months before; ``engagement`` and ``before``
    are the visitor's own in the area, as `Usage` has them. ``last_day`` is None where exports tell
    no days; ``gone`` says that there was nothing in the month's last weeks.
    """

    id: str
    audience: str
    share: float
    engagement: float
    before: float
    last_day: date | None
    last_month: str
    gone: bool

    @property
    def who(self) -> str:
        """The visitor without an id, which clients know nothing of."""
        if self.share >= _MOST:
            return "the visitor who did most of that work"
        return "the most active visitor there"


@dataclass(frozen=True)
class Renewal:
    """When the contract is to be renewed; ``days`` from the month's end, negative when over."""

    date: date
    days: int


@dataclass(frozen=True)
class Tickets:
    """Support tickets of the last months: those still open, and those with bad words."""

    open: int
    negative: int


@dataclass(frozen=True)
class Overdue:
    """Invoices that were due by the month's end and not paid; the ``oldest`` was due on a day."""

    invoices: int
    amount: float
    oldest: date


@dataclass(frozen=True)
class Story:
    """A client in one month. What is not known is None, and a list of it empty.

    ``measure`` is what engagement counts, in words. Components and areas are those that changed
    most, the largest first; ``visitor`` belongs to the first of ``areas_fell``.
    """

    client: Client
    month: str
    measure: str
    health: Health | None = None
    components_fell: tuple[Component, ...] = ()
    components_rose: tuple[Component, ...] = ()
    usage: Usage | None = None
    areas_fell: tuple[Area, ...] = ()
    areas_rose: tuple[Area, ...] = ()
    visitor: Visitor | None = None
    days_silent: int | None = None
    renewal: Renewal | None = None
    tickets: Tickets | None = None
    overdue: Overdue | None = None
    seats: int | None = None
    active_visitors: int | None = None
