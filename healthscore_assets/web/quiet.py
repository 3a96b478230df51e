"""Libraries that log what they send: nothing of it is to reach a handler."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ROOTS = ("apprise", "httpcore", "httpx", "requests", "slack_sdk", "urllib3")
"""httpx logs URLs at INFO, the others URLs, headers and bodies at DEBUG."""

_lock = threading.Lock()
_sending = 0
_before: dict[logging.Logger, tuple[list[logging.Handler], bool, int]] = {}


@contextmanager
def quiet() -> Iterator[None]:
    """For this time their records go nowhere. A library still hears its own warnings.

    The first who sends turns them off and the last turns them on again, in whichever thread.
    """
    global _sending
    with _lock:
        _sending += 1
        if _sending == 1:
            _turn_off()
    try:
        yield
    finally:
        with _lock:
            _sending -= 1
            if _sending == 0:
                _turn_on()


def _turn_off() -> None:
    for logger in _loggers():
        _before[logger] = (logger.handlers, logger.propagate, logger.level)
        # Without any handler, Python would print warnings.
        logger.handlers, logger.propagate = [logging.NullHandler()], False
        logger.setLevel(logging.WARNING)


def _turn_on() -> None:
    for logger, (handlers, propagate, level) in _before.items():
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
    _before.clear()


def _loggers() -> list[logging.Logger]:
    """The roots, which may not have logged yet, and those below that somebody may have set up."""
    below = tuple(f"{root}." for root in _ROOTS)
    known = [name for name in logging.root.manager.loggerDict if name.startswith(below)]
    return [logging.getLogger(name) for name in (*_ROOTS, *known)]
