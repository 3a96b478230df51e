"""The shape of a table, told by its header; each beside its neighbours that are refused."""

import pytest

from healthscore_assets.lookups.features import feature_key
from healthscore_assets.pendo.headers.grammar import Column, Vocabulary
from healthscore_assets.pendo.headers.shapes import NotUnderstood, resolve

METRICS = "Clicks for X"
NOTHING = Vocabulary()


def listing(*features: str) -> Vocabulary:
    return Vocabulary(features=frozenset(map(feature_key, features)))


def columns_of(header: str, vocabulary: Vocabulary) -> tuple[str, list[Column]]:
    shape = resolve(header.split(","), vocabulary)
    assert [column.header for column in shape.columns] == header.split(",")
    return shape.name, list(shape.columns)


def told(header: str, vocabulary: Vocabulary = NOTHING) -> tuple[str, list[str]]:
    """The shape and the roles, ``-`` for metadata."""
    name, columns = columns_of(header, vocabulary)
    return name, ["-" if c.role == "metadata" else c.role for c in columns]


def refusal(header: str, vocabulary: Vocabulary = NOTHING) -> str:
    with pytest.raises(NotUnderstood) as refused:
        resolve(header.split(","), vocabulary)
    line = str(refused.value)
    assert line == f"{refused.value.what}; {refused.value.todo}"
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("header", "shape", "roles"),
    [
        (
            "Account ID,Visitor ID,City,Clicks for X",
            "wide_visitor",
            "client_id visitor_id - metric",
        ),
        ("Account ID,Account Name,Clicks for X", "wide_account", "client_id client_name metric"),
        (
            "accountId,visitorId,featureId,numEvents",
            "events",
            "client_id visitor_id feature_id events",
        ),
        ("featureId,name", "feature_names", "feature_id feature"),
    ],
)
def test_four_shapes(header: str, shape: str, roles: str) -> None:
    assert told(header) == (shape, roles.split())


# ------------------------------------------------------------------------------- wide tables


def test_totals_of_a_visitor_are_no_metrics() -> None:
    _, columns = columns_of(
        "Account ID,Visitor ID,Days Active,Minutes,Events,Clicks,Clicks for X (30d)", NOTHING
    )
    assert columns[2:] == [
        Column("Days Active", "days_active"),
        Column("Minutes", "minutes"),
        Column("Events", "metadata"),
        Column("Clicks", "metadata"),
        Column("Clicks for X (30d)", "metric", "clicks", "X", 30),
    ]


def test_a_feature_may_have_many_columns() -> None:
    _, columns = columns_of(
        "Account ID,Clicks for X,Clicks for X,Clicks for X.1,Events for Feature X", NOTHING
    )
    assert {(column.measure, column.feature) for column in columns[1:]} == {("clicks", "X")}


def test_features_of_the_lookup_stand_alone() -> None:
    header = "Account ID,Visitor ID,Export,Segment"
    assert told(header, listing("Export")) == (
        "wide_visitor",
        ["client_id", "visitor_id", "metric", "-"],
    )
    assert refusal(header, listing("Import")).startswith(
        "no feature column among 4 columns (Account ID, Visitor ID, Export, Segment); "
        "expected headers such as 'Clicks for X'"
    )


def test_a_feature_with_the_name_of_a_count() -> None:
    header = "Account ID,Visitor ID,Views,Clicks for X"
    assert told(header, listing("Views"))[1][2] == "metric"
    assert told(header)[1][2] == "-"


@pytest.mark.parametrize(
    ("beside", "kept"),
    [
        ("Month,Day,Hour", "period - -"),
        ("Day,Hour", "day -"),
        ("Hour", "-"),
        ("Date Range,Timestamp", "period -"),
    ],
)
def test_a_wide_table_is_of_months_then_days(beside: str, kept: str) -> None:
    _, roles = told(f"Account ID,Clicks for X,{beside}")
    assert roles[2:] == kept.split()


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("Account ID,Client", "client"),
        ("Account ID,account_id", "client"),
        ("Account ID,Account ID.1", "client"),
        ("Account ID,Visitor ID,User ID", "visitor"),
        ("Account ID,Month,Period", "month"),
        ("Account ID,Day,Date", "day"),
        ("Account ID,Is Internal,Internal", "mark of internal visitors"),
        ("Account ID,Days Active,Active Days", "days active"),
        ("Account ID,Minutes,Total Minutes", "minutes"),
    ],
)
def test_two_columns_for_one_thing(columns: str, says: str) -> None:
    one, other = columns.split(",")[-2:]
    assert refusal(f"{columns},{METRICS}") == (
        f"the columns {one!r} and {other!r} could both be the {says}; "
        "rename or delete one of them, or list it as metadata in column_aliases.csv"
    )


