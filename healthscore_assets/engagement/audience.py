"""Who is internal and who is external (SCORING.md section 2)."""

import ibis

from healthscore_assets.engagement.day_bits import bit_count, bit_or
from healthscore_assets.lake.expressions import trimmed

_INTERNAL = ("yes", "true", "1", "internal", "employee", "staff")


def row_is_internal(rows: ibis.Table, internal_domains: frozenset[str]) -> ibis.Value:
    """Decide row by row: the export's own column, the file's segment, the e-mail domain, else no.

    Parameters: ``rows`` with the texts ``is_internal``, ``segment`` and ``email``, null or blank
    where there is none. Any word in ``is_internal`` that does not say internal says external.
    """
    # Not `strip()`: ibis 12 spells \v and \f in a way that has Spark strip the letters v and f.
    word = trimmed(rows.is_internal).lower().nullif("")
    domain = rows.email.lower().re_extract(r"@([^@\s>]+)>?\s*$", 1)
    return ibis.coalesce(
        word.isin(_INTERNAL),
        rows.segment.nullif("") == "internal",
        domain.isin(sorted(internal_domains)) if internal_domains else ibis.literal(False),
        ibis.literal(False),
    )


def visitor_month(rows: ibis.Table, internal_domains: frozenset[str]) -> ibis.Table:
    """Every listed visitor, with one audience: internal where its rows disagree.

    Parameters: the accepted rows of the month, with ``days_active``, ``minutes`` and the ``days``
    of those with usage, as `day_bits`, where they are told, beside the texts of `row_is_internal`;
    ``listed_rows`` says how many of the exports each stands for; ``visitor_id`` is null on rows of
    exports without visitors.
    Grain: visitor, and client x audience for those rows: they are no person's, so they cannot
    disagree. ``disagrees`` marks visitors listed as both, ``read_rows`` counts the rows given.
    """
    marked = rows.mutate(internal=row_is_internal(rows, internal_domains))
    nobody = ibis.ifelse(marked.visitor_id.isnull(), marked.internal, None)
    visitors = marked.group_by("client_id", "visitor_id", nobody=nobody).aggregate(
        any_internal=marked.internal.any(),
        all_internal=marked.internal.all(),
        # By way of a decimal: DuckDB's sum of whole numbers is of a type that is written as double.
        listed_rows=marked.listed_rows.cast("decimal(18, 0)").sum().cast("int64"),
        days_told=marked.days_active.max(),
        days_seen=bit_or(ibis.ifelse(marked.visitor_id.notnull(), marked.days, None)),
        read_rows=marked.count(),
        minutes=marked.minutes.cast("decimal(18, 6)").sum().cast("float64"),
    )
    return visitors.select(
        "client_id",
        "visitor_id",
        "listed_rows",
        "read_rows",
        "minutes",
        days_active=visitors.days_told.coalesce(bit_count(visitors.days_seen).cast("float64")),
        audience=ibis.ifelse(visitors.any_internal, "internal", "external"),
        disagrees=visitors.any_internal & ~visitors.all_internal,
    )
