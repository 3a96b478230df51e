"""Alerts of a lake and the ledger that is told of them, whatever is delivered and when."""

from datetime import UTC, datetime
from pathlib import Path

import tables as small
from alert_chain import RULES, AlertChain, Months
from examples import examples
from hypothesis import settings

from healthscore_assets.lake.lake import Lake
from healthscore_assets.orchestration.ledger import catch_up
from healthscore_assets.risk.alerts.rules import read_alert_rules
from healthscore_assets.risk.ledger.ledger import open_ledger


class TestAlertChain(AlertChain.TestCase):
    settings = settings(examples(15), stateful_step_count=15)


def test_a_month_that_a_killed_run_left_half_promoted_is_not_told_of(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text(RULES)
    months = Months(Lake.at(tmp_path / "lake"), read_alert_rules(tmp_path / "alerts.yaml"))
    for month in ("2024-01", "2024-02"):
        months.delivered[month] = {"acme": {"health": 50.0}}
        months.make(month)
    assert months.lake.withdraw("alerts", "2024-02")
    at = datetime(2024, 3, 1, tzinfo=UTC)
    with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        assert catch_up(months.lake, small.engine(), ledger, at) == {"opened": 1}
        assert ledger.newest_month == "2024-01"
        months.make("2024-02")
        assert catch_up(months.lake, small.engine(), ledger, at) == {}
        assert ledger.newest_month == "2024-02"
