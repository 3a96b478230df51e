"""Stage 2: read the cells once, lay them out long, set apart what cannot be used."""

import dagster as dg
import ibis

from healthscore_assets.contracts import (
    CLEANED_USAGE,
    CLIENT_NAMES,
    FEATURE_AREAS,
    QUARANTINE,
    VISITOR_ACTIVITY,
    VISITOR_MONTH,
)
from healthscore_assets.engagement.alike_features import alike_features
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import (
    Finding,
    Publication,
    Published,
    Stage,
    plain_refusals,
)
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.cleaning.by_engine import clean_archived, engine_for
from healthscore_assets.pendo.cleaning.mangled_ids import mangled_ids
from healthscore_assets.pendo.cleaning.reconciliation import reconcile
from healthscore_assets.pendo.raw_table import taken_in


@monthly(
    CLEANED_USAGE,
    VISITOR_MONTH,
    QUARANTINE,
    CLIENT_NAMES,
    VISITOR_ACTIVITY,
    FEATURE_AREAS,
    group="pendo",
    reads={"raw_pendo_export": 0},
    after=[
        "product_areas",
        "internal_domains",
        "client_aliases",
        "excluded_accounts",
        "excluded_visitors",
        "scoring_settings",
    ],
    checks={
        "reconciliation": (
            "cleaned_usage",
            "Every row and all engagement of the exports is in the tables or in quarantine.",
        ),
        "refused": ("quarantine", "No row or cell of the exports had to be refused."),
        "mangled_ids": ("visitor_month", "No id looks like a number that a spreadsheet rewrote."),
        "alike_features": ("cleaned_usage", "No two features have nearly the same name."),
    },
)
def cleaning(
    context: dg.AssetExecutionContext, workplace: Workplace, raw_pendo_export: ibis.Table
) -> Published:
    """Tidy usage, visitors, clients' names, features' areas, and what was refused and where."""
    files = [taken_in(row) for row in workplace.local.rows(raw_pendo_export)]
    engine = engine_for(files, workplace.engine)
    with plain_refusals():
        month = clean_archived(
            engine,
            workplace.lake,
            files,
            context.partition_key,
            workplace.product_areas,
            workplace.internal_domains,
            workplace.identities,
            largest_quarantined_share=workplace.settings.largest_quarantined_share,
        )
    stage = Stage(context, workplace, engine=engine)
    stage.write(
        Publication(
            CLEANED_USAGE,
            month.cleaned_usage,
            metadata={
                "cells_zero": month.read.zeros,
                "cells_not_collected": month.read.not_collected,
                "rows_told_later": month.read.told_later,
                "id_lists": month.read.id_lists,
                "mangled_ids": month.read.mangled_ids,
            },
            in_order=engine is engine.local,
            sources=month.sources,
        ),
        Publication(
            VISITOR_MONTH,
            month.visitor_month,
            metadata={"listed_as_both": month.listed_as_both},
            sources=month.sources,
        ),
        Publication(QUARANTINE, month.quarantine),
        Publication(CLIENT_NAMES, month.client_names, sources=month.sources),
        Publication(VISITOR_ACTIVITY, month.visitor_activity, sources=month.sources),
        Publication(FEATURE_AREAS, month.feature_areas),
    )
    alike = alike_features(month.features, workplace.product_areas)
    sums = reconcile(engine, month, stage.file(CLEANED_USAGE), [f.rows for f in files])
    yield from stage.publish(
        [
            Finding("reconciliation", "cleaned_usage", sums.agree, sums.says, True, sums.numbers),
            Finding(
                "refused",
                "quarantine",
                not sums.refused,
                sums.refused or "No row and no cell was refused.",
                False,
                sums.counts | sums.shares,
                {"first_lines": sums.first_refused},
            ),
            Finding(
                "mangled_ids",
                "visitor_month",
                not month.mangled,
                month.mangled or "No id looks rewritten.",
                False,
                {"mangled_ids": month.read.mangled_ids},
                {"first_ids": engine.rows(mangled_ids(month.sources))} if month.mangled else {},
            ),
            Finding(
                "alike_features",
                "cleaned_usage",
                not alike,
                "\n".join(each.line() for each in alike) or "All names of features differ.",
                False,
                {"alike_features": len(alike)},
                {"first_features": [each.row() for each in alike[:5]]},
            ),
        ]
    )
