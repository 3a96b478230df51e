"""Validate, then publish: a month that breaks its contract never replaces the old one."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import ibis
import pandera.ibis as pa

from healthscore_assets.contracts.enforce import violations
from healthscore_assets.contracts.rules import rules_of, schema_of
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.monitoring.observation import Observation, plural
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.reading.refused import ExportRefused

CONTRACT = "contract"

_PREVIEW_ROWS = 5


@dataclass(frozen=True)
class Staged:
    """A table's month as checked local files, waiting to be promoted, and what is told of it.

    ``version`` is the hash of its bytes, or says in words why there are none.
    """

    table: str
    files: list[Path]
    version: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


Published = Iterator[Staged | dg.AssetCheckResult]
"""What a stage yields: its tables and how every check went."""


@dataclass(frozen=True)
class Publication:
    """A table about to be published.

    ``in_order`` says that its rows come in the order of the key already; ``sources`` tells the
    delivered rows behind them; ``csv`` is the same table for spreadsheets.
    """

    contract: pa.DataFrameSchema
    table: ibis.Table
    metadata: Mapping[str, Any] = field(default_factory=dict)
    in_order: bool = False
    sources: ibis.Table | None = None
    csv: ibis.Table | None = None


@dataclass(frozen=True)
class Finding:
    """The outcome of a check beside the contract; a failed one that blocks refuses the month.

    ``metadata`` are numbers, which the UI plots by month; ``tables`` a few rows each, such as the
    first that offend, by what they show.
    """

    check: str
    asset: str
    passed: bool
    says: str
    blocks: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @classmethod
    def warning(cls, check: str, asset: str, seen: Observation) -> "Finding":
        """What is unusual about a month, which is told and refuses nothing."""
        return cls(check, asset, seen.usual, seen.says, False, seen.numbers, seen.tables)


class Stage:
    """Tables of one step and month: written aside, checked, and yielded all or none.

    ``of_health`` says that they depend on the settings of health too, ``engine`` what computes
    them: the run's, if not told.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        workplace: Workplace,
        *,
        of_health: bool = False,
        engine: Computes | None = None,
    ) -> None:
        self._context = context
        self._lake, self._engine = workplace.lake, engine or workplace.engine
        self._settings = {"settings_sha256": workplace.lookup_version("scoring_settings")}
        if of_health:
            version = workplace.lookup_version("health_settings")
            self._settings["health_settings_sha256"] = version
        self._month = context.partition_key
        self._publications: list[Publication] = []
        self._rows: dict[str, int] = {}

    def write(self, *publications: Publication) -> ibis.Table:
        """Write tables aside; returns the last one, as it was written."""
        for publication in publications:
            contract = publication.contract
            order = [] if publication.in_order else list(contract.unique)
            path = self.file(contract)
            rows = self._engine.write(publication.table, schema_of(contract), path, order)
            self._rows[str(contract.name)] = rows
            if publication.csv is not None:
                columns = publication.csv.select(*contract.columns).order_by(order)
                self._engine.write_csv(columns, self._csv(contract))
            self._publications.append(publication)
        return self._engine.months(f"staged_{contract.name}", {0: path}, schema_of(contract))

    def file(self, contract: pa.DataFrameSchema) -> Path:
        """Where a table is written aside."""
        return self._lake.stage_file(self._context.run.run_id, str(contract.name), self._month)

    def publish(
        self,
        findings: Iterable[Finding] = (),
        numbers: Mapping[str, Mapping[str, float]] | None = None,
    ) -> Generator[Staged | dg.AssetCheckResult, None, bool]:
        """Check every table and yield them all, or the reasons why not; gives whether they were.

        The numbers of a finding are kept with its table too, so that the UI plots them by month,
        and so are further ``numbers`` by table.
        """
        findings = list(findings)
        further = numbers or {}
        results = [self._hold_to_contract(publication) for publication in self._publications]
        results += [check_result(finding) for finding in findings]
        refused = any(not r.passed and r.severity == dg.AssetCheckSeverity.ERROR for r in results)
        if not refused:
            # All are made before the first is yielded: what is yielded is promoted at once.
            yield from [
                self._staged(publication, findings, further.get(str(publication.contract.name), {}))
                for publication in self._publications
            ]
        yield from results
        return not refused

    def _hold_to_contract(self, publication: Publication) -> dg.AssetCheckResult:
        contract = publication.contract
        found = violations(
            self._engine, contract, self.file(contract), traced_to=publication.sources
        )
        rows, rules = self._rows[str(contract.name)], len(rules_of(contract))
        finding = Finding(
            CONTRACT,
            str(contract.name),
            passed=not found,
            says="\n".join(violation.line() for violation in found)
            or f"{plural(rows, 'row')}: the key is unique, and {rules} rules are kept.",
            metadata={
                "rows": rows,
                "rules": rules,
                "violations": sum(violation.count for violation in found),
            },
            tables={
                f"first_rows_{column}": [
                    {"expected": violation.rule, **row}
                    for violation in found
                    if violation.column == column
                    for row in violation.rows
                ]
                for column in {violation.column: None for violation in found}
            },
        )
        return check_result(finding)

    def _staged(
        self,
        publication: Publication,
        findings: list[Finding],
        further: Mapping[str, float],
    ) -> Staged:
        contract, name = publication.contract, str(publication.contract.name)
        staged = self.file(contract)
        files = [staged]
        if publication.csv is not None:
            files.append(self._csv(contract))
        shown = self._engine.local.rows(_first_rows(staged))
        return Staged(
            name,
            files,
            content_hash(staged),
            {
                "dagster/row_count": self._rows[name],
                "preview": dg.MetadataValue.md(_markdown(shown)),
                **self._settings,
                **publication.metadata,
                **further,
                **{k: v for f in findings if f.asset == name for k, v in f.metadata.items()},
            },
        )

    def _csv(self, contract: pa.DataFrameSchema) -> Path:
        return self._lake.stage_file(
            self._context.run.run_id, str(contract.name), self._month, suffix="csv"
        )


@contextmanager
def plain_refusals() -> Iterator[None]:
    """A refused export or lookup fails the step in one line; trying again would not mend it."""
    try:
        yield
    except (ExportRefused, LookupRefused) as refused:
        raise dg.Failure(str(refused), allow_retries=False) from None


def check_result(finding: Finding) -> dg.AssetCheckResult:
    """A finding as Dagster records it."""
    error, warning = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        passed=finding.passed,
        asset_key=finding.asset,
        check_name=finding.check,
        severity=error if finding.blocks else warning,
        description=finding.says,
        metadata={
            **finding.metadata,
            **{
                name: dg.MetadataValue.md(_markdown(rows))
                for name, rows in finding.tables.items()
                if rows
            },
        },
    )


def _first_rows(path: Path) -> str:
    quoted = str(path).replace("'", "''")
    return (
        f"SELECT * FROM read_parquet('{quoted}', hive_partitioning = false) LIMIT {_PREVIEW_ROWS}"
    )


def _markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "no rows"
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
    for row in rows:
        cells = (_cell(value) for value in row.values())
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return text.replace("|", "\\|").replace("\n", " ")
