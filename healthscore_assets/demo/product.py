"""The fictional product: its areas and features, and which of them no lookup maps."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One tracked feature.

    `popularity` is the share of an area's visitors who use it, `clicks` what an ordinary one of
    them makes in a month. Only `timed` features are exported with minutes and days active.
    """

    name: str
    area: str | None
    tier: str
    popularity: float
    clicks: float
    launched: str = "2024-01"
    page_views: bool = True
    timed: bool = False


@dataclass(frozen=True)
class Area:
    """A product area: the share of clients that use it, and of the visitors within those."""

    name: str
    clients: float
    visitors: float


VENDOR_DOMAIN = "northwind-software.example"

NEW_AREA = "Automation"
NEW_AREA_LAUNCHED = "2025-03"

AREAS: tuple[Area, ...] = (
    Area("Planning", 1.00, 0.85),
    Area("Reporting", 0.97, 0.65),
    Area("Documents", 0.95, 0.60),
    Area("Collaboration", 0.92, 0.70),
    Area("Data Hub", 0.80, 0.40),
    Area("Integrations", 0.70, 0.25),
    Area("Administration", 0.97, 0.30),
    Area(NEW_AREA, 1.00, 0.35),  # which clients, and when, is each client's own `adopts`
)

_MAPPED: tuple[Feature, ...] = (
    Feature("Planning | Board", "Planning", "core", 0.97, 30, timed=True),
    Feature("Planning | Timeline", "Planning", "core", 0.60, 14),
    Feature("Planning | Calendar", "Planning", "core", 0.55, 10),
    Feature("Planning | Capacity", "Planning", "advanced", 0.30, 8),
    Feature("Planning | Scenarios", "Planning", "advanced", 0.18, 6),
    Feature("Reporting | Dashboards", "Reporting", "core", 0.95, 18, timed=True),
    Feature("Reporting | Dashboards | Sharing", "Reporting", "core", 0.35, 4),
    Feature("Reporting | Saved Reports", "Reporting", "core", 0.50, 9),
    Feature("Reporting | Report Builder", "Reporting", "advanced", 0.25, 12),
    Feature("Reporting | Scheduled Delivery", "Reporting", "advanced", 0.15, 3, page_views=False),
    Feature("Reporting | Ask a Question", "Reporting", "advanced", 0.30, 6, launched="2024-10"),
    Feature("Documents | Library", "Documents", "core", 0.95, 15, timed=True),
    Feature("Documents | Editor", "Documents", "core", 0.65, 16),
    Feature("Documents | Templates", "Documents", "core", 0.40, 5),
    Feature("Documents | Approvals", "Documents", "advanced", 0.25, 6),
    Feature("Documents | E-Signature", "Documents", "advanced", 0.12, 4, page_views=False),
    Feature("Collaboration | Comments", "Collaboration", "core", 0.95, 16, page_views=False),
    Feature("Collaboration | Mentions", "Collaboration", "core", 0.60, 8, page_views=False),
    Feature("Collaboration | Inbox", "Collaboration", "core", 0.70, 12, timed=True),
    Feature("Collaboration | Whiteboard", "Collaboration", "advanced", 0.25, 9),
    Feature("Collaboration | Guest Access", "Collaboration", "advanced", 0.12, 3),
    Feature("Data Hub | Tables", "Data Hub", "core", 0.95, 14),
    Feature("Data Hub | CSV/Excel Import", "Data Hub", "core", 0.45, 4),
    Feature("Data Hub | Quality Rules", "Data Hub", "advanced", 0.20, 5),
    Feature("Data Hub | Custom Fields", "Data Hub", "core", 0.35, 5),
    Feature("Data Hub | Lineage", "Data Hub", "advanced", 0.10, 4, launched="2024-05"),
    Feature("Integrations | Connectors", "Integrations", "core", 0.95, 7),
    Feature("Integrations | API Keys", "Integrations", "advanced", 0.30, 3, page_views=False),
    Feature("Integrations | Webhooks", "Integrations", "advanced", 0.25, 4, page_views=False),
    Feature("Settings | Users & Roles", "Administration", "core", 0.95, 6),
    Feature("Settings | Billing", "Administration", "core", 0.30, 2),
    Feature("Settings | Single Sign-On", "Administration", "advanced", 0.12, 2),
    Feature("Settings | Audit Log", "Administration", "advanced", 0.20, 4),
    Feature(
        "Automation | Flows", NEW_AREA, "core", 0.97, 11, launched=NEW_AREA_LAUNCHED, timed=True
    ),
    Feature("Automation | Triggers", NEW_AREA, "core", 0.60, 7, launched=NEW_AREA_LAUNCHED),
    Feature("Automation | Run History", NEW_AREA, "core", 0.50, 5, launched=NEW_AREA_LAUNCHED),
    Feature(
        "Automation | Custom Actions", NEW_AREA, "advanced", 0.20, 6, launched=NEW_AREA_LAUNCHED
    ),
)

UNMAPPED: tuple[Feature, ...] = (
    Feature("Help Center | Guided Tours", None, "core", 0.25, 4),
    Feature("Mobile App | Home", None, "core", 0.20, 9),
    Feature("Labs | Prototype Canvas", None, "advanced", 0.05, 6, launched="2024-11"),
)
"""Absent from `lookups/product_areas.csv` on purpose: every real export has such features."""

FEATURES: tuple[Feature, ...] = _MAPPED + UNMAPPED
