"""Who clients and visitors are: the latest versions of account_history and visitor_history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.lake.computes import Computes
from healthscore_assets.pendo.export_file import ExportFile, History
from healthscore_assets.pendo.fivetran.shapes import precedence
from healthscore_assets.pendo.fivetran.versions import ordered_columns
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import Batch, name_of

_TOLD = ("client_name", "email", "is_internal")

_AT_ONCE = 250_000
"""Rows that are handed to the engine together."""

VERSIONS = ibis.schema(
    {
        "folder": "int32",
        "id": "string",
        "client_name": "string",
        "email": "string",
        "is_internal": "string",
        "live": "boolean",
        "updated": "int64",
        "synced": "int64",
        "place": "int64",
    }
)
"""Versions of clients or visitors; ``place`` orders those that tell the same times."""

_A_FILE = 1 << 40


@dataclass(frozen=True)
class Folders:
    """The histories beside the exports of a month: each file once, with its folder.

    ``of_file`` tells the folder of an export, by its place, where it has histories.
    """

    histories: list[tuple[int, History]]
    of_file: dict[int, int]

    @classmethod
    def beside(cls, exports: Sequence[ExportFile]) -> "Folders":
        """Those of some exports; folders with the same bytes are one."""
        folders: dict[tuple[str, ...], int] = {}
        histories: list[tuple[int, History]] = []
        of_file: dict[int, int] = {}
        for number, export in enumerate(exports):
            key = tuple(history.sha256 for history in export.histories)
            if key and key not in folders:
                folders[key] = len(folders)
                histories += [(folders[key], history) for history in export.histories]
            if key:
                of_file[number] = folders[key]
        return cls(histories, of_file)


@dataclass(frozen=True)
class People:
    """What the histories beside a month's exports tell, in the engine that holds its rows.

    Parameters: ``accounts`` and ``visitors`` are of `VERSIONS`; ``client_aliases`` are put to the
    clients of account_history, too.
    """

    engine: Computes
    folders: Folders
    accounts: ibis.Table
    visitors: ibis.Table
    client_aliases: Mapping[str, str]

    def client_names(self, rows: ibis.Table) -> ibis.Table:
        """The latest name of each client, of its own id before those of its aliases.

        Of several folders the name that comes first alphabetically. Grain: client of the rows.
        """
        columns = {"alias": [*self.client_aliases], "owner": [*self.client_aliases.values()]}
        aliases = pa.table(columns, pa.schema({name: pa.string() for name in columns}))
        schema = ibis.schema({"alias": "string", "owner": "string"})
        known = self.engine.arrow("aliases_of_people", aliases, schema)
        told = self.accounts.left_join(known, self.accounts.id == known["alias"])
        told = told.mutate(client_id=told.owner.coalesce(told.id), own=told["alias"].isnull())
        named = told.group_by("folder", "client_id").aggregate(
            client_name=_latest(told, "client_name", own=told.own)
        )
        listed = rows.join(self._folder_of_file(), "file").select("folder", "client_id").distinct()
        found = named.filter(named.client_name.notnull()).join(listed, ["folder", "client_id"])
        return found.group_by("client_id").aggregate(client_name=found.client_name.min())

    def rows(self, rows: ibis.Table) -> ibis.Table:
        """The rows with the visitors' e-mail and audience, where their own export tells none."""
        visitors = self.visitors
        latest = visitors.group_by("folder", visitor_id=visitors.id).aggregate(
            told_email=_latest(visitors, "email"),
            told_internal=_latest(visitors, "is_internal"),
        )
        beside = rows.left_join(self._folder_of_file(), "file")
        told = beside.left_join(latest, ["folder", "visitor_id"])
        return told.select(*rows.columns, "told_email", "told_internal").select(
            **{name: _told_or(name) for name in rows.columns}
        )

    def _folder_of_file(self) -> ibis.Table:
        of_file = self.folders.of_file
        table = {
            "file": pa.array([*of_file], pa.int32()),
            "folder": pa.array([*of_file.values()], pa.int32()),
        }
        schema = ibis.schema({"file": "int32", "folder": "int32"})
        return self.engine.arrow("folder_of_file", pa.table(table), schema)


