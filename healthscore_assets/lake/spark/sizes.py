"""How a cluster's work is cut, by the size of what is read."""

import os
from pathlib import Path

import ibis

PARTITION = 64 * 1024**2
"""Bytes of rows in memory that a task of a shuffle is to hold."""

WORTH_A_TASK = 8 * 1024**2
"""With fewer bytes another task costs more than it saves, though a core is free."""

WORTH_COMPILING = 64 * 1024**2
"""With fewer bytes it costs more than it saves to compile a query to Java and to plan it anew.

Of 300 clients' months it was half of a query's time and more.
"""

_GIB = 1024**3
_TEXT, _OTHER = 24, 8


def rows_in_memory(rows: int, schema: ibis.Schema) -> int:
    """Bytes that rows take as Spark holds them, about: texts with their header, numbers in 8."""
    width = sum(_TEXT if dtype.is_string() else _OTHER for dtype in schema.types)
    return rows * width


def shuffle_partitions(size: int, cores: int) -> int:
    """Tasks of a shuffle of so many bytes: what holds them, and all cores where it is worth it."""
    return max(1, -(-size // PARTITION), min(cores, size // WORTH_A_TASK))


def process_memory(largest: int, available: int | None = None) -> int:
    """MiB for a process that keeps tables of the largest delivery, of ``largest`` bytes.

    A GiB is for Spark itself; what is kept takes about twice the bytes delivered. More than half
    of the memory that is ``available`` is not asked for, since Spark spills what it cannot keep.
    """
    wanted = _GIB + 2 * largest
    most = max(_GIB, available // 2) if available is not None else 16 * _GIB
    return min(wanted, most) // 1024**2


def largest_delivery(inbox: Path) -> int:
    """Bytes of the largest file of an inbox, where a folder of an export counts as one."""
    sizes = [_size(entry) for entry in os.scandir(inbox)] if inbox.is_dir() else []
    return max(sizes, default=0)


def _size(entry: os.DirEntry[str]) -> int:
    if entry.is_dir():
        return sum(_size(each) for each in os.scandir(entry))
    return entry.stat().st_size
