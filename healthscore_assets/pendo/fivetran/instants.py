"""Points in time, as Fivetran's destinations write them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

_MICROSECONDS = pa.timestamp("us", "UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instants(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Microseconds since 1970 of ``2021-02-19 19:28:30.508 UTC`` and its like.

    Without an offset it is UTC. Null where a cell is blank. Raises ValueError for what is no time,
    telling it.
    """
    coded = pc.utf8_trim_whitespace(texts).combine_chunks().dictionary_encode()
    return pa.chunked_array([_read(coded.dictionary).take(coded.indices)])


def _read(cells: pa.Array) -> pa.Array:
    for utc in (" UTC", "+00:00"):  # as they are mostly written, and quick
        if pc.all(pc.ends_with(cells, utc)).as_py():
            with suppress(pa.ArrowInvalid):
                plain = pc.utf8_slice_codeunits(cells, 0, -len(utc))
                return pc.cast(pc.cast(plain, pa.timestamp("us")), pa.int64())
    cells = pc.replace_substring_regex(cells, r"(?i)\s*(UTC|GMT)$", "Z")
    cells = pc.replace_substring_regex(cells, r" ([+-]\d\d:?\d\d)$", r"\1")
    unzoned = pc.match_substring_regex(cells, r"[T ]\d\d?:\d\d(:\d\d(\.\d+)?)?$")
    cells = pc.if_else(unzoned, pc.binary_join_element_wise(cells, "Z", ""), cells)
    cells = pc.if_else(pc.equal(cells, ""), None, cells)
    try:
        return pc.cast(pc.cast(cells, _MICROSECONDS), pa.int64())
    except pa.ArrowInvalid:
        return pa.array(map(_instant, cells.to_pylist()), pa.int64())


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)
