"""Numbers, days and names in a message, as people write them: the filters of its template."""

from collections.abc import Iterable
from datetime import date

from jinja2 import pass_context
from jinja2.runtime import Context

from healthscore_assets.lake.months import ordinal
from healthscore_assets.risk.playbooks.story_parts import Visitor

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_WHOLE_FROM = 10
"""Numbers from here on are told without decimals."""


_UNKNOWN = "it is not known of every client, so ask first, by {% if ... %}"


class NotTold(Exception):
    """A filter was given what it has no words for."""


def percent(share: object) -> str:
    """A share: ``62 %``. What is not nothing or all is not told as such."""
    value = _number("percent", share)
    if 0 < abs(value) < 0.005:
        return "less than 1 %"
    if 0.995 <= abs(value) < 1:
        return "more than 99 %"
    return f"{100 * value:,.0f} %"


def number(amount: object) -> str:
    """A number: ``12,340``, ``7.5``."""
    value = _number("number", amount)
    if value == round(value) or abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return f"{value:,.1f}".removesuffix(".0")


@pass_context
def day(context: Context, when: object) -> str:
    """A day: ``4 May``, with the year where it is not that of the story."""
    if not isinstance(when, date):
        raise NotTold(f"day: expected a day, found {_found(when)}")
    told = f"{when.day} {_MONTHS[when.month - 1]}"
    return told if context["month"][:4] == f"{when.year:04d}" else f"{told} {when.year}"


def month(text: object) -> str:
    """A month: ``May 2024``."""
    try:
        year, index = divmod(ordinal(str(text)), 12)
    except ValueError as error:
        raise NotTold(f"month: {error}") from None
    return f"{_MONTHS[index]} {year}"


def listing(names: object) -> str:
    """Names: ``A, B and C``."""
    told = [] if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
    if not told or not all(isinstance(name, str) for name in told):
        raise NotTold(f"listing: expected names, found {_found(names)}")
    *others, last = told
    return f"{', '.join(others)} and {last}" if others else last


def moved(change: object) -> str:
    """What engagement did: ``fell 62 %``, ``rose 30 %``, ``stopped``, ``began``.

    Parameters: the change as a share, None where there was nothing before.
    """
    if change is None:
        return "began"
    value = _number("moved", change)
    if value == -1:
        return "stopped"
    if value == 0:
        return "did not change"
    return f"{'rose' if value > 0 else 'fell'} {percent(abs(value))}"


@pass_context
def seen(context: Context, visitor: object) -> str:
    """What became of a visitor: ``was last seen on 4 May``, ``does 80 % less of it``."""
    if not isinstance(visitor, Visitor):
        raise NotTold(f"seen: expected the visitor, found {_found(visitor)}")
    if visitor.gone and visitor.last_day is not None:
        return f"was last seen on {day(context, visitor.last_day)}"
    if visitor.gone:
        return f"was last seen in {month(visitor.last_month)}"
    if not visitor.engagement:
        return "no longer does any of it"
    return f"does {percent(1 - visitor.engagement / visitor.before)} less of it"


def printed(value: object) -> object:
    """What stands in a message as it is: texts and whole numbers.

    Raises NotTold for what is not known, and for what a filter puts into words.
    """
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    if value is None:
        raise NotTold(_UNKNOWN)
    if isinstance(value, float):
        raise NotTold("expected a filter after the number, such as `| number` or `| percent`")
    if isinstance(value, date):
        raise NotTold("expected a filter after the day: `| day`")
    raise NotTold(f"expected a text or a number, found {_found(value)}")


def _number(word: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotTold(f"{word}: expected a number, found {_found(value)}")
    return float(value)


def _found(value: object) -> str:
    if value is None:
        return f"nothing: {_UNKNOWN}"
    if isinstance(value, str):
        return repr(value)
    return "an empty list" if value == () else f"a {type(value).__name__}"


FILTERS = {each.__name__: each for each in (percent, number, day, month, listing, moved, seen)}
