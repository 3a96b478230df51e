"""The section ``crm`` of the delivery settings, and the YAML of the pages that explain it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from healthscore_assets.contracts import CRM_SCORES
from healthscore_assets.delivery.crm.settings import SYSTEMS, Column, CrmSettings, System
from healthscore_assets.delivery.settings import DeliverySettings, read_delivery_settings
from healthscore_assets.lookups.refused import LookupRefused

PAGES = Path(__file__).parents[2] / "docs" / "delivery"


def read(tmp_path: Path, text: str) -> DeliverySettings:
    path = tmp_path / "delivery.yaml"
    path.write_text(text)
    return read_delivery_settings(path)


def test_the_columns_are_those_of_the_table() -> None:
    assert list(get_args(Column)) == list(CRM_SCORES.columns)


def test_without_the_section_every_system_has_a_file_and_none_an_api(tmp_path: Path) -> None:
    crm = read(tmp_path, "timezone: UTC\n").crm
    assert crm == CrmSettings()
    assert [crm.of(system).enabled for system in SYSTEMS] == [True] * 4
    assert [crm.of(system).api for system in SYSTEMS] == [None] * 4


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("crm: {pipedrive: {}}", 1, "setting crm.pipedrive does not exist"),
        ("crm:\n  hubspot:\n    enabeld: false", 3, "setting crm.hubspot.enabeld does not exist"),
        ("crm:\n  zendesk:\n    fields:\n      helth: x", 4, "input should be 'client_id', "),
        ("crm:\n  hubspot:\n    fields: {band: no space}", 3, "string should match pattern"),
        (
            "crm:\n  hubspot:\n    fields: {client_id: null}",
            2,
            "client_id cannot be left out: clients are matched by it",
        ),
        (
            "crm:\n  gainsight:\n    fields: {band: Same__gc, trend: same__gc}",
            2,
            "band and trend go to the same field",
        ),
        (
            "crm:\n  zendesk:\n    fields: {client_id: key}",
            2,
            "client_id is matched as external_id, and goes to no other field",
        ),
        ("crm:\n  salesforce:\n    api: {}", 3, "setting crm.salesforce.api"),
        (
            "crm:\n  gainsight:\n    api:\n      url: http://acme.gainsightcloud.com",
            4,
            "must begin with https://; http:// is for this machine alone",
        ),
        (
            "crm:\n  gainsight:\n    api:\n      url: https://me:secret@acme.example",
            4,
            "must be an address alone; put secrets into environment variables",
        ),
        ("crm:\n  gainsight:\n    api: {url: acme}", 3, "must be an address such as https://"),
        ("crm:\n  gainsight:\n    api: {url: 'https://x:y'}", 3, "is no address of a server"),
        (
            "crm:\n  hubspot:\n    api: {token: pat-eu1-secret}",
            3,
            "expected the name of an environment variable",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    with pytest.raises(LookupRefused) as refused:
        read(tmp_path, text)
    told = str(refused.value)
    assert told.startswith(f"{tmp_path / 'delivery.yaml'}, line {line}: ")
    assert says in told
    assert "secret" not in told.replace("put secrets", "").replace("put the secret", "")


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:80/"])
def test_http_is_for_this_machine(tmp_path: Path, url: str) -> None:
    api = read(tmp_path, f"crm: {{gainsight: {{api: {{url: '{url}'}}}}}}").crm.gainsight.api
    assert api is not None
    assert api.url == url.rstrip("/")


def test_only_what_the_files_depend_on_changes_their_version(tmp_path: Path) -> None:
    plain = CrmSettings().version_of_files()
    same = ["", "crm: {hubspot: {api: {}}}", "timezone: Europe/Berlin", "crm: {}"]
    assert {read(tmp_path, text).crm.version_of_files() for text in same} == {plain}
    others = [
        "crm: {hubspot: {enabled: false}}",
        "crm: {hubspot: {fields: {partial: null}}}",
        "crm: {hubspot: {fields: {partial: whole}}}",
    ]
    versions = {read(tmp_path, text).crm.version_of_files() for text in others}
    assert len(versions | {plain}) == 4


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_settings_of_a_page_can_be_read_and_show_every_default(
    tmp_path: Path, system: System
) -> None:
    text = (PAGES / f"{system}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 2
    told = [read(tmp_path, block) for block in blocks]
    # The first is how to begin with an API, the second all of it as it is by default.
    assert told[0].crm.of(system).api is not None
    every = told[1].crm.of(system)
    assert {*every.fields} == {*get_args(Column)}
    assert every.names == CrmSettings().of(system).names
    assert every.api is not None
    given = {*every.api.model_fields_set}
    assert given == {*type(every.api).model_fields}
    for name, field in type(every.api).model_fields.items():
        if not field.is_required():
            assert getattr(every.api, name) == field.default, name
    for name in every.api.credentials:
        assert f"`{name}`" in text
    assert "tried against a local server that speaks its protocol, not against" in " ".join(
        text.split()
    )
