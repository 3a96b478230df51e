"""Gainsight: companies updated by the field of the client's id, 50 a request."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from healthscore_assets.delivery.crm.api import Refused
from healthscore_assets.delivery.crm.cells import Fields
from healthscore_assets.delivery.crm.rows import Row
from healthscore_assets.delivery.crm.talk import BatchRefused, Talk

_UNKNOWN = "no company has this id"


@dataclass
class GainsightPush:
    """By an access key. Companies are updated, never made."""

    talk: Talk
    fields: Fields
    access_key: str = field(repr=False)
    size: int = 50

    def write(self, rows: Sequence[Row], key: str) -> Refused:
        """As `Api` has it: of a request Gainsight tells only how many companies were updated."""
        keys = quote(self.fields.names["client_id"])
        body = json.dumps({"records": [self.fields.of_row(row) for row in rows]}).encode()
        headers = {
            "Accesskey": self.access_key,
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        told = self.talk.ask("PUT", f"/v1/data/objects/Company?keys={keys}", headers, body)
        if not isinstance(told, dict) or "result" not in told:
            raise self.talk.unexpected("answered without a result")
        if told["result"] is not True:
            raise BatchRefused(self.talk.shown(told.get("errorDesc") or told.get("errorCode")))
        data = told.get("data")
        updated = data.get("count") if isinstance(data, dict) else None
        if not isinstance(updated, int):
            raise self.talk.unexpected("answered without the number of companies updated")
        if updated >= len(rows):
            return {}
        if updated == 0:
            return {row["client_id"]: _UNKNOWN for row in rows}
        raise BatchRefused(_UNKNOWN)  # halves tell which: an update again changes nothing
