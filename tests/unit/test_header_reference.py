"""docs/exports.md says what the code reads."""

from pathlib import Path

from healthscore_assets.contracts.quarantine import LEFT_OUT, REASONS
from healthscore_assets.pendo.headers.aliases import ALIASES
from healthscore_assets.pendo.headers.reference import header_reference, with_reference
from healthscore_assets.reading.sidecar import Sidecar

DOCUMENT = Path(__file__).parents[2] / "docs" / "exports.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_headers_are_up_to_date() -> None:
    assert with_reference(TEXT) == TEXT, "run: make docs"


def test_every_column_and_header_is_listed() -> None:
    cells = [line.split(" | ") for line in header_reference().splitlines()]
    listed = {row[0].strip("| `"): row[1].split(", ") for row in cells if len(row) == 3}
    for column, headers in ALIASES.items():
        assert listed[column] == list(headers)


def test_every_reason_has_a_line_and_says_whether_it_counts() -> None:
    for reason in REASONS:
        [line] = [line for line in TEXT.splitlines() if line.startswith(f"| `{reason}` |")]
        assert line.endswith("| no |") == (reason in LEFT_OUT)


def test_every_key_of_a_sidecar_is_explained() -> None:
    for key in Sidecar.model_fields:
        assert any(line.startswith(f"| `{key}` |") for line in TEXT.splitlines())
