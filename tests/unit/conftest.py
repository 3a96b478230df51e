"""What several unit tests are held against."""

from pathlib import Path

import pytest
from datasync_tree import Tree
from health_world import MODELS, Model
from hypothesis import settings

# How long an example takes tells of the machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest.register_assert_rewrite(
    "alert_chain", "datasync_loaded", "ledger_examples", "ledger_machine", "warehouse_examples"
)


@pytest.fixture(params=["reference", "product"])
def model(request: pytest.FixtureRequest) -> Model:
    """Health and structure as the reference has them, and as the product does."""
    found: Model = MODELS[request.param]
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Data Sync exports of an application in an inbox, with three features; f3 has no name."""
    folder = tmp_path / "pendo" / "datasync" / "5678" / "-323232"
    folder.mkdir(parents=True)
    return Tree(folder, {"f1": ("Board", "Planning"), "f2": ("Chat", None), "f3": (None, None)})
