"""A month's exports read by the executors of a cluster, from their archived bytes.

A file is a task, and so is each piece of a large one in Parquet or of a Data Sync export. An
executor reads it as `ExportRows` does anywhere; no row comes to the driver, which learns the sums
of each file and the features.
"""

import functools
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from itertools import groupby
from typing import IO, Any

import ibis
import pyarrow as pa

from healthscore_assets.lake.computes import Spreads
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.archived import archived
from healthscore_assets.pendo.cleaning.export_rows import Understood
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.pendo.cleaning.metric_codes import MetricCodes
from healthscore_assets.pendo.cleaning.month_read import CELL_SCHEMA, ROW_SCHEMA, MonthRead
from healthscore_assets.pendo.cleaning.one_file import placed, read_file
from healthscore_assets.pendo.cleaning.quarantined_share import (
    ReadFile,
    RefusedFor,
    by_reason,
    in_all,
    refuse_beyond,
)
from healthscore_assets.pendo.cleaning.refused_lines import QUARANTINE_LINE
from healthscore_assets.pendo.fivetran.people import VERSIONS, Folders, People, versions
from healthscore_assets.pendo.fivetran.tables import ACCOUNT_HISTORY
from healthscore_assets.pendo.headers.shapes import EVENTS
from healthscore_assets.pendo.raw_table import TakenIn
from healthscore_assets.reading.formats.batch import Layout, NotWhole, Part
from healthscore_assets.reading.refused import ExportRefused, Problem

EVENTS_AT_ONCE = 5_000_000
"""About so many events of Parquet or Data Sync are a task: whole row groups, or Avro files."""

_READ = ibis.schema(
    {
        "kind": "string",
        **ROW_SCHEMA,
        "feature": "string",
        "measure": "string",
        "amount": "float64",
        "column": "string",
        "value": "string",
        "reason": "string",
        "told": "string",
    }
)
_ARROW = _READ.to_pyarrow()
_VERSIONS = ibis.schema({**VERSIONS, "of_accounts": "boolean", "problem": "string"})


def read_month(
    spark: Spreads,
    lake: str,
    files: Sequence[TakenIn],
    month: str,
    product_areas: ProductAreas,
    known: Identities,
    largest_quarantined_share: float = 1.0,
    events_at_once: int = EVENTS_AT_ONCE,
) -> MonthRead:
    """Read each file once; every executor finds its bytes in the lake at that location.

    Where a piece holds what only the whole file can judge, all are read again, that file whole.
    Raises ExportRefused where a file cannot be read, or more of it than the share is refused.
    """
    pieces = [_pieces(file, events_at_once) for file in files]
    read, of_file = _read_pieces(spark, lake, pieces, month, known)
    uncut = [any("not_whole" in told for told in of_pieces) for of_pieces in of_file]
    if any(uncut):
        pieces = [
            [file] if alone else those
            for file, those, alone in zip(files, pieces, uncut, strict=True)
        ]
        read, of_file = _read_pieces(spark, lake, pieces, month, known)
    tasks = [piece for those in pieces for piece in those]
    whole = [_whole(file, told) for file, told in zip(files, of_file, strict=True)]
    refuse_beyond(largest_quarantined_share, whole)
    exports = [piece.export for piece in tasks]
    cells = read.filter(read.kind == "cell")
    codes = MetricCodes.of_columns(exports, product_areas)
    for row in spark.rows(cells.select("feature", "measure").distinct()):
        codes.of(row["feature"], row["measure"])
    coded = cells.join(_table(spark, codes), ["feature", "measure"])
    lines = read.filter(read.kind == "line")
    rows = read.filter(read.kind == "row").select(*ROW_SCHEMA)
    people = _people(spark, lake, tasks, known)
    return MonthRead(
        exports,
        rows,
        coded.mutate(value=coded.amount, metric=coded.code).select(*CELL_SCHEMA),
        lines.select(*QUARANTINE_LINE.names),
        codes,
        FileSums.of_all([file.sums for file in whole]),
        people.rows(rows) if people else rows,
        people.client_names(rows) if people else None,
    )


