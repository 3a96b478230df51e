"""Which rows a connection keeps although they are deleted at their source."""

import pyarrow as pa
import pyarrow.compute as pc

_YES = pa.array(["true", "t", "1", "yes", "y"])
_NO = pa.array(["false", "f", "0", "no", "n"])


def marked_as_gone(
    deleted: pa.ChunkedArray | None, active: pa.ChunkedArray | None
) -> pa.ChunkedArray | None:
    """Whether `_fivetran_deleted` says yes or `_fivetran_active` no; None without either column."""
    told = [
        pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(cells)), value_set=words)
        for cells, words in ((deleted, _YES), (active, _NO))
        if cells is not None
    ]
    if not told:
        return None
    return told[0] if len(told) == 1 else pc.or_(*told)
