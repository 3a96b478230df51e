"""The events of one export in one month, those of a visitor and feature added up as they are read.

Whether a row of events holds anything that is refused, its texts tell, which repeat: each is looked
at once, and only rows in which it says something else than usage are looked at one by one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.contracts.columns import LARGEST_VALUE
from healthscore_assets.lookups.features import tidy
from healthscore_assets.pendo.cleaning.days_seen import Bits, as_bits, days_seen, last_days
from healthscore_assets.pendo.cleaning.export_rows import CELLS, ROWS, ExportRows, Understood
from healthscore_assets.pendo.cleaning.identities import clients, listed_or_mangled, refusals
from healthscore_assets.pendo.cleaning.metrics import Metric, parse_metric
from healthscore_assets.pendo.cleaning.refused_lines import QUARANTINE_LINE
from healthscore_assets.pendo.cleaning.row_groups import Numbers, RowGroups
from healthscore_assets.pendo.cleaning.total_rows import says_total
from healthscore_assets.pendo.periods import day_of_rows
from healthscore_assets.reading.formats.batch import Batch, NotTyped, name_of
from healthscore_assets.reading.formats.coded import each_once, plain

_ONE_BY_ONE = 1 << 16
"""So many rows are looked at one by one at a time."""

_MICRO = 1_000_000
"""Amounts have six decimals: as whole numbers of those they are added up exactly."""

Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Alike:
    """Rows of a batch by what their texts say, and what those say.

    ``texts`` are of each group of ``people``, ``feature`` of ``features``, and ``day``, the day of
    the month, of ``dates``: 0 where none is told.
    """

    people: RowGroups
    features: RowGroups
    dates: RowGroups
    texts: Mapping[str, pa.ChunkedArray]
    feature: Sequence[str]
    day: Numbers

    def of(self, rows: Marks) -> "_Alike":
        """Some of the rows."""
        return replace(
            self,
            people=self.people.of(rows),
            features=self.features.of(rows),
            dates=self.dates.of(rows),
        )


class GroupedRows(ExportRows):
    """Reads the rows of an export of events, as `ExportRows` does.

    What it hands on is a row for those of a batch that tell of the same visitor in the same words,
    with the number of the first of them, and a cell for those of a visitor and feature.
    """

    _as_codes = True

    def _understood(self, batch: Batch) -> Iterator[Understood]:
        if self._names_hold_zeros(batch):
            yield from self._one_by_one(batch)
            return
        alike, odd = self._alike(batch)
        if odd.any():
            yield from self._one_by_one(_some(batch, odd))
            batch, alike = _some(batch, ~odd), alike.of(~odd)
        parsed = {n: self._parsed(batch, n) for n in self._numbers}
        odd = _refused(parsed.values(), len(batch.source_row))
        if odd.any():
            yield from self._one_by_one(_some(batch, odd))
            batch, alike = _some(batch, ~odd), alike.of(~odd)
            parsed = {n: self._parsed(batch, n) for n in self._numbers}
        if all(map(_can_be_added_up, parsed.values())):
            if len(batch.source_row):
                yield self._added_up(batch, alike, parsed)
        else:
            yield from self._one_by_one(batch)

    def _one_by_one(self, batch: Batch) -> Iterator[Understood]:
        for start in range(0, len(batch.source_row), _ONE_BY_ONE):
            cells = plain(batch.cells.slice(start, _ONE_BY_ONE))
            yield self._understand(Batch(cells, batch.source_row.slice(start, _ONE_BY_ONE), []))

    def _names_hold_zeros(self, batch: Batch) -> bool:
        """Such a name refuses its file, naming the first row."""
        names = (each_once(batch.cells[name_of(n)]) for n in self._feature if n is not None)
        return any(pc.any(pc.match_substring(each, "\0")).as_py() for each in names)

    def _alike(self, batch: Batch) -> tuple[_Alike, Marks]:
        """The rows by their texts, and which have to be looked at one by one."""
        people = _groups(batch, [*self._texts.values(), *self._marks.values()])
        features = _groups(batch, self._feature)
        dates = _groups(batch, [self._export.when])
        persons = _firsts(batch, people)
        texts = {role: self._text(persons, n) for role, n in self._texts.items()}
        odd_person = self._is_odd(persons, texts)
        texts["client_id"] = clients(texts["client_id"], self._known).ids
        feature = self._features(_firsts(batch, features))
        assert feature is not None, self._export
        day, odd_day = self._days_of(_firsts(batch, dates))
        odd = _numpy(pc.equal(feature, ""))[features.number]
        odd |= odd_person[people.number]
        odd |= odd_day[dates.number]
        place, names = _spelled_alike(feature.to_pylist())
        features = RowGroups(place[features.number], len(names))
        return _Alike(people, features, dates, texts, names, day), odd

    def _is_odd(self, persons: Batch, texts: Mapping[str, pa.ChunkedArray]) -> Marks:
        """Whether the ids of a row could be anything but a visitor's, or of no other spelling."""
        ids, visitors = texts["client_id"], texts["visitor_id"]
        refused = refusals(
            clients(ids, self._known),
            visitors,
            self._known,
            # A blank row has no client, which is odd enough.
            blank=pa.chunked_array([pa.repeat(pa.scalar(False), len(persons.source_row))]),
            header=self._repeats_header(texts),
            gone=self._gone(persons),
        )
        return (
            _numpy(pc.is_valid(refused))
            | _numpy(says_total(ids, visitors))
            | _numpy(listed_or_mangled(ids))
            | _numpy(listed_or_mangled(visitors))
        )

    def _days_of(self, dates: Batch) -> tuple[Numbers, Marks]:
        """Days of the month, 0 for none, and whether the date of a row has to be looked at."""
        when = self._export.when
        if when is None:
            return np.zeros(1, np.int64), np.zeros(1, np.bool_)
        blank = _numpy(pc.equal(self._text(dates, when), ""))
        days = pc.day(day_of_rows(self._export, dates.cells[name_of(when)]))
        day = pc.fill_null(days, 0).to_numpy()
        # Where some rows tell days and some do not, they are not of one kind.
        return day, blank | ((day == 0) & (day > 0).any())

    def _parsed(self, batch: Batch, n: int) -> Metric:
        """A column as numbers. Raises NotTyped where it has to be read as text."""
        column = self._export.columns[n]
        cells, measure = batch.cells[name_of(n)], column.measure or column.role
        if not pa.types.is_dictionary(cells.type):
            metric = parse_metric(cells, measure, self._most_minutes)
        else:
            codes = cells.combine_chunks()
            of_text = pa.chunked_array([codes.dictionary])
            each = parse_metric(of_text, measure, self._most_minutes)
            rows = {
                reason: pc.indices_nonzero(pc.is_in(codes.indices, at.cast(pa.int32())))
                for reason, at in each.refused.items()
            }
            refused = {reason: at for reason, at in rows.items() if len(at)}
            metric = Metric(each.values.take(codes.indices), refused, each.text.take(codes.indices))
        if metric.refused and n not in self._as_text:
            raise NotTyped(n)
        return metric

    def _added_up(self, batch: Batch, alike: _Alike, parsed: Mapping[int, Metric]) -> Understood:
        metrics = {n: parsed[n] for n in self._metrics}
        self._totals.add_rows(metrics)
        for n, metric in parsed.items():
            self._columns[n].add(metric, batch)
        for n, metric in metrics.items():
            self.sums.add(metric, self._measure(n))
        people, used = alike.people, alike.people.by(alike.features)
        first = used.first()
        person, feature = people.number[first], alike.features.number[first]
        source_row = pa.array(np.maximum(people.first(), 0)).cast(pa.int64())
        source_row = batch.source_row.take(source_row)
        day = alike.day[alike.dates.number] if alike.day.any() else None
        days = np.zeros(people.size, np.uint32)
        cells = []
        amounts = {n: _amounts(used, metric) for n, metric in metrics.items()}
        for n, metric in metrics.items():
            at = amounts[n] > 0
            on = _days(used, metric, day)
            np.bitwise_or.at(days, person, on)
            codes = self._codes_of(alike.feature, feature[at], self._measure(n))
            told = (
                source_row.take(pa.array(person[at])),
                codes,
                as_bits(on[at]),
                pa.array(amounts[n][at]),
            )
            cells.append(pa.table(list(told), schema=CELLS))
        counts = people.counts()
        rows = {
            "source_row": source_row,
            **alike.texts,
            "listed_rows": pa.array(counts),
            "day": last_days(days, self._month),
            "days": as_bits(days),
            "days_active": pa.nulls(people.size, pa.float64()),
            "minutes": self._minutes_told(people, parsed),
        }
        listed = pa.table(rows, schema=ROWS)
        if not counts.all():
            listed = listed.filter(pa.array(counts > 0))
        return Understood(listed, pa.concat_tables(cells), QUARANTINE_LINE.empty_table())

    def _codes_of(self, names: Sequence[str], feature: Numbers, measure: str) -> pa.Array:
        """The code of each cell's feature; features without any have none."""
        codes = np.zeros(len(names), np.int32)
        for n in np.flatnonzero(np.bincount(feature, minlength=len(names))).tolist():
            codes[n] = self._codes.of(names[n], measure)
        return pa.array(codes[feature])

    def _minutes_told(self, people: RowGroups, parsed: Mapping[int, Metric]) -> pa.Array:
        """Minutes of each group; null where no row tells any."""
        if self._minutes is None:
            return pa.nulls(people.size, pa.float64())
        metric = parsed[self._minutes]
        told = np.zeros(people.size, np.bool_)
        told[people.number[_numpy(pc.is_valid(metric.values))]] = True
        return pa.array(_amounts(people, metric), mask=~told)


