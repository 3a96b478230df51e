"""The story of a client in one month, from the tables of the lake."""

from collections.abc import Mapping
from datetime import date, timedelta
from math import fsum
from typing import Any

import ibis

from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.months import days_in, shift
from healthscore_assets.lookups.product_areas import UNMAPPED
from healthscore_assets.risk.playbooks.papers import overdue_of, tickets_of
from healthscore_assets.risk.playbooks.story_parts import (
    Area,
    Client,
    Component,
    Health,
    Renewal,
    Story,
    Usage,
    Visitor,
)
from healthscore_assets.scoring.health.words import observed, words_of

COMPARED_MONTHS = 3
"""Months before the one at hand whose mean is what there was before."""

STORY_TABLES: Mapping[str, int] = {
    **dict.fromkeys(("client_scores", "client_area_month", "area_engagement"), COMPARED_MONTHS),
    "visitor_activity": COMPARED_MONTHS,
    "health_scores": 1,
    "health_drivers": 1,
    "structural_risk": 0,
    "client_profile": 0,
    "accounts": 0,
    "support_tickets": COMPARED_MONTHS,
    "invoices": 14,
}
"""The tables that a story is told from, each with how many months back."""

_SHOWN = 3
_NOTABLE_SHARE = 0.1
"""Areas that changed by less are not worth a word: they are flat, as momentum has it."""

_NOTABLE_POINTS = 0.5
_FAR_LESS = 0.5
_QUIET_DAYS = 14

_MEASURES = {"page_views": "page views", "days_active": "active days"}
"""What engagement counts, in words; other measures are words already."""


def client_story(
    engine: Engine,
    tables: Mapping[str, ibis.Table],
    client_id: str,
    month: str,
    measure: str = "clicks",
) -> Story:
    """What there is to tell of a client.

    Parameters: ``tables`` are those of `STORY_TABLES`, with ``months_ago``; any may be missing or
    empty, and its part of the story is None then. Feeds are as `with_clients` gives them. One
    month is held against those of `COMPARED_MONTHS` that were whole, with the client in the base.
    ``measure`` is the setting.
    """
    read = _Reader(engine, tables, client_id, month)
    who, profile = read.one("client_scores"), read.one("client_profile")
    fell, rose = _components(read)
    usage, areas = _usage(read)
    areas_fell = [a for a in areas if a.change is not None and a.change <= -_NOTABLE_SHARE]
    areas_rose = [a for a in areas if a.change is None or a.change >= _NOTABLE_SHARE]
    return Story(
        client=Client(
            client_id,
            who.get("client_name") or client_id,
            profile.get("segment"),
            read.one("accounts").get("owner"),
        ),
        month=month,
        measure=_MEASURES.get(measure, measure),
        health=_health(read),
        components_fell=fell,
        components_rose=rose,
        usage=usage,
        areas_fell=tuple(areas_fell[:_SHOWN]),
        areas_rose=tuple(areas_rose[::-1][:_SHOWN]),
        visitor=_visitor(read, areas_fell[0].name) if areas_fell else None,
        days_silent=read.one("structural_risk").get("days_since_last_activity"),
        renewal=_renewal(read, profile.get("renewal_date")),
        tickets=tickets_of(engine, read.table("support_tickets"), client_id, read.last_day),
        overdue=overdue_of(engine, read.table("invoices"), client_id, read.last_day),
        seats=profile.get("seats"),
        active_visitors=profile.get("active_visitors"),
    )


class _Reader:
    """The client's rows of the tables, few as they are."""

    def __init__(
        self, engine: Engine, tables: Mapping[str, ibis.Table], client_id: str, month: str
    ) -> None:
        self.engine, self.tables, self.client_id, self.month = engine, tables, client_id, month
        self.last_day = date.fromisoformat(f"{month}-{days_in(month)}")

    def table(self, name: str) -> ibis.Table | None:
        """A table with all clients; None where there is none."""
        return self.tables.get(name)

    def own(self, name: str) -> ibis.Table | None:
        """The client's part of a table, as far back as it is read."""
        table = self.tables.get(name)
        if table is None:
            return None
        mine = table.client_id == self.client_id
        return table.filter(mine & (table.months_ago <= STORY_TABLES[name]))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The client's rows of a table that has few for each."""
        own = self.own(name)
        return [] if own is None else self.engine.rows(own)

    def one(self, name: str, ago: int = 0) -> dict[str, Any]:
        """The client's row in a month; without columns where there is none."""
        found = [row for row in self.rows(name) if row["months_ago"] == ago]
        return found[0] if found else {}

    @property
    def compared(self) -> list[int]:
        """The months that the one at hand is held against; none where it is not whole itself."""
        whole = {row["months_ago"] for row in self.rows("client_scores") if not row["partial"]}
        return sorted(whole - {0}) if 0 in whole else []


