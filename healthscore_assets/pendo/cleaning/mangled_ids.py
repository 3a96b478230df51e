"""Ids that look as if a spreadsheet rewrote them, with the rows they stand in."""

import ibis

from healthscore_assets.pendo.cleaning.identities import MANGLED

_SHOWN = 5


def mangled_ids(sources: ibis.Table) -> ibis.Table:
    """The first mangled ids of clients and visitors in rows that were accepted.

    Parameters: ``source_file, source_row, client_id, visitor_id`` of the rows.
    Columns ``source_file, source_row, column`` and ``id``, in the order of the files.
    """
    found = [
        sources.filter(sources[column].re_search(MANGLED)).select(
            "source_file", "source_row", column=ibis.literal(column), id=column
        )
        for column in ("client_id", "visitor_id")
    ]
    return found[0].union(found[1]).order_by("source_file", "source_row", "column").limit(_SHOWN)
