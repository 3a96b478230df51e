"""The shapes exports come in over the years: names, separators, one file or two."""

from dataclasses import dataclass

from healthscore_assets.demo.window import MONTHS

# Not calendar.month_abbr: that follows the locale.
_WORDS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EVERYONE = ""
SEGMENTS = ("External", "Internal")


@dataclass(frozen=True)
class Style:
    """How one half-year's exports look; `file_name` tells the month in its own way."""

    file_name: str
    separator: str
    segments: tuple[str, ...] = (EVERYONE,)
    blank_zeros: bool = False
    flag_column: bool = False  # `is_internal`, and with it a byte order mark and quotes


_PLAIN = Style("pendo_visitors_{year}-{month}.csv", " | ")
_PER_SEGMENT = Style(
    "{year}{month} {segment} Usage Pendo File.csv", ": ", segments=SEGMENTS, blank_zeros=True
)
_WITH_FLAG = Style("Pendo Export {word} {year}.csv", " > ", blank_zeros=True, flag_column=True)

_BY_HALF_YEAR = {"2024H1": _PLAIN, "2024H2": _PER_SEGMENT, "2025H1": _WITH_FLAG, "2025H2": _PLAIN}


def style_of(month: str) -> Style:
    """The style of `month`."""
    half = "H1" if month[5:] <= "06" else "H2"
    return _BY_HALF_YEAR[month[:4] + half]


def file_name(month: str, segment: str) -> str:
    """The name of the file holding `segment` of `month`."""
    word = _WORDS[int(month[5:]) - 1]
    return style_of(month).file_name.format(
        year=month[:4], month=month[5:], word=word, segment=segment
    )


def file_names() -> tuple[str, ...]:
    """Every file `write_exports` writes, in the order it writes them."""
    return tuple(
        file_name(month, segment) for month in MONTHS for segment in style_of(month).segments
    )
