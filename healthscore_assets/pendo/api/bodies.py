"""What is asked of the Aggregation API.

Sources: Pendo's own examples (github.com/pendo-io/pendo-ETL-API-calls), and connectors that have
run against it for years (singer-io/tap-pendo, Airbyte's source-pendo).
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Body = dict[str, Any]

KEYS = ("visitorId", "accountId", "featureId", "day")
COUNTS = ("numEvents", "numMinutes")

_ALL_APPS = {"appId": 'expandAppIds("*")'}
"""Without it Pendo tells of the subscription's first application alone."""


@dataclass(frozen=True)
class Window:
    """Days that are asked for at once: of the subscription's time zone, whichever that is."""

    first: date
    days: int

    @property
    def last(self) -> date:
        """The last day, included."""
        return self.first + timedelta(days=self.days - 1)

    @property
    def name(self) -> str:
        """As part of a file's name."""
        return f"{self.first}+{self.days}"

    def halves(self) -> tuple["Window", "Window"]:
        """The first one is the longer, of an odd number of days."""
        days = (self.days + 1) // 2
        after = self.first + timedelta(days=days)
        return Window(self.first, days), Window(after, self.days - days)

    def __str__(self) -> str:
        return f"{self.first} to {self.last}" if self.days > 1 else str(self.first)


def features_body() -> Body:
    """Every feature: its id, its name, the group that it belongs to."""
    pipeline: list[Body] = [{"source": {"features": _ALL_APPS}}, {"sort": ["id"]}]
    return _request("healthscore features", pipeline)


def events_body(window: Window, begins_with: str | None, limit: int) -> Body:
    """A page of the use of features in a window: a row per visitor, account, feature and day.

    Sorted by visitor, from ``begins_with`` on where that is given.
    """
    pipeline = [_events(window)]
    if begins_with is not None:
        pipeline.append({"filter": f"visitorId >= {quoted(begins_with)}"})
    sums = [{name: {"sum": name}} for name in COUNTS]
    pipeline += [
        {"group": {"group": [*KEYS], "fields": sums}},
        {"sort": [*KEYS]},
        {"limit": limit},
    ]
    return _request(f"healthscore {window.name}", pipeline)


def days_body(window: Window) -> Body:
    """How often features were used on each day of a window: what its pages must add up to."""
    pipeline: list[Body] = [
        _events(window),
        {"group": {"group": ["day"], "fields": [{"numEvents": {"sum": "numEvents"}}]}},
        {"sort": ["day"]},
    ]
    return _request(f"healthscore days of {window.name}", pipeline)


def quoted(text: str) -> str:
    """A text as a literal of a filter: in double quotes, with the escapes of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _events(window: Window) -> Body:
    first = window.first
    day = f"date({first.year}, {first.month}, {first.day})"
    series = {"period": "dayRange", "first": day, "count": window.days}
    return {"source": {"featureEvents": _ALL_APPS, "timeSeries": series}}


def _request(name: str, pipeline: list[Body]) -> Body:
    return {
        "response": {"mimeType": "application/json"},
        "request": {"requestId": name, "pipeline": pipeline},
    }
