"""The portfolio of the week, from a lake of five clients and a ledger; numbers worked by hand."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ledger_examples import AT, TODAY, state
from PIL import Image as Picture

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.delivery.documents.chart import bands_chart
from healthscore_assets.delivery.documents.document import Document, Line
from healthscore_assets.delivery.documents.operators import operators_report
from healthscore_assets.delivery.documents.portfolio import portfolio_document
from healthscore_assets.delivery.documents.portfolio_figures import (
    AlertCounts,
    Group,
    Mover,
    Portfolio,
    ScoredMonth,
)
from healthscore_assets.delivery.documents.portfolio_rows import portfolio_of
from healthscore_assets.delivery.documents.trial import trial
from healthscore_assets.delivery.rendering.teams import teams_message
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.risk.ledger.ledger import Ledger, open_ledger

MARCH, APRIL, MAY = "2024-03", "2024-04", "2024-05"
SOON, LATER, PAST = date(2024, 9, 1), date(2024, 9, 2), date(2024, 6, 2)
"""90 days after 3 June, one more, and the day before."""

Rows = Sequence[Mapping[str, Any]]


def write(lake: Lake, table: str, month: str, rows: Rows) -> None:
    """A month of a table, of which the rows tell some of the columns."""
    schema = schema_of(CONTRACTS[table]).to_pyarrow()
    nulls = pa.schema([field.with_nullable(True) for field in schema])
    path = lake.stage_file("test", table, month)
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=nulls), path)
    lake.promote(path, table, month)


def month_of(
    lake: Lake,
    month: str,
    clients: Mapping[str, tuple[str | None, float | None, date | None]],
    *,
    partial: bool = False,
) -> None:
    """Clients by id: band, ARR and renewal."""
    told = {"client_id": "", "partial": partial}
    write(lake, "client_scores", month, [{**told, "client_id": each} for each in clients])
    health = [{"client_id": each, "band": band} for each, (band, _, _) in clients.items()]
    write(lake, "health_scores", month, health)
    profile = [
        {"client_id": each, "arr": arr, "renewal_date": renewal}
        for each, (_, arr, renewal) in clients.items()
    ]
    write(lake, "client_profile", month, profile)


MAY_CLIENTS: dict[str, tuple[str | None, float | None, date | None]] = {
    "a": ("red", 1_000.0, SOON),
    "b": ("yellow", 2_000.0, LATER),
    "c": ("green", 4_000.0, TODAY),
    "d": ("red", 500.0, PAST),
    "e": ("green", 2_500.0, None),
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake.at(tmp_path / "lake")
    month_of(
        found,
        APRIL,
        {
            "a": ("yellow", 1_000.0, None),
            "b": ("yellow", 2_000.0, None),
            "c": ("green", 4_000.0, None),
            "d": ("red", 500.0, None),
        },
    )
    month_of(found, MAY, MAY_CLIENTS)
    movers = [
        {
            "direction": direction,
            "place": place,
            "client_id": f"{direction}-{place}",
            "client_name": f"The {direction} {place}",
            "health": 50.0 + sign * place,
            "health_before": 50.0,
            "arr": None if place == 2 else 100.0 * place,
        }
        for direction, sign in (("riser", 1), ("faller", -1))
        for place in (6, 5, 4, 3, 2, 1)
    ]
    write(found, "portfolio_movers", MAY, movers)
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with open_ledger(str(tmp_path / "ledger.sqlite")) as opened:
        yield opened


def told_of_may(ledger: Ledger) -> None:
    """Seven alerts; who is at risk by them are b and d."""
    states = [
        state("b", opened=APRIL, tier="high", due_date=date(2024, 6, 2)),  # overdue since today
        state("d", tier="high", due_date=TODAY),
        state("c", tier="high", rule="done"),
        state("c", tier="low", due_date=date(2024, 5, 1)),
        state("e", tier="medium", due_date=date(2024, 5, 1)),
        state("e", tier="medium", rule="snoozed"),
        state("b", tier="low", rule="folded", folded=True),
    ]
    ledger.sync(MAY, states, AT)
    ledger.mark("c-done-2024-05", "resolve", "Ann", AT)
    ledger.mark("c-drop-2024-05", "ack", "Ann", AT)
    ledger.mark("e-snoozed-2024-05", "snooze", "Ann", AT, until=date(2024, 7, 1))


def figures(lake: Lake, ledger: Ledger, today: date = TODAY) -> Portfolio:
    engine = Engine()
    try:
        found = portfolio_of(engine, lake, ledger, today)
    finally:
        engine.close()
    assert found is not None
    return found


def lines(document: Document, heading: str) -> list[tuple[str, str]]:
    (section,) = (each for each in document.sections if each.heading == heading)
    return [(line.text, line.detail) for line in section.lines]


# ----------------------------------------------------------------------------------------- figures


def test_figures_of_a_month(lake: Lake, ledger: Ledger) -> None:
    told_of_may(ledger)
    found = figures(lake, ledger)
    assert found.months == (
        ScoredMonth(
            APRIL,
            False,
            {
                "yellow": Group(2, 3_000.0, 2),
                "green": Group(1, 4_000.0, 1),
                "red": Group(1, 500.0, 1),
            },
        ),
        ScoredMonth(
            MAY,
            False,
            {
                "yellow": Group(1, 2_000.0, 1),
                "green": Group(2, 6_500.0, 2),
                "red": Group(2, 1_500.0, 2),
            },
        ),
    )
    # a and d are red, b and d have a high alert: each once. What c has was resolved by hand.
    assert found.at_risk == Group(3, 3_500.0, 3)
    assert found.renewing == Group(1, 1_000.0, 1)
    # Open are those of b, d, c and e; c is on it, and b and e are late.
    assert found.alerts == AlertCounts(
        month=MAY, opened=5, open={"low": 1, "medium": 1, "high": 2}, acknowledged=1, overdue=2
    )
    assert [each.client_id for each in found.fallers] == [f"faller-{n}" for n in range(1, 6)]
    assert found.risers[1] == Mover("riser-2", "The riser 2", 52.0, 50.0, None)


def test_who_renews_today_renews_soon(lake: Lake, ledger: Ledger) -> None:
    month_of(lake, MAY, {"a": ("red", 1.0, TODAY), "b": ("red", 2.0, PAST)})
    assert figures(lake, ledger).renewing == Group(1, 1.0, 1)


def test_months_that_are_not_scored_are_not_there(lake: Lake, ledger: Ledger) -> None:
    for month in ("2023-05", "2023-06"):  # the first is the thirteenth, counted back
        month_of(lake, month, {"a": ("red", 1.0, None)})
    assert [each.month for each in figures(lake, ledger).months] == ["2023-06", APRIL, MAY]


def test_nothing_scored_is_no_portfolio(tmp_path: Path, ledger: Ledger) -> None:
    engine = Engine()
    assert portfolio_of(engine, Lake.at(tmp_path / "empty"), ledger, TODAY) is None
    engine.close()


def test_what_is_missing_is_not_counted_as_nothing(tmp_path: Path, ledger: Ledger) -> None:
    lake = Lake.at(tmp_path / "lake")
    write(lake, "client_scores", MAY, [{"client_id": "a", "partial": True}])
    found = figures(lake, ledger)
    assert found.months == (ScoredMonth(MAY, True, {None: Group(1, 0.0, 0)}),)
    assert (found.alerts, found.before, found.fallers) == (None, None, ())
    document = portfolio_document(found)
    assert document.title == "Portfolio of May 2024: no client has a health"
    assert document.intro == (
        "1 client, ARR not known. "
        "No client has a health in the month, so who is in which band is not known. "
        "May 2024 is not whole: usage is of a part of it. "
        "April 2024 has no scores to compare with."
    )
    assert [section.heading for section in document.sections] == [
        *("Clients by band", "At risk", "Alerts"),
    ]
    assert lines(document, "Clients by band") == [("No health", "1 client, ARR not known")]
    assert lines(document, "Alerts") == [("Not known", "the alert ledger knows no month yet")]
    assert document.data["all"]["arr"] is None
    assert document.data["alerts"] is None
    assert document.data["compared_with"] is None
    assert {each["clients_change"] for each in document.data["bands"]} == {None}


# ---------------------------------------------------------------------------------------- document


def test_the_portfolio_as_it_is_told(lake: Lake, ledger: Ledger) -> None:
    told_of_may(ledger)
    document = portfolio_document(figures(lake, ledger))
    assert document.purpose == "portfolio"
    assert document.title == "Portfolio of May 2024: 3 clients at risk, ARR 3,500"
    assert document.intro == "5 clients, ARR 10,000."
    assert lines(document, "Clients by band") == [
        ("Green", "2 clients (+1), ARR 6,500 (+2,500), 65 % of all ARR"),
        ("Yellow", "1 client (−1), ARR 2,000 (−1,000), 20 % of all ARR"),
        ("Red", "2 clients (+1), ARR 1,500 (+1,000), 15 % of all ARR"),
    ]
    assert lines(document, "At risk") == [
        ("3 clients", "ARR 3,500, 35 % of all ARR"),
        ("1 of them renews by 1 September 2024", "ARR 1,000"),
    ]
    assert lines(document, "Health fell most since April 2024")[:2] == [
        ("The faller 1", "health 50.0 → 49.0, ARR 100"),
        ("The faller 2", "health 50.0 → 48.0, ARR not known"),
    ]
    assert lines(document, "Health rose most since April 2024")[4] == (
        "The riser 5",
        "health 50.0 → 55.0, ARR 500",
    )
    assert lines(document, "Alerts") == [
        ("5 opened", "with the data of May 2024"),
        ("4 open", "2 high, 1 medium, 1 low"),
        ("1 of them acknowledged", ""),
        ("2 of them overdue", "nobody took them on by their day"),
    ]
    data = document.data
    assert data["at_risk"] == {
        "clients": 3,
        "arr": 3_500.0,
        "arr_known_of": 3,
        "arr_share": 0.35,
    }
    assert data["renewing"]["until"] == "2024-09-01"
    assert [
        (each["band"], each["clients_change"], each["arr_change"]) for each in data["bands"]
    ] == [
        ("green", 1, 2_500.0),
        ("yellow", -1, -1_000.0),
        ("red", 1, 1_000.0),
        (None, 0, 0.0),
    ]
    assert data["alerts"]["open"] == {"low": 1, "medium": 1, "high": 2}
    assert Document.from_json(document.as_json()) == document


def test_arr_that_is_known_of_some_is_told_as_such(lake: Lake, ledger: Ledger) -> None:
    month_of(lake, MAY, {**MAY_CLIENTS, "d": ("red", None, None), "f": (None, None, None)})
    document = portfolio_document(figures(lake, ledger))
    assert document.intro == "6 clients, ARR 9,500 (not known of 2)."
    assert lines(document, "Clients by band")[2:] == [
        ("Red", "2 clients (+1), ARR 1,000 (not known of 1)"),
        ("No health", "1 client (+1), ARR not known"),
    ]
    assert document.data["bands"][2]["arr_change"] is None
    assert document.data["bands"][3]["arr"] is None


def test_nobody_at_risk_and_nobody_moved(lake: Lake, ledger: Ledger) -> None:
    month_of(lake, MAY, {"a": ("green", 1_000.0, SOON)})
    write(lake, "portfolio_movers", MAY, [])
    document = portfolio_document(figures(lake, ledger))
    assert document.title == "Portfolio of May 2024: 0 clients at risk"
    assert lines(document, "At risk") == [("0 clients", "")]
    assert lines(document, "Health fell most since April 2024") == [("Nobody's", "")]


def test_partial_months_are_told(lake: Lake, ledger: Ledger) -> None:
    month_of(lake, APRIL, {"a": ("green", 1.0, None)}, partial=True)
    intro = portfolio_document(figures(lake, ledger)).intro
    assert intro.endswith("April 2024, which it is compared with, is not whole.")


# ------------------------------------------------------------------------------------------- chart


def scored(month: str, *, partial: bool = False, **clients: int) -> ScoredMonth:
    bands = {None if band == "none" else band: Group(n, 0.0, 0) for band, n in clients.items()}
    return ScoredMonth(month, partial, bands)


def pixels(months: Sequence[ScoredMonth]) -> Picture.Image:
    return Picture.open(io.BytesIO(bands_chart(months).png)).convert("RGB")


def share_of(picture: Picture.Image, colour: tuple[int, int, int]) -> float:
    """The part of the picture that is of a colour, or nearly: a palette holds few."""
    counted = picture.getcolors(picture.width * picture.height)
    near = (
        count
        for count, tone in counted
        if max(abs(one - other) for one, other in zip(tone, colour, strict=True)) < 8
    )
    return sum(near) / (picture.width * picture.height)


RED, YELLOW, GREEN, GREY = (179, 55, 43), (243, 201, 91), (143, 211, 192), (213, 217, 222)


def test_the_chart_is_small_and_always_the_same() -> None:
    months = [
        scored(f"2024-{n:02}", red=n, yellow=100 - n, green=1_200, none=7) for n in range(1, 13)
    ]
    first, again = bands_chart(months), bands_chart(months)
    assert first == again
    assert first.png.startswith(b"\x89PNG")
    assert len(first.png) < 10_000
    assert Picture.open(io.BytesIO(first.png)).size == (768, 360)
    assert first.says == (
        "Clients by band from January 2024 to December 2024: "
        "12 red, 88 yellow, 1,200 green, 7 without a health in the last month."
    )


def test_bars_are_as_high_as_there_are_clients() -> None:
    picture = pixels([scored(MAY, red=100, yellow=200, green=400)])
    red, yellow, green = (share_of(picture, colour) for colour in (RED, YELLOW, GREEN))
    assert yellow / red == pytest.approx(2, rel=0.1)
    assert green / red == pytest.approx(4, rel=0.1)
    # Letters have grey edges.
    with_none = pixels([scored(MAY, red=100, yellow=200, green=400, none=100)])
    assert share_of(picture, GREY) < 0.005 < share_of(with_none, GREY)


def test_a_partial_month_is_marked() -> None:
    assert bands_chart([scored(MAY, red=1)]) != bands_chart([scored(MAY, red=1, partial=True)])


def test_months_without_scores_are_gaps() -> None:
    whole = share_of(pixels([scored(m, green=100) for m in (MARCH, APRIL, MAY)]), GREEN)
    gap = share_of(pixels([scored(m, green=100) for m in (MARCH, MAY)]), GREEN)
    assert gap / whole == pytest.approx(2 / 3, rel=0.05)
    assert pixels([scored(MAY, none=3)]).size == (768, 360)


def test_the_chart_fits_a_teams_card_with_the_portfolio(lake: Lake, ledger: Ledger) -> None:
    told_of_may(ledger)
    found = figures(lake, ledger)
    names = tuple(replace(each, client_name="株式会社" * 8) for each in found.fallers)
    months = tuple(
        scored(f"2024-{n:02}", red=10 * n, yellow=900 - n, green=1_234 + n) for n in range(1, 13)
    )
    document = portfolio_document(replace(found, fallers=names, months=months))
    body = teams_message(document, "portfolio-2024-12")["attachments"][0]["content"]["body"]
    assert "Image" in {block["type"] for block in body}


def test_what_tells_of_the_portfolio_is_quick_to_import() -> None:
    loaded = (
        "import sys; import healthscore_assets.delivery.documents.portfolio; "
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


# ----------------------------------------------------------------------------------------- others


def test_a_report_to_operators() -> None:
    late = Line(text="usage of May 2024", detail="expected by 3 June", tone="bad")
    report = operators_report("1 export is late", [late], intro="Monday", closing="Ask Pendo")
    assert (report.purpose, report.title) == ("operators", "1 export is late")
    assert report.sections[0].lines == (late,)
    assert report.data == {
        "lines": [{"text": "usage of May 2024", "detail": "expected by 3 June", "tone": "bad"}]
    }
    assert operators_report("All is well", []).sections == ()


def test_a_trial_names_the_channel() -> None:
    assert trial("mail", "ann@example.com").intro == (
        "If you can read this, the channel mail works for ann@example.com."
    )
    assert trial("slack", "").intro == "If you can read this, the channel slack works."
    assert trial("slack", "").purpose == "trial"
