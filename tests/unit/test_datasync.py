"""Data Sync folders: what counts of them, by hand and against a calculation in plain Python."""

import json
import shutil
from collections import Counter
from pathlib import Path

import intake_load
import pytest
from datasync_tree import EVENT, Event, Tree, record, write
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
from healthscore_assets.reading.refused import ExportRefused

ANN, BOB = ("ann", "acme"), ("bob", "acme")
NOBODY = "_PENDO_T_1234"


def events(*who: tuple[str | None, str | None]) -> list[Event]:
    return [(f"e{n}", visitor, account) for n, (visitor, account) in enumerate(who)]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    folder = tmp_path / "pendo" / "datasync" / "5678" / "-323232"
    folder.mkdir(parents=True)
    return Tree(folder, {"f1": ("Board", "Planning"), "f2": ("Chat", None), "f3": (None, None)})


def load(tree: Tree) -> intake_load.Loaded:
    inbox = next(path for path in tree.folder.parents if path.name == "pendo")
    return intake_load.load(inbox, inbox.parent / "none")


def usage(loaded: intake_load.Loaded) -> dict[tuple[str, str, str, str], float]:
    assert {row["measure"] for row in loaded.usage} <= {"clicks"}
    return {
        (row["month"], row["client_id"], row["visitor_id"], row["feature"]): row["value"]
        for row in loaded.usage
    }


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
    assert of_month(deliveries(tree.folder.parents[2]), "2024-05") == []


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


def test_anonymous_visitors_are_counted_apart_and_refuse_nothing(tree: Tree) -> None:
    # Pendo's temporary ids have no account; a share of 3 in 4 would refuse any other file.
    strangers = [(NOBODY, None), (NOBODY, None), ("_PENDO_T_99", "")]
    tree.export(
        "2024-05-02T06:00:00Z",
        {"2024-05-01": {"f1": events(ANN, *strangers)}},
        {"2024-05-01": events(ANN, *strangers)},
    )
    loaded = load(tree)
    assert loaded.problems == []
    assert usage(loaded) == {("2024-05", "acme", "ann", "Board"): 1}
    assert {line["reason"] for line in loaded.quarantine} == {"anonymous_visitor"}
    clicks = [line for line in loaded.quarantine if line["column"] == "events"]
    assert [(line["value"], line["source_row"]) for line in clicks] == [("2", 2), ("1", 4)]
    assert clicks[0]["source_file"].endswith("/matchedEvents/Feature/f1-2024-05-01.avro")


def test_a_file_of_several_days_is_read_once_for_each(tree: Tree) -> None:
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
    found = of_month(deliveries(tree.folder.parents[2]), "2024-05")
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
    (found,) = of_month(deliveries(tree.folder.parents[2]), "2024-05")
    assert found.export is not None
    assert found.export.dates is not None
    assert found.export.dates.boundary == "utc"


def test_an_export_in_a_bucket_is_read_as_in_the_inbox(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = {"2024-05-01": {"f1": events(ANN, BOB)}, "2024-05-02": {"f1": events(ANN)}}
    tree.export("2024-05-03T06:00:00Z", days, {"2024-05-01": events(ANN, BOB)})
    found = of_month(deliveries(tree.folder.parents[2]), "2024-05")
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


def test_refused_rows_of_several_files_are_several(tree: Tree) -> None:
    # A row in each of four files names no client, and each of them is the first of its file.
    days = {f"2024-05-0{day}": {"f1": events(("zoe", ""), ANN)} for day in range(1, 5)}
    tree.export("2024-05-05T06:00:00Z", days)
    (found,) = of_month(deliveries(tree.folder.parents[2]), "2024-05")
    assert found.export is not None
    with pytest.raises(ExportRefused, match="4 of 8 rows cannot be used") as refused:
        clean_month(
            engine(),
            [(found.path, found.export)],
            "2024-05",
            ProductAreas({}, {}),
            frozenset(),
            largest_quarantined_share=0.4,
        )
    assert refused.value.problem.row == 1


def test_a_large_export_is_read_ahead_in_pieces(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {f"f{n}": events(ANN) for n in range(4)}})
    inbox = tree.folder.parents[2]
    asked = iter([False, False, True])  # after the file, and after the first of its entries
    assert read_ahead(inbox, AS_BUILT_IN, lambda: next(asked)) == 1
    assert read_ahead(inbox, AS_BUILT_IN, lambda: False) == 0


