"""Who is internal: export column, file segment, e-mail domain, else external, in this order."""

import ibis
import pyarrow as pa
import pytest
from tables import engine

from healthscore_assets.engagement.audience import visitor_month

VENDOR = frozenset({"vendor.example"})
SCHEMA = ibis.schema(
    {
        **dict.fromkeys(["client_id", "visitor_id", "is_internal", "segment", "email"], "string"),
        **dict.fromkeys(["days_active", "minutes"], "float64"),
        "listed_rows": "int64",
        "days": "int32",
    }
)


def visitors(*rows: dict[str, object], domains: frozenset[str] = VENDOR) -> list[dict[str, object]]:
    """`visitor_month` of rows of client "a", visitor "v" where they do not say otherwise."""
    told = [{"client_id": "a", "visitor_id": "v", "listed_rows": 1, **row} for row in rows]
    arrow = pa.Table.from_pylist(told, schema=SCHEMA.to_pyarrow())
    table = visitor_month(engine().arrow("listed_rows", arrow, SCHEMA), domains)
    return engine().rows(table.order_by("client_id", "visitor_id"))


def audience(**row: object) -> object:
    (visitor,) = visitors(row)
    return visitor["audience"]


@pytest.mark.parametrize(
    "word", ["yes", "true", "1", "internal", "employee", "staff", "YES", " Internal "]
)
def test_words_that_say_internal(word: str) -> None:
    assert audience(is_internal=word) == "internal"


@pytest.mark.parametrize("word", ["no", "false", "0", "external", "customer", "maybe"])
def test_any_other_word_says_external(word: str) -> None:
    # even against the segment and the e-mail
    assert audience(is_internal=word, segment="internal", email="x@vendor.example") == "external"


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_word_leaves_it_to_the_segment(blank: str | None) -> None:
    assert audience(is_internal=blank, segment="internal") == "internal"
    assert audience(is_internal=blank, segment="external") == "external"


def test_the_column_goes_before_the_segment() -> None:
    assert audience(is_internal="yes", segment="external", email="x@acme.example") == "internal"


def test_the_segment_goes_before_the_email() -> None:
    assert audience(segment="external", email="x@vendor.example") == "external"
    assert audience(segment="internal", email="x@acme.example") == "internal"


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("x@vendor.example", "internal"),
        ("X@VENDOR.Example", "internal"),
        (" x@vendor.example ", "internal"),
        ("Jane Doe <jane@vendor.example>", "internal"),
        ('"x@acme.example"@vendor.example', "internal"),
        ("x@acme.example", "external"),
        ("x@eu.vendor.example", "external"),
        ("x@notvendor.example", "external"),
        ("x@vendor.example.org", "external"),
        ("vendor.example", "external"),
        ("x@vendor.example@acme.example", "external"),
        ("", "external"),
        (None, "external"),
    ],
)
def test_the_email_domain(email: str | None, expected: str) -> None:
    assert audience(email=email) == expected


def test_without_internal_domains_an_email_says_nothing() -> None:
    (visitor,) = visitors({"email": "x@vendor.example"}, domains=frozenset())
    assert visitor["audience"] == "external"


def test_nothing_told_is_external() -> None:
    assert audience() == "external"


@pytest.mark.parametrize("order", [("yes", "no"), ("no", "yes")])
def test_rows_that_disagree_are_internal_and_marked(order: tuple[str, str]) -> None:
    (visitor,) = visitors(*({"is_internal": word} for word in order))
    assert (visitor["audience"], visitor["disagrees"], visitor["listed_rows"]) == (
        "internal",
        True,
        2,
    )


def test_rows_that_agree_are_not_marked() -> None:
    found = visitors(
        {"is_internal": "yes"},
        {"is_internal": "staff"},
        {"visitor_id": "w"},
        {"visitor_id": "w", "is_internal": "no"},
    )
    assert [(v["visitor_id"], v["audience"], v["disagrees"]) for v in found] == [
        ("v", "internal", False),
        ("w", "external", False),
    ]


def test_a_person_of_two_clients_is_two_visitors() -> None:
    found = visitors({"is_internal": "yes"}, {"client_id": "b"})
    assert [(v["client_id"], v["audience"]) for v in found] == [
        ("a", "internal"),
        ("b", "external"),
    ]


def test_rows_without_a_visitor_are_nobodys_and_keep_their_audience() -> None:
    # An external and an internal file of one row per account: no person is listed as both.
    nobody = {"visitor_id": None}
    found = visitors(
        {**nobody, "segment": "external", "minutes": 1},
        {**nobody, "segment": "internal", "minutes": 2},
        {**nobody, "segment": "external", "minutes": 4},
        {**nobody, "client_id": "b"},
        {"minutes": 8},
    )
    rows = [(v["client_id"], v["visitor_id"], v["audience"], v["listed_rows"]) for v in found]
    assert sorted(rows, key=str) == [
        ("a", "v", "external", 1),
        ("a", None, "external", 2),
        ("a", None, "internal", 1),
        ("b", None, "external", 1),
    ]
    minutes = {(v["visitor_id"], v["audience"]): v["minutes"] for v in found}
    assert (minutes[None, "internal"], minutes["v", "external"]) == (2, 8)
    assert not any(v["disagrees"] for v in found)


def test_days_are_the_largest_and_minutes_the_sum_of_a_visitors_rows() -> None:
    found = visitors(
        {"days_active": 3, "minutes": 0.1},
        {"days_active": 5, "minutes": 0.2},
        {"days_active": None, "minutes": None},
        {"visitor_id": "w"},
    )
    # 0.1 + 0.2 is 0.30000000000000004 in floats, and 0.3 here
    assert [(v["listed_rows"], v["days_active"], v["minutes"]) for v in found] == [
        (3, 5, 0.3),
        (1, None, None),
    ]


def test_days_with_activity_are_told_or_seen() -> None:
    # as bits: the first of the month is 1, the second 2, both together 3
    (seen,) = visitors({"days": 1}, {"days": 2}, {"days": 2}, {"days": None}, {"days": 3})
    assert seen["days_active"] == 2
    (all_month,) = visitors({"days": 2**31 - 1})
    assert all_month["days_active"] == 31
    (told,) = visitors({"days": 1, "days_active": 9.0}, {"days": 2})
    assert told["days_active"] == 9
    (nobody,) = visitors({"days": 1, "visitor_id": None})
    assert nobody["days_active"] is None
