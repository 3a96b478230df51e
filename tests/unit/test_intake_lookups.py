"""The optional lookups of intake: further headers, further client ids, accounts left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from healthscore_assets.lookups.client_aliases import read_client_aliases
from healthscore_assets.lookups.column_aliases import read_column_aliases
from healthscore_assets.lookups.excluded_accounts import read_excluded_accounts
from healthscore_assets.lookups.excluded_visitors import read_excluded_visitors
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.pendo.headers.grammar import comparable

COLUMNS = ("visitor_id", "client_id", "client_name", "email")


def columns(path: Path) -> dict[str, str]:
    return dict(read_column_aliases(path, COLUMNS))


def written(folder: Path, *lines: str) -> Path:
    path = folder / "lookup.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def refusal(read: Callable[[Path], Any], path: Path) -> str:
    """The error without the path in front of it."""
    with pytest.raises(LookupRefused) as refused:
        read(path)
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith(f"{path}, ")
    return line.removeprefix(f"{path}, ")


# ----------------------------------------------------------------------------- column aliases


def test_aliases_are_given_as_written(tmp_path: Path) -> None:
    path = written(
        tmp_path, "canonical,alias", "client_id,Org  Ref.", "", "email,Kontakt", "client_id,Órg"
    )
    assert columns(path) == {"Org Ref.": "client_id", "Kontakt": "email", "Órg": "client_id"}


@pytest.mark.parametrize(
    "name", ["client_id", "Client ID", "CLIENT-ID", "client  id", "Client_Id", "client - id"]
)
def test_spellings_of_a_canonical_name(tmp_path: Path, name: str) -> None:
    assert columns(written(tmp_path, "canonical,alias", f"{name},Org")) == {"Org": "client_id"}


@pytest.mark.parametrize(
    ("name", "todo"),
    [
        ("clientid", "did you mean client_id?"),
        ("client.id", "did you mean client_id?"),
        ("E-mail", "did you mean email?"),
        ("colour", "change it or delete the line"),
    ],
)
def test_an_unknown_canonical_name(tmp_path: Path, name: str, todo: str) -> None:
    path = written(tmp_path, "canonical,alias", "email,Kontakt", f"{name},Org")
    assert refusal(columns, path) == (
        "line 3, column canonical: expected one of client_id, client_name, email, visitor_id, "
        f"found {name!r}; {todo}"
    )


SAME_HEADER = [
    ("Org Ref", "org ref"),
    ("Org Ref", "Org_Ref"),
    ("Org Ref", "Org-Ref"),
    ("Org Ref", "Org.Ref"),
    ("Org Ref", "Org | Ref"),
    ("Org Ref", "OrgRef"),
    ("Org Ref", "Or\u200bg Ref"),
    ("Straße", "STRASSE"),
    ("Org１", "Org1"),
]
OTHER_HEADER = [("Org Ref", "Org Refs"), ("Org Ref", "Org/Ref"), ("Örg", "Org")]


@pytest.mark.parametrize(("one", "other"), SAME_HEADER)
def test_one_header_for_two_columns(tmp_path: Path, one: str, other: str) -> None:
    path = written(tmp_path, "canonical,alias", f"client_id,{one}", "", f"client_name,{other}")
    assert refusal(columns, path) == (
        f"line 4, column alias: {other!r} is a header of client_name here and of client_id on "
        "line 2; keep one of the two lines"
    )


@pytest.mark.parametrize(("one", "other"), SAME_HEADER)
def test_two_spellings_for_one_column(tmp_path: Path, one: str, other: str) -> None:
    path = written(tmp_path, "canonical,alias", f"client_id,{one}", f"Client ID,{other}")
    assert columns(path) == {one: "client_id", other: "client_id"}


@pytest.mark.parametrize(("one", "other"), OTHER_HEADER)
def test_two_headers_for_two_columns(tmp_path: Path, one: str, other: str) -> None:
    path = written(tmp_path, "canonical,alias", f"client_id,{one}", f"client_name,{other}")
    assert columns(path) == {one: "client_id", other: "client_name"}


def test_the_header_grammar_agrees_on_what_is_one_header() -> None:
    assert all(comparable(one) == comparable(other) for one, other in SAME_HEADER)
    assert all(comparable(one) != comparable(other) for one, other in OTHER_HEADER)


def test_the_same_line_twice_is_one_alias(tmp_path: Path) -> None:
    path = written(tmp_path, "canonical,alias", "email,Kontakt", "email,Kontakt")
    assert columns(path) == {"Kontakt": "email"}


def test_the_first_of_three_lines_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "canonical,alias", "email,Org", "email,ORG", "client_id,org")
    assert refusal(columns, path) == (
        "line 4, column alias: 'org' is a header of client_id here and of email on line 2; "
        "keep one of the two lines"
    )


@pytest.mark.parametrize("alias", ["-", "_ | ."])
def test_an_alias_that_would_stand_for_a_blank_header(tmp_path: Path, alias: str) -> None:
    assert refusal(columns, written(tmp_path, "canonical,alias", f"email,{alias}")) == (
        f"line 2, column alias: expected a header, found {alias!r}, which every blank header "
        "would match; change it or delete the line"
    )


@pytest.mark.parametrize("alias", ["-1-", "#"])
def test_an_alias_of_one_character(tmp_path: Path, alias: str) -> None:
    assert columns(written(tmp_path, "canonical,alias", f"email,{alias}")) == {alias: "email"}


# ----------------------------------------------------------------------------- client aliases


def test_a_client_may_have_many_ids(tmp_path: Path) -> None:
    path = written(tmp_path, "alias,client_id", " 0042 ,acme", "ACME-old,acme", "", "7,beta")
    assert read_client_aliases(path) == {"0042": "acme", "ACME-old": "acme", "7": "beta"}


def test_the_case_of_an_id_counts(tmp_path: Path) -> None:
    path = written(tmp_path, "client_id,alias", "acme,ACME", "beta,Acme", "beta,042", "acme,42")
    assert read_client_aliases(path) == {
        "ACME": "acme",
        "Acme": "beta",
        "042": "beta",
        "42": "acme",
    }


def test_an_alias_of_two_clients(tmp_path: Path) -> None:
    path = written(tmp_path, "client_id,alias", "acme,old", "", "acme,old", "beta,old")
    assert refusal(read_client_aliases, path) == (
        "line 5, column alias: 'old' is an alias of 'beta' here and of 'acme' on line 2; "
        "keep one of the two lines"
    )


def test_the_same_pair_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "client_id,alias", "acme,old", "acme,old")
    assert read_client_aliases(path) == {"old": "acme"}


def test_an_alias_of_itself(tmp_path: Path) -> None:
    path = written(tmp_path, "client_id,alias", "acme,old", "beta, beta")
    assert (
        refusal(read_client_aliases, path)
        == "line 3: 'beta' is given as an alias of itself; delete the line"
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ["b,a", "c,b"],
            "line 2, column client_id: 'b' is an alias of 'c' (line 3); "
            "write 'c' here in place of 'b'",
        ),
        (
            ["c,b", "", "b,a"],
            "line 4, column client_id: 'b' is an alias of 'c' (line 2); "
            "write 'c' here in place of 'b'",
        ),
        (
            ["x,y", "d,c", "b,a", "c,b"],
            "line 4, column client_id: 'b' is an alias of 'c' (line 5), "
            "'c' is an alias of 'd' (line 3); write 'd' here in place of 'b'",
        ),
        (
            ["b,a", "a,b"],
            "line 2, column client_id: 'b' is an alias of 'a' (line 3), "
            "'a' is an alias of 'b' (line 2); these lines form a circle, delete one of them",
        ),
        (
            ["a,x", "b,a", "a,b"],
            "line 2, column client_id: 'a' is an alias of 'b' (line 3), "
            "'b' is an alias of 'a' (line 4); these lines form a circle, delete one of them",
        ),
    ],
)
def test_a_client_that_is_an_alias_too(tmp_path: Path, lines: list[str], says: str) -> None:
    assert refusal(read_client_aliases, written(tmp_path, "client_id,alias", *lines)) == says


def test_a_chain_in_another_case_is_none(tmp_path: Path) -> None:
    path = written(tmp_path, "client_id,alias", "b,a", "c,B")
    assert read_client_aliases(path) == {"a": "b", "B": "c"}


# -------------------------------------------------------------------------- excluded accounts


def test_accounts_and_reasons(tmp_path: Path) -> None:
    path = written(tmp_path, "client_id,reason", 'demo,"a demo, for sales"', "", "Demo,left  us")
    assert read_excluded_accounts(path) == {"demo": "a demo, for sales", "Demo": "left us"}


def test_two_reasons_for_one_account(tmp_path: Path) -> None:
    path = written(tmp_path, "client_id,reason", "demo,test", "demo,test", "x,test", "demo,Test")
    assert refusal(read_excluded_accounts, path) == (
        "line 5: 'demo' is left out for 'Test' here and for 'test' on line 2; "
        "keep one of the two lines"
    )


def test_the_same_reason_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "client_id,reason", "demo,test", "demo, test ")
    assert read_excluded_accounts(path) == {"demo": "test"}


# ----------------------------------------------------------------------------------- all four

EACH = [
    (columns, "canonical", "alias"),
    (read_client_aliases, "client_id", "alias"),
    (read_excluded_accounts, "client_id", "reason"),
    (read_excluded_visitors, "visitor_id", "reason"),
]


@pytest.mark.parametrize(("read", "first", "second"), EACH)
def test_nothing_listed(
    tmp_path: Path, read: Callable[[Path], Any], first: str, second: str
) -> None:
    assert read(tmp_path / "missing.csv") == {}
    assert read(written(tmp_path, f"{first},{second}")) == {}


@pytest.mark.parametrize(("read", "first", "second"), EACH)
def test_a_file_that_is_there_is_read_strictly(
    tmp_path: Path, read: Callable[[Path], Any], first: str, second: str
) -> None:
    header = f"{first},{second}"
    assert refusal(read, written(tmp_path, "")) == (
        f"line 1: expected the columns {first}, {second}, found nothing; add {first}, {second}"
    )
    assert refusal(read, written(tmp_path, first)) == (
        f"line 1: expected the columns {first}, {second}, found {first}; add {second}"
    )
    assert refusal(read, written(tmp_path, header, "email, ")) == (
        f"line 2, column {second}: is blank; fill it or delete the line"
    )
    assert refusal(read, written(tmp_path, header, "", " ,email")) == (
        f"line 3, column {first}: is blank; fill it or delete the line"
    )
    assert refusal(read, written(tmp_path, header, "email,x,y")) == (
        f"line 2: has 3 cells, expected 2 ({first}, {second}); "
        "put quotes around a value that holds a comma"
    )


@pytest.mark.parametrize("read", [read for read, _, _ in EACH])
def test_a_folder_is_not_a_missing_file(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(LookupRefused, match="cannot be read"):
        read(tmp_path)
