"""What every feed is told from: the clients and people of the usage exports, terms and moods."""

from dataclasses import dataclass

import numpy as np

from healthscore_assets.demo.clients import Client, FloatArray, IntArray, stream
from healthscore_assets.demo.feeds.care import Care, build_care
from healthscore_assets.demo.feeds.moods import build_moods
from healthscore_assets.demo.feeds.places import PLACES
from healthscore_assets.demo.feeds.terms import Term, build_terms
from healthscore_assets.demo.feeds.texts import ENGLISH, FRENCH, GERMAN
from healthscore_assets.demo.ordinary import build_clients
from healthscore_assets.demo.visitors import Visitors, build_visitors


@dataclass(frozen=True)
class Background:
    """`moods` is client x month; `people` counts the client's own visitors listed in a month."""

    seed: int
    clients: list[Client]
    visitors: Visitors
    care: Care
    moods: FloatArray
    terms: list[Term]
    people: IntArray
    languages: list[str]


def build_background(seed: int) -> Background:
    """The same clients and people as `write_exports` has for this seed."""
    clients = build_clients(seed)
    visitors = build_visitors(seed, clients)
    care = build_care(seed, len(clients))
    moods = build_moods(seed, clients, care.neglected)
    people = np.zeros(moods.shape, dtype=np.int64)
    own = ~visitors.internal
    np.add.at(people, visitors.client[own], visitors.listed[own])
    languages = stream(seed, 13).choice(
        (ENGLISH, GERMAN, FRENCH), len(clients), p=(0.9, 0.06, 0.04)
    )
    languages[list(PLACES.values())] = ENGLISH
    return Background(
        seed,
        clients,
        visitors,
        care,
        moods,
        build_terms(seed, clients, moods),
        people,
        languages.tolist(),
    )
