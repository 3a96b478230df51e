"""Which alert of the ledger a state of the data is about."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from healthscore_assets.risk.ledger.alert_state import AlertState

Row = Mapping[str, Any]
"""A row of ``alert_ledger``, by column."""


def matched(
    month: str, states: Sequence[AlertState], rows: Iterable[Row]
) -> list[tuple[AlertState, Row | None]]:
    """Each state with its row; None where the ledger has none yet.

    Parameters: ``rows`` are those that are open, those closed in ``month`` or later, and those of
    the states' own ids. One that closed later did in a month that is there no more. Whatever is
    open or closed so goes before one of the same id that was closed earlier: what people marked on
    it counts. Of a client and a rule there is at most one, unless the ledger went back.
    Raises ValueError for two states of one client and rule, and for an id of another client.
    """
    by_id = {row["alert_id"]: row for row in rows}
    at_hand: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in by_id.values():
        if row["closed_month"] is None or row["closed_month"] >= month:
            at_hand[row["client_id"], row["rule"]].append(row)
    pairs: set[tuple[str, str]] = set()
    found = []
    for state in states:
        pair = (state.client_id, state.rule)
        if pair in pairs:
            raise ValueError(f"{month} has two states of client {pair[0]!r}, rule {pair[1]!r}")
        pairs.add(pair)
        same = by_id.get(state.alert_id)
        if same is not None and (same["client_id"], same["rule"]) != pair:
            raise ValueError(f"alert {state.alert_id!r} of client {pair[0]!r} is another's, too")
        found.append((state, _that_goes_on(month, at_hand[pair]) or same))
    return found


def _that_goes_on(month: str, rows: Sequence[Row]) -> Row | None:
    """The row that goes on: rather one that opened by the month, and rather an open one."""

    def likeness(row: Row) -> tuple[bool, bool, str, str]:
        closed = row["closed_month"]
        return row["opened_month"] <= month, closed is None, closed or "", row["alert_id"]

    return max(rows, key=likeness, default=None)
