"""An inbox through reading and cleaning, as the graph does it, without the graph.

intake_load.load(inbox, lookups)   # -> Loaded: tidy usage of every month, quarantine, problems
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tables import engine

from healthscore_assets.contracts import CLEANED_USAGE
from healthscore_assets.contracts.enforce import violations
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.cleaning.month import clean_month
from healthscore_assets.pendo.cleaning.reconciliation import reconcile
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import raw_rows, taken_in
from healthscore_assets.reading.refused import ExportRefused

AREAS = "feature,area\nSome Feature,Some Area\n"


@dataclass
class Loaded:
    """What was understood of an inbox.

    ``usage`` are the rows of `cleaned_usage` with their month, ``quarantine`` its lines,
    ``problems`` why files were refused, ``notes`` what should be looked at.
    """

    usage: list[dict[str, Any]] = field(default_factory=list)
    visitors: list[dict[str, Any]] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)


def load(inbox: Path, lookups: Path) -> Loaded:
    """Read every month of an inbox.

    Raises AssertionError where a month does not add up, or breaks the contract of its usage.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _load(inbox, _complete(lookups, Path(folder)), Path(folder))


def _complete(lookups: Path, folder: Path) -> Path:
    """The lookups with those that a project always has."""
    complete = folder / "lookups"
    complete.mkdir()
    (complete / "product_areas.csv").write_text(AREAS)
    (complete / "internal_domains.csv").write_text("domain\nvendor.example\n")
    (complete / "scoring.yaml").write_text("")
    if lookups.is_dir():
        for file in lookups.iterdir():
            (complete / file.name).write_bytes(file.read_bytes())
    return complete


def _load(inbox: Path, lookups: Path, folder: Path) -> Loaded:
    workplace = Workplace.at(inbox.parent, lookups, folder / "lake")
    loaded = Loaded()
    found = deliveries(inbox, workplace.reading())
    loaded.problems = [delivery.problem.line() for delivery in found if delivery.problem]
    for month in sorted({month for delivery in found for month in delivery.months}):
        telling = of_month(found, month)
        loaded.problems += [
            each.problem.line()
            for each in telling
            if each.problem and each.problem.line() not in loaded.problems
        ]
        usable = [delivery for delivery in telling if delivery.export]
        if usable:
            try:
                _clean(loaded, workplace, usable, month, folder)
            except ExportRefused as refused:
                loaded.problems.append(str(refused))
    return loaded


def _clean(
    loaded: Loaded, workplace: Workplace, usable: list[Any], month: str, folder: Path
) -> None:
    rows = raw_rows(usable, month, {}, over=True).to_pylist()
    files = [taken_in(row) for row in rows]
    bytes_of = {delivery.sha256: delivery.path for delivery in usable}
    areas: ProductAreas = workplace.product_areas
    cleaned = clean_month(
        engine(),
        [(bytes_of[file.sha256], file.export) for file in files],
        month,
        areas,
        workplace.internal_domains,
        workplace.identities,
        workplace.settings.largest_quarantined_share,
    )
    written = folder / "cleaned_usage.parquet"
    engine().write(cleaned.cleaned_usage, schema_of(CLEANED_USAGE), written, ())
    broken = violations(engine(), CLEANED_USAGE, written)
    assert not broken, [violation.line() for violation in broken]
    sums = reconcile(engine(), cleaned, written, [file.rows for file in files])
    assert sums.agree, sums.says
    for table, kept in (
        (cleaned.cleaned_usage, loaded.usage),
        (cleaned.visitor_month, loaded.visitors),
        (cleaned.quarantine, loaded.quarantine),
    ):
        kept.extend({"month": month, **row} for row in engine().rows(table))
    loaded.notes += [f"{f.export.source_file}: {note}" for f in files for note in f.export.notes]
    loaded.notes += [cleaned.mangled] if cleaned.mangled else []
    loaded.partial += [month] if any(file.partial for file in files) else []
