"""Spark is asked for and cannot be had."""


class EngineRefused(Exception):
    """Which setting asks for it, what is wrong and what to do, in one line."""
