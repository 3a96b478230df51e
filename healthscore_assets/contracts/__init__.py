"""One pandera schema per table: the only place where columns are declared.

A contract's name is the table's and its asset's, ``unique`` is the key and the order of the rows,
``metadata["grain"]`` says what a row is. Checks, column metadata and the data dictionary follow.
"""

from healthscore_assets.contracts.area_engagement import AREA_ENGAGEMENT
from healthscore_assets.contracts.area_weights import AREA_WEIGHTS
from healthscore_assets.contracts.cleaned_usage import CLEANED_USAGE
from healthscore_assets.contracts.client_area_month import CLIENT_AREA_MONTH
from healthscore_assets.contracts.client_month import CLIENT_MONTH
from healthscore_assets.contracts.client_names import CLIENT_NAMES
from healthscore_assets.contracts.client_scores import CLIENT_SCORES
from healthscore_assets.contracts.index_scores import INDEX_SCORES
from healthscore_assets.contracts.momentum import MOMENTUM
from healthscore_assets.contracts.quarantine import QUARANTINE
from healthscore_assets.contracts.raw_pendo_export import RAW_PENDO_EXPORT
from healthscore_assets.contracts.visitor_month import VISITOR_MONTH

CONTRACTS = {
    str(contract.name): contract
    for contract in (
        RAW_PENDO_EXPORT,
        CLEANED_USAGE,
        VISITOR_MONTH,
        QUARANTINE,
        CLIENT_NAMES,
        AREA_ENGAGEMENT,
        CLIENT_AREA_MONTH,
        CLIENT_MONTH,
        AREA_WEIGHTS,
        INDEX_SCORES,
        MOMENTUM,
        CLIENT_SCORES,
    )
}
"""Every table, in the order the data flow."""

__all__ = [
    "AREA_ENGAGEMENT",
    "AREA_WEIGHTS",
    "CLEANED_USAGE",
    "CLIENT_AREA_MONTH",
    "CLIENT_MONTH",
    "CLIENT_NAMES",
    "CLIENT_SCORES",
    "CONTRACTS",
    "INDEX_SCORES",
    "MOMENTUM",
    "QUARANTINE",
    "RAW_PENDO_EXPORT",
    "VISITOR_MONTH",
]
