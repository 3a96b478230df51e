"""From feature to product area, and when two spellings are one feature."""

from collections.abc import Sequence

import ibis
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables import engine

from healthscore_assets.contracts import AREA_ENGAGEMENT, CLEANED_USAGE, FEATURE_AREAS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.engagement.areas import (
    area_engagement,
    areas_of_features,
    engagement_by_mapping,
    unlisted_features,
    unmapped_features,
)
from healthscore_assets.engagement.mapping_report import mapping_report
from healthscore_assets.lookups.features import feature_key, feature_key_column, tidy
from healthscore_assets.lookups.product_areas import ProductAreas

BOARD = "planning | board"


@pytest.mark.parametrize(
    "feature",
    [
        "Planning | Board",
        "Planning > Board",
        "Planning: Board",
        "Planning / Board",
        "PLANNING | board",
        "  Planning  |  Board ",
        "Planning\u00a0>\u00a0Board",
        "Planning\t/\nBoard",
        "Planning:   Board",
        "Planning : Board",
    ],
)
def test_spellings_of_one_feature(feature: str) -> None:
    assert feature_key(feature) == BOARD


@pytest.mark.parametrize(
    "feature",
    [
        "Planning/Board",
        "Planning - Board",
        "Planning-Board",
        "Planning|Board",
        "Planning>Board",
        "Planning:Board",
        "Planning | Boards",
        "Planning Board",
        "Planning |Board",
        "Planning -> Board",
        "Planning | | Board",
    ],
)
def test_other_features(feature: str) -> None:
    assert feature_key(feature) != BOARD


def test_bare_slashes_and_hyphens_are_part_of_the_name() -> None:
    assert feature_key("Data Hub > CSV/Excel Import") == "data hub | csv/excel import"
    assert feature_key("Documents: E-Signature") == "documents | e-signature"


def test_tidying_keeps_the_case() -> None:
    assert tidy("Planning  >  Board: TOP") == "Planning | Board | TOP"


def keys_in_the_engine(features: Sequence[str]) -> list[str]:
    rows = pa.table({"feature": pa.array(features, pa.string())})
    table = engine().arrow("features", rows, ibis.schema({"feature": "string"}))
    return [
        row["key"] for row in engine().rows(table.select(key=feature_key_column(table.feature)))
    ]


