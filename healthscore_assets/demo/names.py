"""Names of companies and people, put together from word lists: nobody real is meant."""

import numpy as np

from healthscore_assets.demo.stories import STORIES

_FIRST_WORDS = (
    "Alder Amber Arbor Aspen Atlas Beacon Birch Bluewater Bridgeport Cedar Clearbrook Cobalt "
    "Copper Crestline Delta Eastgate Elmwood Ember Fairview Falcon Foxglove Granite Greenfield "
    "Harbour Hawthorn Highland Indigo Ironwood Juniper Keystone Lakeshore Larkspur Linden Maple "
    "Meridian Northgate Oakridge Pinecrest Redstone Silverline Stonebridge Summit Thornton "
    "Willow Windmill"
)
_TRADE_WORDS = (
    "Analytics Bakery Bank Builders Capital Clinics Dental Energy Foods Freight Garments Hotels "
    "Insurance Labs Law Logistics Media Motors Optics Paper Pharma Press Retail Schools Software "
    "Studios Textiles Tools Travel Utilities"
)
_GIVEN_NAMES = (
    "ana ben carla david elif farid greta hugo ines jonas kira liam mara nils olga pavel rosa sven "
    "tara umut vera wim xenia yara zoe amir bianca cem dora emil"
)
_FAMILY_NAMES = (
    "abel berg costa dahl eder frank grau holm ivanov jansen keller lund moreau novak olsen petit "
    "quinn rossi silva tanaka urban vogel weber young zeller adams baker clark diaz evans fischer "
    "gomez huber ito jones klein lopez meyer nagy ortiz"
)
_GIVEN = _GIVEN_NAMES.split()
_FAMILY = _FAMILY_NAMES.split()


def company_names(rng: np.random.Generator, count: int) -> list[str]:
    """`count` different names, none of them a story's."""
    taken = {story.client_name for story in STORIES}
    pairs = [f"{first} {trade}" for first in _FIRST_WORDS.split() for trade in _TRADE_WORDS.split()]
    free = [pair for pair in pairs if pair not in taken]
    return [free[at] for at in rng.permutation(len(free))[:count].tolist()]


def person(number: int) -> str:
    """`given.family` of the `number`-th person; neighbours in number never share it."""
    given = _GIVEN[number % len(_GIVEN)]
    family = _FAMILY[(number // len(_GIVEN)) % len(_FAMILY)]
    return f"{given}.{family}"


def email_domain(client_name: str) -> str:
    """The client's own e-mail domain, under a top-level domain nobody can register."""
    return client_name.lower().replace(" ", "-") + ".example"
