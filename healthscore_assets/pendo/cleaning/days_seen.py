"""Days of usage as bits (`engagement.day_bits`), while a month is read."""

import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.cleaning.row_groups import Numbers, RowGroups

Bits = npt.NDArray[np.uint32]

_A_NUMBER = 32


def bits_of(days: pa.ChunkedArray) -> pa.ChunkedArray:
    """The day of each row as the one bit that stands for it, the lowest for the first of a month.

    Null where there is no day.
    """
    place = pc.subtract(pc.day(days), 1).cast(pa.int32())
    return pc.shift_left(pa.scalar(1, pa.int32()), place)


def days_seen(groups: RowGroups, day_of_month: Numbers) -> Bits:
    """The days of each group's rows."""
    seen = np.zeros((groups.size, _A_NUMBER), np.bool_)
    seen[groups.number, day_of_month - 1] = True
    return np.packbits(seen, axis=1, bitorder="little").view("<u4").reshape(-1)


def last_days(bits: Bits, month: str) -> pa.Array:
    """The last of some days of a month ``YYYY-MM``; null where there is none."""
    first = datetime.date.fromisoformat(f"{month}-01").toordinal() - _EPOCH
    last = np.frexp(bits.astype(np.float64))[1] - 1
    return pa.array((first + last).astype(np.int32), pa.int32(), mask=bits == 0).cast(pa.date32())


def as_bits(bits: Bits) -> pa.Array:
    """The same as the tables have them: null where there is no day."""
    return pa.array(bits.astype(np.int32), pa.int32(), mask=bits == 0)


_EPOCH = datetime.date(1970, 1, 1).toordinal()