NAMES = st.lists(
    st.one_of(
        st.text(st.sampled_from("aB :>|/-\tİΣ\u00a0"), max_size=12),
        st.text(max_size=8).filter(lambda text: "\x00" not in text),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(NAMES)
@example(["ΟΔΟΣ", "İstanbul", "STRAẞE", "a > > b", "x : y", "| | |", ": ", "Ǆ"])
def test_the_engine_and_python_agree_on_every_name(names: list[str]) -> None:
    # Published names hold no odd spaces: `tidy` or the reader of the lookup collapsed them.
    published = [" ".join(name.split()) for name in names]
    assert keys_in_the_engine(published) == [feature_key(name) for name in published]


@given(st.text(st.sampled_from("aB :>|/-"), max_size=12))
def test_a_published_name_has_the_key_of_the_name_it_stands_for(name: str) -> None:
    assert feature_key(name.upper()) == feature_key(name.lower()) == feature_key(name)
    assert feature_key(f"  {name}  ") == feature_key(name)


# ------------------------------------------------------------------------------------- areas

LOOKUP = ProductAreas(
    {BOARD: "Planning > Board", "reports | all": "Reports: All", "reports | new": "Reports: New"},
    {BOARD: "Planning", "reports | all": "Reports", "reports | new": "Reports"},
)


def usage(*rows: tuple[str, str | None, str, str, float]) -> ibis.Table:
    """`cleaned_usage` of external visitors: client, visitor, feature, measure, value."""
    names = ["client_id", "visitor_id", "feature", "measure", "value"]
    told = [{**dict(zip(names, row, strict=True)), "audience": "external"} for row in rows]
    schema = schema_of(CLEANED_USAGE)
    fields = pa.schema([field.with_nullable(True) for field in schema.to_pyarrow()])
    return engine().arrow("usage_rows", pa.Table.from_pylist(told, schema=fields), schema)


def lookup() -> ibis.Table:
    schema = ibis.schema({"feature_key": "string", "area": "string"})
    return engine().arrow("areas_of_lookup", LOOKUP.rows(), schema)


def by_area(
    table: ibis.Table, measure: str = "clicks", *, area_from_feature: bool = False
) -> list[tuple[object, ...]]:
    """Client, visitor, area, engagement."""
    found = area_engagement(table, lookup(), measure, area_from_feature=area_from_feature)
    found = found.order_by(AREA_ENGAGEMENT.unique)
    rows = engine().rows(found.select("client_id", "visitor_id", "area", "engagement"))
    return [tuple(row.values()) for row in rows]


def test_features_are_added_up_by_area() -> None:
    table = usage(
        ("a", "v", "Planning > Board", "clicks", 1),
        ("a", "v", "Reports: All", "clicks", 2),
        ("a", "v", "Reports: New", "clicks", 4),
        ("a", "w", "Reports: New", "clicks", 8),
        ("b", "v", "Reports: New", "clicks", 16),
    )
    assert by_area(table) == [
        ("a", "v", "Planning", 1),
        ("a", "v", "Reports", 6),
        ("a", "w", "Reports", 8),
        ("b", "v", "Reports", 16),
    ]


def test_a_feature_that_is_not_listed_is_unmapped() -> None:
    table = usage(
        ("a", "v", "Planning/Board", "clicks", 1),
        ("a", "v", "labs", "clicks", 2),
        ("a", "v", "planning | BOARD", "clicks", 4),
    )
    assert by_area(table) == [("a", "v", "Planning", 4), ("a", "v", "Unmapped", 3)]


def test_usage_without_a_visitor_is_the_clients() -> None:
    table = usage(
        ("a", None, "Reports: All", "clicks", 1),
        ("a", None, "Reports: New", "clicks", 2),
        ("a", "v", "Reports: New", "clicks", 4),
        ("b", None, "Reports: New", "clicks", 8),
    )
    assert by_area(table) == [
        ("a", "v", "Reports", 4),
        ("a", None, "Reports", 3),
        ("b", None, "Reports", 8),
    ]


def area_in(feature: str) -> object:
    """The area of a feature where the setting takes it from the name."""
    ((_, _, area, _),) = by_area(usage(("a", "v", feature, "clicks", 1)), area_from_feature=True)
    return area


@pytest.mark.parametrize(
    ("feature", "area"),
    [
        ("Labs | Search", "Labs"),
        ("Labs > Search", "Labs"),
        ("Labs: Search", "Labs"),
        ("Labs / Search", "Labs"),
        ("Labs | Search | Deep", "Labs"),
        ("Data Hub: CSV/Excel - Import", "Data Hub"),
        ("CSV/Excel | Import", "CSV/Excel"),
        # As the lookup spells its areas, though it lists other features of them.
        ("PLANNING | Calendar", "Planning"),
        ("reports > Deep", "Reports"),
        # The lookup goes before the name.
        ("planning | BOARD", "Planning"),
        # Nothing that separates, or nothing before it.
        ("Labs", "Unmapped"),
        ("Labs/Search", "Unmapped"),
        ("Labs - Search", "Unmapped"),
        ("Labs-Search", "Unmapped"),
        ("Labs|Search", "Unmapped"),
        (": Search", "Unmapped"),
        # The name for features without an area is not an area.
        ("unmapped | Search", "Unmapped"),
        ("UNMAPPED: Search", "Unmapped"),
    ],
)
def test_the_area_in_the_name_of_a_feature(feature: str, area: str) -> None:
    assert area_in(feature) == area


def test_one_spelling_of_an_area_that_only_names_tell() -> None:
    # The lookup spells none of these: the first in the order of the characters, capitals first.
    table = usage(
        ("a", "v", "labs | Search", "clicks", 1),
        ("a", "v", "Labs | Find", "clicks", 2),
        ("b", "v", "LABS | Look", "clicks", 4),
    )
    assert by_area(table, area_from_feature=True) == [("a", "v", "LABS", 3), ("b", "v", "LABS", 4)]


def test_names_tell_no_area_unless_the_setting_says_so() -> None:
    assert by_area(usage(("a", "v", "Labs | Search", "clicks", 1))) == [("a", "v", "Unmapped", 1)]


def test_measures_are_never_mixed() -> None:
    table = usage(
        ("a", "v", "Planning > Board", "clicks", 1), ("a", "v", "Planning > Board", "minutes", 2.5)
    )
    assert by_area(table, "clicks") == [("a", "v", "Planning", 1)]
    assert by_area(table, "minutes") == [("a", "v", "Planning", 2.5)]
    assert by_area(table, "page_views") == []


def test_sums_are_exact() -> None:
    table = usage(
        ("a", "v", "Reports: All", "minutes", 0.1), ("a", "v", "Reports: New", "minutes", 0.2)
    )
    assert by_area(table, "minutes") == [("a", "v", "Reports", 0.3)]


def test_the_unmapped_features_most_used_first() -> None:
    table = usage(
        ("a", "v", "labs", "clicks", 2),
        ("b", "v", "help", "clicks", 2),
        ("b", "w", "tour", "clicks", 3),
        ("b", "w", "Planning > Board", "clicks", 100),
        ("b", "w", "labs", "minutes", 100),
    )
    unlisted = unlisted_features(table, lookup(), "clicks")
    found = engine().rows(unmapped_features(unlisted))
    assert [(row["feature"], row["engagement"]) for row in found] == [
        ("tour", 3),
        ("help", 2),
        ("labs", 2),
    ]


def test_engagement_with_an_area_and_without() -> None:
    table = usage(("a", "v", "labs", "clicks", 1), ("a", "v", "Planning > Board", "clicks", 3))
    (sums,) = engine().rows(engagement_by_mapping(area_engagement(table, lookup(), "clicks")))
    assert sums == {"engagement": 4, "mapped": 3, "unmapped": 1}


def test_the_report_names_the_features_without_an_area() -> None:
    table = usage(
        ("a", "v", "Planning > Board", "clicks", 75),
        *(("a", "v", f"labs {n}", "clicks", 10 - n) for n in range(1, 4)),
        ("a", "v", "tour", "clicks", 1),
    )
    areas = area_engagement(table, lookup(), "clicks")
    report = mapping_report(engine(), table, areas, lookup(), "clicks")
    assert report.agrees
    # 9 + 8 + 7 + 1 = 25 of 100
    assert report.unmapped == (
        "25.0% of clicks has no product area: labs 1 (9), labs 2 (8), labs 3 (7), tour (1). "
        "Add these features to product_areas.csv."
    )
    assert report.numbers == {
        "engagement_in": 100,
        "engagement_out": 100,
        "share_unmapped": 0.25,
        "share_from_pendo": 0,
        "share_from_names": 0,
    }


def test_the_report_tells_how_much_the_names_of_features_decided() -> None:
    table = usage(
        ("a", "v", "Planning > Board", "clicks", 70),
        ("a", "v", "Labs | Search", "clicks", 15),
        ("a", "v", "Planning | Calendar", "clicks", 5),
        ("a", "v", "tour", "clicks", 6),
        ("a", "v", "unmapped | help", "clicks", 4),
    )
    areas = area_engagement(table, lookup(), "clicks", area_from_feature=True)
    report = mapping_report(engine(), table, areas, lookup(), "clicks", area_from_feature=True)
    assert report.agrees
    # 15 + 5 of 100 by their names; 6 + 4 without an area.
    assert report.says == (
        "clicks: 100 in cleaned_usage, 100 in areas, 20.0% of it by the features' own names."
    )
    assert report.unmapped.startswith(
        "10.0% of clicks has no product area: tour (6), unmapped | help (4). "
    )
    assert (report.numbers["share_unmapped"], report.numbers["share_from_names"]) == (0.1, 0.2)


def test_the_report_notices_engagement_that_was_lost() -> None:
    table = usage(("a", "v", "Planning > Board", "clicks", 3), ("b", "v", "labs", "clicks", 4))
    areas = area_engagement(table, lookup(), "clicks")
    report = mapping_report(
        engine(), table, areas.filter(areas.client_id == "a"), lookup(), "clicks"
    )
    assert not report.agrees
    assert report.says == "clicks: 7 in cleaned_usage, 3 in areas."


def test_nothing_used_is_nothing_unmapped() -> None:
    table = usage()
    areas = area_engagement(table, lookup(), "clicks")
    report = mapping_report(engine(), table, areas, lookup(), "clicks")
    assert (report.agrees, report.unmapped, report.numbers["share_unmapped"]) == (True, "", 0)


# ---------------------------------------------------------------------------- areas of Pendo


def of_pendo(areas: dict[str, str]) -> ibis.Table:
    """`feature_areas`: the area that Pendo has each feature in."""
    rows = [{"feature": feature, "area": area} for feature, area in areas.items()]
    schema = schema_of(FEATURE_AREAS)
    return engine().arrow("pendos_areas", pa.Table.from_pylist(rows, schema.to_pyarrow()), schema)


def areas_with(
    features: Sequence[str], areas: dict[str, str], *, area_from_feature: bool = False
) -> dict[str, tuple[str, bool]]:
    """By feature its area, and whether Pendo tells it."""
    rows = pa.table({"feature": pa.array(features, pa.string())})
    table = engine().arrow("features_used", rows, ibis.schema({"feature": "string"}))
    mapped = areas_of_features(
        table, lookup(), of_pendo(areas), area_from_feature=area_from_feature
    )
    return {row["feature"]: (row["area"], row["by_pendo"]) for row in engine().rows(mapped)}


def test_the_lookup_goes_before_pendo_and_pendo_before_the_name() -> None:
    areas = {"planning | BOARD": "Boards", "Labs | Search": "Research"}
    features = ["Planning > Board", "Labs | Search", "Labs | Find", "tour"]
    assert areas_with(features, areas) == {
        "Planning > Board": ("Planning", False),
        "Labs | Search": ("Research", True),
        "Labs | Find": ("Unmapped", False),
        "tour": ("Unmapped", False),
    }
    assert areas_with(features, areas, area_from_feature=True) == {
        "Planning > Board": ("Planning", False),
        "Labs | Search": ("Research", True),
        "Labs | Find": ("Labs", False),
        "tour": ("Unmapped", False),
    }


def test_pendos_areas_are_spelled_as_in_the_lookup_else_as_the_first_of_pendos() -> None:
    areas = {"a": " REPORTS ", "b": "labs", "c": "Labs", "d": "unmapped"}
    features = ["a", "b", "c", "d", "LABS | Look"]
    assert areas_with(features, areas, area_from_feature=True) == {
        "a": ("Reports", True),
        "b": ("Labs", True),
        "c": ("Labs", True),
        # The name for features without an area is not an area.
        "d": ("Unmapped", False),
        # Names are spelled like Pendo, although capitals come first.
        "LABS | Look": ("Labs", False),
    }


def test_pendos_areas_are_those_of_their_month() -> None:
    schema = ibis.schema({"feature": "string", "area": "string", "months_ago": "int64"})
    told = [{"feature": "tour", "area": "Help", "months_ago": 1}]
    areas = engine().arrow(
        "areas_by_month", pa.Table.from_pylist(told, schema.to_pyarrow()), schema
    )
    used = pa.table({"feature": ["tour", "tour"], "months_ago": [0, 1]})
    of_months = ibis.schema({"feature": "string", "months_ago": "int64"})
    features = engine().arrow("used_by_month", used, of_months)
    found = engine().rows(areas_of_features(features, lookup(), areas, area_from_feature=False))
    assert {row["months_ago"]: row["area"] for row in found} == {0: "Unmapped", 1: "Help"}


def test_the_report_tells_the_areas_of_pendo() -> None:
    table = usage(
        ("a", "v", "Planning > Board", "clicks", 70),
        ("a", "v", "Labs | Search", "clicks", 15),
        ("a", "v", "tour", "clicks", 6),
        ("a", "v", "help", "clicks", 5),
        ("a", "v", "Labs | Find", "clicks", 4),
    )
    pendos = of_pendo({"tour": "Onboarding", "help": "Onboarding", "Labs | Search": "planning"})
    areas = area_engagement(table, lookup(), "clicks", pendos, area_from_feature=True)
    report = mapping_report(
        engine(), table, areas, lookup(), "clicks", pendos, area_from_feature=True
    )
    # By Pendo 15 + 6 + 5 of 100, by the name 4.
    assert report.says == (
        "clicks: 100 in cleaned_usage, 100 in areas, 26.0% of it by Pendo's areas, "
        "4.0% of it by the features' own names."
    )
    assert report.areas_told == (
        "Every feature that was used has a product area. "
        "Pendo's areas, of features that are not listed: Planning (1), Onboarding (2)."
    )
    assert report.numbers["share_from_pendo"] == 0.26
    assert report.numbers["share_from_names"] == 0.04
