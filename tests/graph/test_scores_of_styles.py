"""The graph from raw exports in all three styles to scores, against the reference.

What real/test_openstack.py does with the real months, on months that are generated.
"""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import styles
import tables
from tables import of_lake, same

from healthscore_assets.contracts import (
    AREA_ENGAGEMENT,
    AREA_WEIGHTS,
    CLEANED_USAGE,
    CLIENT_AREA_MONTH,
    CLIENT_MONTH,
    CLIENT_SCORES,
    FEED_TABLES,
    FILES,
    FROM_USAGE,
    INDEX_SCORES,
    MOMENTUM,
    QUARANTINE,
    VISITOR_MONTH,
)

if TYPE_CHECKING:
    from conftest import World

MISSING = "2014-03"
REFERENCE_TABLES = [CLIENT_AREA_MONTH, CLIENT_MONTH, AREA_WEIGHTS, INDEX_SCORES, MOMENTUM]


def test_every_month_runs_and_every_check_passes(world: World) -> None:
    assert all(run.success for run in world.runs.values())
    # The world has features without an area, a month without an export, and clients whose usage
    # jumps; and no feed beside usage: all of it is worth a warning and no more.
    assert tables.failed_checks(world.runs) == {
        ("area_engagement", "unmapped"),
        ("health_scores", "mix"),
        ("momentum", "volume"),
        ("raw_pendo_export", "arrived"),
    }
    assert of_lake(world.lake, QUARANTINE).empty


def test_cleaned_usage_holds_every_click(world: World) -> None:
    key = ["month", *CLEANED_USAGE.unique]
    expected = world.events.assign(measure="clicks").sort_values(key)
    same(of_lake(world.lake, CLEANED_USAGE), expected, exact=True)


def test_visitor_month_holds_everybody_listed(world: World) -> None:
    found = of_lake(world.lake, VISITOR_MONTH)
    keys = ["month", "client_id", "visitor_id", "audience"]
    same(found[keys], world.listed.sort_values(keys), exact=True)
    assert set(found["listed_rows"]) == {1}
    assert found["minutes"].isna().all()
    # styles.render tells as many active days as features used; 2015 leaves zeros blank, which is
    # "not told".
    features = world.events.groupby(keys[:3]).size().rename("used").reset_index()
    days = found.merge(features, how="left", on=keys[:3])
    told = days["used"].fillna(0).mask(days["used"].isna() & (days["month"] == "2015-01"))
    assert days["days_active"].equals(told.rename("days_active"))


@pytest.mark.parametrize("contract", REFERENCE_TABLES, ids=lambda contract: contract.name)
def test_tables_are_those_of_the_reference(world: World, contract: tables.Contract) -> None:
    found = of_lake(world.lake, contract)
    assert sorted(set(found["month"])) == list(styles.MONTHS)
    same(found, getattr(world.reference, contract.name)())


@pytest.mark.parametrize("contract", REFERENCE_TABLES, ids=lambda contract: contract.name)
def test_tables_are_those_of_the_reference_under_other_settings(
    restless_world: World, contract: tables.Contract
) -> None:
    found = of_lake(restless_world.lake, contract)
    same(found, getattr(restless_world.reference, contract.name)())


def test_engagement_in_is_engagement_out(world: World) -> None:
    clicks = world.events.groupby("month")["value"].sum()
    for contract, value in ((CLEANED_USAGE, "value"), (AREA_ENGAGEMENT, "engagement")):
        assert of_lake(world.lake, contract).groupby("month")[value].sum().to_dict() == dict(clicks)
    of_all = of_lake(world.lake, CLIENT_AREA_MONTH).query("audience == 'all'")
    assert of_all.groupby("month")["engagement"].sum().to_dict() == dict(clicks)


def test_client_scores_is_scores_and_momentum_with_a_name(world: World) -> None:
    found = of_lake(world.lake, CLIENT_SCORES)
    for contract in (INDEX_SCORES, MOMENTUM):
        part = of_lake(world.lake, contract)
        same(found[list(part.columns)], part, exact=True)
    assert list(found["client_name"]) == list(found["client_id"])  # these exports tell no names
    assert not found["partial"].any()


def test_a_month_without_an_export_writes_nothing(world: World) -> None:
    assert world.runs[MISSING].success
    events = world.runs[MISSING].get_asset_materialization_events()
    # Feeds say that they are left as they were, so that what may read them goes on without.
    assert {event.asset_key.to_user_string() for event in events} == {*FEED_TABLES}
    assert all("left_as_it_was" in event.materialization.metadata for event in events)
    assert not [path for path in tables.bytes_of(world.lake) if MISSING in path]


def test_the_lake_holds_the_tables_and_nothing_else(world: World) -> None:
    expected = {
        f"{table}/month={month}/data.parquet" for table in FROM_USAGE for month in styles.MONTHS
    }
    csvs = ("client_scores", *FILES)
    expected |= {f"{name}_csv/{month}.csv" for name in csvs for month in styles.MONTHS}
    found = set(tables.bytes_of(world.lake))
    archived = {path for path in found if path.startswith("archive/")}
    assert found - archived == expected
    delivered = set(tables.bytes_of(world.exports).values())
    assert {Path(path).name for path in archived} == delivered


def test_running_again_leaves_every_byte_as_it_is(own_copy: World) -> None:
    before = tables.bytes_of(own_copy.lake)
    runs = tables.run_graph(own_copy.exports, own_copy.lookups, own_copy.lake, styles.MONTHS)
    assert all(run.success for run in runs.values())
    assert tables.bytes_of(own_copy.lake) == before


def test_the_order_of_rows_and_files_changes_nothing(own_copy: World, tmp_path: Path) -> None:
    rng = random.Random(1)
    for path in sorted((own_copy.exports / "pendo").iterdir()):
        for name, content in in_disorder(path, rng).items():
            (path.parent / name).write_bytes(content)
        path.unlink()
    lake = tmp_path / "another lake"
    runs = tables.run_graph(own_copy.exports, own_copy.lookups, lake, styles.MONTHS)
    assert all(run.success for run in runs.values())
    # raw_pendo_export says which files were delivered; everything made of them is the same.
    before, after = derived(own_copy.lake), derived(lake)
    assert after == before
    # One less, and the copy as CSV.
    assert len(after) == len(styles.MONTHS) * (len(FROM_USAGE) + len(FILES))


def derived(lake: Path) -> dict[str, str]:
    made_of_names = ("archive/", "raw_pendo_export/")
    return {p: h for p, h in tables.bytes_of(lake).items() if not p.startswith(made_of_names)}


def in_disorder(path: Path, rng: random.Random) -> dict[str, bytes]:
    """The rows of an export shuffled over two files of other names, its columns shuffled too."""
    text = path.read_text(encoding="utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    rows = [row for row in rows if row[0] != "Total"]  # a total is of the file it stands in
    rng.shuffle(rows)
    halves = {"Part B": rows[: len(rows) // 3], "Part A": rows[len(rows) // 3 :]}
    files = {}
    for part, half in halves.items():
        columns = rng.sample(range(len(header)), len(header))
        out = io.StringIO(newline="")
        csv.writer(out).writerows([[row[i] for i in columns] for row in [header, *half]])
        files[f"{part} {path.name}"] = out.getvalue().encode()
    return files