def test_of_names_and_emails_the_first_counts() -> None:
    _, roles = told(
        "Account ID,Account Name,Company,Visitor ID,Visitor Name,Name,Email,User Email,Clicks for X"
    )
    assert roles == [
        "client_id",
        "client_name",
        "-",
        "visitor_id",
        "visitor_name",
        "-",
        "email",
        "-",
        "metric",
    ]


@pytest.mark.parametrize(
    ("client", "visitor", "roles"),
    [
        ("Account ID,Company ID", "Visitor ID,User", "client_id - visitor_id -"),
        ("Company ID,Tier", "User,City", "client_id - visitor_id -"),
    ],
)
def test_some_headers_are_ids_only_where_nothing_else_is(
    client: str, visitor: str, roles: str
) -> None:
    assert told(f"{client},{visitor},{METRICS}") == ("wide_visitor", [*roles.split(), "metric"])


def test_two_headers_that_could_be_ids() -> None:
    assert "'Company ID' and 'Tenant ID' could both be the client" in refusal(
        f"Company ID,Tenant ID,{METRICS}"
    )


def test_a_time_in_other_units_is_not_left_out() -> None:
    with pytest.raises(NotUnderstood) as refused:
        resolve(["Account ID", METRICS, "Time On Page (seconds) for X"], NOTHING)
    assert refused.value.column == "Time On Page (seconds) for X"
    assert "without saying that it is minutes" in str(refused.value)


# ------------------------------------------------------------------------ missing identities


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (
            "Visitor ID,City,Clicks for X",
            "no client column among 3 columns (Visitor ID, City, Clicks for X); expected a header "
            "such as Account ID, Account, Client ID, or one that lookups/column_aliases.csv lists "
            "for client_id",
        ),
        (
            "Acount ID,Visitor ID,Clicks for X",
            "no client column among 3 columns (Acount ID, Visitor ID, Clicks for X); expected a "
            "header such as Account ID, Account, Client ID; did you mean 'Account ID' by "
            "'Acount ID'?",
        ),
        (
            "Parent Account ID,Visitor ID,Clicks for X",
            "no client column among 3 columns (Parent Account ID, Visitor ID, Clicks for X): "
            "'Parent Account ID' is the account above the client, not the client; expected",
        ),
        (
            "Account Name,Visitor ID,Clicks for X",
            "no client column among 3 columns (Account Name, Visitor ID, Clicks for X): "
            "'Account Name' is the client's name, not its id; expected",
        ),
        (
            "Account ID,Email,Clicks for X",
            "no visitor column among 3 columns (Account ID, Email, Clicks for X), though 'Email' "
            "says a row is a visitor; expected a header such as Visitor ID, Visitor, User ID",
        ),
        ("Account ID,Visitor Name,Clicks for X", "though 'Visitor Name' says a row is a visitor"),
        ("Account ID,Visitor Type,Clicks for X", "though 'Visitor Type' says a row is a visitor"),
        ("Account ID,Visitr ID,Email,Clicks for X", "did you mean 'Visitor ID' by 'Visitr ID'?"),
        (
            "Account ID,Visitor ID,Clcks for X",
            "no feature column among 3 columns (Account ID, Visitor ID, Clcks for X); expected "
            "headers such as 'Clicks for X', 'Page Views for X', 'Time On Page (minutes) for X' or "
            "'Days Active for X', or features of lookups/product_areas.csv; did you mean "
            "'Clicks for' by 'Clcks for X'?",
        ),
        ("City,Clicks for X", "no client column"),
        ("Line 1", "no client column among 1 columns (Line 1)"),
        ("", "no client column among 1 columns ()"),
    ],
)
def test_what_is_missing(header: str, says: str) -> None:
    assert says in refusal(header)


def test_only_six_columns_are_named() -> None:
    assert "among 21 columns (Visitor ID, c0, c1, c2, c3, c4, ...)" in refusal(
        ",".join(["Visitor ID", *(f"c{n}" for n in range(20))])
    )


