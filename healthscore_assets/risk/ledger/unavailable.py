"""The ledger does not answer, for now."""


class LedgerUnavailable(Exception):
    """Which ledger, what happened, what to look at; trying again later may mend it."""
