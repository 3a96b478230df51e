"""What ids stand for, from the files beside exports: names, areas, and what they make due."""

from pathlib import Path

import pytest

from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.inbox import deliveries

EVENTS = "accountId,visitorId,featureId,day,numEvents\nacme,ann,f1,2024-05-01,3\nacme,ann,f2,{},1\n"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "usage.csv").write_text(EVENTS.format("2024-05-02"))
    return tmp_path


def usage(inbox: Path) -> Delivery:
    return next(each for each in deliveries(inbox) if each.source_file == "usage.csv")


def export(inbox: Path) -> ExportFile:
    found = usage(inbox).export
    assert found is not None, usage(inbox).problem
    return found


def names(inbox: Path, text: str, name: str = "names.csv") -> None:
    (inbox / name).write_text(text)


def test_ids_get_names_and_features_areas(inbox: Path) -> None:
    names(inbox, "featureId,name,Product Area\nf1, Board ,Planning\nf2,Chat,\nf3,Other,Elsewhere\n")
    told = export(inbox)
    assert told.feature_names == {"f1": "Board", "f2": "Chat"}
    assert told.feature_areas == {"Board": "Planning"}


def test_headers_that_are_ids_get_names_and_areas(tmp_path: Path) -> None:
    (tmp_path / "usage 2024-05.csv").write_text(
        "Visitor ID,Account ID,Clicks for f1,Clicks for Chat\nann,acme,1,2\n"
    )
    names(tmp_path, "featureId,name,Area\nf1,Board,Planning\n")
    (found,) = [each.export for each in deliveries(tmp_path) if each.months]
    assert found is not None
    assert [column.feature for column in found.columns if column.feature] == ["Board", "Chat"]
    assert found.feature_areas == {"Board": "Planning"}


def test_of_two_areas_of_one_name_the_first_alphabetically(inbox: Path) -> None:
    names(inbox, "featureId,name,Area\nf1,Board,Work\nf2,Board,Planning\n")
    assert export(inbox).feature_areas == {"Board": "Planning"}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("f1,Board,A\nf1,Chat,A\n", "row 3: names 'f1' both 'Board' and 'Chat'"),
        ("f1,Board,A\nf1,Board,B\n", "row 3: puts 'f1' both 'A' and 'B'"),
        ("f1,Board,\nf1,Board,B\n", "row 3: puts 'f1' both 'no area' and 'B'"),
    ],
)
def test_an_id_with_two_meanings_is_refused(inbox: Path, rows: str, says: str) -> None:
    names(inbox, f"featureId,name,Area\n{rows}")
    (problem,) = [each.problem.line() for each in deliveries(inbox) if each.problem]
    assert says in problem.replace("names.csv, ", "")


def test_two_files_that_disagree_refuse_what_uses_them(inbox: Path) -> None:
    names(inbox, "featureId,name,Area\nf1,Board,Planning\n", "a.csv")
    names(inbox, "featureId,name,Area\nf1,Board,Work\n", "b.csv")
    problem = usage(inbox).problem
    assert problem is not None
    assert problem.line() == (
        "b.csv: says 'Board' in 'Work' of 'f1', another file of the folder 'Board' in 'Planning'; "
        "keep one of the two"
    )


def test_only_what_an_export_uses_is_of_it(inbox: Path) -> None:
    names(inbox, "featureId,name,Area\nf1,Board,Planning\n")
    before = export(inbox).beside
    assert set(before) == {"names.csv"}
    # A feature is added that the export does not use: nothing of it changes.
    names(inbox, "featureId,name,Area\nf1,Board,Planning\nf9,Another,Planning\n")
    assert export(inbox).beside == before
    # The area of one that it uses does.
    names(inbox, "featureId,name,Area\nf1,Board,Work\nf9,Another,Planning\n")
    assert export(inbox).beside != before
    # And a name that comes at last for one that it uses.
    names(inbox, "featureId,name,Area\nf1,Board,Planning\nf2,Chat,\n")
    assert export(inbox).beside != before


def test_a_file_of_which_nothing_is_used_is_not_beside_it(inbox: Path) -> None:
    names(inbox, "featureId,name\nf8,Unused\n")
    assert export(inbox).beside == {}
