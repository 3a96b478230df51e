"""Features that are nearly the same: told, with a line for the lookup, and never merged."""

from __future__ import annotations

import csv
import time

import pytest

from healthscore_assets.engagement.alike_features import AlikeFeature, alike_features
from healthscore_assets.lookups.features import feature_key
from healthscore_assets.lookups.product_areas import ProductAreas


def lookup(listed: dict[str, str]) -> ProductAreas:
    """Feature -> area."""
    keys = {feature_key(feature): feature for feature in listed}
    return ProductAreas(keys, {key: listed[feature] for key, feature in keys.items()})


LISTED = lookup({"Reports | Export": "Reports", "Planning | Board": "Planning"})


@pytest.mark.parametrize(
    "feature",
    [
        # punctuation
        "Reports/Export",
        "Reports - Export",
        "Reports|Export",
        "Reports | Ex-port",
        "Reports | Export!",
        "[Reports] Export",
        # a marker
        "Reports | Export - Old",
        "Reports | Export (old)",
        "Reports | Export_beta",
        "reports: export Beta",
        "Reports | Export v2",
        "Reports | Export V2.1",
        "Reports | Export (version 3)",
        "Reports | Export (Deprecated)",
        "Reports | Export [new]",
        "Reports | Export copy",
        "Reports | Export (copy) (2)",
        "Reports | Export - old - copy 3",
        "Reports (legacy) | Export",
        "[Beta] Reports | Export",
        "Copy of Reports | Export",
    ],
)
def test_nearly_a_feature_of_the_lookup(feature: str) -> None:
    assert alike_features([feature], LISTED) == [
        AlikeFeature(feature, "Reports | Export", "Reports")
    ]


@pytest.mark.parametrize(
    "feature",
    [
        # one feature: case, spaces and separators
        "Reports | Export",
        "REPORTS >  export",
        "reports: Export",
        "Reports / Export",
        # another feature
        "Reports | Exports",
        "Reports | Export all",
        "Reports | Import",
        "Reports | New export",
        "Export - Old",
        "Reports | Old",
        "Exportv2",
        "!!!",
        "",
    ],
)
def test_not_nearly_a_feature_of_the_lookup(feature: str) -> None:
    assert alike_features([feature, "Reports | Export"], LISTED) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Step 1.1", "Step 11"),
        ("Step 1", "Step 2"),
        ("Old", "New"),
        ("Tickets | New", "Tickets | Old"),
        ("?", "!"),
        ("Café", "Cafe"),
        # vowel signs are no punctuation
        ("कि", "का"),
    ],
)
def test_different_features(one: str, other: str) -> None:
    assert alike_features([one, other], LISTED) == []


def test_accents_written_in_two_ways_are_nearly_the_same() -> None:
    composed, combined = "Caf\u00e9", "Cafe\u0301"
    assert alike_features([composed, combined], LISTED) == [AlikeFeature(combined, composed, None)]


def test_a_line_that_is_in_the_lookup_settles_it() -> None:
    listed = lookup({"Export": "Reports", "Export - Old": "Archive"})
    assert alike_features(["Export", "Export - Old"], listed) == []


def test_of_several_listed_the_one_that_differs_least() -> None:
    listed = lookup({"Export": "Reports", "Export v2": "Studio"})
    found = alike_features(["Export-v2", "Export v3", "Ex-port"], listed)
    assert found == [
        AlikeFeature("Ex-port", "Export", "Reports"),
        AlikeFeature("Export v3", "Export", "Reports"),
        AlikeFeature("Export-v2", "Export v2", "Studio"),
    ]


def test_none_is_listed_and_the_plainest_is_resembled() -> None:
    found = alike_features(["Labs - Old", "Labs", "Labs_beta", "Tour"], LISTED)
    assert found == [
        AlikeFeature("Labs - Old", "Labs", None),
        AlikeFeature("Labs_beta", "Labs", None),
    ]
    assert found[0].lookup_line() is None
    assert found[0].line() == "'Labs - Old' is nearly 'Labs', and neither is in product_areas.csv"


def test_without_a_plain_one_the_shortest_is_resembled() -> None:
    assert alike_features(["Labs beta", "Labs v2"], LISTED) == [
        AlikeFeature("Labs beta", "Labs v2", None)
    ]


def test_a_line_to_paste() -> None:
    (found,) = alike_features(["Reports | Export - Old"], LISTED)
    assert found.lookup_line() == "Reports | Export - Old,Reports"
    assert found.line() == (
        "'Reports | Export - Old' is nearly 'Reports | Export'; if it belongs to the same area, "
        "add to product_areas.csv: Reports | Export - Old,Reports"
    )


@pytest.mark.parametrize("area", ["Plan, do", 'The "plan"', "Plan"])
def test_the_line_reads_back(area: str) -> None:
    listed = lookup({"Plan the day": area})
    (found,) = alike_features(['Plan, "the" day'], listed)
    line = found.lookup_line()
    assert line is not None
    assert list(csv.reader([line])) == [['Plan, "the" day', area]]


def test_the_order_given_does_not_matter() -> None:
    names = ["Labs v2", "LABS", "Labs", "labs (old)", "Tour", "Tour!"]
    assert alike_features(names, LISTED) == alike_features(reversed(names), LISTED)


def test_thousands_of_names_take_no_longer_than_each_of_them() -> None:
    # 20,000 names of one group, half of them listed: by pairs it would be 100,000,000 steps.
    names = [f"Export v{n}" for n in range(20_000)]
    listed = lookup(dict.fromkeys(names[::2], "Reports"))
    begun = time.monotonic()
    assert len(alike_features(names, listed)) == 10_000
    assert time.monotonic() - begun < 10
