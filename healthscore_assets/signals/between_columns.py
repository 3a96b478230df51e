"""What cells of a row say together, feed by feed."""

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.reading.totals import TOTAL_LABELS
from healthscore_assets.signals.cells import Cells

Told = Mapping[str, Cells]
"""The typed cells of some rows, by column."""


def told_together(feed: str, told: Told) -> Told:
    """The cells of a feed once they have been held against each other."""
    look = _LOOKS.get(feed)
    return told if look is None else look(told)


def _clients(told: Told) -> Told:
    """A row that names no client but says "Total" is the sum of a register."""

    def says_total(name: str) -> pa.Array:
        label = pc.utf8_rtrim(pc.utf8_lower(told[name].values), ": ")
        return pc.fill_null(pc.is_in(label, value_set=TOTAL_LABELS), False)

    total = says_total("client_id")
    if "client_name" in told:
        unnamed = pc.is_null(told["client_name"].values)
        total = pc.and_(total, pc.or_(unnamed, says_total("client_name")))
    return {**told, "client_id": told["client_id"].without(total, "total_row")}


def _scores(told: Told) -> Told:
    """An answer needs a score, and that of CSAT, told by its kind, is from 1 to 5."""
    names = [name for name in ("score", "nps", "csat") if name in told]
    found = dict(told)
    if {"kind", "score"} <= told.keys():
        score = told["score"].values
        outside = pc.or_(pc.less(score, 1), pc.greater(score, 5))
        csat = pc.equal(told["kind"].values, "csat")
        found["score"] = told["score"].without(pc.and_(csat, outside), "out_of_range")
    none = pc.and_(
        pc.is_null(pc.coalesce(*(found[name].values for name in names))),
        pc.is_null(pc.coalesce(*(found[name].refused for name in names))),
    )
    found[names[0]] = found[names[0]].without(none, "no_score")
    return found


def _escalation(told: Told) -> Told:
    """A ticket is escalated by its own column, else by a tag that says so."""
    if "tags" not in told:
        return told
    tagged = pc.match_substring(pc.utf8_lower(told["tags"].values), "escalat")
    tagged = pc.fill_null(tagged, False)
    own = told.get("escalated")
    if own is None:
        return {**told, "escalated": Cells(tagged, pa.nulls(len(tagged), pa.string()))}
    return {**told, "escalated": Cells(pc.coalesce(own.values, tagged), own.refused)}


_LOOKS: dict[str, Callable[[Told], Told]] = {
    "accounts": _clients,
    "surveys": _scores,
    "support_tickets": _escalation,
}
