"""Servers that speak the APIs of CRMs and a help desk, as their makers document them."""

import json
from base64 import b64encode
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme
from delivery_servers import Act, Connection, HttpServer, Request, answers


def says(status: int, body: object, **headers: str) -> Act:
    """An answer in JSON."""
    return answers(status, json.dumps(body), Content_Type="application/json", **headers)


class Service:
    """A server with records by the id that they are matched by; ``written`` is what it took."""

    def __init__(self, known: Iterable[str], authority: trustme.CA | None = None) -> None:
        self.known = list(known)
        self.written: dict[str, dict[str, Any]] = {}
        self.refuses: dict[str, str] = {}  # the reason, by id
        self.server = HttpServer(self._take, authority)

    @property
    def url(self) -> str:
        return self.server.url

    def running(self) -> AbstractContextManager[HttpServer]:
        return self.server.running()

    def _take(self, connection: Connection, request: Request) -> None:
        self._act(request)(connection, request)

    def _act(self, request: Request) -> Act:
        raise NotImplementedError


class SalesforceServer(Service):
    """Client credentials, and sObject Collections upserted by an external id:
    developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-upsert.html
    """

    key, secret = "consumer-key-of-tests", "consumer-secret-of-tests"
    path = "/services/data/v62.0/composite/sobjects/Account/Healthscore_Client_Id__c"

    def __init__(self, known: Iterable[str], authority: trustme.CA | None = None) -> None:
        super().__init__(known, authority)
        self.tokens: list[str] = []  # given out; the last one is valid

    def _act(self, request: Request) -> Act:
        if (request.method, request.path) == ("POST", "/services/oauth2/token"):
            return self._token(request)
        if (request.method, request.path) != ("PATCH", self.path):
            told = "The requested resource does not exist"
            return says(404, [{"errorCode": "NOT_FOUND", "message": told}])
        if not self.tokens or request.headers["authorization"] != f"Bearer {self.tokens[-1]}":
            told = "Session expired or invalid"
            return says(401, [{"message": told, "errorCode": "INVALID_SESSION_ID"}])
        assert request.json["allOrNone"] is False
        assert len(request.json["records"]) <= 200
        return says(200, [self._upsert(record) for record in request.json["records"]])

    def _token(self, request: Request) -> Act:
        expected = {
            "grant_type": "client_credentials",
            "client_id": self.key,
            "client_secret": self.secret,
        }
        if request.form != expected:
            told = {"error": "invalid_client", "error_description": "invalid client credentials"}
            return says(400, told)
        self.tokens.append(f"00D-access-token-{len(self.tokens)}")
        # Where a Salesforce of another name would have to be asked.
        told = {"access_token": self.tokens[-1], "instance_url": "https://elsewhere.example"}
        return says(200, told)

    def _upsert(self, record: dict[str, Any]) -> dict[str, Any]:
        assert record.pop("attributes") == {"type": "Account"}
        key = record["Healthscore_Client_Id__c"]
        if key in self.refuses:
            return _failed("FIELD_CUSTOM_VALIDATION_EXCEPTION", self.refuses[key])
        if key not in self.known and "Name" not in record:
            return _failed("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]")
        self.written[key] = record
        return {"id": "001", "success": True, "errors": [], "created": key not in self.known}


def _failed(code: str, message: str) -> dict[str, Any]:
    errors = [{"statusCode": code, "message": message, "fields": []}]
    return {"success": False, "errors": errors}


class HubSpotServer(Service):
    """Batches of companies by a unique property:
    developers.hubspot.com/docs/api-reference/crm-companies-v3/batch
    """

    token = "pat-eu1-token-of-tests"
    traces = True

    def _act(self, request: Request) -> Act:
        if request.headers["authorization"] != f"Bearer {self.token}":
            told = {"status": "error", "message": "Authentication credentials not found."}
            return says(401, told | {"category": "INVALID_AUTHENTICATION"})
        kind = request.path.removeprefix("/crm/v3/objects/companies/batch/")
        assert (request.method, kind in ("update", "upsert")) == ("POST", True)
        inputs = request.json["inputs"]
        assert len(inputs) <= 100
        results, errors = [], []
        for each in inputs:
            assert each["idProperty"] == "healthscore_client_id"
            assert all(isinstance(value, str) for value in each["properties"].values())
            key = each["id"]
            trace = {"objectWriteTraceId": each["objectWriteTraceId"]} if self.traces else {}
            if key in self.refuses:
                # A value that cannot be refuses the whole request.
                told = {"status": "error", "message": self.refuses[key]}
                return says(400, told | {"category": "VALIDATION_ERROR"})
            if kind == "update" and key not in self.known:
                context = {name: [value] for name, value in trace.items()}
                errors.append(_not_found(context))
                continue
            self.written[key] = each["properties"]
            results.append({"id": "512", "properties": {}, "archived": False, **trace})
        told = {"status": "COMPLETE", "results": results}
        if errors:
            return says(207, told | {"numErrors": len(errors), "errors": errors})
        return says(200, told)


