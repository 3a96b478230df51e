"""What each column of an export is."""

import pytest

from healthscore_assets.pendo.headers import Column, comparable, understand


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
    "client_id": ["Account ID", "accountId", "ACCOUNT_ID", "account.id", "Account", "Client ID"],
    "visitor_id": ["Visitor ID", "visitorId", "VISITOR_ID", "Visitor", "User ID"],
    "client_name": ["Account Name", "client_name", "Customer Name"],
    "email": ["email", "E-Mail", "visitor_agent_email", "Visitor Email"],
    "is_internal": ["is_internal", "isInternalUser", "Is Internal", "Visitor Type"],
    "period": ["Month", "period", "Year Month", "year_month"],
    "days_active": ["Days Active", "days_active", "Active Days"],
    "minutes": ["Time On Page (minutes)", "Minutes"],
}


@pytest.mark.parametrize(("role", "header"), [(r, h) for r, hs in ROLES.items() for h in hs])
def test_a_column_is_known_by_any_of_its_names(role: str, header: str) -> None:
    assert understand(header) == Column(header, role)


@pytest.mark.parametrize(
    "header",
    ["", " ", "City", "First Visit", "Account Owner", "Visitor IDs", "Clicks", "Clicks on X"],
)
def test_everything_else_is_metadata(header: str) -> None:
    assert understand(header) == Column(header, "metadata")


def test_a_prefix_without_a_feature_is_no_metric() -> None:
    assert understand("Clicks for ").role == "metadata"


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
