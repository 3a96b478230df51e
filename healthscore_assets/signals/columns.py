"""Which column of a file is which column of a feed."""

import re
from collections.abc import Mapping, Sequence

from healthscore_assets.reading.formats.batch import Opening
from healthscore_assets.reading.header_text import comparable, shown
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.signals.feeds import Feed

_CUSTOM = re.compile(r"__c$", re.IGNORECASE)
"""How Salesforce ends the names of fields that people added."""

Aliases = Sequence[tuple[str, str]]
"""Further headers and the column of a feed that each names, such as ``surveys.client_id``."""


def find_columns(
    openings: Sequence[Opening], feed: Feed, source_file: str, aliases: Aliases
) -> tuple[Opening, int, dict[str, int]]:
    """The opening that reads like the feed, which of its rows is the header, and its columns.

    Returns the place in ``opening.rows`` of the header, and the column of each field, from 0.
    Raises ExportRefused where a column is missing that every row needs.
    """
    ranks = _ranks(feed, aliases)
    best, at, columns = openings[0], 0, _columns(openings[0].rows[0][1], ranks)
    for opening in openings:
        for n, (_, cells) in enumerate(opening.rows):
            found = _columns(cells, ranks)
            if (len(found), len(cells)) > (len(columns), len(best.rows[at][1])):
                best, at, columns = opening, n, found
    _refuse_without(feed, best, at, columns, source_file)
    return best, at, columns


def _ranks(feed: Feed, aliases: Aliases) -> dict[str, tuple[str, int]]:
    """By header, the field that it names and how well: what people wrote down first."""
    ranks: dict[str, tuple[str, int]] = {}
    for field in feed.fields:
        for rank, header in enumerate((*field.headers, field.name)):
            ranks.setdefault(comparable(header), (field.name, rank))
    for header, name in aliases:
        of, _, column = name.partition(".")
        if of == feed.name:
            ranks[comparable(header)] = (column, -1)
    return ranks


def _columns(cells: Sequence[str], ranks: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    best: dict[str, tuple[int, int]] = {}
    for n, cell in enumerate(cells):
        name, rank = ranks.get(comparable(_CUSTOM.sub("", cell.strip())), ("", 0))
        if name and (name not in best or rank < best[name][0]):
            best[name] = (rank, n)
    return {name: n for name, (_, n) in best.items()}


def _refuse_without(
    feed: Feed, opening: Opening, at: int, columns: Mapping[str, int], source_file: str
) -> None:
    number, cells = opening.rows[at]
    for field in feed.fields:
        if field.required and field.name not in columns:
            first = ", ".join(field.headers[:4])
            headers = ", ".join(shown(cell) for cell in cells[:8])
            raise ExportRefused(
                Problem(
                    source_file,
                    f"no column tells the {field.name.removesuffix('_id')} of a row; its headers "
                    f"are {headers}{', ...' if len(cells) > 8 else ''}",
                    f"expected one such as {first}; or put its header into column_aliases.csv as "
                    f"{feed.name}.{field.name}",
                    row=number or None,
                )
            )
    if feed.name == "surveys" and not {"score", "nps", "csat"} & columns.keys():
        raise ExportRefused(
            Problem(
                source_file,
                "no column tells the score of an answer",
                "expected one such as score, nps or csat",
                row=number or None,
            )
        )
