"""Support tickets in the form of a CSV export of a Zendesk view."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthscore_assets.demo.clients import BoolArray, FloatArray, IntArray, stream
from healthscore_assets.demo.feeds import monthly
from healthscore_assets.demo.feeds.background import Background
from healthscore_assets.demo.feeds.calendar_months import DAY, ENDS, NOT_YET, day_within, month_at
from healthscore_assets.demo.feeds.places import PLACES
from healthscore_assets.demo.feeds.texts import NEGATIVE, NEUTRAL, POSITIVE
from healthscore_assets.demo.feeds.writing import write

StrArray = NDArray[np.str_]

_FIRST_ID = 20_001
_TAGS = np.array(["question", "bug", "billing", "access", "performance"])


def names() -> list[str]:
    """One file a month."""
    return monthly.names("support_tickets")


def tables(background: Background) -> Iterator[pa.Table]:
    """One row per ticket in the month it was created, and again in a later one that solved it.

    The organization is the client's name: Zendesk does not know the product's ids.
    """
    rng = stream(background.seed, 18)
    place, month = _who_when(rng, background)
    created = day_within(rng, month)
    order = np.lexsort((place, created))
    place, month, created = place[order], month[order], created[order]
    mood = background.moods[place, month]
    tone = _tone(rng, mood)
    escalated = rng.random(place.size) < np.select(
        [tone == NEGATIVE, tone == NEUTRAL], [0.10 + 0.55 * np.maximum(-mood, 0.0), 0.02]
    )
    subjects, texts = write(rng, [background.languages[at] for at in place], tone, month)
    days = np.floor(25 * rng.random(place.size) ** 3 + 30 * escalated * rng.random(place.size))
    solved = created + days.astype(np.int64) * DAY
    solved[solved > ENDS[-1]] = NOT_YET
    tags = _TAGS[rng.integers(0, _TAGS.size, place.size)]
    waiting = np.array(["Open", "Pending", "On-hold"])[rng.choice(3, place.size, p=[0.6, 0.3, 0.1])]

    yield from monthly.told_twice(
        {
            "Id": np.arange(_FIRST_ID, _FIRST_ID + place.size),
            "Subject": np.array(subjects),
            "Description": np.array(texts),
            "Organization": np.array([one.client_name for one in background.clients])[place],
            "Priority": _priority(rng, tone, escalated),
            "Status": np.full(place.size, "Solved"),
            "Created at": created,
            "Solved at": solved,
            "Satisfaction Score": _satisfaction(rng, tone, mood),
            "Tags": np.where(escalated, np.char.add(tags, " escalated"), tags),
        },
        opened=month,
        closed=month_at(solved),
        meanwhile={
            "Status": waiting,
            "Solved at": np.full(place.size, NOT_YET),
            "Satisfaction Score": np.full(place.size, ""),
        },
    )


def _who_when(rng: np.random.Generator, background: Background) -> tuple[IntArray, IntArray]:
    """Client and month of each ticket: more people and a worse mood make more of them."""
    rate = (0.25 + 0.022 * background.people) * (1.15 - 0.5 * background.moods)
    rate[PLACES["unhappy_heavy"]] *= 3.0
    counts = rng.poisson(rate * (background.people > 0))
    place, month = (np.repeat(at, counts.ravel()) for at in np.indices(counts.shape).reshape(2, -1))
    return place, month


def _tone(rng: np.random.Generator, mood: FloatArray) -> IntArray:
    draw = rng.random(mood.size)
    bad = np.clip(0.30 - 0.45 * mood, 0.02, 0.95)
    good = np.clip(0.10 + 0.20 * mood, 0.0, 0.5)
    return np.select([draw < bad, draw > 1.0 - good], [NEGATIVE, POSITIVE], NEUTRAL)


def _priority(rng: np.random.Generator, tone: IntArray, escalated: BoolArray) -> StrArray:
    weight = rng.random(tone.size) + (tone == NEGATIVE) + escalated
    return np.array(["Low", "Normal", "High", "Urgent"])[
        np.searchsorted([0.4, 1.2, 2.0], weight, side="right")
    ]


def _satisfaction(rng: np.random.Generator, tone: IntArray, mood: FloatArray) -> StrArray:
    """Three in ten are rated."""
    kindness = 0.75 + 0.3 * mood + 0.2 * (tone == POSITIVE) - 0.2 * (tone == NEGATIVE)
    rated = rng.random(tone.size) < 0.3
    return np.where(rated, np.where(rng.random(tone.size) < kindness, "Good", "Bad"), "")
