"""Features that are nearly the same: never merged, worth a line in the lookup."""

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from healthscore_assets.lookups.features import feature_key
from healthscore_assets.lookups.product_areas import ProductAreas

_VERSION = r"\d(?:[. ]?\d)*"
# What people append to a name to tell versions of one feature apart.
_MARKER = (
    "(?:old|new|legacy|deprecated|obsolete|alpha|beta"
    rf"|copy(?: \d+)?|v ?{_VERSION}|version {_VERSION})"
)
_LEADING = re.compile(rf"^\s*[(\[{{]\s*{_MARKER}\s*[)\]}}]|^\s*copy of\b")
_TRAILING = re.compile(rf"(?<=\S)(?: {_MARKER})+$")
_SPACE = re.compile(r"(?<!\d) | (?!\d)")
"""Spaces but those between digits: 1.1 and 11 are no spellings of one number."""


@dataclass(frozen=True)
class AlikeFeature:
    """A feature without a line in the lookup, and the name it resembles; its area where listed.

    ``tiered`` says that the lookup's lines have a third cell.
    """

    feature: str
    resembles: str
    area: str | None
    tiered: bool = False

    def lookup_line(self) -> str | None:
        """The line for `product_areas.csv` that counts both in one area; None if none is known."""
        if self.area is None:
            return None
        line = io.StringIO()
        tier = [""] if self.tiered else []
        csv.writer(line, lineterminator="").writerow([self.feature, self.area, *tier])
        return line.getvalue()

    def line(self) -> str:
        """What is alike and what to do about it, in one line."""
        nearly = f"{self.feature!r} is nearly {self.resembles!r}"
        add = self.lookup_line()
        if add is None:
            return f"{nearly}, and neither is in product_areas.csv"
        return f"{nearly}; if it belongs to the same area, add to product_areas.csv: {add}"

    def row(self) -> dict[str, str | None]:
        """The same as a row of a table."""
        return {
            "feature": self.feature,
            "resembles": self.resembles,
            "line for product_areas.csv": self.lookup_line(),
        }


@dataclass(frozen=True)
class _Name:
    """A name with its key but for punctuation, and but for punctuation and markers."""

    feature: str
    unpunctuated: str
    bare: str
    listed: bool

    def order(self) -> tuple[bool, bool, int, str]:
        """Names to resemble first: those of the lookup, without a marker, short ones."""
        return (not self.listed, self.unpunctuated != self.bare, len(self.feature), self.feature)


def alike_features(features: Iterable[str], product_areas: ProductAreas) -> list[AlikeFeature]:
    """Features that the lookup does not list and that differ from another by little.

    That is by punctuation, or by a marker such as `- Old`, `_beta`, `(copy)` or `v2`. Spellings
    that differ by case, spaces and separators are one feature, and not told. Of names of which none
    is listed, the plainest is the one that the others resemble. In order of the features.
    """
    names: dict[str, str] = {}
    for feature in sorted(features):
        names.setdefault(feature_key(feature), feature)
    # Names of the lookup are resembled, whether used or not.
    names |= product_areas.spelling
    groups: dict[str, list[_Name]] = defaultdict(list)
    for key, feature in names.items():
        unpunctuated, bare = _keys(key)
        if bare:
            groups[bare].append(_Name(feature, unpunctuated, bare, key in product_areas.area))
    alike = [each for group in groups.values() for each in _of_group(group, product_areas)]
    return sorted(alike, key=lambda each: each.feature)


def _of_group(group: list[_Name], product_areas: ProductAreas) -> list[AlikeFeature]:
    ordered = sorted(group, key=_Name.order)
    closest = {name.unpunctuated: name for name in reversed(ordered) if name.listed}
    found = []
    for name in ordered[1:]:
        if not name.listed:
            other = closest.get(name.unpunctuated, ordered[0])
            area = product_areas.area.get(feature_key(other.feature))
            found.append(AlikeFeature(name.feature, other.feature, area, product_areas.tiered))
    return found


def _keys(feature: str) -> tuple[str, str]:
    """The letters and digits of a name: all of them, and those that are no marker.

    A marker stands at the end of a part of the name, or in brackets at its beginning; a part that
    is nothing else keeps it.
    """
    parts = [part for part in feature.split(" | ") if part]
    return _joined(map(_words, parts)), _joined(map(_unmarked, parts))


def _unmarked(part: str) -> str:
    words = _words(_LEADING.sub("", part))
    return _TRAILING.sub("", words) or _words(part)


def _words(part: str) -> str:
    """The words of a part with single spaces between, without punctuation and symbols."""
    text = unicodedata.normalize("NFC", part)
    letters = (each if unicodedata.category(each)[0] in "LMN" else " " for each in text)
    return " ".join("".join(letters).split())


def _joined(parts: Iterable[str]) -> str:
    return _SPACE.sub("", " ".join(parts))
