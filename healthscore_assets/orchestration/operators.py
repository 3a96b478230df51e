"""Where the system itself reports to the people who run it."""

import logging

OPERATORS = logging.getLogger("healthscore.operators")


def tell_operators(message: str, *, log: logging.Logger) -> None:
    """One readable message, into the log of the tick that found it and that of the process."""
    log.warning(message)
    OPERATORS.warning(message)