def test_long_headers_are_cut_in_messages() -> None:
    assert len(refusal(f"{'x' * 100_000},{'Clicks for ' + 'y' * 100_000}")) < 500


@pytest.mark.parametrize(
    "header",
    [
        "Parent Account ID,Account ID,Clicks for X",
        "Account ID,Internal,Clicks for X",
        "Account ID,Owner Email,Clicks for X",
    ],
)
def test_accounts_without_visitors(header: str) -> None:
    assert told(header)[0] == "wide_account"


# -------------------------------------------------------------------------------- id and name


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("Account ID,ID,Clicks for X", "client_id visitor_id metric"),
        ("Account ID,ID,Email,Clicks for X", "client_id visitor_id email metric"),
        ("Account ID,Visitor ID,ID,Clicks for X", "client_id visitor_id - metric"),
        ("ID,Account Name,Clicks for X", "client_id client_name metric"),
        ("ID,Parent Account ID,Clicks for X", "client_id parent_client_id metric"),
        ("ID,Number of Visitors,Clicks for X", "client_id - metric"),
        ("Visitor ID,ID,Account Name,Clicks for X", "visitor_id client_id client_name metric"),
        ("Account ID,Visitor ID,id,featureId,Events", "client_id visitor_id - feature_id events"),
        ("id,featureId,name", "- feature_id feature"),
    ],
)
def test_an_id_is_whose_the_columns_beside_it_say(header: str, roles: str) -> None:
    assert told(header)[1] == roles.split()


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("ID,Name,Clicks for X", "'ID' could be the id of the client or of the visitor"),
        ("ID,Clicks for X", "'ID' could be the id of the client or of the visitor"),
        ("Visitor ID,ID,Clicks for X", "'ID' could be the id of the client or of the visitor"),
        ("Account ID,ID,Number of Visitors,Clicks for X", "'ID' could be the id of the client or"),
        ("ID,Email,Clicks for X", "no client column"),
        ("ID,Account Name,Email,Clicks for X", "no client column"),
        ("Account ID,id,featureId,Events", "'id' could be the id of the visitor or of the row"),
        ("visitorId,id,featureId,Events", "'id' could be the id of the client or of the row"),
        ("Account ID,ID,agent_id,Clicks for X", "'ID' and 'agent_id' could both be the visitor"),
        ("id,name", "'id' could be the id of the client or of the visitor"),
    ],
)
def test_an_id_that_could_be_anybodys(header: str, says: str) -> None:
    assert says in refusal(header)


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("Account ID,Visitor ID,Name,Clicks for X", "client_id visitor_id visitor_name metric"),
        ("Account ID,Name,Clicks for X", "client_id client_name metric"),
        ("Account ID,Account Name,agent_name,Clicks for X", "client_id client_name - metric"),
        ("Account ID,agent_name,featureName,Events", "client_id - feature events"),
        ("Account ID,name,featureId,Events", "client_id - feature_id events"),
        ("pageId,Name", "page_id page"),
        ("featureId,Feature Name,Name", "feature_id feature -"),
        ("featureId,pageId,pageName", "- page_id page"),
    ],
)
def test_a_name_is_the_name_of_what_rows_are(header: str, roles: str) -> None:
    assert told(header)[1] == roles.split()


def test_a_name_in_place_of_the_feature() -> None:
    assert refusal("Account ID,Visitor ID,agent_name,day,numEvents") == (
        "'agent_name' could be the name of the feature, the visitor or the client; rename it "
        "'Feature Name' if it is the feature's; else add the feature"
    )


# ------------------------------------------------------------------------------------- events


def test_what_counts_in_events() -> None:
    name, columns = columns_of(
        "accountId,visitorId,featureId,day,numEvents,numMinutes,Days Active (30d),remoteIp,appId",
        NOTHING,
    )
    assert name == "events"
    assert columns[4:] == [
        Column("numEvents", "events", "clicks"),
        Column("numMinutes", "minutes", "minutes"),
        Column("Days Active (30d)", "days_active", "days_active", window_days=30),
        Column("remoteIp", "metadata"),
        Column("appId", "app_id"),
    ]


