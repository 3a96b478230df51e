"""Zendesk: organizations found by external id, their fields updated, 100 at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.crm.api import Refused
from healthscore_assets.delivery.crm.cells import Fields
from healthscore_assets.delivery.crm.rows import Row
from healthscore_assets.delivery.crm.talk import Talk

_ORGANIZATIONS = "/api/v2/organizations"
_LONGEST_QUERY = 4_000
"""Characters of external ids in one address."""

_LOOKS = 60
"""How often a job is asked after: up to five minutes."""

_UNKNOWN = "no organization has this external id"
_TWICE = (
    "another client has this id, but for upper and lower case, which Zendesk does not tell apart"
)


@dataclass
class ZendeskPush:
    """By the e-mail address of an administrator and a token. Organizations are never made."""

    talk: Talk
    fields: Fields
    login: str = field(repr=False)
    size: int = 100

    def write(self, rows: Sequence[Row], key: str) -> Refused:
        """As `Api` has it: Zendesk updates in a job, which is asked after until it is over."""
        known = self._organizations([row["client_id"] for row in rows])
        refused: dict[str, str] = {}
        client_of: dict[Any, str] = {}
        changes = []
        for row in rows:
            client = row["client_id"]
            organization = known.get(client.casefold())
            if organization is None or organization in client_of:
                refused[client] = _UNKNOWN if organization is None else _TWICE
                continue
            client_of[organization] = client
            changes.append({"id": organization, "organization_fields": self._fields(row)})
        if changes:
            body = json.dumps({"organizations": changes}).encode()
            told = self._ask("PUT", f"{_ORGANIZATIONS}/update_many.json", body, key)
            for organization, why in self._failures(told).items():
                if organization in client_of:
                    refused[client_of[organization]] = why
        return refused

    def _fields(self, row: Row) -> dict[str, Any]:
        told = self.fields.of_row(row)
        return {name: told[name] for name in told if name not in ("external_id", "name")}

    def _organizations(self, clients: Sequence[str]) -> dict[str, Any]:
        """The id of each organization by its external id, in lower case."""
        found: dict[str, Any] = {}
        for query in _queries(clients):
            told = self._ask("GET", f"{_ORGANIZATIONS}/{query}")
            organizations = told.get("organizations")
            if not isinstance(organizations, list):
                raise self.talk.unexpected("answered without organizations")
            for each in organizations:
                if isinstance(each.get("external_id"), str):
                    found[each["external_id"].casefold()] = each.get("id")
        return found

    def _failures(self, told: Mapping[str, Any]) -> dict[Any, str]:
        """What a job did not do, by organization."""
        job = self._job(told)
        for look in range(_LOOKS):
            if job.get("status") in ("completed", "failed", "killed"):
                break
            self.talk.sleep(min(1.0 + look, 5.0))
            job = self._job(self._ask("GET", f"/api/v2/job_statuses/{quote(str(job['id']))}.json"))
        if job.get("status") != "completed":
            found = (
                f"did not end its job: {self.talk.shown(job.get('message') or job.get('status'))}"
            )
            raise self.talk.web.voice.not_sent(Fate.LATER, found, "it is tried later")
        results = job.get("results")
        return {
            result.get("id"): self._reason(result)
            for result in (results if isinstance(results, list) else [])
            if result.get("success") is False or result.get("error")
        }

    def _job(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        job = told.get("job_status")
        if not isinstance(job, dict) or "id" not in job:
            raise self.talk.unexpected("answered without a job")
        return job

    def _reason(self, result: Mapping[str, Any]) -> str:
        told = [result.get(name) for name in ("error", "details", "errors")]
        return self.talk.shown(" ".join(str(each) for each in told if each) or "no reason is given")

    def _ask(self, method: str, path: str, body: bytes = b"", key: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Basic {self.login}"}
        if body:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
        told = self.talk.ask(method, path, headers, body)
        if not isinstance(told, dict):
            raise self.talk.unexpected("answered with a list")
        return told


def _queries(clients: Sequence[str]) -> Iterator[str]:
    """Addresses that find organizations: many at once, and an id with a comma by itself."""
    together: list[str] = []
    for client in clients:
        if "," in client:
            yield f"search.json?external_id={quote(client, safe='')}"
            continue
        encoded = quote(client, safe="")
        if together and len(",".join([*together, encoded])) > _LONGEST_QUERY:
            yield _show_many(together)
            together = []
        together.append(encoded)
    if together:
        yield _show_many(together)


def _show_many(encoded: Sequence[str]) -> str:
    return f"show_many.json?external_ids={','.join(encoded)}"
