"""The month that a file's name, or a cell, tells."""

import calendar
import re

_NAMES = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}
_NAME = "|".join(sorted(_NAMES, key=len, reverse=True))
_YEAR = r"(?P<year>20[0-9]{2})"
_GAP = r"[\s_.,'-]{0,3}"

_DAY = re.compile(
    r"(?<!\d)(?:20\d\d([-_.])\d{1,2}\1\d{1,2}|\d{1,2}([-_.])\d{1,2}\2(?:20)\d\d"
    r"|20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)"
    rf"|(?<![a-z\d])\d{{1,2}}{_GAP}(?:{_NAME}){_GAP}20\d\d(?!\d)"
    rf"|(?<!\d)20\d\d{_GAP}(?:{_NAME}){_GAP}\d{{1,2}}(?!\d)",
    re.IGNORECASE,
)
"""A whole date names a day (of the download, most often), not a month."""

_MONTHS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_YEAR}[-_.](?P<month>0?[1-9]|1[0-2])(?!\d)",
        rf"(?<!\d){_YEAR}(?P<month>0[1-9]|1[0-2])(?!\d)",
        rf"(?<![a-z\d])(?P<month>0?[1-9]|1[0-2])[-_.]{_YEAR}(?!\d)",
        rf"(?<![a-z])(?P<name>{_NAME}){_GAP}{_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}{_GAP}(?P<name>{_NAME})(?![a-z])",
    )
]


def months_named(text: str) -> set[str]:
    """Every month that a text names, as ``YYYY-MM``; days are not months.

    Understands ``2024-05``, ``2024_05``, ``202405``, ``05-2024`` and ``May 2024`` in any case, long
    or short, anywhere in the text. A year is from 2000 to 2099.
    """
    # A day leaves a digit behind, so that what stood around it does not join into a month.
    text = _DAY.sub("0", text)
    found = set()
    for pattern in _MONTHS:
        for match in pattern.finditer(text):
            groups = match.groupdict()
            name = groups.get("name")
            number = _NAMES[name.lower()] if name else int(groups["month"])
            found.add(f"{groups['year']}-{number:02d}")
    return found


def month_of_cell(text: str) -> str | None:
    """The month a period cell tells: a month, or a day of it; None when it tells neither."""
    day = re.match(r"\s*(20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)", text)
    if day:
        return f"{day[1]}-{day[2]}"
    months = months_named(text)
    return months.pop() if len(months) == 1 else None


def names_a_day(text: str) -> bool:
    """Whether the text holds a whole date."""
    return _DAY.search(text) is not None
