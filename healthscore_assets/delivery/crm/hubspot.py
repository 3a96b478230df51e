"""Companies for HubSpot's import.

Records are matched by a property with unique values; headers are internal names of properties.
An empty cell leaves the property as it was.
"""

import ibis

from healthscore_assets.delivery.crm.cells import Fields, Layout
from healthscore_assets.delivery.crm.settings import HubSpot

_LONGEST_TEXT = 65_536


def fields(settings: HubSpot) -> Fields:
    """The properties of a company: single-line text, number, single checkbox."""
    return Fields(settings.names, _LONGEST_TEXT)


def companies(scores: ibis.Table, settings: HubSpot) -> Layout:
    """The file, of `crm_scores` of a month. Grain: client."""
    return Layout(fields(settings).of_table(scores))