def refusal(tree: Tree) -> str:
    (problem,) = load(tree).problems
    return problem


def test_a_file_that_is_not_there_yet_refuses_the_month_and_names_it(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    (folder / "matchedEvents/Feature/f1-2024-05-01.avro").unlink()
    assert refusal(tree) == (
        f"datasync/5678/-323232/{folder.name}/matchedEvents/Feature/f1-2024-05-01.avro: is not "
        f"there, and datasync/5678/-323232/{folder.name}/billofmaterials.json lists it for "
        "2024-05-01; copy the export again, or wait until it is copied"
    )


def test_a_file_that_was_replaced_by_a_later_export_is_not_missed(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    (folder / "matchedEvents/Feature/f1-2024-05-01.avro").unlink()
    tree.export("2024-05-10T06:00:00Z", {"2024-05-01": {"f1": events(BOB)}})
    assert usage(load(tree)) == {("2024-05", "acme", "bob", "Board"): 1}


def test_a_file_with_fewer_events_than_the_bill_says_is_not_whole(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN, BOB)}})
    place = folder / "matchedEvents/Feature/f1-2024-05-01.avro"
    write(place, EVENT, [record("2024-05-01", ("e1", "ann", "acme"))])
    assert "has 1 events of 2024-05-01, and" in refusal(tree)
    assert "says 2; copy the export again" in refusal(tree)


def test_events_of_another_day_than_the_bill_says_are_refused(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    place = folder / "matchedEvents/Feature/f1-2024-05-01.avro"
    write(place, EVENT, [record("2024-05-07", ("e1", "ann", "acme"))])
    assert "has 0 events of 2024-05-01; expected 1" in refusal(tree)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"timeDependent": [', "is not JSON to its end; copy the export again"),
        (
            '{"timestamp": "2024-05-02", "timeDependent": [{}]}',
            "periodId: Field required",
        ),
        (
            '{"timestamp": "2024-05-02T06:00:00Z", "timeDependent": [{"periodId": "May 1st"}]}',
            "is not a day such as 2024-05-31T00:00:00Z",
        ),
        (
            '{"timestamp": "2024-05-02T06:00:00Z", "timeDependent": [{"periodId": "2024-05-01",'
            ' "matchedEvents": [{"id": "Feature/x", "files": ["../../../etc/passwd"]}]}]}',
            "is not a file below the folder of the export",
        ),
        ('{"timeDependent": [{"periodId": "2024-05-01"}]}', "does not say when it was made"),
    ],
)
def test_a_bill_that_is_none_is_refused(tree: Tree, text: str, says: str) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    (folder / "billofmaterials.json").write_text(text)
    (tree.folder / "exportmanifest.json").unlink()
    assert says in refusal(tree)
    assert refusal(tree).startswith(f"datasync/5678/-323232/{folder.name}/billofmaterials.json: ")


