"""Values of `crm_scores` as a file or an API of a CRM takes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ibis

from healthscore_assets.delivery.texts import cut
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.scoring.client_scores import spreadsheet_safe


@dataclass(frozen=True)
class Layout:
    """Rows of a CSV in their order; ``null`` stands for what is not there."""

    table: ibis.Table
    null: str = ""


@dataclass(frozen=True)
class Fields:
    """The fields of a system: their ``names`` by column, and the ``longest`` text they hold.

    A text that is longer ends in an ellipsis. Ids are never cut: they would be another client's.
    """

    names: Mapping[str, str]
    longest: int

    def of_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row for an API, as it is but for texts that are too long."""
        return {
            name: cut(value, self.longest) if _is_cut(column, value) else value
            for column, name in self.names.items()
            for value in [row[column]]
        }

    def of_table(self, scores: ibis.Table) -> ibis.Table:
        """Rows for a CSV, all of it text, in the order of the ids; no cell is a formula."""
        return _of_table(scores, tuple(self.names.items()), self.longest)


@lru_cache(maxsize=EXPRESSIONS)
def _of_table(scores: ibis.Table, fields: tuple[tuple[str, str], ...], longest: int) -> ibis.Table:
    texts = spreadsheet_safe(
        scores.select(**{column: _text(scores[column]) for column, _ in fields})
    )
    cells = {name: _short(texts[column], column, longest) for column, name in fields}
    return texts.select(**cells).order_by(dict(fields)["client_id"])


def _short(text: ibis.Value, column: str, longest: int) -> ibis.Value:
    if column == "client_id":
        return text
    shortened = text.left(longest - 1).rstrip() + "…"
    return ibis.ifelse(text.length() > longest, shortened, text)


def _is_cut(column: str, value: Any) -> bool:
    return column != "client_id" and isinstance(value, str)


def tenths(number: ibis.Value) -> ibis.Value:
    """A number as text with one decimal, always.

    To nine decimals first: engines differ in the last bits, of 18.75 too.
    """
    return number.round(9).round(1).cast("decimal(9, 1)").cast("string")


def _text(value: ibis.Value) -> ibis.Value:
    if value.type().is_floating():
        return tenths(value)
    if value.type().is_boolean():
        return ibis.cases((value, "true"), (~value, "false"))
    return value.cast("string")
