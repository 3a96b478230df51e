"""What each column of an export is."""

import pytest

from healthscore_assets.lookups.features import feature_key
from healthscore_assets.pendo.headers.aliases import ALIASES, UNDECIDED
from healthscore_assets.pendo.headers.grammar import (
    Column,
    Vocabulary,
    comparable,
    find_header,
    recognised,
    understand,
)

NOTHING = Vocabulary()


def listing(*features: str) -> Vocabulary:
    return Vocabulary(features=frozenset(map(feature_key, features)))


@pytest.mark.parametrize(
    ("header", "measure"),
    [
        ("Clicks for Planning | Board", "clicks"),
        ("Page Views for Planning | Board", "page_views"),
        ("Time On Page (minutes) for Planning | Board", "minutes"),
        ("Days Active for Planning | Board", "days_active"),
    ],
)
def test_a_metric_prefix_tells_the_measure(header: str, measure: str) -> None:
    assert understand(header) == Column(header, "metric", measure, "Planning | Board")


@pytest.mark.parametrize(
    "header",
    [
        "Clicks for Planning | Board",
        "CLICKS FOR Planning | Board",
        "Clicks  for   Planning |  Board",
        "\ufeffClicks for Planning | Board",
        "Clicks\u00a0for\u00a0Planning | Board",
        "Clicks for\nPlanning | Board",
        "Clicks for Planning > Board",
        "Clicks for Planning: Board",
        "Clicks for Planning / Board",
    ],
)
def test_case_spaces_and_separators_do_not_make_another_feature(header: str) -> None:
    assert understand(header) == Column(header, "metric", "clicks", "Planning | Board")


@pytest.mark.parametrize(
    "feature",
    [
        "Data Hub | CSV/Excel Import",
        "Documents | E-Signature",
        "a|b",
        "a>b",
        "a:b",
        'It\'s "new"; DROP TABLE',
        "Clicks for x",
        "Load more…",
        "Trends™ m²",
        "🚀",
    ],
)
def test_a_feature_keeps_its_characters(feature: str) -> None:
    assert understand(f"Clicks for {feature}").feature == feature


def test_an_accent_is_the_same_in_one_character_or_two() -> None:
    assert understand("Clicks for Cafe\u0301").feature == "Caf\u00e9"


ROLES = {
    "client_id": [
        "Account ID",
        "accountId",
        "ACCOUNT_ID",
        "account.id",
        "account-id",
        "Account | ID",
        "Acc\u200bount ID",
        "Ａｃｃｏｕｎｔ　ID",
        "Account",
        "Client ID",
        "Licensee ID",
        "Customer ID",
        "companyId",
    ],
    "parent_client_id": ["Parent Account ID", "parentAccountId"],
    "visitor_id": ["Visitor ID", "visitorId", "VISITOR_ID", "Visitor", "User ID"],
    "client_name": ["Account Name", "client_name", "Customer Name"],
    "visitor_name": ["Visitor Name", "Full Name"],
    "email": ["email", "E-Mail", "visitor_agent_email", "Visitor Email", "agent.email"],
    "is_internal": ["is_internal", "isInternalUser", "Is Internal", "Visitor Type", "User Type"],
    "period": ["Month", "period", "Year Month", "year_month", "Reporting Month", "Date Range"],
    "day": ["day", "Date", "Event Date"],
    "hour": ["hour", "Timestamp", "Event Time", "browserTime"],
    "feature_id": ["featureId", "Feature ID"],
    "feature": ["Feature", "featureName"],
    "page_id": ["pageId"],
    "page": ["Page Name"],
    "events": ["numEvents", "Events", "Total Events", "Event Count"],
    "clicks": ["Clicks", "Total Clicks"],
    "page_views": ["Page Views", "PageViews"],
    "days_active": ["Days Active", "days_active", "Active Days", "Number of Days Active"],
    "minutes": ["Time On Page (minutes)", "Minutes", "numMinutes"],
    "area": ["Product Area"],
    "app_id": ["appId"],
    "id": ["id", "ID", "agent_id"],
    "name": ["Name", "agent_name"],
}


@pytest.mark.parametrize(("role", "header"), [(r, h) for r, hs in ROLES.items() for h in hs])
def test_a_column_is_known_by_any_of_its_names(role: str, header: str) -> None:
    assert understand(header) == Column(header, role)


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "City",
        "First Visit",
        "Account Owner",
        "Visitor IDs",
        "Account/ID",
        "Visitors",
        "server",
        "remoteIp",
        "userAgent",
        "Clicks on X",
        "ClicksforX",
        "Taps for X",
        "Performance for X",
        "Time On Page (seconds) for X",
    ],
)
def test_everything_else_is_metadata(header: str) -> None:
    assert understand(header) == Column(header, "metadata")


def test_a_prefix_without_a_feature_is_no_metric() -> None:
    assert understand("Clicks for ").role == "metadata"


