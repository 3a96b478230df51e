"""Organizations for Zendesk's import of organizations.

Its own fields have their names as headers, others ``custom_fields.<key>``. An empty cell clears a
field.
"""

import ibis

from healthscore_assets.delivery.crm.cells import Fields, Layout
from healthscore_assets.delivery.crm.settings import Zendesk

_LONGEST_TEXT = 255
"""Of a name; fields of text take more, and people read no more of them in a side bar."""

_OWN = ("external_id", "name")


def fields(settings: Zendesk) -> Fields:
    """The fields of an organization, by key: text, decimal, numeric, checkbox."""
    return Fields(settings.names, _LONGEST_TEXT)


def organizations(scores: ibis.Table, settings: Zendesk) -> Layout:
    """The file, of `crm_scores` of a month. Grain: client."""
    headers = {
        column: name if name in _OWN else f"custom_fields.{name}"
        for column, name in settings.names.items()
    }
    return Layout(Fields(headers, _LONGEST_TEXT).of_table(scores))
