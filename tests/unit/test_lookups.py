"""Lookups: what they say, and an error for every bad line: file, line, column, what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from healthscore_assets.lookups.internal_domains import read_internal_domains
from healthscore_assets.lookups.product_areas import ProductAreas, read_product_areas
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.scoring_settings import ScoringSettings, read_scoring_settings

LOOKUPS = Path(__file__).resolve().parents[2] / "lookups"
READERS = (read_product_areas, read_internal_domains, read_scoring_settings)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "lookup"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(read: Callable[[Path], Any], path: Path) -> str:
    """The error without the path in front of it."""
    with pytest.raises(LookupRefused) as refused:
        read(path)
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line.removeprefix(str(path)).lstrip(", ").removeprefix(": ")


# ------------------------------------------------------------------------------ product areas


def areas(folder: Path, *lines: str, header: str = "feature,area") -> ProductAreas:
    return read_product_areas(written(folder, "\n".join([header, *lines])))


def test_features_and_their_areas(tmp_path: Path) -> None:
    found = areas(tmp_path, "Planning | Board,Planning", "Data Hub | CSV/Excel Import,Data Hub")
    assert found.areas() == ["Data Hub", "Planning"]
    assert found.published("planning > BOARD") == "Planning | Board"
    assert found.published("data hub: csv/excel import") == "Data Hub | CSV/Excel Import"
    assert found.published("planning/board") == "planning/board"
    assert found.rows().to_pylist() == [
        {"feature_key": "planning | board", "area": "Planning", "tier": None},
        {"feature_key": "data hub | csv/excel import", "area": "Data Hub", "tier": None},
    ]


def test_spaces_blank_lines_case_of_the_header_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    text = '\ufeffFEATURE , Area\r\n\r\n  a   >  b ,"Area  One"\r\n\r\n,\r\n'
    assert read_product_areas(written(tmp_path, text)) == ProductAreas(
        {"a | b": "a > b"}, {"a | b": "Area One"}
    )


def test_two_spellings_in_one_area_are_one_feature_and_the_first_is_published(
    tmp_path: Path,
) -> None:
    found = areas(tmp_path, "A > x,One", "a | X,One")
    assert found == ProductAreas({"a | x": "A > x"}, {"a | x": "One"})


@pytest.mark.parametrize("feature", ["Load more…", "Trends™", "m²", "Café", "a\u2028b"])
def test_a_feature_with_a_special_character_is_found(tmp_path: Path, feature: str) -> None:
    assert areas(tmp_path, f"{feature},One").areas() == ["One"]


def test_an_accent_is_the_same_in_one_character_or_two(tmp_path: Path) -> None:
    assert areas(tmp_path, "Cafe\u0301,One").published("CAF\u00c9") == "Caf\u00e9"


TIERS = "feature,area,tier"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "line 1: expected the columns feature, area, found nothing; add feature, area"),
        ("feature\nx\n", "line 1: expected the columns feature, area, found feature; add area"),
        (
            "feature;area\nx;y\n",
            "line 1: expected the columns feature, area, found feature;area; add feature, area",
        ),
        (
            "feature,area,colour\n",
            "line 1: column 'colour' is unknown or repeated; the columns are feature, area, tier",
        ),
        ("feature,area,area\n", "line 1: column 'area' is unknown or repeated; the columns are"),
        ("feature,area\n", "lists no feature; add a line: feature, area"),
        ("feature,area\n\nx,\n", "line 3, column area: is blank; fill it or delete the line"),
        ("feature,area\n ,y\n", "line 2, column feature: is blank; fill it or delete the line"),
        (
            "feature,area\nx,y\nx, z,y\n",
            "line 3: has 3 cells, expected 2 (feature, area); "
            "put quotes around a value that holds a comma",
        ),
        ("feature,area\nx\n", "line 2: has 1 cells, expected 2 (feature, area); put quotes"),
        (
            'feature,area\nx,y\n"x,y\n',
            "line 3: is not CSV (unexpected end of data); check its quotes",
        ),
        (
            'feature,area\n"x"y,z\n',
            "line 2: is not CSV (',' expected after '\"'); check its quotes",
        ),
        (
            "feature,area\nx,unmapped\n",
            "line 2, column area: 'unmapped' is the name for features that are not listed here; "
            "delete the line or name an area",
        ),
        (
            TIERS + "\nx,y,gold\n",
            "line 2, column tier: expected core or advanced, found 'gold'; "
            "change it or leave it blank",
        ),
        (
            "feature,area\na > x,One\nb,One\nA | X,Two\n",
            "line 4: feature 'A | X' is in area 'Two' here and in 'One' above; "
            "keep one of the two lines",
        ),
        (b"feature,area\nx,caf\xe9\n", "byte 19: is not UTF-8 text; save it as CSV UTF-8"),
    ],
)
def test_a_bad_line_of_product_areas(tmp_path: Path, content: str | bytes, says: str) -> None:
    assert refusal(read_product_areas, written(tmp_path, content)).startswith(says)


def test_a_quoted_line_break_does_not_shift_the_line_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, 'feature,area\n"a\nb",One\nc\n')
    assert refusal(read_product_areas, path).startswith("line 4: has 1 cells")


def test_tiers(tmp_path: Path) -> None:
    assert areas(tmp_path, "x,y,core", "z,y,advanced", "w,y,", header=TIERS).areas() == ["y"]


# ---------------------------------------------------------------------------- internal domains


def test_domains(tmp_path: Path) -> None:
    path = written(tmp_path, "domain\nVendor.example\n@two.co.uk\n\nmünchen.example\n")
    assert read_internal_domains(path) == {"vendor.example", "two.co.uk", "münchen.example"}


def test_no_domain_is_allowed(tmp_path: Path) -> None:
    assert read_internal_domains(written(tmp_path, "domain\n")) == frozenset()


@pytest.mark.parametrize(
    "domain",
    ["localhost", "x@vendor.example", "a b.example", ".", "http://vendor.example", "*.example.com"],
)
def test_something_that_is_no_domain(tmp_path: Path, domain: str) -> None:
    says = refusal(read_internal_domains, written(tmp_path, f"domain\nok.example\n{domain}\n"))
    assert says == (
        f"line 3, column domain: expected a domain such as example.com, found {domain!r}; "
        "change it or delete the line"
    )


# ---------------------------------------------------------------------------- scoring settings


def test_the_projects_scoring_yaml_states_exactly_the_defaults() -> None:
    path = LOOKUPS / "scoring.yaml"
    stated = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert stated == ScoringSettings().model_dump(mode="json")
    assert read_scoring_settings(path) == ScoringSettings()


def test_the_projects_lookups_can_be_read() -> None:
    assert len(read_product_areas(LOOKUPS / "product_areas.csv").area) > 0
    assert len(read_internal_domains(LOOKUPS / "internal_domains.csv")) > 0


@pytest.mark.parametrize("content", ["", "# nothing but a comment\n"])
def test_an_empty_file_means_the_defaults(tmp_path: Path, content: str) -> None:
    assert read_scoring_settings(written(tmp_path, content)) == ScoringSettings()


def test_what_the_file_leaves_out_keeps_its_default(tmp_path: Path) -> None:
    found = read_scoring_settings(written(tmp_path, "silent_months: 0\nflat_band: 1\n"))
    assert found == ScoringSettings(silent_months=0, flat_band=1)


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("silent_months", [0, 24]),
        ("flat_band", [0, 0.5, 1]),
        ("area_scaling", ["log", "none", "mean"]),
        ("measure", ["clicks", "page_views", "minutes", "days_active"]),
        ("date_order", ["dmy", "mdy"]),
    ],
)
def test_the_edges_of_each_setting(tmp_path: Path, setting: str, values: list[object]) -> None:
    for value in values:
        path = written(tmp_path, f"{setting}: {value}\n")
        assert getattr(read_scoring_settings(path), setting) == value


@pytest.mark.parametrize(("word", "value"), [("true", True), ("false", False)])
def test_areas_in_the_names_of_features(tmp_path: Path, word: str, value: bool) -> None:
    path = written(tmp_path, f"area_from_feature: {word}\n")
    assert read_scoring_settings(path).area_from_feature is value


def test_no_order_of_dates(tmp_path: Path) -> None:
    assert read_scoring_settings(written(tmp_path, "date_order: null\n")).date_order is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "silent_months: 25",
            "line 1: setting silent_months: input should be less than or equal to 24, "
            "found 25; the default is 3",
        ),
        ("silent_months: -1", "line 1: setting silent_months: input should be greater than or"),
        ("silent_months: 2.5", "line 1: setting silent_months: input should be a valid integer"),
        ("silent_months: '3'", "line 1: setting silent_months: input should be a valid integer"),
        ("silent_months: yes", "line 1: setting silent_months: input should be a valid integer"),
        ("measure: clicks\n\nflat_band: 1.01", "line 3: setting flat_band: input should be less"),
        ("flat_band: -0.01", "line 1: setting flat_band: input should be greater than or equal"),
        (
            "flat_band: 10%",
            "line 1: setting flat_band: input should be a valid number, found '10%'",
        ),
        ("flat_band: .nan", "line 1: setting flat_band: "),
        ("flat_band:", "line 1: setting flat_band: input should be a valid number, found None"),
        ("area_scaling: sqrt", "line 1: setting area_scaling: input should be 'log', 'none' or"),
        ("date_order: ymd", "line 1: setting date_order: input should be 'dmy' or 'mdy', found"),
        ("date_order: DMY", "line 1: setting date_order: input should be 'dmy' or 'mdy', found"),
        ("area_from_feature: 1", "line 1: setting area_from_feature: input should be a valid bool"),
        ("area_from_feature:", "line 1: setting area_from_feature: input should be a valid bool"),
        ("measure: Clicks", "line 1: setting measure: input should be 'clicks', 'page_views'"),
        (
            "# a comment\nmesure: clicks",
            "line 2: setting mesure does not exist; the settings are measure, area_scaling",
        ),
        ("1: clicks", "line 1: setting 1 does not exist; the settings are measure"),
        ("2024-01-01: clicks", "line 1: setting 2024-01-01 does not exist; the settings are"),
        (
            "measure: clicks\nmeasure: minutes",
            "line 2: setting measure is given twice; keep one; the other is on line 1",
        ),
        (
            "health:\n  components:\n    usage:\n      frequency: -5",
            "line 4: setting health.components.usage.frequency: input should be greater than or "
            "equal to 0, found -5; the default is 20",
        ),
        (
            "health:\n  components:\n    usage:\n      frequency: 10\n",
            "line 3: setting health.components.usage: the weights must sum to 100, not 90 "
            "(active_users 40, feature_adoption 30, frequency 10, depth 10, engagement_index 0, "
            "session_minutes 0, stickiness 0)",
        ),
        (
            "health:\n  segments:\n    SMB: {usage: 30}",
            "line 3: setting health.segments.SMB: the weights must sum to 100, not 95",
        ),
        (
            "health:\n  bands: {green: 50}",
            "line 2: setting health.bands.green: 50 must be above yellow, 60",
        ),
        (
            "health:\n  velocity:\n    improving: 0.6",
            "line 2: setting health.velocity.declining_fast: declining_fast, declining, improving "
            "and improving_fast must rise in this order, not -0.5, -0.2, 0.6, 0.5",
        ),
        (
            "health:\n  lifecycle: {adoption_days: 60}",
            "line 2: setting health.lifecycle.adoption_days: 60 must be above onboarding_days, 90",
        ),
        (
            "health:\n  components:\n    usage: {logins: 5}",
            "line 3: setting health.components.usage.logins: no such component; those of usage "
            "are active_users, feature_adoption,",
        ),
        (
            "health:\n  components: {money: {arr: 100}}",
            "line 2: setting health.components.money: no such dimension; they are usage, ",
        ),
        (
            "health:\n  normalisers: {nsp: {by: minmax}}",
            "line 2: setting health.normalisers.nsp: no such component; they are active_users, ",
        ),
        (
            "health:\n  normalisers:\n    nps: {by: mean}",
            "line 3: setting health.normalisers.nps.by: input should be 'target', 'percentile', "
            "'zscore' or 'minmax', found 'mean'; correct it",
        ),
        (
            "health:\n  bands:\n    gren: 70",
            "line 3: setting health.bands.gren does not exist; the settings of health.bands are "
            "green, yellow",
        ),
        (
            "health:\n  weigths: {}",
            "line 2: setting health.weigths does not exist; the settings of health are preset, ",
        ),
        (
            "health:\n  targets: {frequency: p90}",
            "line 2: setting health.targets.frequency: input should be 'p75' or a valid number, "
            "found 'p90'; the default is p75",
        ),
        (
            "health:\n  targets: {frequency: -1}",
            "line 2: setting health.targets.frequency: input should be 'p75' or greater than 0, "
            "found -1; the default is p75",
        ),
        (
            "health:\n  segments:\n    SMB: {usage: 35}\n    smb: {usage: 35}",
            "line 4: setting health.segments.smb: is the same segment as 'SMB'; keep one",
        ),
        (
            "health:\n  segments:\n    Default: {usage: 35}",
            "line 3: setting health.segments.Default: expected `default`, in small letters",
        ),
        (
            "health:\n  risk:\n    multipliers: {SMB: 1, smb: 2}",
            "line 3: setting health.risk.multipliers.smb: is the same segment as 'SMB'; keep one",
        ),
        (
            "health:\n  normalisers:\n    nps: {method: percentile}",
            "line 3: setting health.normalisers.nps.method does not exist; the settings of "
            "health.normalisers.nps are by, over",
        ),
        (
            "health:\n  segments:\n    SMB:",
            "line 3: setting health.segments.SMB: expected `name: value` lines below it, found "
            "None; correct it",
        ),
        (
            "health:\n  risk: {event_weights: [-1, 2]}",
            "line 2: setting health.risk.event_weights: input should be greater than or equal to "
            "0, found -1",
        ),
        (
            "health:\n  risk:\n    multipliers: {SMB: .inf}",
            "line 3: setting health.risk.multipliers.SMB: input should be a finite number",
        ),
        (
            "health:\n  bands: {green: 90}\n  bands: {green: 95}",
            "line 3: setting health.bands is given twice; keep one; the other is on line 2",
        ),
        ("health: yes", "line 1: setting health: "),
        ("- measure", "line 1: expected `setting: value` lines; rewrite it"),
        ("measure", "line 1: expected `setting: value` lines; rewrite it"),
        ("a: 1\nb: [", "line 2: is not YAML; check the indentation and colons"),
        ("a: 1\n\tb: 2", "line 2: is not YAML; check the indentation and colons"),
        ("a\x00: 1", "is not YAML; check the indentation and colons"),
        ("? [a]\n: 1", "line 1: is not YAML"),
        ("!!python/object/apply:os.getcwd []", "line 1: is not YAML"),
        ("a: 1\n---\nb: 2", "line 2: is not YAML"),
        (b"measure: caf\xe9", "is not UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_bad_setting(tmp_path: Path, content: str | bytes, says: str) -> None:
    assert refusal(read_scoring_settings, written(tmp_path, content)).startswith(says)


def test_the_heading_alone_sets_nothing(tmp_path: Path) -> None:
    read = read_scoring_settings(written(tmp_path, "health:\n  # bands: {green: 70}\n"))
    assert read == ScoringSettings()


# ---------------------------------------------------------------------------------- any lookup


@pytest.mark.parametrize(
    ("read", "todo"),
    [
        (read_product_areas, "create it, first line feature,area"),
        (read_internal_domains, "create it, first line domain"),
        (read_scoring_settings, "create it; an empty file means the defaults"),
    ],
)
def test_a_missing_file(tmp_path: Path, read: Callable[[Path], Any], todo: str) -> None:
    assert refusal(read, tmp_path / "missing") == f"no such file; {todo}"


@pytest.mark.parametrize("read", READERS)
def test_a_folder_in_place_of_the_file(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    assert refusal(read, tmp_path).startswith("cannot be read (Is a directory)")