def _spelled_alike(features: Sequence[str]) -> tuple[Numbers, list[str]]:
    """Each feature once, and where among them those of all spellings are."""
    names = list(dict.fromkeys(map(tidy, features)))
    number = {name: n for n, name in enumerate(names)}
    return np.array([number[tidy(feature)] for feature in features], np.int64), names


def _groups(batch: Batch, columns: Sequence[int | None]) -> RowGroups:
    cells = [batch.cells[name_of(n)] for n in columns if n is not None]
    return RowGroups.alike(cells, len(batch.source_row))


def _firsts(batch: Batch, groups: RowGroups) -> Batch:
    """The first row of each group."""
    at = pa.array(groups.first())
    return Batch(plain(batch.cells.take(at)), batch.source_row.take(at), [])


def _some(batch: Batch, rows: Marks) -> Batch:
    at = pa.array(rows)
    return Batch(batch.cells.filter(at), batch.source_row.filter(at), [])


def _numpy(told: pa.ChunkedArray) -> Marks:
    """Whether it is so; where it cannot be told, it is not."""
    return pc.fill_null(told, False).to_numpy()


def _refused(metrics: Iterable[Metric], rows: int) -> Marks:
    """Rows with a cell that is refused."""
    found = np.zeros(rows, np.bool_)
    for metric in metrics:
        for at in metric.refused.values():
            found[at.to_numpy()] = True
    return found


def _can_be_added_up(metric: Metric) -> bool:
    """Whether no sum can become larger than a cell may be, nor inexact."""
    return (pc.sum(metric.values).as_py() or 0) <= LARGEST_VALUE


def _amounts(groups: RowGroups, metric: Metric) -> npt.NDArray[np.float64]:
    """The sum of each group to six decimals, whatever the order of the rows."""
    values = pc.fill_null(metric.values, 0).to_numpy()
    if (values == np.floor(values)).all():
        return groups.sums(values)
    return groups.sums(np.rint(values * _MICRO)) / _MICRO


def _days(groups: RowGroups, metric: Metric, day: Numbers | None) -> Bits:
    """The days of each group's rows with anything above zero."""
    if day is None:
        return np.zeros(groups.size, np.uint32)
    above = _numpy(pc.greater(metric.values, 0))
    return days_seen(groups, day) if above.all() else days_seen(groups.of(above), day[above])