@pytest.mark.parametrize(
    ("subject", "measures"),
    [
        ("Feature Name", {"Events": "clicks"}),
        ("pageId", {"Events": "page_views"}),
        ("Feature Name", {"Events": "clicks", "Page Views": "page_views"}),
        ("Page Name", {"Events": "page_views", "Clicks": "clicks"}),
    ],
)
def test_events_are_clicks_of_features_and_views_of_pages(
    subject: str, measures: dict[str, str]
) -> None:
    _, columns = columns_of(f"Account ID,{subject},{','.join(measures)}", NOTHING)
    assert {column.header: column.measure for column in columns[2:]} == measures


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("Feature,Events,Clicks", "'Events' and 'Clicks' could both be the clicks"),
        ("Page,Events,Page Views", "'Events' and 'Page Views' could both be the page views"),
        ("Feature,Feature Name,Events", "'Feature' and 'Feature Name' could both be the feature"),
        ("Feature,Events,Total Events", "could both be the number of events"),
        ("Feature,Events,Time,Timestamp", "'Time' and 'Timestamp' could both be the time"),
    ],
)
def test_two_columns_for_one_thing_of_events(columns: str, says: str) -> None:
    assert says in refusal(f"Account ID,{columns}")


def test_the_page_of_a_feature_is_metadata() -> None:
    assert told("Account ID,Feature ID,Page ID,Page Name,Events") == (
        "events",
        ["client_id", "feature_id", "-", "-", "events"],
    )


@pytest.mark.parametrize(
    ("beside", "kept"),
    [("Day,Hour", "- hour"), ("Month,Day", "- day"), ("Month,Hour", "- hour"), ("Month", "period")],
)
def test_the_finest_time_tells_when_an_event_was(beside: str, kept: str) -> None:
    assert told(f"Account ID,Feature,Events,{beside}")[1][3:] == kept.split()


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (
            "Feature Name,Events (30d),Visitors (30d),Accounts (30d)",
            "no client column among 4 columns (Feature Name, Events (30d), Visitors (30d), "
            "Accounts (30d)): it sums over all clients, so it cannot be told who used what; "
            "export visitors or accounts instead of features",
        ),
        ("Page Name,Page Views (30d),Visitors (30d)", "it sums over all clients"),
        ("Feature ID,Feature Name,Visitors,Accounts", "it sums over all clients"),
        ("id,Feature Name,Events,Visitors", "it sums over all clients"),
        ("Feature Name,Events", "it sums over all clients"),
        (
            "Parent Account ID,Feature Name,Events",
            "'Parent Account ID' is the account above the client",
        ),
        ("visitorId,featureId,numEvents", "no client column among 3 columns"),
        ("accountId,visitorId,featureId,day", "no count column among 4 columns"),
        ("Account ID,Email,Feature,Events", "though 'Email' says a row is a visitor"),
        ("accountId,visitorId,day,numEvents", "no feature column among 4 columns"),
        ("accountId,visitorId,Featur Name,numEvents", "did you mean 'Feature Name' by 'Featur"),
        ("featureId,day", "no client column"),
        ("featureId,name,accountId", "no count column"),
        ("Feature,Area", "no client column"),
    ],
)
def test_rows_of_features_that_tell_too_little(header: str, says: str) -> None:
    assert says in refusal(header)


@pytest.mark.parametrize(
    ("header", "shape"),
    [
        ("Account ID,Feature Name,Events (30d),Visitors (30d)", "events"),
        ("featureId,Feature Name,Area,appId", "feature_names"),
        ("Account ID,Visitor ID,Last Feature,Clicks for X", "wide_visitor"),
        ("Account ID,Visitor ID,Feature Name,Clicks for X", "wide_visitor"),
    ],
)
def test_their_nearest_neighbours(header: str, shape: str) -> None:
    assert told(header)[0] == shape


def test_wide_and_long_at_once() -> None:
    assert refusal("Account ID,Visitor ID,Feature Name,Events,Clicks for X") == (
        "'Clicks for X' says that there is a column per feature, 'Feature Name' and 'Events' that "
        "there is a row per feature; delete the one or the other"
    )


# -------------------------------------------------------------------------------- wide limits


def test_as_many_columns_as_a_spreadsheet_has() -> None:
    metrics = [f"Clicks for Area > Feature {n} (30d)" for n in range(16_382)]
    shape = resolve(["Account ID", "Visitor ID", *metrics], listing("Area | Feature 7"))
    assert shape.columns[-1] == Column(metrics[-1], "metric", "clicks", "Area | Feature 16381", 30)