def _not_found(context: dict[str, list[str]]) -> dict[str, Any]:
    message = "Could not get some COMPANY objects, they may be deleted or not exist."
    told = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message}
    return told | {"context": context}


class GainsightServer(Service):
    """The Company API, updates by a key:
    support.gainsight.com/gainsight_nxt/API_and_Developer_Docs/Company_and_Relationship_API
    """

    key = "access-key-of-tests"

    def _act(self, request: Request) -> Act:
        if request.headers["accesskey"] != self.key:
            return says(401, _envelope(False, "GS_401", "Invalid access key"))
        assert request.method == "PUT"
        assert request.path == "/v1/data/objects/Company?keys=Healthscore_Client_Id__gc"
        records = request.json["records"]
        assert len(records) <= 50
        for record in records:
            if record["Healthscore_Client_Id__gc"] in self.refuses:
                reason = self.refuses[record["Healthscore_Client_Id__gc"]]
                return says(400, _envelope(False, "GSOBJ_1006", reason))
        found = [r for r in records if r["Healthscore_Client_Id__gc"] in self.known]
        self.written |= {record["Healthscore_Client_Id__gc"]: record for record in found}
        data = {"count": len(found), "errors": None, "records": [{"Gsid": "1P02"} for _ in found]}
        return says(200, _envelope(True, None, None, data))


def _envelope(
    result: bool, code: str | None, description: str | None, data: object = None
) -> dict[str, Any]:
    told = {"result": result, "errorCode": code, "errorDesc": description}
    return told | {"requestId": "47d9c8be", "data": data, "message": None}


class ZendeskServer(Service):
    """Organizations by external id, updated in jobs:
    developer.zendesk.com/api-reference/ticketing/organizations/organizations
    """

    email, token = "admin@vendor.example", "zendesk-token-of-tests"
    looks = 2
    """How often a job is asked after before it is over."""

    def __init__(self, known: Iterable[str], authority: trustme.CA | None = None) -> None:
        super().__init__(known, authority)
        self._results: list[dict[str, Any]] = []
        self._looked = 0

    def _act(self, request: Request) -> Act:
        login = b64encode(f"{self.email}/token:{self.token}".encode()).decode()
        if request.headers["authorization"] != f"Basic {login}":
            return says(401, {"error": "Couldn't authenticate you"})
        url = urlsplit(request.path)
        query = parse_qs(url.query, keep_blank_values=True)
        route = (request.method, url.path.removeprefix("/api/v2"))
        if route == ("GET", "/organizations/show_many.json"):
            wanted = query["external_ids"][0].split(",")
            assert len(wanted) <= 100
            return self._organizations(wanted)
        if route == ("GET", "/organizations/search.json"):
            return self._organizations(query["external_id"])
        if route == ("PUT", "/organizations/update_many.json"):
            return self._update(request.json["organizations"])
        assert route == ("GET", "/job_statuses/8b726e60.json")
        self._looked += 1
        return self._status("completed" if self._looked >= self.looks else "working")

    def _organizations(self, wanted: list[str]) -> Act:
        # Zendesk does not tell upper and lower case of external ids apart.
        asked = {each.lower() for each in wanted}
        found = [
            {"id": number, "name": f"N{number}", "external_id": key}
            for number, key in enumerate(self.known, 1)
            if key.lower() in asked
        ]
        return says(200, {"organizations": found, "count": len(found), "next_page": None})

    def _update(self, organizations: list[dict[str, Any]]) -> Act:
        assert len(organizations) <= 100
        self._looked, self._results = 0, []
        for each in organizations:
            assert {*each} == {"id", "organization_fields"}
            key = self.known[each["id"] - 1]
            failed = key in self.refuses
            told = {"id": each["id"], "action": "update", "success": not failed}
            if failed:
                told |= {"status": "Failed", "error": "RecordInvalid", "details": self.refuses[key]}
            else:
                told |= {"status": "Updated"}
                self.written[key] = each["organization_fields"]
            self._results.append(told)
        return self._status("queued")

    def _status(self, status: str) -> Act:
        job = {"id": "8b726e60", "status": status, "total": len(self._results), "message": None}
        # Where credentials are not to be sent to.
        job |= {"url": "https://elsewhere.example/api/v2/job_statuses/8b726e60.json"}
        job |= {"results": self._results if status == "completed" else None}
        return says(200, {"job_status": job})


SERVICES: dict[str, type[Service]] = {
    "salesforce": SalesforceServer,
    "hubspot": HubSpotServer,
    "gainsight": GainsightServer,
    "zendesk": ZendeskServer,
}
SECRETS = {
    "SALESFORCE_CLIENT_ID": SalesforceServer.key,
    "SALESFORCE_CLIENT_SECRET": SalesforceServer.secret,
    "HUBSPOT_TOKEN": HubSpotServer.token,
    "GAINSIGHT_ACCESS_KEY": GainsightServer.key,
    "ZENDESK_TOKEN": ZendeskServer.token,
}
