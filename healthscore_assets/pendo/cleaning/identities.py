"""Who a row is about: ids as they stand, merged and refused only by what is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

_LIST = r"^\[?\s*[\"']?([^,\"'\s\[\]]+)[\"']?(?:,[\"']?[^,\"'\s\[\]]+[\"']?)+\s*\]?$"
MANGLED = r"^(\d+\.0|\d(\.\d+)?[Ee]\+\d+)$"
_ANONYMOUS = "_PENDO_T_"


@dataclass(frozen=True)
class Identities:
    """What people know of ids: `client_aliases.csv` and both `excluded_*.csv`."""

    client_aliases: Mapping[str, str] = field(default_factory=dict)
    excluded_accounts: Mapping[str, str] = field(default_factory=dict)
    excluded_visitors: Mapping[str, str] = field(default_factory=dict)


NOTHING_KNOWN = Identities()


@dataclass(frozen=True)
class Clients:
    """Client ids of some rows, how many cells held a list, and how many a spreadsheet mangled.

    ``delivered`` are the ids before aliases were put to the clients they belong to.
    """

    ids: pa.ChunkedArray
    delivered: pa.ChunkedArray
    lists: int
    mangled: int


def clients(cells: pa.ChunkedArray, known: Identities) -> Clients:
    """The client of each row, from its trimmed cell.

    A list of ids (``a,b``, no blanks after the commas) counts for its first. An id that is an
    alias becomes the client it belongs to; everything else stays as it is, letter by letter.
    """
    listed = pc.match_substring_regex(cells, _LIST)
    lists = pc.sum(listed).as_py() or 0
    if lists:
        first = pc.struct_field(
            pc.extract_regex(cells, _LIST.replace("([^", "(?P<first>[^", 1)), "first"
        )
        cells = pc.if_else(listed, first, cells)
    delivered = cells
    if known.client_aliases:
        aliases = pa.array(list(known.client_aliases), pa.string())
        owners = pa.array(list(known.client_aliases.values()), pa.string())
        cells = pc.coalesce(owners.take(_place(cells, aliases)), cells)
    return Clients(cells, delivered, lists, mangled(delivered))


def listed_or_mangled(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which ids are lists of several, or look like numbers that a spreadsheet rewrote."""
    return pc.or_(pc.match_substring_regex(cells, _LIST), pc.match_substring_regex(cells, MANGLED))


def mangled(cells: pa.ChunkedArray) -> int:
    """How many ids look like numbers that a spreadsheet rewrote: ``4.0``, ``1.23E+11``."""
    return pc.sum(pc.match_substring_regex(cells, MANGLED)).as_py() or 0


def refusals(
    clients: Clients,
    visitor_id: pa.ChunkedArray,
    known: Identities,
    feature: pa.ChunkedArray | None = None,
    date: pa.ChunkedArray | None = None,
    gone: pa.ChunkedArray | None = None,
    *,
    blank: pa.ChunkedArray,
    header: pa.ChunkedArray,
) -> pa.ChunkedArray:
    """Why a row can be nobody's usage, from the closed list; null where it can.

    Parameters: ``visitor_id`` is null in an export without visitors; ``feature`` and ``date`` are
    the cells of columns that an export may have; ``blank`` marks rows that hold nothing, ``header``
    those that repeat the header, ``gone`` those that are deleted at their source.
    """
    excluded = pa.array(list(known.excluded_accounts), pa.string())
    visitors = pa.array(list(known.excluded_visitors), pa.string())
    left_out = pc.or_(
        pc.is_in(clients.ids, value_set=excluded), pc.is_in(clients.delivered, value_set=excluded)
    )
    reasons = {"blank_row": blank, "repeated_header": header}
    if gone is not None:
        reasons["deleted_row"] = gone
    reasons |= {
        "placeholder_client": pc.equal(clients.ids, "ACCOUNT-UNIQUE-ID"),
        # Usage that is nobody's is no fault of its file, whether it names a client or not.
        "anonymous_visitor": pc.starts_with(visitor_id, _ANONYMOUS),
        "excluded_visitor": pc.is_in(visitor_id, value_set=visitors),
        "no_client_id": pc.equal(clients.ids, ""),
        "no_visitor_id": pc.equal(visitor_id, ""),
        "placeholder_visitor": pc.equal(visitor_id, "VISITOR-UNIQUE-ID"),
        "excluded_account": left_out,
    }
    if feature is not None:
        reasons["no_feature"] = pc.equal(feature, "")
    if date is not None:
        reasons["no_date"] = pc.equal(date, "")
    return pc.case_when(pc.make_struct(*reasons.values()), *reasons)


def _place(cells: pa.ChunkedArray, among: pa.Array) -> pa.Array:
    return pc.index_in(cells, value_set=among).combine_chunks()
