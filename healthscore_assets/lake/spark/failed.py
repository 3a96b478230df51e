"""What goes wrong while Spark computes, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException


class SparkFailed(Exception):
    """Spark gave up on a query: its own reason, without its stack."""


@contextmanager
def plainly() -> Iterator[None]:
    """Raises SparkFailed for what PySpark raises, whose messages are stacks of Java."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise SparkFailed(f"Spark: {_reason(str(error))}") from error


def _reason(message: str) -> str:
    """The first line, and the innermost cause where there is one."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by: ")]
    told = lines[:1] + [line for line in lines[1:2] if not line.startswith("at ")] + causes[-1:]
    return " ".join(told) or "no reason was given"
