"""The settings of composite health and structural risk (SCORING.md sections 5 and 6)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from healthscore_assets.lookups.health_presets import DIMENSION, PRESETS, WEIGHTS

Weight = Annotated[float, Field(ge=0, le=100)]
Points = Annotated[float, Field(ge=0, le=100)]
EventWeight = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Normaliser = Literal["target", "percentile", "zscore", "minmax"]

_SUM = 0.01
"""How far weights may be from 100: 57.14 and 42.86 are 4 / 7 and 3 / 7."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def __hash__(self) -> int:
        """Of all settings: expressions that depend on them are built once."""
        return hash(self.model_dump_json())


class SegmentWeights(_Settings):
    """Weights of the dimensions of a segment; they sum to 100."""

    usage: Weight = 35.0
    engagement: Weight = 25.0
    sentiment: Weight = 25.0
    financial: Weight = 15.0


class Normalising(_Settings):
    """How the values of a component become scores, and over which clients."""

    by: Normaliser = "target"
    over: Literal["base", "segment"] = "base"


class Bands(_Settings):
    """The least health of a band."""

    green: Points = 80.0
    yellow: Points = 60.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.green > self.yellow:
            raise ValueError(f"green: {self.green:g} must be above yellow, {self.yellow:g}")
        return self


class Velocity(_Settings):
    """Points a day at which a band of velocity begins or ends."""

    declining_fast: float = -0.5
    declining: float = -0.2
    improving: float = 0.2
    improving_fast: float = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        steps = [self.declining_fast, self.declining, self.improving, self.improving_fast]
        if steps != sorted(set(steps)):
            told = ", ".join(f"{step:g}" for step in steps)
            raise ValueError(
                "declining_fast: declining_fast, declining, improving and improving_fast must rise "
                f"in this order, not {told}"
            )
        return self


class Targets(_Settings):
    """What counts as full marks; ``p75`` is the 75th percentile of the base."""

    touchpoints: Annotated[float, Field(gt=0)] = 2.0
    community: Annotated[float, Field(gt=0)] = 3.0
    frequency: Literal["p75"] | Annotated[float, Field(gt=0)] = "p75"
    arr_trend: Annotated[float, Field(gt=0)] = 0.20


class Lifecycle(_Settings):
    """Days after the contract's start, and before its renewal."""

    onboarding_days: Annotated[int, Field(ge=30, le=365)] = 90
    adoption_days: Annotated[int, Field(ge=1, le=3650)] = 365
    renewal_days: Annotated[int, Field(ge=0, le=365)] = 90

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.adoption_days > self.onboarding_days:
            raise ValueError(
                f"adoption_days: {self.adoption_days} must be above onboarding_days, "
                f"{self.onboarding_days}"
            )
        return self


class AnomalyGuard(_Settings):
    """When so many clients move at once that the measurement is to blame."""

    deviations: Annotated[float, Field(gt=0)] = 5.0
    share: Share = 0.30
    hold_out: bool = False


class Risk(_Settings):
    """Structural risk."""

    event_weights: Annotated[tuple[EventWeight, ...], Field(strict=False, min_length=1)] = (
        1.0,
        0.8,
        0.6,
        0.4,
        0.2,
    )
    multipliers: Mapping[str, Annotated[float, Field(ge=0)]] = {
        "SMB": 1.0,
        "SME": 2.0,
        "GOV": 2.0,
        "Mid-Market": 5.0,
        "Enterprise": 8.0,
    }
    concentrated: Share = 0.4
    narrow: Share = 0.3
    single_threaded: Share = 0.8
    dormant_days: Annotated[int, Field(ge=1)] = 30
    champion_share: Share = 0.30


