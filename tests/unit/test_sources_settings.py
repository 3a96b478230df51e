"""``lookups/sources.yaml``: what cannot be used is told with its line, and no secret with it."""

from pathlib import Path

import pytest

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.sources_settings import SourcesSettings, read_sources_settings

PASTED = "4f0c1dcd-6a35-4b1f-7e0b-5f9f3d0c2a11"


@pytest.mark.parametrize("text", ["", "pendo:\n", "# nothing yet\n"])
def test_without_a_setting_the_defaults_count(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sources.yaml"
    assert read_sources_settings(path) == SourcesSettings()
    path.write_text(text)
    assert read_sources_settings(path) == SourcesSettings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sourse: files\n", "1: setting sourse does not exist; docs/sources.md lists them"),
        (
            "pendo:\n  region: eu\n  rows: 5\n",
            "3: setting pendo.rows does not exist; docs/sources.md lists them",
        ),
        (
            "pendo:\n  region: mars\n",
            "2: setting pendo.region: input should be 'us', 'us1', 'eu', 'jpn' or 'au'; "
            "docs/sources.md explains it",
        ),
        (
            f"pendo:\n  integration_key: {PASTED}\n",
            "2: setting pendo.integration_key: expected the name of an environment variable, such "
            "as PENDO_INTEGRATION_KEY; put the secret into that variable, never into this file",
        ),
        (
            "pendo:\n  address: https://pendo.example/api/v1\n",
            "2: setting pendo.address: must be without a path; that of the API is added to it; "
            "docs/sources.md explains it",
        ),
        (
            "pendo:\n  page_rows: 5\n",
            "2: setting pendo.page_rows: input should be greater than or equal to 100; "
            "docs/sources.md explains it",
        ),
        ("warehouse:\n  table: events\n", "1: setting warehouse needs backend; add it"),
        (
            "warehouse:\n  backend: duckdb\n",
            "1: setting warehouse: needs one of schema, table and query; "
            "docs/sources.md explains it",
        ),
        (
            "warehouse:\n  backend: duckdb\n  table: events\n  query: SELECT 1\n",
            "1: setting warehouse: needs one of schema, table and query; "
            "docs/sources.md explains it",
        ),
        (
            "source: warehouse\n",
            "1: setting source is warehouse, but there is no section warehouse; "
            "docs/sources.md explains it",
        ),
    ],
)
def test_a_setting_that_cannot_be_used(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    with pytest.raises(LookupRefused) as refused:
        read_sources_settings(path)
    assert str(refused.value) == f"{path}, line {says}"
    assert PASTED not in repr(refused.value)
