"""Data Sync folders: what counts of them, by hand and against a calculation in plain Python."""

import json
import shutil
from collections import Counter
from pathlib import Path

import intake_load
import pytest
from datasync_loaded import ANN, BOB, NOBODY, events, inbox_of, load, usage
from datasync_tree import EVENT, Tree, record, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from s3_server import s3_server
from tables import engine

from healthscore_assets.lake.lake import Lake
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.archived import archive, archived
from healthscore_assets.pendo.cleaning.month import clean_month
from healthscore_assets.pendo.inbox import AS_BUILT_IN, deliveries, read_ahead
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import raw_rows, taken_in


def test_clicks_of_a_day_by_client_visitor_and_feature(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN, ANN, BOB)}})
    loaded = load(tree)
    assert loaded.problems == []
    assert usage(loaded) == {
        ("2024-05", "acme", "ann", "Board"): 2,
        ("2024-05", "acme", "bob", "Board"): 1,
    }
    assert loaded.partial == ["2024-05"]  # one day of it is not the month


def test_an_event_that_matches_two_features_counts_in_each(tree: Tree) -> None:
    # One click, on a button that two rules match: Pendo counts it for both.
    both = events(ANN)
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": both, "f2": both}})
    assert usage(load(tree)) == {
        ("2024-05", "acme", "ann", "Board"): 1,
        ("2024-05", "acme", "ann", "Chat"): 1,
    }


def test_a_feature_without_a_name_is_called_by_its_id(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f3": events(ANN), "f9": events(BOB)}})
    assert {key[3] for key in usage(load(tree))} == {"f3", "f9"}


def test_a_day_delivered_again_replaces_itself(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN, ANN)}})
    # Final nine days later: one click of Ann's more, and Bob's, who was offline.
    final = {"2024-05-01": {"f1": events(ANN, ANN, ANN, BOB)}, "2024-05-09": {"f1": events(BOB)}}
    tree.export("2024-05-10T06:00:00Z", final)
    assert usage(load(tree)) == {
        ("2024-05", "acme", "ann", "Board"): 3,
        ("2024-05", "acme", "bob", "Board"): 2,
    }


def test_the_export_made_last_counts_however_the_folders_are_called(tree: Tree) -> None:
    tree.export("2024-05-10T06:00:00Z", {"2024-05-01": {"f1": events(BOB)}}, name="a")
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN, ANN)}}, name="b")
    assert usage(load(tree)) == {("2024-05", "acme", "bob", "Board"): 1}


def test_a_feature_that_matches_a_day_no_more_is_taken_away(tree: Tree) -> None:
    day = {"f1": events(ANN, ANN), "f2": events(BOB)}
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": day})
    # Its rule was corrected: an entry without files deletes, and other features stay.
    tree.export("2024-05-03T06:00:00Z", {"2024-05-01": {"f1": []}})
    assert usage(load(tree)) == {("2024-05", "acme", "bob", "Chat"): 1}


