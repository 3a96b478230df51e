"""Accounts for Salesforce: Data Loader, or Bulk API 2.0.

An upsert by an external id: headers are API names, the text is UTF-8 with line feeds, and ``#N/A``
clears a field, which an empty cell leaves as it was.
"""

import ibis

from healthscore_assets.delivery.crm.cells import Fields, Layout
from healthscore_assets.delivery.crm.settings import Salesforce

_LONGEST_TEXT = 255
_CLEARED = "#N/A"


def fields(settings: Salesforce) -> Fields:
    """The fields of an account: Text (255), Number (4, 1), Number (18, 0), Checkbox."""
    return Fields(settings.names, _LONGEST_TEXT)


def accounts(scores: ibis.Table, settings: Salesforce) -> Layout:
    """The file, of `crm_scores` of a month. Grain: client."""
    return Layout(fields(settings).of_table(scores), _CLEARED)
