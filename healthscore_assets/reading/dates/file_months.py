"""The month that a file's name tells."""

import calendar
import re

MONTH_NAMES = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}
"""Months by their names, long and short, in lower case."""

MONTH_NAME = "|".join(sorted(MONTH_NAMES, key=len, reverse=True))
"""Any of them, for a pattern; the long ones first."""

_YEAR = r"(?P<year>20[0-9]{2})"
_GAP = r"[\s_.,'-]{0,3}"

_DAY = re.compile(
    r"(?<!\d)(?:20\d\d([-_.])\d{1,2}\1\d{1,2}|\d{1,2}([-_.])\d{1,2}\2(?:20)\d\d"
    r"|20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)"
    rf"|(?<![a-z\d])\d{{1,2}}{_GAP}(?:{MONTH_NAME}){_GAP}20\d\d(?!\d)"
    rf"|(?<!\d)20\d\d{_GAP}(?:{MONTH_NAME}){_GAP}\d{{1,2}}(?!\d)",
    re.IGNORECASE,
)
"""A whole date names a day (of the download, most often), not a month."""

_MONTHS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_YEAR}[-_.](?P<month>0?[1-9]|1[0-2])(?!\d)",
        rf"(?<!\d){_YEAR}(?P<month>0[1-9]|1[0-2])(?!\d)",
        rf"(?<![a-z\d])(?P<month>0?[1-9]|1[0-2])[-_.]{_YEAR}(?!\d)",
        rf"(?<![a-z])(?P<name>{MONTH_NAME}){_GAP}{_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}{_GAP}(?P<name>{MONTH_NAME})(?![a-z])",
        rf"(?<![a-z\d])(?<!\d-)(?P<name>{MONTH_NAME})(?:[-_]|\s?['’])(?P<year>\d\d)"
        r"(?!\d|-\d|(?:st|nd|rd|th)(?![a-z])|[\s_,-]*20\d\d)",
    )
]


def months_named(text: str) -> set[str]:
    """Every month that a text names, as ``YYYY-MM``; days are not months.

    Understands ``2024-05``, ``2024_05``, ``202405``, ``05-2024``, ``May 2024`` and ``May-24``, long
    or short, in any case and anywhere in the text. A year is from 2000 to 2099.
    """
    # A day leaves a digit behind, so that what stood around it does not join into a month.
    text = _DAY.sub("0", text)
    found = set()
    for pattern in _MONTHS:
        for match in pattern.finditer(text):
            groups = match.groupdict()
            name = groups.get("name")
            number = MONTH_NAMES[name.lower()] if name else int(groups["month"])
            found.add(f"20{groups['year'][-2:]}-{number:02d}")
    return found


def names_a_day(text: str) -> bool:
    """Whether the text holds a whole date."""
    return _DAY.search(text) is not None


def day_named(text: str) -> str | None:
    """The one whole date in a text as it is written there; None without any or with several."""
    found = {match[0] for match in _DAY.finditer(text)}
    return found.pop() if len(found) == 1 else None