def test_a_month_that_is_taken_away_whole_has_no_table(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    tree.export("2024-05-03T06:00:00Z", {"2024-05-01": {"f1": []}})
    assert of_month(deliveries(inbox_of(tree)), "2024-05") == []


def test_a_retroactive_export_leaves_the_other_features_of_its_days(tree: Tree) -> None:
    tree.export(
        "2024-05-02T06:00:00Z",
        {"2024-05-01": {"f1": events(ANN), "f2": events(ANN)}},
        {"2024-05-01": events(ANN, BOB)},
    )
    tree.export("2024-06-01T06:00:00Z", {"2024-05-01": {"f1": events(ANN, BOB, BOB)}})
    loaded = load(tree)
    assert usage(loaded) == {
        ("2024-05", "acme", "ann", "Board"): 1,
        ("2024-05", "acme", "bob", "Board"): 2,
        ("2024-05", "acme", "ann", "Chat"): 1,
    }


def test_visitors_of_all_events_are_listed_whatever_they_clicked(tree: Tree) -> None:
    tree.export(
        "2024-05-03T06:00:00Z",
        {"2024-05-01": {"f1": events(ANN)}, "2024-05-02": {"f1": events(ANN)}},
        {
            "2024-05-01": events(ANN, ANN, ("cy", "bolt")),
            "2024-05-02": events(ANN, ("cy", "bolt"), ("cy", "bolt")),
        },
    )
    visitors = {(v["client_id"], v["visitor_id"]): v for v in load(tree).visitors}
    assert set(visitors) == {("acme", "ann"), ("bolt", "cy")}
    # Bolt is a client of the month that used no feature; Cy was there on two days.
    assert visitors["bolt", "cy"]["days_active"] == 2


def test_a_file_of_several_days_counts_for_each_of_them(tree: Tree) -> None:
    days = {
        "2024-04-30": {"f1": events(ANN, BOB)},
        "2024-05-01": {"f1": events(ANN, ANN, ANN)},
        "2024-05-02": {"f1": events(BOB)},
    }
    tree.export("2024-05-03T06:00:00Z", days, one_file=True)
    assert usage(load(tree)) == {
        ("2024-04", "acme", "ann", "Board"): 1,
        ("2024-04", "acme", "bob", "Board"): 1,
        ("2024-05", "acme", "ann", "Board"): 3,
        ("2024-05", "acme", "bob", "Board"): 1,
    }


def test_two_features_of_one_name_are_one_and_no_overlap(tree: Tree) -> None:
    tree.features["f2"] = ("Board", "Planning")
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    tree.export("2024-05-03T06:00:00Z", {"2024-05-01": {"f2": events(ANN)}})
    loaded = load(tree)
    assert loaded.problems == []
    assert usage(loaded) == {("2024-05", "acme", "ann", "Board"): 2}


def test_names_and_areas_are_those_of_the_newest_export(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    tree.features["f1"] = ("Kanban", "Work")
    tree.export("2024-06-02T06:00:00Z", {"2024-06-01": {"f2": events(ANN)}})
    found = of_month(deliveries(inbox_of(tree)), "2024-05")
    (export,) = [each.export for each in found if each.export]
    assert (export.feature_names, export.feature_areas) == ({"f1": "Kanban"}, {"Kanban": "Work"})


def test_a_month_with_all_its_days_is_whole(tree: Tree) -> None:
    days = [f"2024-02-{day:02}" for day in range(1, 30)]  # of a leap year
    for day in days[:-1]:
        tree.export(f"{day}T23:00:00Z", {day: {"f1": events(ANN)}}, {day: events(ANN)})
    assert load(tree).partial == ["2024-02"]
    # The last day holds nothing, but it was delivered.
    tree.export("2024-03-01T06:00:00Z", {}, {days[-1]: []})
    assert load(tree).partial == []


def test_days_are_those_of_utc(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    (found,) = of_month(deliveries(inbox_of(tree)), "2024-05")
    assert found.export is not None
    assert found.export.dates is not None
    assert found.export.dates.boundary == "utc"


def test_an_export_in_a_bucket_is_read_as_in_the_inbox(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = {"2024-05-01": {"f1": events(ANN, BOB)}, "2024-05-02": {"f1": events(ANN)}}
    tree.export("2024-05-03T06:00:00Z", days, {"2024-05-01": events(ANN, BOB)})
    found = of_month(deliveries(inbox_of(tree)), "2024-05")
    (tmp_path / "s3").mkdir()
    with s3_server(tmp_path / "s3") as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        url = f"s3://{server.new_bucket()}"
        for each in found:
            archive(Lake.at(url), each)
        rows = raw_rows(found, "2024-05", {}, over=True).to_pylist()
        shutil.rmtree(tree.folder)  # nothing but the archive is left
        files = [archived(Lake.at(url), taken_in(row)) for row in rows]
        run = engine()
        month = clean_month(run, files, "2024-05", ProductAreas({}, {}), frozenset())
        used = [(row["visitor_id"], row["value"]) for row in run.rows(month.cleaned_usage)]
    assert used == [("ann", 2), ("bob", 1)]


def test_a_large_export_is_read_ahead_in_pieces(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {f"f{n}": events(ANN) for n in range(4)}})
    inbox = inbox_of(tree)
    asked = iter([False, False, True])  # after the file, and after the first of its entries
    assert read_ahead(inbox, AS_BUILT_IN, lambda: next(asked)) == 1
    assert read_ahead(inbox, AS_BUILT_IN, lambda: False) == 0


def test_a_file_that_was_replaced_by_a_later_export_is_not_missed(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    (folder / "matchedEvents/Feature/f1-2024-05-01.avro").unlink()
    tree.export("2024-05-10T06:00:00Z", {"2024-05-01": {"f1": events(BOB)}})
    assert usage(load(tree)) == {("2024-05", "acme", "bob", "Board"): 1}


def test_the_manifest_tells_when_an_export_was_made_whose_bill_does_not(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    last = tree.export("2024-05-10T06:00:00Z", {"2024-05-01": {"f1": events(BOB)}})
    bill = json.loads((last / "billofmaterials.json").read_text())
    del bill["timestamp"]
    (last / "billofmaterials.json").write_text(json.dumps(bill))
    assert usage(load(tree)) == {("2024-05", "acme", "bob", "Board"): 1}


VISITORS = st.sampled_from([ANN, BOB, ("cy", "bolt"), (NOBODY, None), ("dee", None)])
DAYS = st.sampled_from(["2024-04-30", "2024-05-01", "2024-05-02"])
MATCHED = st.dictionaries(
    DAYS,
    st.dictionaries(st.sampled_from(["f1", "f2", "f9"]), st.lists(VISITORS, max_size=4)),
    min_size=1,
)


@given(exports=st.lists(MATCHED, min_size=1, max_size=5), one_file=st.booleans(), data=st.data())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_late_and_deleted_days_come_to_what_was_delivered_last(
    tmp_path_factory: pytest.TempPathFactory,
    exports: list[dict[str, dict[str, list[tuple[str | None, str | None]]]]],
    one_file: bool,
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("sync") / "pendo" / "app"
    folder.mkdir(parents=True)
    tree = Tree(folder, {"f1": ("Board", "Planning"), "f2": ("Chat", None)})
    names = {"f1": "Board", "f2": "Chat", "f9": "f9"}
    last: dict[tuple[str, str], list[tuple[str | None, str | None]]] = {}
    for n, days in enumerate(exports):
        told = {d: {f: events(*who) for f, who in of.items()} for d, of in days.items()}
        name = data.draw(st.uuids()).hex
        tree.export(f"2024-05-{n + 3:02}T06:00:00Z", told, one_file=one_file, name=name)
        last |= {(day, f): who for day, of in days.items() for f, who in of.items()}
    expected = Counter(
        (day[:7], client, visitor, names[feature])
        for (day, feature), who in last.items()
        for visitor, client in who
        if client is not None
    )
    (folder.parents[1] / "lookups").mkdir(exist_ok=True)
    (folder.parents[1] / "lookups" / "scoring.yaml").write_text("largest_quarantined_share: 1.0\n")
    loaded = intake_load.load(folder.parent, folder.parents[1] / "lookups")
    assert loaded.problems == []
    assert usage(loaded) == dict(expected)


def test_two_applications_of_one_subscription_count_both(tree: Tree) -> None:
    # Their features have one id, as a copied tag plan may give them, and different names.
    day = {"2024-05-01": {"f1": events(ANN)}}
    tree.export("2024-05-02T06:00:00Z", day)
    other = Tree(tree.folder.parent / "77", {"f1": ("Wall", None)})
    last = other.export("2024-05-03T06:00:00Z", day)
    bill = json.loads((last / "billofmaterials.json").read_text())
    bill["application"]["id"] = "77"
    (last / "billofmaterials.json").write_text(json.dumps(bill))
    assert usage(load(tree)) == {
        ("2024-05", "acme", "ann", "Board"): 1,
        ("2024-05", "acme", "ann", "Wall"): 1,
    }


def test_exports_of_one_application_in_two_folders_replace_each_other(tree: Tree) -> None:
    # The first years were copied into a folder of their own.
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN, ANN)}})
    tree.folder.rename(tree.folder.with_name("2023"))
    tree.folder.mkdir()
    again = Tree(tree.folder, tree.features)
    folder = again.export("2024-05-10T06:00:00Z", {"2024-05-01": {"f1": events(BOB)}})
    for bill in tree.folder.parent.rglob("billofmaterials.json"):
        told = json.loads(bill.read_text()) | {"subscription": {"id": "5678"}}
        bill.write_text(json.dumps(told))
    assert folder.is_dir()
    assert usage(load(tree)) == {("2024-05", "acme", "bob", "Board"): 1}


def test_a_feature_keeps_the_name_of_the_last_export_that_knows_it(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN), "f2": events(ANN)}})
    tree.features = {"f2": ("Talk", None)}  # f1 was deleted since
    tree.export("2024-05-03T06:00:00Z", {"2024-05-02": {"f2": events(ANN)}})
    assert usage(load(tree)) == {
        ("2024-05", "acme", "ann", "Board"): 1,
        ("2024-05", "acme", "ann", "Talk"): 2,
    }


