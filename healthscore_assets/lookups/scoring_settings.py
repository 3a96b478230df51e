"""Every setting of the model, from ``lookups/scoring.yaml`` (SCORING.md sections 1-4)."""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from healthscore_assets.lake.content import version_of
from healthscore_assets.lookups.health_settings import HealthSettings
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.yaml_file import YamlFile, read_yaml


class ScoringSettings(BaseModel):
    """The settings in force; a file names only what differs from these defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    measure: Literal["clicks", "page_views", "minutes", "days_active"] = "clicks"
    """What engagement counts."""

    area_scaling: Literal["log", "none", "mean"] = "log"
    """How engagement in an area is scaled before areas are weighed."""

    silent_months: int = Field(default=3, ge=0, le=24)
    """Months a client stays in the base after the last export that lists it."""

    flat_band: float = Field(default=0.10, ge=0, le=1)
    """Trends within this share of the average are flat."""

    largest_quarantined_share: float = Field(default=0.05, ge=0, le=1)
    """Share of a file's rows, or of its metric cells, beyond which the file is refused."""

    area_from_feature: bool = False
    """Whether a feature that the lookup does not list belongs to the area its own name begins with,
    before the first separator."""

    date_order: Literal["dmy", "mdy"] | None = None
    """Whether 03/04/2024 in exports is 3 April (dmy) or March 4 (mdy); without it a date that can
    be read both ways is refused."""

    sentiment_model: str = Field(default="vader", min_length=1)
    """What reads tickets and comments: vader, or the folder of a transformer."""

    rerun_after_lookup_change: bool = False
    """Whether months made before a lookup or a setting changed are made again by themselves."""

    export_due_day: int = Field(default=5, ge=1, le=28)
    """Day of the following month by which a month's export is expected."""

    health: HealthSettings = HealthSettings()
    """Composite health and structural risk."""

    def version(self) -> str:
        """Hash of the settings that tables depend on, as far as they differ from the defaults.

        Those of health have a version of their own: other tables do not depend on them.
        """
        return _hash(self.model_dump(mode="json", exclude_defaults=True, exclude={*_APART}))

    def health_version(self) -> str:
        """Hash of the settings of health, as far as they differ from the defaults."""
        return _hash(self.health.model_dump(mode="json", exclude_defaults=True))


_APART = ("rerun_after_lookup_change", "export_due_day", "health")
"""Settings that change what is done when, but no table, and those of health."""


def _hash(settings: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def read_scoring_settings(path: Path) -> ScoringSettings:
    """Read the settings, once until the file changes; what it leaves out keeps its default.

    Raises LookupRefused for a missing file, text that is not YAML, an unknown setting and a value
    out of range, naming the line.
    """
    return _read(path, version_of(path))


@functools.lru_cache(maxsize=8)
def _read(path: Path, _version: object) -> ScoringSettings:
    file = read_yaml(path, empty_means="the defaults")
    values = file.values
    for name in values:
        if name not in ScoringSettings.model_fields:
            known = f"the settings are {', '.join(ScoringSettings.model_fields)}"
            raise file.refused(str(name), f"setting {name} does not exist", known)
    if values.get("health", {}) is None:  # the heading alone
        del values["health"]
    try:
        return ScoringSettings.model_validate(values)
    except ValidationError as error:
        raise _refusal(file, error) from None


def _refusal(file: YamlFile, error: ValidationError) -> LookupRefused:
    """The first thing that is wrong, with the line of the setting."""
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        within = name.rpartition(".")[0]
        known = ", ".join(_settings_within(within))
        of = f" of {within}" if within else ""
        what = f"setting {name} does not exist"
        return file.refused(name, what, f"the settings{of} are {known}")
    if first["type"] == "value_error":
        place, _, what = str(first["ctx"]["error"]).partition(": ")
        name = f"{name}.{place}" if name else place
        what = f"setting {name}: {what}"
        todo = "docs/scoring-model.md explains it"
    else:
        name = file.innermost(name)  # Pydantic adds which kind of several did not fit
        default = _default_of(name)
        what = f"setting {name}: {_expected(name, file, error)}, found {first['input']!r}"
        todo = "correct it" if default is None else f"the default is {default}"
    return file.refused(name, what, todo)


def _expected(name: str, file: YamlFile, error: ValidationError) -> str:
    """What could stand there: of a setting that takes several kinds, each."""
    said = [
        each["msg"][0].lower() + each["msg"][1:]
        for each in error.errors()
        if file.innermost(".".join(map(str, each["loc"]))) == name
    ]
    if error.errors()[0]["type"] in ("model_type", "dict_type"):
        return "expected `name: value` lines below it"
    first, *others = dict.fromkeys(said)
    return " or ".join([first, *(each.removeprefix("input should be ") for each in others)])


def _settings_within(name: str) -> list[str]:
    """The settings that one has, or those of the whole file."""
    kind: Any = ScoringSettings
    for part in filter(None, name.split(".")):
        # Below a mapping, such as that of segments, stand names of a person's own.
        by_name = not isinstance(kind, type)
        kind = get_args(kind)[-1] if by_name else kind.model_fields[part].annotation
    return list(kind.model_fields)


def _default_of(name: str) -> object:
    """The default of a setting, None for those that a person names."""
    value: object = ScoringSettings()
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    if isinstance(value, float):
        return f"{value:g}"
    return None if isinstance(value, BaseModel | Mapping | tuple) else value