def _told_or(name: str) -> ibis.Deferred:
    told = {"email": "told_email", "is_internal": "told_internal"}
    column = ibis._[name]
    return column.nullif("").coalesce(ibis._[told[name]]) if name in told else column


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]
def max_by(text: str, key) -> str:  # type: ignore[empty-body, no-untyped-def]
    """The text beside the largest key: all engines have it by this name."""


def _latest(versions: ibis.Table, name: str, **before: ibis.Value) -> ibis.Value:
    """The text of the latest version that tells it; null where none does."""
    key = ibis.struct(
        {
            **before,
            "live": versions.live,
            "updated": versions.updated.fill_null(-1),
            "synced": versions.synced.fill_null(-1),
            "place": versions.place,
        }
    )
    return max_by(versions[name], ibis.ifelse(versions[name] != "", key, ibis.null()))


def versions(history: History, folder: int, number: int) -> Iterator[pa.Table]:
    """The versions of a file, many rows at a time, as `VERSIONS`.

    Parameters: ``number`` is the file's place among the month's histories.
    Raises ExportRefused for a history that cannot be read.
    """
    export = history.export
    roles = {role: _columns(export, role) for role in _TOLD}
    held: list[pa.Table] = []
    first = number * _A_FILE
    wanted = [n for columns in roles.values() for n in columns]
    for batch, live, updated, synced in ordered_columns(Path(history.at), export, wanted):
        size = len(batch.source_row)
        at = export.index("id")
        assert at is not None, export
        cells = [
            pa.repeat(pa.scalar(folder, pa.int32()), size),
            pc.utf8_trim_whitespace(batch.cells[name_of(at)]),
            *(_first_told(batch, columns) for columns in roles.values()),
            live,
            updated,
            synced,
            pa.array(range(first, first + size), pa.int64()),
        ]
        first += size
        held.append(pa.table(cells, schema=VERSIONS.to_pyarrow()))
        if sum(map(len, held)) >= _AT_ONCE:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def people_told(path: Path, export: ExportFile) -> dict[str, int]:
    """How many ids have a name, an e-mail or an audience in any version; without columns none.

    Raises ExportRefused for a history that cannot be read.
    """
    roles = {role: columns for role in _TOLD if (columns := _columns(export, role))}
    at = export.index("id")
    assert at is not None, export
    ids: dict[str, set[str]] = {role: set() for role in roles}
    read = list(dict.fromkeys([at, *(n for columns in roles.values() for n in columns)]))
    for batch in tables.batches(path, export.source_file, export.layout, [], read):
        if len(batch.source_row):
            keys = pc.utf8_trim_whitespace(batch.cells[name_of(at)])
            for role, columns in roles.items():
                told = pc.not_equal(_first_told(batch, columns), "")
                ids[role] |= set(pc.unique(keys.filter(told)).to_pylist()) - {""}
    return {role: len(found) for role, found in ids.items()}


def _columns(export: ExportFile, role: str) -> list[int]:
    """The columns of a role, the one that counts first before the others."""
    found = [n for n, column in enumerate(export.columns) if column.role == role]
    return sorted(found, key=lambda n: precedence(export.columns[n].header))


def _first_told(batch: Batch, columns: Sequence[int]) -> pa.Array | pa.ChunkedArray:
    """Of each row the first of some cells that is not blank, trimmed; blank without columns."""
    texts = [pc.utf8_trim_whitespace(batch.cells[name_of(n)]) for n in columns]
    told = [pc.if_else(pc.equal(text, ""), None, text) for text in texts]
    return pc.fill_null(pc.coalesce(*told), "") if told else pa.repeat("", len(batch.source_row))