def test_the_manifest_tells_when_an_export_was_made_whose_bill_does_not(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    last = tree.export("2024-05-10T06:00:00Z", {"2024-05-01": {"f1": events(BOB)}})
    bill = json.loads((last / "billofmaterials.json").read_text())
    del bill["timestamp"]
    (last / "billofmaterials.json").write_text(json.dumps(bill))
    assert usage(load(tree)) == {("2024-05", "acme", "bob", "Board"): 1}


def test_an_export_in_the_inbox_itself_is_refused(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    inbox = tree.folder.parents[2]
    shutil.copyfile(folder / "billofmaterials.json", inbox / "billofmaterials.json")
    assert "put each Data Sync export into a folder of its own" in load(tree).problems[0]
    assert usage(load(tree)) == {("2024-05", "acme", "ann", "Board"): 1}


def test_accounts_and_visitors_of_data_sync_are_passed_over(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    other = tree.folder.parent / "account" / "x1"
    write(other / "accounts.avro", EVENT, [])
    (other / "billofmaterials.json").write_text('{"accounts": {"files": ["accounts.avro"]}}')
    assert load(tree).problems == []


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


def told_by_line(problems: list[str], name: str) -> str:
    (line,) = [line for line in problems if line.startswith(f"{name}: ")]
    return line


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


def test_definitions_that_cannot_be_read_are_told_of_and_refuse_nothing(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    last = tree.export("2024-05-03T06:00:00Z", {"2024-05-02": {"f1": events(ANN)}})
    (last / "allfeatures.avro").write_bytes(b"Obj\x01 torn")
    loaded = load(tree)
    assert loaded.problems == []
    assert usage(loaded) == {("2024-05", "acme", "ann", "Board"): 2}
    found = of_month(deliveries(tree.folder.parents[2]), "2024-05")
    notes = {note for each in found if each.export for note in each.export.notes}
    (note,) = notes
    assert note.startswith(f"datasync/5678/-323232/{last.name}/allfeatures.avro: cannot be read")
    assert note.endswith("names are those of earlier exports")


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
    months = {each.source_file: each.months for each in deliveries(tree.folder.parents[2])}
    assert sorted(months.values()) == [(), (), (), ("2024-04",)]


def test_a_day_of_few_events_is_judged_with_the_others(tree: Tree) -> None:
    # One of two rows of May 1 names no client, and one of a hundred and two of all.
    ours = events(*[(f"v{n}", "acme") for n in range(100)])
    tree.export(
        "2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN, ("zoe", ""))}}, name="one"
    )
    tree.export("2024-05-03T06:00:00Z", {"2024-05-02": {"f1": ours}}, name="two")
    loaded = load(tree)
    assert loaded.problems == []
    assert [line["reason"] for line in loaded.quarantine] == ["no_client_id"]


def test_counter_files_are_no_exports(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    (tree.folder / "counter.json").write_text('{"counter": 1}')
    assert load(tree).problems == []


def test_a_manifest_without_its_exports_is_told_of(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    shutil.rmtree(folder)
    assert refusal(tree) == (
        "datasync/5678/-323232/exportmanifest.json: lists 1 Data Sync exports, none of which is "
        "here; copy their folders beside it"
    )


def test_files_of_an_export_whose_bill_is_not_there_are_told_of(tree: Tree) -> None:
    folder = tree.export(
        "2024-05-02T06:00:00Z",
        {"2024-05-01": {"f1": events(ANN)}},
        {"2024-05-01": events(ANN)},
    )
    (folder / "billofmaterials.json").unlink()
    problems = load(tree).problems
    for name in ("allevents-2024-05-01", "allfeatures", "matchedEvents/Feature/f1-2024-05-01"):
        assert told_by_line(problems, f"datasync/5678/-323232/{folder.name}/{name}.avro").endswith(
            "is of a Data Sync export, whose billofmaterials.json is not there; copy the export "
            "again, with all its files"
        )


@pytest.mark.parametrize(
    ("field", "value", "kind", "says"),
    [
        ("periodId", 10**12, "long", "periodId 1000000000000 is not a day"),
        ("periodId", "May 1st", "string", "periodId 'May 1st' is not a day"),
        ("periodId", ["x"], {"type": "array", "items": "string"}, "periodId ['x'] is not a day"),
        ("accountId", b"\xff\xfe", "bytes", "an id is not UTF-8"),
    ],
)
def test_events_with_fields_that_cannot_be_are_refused(
    tree: Tree, field: str, value: object, kind: object, says: str
) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    place = folder / "matchedEvents/Feature/f1-2024-05-01.avro"
    fields = [each if each["name"] != field else {"name": field, "type": kind} for each in FIELDS]
    write(
        place, EVENT | {"fields": fields}, [record("2024-05-01", events(ANN)[0]) | {field: value}]
    )
    assert says in refusal(tree)
    assert refusal(tree).startswith(f"datasync/5678/-323232/{folder.name}/matchedEvents/Feature/f1")


FIELDS: list[dict[str, object]] = list(EVENT["fields"])
