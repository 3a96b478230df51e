"""A stand-in for Pendo's Aggregation API: it evaluates the pipelines that it is asked over events.

It answers as the documentation and the issues of connectors say, faults included; nobody has held
it against Pendo itself. `plays` of its server scripts faults, `faults` throws them at random.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

from delivery_servers import (
    Act,
    Connection,
    HttpServer,
    Request,
    answers,
    answers_less_than_announced,
    closes,
    raw_answer,
    resets,
    sends,
)

KEY = "4f0c1dcd-6a35-4b1f-7e0b-5f9f3d0c2a11"
Row = dict[str, Any]

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([\w.]+)|(>=|<=|==|!=|&&|>|<))', re.DOTALL)
_HOLDS = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


Collation = Callable[[Any], Any]


def ordered(value: Any) -> Any:
    """Texts by code points."""
    return value


def caseless(value: Any) -> Any:
    """Texts without regard to case, where they differ by more."""
    return (value.casefold(), value) if isinstance(value, str) else value


class _BadRequest(Exception):
    """What is asked is no pipeline; the message is the answer."""


@dataclass
class Pendo:
    """Events of a subscription: ``day`` is a date of its time zone.

    ``slow_rows``: windows of more events than that take longer than five minutes (504);
    ``most_rows``: larger answers are refused (413). ``cut_rows``: answers end there, and nothing
    says so. ``letters`` is the order that texts are sorted in, ``filtered`` the one that filters
    compare by; ``nulls_last`` says where rows without a value are sorted to. ``faults`` is how
    often, at random, something else goes wrong.
    """

    events: Sequence[Row]
    features: Sequence[Row] = field(default_factory=lambda: some_features())
    zone: str = "America/New_York"
    slow_rows: int | None = None
    most_rows: int | None = None
    cut_rows: int | None = None
    letters: Collation = ordered
    nulls_last: bool = False
    filtered: Collation = ordered
    faults: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    thrown: list[str] = field(default_factory=list)
    _last: bytes = raw_answer(200, '{"results": null}')

    @contextmanager
    def running(self) -> Iterator[HttpServer]:
        with HttpServer(self.answer).running() as server:
            yield server

    def answer(self, connection: Connection, request: Request) -> None:
        """What it does unless it plays something else."""
        if request.headers.get("x-pendo-integration-key") != KEY:
            connection.write(raw_answer(403))
        elif request.path != "/api/v1/aggregation" or request.method != "POST":
            connection.write(raw_answer(404, "not found"))
        elif self.chance.random() < self.faults:
            self._fault(request)(connection, request)
        else:
            self._last = self._evaluated(request)
            connection.write(self._last)

    def repeats(self) -> Act:
        """The answer that it gave before, whatever is asked."""
        return lambda connection, _: connection.write(self._last)

    def _fault(self, request: Request) -> Act:
        whole = self._evaluated(request).split(b"\r\n\r\n", 1)[1]
        half = whole[: len(whole) // 2]
        acts: dict[str, Act] = {
            "null": answers(200, '{"results": null}'),
            "truncated": answers(200, half),
            "cut off": answers_less_than_announced(200, half),
            "garbage": answers(200, "<html>upstream went away</html>"),
            "no results": answers(200, "{}"),
            "429": answers(429, "slow down", Retry_After="7"),
            "429 alone": answers(429),
            "500": answers(500, "internal error"),
            "502": answers(502),
            "503": answers(503, Retry_After="3"),
            "504": answers(504),
            "stall": stalls(),
            "reset": resets(),
            "closed": closes(),
            "no HTTP": sends(b"\x15\x03\x01\x00\x02\x02\x50"),
            "repeated": self.repeats(),
        }
        name = self.chance.choice(sorted(acts))
        self.thrown.append(name)
        return acts[name]

    def _evaluated(self, request: Request) -> bytes:
        try:
            rows = self._rows(request.json["request"]["pipeline"])
        except _BadRequest as bad:
            return raw_answer(400, f'{{"message": "{bad}"}}')
        except TimeoutError:
            return raw_answer(504, "stream timeout")
        if self.most_rows is not None and len(rows) > self.most_rows:
            return raw_answer(413, "response size exceeded")
        told = json.dumps({"startTime": 1, "results": rows or None}, ensure_ascii=False)
        return raw_answer(200, told, Content_Type="application/json")

    def _rows(self, pipeline: Sequence[Row]) -> list[Row]:
        rows: list[Row] = []
        for stage in pipeline:
            ((operator, told),) = stage.items()
            if operator == "source":
                rows = self._source(told)
            elif operator == "filter":
                rows = [row for row in rows if holds(told, row, self.filtered)]
            elif operator == "group":
                rows = _grouped(rows, told)
            elif operator == "sort":
                rows = sorted(
                    rows, key=cmp_to_key(lambda a, b, told=told: self._compared(a, b, told))
                )
            elif operator == "limit":
                rows = rows[:told]
            elif operator == "select":
                rows = [{name: row.get(of) for name, of in told.items()} for row in rows]
            else:
                raise _BadRequest(f"unknown operator {operator}")
        return rows[: self.cut_rows]

    def _compared(self, one: Row, other: Row, keys: Sequence[str]) -> int:
        for key in keys:
            name, sign = key.lstrip("-"), -1 if key.startswith("-") else 1
            a, b = one.get(name), other.get(name)
            if a == b:
                continue
            if a is None or b is None:
                return sign * (-1 if (a is None) != self.nulls_last else 1)
            return sign * (-1 if self.letters(a) < self.letters(b) else 1)
        return 0

    def _source(self, told: Row) -> list[Row]:
        if "features" in told:
            return [*self.features]
        series = told["timeSeries"]
        found = re.fullmatch(r"date\((\d+), (\d+), (\d+)\)", series["first"])
        if "featureEvents" not in told or series["period"] != "dayRange" or found is None:
            raise _BadRequest("unknown source")
        first = date(*map(int, found.groups()))
        last = first + timedelta(days=series["count"] - 1)
        rows = [
            {**event, "day": self.midnight(event["day"])}
            for event in self.events
            if first <= event["day"] <= last
        ]
        if self.slow_rows is not None and len(rows) > self.slow_rows:
            raise TimeoutError
        return rows

    def midnight(self, day: date) -> int:
        """Milliseconds since 1970 of the beginning of a day in the subscription's time zone."""
        return int(datetime.combine(day, time(), ZoneInfo(self.zone)).timestamp()) * 1000


