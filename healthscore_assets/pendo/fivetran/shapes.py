"""What the columns of Fivetran's definition and history tables are."""

from collections.abc import Sequence

from healthscore_assets.pendo.fivetran.tables import (
    ACCOUNT_HISTORY,
    VISITOR_HISTORY,
    lacking,
    table_of,
)
from healthscore_assets.pendo.headers import shapes
from healthscore_assets.pendo.headers.aliases import NAME
from healthscore_assets.pendo.headers.grammar import METADATA, Column, Vocabulary, understand
from healthscore_assets.pendo.headers.not_understood import NotUnderstood
from healthscore_assets.pendo.headers.shapes import Shape
from healthscore_assets.reading.header_text import comparable

UPDATED, GROUP_ID = "updated", "group_id"

_OF_ALL = {
    "id": "id",
    "name": "name",
    "groupid": GROUP_ID,
    "lastupdatedat": UPDATED,
    "fivetransynced": "synced",
    "fivetrandeleted": "deleted",
    "fivetranactive": "active",
}
_PREFIXES = ("agent_", "custom_", "salesforce_", "hubspot_")
"""What Pendo puts before the fields of metadata, those that count first before the others."""

_WANTED = {
    ACCOUNT_HISTORY: {NAME: "client_name", "client_name": "client_name"},
    VISITOR_HISTORY: {"email": "email", "is_internal": "is_internal"},
}


def resolve(header: Sequence[str], vocabulary: Vocabulary) -> Shape:
    """The shape of a table with this header: one of Fivetran's histories, else as any export.

    Raises NotUnderstood as `headers.shapes.resolve` does, and for a header that has most columns of
    a table of Fivetran, but not all that are needed.
    """
    name = table_of(header)
    if name is not None:
        wanted = _WANTED.get(name, {})
        return Shape(name, tuple(_column(cell, wanted, vocabulary) for cell in header))
    near = lacking(header, defining=True)
    if near is not None:  # before it passes for names of pages, by its page_id
        raise _incomplete(*near)
    try:
        return shapes.resolve(header, vocabulary)
    except NotUnderstood:
        near = lacking(header, defining=False)
        if near is not None:
            raise _incomplete(*near) from None
        raise


def _incomplete(table: str, missing: Sequence[str]) -> NotUnderstood:
    columns = " and ".join(map(repr, missing))
    return NotUnderstood(
        f"reads like Fivetran's table {table}, but has no column {columns}",
        "export the table with all its columns",
    )


def _column(header: str, wanted: dict[str, str], vocabulary: Vocabulary) -> Column:
    role = _OF_ALL.get(comparable(header))
    if wanted and role == "name":
        role = wanted.get(NAME)
    if role is None:
        told = (understand(text, vocabulary).role for text in (header, _without_prefix(header)))
        role = next((wanted[each] for each in told if each in wanted), METADATA)
    return Column(header, role)


def precedence(header: str) -> int:
    """Which of several columns of a role counts first: agent_name, then name, then the others."""
    key = comparable(header)
    if key == "agentname":
        return -1
    places = [n for n, prefix in enumerate(_PREFIXES, 1) if key.startswith(comparable(prefix))]
    return places[0] if places else 0


def _without_prefix(header: str) -> str:
    lower = header.strip().lower()
    return next((lower[len(p) :] for p in _PREFIXES if lower.startswith(p)), header)
