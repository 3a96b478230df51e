"""A project of which everything is made: usage, every feed, and alerts by the rules as shipped."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from project import Project

from healthscore_assets.lake.months import days_in, ordinal

SHIPPED = Path(__file__).parents[1] / "lookups"

COMPLAINTS = ("It crashes and is awful", "I love it", "Where is the button?", "Slow! I am angry")
"""What tickets and answers say, beside whose they are."""


@dataclass(frozen=True)
class Sizes:
    """How much is delivered of each month."""

    clients: int = 12
    features: int = 4
    files: int = 2


def whole_project(root: Path, sizes: Sizes) -> Project:
    """Lookups that list all features but one; the shipped alert rules and their playbooks."""
    project = Project.make(root)
    areas = [f"{_feature(n)},{_feature(n)[:6]}\n" for n in range(1, sizes.features)]
    project.lookup("product_areas.csv", "feature,area\n" + "".join(areas))
    shutil.copy(SHIPPED / "alerts.yaml", project.lookups)
    shutil.copytree(SHIPPED / "playbooks", project.lookups / "playbooks")
    return project


def deliver(project: Project, month: str, sizes: Sizes) -> None:
    """A month of usage and of every feed: a row of each client in every file."""
    clients = [f"client-{n:03d}" for n in range(sizes.clients)]
    for number in range(sizes.files):
        _deliver_usage(project, month, number, clients[number :: sizes.files], sizes.features)
    for feed, (header, row) in FEEDS.items():
        lines = [
            row.format(client=client, n=n, month=month, last=days_in(month), says=COMPLAINTS[n % 4])
            for n, client in enumerate(clients)
        ]
        path = project.exports / feed / f"{feed}_{month}-{days_in(month)}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([header, *lines, ""]))


def add_history(project: Project, months: Sequence[str], like: str) -> None:
    """Earlier months as if they had been run: the tables of each are those of ``like``."""
    for made in project.lake.glob(f"*/month={like}"):
        for month in months:
            shutil.copytree(made, made.with_name(f"month={month}"))


FEEDS = {
    "accounts": (
        "Client ID,Client name,Segment,Seats,ARR,Contract start,Renewal date,Owner",
        "{client},Name of {client},mid,5,1000,2023-01-01,2025-06-30,Kim Ode",
    ),
    "support_tickets": (
        "Ticket ID,Client,Created,Closed,Priority,Subject",
        "{month}-{n},{client},{month}-03,{month}-09,high,{says} ({client} in {month})",
    ),
    "surveys": (
        "Client,Date,Type,Score,Comment",
        "{client},{month}-11,nps,7,{says} (answer of {client} in {month})",
    ),
    "invoices": (
        "Invoice ID,Client,Issued,Due,Paid,Amount",
        "{month}-{n},{client},{month}-01,{month}-15,{month}-20,100",
    ),
    "touchpoints": ("Client,Date,Type,Meaningful", "{client},{month}-17,call,yes"),
    "stakeholders": ("Client,Person,Role,Status,Date", "{client},p-{n},sponsor,active,{month}-05"),
    "renewals": (
        "Client,Date,Outcome,ARR before,ARR after",
        "{client},{month}-21,renewed,1000,1000",
    ),
}
"""Of each feed its header, and a client's row in a month."""


def _deliver_usage(
    project: Project, month: str, number: int, clients: list[str], features: int
) -> None:
    """Two visitors a client, who do the same every month: counts differ by nothing but sizes."""
    header = ["Visitor ID", "Account ID", "Days Active"]
    header += [f"Clicks for {_feature(n)}" for n in range(features)]
    lines = [",".join(header)]
    for n, client in enumerate(clients):
        for visitor in range(2):
            clicks = [str(10 + (n + f + visitor) % 7) for f in range(features)]
            lines.append(f"v{visitor}-{client},{client},3,{','.join(clicks)}")
    # Blank lines, another number each month: the same bytes cannot be the usage of two months.
    blank = "\n" * (ordinal(month) % 100)
    project.deliver(f"usage {month} part {number}.csv", "\n".join(lines) + "\n" + blank)


def _feature(number: int) -> str:
    return f"Area {number % 3} | Part {number:02d}"
