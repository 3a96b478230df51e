"""Who clients and visitors are: the latest versions of account_history and visitor_history."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.lake.engine import Engine
from healthscore_assets.pendo.export_file import ExportFile, History
from healthscore_assets.pendo.fivetran.shapes import precedence
from healthscore_assets.pendo.fivetran.tables import ACCOUNT_HISTORY
from healthscore_assets.pendo.fivetran.versions import ordered_columns
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import Batch, name_of

_TOLD = ("client_name", "email", "is_internal")

_AT_ONCE = 250_000
"""Rows that are handed to the engine together."""

_VERSIONS = pa.schema(
    {
        "folder": pa.int32(),
        "id": pa.string(),
        "client_name": pa.string(),
        "email": pa.string(),
        "is_internal": pa.string(),
        "live": pa.bool_(),
        "updated": pa.int64(),
        "synced": pa.int64(),
    }
)
_CREATED = """
    CREATE OR REPLACE SEQUENCE version_of_people;
    CREATE OR REPLACE TEMP TABLE {name} (
        folder INTEGER, id VARCHAR, client_name VARCHAR, email VARCHAR, is_internal VARCHAR,
        live BOOLEAN, updated BIGINT, synced BIGINT, place BIGINT
    )
"""
_PLACE = (
    """{live: live, updated: coalesce(updated, -1), synced: coalesce(synced, -1), place: place}"""
)


class People:
    """What the histories beside a month's exports tell, in the engine that holds its rows.

    Parameters: ``rows`` names the table of accepted rows with ``file``, the place of its export;
    ``client_aliases`` are put to the clients of account_history, too.
    Raises ExportRefused for a history that cannot be read.
    """

    def __init__(
        self,
        engine: Engine,
        exports: Sequence[ExportFile],
        rows: str,
        client_aliases: Mapping[str, str],
    ) -> None:
        self._engine, self._rows = engine, rows
        folders: dict[tuple[str, ...], int] = {}
        of_file: list[dict[str, int]] = []
        for number, export in enumerate(exports):
            key = tuple(history.sha256 for history in export.histories)
            if key and key not in folders:
                folders[key] = len(folders)
                if not of_file:
                    self._create(client_aliases)
                for history in export.histories:
                    self._read(history, folders[key])
            if key:
                of_file.append({"file": number, "folder": folders[key]})
        self.told = bool(of_file)
        if self.told:
            schema = ibis.schema({"file": "int64", "folder": "int64"})
            engine.arrow("folder_of_file", pa.Table.from_pylist(of_file), schema)

    def client_names(self) -> ibis.Table:
        """The latest name of each client, of its own id before those of its aliases.

        Of several folders the name that comes first alphabetically. Grain: client of the rows.
        """
        return self._engine.view(
            "names_of_accounts",
            f"""
            WITH named AS (
                SELECT folder, coalesce(alias.client_id, id) AS client_id,
                       arg_max(client_name, {{own: alias.alias IS NULL, version: {_PLACE}}})
                           AS client_name
                FROM accounts_told LEFT JOIN aliases_of_people AS alias ON alias.alias = id
                WHERE client_name <> '' GROUP BY ALL
            ), listed AS (
                SELECT DISTINCT folder, client_id FROM {self._rows} JOIN folder_of_file USING (file)
            )
            SELECT client_id, min(client_name) AS client_name
            FROM named JOIN listed USING (folder, client_id) GROUP BY ALL
            """,
            ibis.schema({"client_id": "string", "client_name": "string"}),
        )

    def rows(self, schema: ibis.Schema) -> ibis.Table:
        """The rows with the visitors' e-mail and audience, where their own export tells none."""
        self._engine.con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE latest_visitors AS
            SELECT folder, id AS visitor_id,
                   arg_max(email, {_PLACE}) FILTER (email <> '') AS told_email,
                   arg_max(is_internal, {_PLACE}) FILTER (is_internal <> '') AS told_internal
            FROM visitors_told GROUP BY ALL
            """
        )
        told = {"email": "told_email", "is_internal": "told_internal"}
        columns = ", ".join(
            f"coalesce(nullif({name}, ''), {told[name]}) AS {name}" if name in told else name
            for name in schema
        )
        return self._engine.view(
            "rows_with_people",
            f"""
            SELECT {columns} FROM {self._rows} LEFT JOIN folder_of_file USING (file)
            LEFT JOIN latest_visitors USING (folder, visitor_id)
            """,
            schema,
        )

    def _create(self, client_aliases: Mapping[str, str]) -> None:
        for name in ("accounts_told", "visitors_told"):
            self._engine.con.execute(_CREATED.format(name=name))
        self._engine.con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE visitors_wanted AS
            SELECT DISTINCT visitor_id AS id FROM {self._rows} WHERE visitor_id IS NOT NULL
            """
        )
        columns = {"alias": [*client_aliases], "client_id": [*client_aliases.values()]}
        aliases = pa.table(columns, pa.schema({name: pa.string() for name in columns}))
        schema = ibis.schema({"alias": "string", "client_id": "string"})
        self._engine.arrow("aliases_of_people", aliases, schema)

    def _read(self, history: History, folder: int) -> None:
        """Hand the versions of a file to the engine; of visitors those that the month lists."""
        of_accounts = history.export.shape == ACCOUNT_HISTORY
        table = "accounts_told" if of_accounts else "visitors_told"
        wanted = "" if of_accounts else "SEMI JOIN visitors_wanted USING (id)"
        for versions in _versions(history, folder):
            self._engine.con.register("some_versions", versions)
            self._engine.con.execute(
                f"INSERT INTO {table} SELECT *, nextval('version_of_people')"
                f" FROM some_versions {wanted}"
            )
            self._engine.con.unregister("some_versions")


def _versions(history: History, folder: int) -> Iterator[pa.Table]:
    """The versions of a file, many rows at a time."""
    export = history.export
    roles = {role: _columns(export, role) for role in _TOLD}
    held: list[pa.Table] = []
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
        ]
        held.append(pa.table(cells, schema=_VERSIONS))
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
