"""What a folder of Data Sync exports comes to, as the tests of it look at it."""

from pathlib import Path

import intake_load
from datasync_tree import Event, Tree

ANN, BOB = ("ann", "acme"), ("bob", "acme")
NOBODY = "_PENDO_T_1234"


def events(*who: tuple[str | None, str | None]) -> list[Event]:
    """An event of each visitor and account."""
    return [(f"e{n}", visitor, account) for n, (visitor, account) in enumerate(who)]


def inbox_of(tree: Tree) -> Path:
    """The inbox that a tree lies in."""
    return next(path for path in tree.folder.parents if path.name == "pendo")


def load(tree: Tree) -> intake_load.Loaded:
    """All months of the inbox, cleaned."""
    inbox = inbox_of(tree)
    return intake_load.load(inbox, inbox.parent / "none")


def usage(loaded: intake_load.Loaded) -> dict[tuple[str, str, str, str], float]:
    """Clicks by month, client, visitor and feature."""
    assert {row["measure"] for row in loaded.usage} <= {"clicks"}
    return {
        (row["month"], row["client_id"], row["visitor_id"], row["feature"]): row["value"]
        for row in loaded.usage
    }
