"""What a person says about one export, in a small file beside it: ``usage.csv.yaml``."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from healthscore_assets.reading.refused import ExportRefused, Problem

ENDING = ".yaml"


class Sidecar(BaseModel):
    """What is said; nothing, where there is no such file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    month: str | None = Field(default=None, pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    """The month of the rows, where neither a column nor the file's name tells it."""

    date_order: Literal["dmy", "mdy"] | None = None
    """Whether 03/04/2024 is 3 April or March 4."""

    window: Literal["month"] | None = None
    """``month`` takes a window that is shorter for the month it lies in, marked partial."""

    replaces: str | None = Field(default=None, min_length=1)
    """The file that this one is the successor of."""


SAYS_NOTHING = Sidecar()


def beside(path: Path) -> Path:
    """Where the sidecar of a file lies, if it has one."""
    return path.with_name(path.name + ENDING)


def is_sidecar(path: Path) -> bool:
    """Whether a file says something about an export beside it."""
    return path.name.endswith(ENDING) and path.with_name(path.name.removesuffix(ENDING)).is_file()


def read_sidecar(path: Path, source_file: str) -> Sidecar:
    """Read what is said about an export.

    Parameters: ``path`` and ``source_file`` are the export's.
    Raises ExportRefused naming the sidecar for text that is not YAML, an unknown key or value.
    """
    if not beside(path).is_file():
        return SAYS_NOTHING
    told = source_file + ENDING
    known = ", ".join(Sidecar.model_fields)
    try:
        values = yaml.safe_load(beside(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportRefused(
            Problem(told, f"cannot be read ({error.strerror})", "check it")
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise ExportRefused(
            Problem(told, "is not YAML in UTF-8", f"expected lines `key: value` of {known}")
        ) from None
    if not isinstance(values, dict):
        raise ExportRefused(
            Problem(told, "says nothing", f"expected lines `key: value` of {known}")
        )
    try:
        sidecar = Sidecar.model_validate({str(k): v for k, v in values.items()})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ExportRefused(
            Problem(
                told,
                f"{key}: {first['msg'].lower()}, found {first['input']!r}",
                f"it may say {known}, such as `month: 2024-05`",
            )
        ) from None
    if sidecar.replaces is not None and not _is_plain(sidecar.replaces):
        raise ExportRefused(
            Problem(
                told,
                f"replaces: {sidecar.replaces!r} is not the name of a file in its folder",
                "name the older file without its folder, and put both into one",
            )
        )
    if sidecar.replaces == path.name:
        raise ExportRefused(Problem(told, "replaces: names the file itself", "name the older file"))
    return sidecar


def _is_plain(name: str) -> bool:
    return Path(name).name == name and not {"/", "\\", "\0"}.intersection(name)