class HealthSettings(_Settings):
    """The settings in force; a file names only what differs from these defaults.

    Lists of segments and of multipliers are replaced as a whole.
    """

    preset: Literal["default", "leading_75", "simple"] = "default"
    """`default` takes the weights below; `leading_75` has 75 % on leading components, `simple` six
    components: the weights below do not count then."""

    segments: Mapping[str, SegmentWeights] = {
        name: SegmentWeights(**weights) for name, weights in PRESETS["default"].segments.items()
    }
    """Weights of the dimensions by segment, 100 in each; other segments have those of `default`."""

    components: Mapping[str, Mapping[str, Weight]] = WEIGHTS
    """Weights of the components within their dimension, 100 in each."""

    normalisers: Mapping[str, Normalising] = {}
    """How values become scores, by component; the others by their target."""

    targets: Targets = Targets()
    bands: Bands = Bands()
    velocity: Velocity = Velocity()
    lifecycle: Lifecycle = Lifecycle()
    anomaly_guard: AnomalyGuard = AnomalyGuard()
    risk: Risk = Risk()

    active_users: Literal["monthly", "daily"] = "monthly"
    usage_smoothing: Literal["none", "mean3", "blend"] = "blend"
    half_life_days: Annotated[float, Field(gt=0)] = 45.0
    least_coverage: Share = 0.35
    notice_months: Annotated[int, Field(ge=0, le=6)] = 1
    sudden_drop: Points = 20.0

    @model_validator(mode="after")
    def _weights_are_whole(self) -> Self:
        for dimension, given in self.components.items():
            if dimension not in WEIGHTS:
                raise ValueError(
                    f"components.{dimension}: no such dimension; they are {', '.join(WEIGHTS)}"
                )
            for component in given:
                if component not in WEIGHTS[dimension]:
                    known = ", ".join(WEIGHTS[dimension])
                    raise ValueError(
                        f"components.{dimension}.{component}: no such component; those of "
                        f"{dimension} are {known}"
                    )
            _refuse_other_sum(f"components.{dimension}", {**WEIGHTS[dimension], **given})
        _refuse_alike("segments", self.segments)
        _refuse_alike("risk.multipliers", self.risk.multipliers)
        for segment in self.segments:
            _refuse_other_sum(f"segments.{segment}", self.segments[segment].model_dump())
        for component in self.normalisers:
            if component not in DIMENSION:
                raise ValueError(
                    f"normalisers.{component}: no such component; they are {', '.join(DIMENSION)}"
                )
        return self

    def weights_within(self, dimension: str) -> dict[str, float]:
        """The weights of the components of a dimension; they sum to 100."""
        if self.preset == "default":
            return {**WEIGHTS[dimension], **self.components.get(dimension, {})}
        none = dict.fromkeys(WEIGHTS[dimension], 0.0)
        return none | {**PRESETS[self.preset].components.get(dimension, WEIGHTS[dimension])}

    def weights_of_components(self) -> dict[str, float]:
        """The same of all dimensions."""
        return {
            name: weight for each in WEIGHTS for name, weight in self.weights_within(each).items()
        }

    def weights_of_segments(self) -> dict[str, dict[str, float]]:
        """The weights of the dimensions by segment, `default` among them; they sum to 100."""
        preset = {name: {**each} for name, each in PRESETS[self.preset].segments.items()}
        if self.preset != "default":
            return preset
        given = {name: each.model_dump() for name, each in self.segments.items()}
        return {"default": preset["default"]} | given


def _refuse_alike(setting: str, names: Iterable[str]) -> None:
    """Neither case nor surrounding space tells segments apart."""
    found: dict[str, str] = {}
    for name in names:
        key = name.strip().lower()
        if key in found:
            raise ValueError(f"{setting}.{name}: is the same segment as {found[key]!r}; keep one")
        if key == "default" != name:
            raise ValueError(f"{setting}.{name}: expected `default`, in small letters")
        found[key] = name


def _refuse_other_sum(setting: str, weights: Mapping[str, float]) -> None:
    total = sum(weights.values())
    if abs(total - 100) > _SUM:
        told = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
        raise ValueError(f"{setting}: the weights must sum to 100, not {total:g} ({told})")
