"""The store of the lake does not answer, for now."""


class LakeUnavailable(Exception):
    """What was asked for, what happened, what to do; trying again later may mend it."""
