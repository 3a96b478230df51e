"""The header grammar: what a column of an export is, from the words above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from healthscore_assets.pendo.headers.aliases import ALIASES, CANONICAL, COUNTS, ID, UNDECIDED
from healthscore_assets.pendo.headers.feature_columns import mapped, prefixed, without_window
from healthscore_assets.reading.header_text import comparable, tidy_header

__all__ = [
    "CANONICAL",
    "Column",
    "Vocabulary",
    "comparable",
    "find_header",
    "recognised",
    "understand",
]

METRIC = "metric"
METADATA = "metadata"

_BUILT_IN = {
    comparable(alias): role for role, aliases in (ALIASES | UNDECIDED).items() for alias in aliases
}
_IDENTITIES = {
    "client_id",
    "client_name",
    "visitor_id",
    "visitor_name",
    "email",
    "feature_id",
    "feature",
    "page_id",
    "page",
    ID,
}


@dataclass(frozen=True)
class Column:
    """One column of an export.

    ``role`` is a canonical column, ``metric`` (then ``measure`` and ``feature`` say which), or
    ``metadata`` for everything that no score reads; until a shape is known also ``id`` or ``name``.
    ``window_days`` are the days that a suffix such as ``(30d)`` says.
    """

    header: str
    role: str
    measure: str | None = None
    feature: str | None = None
    window_days: int | None = None


@dataclass(frozen=True)
class Vocabulary:
    """What people wrote down: further headers and their columns, and the features by key."""

    aliases: tuple[tuple[str, str], ...] = ()
    features: frozenset[str] = frozenset()


NOTHING_WRITTEN = Vocabulary()


@lru_cache(maxsize=50_000)
def understand(
    header: str, vocabulary: Vocabulary = NOTHING_WRITTEN, beside: frozenset[str] = frozenset()
) -> Column:
    """What a column is, from its header and, for the ``.1`` of copies, the headers beside it.

    An alias outweighs a feature of the same name; ``beside`` are tidy headers.
    """
    text = tidy_header(header)
    column = _understood(header, text, vocabulary)
    original = _original(text, beside)
    if original is None or _is_listed(text, vocabulary):
        return column
    return _understood(header, original, vocabulary)


def recognised(cells: Sequence[str], vocabulary: Vocabulary) -> int:
    """How many of the cells are headers that the grammar knows."""
    known = {cell: understand(cell, vocabulary).role != METADATA for cell in set(cells)}
    return sum(known[cell] for cell in cells)


def find_header(rows: Sequence[Sequence[str]], vocabulary: Vocabulary) -> int | None:
    """Which row is the header: of those with most known cells the first, or None.

    A header tells who or what a row is about and one thing more; or it has a feature column,
    which no other row would, beside any other cell.
    """
    cells = {cell for row in rows for cell in row if cell and not cell.isspace()}
    roles = {cell: understand(cell, vocabulary).role for cell in cells}
    best, most = None, 0
    for n, row in enumerate(rows):
        told = [roles[cell] for cell in row if cell in roles]
        known = [role for role in told if role != METADATA]
        if len(known) > most and _heads(row, told, known, vocabulary):
            best, most = n, len(known)
    return best


def _heads(
    row: Sequence[str], told: Sequence[str], known: Sequence[str], vocabulary: Vocabulary
) -> bool:
    if len(told) < 2:
        return False
    if len(known) > 1 and not _IDENTITIES.isdisjoint(known):
        return True
    return METRIC in known and any(prefixed(tidy_header(c), vocabulary.features) for c in row)


def _understood(header: str, text: str, vocabulary: Vocabulary) -> Column:
    roles = _roles(vocabulary.aliases)
    role = roles.get(comparable(text))
    if role is not None:
        return Column(header, role)
    of = prefixed(text, vocabulary.features) or mapped(text, vocabulary.features)
    if of is not None:
        return Column(header, METRIC, of.measure, of.feature, of.window_days)
    if text.endswith(")"):
        name, days = without_window(text)
        role = roles.get(comparable(name))
        if role in COUNTS:
            return Column(header, role, window_days=days)
    return Column(header, METADATA)


def _original(text: str, beside: frozenset[str]) -> str | None:
    """The header that pandas numbered when it met it again, the first copy ``.1``."""
    name, _, number = text.rpartition(".")
    name = name.rstrip()
    if name not in beside or not (number.isascii() and number.isdigit()) or len(number) > 5:
        return None
    before = int(number) - 1
    if number[0] == "0" or (before and f"{name}.{before}" not in beside):
        return None
    return name


def _is_listed(text: str, vocabulary: Vocabulary) -> bool:
    """Whether the whole name is a feature of the lookup, as ``Release 1.1`` may be."""
    of = prefixed(text, vocabulary.features) or mapped(text, vocabulary.features)
    return of is not None and of.listed


@lru_cache(maxsize=16)
def _roles(aliases: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return _BUILT_IN | {comparable(alias): role for alias, role in aliases}
