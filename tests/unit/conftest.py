"""What several unit tests are held against."""

import pytest
from health_world import MODELS, Model

pytest.register_assert_rewrite(
    "alert_chain", "ledger_examples", "ledger_machine", "warehouse_examples"
)


@pytest.fixture(params=["reference", "product"])
def model(request: pytest.FixtureRequest) -> Model:
    """Health and structure as the reference has them, and as the product does."""
    found: Model = MODELS[request.param]
    return found