def _read_pieces(
    spark: Spreads, lake: str, pieces: Sequence[Sequence[TakenIn]], month: str, known: Identities
) -> tuple[ibis.Table, list[list[dict[str, Any]]]]:
    """What the pieces of files hold, each a task; and what those of each file tell, in order."""
    tasks = [piece for those in pieces for piece in those]
    task = functools.partial(_read, lake, tasks, month, known)
    read = spark.each("read_of_month", task, len(tasks), _READ)
    told = read.filter(read.kind == "told").select("file", "told")
    of_task = {row["file"]: json.loads(row["told"]) for row in spark.rows(told)}
    in_order = iter([of_task[number] for number in range(len(tasks))])
    return read, [[next(in_order) for _ in those] for those in pieces]


def _people(
    spark: Spreads, lake: str, files: Sequence[TakenIn], known: Identities
) -> People | None:
    """The histories beside the exports, if there are any; each is a task."""
    folders = Folders.beside([file.export for file in files])
    if not folders.histories:
        return None
    task = functools.partial(_versions, lake, folders)
    told = spark.each("versions_of_people", task, len(folders.histories), _VERSIONS)
    refused = told.filter(told.problem.notnull()).order_by("place").limit(1)
    for row in spark.rows(refused):
        raise ExportRefused(Problem(**json.loads(row["problem"])))
    people = told.filter(told.problem.isnull())
    accounts = people.of_accounts
    return People(
        spark,
        folders,
        people.filter(accounts).select(*VERSIONS),
        people.filter(~accounts).select(*VERSIONS),
        known.client_aliases,
    )


def _versions(lake: str, folders: Folders, number: int) -> Iterator[pa.RecordBatch]:
    """The versions of one history, on an executor, or why it is refused."""
    schema = _VERSIONS.to_pyarrow()
    folder, history = folders.histories[number]
    of_accounts = history.export.shape == ACCOUNT_HISTORY
    history = replace(history, at=str(Lake.at(lake).archived(history.sha256)))
    try:
        for some in versions(history, folder, number):
            size = some.num_rows
            marked = some.append_column("of_accounts", pa.repeat(of_accounts, size))
            marked = marked.append_column("problem", pa.nulls(size, pa.string()))
            yield from marked.cast(schema).to_batches()
    except ExportRefused as error:
        problem = {"place": number, "problem": json.dumps(asdict(error.problem))}
        yield pa.RecordBatch.from_pylist([problem], schema=schema)


