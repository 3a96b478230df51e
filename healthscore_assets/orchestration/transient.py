"""What is tried again: failures that may be over in a moment. Refused data are not."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from sqlalchemy.exc import OperationalError

from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.spark.refused import EngineRefused
from healthscore_assets.lake.unavailable import LakeUnavailable

POLICY = dg.RetryPolicy(
    max_retries=4, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""After about 2, 6, 14 and 30 seconds: a server that restarts is back by then."""

TRANSIENT = (LakeUnavailable, ConnectionError, TimeoutError, InterruptedError, OperationalError)

_PASSING = {errno.EIO, errno.ESTALE, errno.EAGAIN, errno.EBUSY, errno.ENETUNREACH, errno.ENOLCK}
"""Of a file system over a network, and of a disk that is busy."""


@contextmanager
def tried_again(attempt: int) -> Iterator[None]:
    """Ask Dagster to run the step again, later each time, where what went wrong may pass.

    Parameters: ``attempt`` counts from 0.
    Raises RetryRequested in place of a transient error, and Failure, which is not tried again,
    where the lake refuses or an engine cannot be had; other errors go through as they are.
    """
    try:
        yield
    except (LakeRefused, EngineRefused) as refused:
        raise dg.Failure(str(refused), allow_retries=False) from None
    except TRANSIENT as error:
        raise _later(attempt) from error
    except OSError as error:
        if error.errno in _PASSING:
            raise _later(attempt) from error
        raise


def _later(attempt: int) -> dg.RetryRequested:
    wait = POLICY.calculate_delay(attempt + 1)
    return dg.RetryRequested(max_retries=POLICY.max_retries, seconds_to_wait=wait)
