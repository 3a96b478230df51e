"""Salesforce: sObject Collections, upserted by an external id, 200 records a request."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.channels.trying import NotSent
from healthscore_assets.delivery.crm.api import Refused
from healthscore_assets.delivery.crm.cells import Fields
from healthscore_assets.delivery.crm.rows import Row
from healthscore_assets.delivery.crm.talk import BatchRefused, LoggedOut, Talk
from healthscore_assets.web.hiding import forms

_LOGIN = "/services/oauth2/token"


@dataclass(frozen=True)
class SalesforceLogin:
    """Key and secret of an external client app."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass
class SalesforcePush:
    """By the client credentials flow; a token that has expired is renewed once a request.

    An account that has no such id is made only where a name is written to it, which Salesforce
    needs; by default none is, and the client is refused.
    """

    talk: Talk
    fields: Fields
    object: str
    version: str
    login: SalesforceLogin
    size: int = 200
    _token: str = field(default="", init=False, repr=False)

    def write(self, rows: Sequence[Row], key: str) -> Refused:
        """As `Api` has it: Salesforce answers for each record, in the order that they came in."""
        records = [{"attributes": {"type": self.object}, **self.fields.of_row(r)} for r in rows]
        body = json.dumps({"allOrNone": False, "records": records}).encode()
        results = self._upsert(body, key)
        if not isinstance(results, list) or len(results) != len(rows):
            raise self.talk.unexpected("answered for other records than were sent")
        return {
            row["client_id"]: self._reason(result)
            for row, result in zip(rows, results, strict=True)
            if not (isinstance(result, dict) and result.get("success") is True)
        }

    def _upsert(self, body: bytes, key: str) -> Any:
        external_id = self.fields.names["client_id"]
        path = f"/services/data/v{self.version}/composite/sobjects/{self.object}/{external_id}"
        if not self._token:
            self._log_in()
        try:
            try:
                return self.talk.ask("PATCH", path, self._headers(key), body)
            except LoggedOut:  # a token lasts some hours
                self._log_in()
                return self.talk.ask("PATCH", path, self._headers(key), body)
        except BatchRefused as reason:
            raise self._mend(str(reason)) from None

    def _log_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.login.client_id,
            "client_secret": self.login.client_secret,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            told = self.talk.ask("POST", _LOGIN, headers, urlencode(form).encode())
        except BatchRefused as reason:
            found = f"gives no access: {reason}"
            todo = f"see whether {self.talk.place} still hold what is valid there"
            raise self.talk.web.voice.not_sent(Fate.CHANNEL_REFUSED, found, todo) from None
        token = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise self.talk.unexpected("answered a login without an access token")
        self._token = token
        web = self.talk.web
        voice = replace(web.voice, hidden=(*web.voice.hidden, *forms(token)))
        self.talk = replace(self.talk, web=replace(web, voice=voice))

    def _headers(self, key: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }

    def _mend(self, reason: str) -> NotSent:
        """Salesforce refuses a request as a whole for fields that it does not have."""
        return self.talk.web.voice.not_sent(
            Fate.CHANNEL_REFUSED,
            f"refuses the records: {reason}",
            "see whether every field is there, and may be written by the integration user",
        )

    def _reason(self, result: Any) -> str:
        errors = result.get("errors") if isinstance(result, dict) else None
        first = errors[0] if isinstance(errors, list) and errors else {}
        if not isinstance(first, dict) or not first:
            return self.talk.shown(result)
        return self.talk.shown(f"{first.get('statusCode')}: {first.get('message')}")
