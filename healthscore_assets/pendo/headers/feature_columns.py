"""The headers of feature columns: ``Clicks for Feature Board (30d)``, or the feature alone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from healthscore_assets.lookups.features import feature_key, tidy
from healthscore_assets.reading.header_text import comparable

PREFIXES = {
    "clicks": ("Clicks", "Click", "Total Clicks", "Number of Clicks"),
    "page_views": ("Page Views", "Page View", "Total Page Views", "Number of Page Views"),
    "minutes": ("Time On Page (minutes)", "Time On Page (mins)", "Minutes On Page", "Minutes"),
    "days_active": ("Days Active", "Active Days", "Number of Days Active"),
    "events": ("Events", "Event", "Total Events", "Number of Events"),
}
"""What stands before the word ``for``, by measure; events are clicks or, of a page, page views."""

_MEASURES = {comparable(word): measure for measure, words in PREFIXES.items() for word in words}
_SUFFIXES = {
    "allapps": "",
    "allapplications": "",
    "events": "",
    "clicks": "clicks",
    "pageviews": "page_views",
    "views": "page_views",
    "minutes": "minutes",
    "mins": "minutes",
    "daysactive": "days_active",
    "activedays": "days_active",
}
_KINDS = {
    "clicks": ("feature",),
    "page_views": ("page",),
    "minutes": ("page",),
    "days_active": ("page", "feature"),
    "events": ("page", "feature"),
}
# Also in the wide letters that NFKC makes plain ones.
_FOR = re.compile(r"[ _.-]?[fｆ][oｏ][rｒ](?:[ _\u3000]|[:：] ?)", re.IGNORECASE)
_KIND = re.compile(r"(page|feature)(?:: ?| )(?=\S)", re.IGNORECASE)
_WINDOW = re.compile(r"(?:last|past|previous)?([0-9]{1,3})(?:d|days?)")

_LONGEST_PREFIX = 40
_MOST_SUFFIXES = 8  # a header of suffixes only would take quadratic time


@dataclass(frozen=True)
class FeatureHeader:
    """What the header of a feature column says; ``listed`` if the lookup has the feature."""

    measure: str
    feature: str
    window_days: int | None
    listed: bool


@dataclass(frozen=True)
class _Short:
    """A name that has lost some of its suffixes, and what they said."""

    name: str
    said: str = ""
    window_days: int | None = None


def prefixed(text: str, features: frozenset[str]) -> FeatureHeader | None:
    """What ``Clicks for X`` and its like mean, or None; ``text`` is a tidy header.

    Suffixes and a first word ``Page`` or ``Feature`` are no part of X, unless ``features``, keys
    of the lookup, have the longer name.
    """
    parts = _parts(text)
    measure = _measure(parts[0]) if parts else None
    if parts is None or measure is None:
        return None
    of_events = ("clicks", "page_views")
    agreeing = ("", *of_events) if measure == "events" else ("", measure)
    whole = list(_shorter(parts[1], lambda said: said in agreeing))
    for short in whole:
        if len(whole) > 1 and _listed(short.name, features):
            return _of(measure, short, "", listed=True)
    kind = _KIND.match(whole[-1].name)
    if kind is None or kind[1].lower() not in _KINDS[measure]:
        return _of(measure, whole[-1], "", listed=_listed(whole[-1].name, features))
    if _listed(whole[-1].name, features):
        return _of(measure, whole[-1], "", listed=True)
    bare = [_without_kind(short, kind.end()) for short in whole]
    for short in bare:
        if _listed(short.name, features):
            return _of(measure, short, kind[1].lower(), listed=True)
    return _of(measure, bare[-1], kind[1].lower(), listed=False)


def mapped(text: str, features: frozenset[str]) -> FeatureHeader | None:
    """A feature of the lookup alone, with or without suffixes, counts clicks; else None."""
    if not features:
        return None
    for short in _shorter(text, lambda _: True):
        if _listed(short.name, features):
            return _of(short.said or "clicks", short, "", listed=True)
    return None


def without_window(text: str) -> tuple[str, int | None]:
    """``Events (30d)`` as ``Events`` and 30 days; ``(All Apps)`` is dropped as well."""
    *_, short = _shorter(text, lambda said: not said)
    return short.name, short.window_days


def before_for(text: str) -> str | None:
    """What stands before ``for`` in a header that names a feature after it."""
    parts = _parts(text)
    return None if parts is None else parts[0]


def is_other_time(text: str) -> bool:
    """Whether a header tells a feature's time in anything but minutes."""
    parts = _parts(text)
    if parts is None:
        return False
    before = comparable(parts[0])
    return before.startswith("timeon") and before not in _MEASURES


def _parts(text: str) -> tuple[str, str] | None:
    found = _FOR.search(text, 0, _LONGEST_PREFIX)
    if found is None or not text[found.end() :].strip():
        return None
    return text[: found.start()], text[found.end() :].strip()


def _shorter(name: str, may_drop: Callable[[str], bool]) -> Iterator[_Short]:
    """The name, and then without its last suffix, its last two, ..."""
    short = _Short(name)
    yield short
    for _ in range(_MOST_SUFFIXES):
        start = short.name.rfind("(") if short.name.endswith(")") else -1
        rest, inner = short.name[:start].rstrip(), short.name[start + 1 : -1]
        if start < 0 or not rest or len(inner) > _LONGEST_PREFIX:
            return
        said, days = _suffix(inner)
        if said is None or not may_drop(said):
            return
        short = _Short(rest, short.said or said, days or short.window_days)
        yield short


@lru_cache(maxsize=256)
def _measure(before: str) -> str | None:
    return _MEASURES.get(comparable(before))


@lru_cache(maxsize=256)
def _suffix(inner: str) -> tuple[str | None, int | None]:
    """The measure and the days that a suffix says; None for what is part of the name."""
    word = comparable(inner)
    window = _WINDOW.fullmatch(word)
    return ("", int(window[1])) if window else (_SUFFIXES.get(word), None)


def _without_kind(short: _Short, end: int) -> _Short:
    return _Short(short.name[end:], short.said, short.window_days)


def _listed(name: str, features: frozenset[str]) -> bool:
    if not features:
        return False
    # The key of plain letters, ten times as fast: a header may have 16,384 columns.
    key = tidy(name).lower() if name.isascii() else feature_key(name)
    return key in features


def _of(measure: str, short: _Short, kind: str, listed: bool) -> FeatureHeader:
    if measure == "events":
        measure = short.said or ("page_views" if kind == "page" else "clicks")
    return FeatureHeader(measure, tidy(short.name), short.window_days, listed)
