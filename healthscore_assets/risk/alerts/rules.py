"""The rules of ``lookups/alerts.yaml``, read strictly and checked before anything runs."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from healthscore_assets.contracts.alerts import TIERS, Tier
from healthscore_assets.lake.content import version_of
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.yaml_file import YamlFile, read_yaml
from healthscore_assets.risk.alerts.evidence import Evidence, evidence
from healthscore_assets.risk.alerts.expression import (
    Expression,
    ExpressionRefused,
    Reference,
    condition,
)
from healthscore_assets.risk.roles import Role

Days = Annotated[int, Field(ge=0, le=365)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
PlaybookName = Name


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class TierOfRule(_Settings):
    """When a rule holds with this tier, and what is different about it from the rule's own."""

    when: str = Field(min_length=1)
    threshold: float | None = None
    due_days: Days | None = None
    playbook: PlaybookName | None = None
    evidence: str | None = Field(default=None, min_length=1)


class RuleSettings(_Settings):
    """A rule as the file says it."""

    title: str = Field(min_length=1)
    owner: Role
    playbook: PlaybookName
    due_days: Days
    evidence: str = Field(min_length=1)
    tiers: Mapping[Tier, TierOfRule] = Field(min_length=1)
    enabled: bool = True


class AlertSettings(_Settings):
    """The file as a whole."""

    max_alerts: Annotated[int, Field(ge=1, le=100)] = 3
    clear_months: Annotated[int, Field(ge=1, le=12)] = 1
    unknown_months: Annotated[int, Field(ge=1, le=24)] = 3
    owners: Mapping[Role, Annotated[str, Field(min_length=1)]] = {}
    rules: Mapping[Name, RuleSettings] = {}


@dataclass(frozen=True)
class Level:
    """One tier of a rule, ready to run."""

    tier: str
    holds: Expression
    says: Evidence
    due_days: int
    playbook: str
    threshold: float | None

    @property
    def rank(self) -> int:
        """1 for low, 2 for medium, 3 for high."""
        return TIERS.index(self.tier) + 1


@dataclass(frozen=True)
class Rule:
    """A rule, ready to run; ``levels`` from weak to strong."""

    name: str
    title: str
    role: str
    levels: tuple[Level, ...]

    @property
    def playbooks(self) -> frozenset[str]:
        """The playbooks that its tiers name."""
        return frozenset(each.playbook for each in self.levels)

    @property
    def reads(self) -> frozenset[Reference]:
        """The columns that it reads."""
        return frozenset().union(*(each.holds.reads | each.says.reads for each in self.levels))


@dataclass(frozen=True)
class AlertRules:
    """The rules in force, the strongest of equal tier first, and how alerts are handled.

    ``owners`` are persons by role, for roles that the register knows none for. Rules that are
    ``switched_off`` are only there to be tried.
    """

    rules: tuple[Rule, ...] = ()
    max_alerts: int = 3
    clear_months: int = 1
    unknown_months: int = 3
    owners: tuple[tuple[str, str], ...] = ()
    switched_off: tuple[Rule, ...] = ()

    def rule(self, name: str) -> Rule:
        """The rule of that name; raises KeyError."""
        return next(each for each in self.rules if each.name == name)


def read_alert_rules(path: Path) -> AlertRules:
    """Read the rules, once until the file changes; without a file there are none.

    Raises LookupRefused for what cannot be used, naming the line: unknown settings and columns,
    expressions that cannot be read, and thresholds that nothing or everything is beyond.
    """
    return _read(path, version_of(path)) if path.exists() else AlertRules()


@functools.lru_cache(maxsize=8)
def _read(path: Path, _version: object) -> AlertRules:
    file = read_yaml(path, empty_means="no rules")
    values = {name: value for name, value in file.values.items() if value is not None}
    try:
        settings = AlertSettings.model_validate(values)
    except ValidationError as error:
        raise _refusal(file, error) from None
    # One that is off has to be good, too: it may be switched on.
    read = [(_rule(file, name, each), each.enabled) for name, each in settings.rules.items()]
    return AlertRules(
        tuple(rule for rule, is_on in read if is_on),
        settings.max_alerts,
        settings.clear_months,
        settings.unknown_months,
        tuple(sorted(settings.owners.items())),
        tuple(rule for rule, is_on in read if not is_on),
    )


def _rule(file: YamlFile, name: str, settings: RuleSettings) -> Rule:
    levels = []
    for tier in TIERS:
        told = settings.tiers.get(tier)
        if told is None:
            continue
        within = f"rules.{name}.tiers.{tier}"
        try:
            place = f"{within}.when"
            holds = condition(told.when, told.threshold)
            place = f"{within}.evidence" if told.evidence else f"rules.{name}.evidence"
            says = evidence(told.evidence or settings.evidence, told.threshold)
        except ExpressionRefused as refused:
            raise file.refused(
                place, f"rule {name}: {refused}", "docs/alerts.md explains it"
            ) from None
        due = settings.due_days if told.due_days is None else told.due_days
        playbook = told.playbook or settings.playbook
        levels.append(Level(tier, holds, says, due, playbook, told.threshold))
    return Rule(name, settings.title, settings.owner, tuple(levels))


def with_level(rule: Rule, tier: str, when: str, threshold: float | None) -> Rule:
    """A rule with one of its tiers alone, under another condition, for trying it.

    Alone, because another tier would alert of the clients that this one no longer does.
    Raises ExpressionRefused as `condition` does.
    """
    (level,) = (each for each in rule.levels if each.tier == tier)
    tried = replace(
        level,
        holds=condition(when, threshold),
        says=evidence(level.says.text, threshold),
        threshold=threshold,
    )
    return replace(rule, levels=(tried,))


def _refusal(file: YamlFile, error: ValidationError) -> LookupRefused:
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"] if part != "[key]"]
    name = ".".join(parts)
    known = _settings_within(parts[:-1])
    if first["type"] == "extra_forbidden":
        what = f"setting {name} does not exist"
        return file.refused(name, what, f"the settings there are {', '.join(known)}")
    if first["type"] == "missing":
        what = f"{'.'.join(parts[:-1])} has no {parts[-1]}"
        return file.refused(name, what, f"add it; a rule has {', '.join(known)}")
    if first["type"] == "string_pattern_mismatch":
        what = f"{name}: {first['input']!r} is not a name"
        return file.refused(name, what, "use small letters, digits and _, as in health_low")
    said = first["msg"][0].lower() + first["msg"][1:]
    return file.refused(name, f"setting {name}: {said}, found {first['input']!r}", "correct it")


def _settings_within(parts: list[str]) -> list[str]:
    model: type[BaseModel] = AlertSettings
    if len(parts) >= 2 and parts[0] == "rules":
        model = TierOfRule if len(parts) >= 4 else RuleSettings
    return list(model.model_fields)
