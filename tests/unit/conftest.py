"""What several unit tests are held against."""

import pytest
from health_world import MODELS, Model
from hypothesis import settings

# How long an example takes tells of the machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest.register_assert_rewrite(
    "alert_chain", "ledger_examples", "ledger_machine", "warehouse_examples"
)


@pytest.fixture(params=["reference", "product"])
def model(request: pytest.FixtureRequest) -> Model:
    """Health and structure as the reference has them, and as the product does."""
    found: Model = MODELS[request.param]
    return found
