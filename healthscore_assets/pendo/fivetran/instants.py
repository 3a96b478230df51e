"""Points in time, as Fivetran's destinations write them."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

_MICROSECONDS = pa.timestamp("us", "UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instants(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Microseconds since 1970 of ``2021-02-19 19:28:30.508 UTC`` and its like.

    Without an offset it is UTC. Null where a cell is blank. Raises ValueError for what is no time,
    telling it.
    """
    cells = pc.utf8_trim_whitespace(texts)
    cells = pc.replace_substring_regex(cells, r"(?i)\s*(UTC|GMT)$", "Z")
    unzoned = pc.match_substring_regex(cells, r"[T ]\d\d?:\d\d(:\d\d(\.\d+)?)?$")
    cells = pc.if_else(unzoned, pc.binary_join_element_wise(cells, "Z", ""), cells)
    cells = pc.if_else(pc.equal(cells, ""), None, cells)
    try:
        return pc.cast(pc.cast(cells, _MICROSECONDS), pa.int64())
    except pa.ArrowInvalid:
        coded = cells.combine_chunks().dictionary_encode()
        told = pa.array(list(map(_instant, coded.dictionary.to_pylist())), pa.int64())
        return pa.chunked_array([told.take(coded.indices)])


def _instant(text: str) -> int:
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int((moment - _EPOCH).total_seconds() * 1_000_000)
