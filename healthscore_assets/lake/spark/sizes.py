"""How a cluster's work is cut, by the size of what is read."""

from collections.abc import Callable
from dataclasses import dataclass

import ibis

_MIB, _GIB = 1024**2, 1024**3
_TEXT, _OTHER = 24, 8


def rows_in_memory(rows: int, schema: ibis.Schema) -> int:
    """Bytes that rows take as Spark holds them, about: texts with their header, numbers in 8."""
    width = sum(_TEXT if dtype.is_string() else _OTHER for dtype in schema.types)
    return rows * width


@dataclass(frozen=True)
class Cuts:
    """By how many bytes of rows in memory the work of a query is cut.

    ``task`` is what a task of a shuffle is to hold; with less than ``smallest_task`` for each
    another one costs more than it saves, though a core is free; under ``smallest_compiled`` so does
    compiling a query to Java and planning it anew halfway: of 300 clients' months half of its time.
    """

    task: int = 64 * _MIB
    smallest_task: int = 8 * _MIB
    smallest_compiled: int = 64 * _MIB

    @classmethod
    def of_settings(cls, size: Callable[[str, str], int]) -> "Cuts":
        """As ``spark.healthscore.task`` and the two others say.

        Parameters: ``size`` gives the bytes of a setting by its name and its default.
        """
        return cls(
            size("spark.healthscore.task", f"{cls.task}b"),
            size("spark.healthscore.smallestTask", f"{cls.smallest_task}b"),
            size("spark.healthscore.smallestCompiled", f"{cls.smallest_compiled}b"),
        )

    def shuffle_partitions(self, size: int, cores: int) -> int:
        """Tasks of a shuffle of so many bytes: what holds them, all cores where it is worth it."""
        return max(1, -(-size // self.task), min(cores, size // self.smallest_task))


def process_memory(largest: int, of_machine: int | None = None) -> int:
    """MiB for a process that keeps tables of the largest delivery, of ``largest`` bytes.

    A GiB is for Spark itself; tables of a wide export take about twice the bytes delivered. Those
    of compressed events take more, and what does not fit is spilled: a month of 25 million ran in
    this. Parameters: ``of_machine`` are the bytes of its memory, of which no more than half is
    asked for.
    """
    wanted = _GIB + 2 * largest
    most = max(_GIB, of_machine // 2) if of_machine is not None else 16 * _GIB
    return min(wanted, most) // 1024**2