@pytest.mark.parametrize("role", [*ALIASES, *UNDECIDED])
def test_no_header_stands_for_two_columns(role: str) -> None:
    everywhere = [comparable(a) for aliases in (ALIASES | UNDECIDED).values() for a in aliases]
    for alias in (ALIASES | UNDECIDED)[role]:
        assert everywhere.count(comparable(alias)) == 1, alias


@pytest.mark.parametrize(
    ("header", "measure", "feature"),
    [
        ("Clicks for Feature Board", "clicks", "Board"),
        ("Clicks for Feature: Board", "clicks", "Board"),
        ("Clicks for Page Board", "clicks", "Page Board"),
        ("Clicks for Featured", "clicks", "Featured"),
        ("Clicks for Feature", "clicks", "Feature"),
        ("Page Views for Page Home", "page_views", "Home"),
        ("Page Views for page: Home", "page_views", "Home"),
        ("Page Views for Feature Home", "page_views", "Feature Home"),
        ("Page Views for Pages", "page_views", "Pages"),
        ("Time On Page (Minutes) for Page Home", "minutes", "Home"),
        ("Days Active for Page Home", "days_active", "Home"),
        ("Days Active for Feature Home", "days_active", "Home"),
        ("Events for Board", "clicks", "Board"),
        ("Events for Feature Board", "clicks", "Board"),
        ("Events for Page Home", "page_views", "Home"),
        ("Events for Home (page views)", "page_views", "Home"),
        ("clicks_for_Board", "clicks", "Board"),
        ("Ｃｌｉｃｋｓ　ｆｏｒ　Board", "clicks", "Board"),
    ],
)
def test_the_kind_before_a_feature_is_no_part_of_its_name(
    header: str, measure: str, feature: str
) -> None:
    assert understand(header) == Column(header, "metric", measure, feature)


@pytest.mark.parametrize(
    ("header", "listed", "measure", "feature"),
    [
        ("Page Views for Page Builder", "Page Builder", "page_views", "Page Builder"),
        ("Page Views for Page Builder", "Builder", "page_views", "Builder"),
        ("Page Views for Page Builder", "Page Build", "page_views", "Builder"),
        ("Events for Page Builder", "page  builder", "clicks", "Page Builder"),
        ("Clicks for Feature Flags (30d)", "Feature Flags", "clicks", "Feature Flags"),
    ],
)
def test_a_feature_of_the_lookup_keeps_its_first_word(
    header: str, listed: str, measure: str, feature: str
) -> None:
    column = understand(header, listing(listed))
    assert (column.measure, column.feature) == (measure, feature)


@pytest.mark.parametrize(
    ("header", "feature", "window_days"),
    [
        ("Clicks for Board (30d)", "Board", 30),
        ("Clicks for Board(7D)", "Board", 7),
        ("Clicks for Board (Last 90 days)", "Board", 90),
        ("Clicks for Board (All Apps)", "Board", None),
        ("Clicks for Board (clicks)", "Board", None),
        ("Clicks for Board (30d) (All Apps)", "Board", 30),
        ("Clicks for Feature Board (All Apps) (30 days) (clicks)", "Board", 30),
        ("Clicks for Board (3000d)", "Board (3000d)", None),
        ("Clicks for Board (beta)", "Board (beta)", None),
        ("Clicks for Board (beta) (30d)", "Board (beta)", 30),
        ("Clicks for Board (30d) (beta)", "Board (30d) (beta)", None),
        ("Clicks for Board (minutes)", "Board (minutes)", None),
        ("Clicks for (30d)", "(30d)", None),
    ],
)
def test_suffixes_are_no_part_of_a_feature(
    header: str, feature: str, window_days: int | None
) -> None:
    assert understand(header) == Column(header, "metric", "clicks", feature, window_days)


@pytest.mark.parametrize("header", ["Clicks for Digest (30d)", "Clicks for Feature Digest (30d)"])
def test_a_feature_of_the_lookup_keeps_its_suffix(header: str) -> None:
    assert understand(header, listing("Digest (30d)")) == Column(
        header, "metric", "clicks", "Digest (30d)"
    )


@pytest.mark.parametrize(
    ("header", "measure", "window_days"),
    [
        ("Planning > Board", "clicks", None),
        ("PLANNING | BOARD (30d)", "clicks", 30),
        ("Planning | Board (page views)", "page_views", None),
        ("Planning | Board (minutes) (30d)", "minutes", 30),
    ],
)
def test_a_feature_of_the_lookup_may_stand_alone(
    header: str, measure: str, window_days: int | None
) -> None:
    column = understand(header, listing("Planning | Board"))
    assert column.role == "metric"
    assert (column.measure, column.window_days) == (measure, window_days)
    assert feature_key(column.feature or "") == "planning | board"


@pytest.mark.parametrize("header", ["Planning", "Planning | Boards", "Board", "Account ID"])
def test_other_words_alone_are_no_feature(header: str) -> None:
    assert understand(header, listing("Planning | Board", "Account ID")).role != "metric"


