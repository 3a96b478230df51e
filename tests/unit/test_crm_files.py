"""The import file of each system, against files written by hand, and with names of any kind."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables import engine, sparse

from healthscore_assets.contracts import CRM_SCORES
from healthscore_assets.delivery.crm import gainsight, hubspot, salesforce, zendesk
from healthscore_assets.delivery.crm.cells import Layout
from healthscore_assets.delivery.crm.settings import CrmSettings

BY_HAND = Path(__file__).parents[1] / "crm"

LaysOut = Callable[[ibis.Table, Any], Layout]
LAYOUTS: dict[str, tuple[str, LaysOut, str, int]] = {
    # The system, its layout, what stands for what there is not, and the longest text.
    "salesforce_accounts": ("salesforce", salesforce.accounts, "#N/A", 255),
    "hubspot_companies": ("hubspot", hubspot.companies, "", 65_536),
    "gainsight_companies": ("gainsight", gainsight.companies, "", 250),
    "zendesk_organizations": ("zendesk", zendesk.organizations, "", 255),
}

CLIENTS: list[dict[str, Any]] = [
    {
        "client_id": "quiet",
        "client_name": "Quiet",
        "trend": "usage down",
        "reason": "observed: 20% of the weights, 40% are needed",
        "open_alerts": 0,
        "scored_month": "2024-05",
        "partial": False,
    },
    {
        "client_id": "acme",
        "client_name": "+Acme",
        "segment": "Enterprise",
        "health": 71.3,
        "band": "yellow",
        "trend": "declining fast",
        "driver_1": "Depth 12.4 of 20 points, -3.1 since last month",
        "driver_2": "NPS 8.0 of 10 points",
        "driver_3": "Training missing, +0.4 since last month",
        "open_alerts": 2,
        "highest_tier": "high",
        "alerts": "Renewal at risk; Few use it",
        "scored_month": "2024-05",
        "partial": False,
    },
    {
        "client_id": "=1+1",
        "client_name": 'O"Hara, Söhne\n& <b>Co</b> 😀',
        "segment": "SMB",
        "health": 0.0,
        "band": "red",
        "trend": "stable",
        "driver_1": "Depth 1.0 of 3.5 points",
        "open_alerts": 0,
        "scored_month": "2024-05",
        "partial": True,
    },
]


def written(name: str, clients: list[dict[str, Any]], path: Path, **own: Any) -> list[list[str]]:
    """The file of these clients, as it is read back."""
    system, layout, _, _ = LAYOUTS[name]
    told = CrmSettings.model_validate({system: own}).of(system)  # type: ignore[arg-type]
    laid_out = layout(sparse(CRM_SCORES, clients), told)
    rows = engine().write_csv(laid_out.table, path, laid_out.null)
    assert rows == len(clients)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_file_is_the_one_written_by_hand(name: str, tmp_path: Path) -> None:
    written(name, CLIENTS, tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_bytes() == (BY_HAND / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("name", LAYOUTS)
def test_columns_may_be_renamed_and_left_out(name: str, tmp_path: Path) -> None:
    left_out = {"client_name": None, "segment": None, "alerts": None}
    rows = written(name, CLIENTS, tmp_path / "x.csv", fields={**left_out, "band": "Colour"})
    prefix = "custom_fields." if name == "zendesk_organizations" else ""
    assert (len(rows[0]), rows[0][2]) == (12, f"{prefix}Colour")
    assert rows[2][:3] == ["acme", "71.3", "yellow"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_text_that_is_too_long_is_cut_visibly_and_an_id_never_is(
    name: str, tmp_path: Path
) -> None:
    longest = LAYOUTS[name][3]
    client = {**CLIENTS[1], "client_id": "i" * (longest + 1), "segment": "s" * longest}
    client |= {"client_name": "=" + "n" * longest, "alerts": "a" * (longest + 1)}
    _, row = written(name, [client], tmp_path / "x.csv")
    assert row[0] == "i" * (longest + 1)
    assert row[2] == "s" * longest
    # What keeps a spreadsheet from running it counts.
    assert row[1] == "'=" + "n" * (longest - 3) + "…"
    assert row[12] == "a" * (longest - 1) + "…"


NASTY = st.text(
    st.one_of(
        st.sampled_from("=+-@\t\r\n'\",;|<>&\\ 0a😀é\u202e\ufeff"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("name", LAYOUTS)
@settings(deadline=None)
@given(client=NASTY, called=NASTY, alerts=st.none() | NASTY)
@example("=1+1", "@SUM(A1)", "\r\n-2")
@example("#N/A", '"', "''")
@example("\ufeffid", "\t", " ")
def test_names_of_any_kind_are_read_back_and_none_is_run(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    client: str,
    called: str,
    alerts: str | None,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"{name}.csv"
    row = {**CLIENTS[0], "client_id": client, "client_name": called, "alerts": alerts}
    rows = written(name, [row, {**CLIENTS[1], "client_id": f"{client}2"}], path)
    assert [len(each) for each in rows] == [15, 15, 15]
    found = next(each for each in rows[1:] if each[13] and each[3] != "71.3")
    expected = [client, called, LAYOUTS[name][2] if alerts is None else alerts]
    cells = [found[0], found[1], found[12]]
    assert cells == [f"'{text}" if text[:1] in set("=+-@\t\r") else text for text in expected]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for r in rows for cell in r)
