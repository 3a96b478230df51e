"""Cells of dates without what their day does not hang on, and what one such cell tells."""

import datetime
import functools
import re
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.reading.dates.single_dates import Day, read_day, read_month
from healthscore_assets.reading.dates.windows import Window, window_in

Zone = Literal["utc", "local", "as_written"]

_DAY_SECONDS = 86_400
_EPOCH = r"^[0-9]{10}$|^[0-9]{13}$"
_FRACTION = r"^(?:([0-9]{6}|[0-9]{8})\.0+|([0-9]{5}|[0-9]{10}|[0-9]{13})\.[0-9]+)$"
_MINUTES = r":[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_ISO_INSTANT = (
    rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ](?:[01][0-9]|2[0-3]){_MINUTES}"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?$"
)
_HOUR = r"(?:[01]?[0-9]|2[0-3])"
_TIME = (
    rf"^(.*[0-9])(?:T{_HOUR}(?:{_MINUTES}|[0-5][0-9](?:[0-5][0-9])?)?"
    rf"|,? +{_HOUR}{_MINUTES}(?: ?[AaPp][Mm])?)"
    r" ?(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
)
_MARK = re.compile(
    r"(?:([0-9]{2}):([0-9]{2}):([0-9]{2}))?(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_UTC = re.compile(r"Z|z|UTC|GMT|[+-]00(?::?00)?")


@dataclass(frozen=True)
class Told:
    """What a cell tells: a day, a month or a window.

    ``at``: seconds from midnight UTC to the instant of an epoch, where they were kept.
    """

    day: Day | None = None
    month: str | None = None
    window: Window | None = None
    zone: Zone = "as_written"
    at: int | None = None


def reduced(texts: pa.Array, *, times: bool) -> pa.Array:
    """Cells as ``day@zone``, so that millions of instants become a few days; null where blank.

    Epochs become the days of UTC they fall on; ``times`` keeps their time, as a midnight of another
    zone is another day.
    """
    plain = pc.utf8_trim_whitespace(texts)
    plain = pc.if_else(pc.equal(plain, ""), None, plain)
    # Columns of one form alone, which the big ones are, are read three to ten times quicker.
    if pc.all(pc.match_substring_regex(plain, _EPOCH)).as_py():
        return _of_epochs(plain, times)
    if pc.all(pc.match_substring_regex(plain, _ISO_INSTANT)).as_py():
        return _of_iso_instants(plain)
    coded = plain.dictionary_encode()
    words = pc.replace_substring_regex(coded.dictionary, _FRACTION, r"\1\2")
    is_epoch = pc.match_substring_regex(words, _EPOCH)
    epochs = _of_epochs(pc.if_else(is_epoch, words, None), times)
    others = pc.replace_substring_regex(words, _TIME, r"\1@\2")
    return pc.if_else(is_epoch, epochs, others).take(coded.indices)


def _of_epochs(texts: pa.Array, times: bool) -> pa.Array:
    numbers = pc.cast(texts, pa.int64())
    is_seconds = pc.equal(pc.binary_length(texts), 10)
    seconds = pc.if_else(is_seconds, numbers, pc.divide(numbers, 1000))
    instants = pc.cast(pc.cast(seconds, pa.timestamp("s")), pa.string())
    days = pc.utf8_slice_codeunits(instants, 0, 10)
    if not times:
        return pc.binary_join_element_wise(days, "Z", "@")
    clocks = pc.binary_join_element_wise(pc.utf8_slice_codeunits(instants, 11, 19), "Z", "")
    return pc.binary_join_element_wise(days, clocks, "@")


def _of_iso_instants(texts: pa.Array) -> pa.Array:
    end = pc.utf8_slice_codeunits(texts, -6, None)
    is_offset = pc.or_(pc.starts_with(end, "+"), pc.starts_with(end, "-"))
    zones = pc.if_else(is_offset, end, pc.if_else(pc.ends_with(end, "Z"), "Z", ""))
    return pc.binary_join_element_wise(pc.utf8_slice_codeunits(texts, 0, 10), zones, "@")


@functools.lru_cache(maxsize=100_000)
def tell(text: str) -> Told | None:
    """What a reduced cell tells; None where that is neither a day nor a month nor a window."""
    body, at, mark = text.partition("@")
    match = _MARK.fullmatch(mark)
    if match is None:
        return None
    day = read_day(body)
    if day is not None:
        hour, minute, second, zone = match.groups()
        seconds = int(hour) * 3600 + int(minute) * 60 + int(second) if hour else None
        return Told(day=day, zone=_zone(zone), at=seconds)
    window = None if mark else window_in(body)
    # Words around a window may say that it is something else.
    if window is not None and window.text == " ".join(body.split()):
        return Told(window=window)
    month = None if at else read_month(body)
    return None if month is None else Told(month=month)


def _zone(text: str | None) -> Zone:
    if text is None:
        return "as_written"
    return "utc" if _UTC.fullmatch(text) else "local"


def offset_of(at: int) -> int:
    """Minutes east of UTC of the zone whose midnight is ``at`` seconds after midnight UTC.

    Ten hours west is Hawaii; whatever would be further west is New Zealand, a day ahead. (American
    Samoa at -11 and Kiribati at +14 cannot be told from New Zealand in summer and Hawaii.)
    """
    west = at <= 10 * 3600
    return -at // 60 if west else (_DAY_SECONDS - at) // 60


def local_day(day: datetime.date, at: int) -> datetime.date:
    """The day that a local midnight begins, ``at`` seconds into a day of UTC."""
    return day + datetime.timedelta(days=1) if offset_of(at) > 0 else day
