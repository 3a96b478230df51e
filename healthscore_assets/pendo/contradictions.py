"""Deliveries that contradict each other, so that none of them can be believed."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.reading.refused import Problem


def without_copies(found: list[Delivery]) -> list[Delivery]:
    """Refuse bytes that an earlier file tells of other months."""
    sizes = Counter(each.path.stat().st_size for each in found if _is_usage(each))
    kept: list[Delivery] = []
    first: dict[tuple[str, str | None], Delivery] = {}
    for delivery in found:
        # The bytes are hashed only where another file has as many.
        if _is_usage(delivery) and sizes[delivery.path.stat().st_size] > 1:
            assert delivery.export is not None
            key = (delivery.sha256, delivery.export.layout.sheet)
            other = first.setdefault(key, delivery)
            if other.months != delivery.months:
                delivery = replace(delivery, export=None, problem=_copy(delivery, other))
        kept.append(delivery)
    return kept


def _is_usage(delivery: Delivery) -> bool:
    return delivery.export is not None and bool(delivery.months)


def without_circles(found: list[Delivery]) -> list[Delivery]:
    """Refuse successors of each other: none of them would be read, and their months withdrawn."""
    older = {
        each.path: each.path.with_name(each.export.replaces)
        for each in found
        if each.export is not None and each.export.replaces is not None
    }
    return [
        replace(each, export=None, problem=_circle(each)) if _in_circle(each.path, older) else each
        for each in found
    ]


def _in_circle(path: Path, older: dict[Path, Path]) -> bool:
    seen = {path}
    at = older.get(path)
    while at is not None and at not in seen:
        seen.add(at)
        at = older.get(at)
    return at == path


def _circle(delivery: Delivery) -> Problem:
    return Problem(
        delivery.source_file,
        "is the successor of a file that is its own successor, by `replaces` of their sidecars",
        "leave `replaces` in the sidecar of the newest file only",
    )


def _copy(delivery: Delivery, other: Delivery) -> Problem:
    return Problem(
        delivery.source_file,
        f"holds the same bytes as {other.source_file}, which tells of {', '.join(other.months)}",
        "delete the one with the wrong month",
    )
