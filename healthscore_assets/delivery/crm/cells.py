"""Values of `crm_scores` as a file or an API of a CRM takes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from healthscore_assets.scoring.client_scores import spreadsheet_safe

_ELLIPSIS = "…"


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
            name: self._cut(row[column]) if column != "client_id" else row[column]
            for column, name in self.names.items()
        }

    def of_table(self, scores: ibis.Table, *, empty: str = "") -> ibis.Table:
        """Rows for a CSV, all of it text, in the order of the ids.

        ``empty`` stands for what there is not. No cell is a formula for a spreadsheet.
        """
        texts = spreadsheet_safe(
            scores.select(**{column: _text(scores[column]) for column in self.names})
        )
        cells = {
            name: self._short(texts[column], column).fill_null(empty)
            for column, name in self.names.items()
        }
        return texts.select(**cells).order_by(self.names["client_id"])

    def _cut(self, value: Any) -> Any:
        if not isinstance(value, str) or len(value) <= self.longest:
            return value
        return value[: self.longest - 1] + _ELLIPSIS

    def _short(self, text: ibis.Value, column: str) -> ibis.Value:
        if column == "client_id":
            return text
        shortened = text.left(self.longest - 1) + _ELLIPSIS
        return ibis.ifelse(text.length() > self.longest, shortened, text)


def tenths(number: ibis.Value) -> ibis.Value:
    """A number as text with one decimal, always."""
    return number.round(1).cast("decimal(9, 1)").cast("string")


def _text(value: ibis.Value) -> ibis.Value:
    if value.type().is_floating():
        return tenths(value)
    if value.type().is_boolean():
        return ibis.cases((value, "true"), (~value, "false"))
    return value.cast("string")
