"""What goes wrong while Spark computes, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark.errors import PySparkException

from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.unavailable import LakeUnavailable

_TRACEBACK = "Traceback (most recent call last):"

_OF_THE_LAKE = {
    f"{kind.__module__}.{kind.__qualname__}": kind for kind in (LakeRefused, LakeUnavailable)
}


class SparkFailed(Exception):
    """Spark gave up on a query: its own reason, without its stack."""


@contextmanager
def plainly() -> Iterator[None]:
    """Raises SparkFailed for what PySpark raises, whose messages are stacks of Java.

    What the lake raised on a machine of the cluster is raised here as what it is.
    """
    try:
        yield
    except (Py4JNetworkError, ConnectionRefusedError) as error:
        raise SparkFailed(
            "Spark: its Java has ended; why, is in spark.log in DAGSTER_HOME or in the log of the "
            "system; then run again"
        ) from error
    except (PySparkException, Py4JError) as error:
        raise told_of(str(error)) from error


def told_of(message: str) -> Exception:
    """The error to raise for a message of Spark's."""
    of_python = _raised_by_python(message)
    if of_python is None:
        return SparkFailed(f"Spark: {_reason(message)}")
    name, _, text = of_python.partition(": ")
    if name in _OF_THE_LAKE:
        return _OF_THE_LAKE[name](text)
    return SparkFailed(f"Spark, in a Python of the cluster: {of_python}")


def _raised_by_python(message: str) -> str | None:
    """The line of the innermost error of Python, behind its indented stack, where there is one."""
    _, found, stack = message.rpartition(_TRACEBACK)
    lines = [line.strip() for line in stack.splitlines() if line and not line[0].isspace()]
    return lines[0] if found and lines else None


def _reason(message: str) -> str:
    """The first line, and the innermost cause where there is one."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by: ")]
    told = lines[:1] + [line for line in lines[1:2] if not line.startswith("at ")] + causes[-1:]
    return " ".join(told) or "no reason was given"
