"""Companies for Gainsight: a job of its S3 connector or its Bulk API.

The job maps headers, which are names of fields, and updates by the field of the client's id.
"""

import ibis

from healthscore_assets.delivery.crm.cells import Fields, Layout
from healthscore_assets.delivery.crm.settings import Gainsight

_LONGEST_TEXT = 250


def fields(settings: Gainsight) -> Fields:
    """The fields of the Company object: String, Number, Boolean."""
    return Fields(settings.names, _LONGEST_TEXT)


def companies(scores: ibis.Table, settings: Gainsight) -> Layout:
    """The file, of `crm_scores` of a month. Grain: client."""
    return Layout(fields(settings).of_table(scores))
