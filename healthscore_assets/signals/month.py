"""A month of a feed from the files that tell of it: one row per key, and its client."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis
import pyarrow as pa

from healthscore_assets.contracts.feed_quarantine import feed_quarantine
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.engine import EXPRESSIONS, Engine
from healthscore_assets.lake.months import days_in
from healthscore_assets.lookups.names import name_key_column
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.signals.feed_file import FeedFile
from healthscore_assets.signals.feeds import Feed

_LATE = ("late", "distance")


@dataclass(frozen=True)
class KnownClients:
    """What is known of clients beside a feed.

    ``aliases`` are further ids and names and the client each belongs to, ``excluded`` the accounts
    that are no clients, ``names`` the ids and names of clients, with the columns ``client_id`` and
    ``client_name``.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)
    names: ibis.Table | None = None


@dataclass(frozen=True)
class FeedMonth:
    """The rows of a month, what was refused, and what became of each row that was delivered.

    ``rows`` has the feed's columns, ``text`` where it has prose, ``source_file`` and
    ``source_row``; ``numbers`` counts rows ``delivered``, ``kept``, ``superseded`` by another
    version of the same row, ``older`` than the newest snapshot, and ``excluded``.
    """

    rows: ibis.Table
    quarantine: ibis.Table
    numbers: Mapping[str, int]


def feed_month(
    engine: Engine, feed: Feed, files: Sequence[FeedFile], month: str, clients: KnownClients
) -> FeedMonth:
    """Put the files of a feed together as they were known at the month's end.

    Of several versions of a row the one counts that the newest file told by then; where only later
    files tell of it, the first of those. Of accounts of a register that are one client by an alias
    the one of the client's own id counts, else the first by its id. Raises ExportRefused for
    snapshots of one day that differ.
    """
    end = f"{month}-{days_in(month)}"
    told = _with_clients(engine, _rows_of(engine, feed, files, month, end), clients)
    told = engine.keep(f"{feed.name}_told", told)
    left = told.filter(~told.excluded)
    if feed.register:
        left = engine.keep(f"{feed.name}_newest", _newest(left, feed))
        _refuse_differing(engine, left, feed)
    numbered = engine.keep(f"{feed.name}_numbered", _numbered(left, feed))
    return FeedMonth(
        numbered.filter(numbered.version == 0),
        _quarantine(engine, feed, files, month, told.filter(told.excluded)),
        _numbers(engine, feed, told, numbered),
    )


def _numbers(
    engine: Engine, feed: Feed, told: ibis.Table, numbered: ibis.Table
) -> Mapping[str, int]:
    """What became of the rows, each kind counted by itself."""
    before = told[feed.begins] < told[feed.begins].max(where=~told.excluded).over(ibis.window())
    marked = (
        told.mutate(older=before & ~told.excluded) if feed.register else told.mutate(older=False)
    )
    (first,) = engine.rows(
        marked.aggregate(
            delivered=marked.count(),
            older=marked.count(where=marked.older),
            excluded=marked.count(where=marked.excluded),
        )
    )
    (second,) = engine.rows(
        numbered.aggregate(
            kept=numbered.count(where=numbered.version == 0),
            superseded=numbered.count(where=numbered.version > 0),
        )
    )
    return first | second


def _rows_of(
    engine: Engine, feed: Feed, files: Sequence[FeedFile], month: str, end: str
) -> ibis.Table:
    """Every version of every row, with the file it is from and how late that file is."""
    parts = []
    for file in files:
        late = f"DATE '{file.as_of}' > DATE '{end}'"
        parts.append(
            f"SELECT * EXCLUDE (month), {_quote(file.source_file)} AS source_file,"
            f" {late} AS late, abs(DATE '{file.as_of}' - DATE '{end}')::BIGINT AS distance"
            f" FROM read_parquet({_quote(str(file.rows.path))})"
            f" WHERE month = {_quote(month)}"
        )
    further = {
        "source_file": "string",
        "late": "boolean",
        "distance": "int64",
    }
    return engine.view(
        f"{feed.name}_rows", " UNION ALL ".join(parts), ibis.schema({**feed.columns, **further})
    )


def _with_clients(engine: Engine, rows: ibis.Table, clients: KnownClients) -> ibis.Table:
    """The client of each row: by alias, else by id, else by the name that one client alone has."""
    aliases = engine.arrow(
        "client_aliases",
        _pairs(list(clients.aliases), list(clients.aliases.values())),
        ibis.schema({"told": "string", "alias_of": "string"}),
    )
    left_out = engine.arrow(
        "excluded_accounts",
        _pairs(list(clients.excluded), list(clients.excluded)),
        ibis.schema({"told": "string", "alias_of": "string"}),
    )
    return _identified(rows, aliases, left_out, clients.names)


