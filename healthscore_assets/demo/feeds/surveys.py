"""Survey answers: NPS asked once a quarter, CSAT whenever something was done for the client."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from healthscore_assets.demo.clients import BoolArray, FloatArray, IntArray, stream
from healthscore_assets.demo.feeds.background import Background
from healthscore_assets.demo.feeds.calendar_months import ENDS, STARTS, day_within
from healthscore_assets.demo.feeds.monthly import table
from healthscore_assets.demo.feeds.places import PLACES
from healthscore_assets.demo.feeds.texts import NEGATIVE, NEUTRAL, POSITIVE
from healthscore_assets.demo.feeds.writing import write
from healthscore_assets.demo.window import MONTHS

_QUARTER = 3  # months
_ASKED = 0  # NPS: in the first of them
_STRICT = {"unhappy_heavy": ((0, 4), (1, 2)), "quiet_happy": ((9, 10), (5, 5))}
"""Lowest and highest NPS and CSAT; these two clients always answer."""
_ALWAYS = 3  # people


def names() -> list[str]:
    """One file a quarter, its first and last day in the name."""
    return [
        f"surveys_{first}_{last}.csv"
        for first, last in zip(STARTS[::_QUARTER], ENDS[_QUARTER - 1 :: _QUARTER], strict=True)
    ]


def tables(background: Background) -> Iterator[pa.Table]:
    """One row per answer of one of the client's own visitors."""
    rng = stream(background.seed, 19)
    asked = np.arange(len(MONTHS)) % _QUARTER == _ASKED
    nps = (2 + rng.poisson(0.08 * background.people)) * asked
    for key in _STRICT:
        nps[PLACES[key]] = np.maximum(nps[PLACES[key]], _ALWAYS * asked)
    csat = rng.poisson(0.6 + 0.03 * background.people)
    counts = np.minimum(np.stack([nps, csat]), background.people)
    counts[:, PLACES["three_missing"]] = 0
    is_csat, place, month = (
        np.repeat(at, counts.ravel()) for at in np.indices(counts.shape).reshape(3, -1)
    )
    respondent = _respondents(rng, background, counts, place, month)
    date = day_within(rng, month)
    order = np.lexsort((respondent, place, is_csat, date))
    csat_rows, place, month = is_csat[order] == 1, place[order], month[order]

    score = _scores(rng, csat_rows, place, background.moods[place, month])
    tone = _tone(csat_rows, score)
    _, comments = write(rng, [background.languages[at] for at in place], tone, month)
    silent = (tone == NEUTRAL) | (rng.random(place.size) < 0.4)
    columns = {
        "answer_id": np.array([f"a-{number:06d}" for number in range(1, place.size + 1)]),
        "client_id": np.array([one.client_id for one in background.clients])[place],
        "respondent": np.array(background.visitors.email)[respondent[order]],
        "date": date[order],
        "kind": np.where(csat_rows, "csat", "nps"),
        "score": score,
        "comment": np.where(silent, "", np.array(comments)),
    }
    for quarter in range(len(MONTHS) // _QUARTER):
        keep = month // _QUARTER == quarter
        yield table({name: values[keep] for name, values in columns.items()})


def _respondents(
    rng: np.random.Generator,
    background: Background,
    counts: IntArray,
    place: IntArray,
    month: IntArray,
) -> IntArray:
    """Positions in `Visitors`; nobody answers the same survey twice in a month."""
    visitors, people = background.visitors, background.people
    first = np.floor(rng.random(counts.shape) * people).astype(np.int64)
    before = np.cumsum(counts.ravel()) - counts.ravel()
    number = np.arange(place.size) - np.repeat(before, counts.ravel())
    number = (number + np.repeat(first.ravel(), counts.ravel())) % people[place, month]
    respondent = np.zeros(place.size, dtype=np.int64)
    for at in range(len(MONTHS)):
        listed = np.flatnonzero(visitors.listed[:, at] & ~visitors.internal)
        by_client = listed[np.argsort(visitors.client[listed], kind="stable")]
        before_client = np.cumsum(people[:, at]) - people[:, at]
        rows = month == at
        respondent[rows] = by_client[before_client[place[rows]] + number[rows]]
    return respondent


def _scores(
    rng: np.random.Generator, csat: BoolArray, place: IntArray, mood: FloatArray
) -> IntArray:
    noise = rng.standard_normal(mood.size)
    score = np.where(csat, 3.7 + 1.3 * mood + 0.6 * noise, 7.6 + 3.0 * mood + 1.0 * noise)
    low, high = np.where(csat, 1, 0), np.where(csat, 5, 10)
    for key, ranges in _STRICT.items():
        for kind, (lowest, highest) in enumerate(ranges):
            rows = (place == PLACES[key]) & (csat == kind)
            low[rows], high[rows] = lowest, highest
    return np.clip(np.rint(score), low, high).astype(np.int64)


def _tone(csat: BoolArray, score: IntArray) -> IntArray:
    good, bad = np.where(csat, 4, 9), np.where(csat, 2, 6)
    return np.select([score >= good, score <= bad], [POSITIVE, NEGATIVE], NEUTRAL)
