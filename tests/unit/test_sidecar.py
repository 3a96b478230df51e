"""What a person says about one export in a file beside it."""

from pathlib import Path

import pytest

from healthscore_assets.reading.refused import ExportRefused
from healthscore_assets.reading.sidecar import SAYS_NOTHING, Sidecar, read_sidecar


def said(folder: Path, text: str | bytes) -> Sidecar:
    beside = folder / "usage.csv.yaml"
    beside.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sidecar(folder / "usage.csv", "north/usage.csv")


def test_nothing_is_said_without_a_file(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path / "usage.csv", "usage.csv") == SAYS_NOTHING


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    text = "month: 2024-05\ndate_order: dmy\nwindow: month\nreplaces: old.csv\n"
    assert said(tmp_path, text) == Sidecar(
        month="2024-05", date_order="dmy", window="month", replaces="old.csv"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "says nothing"),
        ("2024-05", "says nothing"),
        ("month: [", "is not YAML in UTF-8"),
        (b"month: \xff", "is not YAML in UTF-8"),
        ("mnth: 2024-05", "mnth: extra inputs are not permitted, found '2024-05'"),
        ("month: 2024-5", "month: "),
        ("month: 2024-05-01", "month: "),
        ("date_order: ymd", "date_order: "),
        ("window: week", "window: "),
        ("replaces: usage.csv", "replaces: names the file itself"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(ExportRefused) as refused:
        said(tmp_path, text)
    line = str(refused.value)
    assert line.startswith("north/usage.csv.yaml: ")
    assert says in line
    assert "\n" not in line