@functools.lru_cache(maxsize=EXPRESSIONS)
def _identified(
    rows: ibis.Table, aliases: ibis.Table, excluded: ibis.Table, known: ibis.Table | None
) -> ibis.Table:
    left_out = excluded.select(excluded_id="told")
    rows = rows.rename(told_client="client_id")
    rows = rows.left_join(aliases, rows.told_client == aliases.told).drop("told")
    rows = rows.mutate(known_as=rows.alias_of.coalesce(rows.told_client)).drop("alias_of")
    if known is None:
        rows = rows.mutate(client_id=rows.known_as)
    else:
        ids = known.select(known_id="client_id").distinct()
        names = known.filter(known.client_name.notnull())
        names = names.select("client_id", name=name_key_column(names.client_name)).distinct()
        names = names.group_by("name").aggregate(
            named_id=names.client_id.max(), clients=names.client_id.nunique()
        )
        names = names.filter(names.clients == 1).drop("clients")
        rows = rows.mutate(name_key=name_key_column(rows.known_as))
        rows = rows.left_join(ids, rows.known_as == ids.known_id)
        rows = rows.left_join(names, rows.name_key == names.name).drop("name")
        found = rows.known_id.coalesce(rows.named_id, rows.known_as)
        rows = rows.mutate(client_id=found).drop("known_id", "named_id", "name_key")
    joined = rows.left_join(left_out, rows.client_id == left_out.excluded_id)
    joined = joined.mutate(by_id=joined.excluded_id.notnull()).drop("excluded_id")
    joined = joined.left_join(left_out, joined.told_client == left_out.excluded_id)
    return joined.mutate(excluded=joined.by_id | joined.excluded_id.notnull()).drop(
        "excluded_id", "by_id", "known_as"
    )


@functools.lru_cache(maxsize=EXPRESSIONS)
def _newest(rows: ibis.Table, feed: Feed) -> ibis.Table:
    newest = rows[feed.begins].max().over(ibis.window())
    return rows.mutate(newest=newest).filter(ibis._[feed.begins] == ibis._.newest).drop("newest")


def _refuse_differing(engine: Engine, rows: ibis.Table, feed: Feed) -> None:
    """Two snapshots of one day that tell different things of a client: one of them is wrong."""
    content = _content(rows, feed, feed.key)
    found = rows.mutate(content=content)
    # Several accounts that are one client by an alias are no contradiction.
    both = found.group_by("client_id", "told_client").aggregate(
        different=found.content.nunique(),
        one=found.source_file.min(),
        other=found.source_file.max(),
        row=found.source_row.min(),
        other_row=found.source_row.max(),
        day=found[feed.begins].min(),
    )
    differing = both.filter(both.different > 1)
    first = engine.rows(differing.order_by("client_id").limit(1))
    if not first:
        return
    seen = first[0]
    count = _count(engine, differing)
    place = (
        f"rows {seen['row']} and {seen['other_row']}"
        if seen["one"] == seen["other"]
        else f"it and {seen['other']}"
    )
    raise ExportRefused(
        Problem(
            seen["one"],
            f"{place} tell different things of client {seen['client_id']!r} on {seen['day']}"
            + (f", and so of {count - 1:,} more" if count > 1 else ""),
            "keep the one that is right",
        )
    )


@functools.lru_cache(maxsize=EXPRESSIONS)
def _numbered(rows: ibis.Table, feed: Feed) -> ibis.Table:
    """Versions of the same row from 0, the one that counts; ids made for rows without one."""
    later = {name for end, names in feed.ends for name in (end, *names)}
    content = _content(rows, feed, (*later, *(feed.key if len(feed.key) == 1 else ())))
    rows = rows.mutate(content=content)
    alike = ibis.window(group_by=["source_file", "content"], order_by="source_row")
    rows = rows.mutate(alike=ibis.row_number().over(alike))
    made = ibis.literal("row-") + rows.content.left(16) + "-" + (rows.alike + 1).cast("string")
    if len(feed.key) == 1:
        rows = rows.mutate(**{feed.key[0]: rows[feed.key[0]].coalesce(made)})
    aliased = (rows.told_client != rows.client_id).fill_null(False)
    own = [aliased, "told_client"] if feed.register else []
    order = [*own, *_LATE, "source_file", ibis.desc("source_row")]
    version = ibis.row_number().over(ibis.window(group_by=list(feed.key), order_by=order))
    return rows.mutate(version=version).drop("content", "alike")


def _content(rows: ibis.Table, feed: Feed, without: Sequence[str]) -> ibis.Value:
    """A hash of what a row tells."""
    names = [f.name for f in feed.fields if f.kind != "prose" and f.name not in without]
    names += ["text"] if "text" in rows.columns else []
    cells = [rows[name].cast("string").fill_null("\x1e") for name in names]
    joined = cells[0]
    for cell in cells[1:]:
        joined = joined + "\x1f" + cell
    return joined.hexdigest("md5")


def _quarantine(
    engine: Engine, feed: Feed, files: Sequence[FeedFile], month: str, excluded: ibis.Table
) -> ibis.Table:
    """What was refused when the files were read, and the rows of accounts that are no clients."""
    columns = list(schema_of(feed_quarantine(feed.name)))
    schema = schema_of(feed_quarantine(feed.name))
    lines = pa.concat_tables([file.lines_of(month) for file in files]).select(columns)
    refused = engine.arrow(f"{feed.name}_refused", lines, schema)
    headers = {file.source_file: file.columns["client_id"] for file in files}
    named = engine.arrow(
        f"{feed.name}_headers",
        _pairs(list(headers), list(headers.values())),
        ibis.schema({"told": "string", "alias_of": "string"}),
    ).select(of_file="told", column="alias_of")
    out = excluded.join(named, excluded.source_file == named.of_file)
    out = out.select(
        "source_file",
        "source_row",
        "column",
        value="told_client",
        reason=ibis.literal("excluded_account"),
    )
    return refused.union(out)


def _pairs(keys: list[str], values: list[str]) -> pa.Table:
    return pa.table(
        {"told": pa.array(keys, pa.string()), "alias_of": pa.array(values, pa.string())}
    )


def _count(engine: Engine, table: ibis.Table) -> int:
    return int(engine.rows(table.aggregate(rows=table.count()))[0]["rows"])


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
