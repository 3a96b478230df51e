"""The ledger refuses what is asked of it."""


class LedgerRefused(Exception):
    """Which ledger or alert, what is wrong with it, what to do; trying again mends nothing."""