def stalls() -> Act:
    """Nothing, until the client has gone or the test is over."""

    def act(connection: Connection, _: Request) -> None:
        connection.connection.settimeout(30)
        connection.connection.recv(1)

    return act


def holds(expression: str, row: Row, order: Collation = ordered) -> bool:
    """Whether a filter does of a row: comparisons of a field with a literal, joined by ``&&``."""
    tokens: list[Any] = []
    at = 0
    while at < len(expression.rstrip()):
        found = _TOKEN.match(expression, at)
        if found is None:
            raise _BadRequest("cannot parse the filter")
        text, word, sign = found.groups()
        tokens.append(("text", json.loads(text)) if text else ("word", word) if word else sign)
        at = found.end()
    truth = True
    for n in range(0, len(tokens), 4):
        name, sign, literal = tokens[n : n + 3]
        if name[0] != "word" or literal[0] != "text" or tokens[n + 3 : n + 4] not in ([], ["&&"]):
            raise _BadRequest("cannot parse the filter")
        value = row.get(name[1])
        truth = truth and value is not None and _HOLDS[sign](order(value), order(literal[1]))
    return truth


def _grouped(rows: Sequence[Row], told: Row) -> list[Row]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(key) for key in told["group"]), []).append(row)
    grouped = []
    for key, members in groups.items():
        row = dict(zip(told["group"], key, strict=True))
        for each in told["fields"]:
            ((name, how),) = each.items()
            row[name] = sum(member[how["sum"]] or 0 for member in members)
        grouped.append(row)
    return grouped


# ------------------------------------------------------------------------------------ events

ODD_VISITORS = ('o"brien', "back\\slash", "two\nlines", "Ünal 李", "tab\there", '\\"', "a && b", "")
"""Ids that would break out of a literal that is not quoted with care."""


def event(visitor: str | None, account: str | None, feature: str, day: str, **more: Any) -> Row:
    """One row as Pendo keeps it."""
    return {
        "visitorId": visitor,
        "accountId": account,
        "featureId": feature,
        "day": date.fromisoformat(day),
        "numEvents": 1,
        "numMinutes": 1,
        "appId": -323232,
        "remoteIp": "10.0.0.1",
        "server": "app.example.com",
        "userAgent": "Mozilla/5.0",
        **more,
    }


def some_features(count: int = 5) -> list[Row]:
    """Features in two groups, the last in none."""
    groups: list[Mapping[str, str] | None] = [{"id": "g1", "name": "Reports"}, {"id": "g2"}]
    return [
        {
            "id": f"f{n}",
            "name": f"Feature, {n}",
            "appId": -323232,
            "group": None if n == count - 1 else {"name": "Team", **(groups[n % 2] or {})},
        }
        for n in range(count)
    ]


def some_events(months: Sequence[str], seed: int = 1, visitors: int = 25) -> list[Row]:
    """Use of five features by ordinary and odd visitors, some rows several times over."""
    chance = random.Random(seed)
    people: list[str | None] = [f"visitor {n}" for n in range(visitors)]
    people += [*ODD_VISITORS, None]
    events = []
    for month in months:
        for n, visitor in enumerate(people):
            account = ("acme", "bolt", "cyan", "", None)[n % 5]
            for _ in range(chance.randint(1, 12)):
                day = f"{month}-{chance.randint(1, 28):02}"
                told = {"numEvents": chance.randint(1, 9), "numMinutes": chance.randint(0, 5)}
                events += [
                    event(visitor, account, f"f{chance.randint(0, 4)}", day, **told, remoteIp=ip)
                    for ip in ("10.0.0.1", "10.0.0.2")[: chance.randint(1, 2)]
                ]
    chance.shuffle(events)
    return events