def test_of_exports_made_at_one_time_the_manifest_tells_the_order(tree: Tree) -> None:
    at = "2024-05-02T06:00:00Z"
    tree.export(at, {"2024-05-01": {"f1": events(ANN, ANN)}}, name="b")
    tree.export(at, {"2024-05-01": {"f1": events(BOB)}}, name="a")
    assert usage(load(tree)) == {("2024-05", "acme", "bob", "Board"): 1}


def test_a_day_that_a_bill_lists_twice_is_one(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN, BOB)}})
    more = "matchedEvents/Feature/more.avro"
    write(folder / more, EVENT, [record("2024-05-01", ("e7", "ann", "acme"))])
    bill = json.loads((folder / "billofmaterials.json").read_text())
    entry = {"id": "Feature/f1", "eventCount": 1, "files": [more]}
    bill["timeDependent"].append({"periodId": "2024-05-01T00:00:00Z", "matchedEvents": [entry]})
    (folder / "billofmaterials.json").write_text(json.dumps(bill))
    assert usage(load(tree)) == {
        ("2024-05", "acme", "ann", "Board"): 2,
        ("2024-05", "acme", "bob", "Board"): 1,
    }


def test_a_month_counts_where_something_of_it_does(tree: Tree) -> None:
    days = {"2024-04-30": {"f1": events(ANN)}, "2024-05-01": {"f1": events(ANN)}}
    tree.export("2024-05-02T06:00:00Z", days)
    tree.export("2024-05-10T06:00:00Z", {"2024-05-01": {"f1": []}, "2024-05-02": {"f2": []}})
    months = {each.source_file: each.months for each in deliveries(inbox_of(tree))}
    assert sorted(months.values()) == [(), (), (), ("2024-04",)]
