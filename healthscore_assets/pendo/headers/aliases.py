"""The headers that Pendo and its users write above the columns of an export."""

ID = "id"
"""Header of an id without saying whose: told from the columns beside it."""

NAME = "name"
"""Header of a name without saying whose: told from the shape of the table."""

ALIASES: dict[str, tuple[str, ...]] = {
    "client_id": (
        "Account ID",
        "Account",
        "Client ID",
        "Client",
        "Customer ID",
        "Customer",
        "Licensee ID",
        "Licensee",
        "Company ID",
        "Organization ID",
        "Organisation ID",
        "Tenant ID",
        "Account Unique ID",
        "Metadata Auto Account ID",
    ),
    "client_name": (
        "Account Name",
        "Client Name",
        "Customer Name",
        "Company Name",
        "Company",
        "Licensee Name",
        "Organization Name",
        "Organisation Name",
        "Metadata Account Name",
    ),
    "visitor_id": (
        "Visitor ID",
        "Visitor",
        "User ID",
        "Unique Visitor ID",
        "Visitor Unique ID",
        "Unique User ID",
        "End User ID",
        "User",
    ),
    "visitor_name": (
        "Visitor Name",
        "User Name",
        "Full Name",
        "Visitor Full Name",
        "Visitor Agent Name",
    ),
    "email": (
        "Email",
        "Email Address",
        "Visitor Email",
        "Visitor Email Address",
        "Visitor Agent Email",
        "User Email",
        "User Email Address",
        "Agent Email",
        "Metadata Agent Email",
    ),
    "is_internal": (
        "Is Internal",
        "Is Internal User",
        "Is Internal Visitor",
        "Internal User",
        "Internal Visitor",
        "Internal",
        "Internal Flag",
        "Internal/External",
        "Internal or External",
        "Is Employee",
        "Visitor Type",
        "User Type",
        "Visitor Agent Is Internal",
        "Audience",
    ),
    "period": (
        "Month",
        "Period",
        "Year Month",
        "Month Year",
        "Reporting Month",
        "Report Month",
        "Usage Month",
        "Calendar Month",
        "Reporting Period",
        "Date Range",
    ),
    "day": ("Day", "Date", "Event Date", "Event Day", "Activity Date", "Usage Date"),
    "hour": (
        "Hour",
        "Timestamp",
        "Time",
        "Date Time",
        "Event Time",
        "Event Timestamp",
        "Event Date Time",
        "Event Hour",
        "Browser Time",
        "Browser Timestamp",
    ),
    "feature_id": ("Feature ID",),
    "feature": ("Feature Name", "Feature"),
    "page_id": ("Page ID",),
    "page": ("Page Name", "Page"),
    "events": (
        "Events",
        "Num Events",
        "Number of Events",
        "Event Count",
        "Total Events",
        "Count of Events",
        "Count",
    ),
    "clicks": ("Clicks", "Num Clicks", "Number of Clicks", "Click Count", "Total Clicks"),
    "page_views": (
        "Page Views",
        "Num Page Views",
        "Number of Page Views",
        "Page View Count",
        "Total Page Views",
        "Views",
    ),
    "minutes": (
        "Minutes",
        "Num Minutes",
        "Number of Minutes",
        "Total Minutes",
        "Time On Page (minutes)",
        "Time On Site (minutes)",
        "Time On App (minutes)",
        "Time Spent (minutes)",
        "Total Time (minutes)",
        "Time (minutes)",
    ),
    "days_active": (
        "Days Active",
        "Active Days",
        "Num Days Active",
        "Number of Days Active",
        "Number of Active Days",
        "Total Days Active",
    ),
    "area": ("Area", "Product Area", "Feature Area"),
    "parent_client_id": (
        "Parent Account ID",
        "Parent Account",
        "Parent Client ID",
        "Parent Customer ID",
        "Parent Company ID",
        "Parent ID",
    ),
    "app_id": ("App ID", "Application ID"),
    "synced": ("_fivetran_synced",),
    "deleted": ("_fivetran_deleted",),
    "active": ("_fivetran_active",),
}
"""By canonical column, the headers that messages suggest first; compared as `comparable` does."""

WEAK = ("Company ID", "Organization ID", "Organisation ID", "Tenant ID", "User")
"""Aliases that are metadata beside a column that names the client or the visitor itself."""

UNDECIDED = {
    ID: ("ID", "Agent ID", "Metadata Agent ID"),
    NAME: ("Name", "Agent Name", "Metadata Agent Name"),
}

CANONICAL = tuple(ALIASES)
"""The columns that lookups/column_aliases.csv may name."""

COUNTS = ("events", "clicks", "page_views", "minutes", "days_active")
"""Columns of numbers, which may say a window of days in their header."""


def expected_headers(role: str) -> str:
    """The headers that stand for a role, for error messages."""
    return ", ".join(ALIASES[role][:3])
