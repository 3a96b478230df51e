"""Whose a column headed ``id`` is, from the columns beside it."""

from collections.abc import Sequence
from dataclasses import replace

from healthscore_assets.pendo.headers.aliases import ID
from healthscore_assets.pendo.headers.feature_columns import without_window
from healthscore_assets.pendo.headers.grammar import METADATA, Column
from healthscore_assets.pendo.headers.not_understood import NotUnderstood
from healthscore_assets.reading.header_text import comparable, shown, tidy_header

_NUMBER_OF = ("Number of", "Num", "Total", "Active", "Unique", "Count of", "")
_VISITORS, _ACCOUNTS = (
    frozenset(
        comparable(words)
        for each in (f"{one}s", f"{one} Count")
        for words in (f"{number} {each}" for number in _NUMBER_OF)
    )
    for one in ("Visitor", "Account")
)
_OF_PEOPLE = frozenset(
    map(comparable, ("First Name", "Last Name", "Visitor Role", "Visitor Type", "User Type"))
)


def sums_over_clients(columns: Sequence[Column]) -> bool:
    """Whether a column counts visitors or accounts, as a summary of features does."""
    return any(_counted(column) in _VISITORS | _ACCOUNTS for column in columns)


def with_owner_of_id(columns: Sequence[Column], long: bool) -> list[Column]:
    """``id`` as the client or the visitor, or as metadata where both have their own column.

    ``long`` rows have ids of their own. Raises NotUnderstood if it could be either.
    """
    roles = {column.role for column in columns}
    at = next((column for column in columns if column.role == ID), None)
    if at is None:
        return list(columns)
    client, visitor = "client_id" in roles, "visitor_id" in roles
    counts_visitors = any(_counted(column) in _VISITORS for column in columns)
    of_account = counts_visitors or not roles.isdisjoint(("client_name", "parent_client_id"))
    of_visitor = not roles.isdisjoint(("email", "visitor_name")) or any(
        _is_of_person(column) for column in columns
    )
    if client and visitor:
        role = METADATA
    elif long:
        raise NotUnderstood(
            f"{shown(at.header)} could be the id of the {'visitor' if client else 'client'} or of "
            "the row",
            "rename it 'Visitor ID' or 'Account ID' if it is one of them, else 'Row ID'",
        )
    elif client and (of_visitor or not counts_visitors):
        role = "visitor_id"
    elif not client and of_account and not of_visitor:
        role = "client_id"
    elif not client and not visitor and of_visitor:
        role = "visitor_id"
    else:
        raise NotUnderstood(
            f"{shown(at.header)} could be the id of the client or of the visitor",
            "rename it 'Account ID' or 'Visitor ID', or list it in lookups/column_aliases.csv",
        )
    return [replace(column, role=role) if column.role == ID else column for column in columns]


def _counted(column: Column) -> str:
    if column.role != METADATA:
        return ""
    name, _ = without_window(tidy_header(column.header))
    return comparable(name)


def _is_of_person(column: Column) -> bool:
    return column.role in (METADATA, "is_internal") and comparable(column.header) in _OF_PEOPLE
