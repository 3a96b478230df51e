"""Data Sync folders: what is refused of them, set apart or passed over, and in which words."""

import shutil

import pytest
from datasync_loaded import ANN, BOB, NOBODY, events, inbox_of, load, usage
from datasync_tree import EVENT, Tree, record, write
from tables import engine

from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.cleaning.month import clean_month
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.reading.refused import ExportRefused

FIELDS: list[dict[str, object]] = list(EVENT["fields"])


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


def test_refused_rows_of_several_files_are_several(tree: Tree) -> None:
    # A row in each of four files names no client, and each of them is the first of its file.
    days = {f"2024-05-0{day}": {"f1": events(("zoe", ""), ANN)} for day in range(1, 5)}
    tree.export("2024-05-05T06:00:00Z", days)
    (found,) = of_month(deliveries(inbox_of(tree)), "2024-05")
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


def test_an_export_in_the_inbox_itself_is_refused(tree: Tree) -> None:
    folder = tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    inbox = inbox_of(tree)
    shutil.copyfile(folder / "billofmaterials.json", inbox / "billofmaterials.json")
    assert "put each Data Sync export into a folder of its own" in load(tree).problems[0]
    assert usage(load(tree)) == {("2024-05", "acme", "ann", "Board"): 1}


def test_accounts_and_visitors_of_data_sync_are_passed_over(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    other = tree.folder.parent / "account" / "x1"
    write(other / "accounts.avro", EVENT, [])
    (other / "billofmaterials.json").write_text('{"accounts": {"files": ["accounts.avro"]}}')
    assert load(tree).problems == []


def told_by_line(problems: list[str], name: str) -> str:
    (line,) = [line for line in problems if line.startswith(f"{name}: ")]
    return line


def test_definitions_that_cannot_be_read_are_told_of_and_refuse_nothing(tree: Tree) -> None:
    tree.export("2024-05-02T06:00:00Z", {"2024-05-01": {"f1": events(ANN)}})
    last = tree.export("2024-05-03T06:00:00Z", {"2024-05-02": {"f1": events(ANN)}})
    (last / "allfeatures.avro").write_bytes(b"Obj\x01 torn")
    loaded = load(tree)
    assert loaded.problems == []
    assert usage(loaded) == {("2024-05", "acme", "ann", "Board"): 2}
    found = of_month(deliveries(inbox_of(tree)), "2024-05")
    notes = {note for each in found if each.export for note in each.export.notes}
    (note,) = notes
    assert note.startswith(f"datasync/5678/-323232/{last.name}/allfeatures.avro: cannot be read")
    assert note.endswith("names are those of earlier exports")


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
