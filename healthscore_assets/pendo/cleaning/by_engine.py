"""Where a month is cleaned: long exports on all machines there are, wide ones on this one."""

from collections.abc import Sequence

from healthscore_assets.lake.computes import Computes, Spreads
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.archived import archived
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.pendo.cleaning.month import CleanedMonth, tidied
from healthscore_assets.pendo.cleaning.read_by_duckdb import read_month as read_here
from healthscore_assets.pendo.cleaning.read_by_spark import read_month as read_there
from healthscore_assets.pendo.cleaning.usage import named, numbered
from healthscore_assets.pendo.raw_table import TakenIn


def engine_for(files: Sequence[TakenIn], engine: Computes) -> Engine | Spreads:
    """The engine itself if it has several machines and a file of the month is long, else local."""
    long = any(file.export.is_long for file in files)
    return engine if long and isinstance(engine, Spreads) else engine.local


def clean_archived(
    engine: Engine | Spreads,
    lake: Lake,
    files: Sequence[TakenIn],
    month: str,
    product_areas: ProductAreas,
    internal_domains: frozenset[str],
    known: Identities,
    largest_quarantined_share: float,
) -> CleanedMonth:
    """Read the archived bytes of the month's files once, and lay them out long.

    Raises ExportRefused where a file cannot be read, more of it than the share is refused, or two
    files tell of the same usage.
    """
    told = (month, product_areas, known, largest_quarantined_share)
    if isinstance(engine, Spreads):
        read = read_there(engine, lake.location, files, *told)
        return tidied(engine, read, product_areas, internal_domains, named)
    read = read_here(engine, [archived(lake, file) for file in files], *told)
    return tidied(engine, read, product_areas, internal_domains, numbered)
