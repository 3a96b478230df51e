"""Secrets by name: where they are found, and what is said of those that are not."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.crm.push import configured, push, without_credentials
from healthscore_assets.delivery.crm.settings import CrmSettings
from healthscore_assets.lookups.secrets import SecretMissing, Secrets


def test_a_variable_comes_before_a_file(tmp_path: Path) -> None:
    (tmp_path / "ONE").write_text("of the file\n", encoding="utf-8")
    (tmp_path / "TWO").write_text("of the file\n", encoding="utf-8")
    secrets = Secrets({"ONE": "of the variable", "TWO": " "}, tmp_path)
    assert [secrets["ONE"], secrets["TWO"]] == ["of the variable", "of the file"]
    assert "ONE" in secrets
    assert "TWO" in secrets


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_a_secret_that_is_nowhere(tmp_path: Path, folder: str) -> None:
    (tmp_path / "HUBSPOT_TOKEN").write_text("\n", encoding="utf-8")
    secrets = Secrets({}, tmp_path / folder)
    assert "HUBSPOT_TOKEN" not in secrets
    with pytest.raises(SecretMissing, match=r"^HUBSPOT_TOKEN is not set; .*, or write it to "):
        secrets["HUBSPOT_TOKEN"]


def is_a_folder(file: Path) -> None:
    file.mkdir()


def is_not_text(file: Path) -> None:
    file.write_bytes(b"pa\xdfword")


def leads_to_itself(file: Path) -> None:
    """What nobody can open, not even who may read every file."""
    file.symlink_to(file)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (is_a_folder, "Is a directory"),
        (is_not_text, "it is not UTF-8 text"),
        (leads_to_itself, "Too many levels of symbolic links"),
    ],
)
def test_a_file_that_cannot_be_read(
    tmp_path: Path, kind: Callable[[Path], None], reason: str
) -> None:
    """It is no secret to whoever asks whether there is one; asked for, it says why."""
    kind(tmp_path / "HUBSPOT_TOKEN")
    secrets = Secrets({}, tmp_path)
    assert "HUBSPOT_TOKEN" not in secrets
    with pytest.raises(SecretMissing) as missing:
        secrets["HUBSPOT_TOKEN"]
    found = f"{tmp_path / 'HUBSPOT_TOKEN'} cannot be read ({reason})"
    assert str(missing.value) == f"{found}; write the secret into it as text"


def test_a_system_whose_secret_cannot_be_read(tmp_path: Path) -> None:
    """It is not asked to take scores, is named, and says why where it is asked all the same."""
    is_a_folder(tmp_path / "HUBSPOT_TOKEN")
    secrets, settings = Secrets({}, tmp_path), CrmSettings.model_validate({"hubspot": {"api": {}}})
    assert configured(settings, secrets) == ()
    (line,) = without_credentials(settings, secrets)
    assert line.startswith("hubspot: HUBSPOT_TOKEN not set, or not readable; ")
    outcome = push("hubspot", settings, secrets, [], "key", clock=_never, sleep=_never)
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "HUBSPOT_TOKEN cannot be read (Is a directory); write the secret into" in outcome.says


def _never(*_: object) -> NoReturn:
    raise AssertionError
