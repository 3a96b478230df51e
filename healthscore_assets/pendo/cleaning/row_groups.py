"""Rows of a batch that are alike in some columns, by numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int64]

_SPARSE = 4
"""Up to so many numbers a row are looked up in a list, which takes a third of what hashing does."""


@dataclass(frozen=True)
class RowGroups:
    """Of each row the ``number`` of its group, which is below ``size``; a group may have no row."""

    number: Numbers
    size: int

    @classmethod
    def alike(cls, columns: Sequence[pa.ChunkedArray], rows: int) -> "RowGroups":
        """Groups of rows with the same texts in all columns, numbered without gaps."""
        groups = cls(np.zeros(rows, np.int64), 1)
        for column in columns:
            groups = groups.by(_codes(column))
        return groups.without_gaps()

    def by(self, other: "RowGroups") -> "RowGroups":
        """Groups of rows that are together in both, numbered without gaps."""
        if self.size == 1 or other.size == 1:
            return self if other.size == 1 else other
        number, size = self.number * other.size + other.number, self.size * other.size
        if size <= _SPARSE * len(number):
            return RowGroups(number, size).without_gaps()
        coded = pa.array(number).dictionary_encode()
        return RowGroups(coded.indices.to_numpy().astype(np.int64), len(coded.dictionary))

    def without_gaps(self) -> "RowGroups":
        """The same with a row in each."""
        found = np.zeros(self.size, np.bool_)
        found[self.number] = True
        if found.all():
            return self
        places = np.cumsum(found) - 1
        return RowGroups(places[self.number], int(places[-1]) + 1)

    def of(self, rows: npt.NDArray[np.bool_]) -> "RowGroups":
        """The groups of some rows, with the numbers that they had."""
        return RowGroups(self.number[rows], self.size)

    def first(self) -> Numbers:
        """The first row of each group; -1 where it has none."""
        first = np.full(self.size, -1, np.int64)
        first[self.number[::-1]] = np.arange(len(self.number) - 1, -1, -1)
        return first

    def counts(self) -> Numbers:
        """How many rows each group has."""
        return np.bincount(self.number, minlength=self.size)

    def sums(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The sum of each group's values; exact where they are whole numbers."""
        return np.bincount(self.number, values, self.size).astype(np.float64, copy=False)


def _codes(column: pa.ChunkedArray) -> RowGroups:
    texts = column.combine_chunks()
    codes = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    return RowGroups(codes.indices.to_numpy().astype(np.int64), len(codes.dictionary))
