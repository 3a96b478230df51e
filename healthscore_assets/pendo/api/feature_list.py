"""The names of features and the groups they belong to, as Pendo tells them, beside the months."""

import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from healthscore_assets.pendo.api.bodies import features_body
from healthscore_assets.pendo.api.client import Pendo
from healthscore_assets.pendo.api.failed import NotWhole, PullFailed, TooMuch
from healthscore_assets.pendo.api.nothing import believed
from healthscore_assets.pendo.api.pages import answered

FEATURES = "features.csv"
_HEADER = ["featureId", "name", "Product Area"]
_MOST_BYTES = 1 << 28

Named = Mapping[str, tuple[str, str]]
"""Name and product area by the id of a feature."""


def ask_features(pendo: Pendo, answer: Path) -> Named:
    """What Pendo calls its features. Raises PullFailed."""

    def ask() -> Named:
        return pendo.ask(features_body(), answer, _named, most_bytes=_MOST_BYTES, smallest=True)

    try:
        return believed(pendo, ask, lambda named: not named, "no features")
    except TooMuch as too_much:
        todo = "if it goes on, see whether Pendo is well"
        raise PullFailed(f"{pendo.place}: {too_much} for the list of features; {todo}") from None


def keep_features(folder: Path, named: Named) -> bool:
    """Write the list, whole or not at all; says whether it changed.

    Features that Pendo does not tell of any more keep their names: months of theirs stay readable.
    Raises PullFailed where the list that is there is no such list.
    """
    path = folder / FEATURES
    before = path.read_bytes() if path.exists() else b""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_HEADER)
    rows.writerows([key, *told] for key, told in sorted({**_read(path, before), **named}.items()))
    content = text.getvalue().encode()
    if content == before or not (named or before):
        return False
    beside = folder / f".{FEATURES}.tmp"
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    return True


def _named(answer: Path) -> Named:
    named = {}
    for row in answered(answer):
        key, name = row.get("id"), row.get("name")
        if not isinstance(key, str) or not key or not isinstance(name, str | None):
            raise NotWhole("tells of a feature without id or name")
        named[key] = _tidy(name), _tidy(_name_of(row.get("group")))
    return named


def _name_of(group: Any) -> str | None:
    """Of a group, which is nested and so told as JSON; none of anything else."""
    try:
        name = json.loads(group)["name"]
    except (TypeError, ValueError, KeyError):
        return None
    return name if isinstance(name, str) else None


def _tidy(text: str | None) -> str:
    return " ".join((text or "").split())


def _read(path: Path, content: bytes) -> Named:
    if not content:
        return {}
    try:
        header, *rows = csv.reader(io.StringIO(content.decode()))
        if header != _HEADER or any(len(row) != len(_HEADER) for row in rows):
            raise ValueError
    except (ValueError, csv.Error):
        found = f"{path}: is not the list that healthscore pull writes"
        raise PullFailed(f"{found} ({', '.join(_HEADER)}); move it away", lasting=True) from None
    return {key: (name, area) for key, name, area in rows}
