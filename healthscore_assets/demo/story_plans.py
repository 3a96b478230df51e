"""What the clients of `stories` do, month by month, so that their scores tell it."""

from collections.abc import Callable

from healthscore_assets.demo.clients import EVERY_MONTH, NEVER, Group, Plan
from healthscore_assets.demo.product import AREAS, NEW_AREA_LAUNCHED
from healthscore_assets.demo.window import MONTHS

_ALL_AREAS = (True,) * len(AREAS)


def _from(first: str, factor: Callable[[int], float]) -> tuple[float, ...]:
    """1.0 before `first`, then `factor(1)`, `factor(2)`, ..."""
    start = MONTHS.index(first)
    return tuple(1.0 if at < start else factor(at - start + 1) for at in range(len(MONTHS)))


def _until(last: str) -> tuple[bool, ...]:
    return tuple(month <= last for month in MONTHS)


def _since(first: str) -> tuple[bool, ...]:
    return tuple(month >= first for month in MONTHS)


def _absent(first: str, last: str) -> tuple[bool, ...]:
    return tuple(not first <= month <= last for month in MONTHS)


# 1.1 a month from those who are there and 1.125 times the people: twelve times as much in a year.
_GROWTH = _from("2025-01", lambda step: round(1.1**step, 6))
_ARRIVALS = tuple(
    min(1.0, 0.25 * rise) for rise in _from("2025-01", lambda step: round(1.125**step, 6))
)

PLANS: dict[str, Plan] = {
    "dying": Plan(
        groups=(Group(55, 1.3),),
        areas=_ALL_AREAS,
        level=_from("2025-05", lambda step: round(0.70**step, 6)),
        reach=_from("2025-05", lambda step: round(0.85**step, 6)),
    ),
    "silent": Plan(groups=(Group(26, 1.1),), areas=_ALL_AREAS, listed=_until("2025-08")),
    "silent_listed": Plan(
        groups=(Group(18, 1.0),), areas=_ALL_AREAS, reach=_from("2025-10", lambda _: 0.0)
    ),
    "growing": Plan(groups=(Group(42, 0.36),), areas=_ALL_AREAS, level=_GROWTH, reach=_ARRIVALS),
    "champion": Plan(
        groups=(Group(1, 6.0, thorough=True), Group(7, 0.06)), areas=_ALL_AREAS, level=EVERY_MONTH
    ),
    "big_thin": Plan(groups=(Group(170, 0.3),), areas=_ALL_AREAS),
    "small_deep": Plan(groups=(Group(3, 2.1, thorough=True),), areas=_ALL_AREAS),
    "launch": Plan(
        groups=(Group(40, 1.1, thorough=True),),
        areas=_ALL_AREAS,
        adopts=MONTHS.index(NEW_AREA_LAUNCHED),
    ),
    "vendor_run": Plan(groups=(Group(4, 0.25), Group(14, 1.8, internal=True)), areas=_ALL_AREAS),
    "returns": Plan(
        groups=(Group(20, 1.0),), areas=_ALL_AREAS, listed=_absent("2025-01", "2025-05")
    ),
    "steady": Plan(groups=(Group(34, 1.0),), areas=_ALL_AREAS, adopts=NEVER),
    # As many people, listed as long, as the ordinary client at the same place would have: with
    # another number every random draw after them would move, and with it every other client.
    "unhappy_heavy": Plan(groups=(Group(44, 2.4),), areas=_ALL_AREAS, turnover=True),
    "quiet_happy": Plan(groups=(Group(16, 0.12),), areas=_ALL_AREAS, turnover=True),
    "champion_left": Plan(
        # The second of the two leaves: `reach` takes the last of a group first.
        groups=(Group(2, 3.0, thorough=True), Group(1, 1.2), Group(1, 0.9), Group(1, 0.7)),
        areas=_ALL_AREAS,
        reach=_from("2025-09", lambda _: 0.7),
    ),
    "late_payer": Plan(groups=(Group(33, 1.0),), areas=_ALL_AREAS, turnover=True),
    "onboarding": Plan(
        groups=(Group(19, 1.0),),
        areas=_ALL_AREAS,
        level=_from("2025-09", lambda step: 0.4 + 0.2 * step),
        reach=_from("2025-09", lambda step: (step - 1) / 3),
        listed=_since("2025-09"),
        turnover=True,
    ),
    "three_missing": Plan(groups=(Group(16, 0.9),), areas=_ALL_AREAS, turnover=True),
}