def _health(read: _Reader) -> Health | None:
    now, before = read.one("health_scores"), read.one("health_scores", 1)
    if now.get("health") is None:
        return None
    was = before.get("health")
    return Health(now["health"], now["band"], None if was is None else now["health"] - was)


def _components(read: _Reader) -> tuple[tuple[Component, ...], tuple[Component, ...]]:
    """The components whose own score took most from health, and gave most to it."""
    drivers = read.rows("health_drivers")
    before = {row["component"]: row["value"] for row in drivers if row["months_ago"] == 1}
    moved = [
        Component(
            name=words_of(row["component"]),
            change=row["points_change"],
            by_value=row["value_effect"],
            before=_told(row["component"], before.get(row["component"])),
            now=_told(row["component"], row["value"]),
        )
        for row in drivers
        if row["months_ago"] == 0 and abs(row["value_effect"] or 0.0) >= _NOTABLE_POINTS
    ]
    moved.sort(key=lambda each: (each.by_value, each.name))
    fell = [each for each in moved if each.by_value < 0]
    rose = [each for each in reversed(moved) if each.by_value > 0]
    return tuple(fell[:_SHOWN]), tuple(rose[:_SHOWN])


def _told(component: str, value: float | None) -> str | None:
    return None if value is None else observed(component, value)


def _usage(read: _Reader) -> tuple[Usage | None, list[Area]]:
    """Engagement in all, and by area, the one that fell most first."""
    compared = read.compared
    if not compared:
        return None, []
    now: dict[str, float] = {}
    before: dict[str, float] = {}
    for row in read.rows("client_area_month"):
        if row["audience"] != "all" or row["area"] == UNMAPPED:
            continue
        if row["months_ago"] == 0:
            now[row["area"]] = row["engagement"]
        elif row["months_ago"] in compared:
            before[row["area"]] = before.get(row["area"], 0.0) + row["engagement"]
    mean = {area: total / len(compared) for area, total in before.items()}
    areas = [
        Area(*_change(now.get(area, 0.0), mean.get(area, 0.0)), name=area)
        for area in sorted({*now, *mean})
    ]
    areas.sort(key=lambda area: (round(area.engagement - area.before, 6), area.name))
    return Usage(*_change(fsum(now.values()), fsum(mean.values()))), areas


def _change(now: float, before: float) -> tuple[float, float, float | None]:
    return now, before, round(now / before - 1, 9) if before else None


def _visitor(read: _Reader, area: str) -> Visitor | None:
    """Who did most in the area in the months before, external first; None where it still does."""
    used, compared = read.own("area_engagement"), read.compared
    if used is None:
        return None
    there = used.filter(used.area == area)
    past = there.months_ago.isin(compared)
    named = there.filter(there.visitor_id.notnull())
    leaders = named.group_by("visitor_id", "audience").aggregate(
        before=exact_sum(named.engagement, where=named.months_ago.isin(compared)),
        now=exact_sum(named.engagement, where=named.months_ago == 0),
    )
    leaders = leaders.filter(leaders.before > 0)
    external = (leaders.audience == "external").cast("int64")
    order = (ibis.desc(external), ibis.desc(leaders.before), leaders.visitor_id)
    found = read.engine.rows(leaders.order_by(*order).limit(1))
    if not found:
        return None
    (total,) = read.engine.rows(there.aggregate(all=exact_sum(there.engagement, where=past)))
    leader, mean = found[0], found[0]["before"] / len(compared)
    engagement = leader["now"] or 0.0
    if engagement > _FAR_LESS * mean:
        return None
    last_day, last_month = _last_seen(read, used, leader["visitor_id"])
    quiet = read.last_day - timedelta(days=_QUIET_DAYS)
    return Visitor(
        id=leader["visitor_id"],
        audience=leader["audience"],
        share=leader["before"] / total["all"],
        engagement=engagement,
        before=mean,
        last_day=last_day,
        last_month=last_month,
        gone=last_month < read.month if last_day is None else last_day <= quiet,
    )


def _last_seen(read: _Reader, used: ibis.Table, visitor_id: str) -> tuple[date | None, str]:
    """The last day of a visitor's usage, and its month; no day where that month tells none."""
    own = used.filter(used.visitor_id == visitor_id)
    (newest,) = read.engine.rows(own.aggregate(ago=own.months_ago.min()))
    ago, days = newest["ago"], read.own("visitor_activity")
    if days is not None:
        days = days.filter(days.visitor_id == visitor_id)
        (last,) = read.engine.rows(
            days.aggregate(ago=days.months_ago.min(), day=days.last_active_day.max())
        )
        if last["ago"] is not None and last["ago"] <= ago:
            return last["day"], shift(read.month, -last["ago"])
    return None, shift(read.month, -ago)


def _renewal(read: _Reader, when: date | None) -> Renewal | None:
    return None if when is None else Renewal(when, (when - read.last_day).days)