def _pieces(file: TakenIn, events: int) -> list[TakenIn]:
    """A file by itself, or pieces of Parquet or the parts of a Data Sync export by so many events.

    The days of one Avro file stay together, which is read once.
    """
    layout = file.export.layout
    if layout.format == "parquet" and file.export.shape == EVENTS:
        of = max(1, -(-file.rows // events))
        return [_with(file, replace(layout, piece=(number, of))) for number in range(of)]
    groups: list[list[Part]] = []
    rows = 0
    for _, of_path in groupby(sorted(layout.parts, key=_path), _path):
        parts = list(of_path)
        more = sum(part.rows for part in parts)
        if not groups or rows + more > events:
            groups.append([])
            rows = 0
        groups[-1] += parts
        rows += more
    if not groups:
        return [file]
    return [
        _with(file, replace(layout, parts=tuple(parts), piece=(number, len(groups))))
        for number, parts in enumerate(groups)
    ]


def _with(file: TakenIn, layout: Layout) -> TakenIn:
    return replace(file, export=replace(file.export, layout=layout))


def _path(part: Part) -> str:
    return part.path


def _whole(file: TakenIn, pieces: list[dict[str, Any]]) -> ReadFile:
    """What the pieces of a file tell. Raises ExportRefused for the first that was refused."""
    for piece in pieces:
        if "problem" in piece:
            raise ExportRefused(Problem(**piece["problem"]))
    sums = FileSums.of_all([_sums_of(piece["sums"]) for piece in pieces])
    refused = in_all(RefusedFor(**each) for piece in pieces for each in piece["refused"])
    return ReadFile(file.export, refused, sums)


def _table(spark: Spreads, codes: MetricCodes) -> ibis.Table:
    """The code of each feature, as files spell it, and measure."""
    told = codes.told()
    columns = {
        "feature": pa.array([feature for feature, _ in told], pa.string()),
        "measure": pa.array([measure for _, measure in told], pa.string()),
        "code": pa.array(range(len(told)), pa.int32()),
    }
    schema = ibis.schema({"feature": "string", "measure": "string", "code": "int32"})
    return spark.arrow("codes_of_metrics", pa.table(columns), schema)


def _read(
    lake: str, files: Sequence[TakenIn], month: str, known: Identities, number: int
) -> Iterator[pa.RecordBatch]:
    """Everything of one file, on an executor, which tells a refusal: Spark wraps what is raised."""
    codes = MetricCodes()
    refused: list[RefusedFor] = []
    with tempfile.TemporaryFile() as stream:
        spool = _Spool(stream)

        def put(read: Understood) -> None:
            spool.put(_of_kind("row", number, placed(read.rows, export)))
            spool.put(_of_kind("cell", number, _spelled(read.cells, codes)))
            spool.put(_of_kind("line", number, read.quarantine))
            refused.extend(by_reason(read.quarantine))

        def forget() -> None:
            spool.empty()
            refused.clear()

        try:
            path, export = archived(Lake.at(lake), files[number])
            sums = read_file(path, export, month, codes, known, put, forget)
        except ExportRefused as error:
            spool.empty()
            told: dict[str, Any] = {"problem": asdict(error.problem)}
        except NotWhole:
            spool.empty()
            told = {"not_whole": True}
        else:
            told = {
                "sums": asdict(sums),
                "refused": [asdict(each) for each in in_all(refused)],
            }
        text = pa.table({"told": [json.dumps(told, default=str)]})
        spool.put(_of_kind("told", number, text))
        yield from spool.batches()


def _sums_of(told: dict[str, Any]) -> FileSums:
    engagement = {measure: Decimal(total) for measure, total in told["engagement"].items()}
    return FileSums(**{**told, "engagement": engagement})


def _spelled(cells: pa.Table, codes: MetricCodes) -> pa.Table:
    """Cells with their feature and measure: the codes are one executor's own."""
    told = codes.told()
    features = pa.array([feature for feature, _ in told], pa.string())
    measures = pa.array([measure for _, measure in told], pa.string())
    metric = cells["metric"]
    return pa.table(
        {
            "source_row": cells["source_row"],
            "days": cells["days"],
            "amount": cells["value"],
            "feature": features.take(metric),
            "measure": measures.take(metric),
        }
    )


def _of_kind(kind: str, file: int, table: pa.Table) -> pa.Table:
    """A table with all columns of the whole; those of other kinds are null."""
    size = table.num_rows
    given = {
        "kind": pa.repeat(pa.scalar(kind), size),
        "file": pa.repeat(pa.scalar(file, pa.int32()), size),
    } | {name: table[name] for name in table.column_names}
    columns = [
        given[field.name] if field.name in given else pa.nulls(size, field.type) for field in _ARROW
    ]
    return pa.table(columns, schema=_ARROW)


class _Spool:
    """Tables on their way, on disk: a file may have to be read anew from its beginning."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.empty()

    def empty(self) -> None:
        self._stream.seek(0)
        self._stream.truncate()
        self._writer = pa.ipc.new_stream(self._stream, _ARROW)

    def put(self, table: pa.Table) -> None:
        if table.num_rows:
            self._writer.write_table(table)

    def batches(self) -> Iterator[pa.RecordBatch]:
        self._writer.close()
        self._stream.seek(0)
        yield from pa.ipc.open_stream(self._stream)
