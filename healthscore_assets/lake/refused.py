"""The store of the lake refuses what is asked of it."""


class LakeRefused(Exception):
    """What was asked for, what happened, which setting to look at; trying again mends nothing."""