@pytest.mark.parametrize(
    ("header", "role", "window_days"),
    [
        ("Events (30d)", "events", 30),
        ("Clicks (Last 30 days)", "clicks", 30),
        ("Minutes (All Apps)", "minutes", None),
        ("Account ID (30d)", "metadata", None),
        ("Visitors (30d)", "metadata", None),
    ],
)
def test_counts_may_say_a_window(header: str, role: str, window_days: int | None) -> None:
    assert understand(header) == Column(header, role, window_days=window_days)


@pytest.mark.parametrize(
    ("copy", "beside", "feature"),
    [
        ("Clicks for X.1", {"Clicks for X"}, "X"),
        ("Clicks for X.2", {"Clicks for X", "Clicks for X.1"}, "X"),
        ("Clicks for X (30d).1", {"Clicks for X (30d)"}, "X"),
        ("Clicks for X.1", {"Clicks for Y"}, "X.1"),
        ("Clicks for X.1", {"Page Views for X"}, "X.1"),
        ("Clicks for X.2", {"Clicks for X"}, "X.2"),
        ("Clicks for X.01", {"Clicks for X"}, "X.01"),
        ("Clicks for X.0", {"Clicks for X"}, "X.0"),
        ("Clicks for X.²", {"Clicks for X"}, "X.²"),
    ],
)
def test_pandas_numbers_the_copies_of_a_header(copy: str, beside: set[str], feature: str) -> None:
    assert understand(copy, NOTHING, frozenset(beside)).feature == feature


def test_a_version_of_the_lookup_is_no_copy() -> None:
    beside = frozenset({"Clicks for API 2"})
    assert understand("Clicks for API 2.1", listing("API 2.1"), beside).feature == "API 2.1"
    assert understand("Clicks for API 2.1", listing("API 2"), beside).feature == "API 2"


def test_aliases_that_people_wrote_down() -> None:
    written = Vocabulary(aliases=(("Org Ref.", "client_id"), ("Used", "events")))
    assert understand("org_ref", written).role == "client_id"
    assert understand("Used (30d)", written) == Column("Used (30d)", "events", window_days=30)
    assert understand("Org Refs", written).role == "metadata"
    assert understand("Account ID", written).role == "client_id"


def test_an_alias_outweighs_what_is_built_in() -> None:
    written = Vocabulary(aliases=(("Visitor", "client_id"), ("Clicks for Org", "client_name")))
    assert understand("visitor", written).role == "client_id"
    assert understand("Clicks for Org", written).role == "client_name"


def test_the_header_is_kept_as_the_file_spells_it() -> None:
    assert understand("  Account\u00a0ID ").header == "  Account\u00a0ID "


def test_comparable_headers() -> None:
    same = {
        "Account ID",
        "account_id",
        "ACCOUNT-ID",
        "accountId",
        " Account\u00a0 Id ",
        "ＡccountID",
    }
    assert {comparable(header) for header in same} == {"accountid"}
    assert comparable("account id 2") != comparable("account id")


@pytest.mark.parametrize(
    ("rows", "at"),
    [
        ([["Account ID", "Clicks for X"], ["a", "1"]], 0),
        ([["Visitors"], ["Account ID", "Visitor ID", "Clicks for X"]], 1),
        ([["Visitor"], ["Account ID", "Clicks for X"]], 1),
        ([["Account usage", " May 2024"], ["Account ID", "Clicks for X"]], 1),
        ([["Account", "Month"], ["Account ID", "Visitor ID", "Clicks for X"]], 1),
        ([["", ""], ["Account", "Month"], ["Client", "Month"]], 1),
        ([["Feature ID", "Name"], ["f1", "Board"]], 0),
        ([["Org Code", "Clicks for X"], ["a", "1"]], 0),
        ([["Account ID", ""], ["a", "1"]], None),
        ([["Clicks for X"], ["1"]], None),
        ([["Month", "Minutes"], ["2024-05", "1"]], None),
        ([["Name", "Date"], ["Ann", "2024-05-01"]], None),
        ([["acme", "v1", "3"]], None),
        ([], None),
    ],
)
def test_the_header_is_the_row_with_most_known_cells(rows: list[list[str]], at: int | None) -> None:
    assert find_header(rows, NOTHING) == at


def test_known_cells_are_counted() -> None:
    cells = ["Account ID", "Clicks for X", "Clicks for X", "Org", "", "City"]
    assert recognised(cells, NOTHING) == 3
    assert recognised(cells, Vocabulary((("Org", "client_name"),))) == 4


@pytest.mark.parametrize(
    "header",
    [
        "Clicks for " + "(30d)" * 20_000,
        "(" * 100_000,
        ")" * 100_000,
        " . " * 40_000,
        "for " * 25_000,
        "Clicks for " + " : " * 30_000,
        "1." * 50_000 + "1" * 5_000,
    ],
    ids=["suffixes", "opening", "closing", "points", "for", "separators", "numbers"],
)
def test_long_headers_are_read_in_linear_time(header: str) -> None:
    # Work that is quadratic in these would take minutes.
    assert understand(header, listing("X"), frozenset({header[:-2]})).header == header
