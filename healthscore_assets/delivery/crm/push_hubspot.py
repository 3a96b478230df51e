"""HubSpot: companies in batches of 100, matched by a property with unique values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from healthscore_assets.delivery.crm.api import Refused
from healthscore_assets.delivery.crm.cells import Fields
from healthscore_assets.delivery.crm.rows import Row
from healthscore_assets.delivery.crm.talk import BatchRefused, Talk

_PATH = "/crm/v3/objects/companies/batch/"
_NAME = "name"
"""HubSpot's own property."""


@dataclass
class HubSpotPush:
    """By the token of a private app.

    A company that has no such id is made only where a name is written to it, by a batch upsert;
    otherwise companies are updated, and an unknown client is refused.
    """

    talk: Talk
    fields: Fields
    token: str = field(repr=False)
    size: int = 100

    def write(self, rows: Sequence[Row], key: str) -> Refused:
        """As `Api` has it: each record has a trace, which HubSpot names in what it refuses."""
        inputs = [self._input(row, trace) for trace, row in enumerate(rows)]
        makes = self.fields.names.get("client_name") == _NAME
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        body = json.dumps({"inputs": inputs}).encode()
        told = self.talk.ask("POST", f"{_PATH}{'upsert' if makes else 'update'}", headers, body)
        if not isinstance(told, dict) or not isinstance(told.get("results"), list):
            raise self.talk.unexpected("answered without the results of the records")
        return self._refused(rows, told)

    def _input(self, row: Row, trace: int) -> dict[str, Any]:
        properties = {name: _text(value) for name, value in self.fields.of_row(row).items()}
        id_property = self.fields.names["client_id"]
        del properties[id_property]
        return {
            "id": row["client_id"],
            "idProperty": id_property,
            "objectWriteTraceId": str(trace),
            "properties": properties,
        }

    def _refused(self, rows: Sequence[Row], told: Mapping[str, Any]) -> Refused:
        clients = [row["client_id"] for row in rows]
        refused: dict[str, str] = {}
        reason = self.talk.shown("no reason is given")
        for error in told.get("errors") or []:
            reason = self.talk.shown(error.get("message", error))
            context = error.get("context") or {}
            traced = _traced(clients, context.get("objectWriteTraceId") or [])
            named = [each for each in context.get("ids") or [] if each in clients]
            refused |= dict.fromkeys(traced or named, reason)
        missing = len(clients) - len(told["results"]) - len(refused)
        if missing <= 0:
            return refused
        taken = _traced(clients, [each.get("objectWriteTraceId") for each in told["results"]])
        rest = [each for each in clients if each not in taken and each not in refused]
        if len(rest) > missing:  # halves tell which: an update again changes nothing
            raise BatchRefused(reason)
        return refused | dict.fromkeys(rest, reason)


def _traced(clients: Sequence[str], traces: Sequence[Any]) -> list[str]:
    return [
        clients[int(trace)]
        for trace in traces
        if isinstance(trace, str) and trace.isdecimal() and int(trace) < len(clients)
    ]


def _text(value: Any) -> str:
    """Properties are texts; an empty one clears the property."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
