"""The rows of a JSON answer one by one, whatever its size and however deep it is nested."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import ijson

from healthscore_assets.reading.formats.batch import MOST_COLUMNS
from healthscore_assets.reading.refused import ExportRefused, Problem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

RESULTS = "results"
"""The key of an answer under which its rows are."""

_BLOCK = 1 << 20
_LONGEST_CELL, _LONGEST_NESTED = 32 << 20, 1 << 20
_BOM = b"\xef\xbb\xbf"
_OPEN = {"start_map": "{", "start_array": "["}
_CLOSE = {"end_map": "}", "end_array": "]"}
Event = tuple[str, Any]


class JsonRows:
    """Reads the rows of a file once: dicts, or text for what is not an object.

    Values are text, whole numbers, floats, bool or None; what is nested is compact JSON.
    ``bytes_read`` says how far the reading is. The events of the parser are consumed one at a time,
    without recursion: its ready-made builders take time quadratic in the depth of the nesting.
    """

    def __init__(self, path: Path, source_file: str) -> None:
        self._path = path
        self._source_file = source_file
        self._row = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[dict[str, Any] | str]:
        """The rows in order; raises ExportRefused."""
        with self._events() as events:
            for event, value in _elements(events):
                self._row += 1
                if event == "start_map":
                    yield self._object(events)
                else:
                    yield _value(events, event, value)

    def count(self) -> int:
        """How many rows there are, whatever is in them; raises ExportRefused."""
        with self._events() as events:
            for event, _ in _elements(events):
                self._row += 1
                _skip(events, event)
        return self._row

    def _object(self, events: Iterator[Event]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for event, key in events:
            if event == "end_map":
                break
            if len(row) > MOST_COLUMNS:
                raise _Unexpected(f"has more than {MOST_COLUMNS} keys")
            inner, value = next(events)
            row[key] = _value(events, inner, value)
        return row

    @contextmanager
    def _events(self) -> Iterator[Iterator[Event]]:
        try:
            with self._path.open("rb") as file:
                source = _Watched(file, self)
                yield source.events()
        except (ijson.JSONError, UnicodeDecodeError) as error:  # The parser lets 0xC1 pass.
            reason = str(error).removeprefix("b'").replace("\\n", "\n").splitlines()[0]
            raise self._refusal(f"is not JSON in UTF-8 ({reason})") from None
        except _Unexpected as error:
            raise self._refusal(str(error)) from None
        except OSError as error:
            raise self._refusal(f"cannot be read ({error})") from None

    def _refusal(self, what: str) -> ExportRefused:
        row = self._row or None
        return ExportRefused(Problem(self._source_file, what, "pull it again", row=row))


class _Unexpected(Exception):
    """What is JSON and yet no answer."""


class _Watched(RawIOBase):
    """The bytes without a byte order mark, and no cell longer than the parser takes in linear time.

    It looks at a string again from its start with every block, until the string ends.
    """

    def __init__(self, stream: BinaryIO, rows: JsonRows) -> None:
        self._stream = stream
        self._rows = rows
        self._since_event = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        block = self._stream.read(len(view))
        if not self._rows.bytes_read:
            block = block.removeprefix(_BOM)
        self._rows.bytes_read += len(block)
        self._since_event += len(block)
        if self._since_event > _LONGEST_CELL:
            raise _Unexpected(f"has a cell of more than {_LONGEST_CELL >> 20} MB")
        view[: len(block)] = block
        return len(block)

    def events(self) -> Iterator[Event]:
        # Without `use_float`, a number of 5,000 digits crashes the parser written in C.
        for event in ijson.basic_parse(self, buf_size=_BLOCK, use_float=True):
            self._since_event = 0
            yield event


def _elements(events: Iterator[Event]) -> Iterator[Event]:
    """The first event of each row; who takes it also takes the rest of the row."""
    event, _ = next(events)
    if event == "start_array":
        yield from _array(events)
    elif event == "start_map":
        yield from _results(events)
    else:
        raise _Unexpected(f"is a {event}, not an answer with {RESULTS!r} nor a list of objects")
    for _ in events:
        raise _Unexpected("holds more than one answer")


def _results(events: Iterator[Event]) -> Iterator[Event]:
    found = False
    for event, key in events:
        if event == "end_map":
            break
        inner, _ = next(events)
        if key != RESULTS:
            _skip(events, inner)
        elif found:
            raise _Unexpected(f"holds {RESULTS!r} twice")
        elif inner == "start_array":
            found = True
            yield from _array(events)
        elif inner != "null":
            raise _Unexpected(f"holds {RESULTS!r} that are not a list of objects")


def _array(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if event[0] == "end_array":
            return
        yield event


def _skip(events: Iterator[Event], event: str) -> None:
    """Pass over the rest of a value."""
    depth = 1 if event in _OPEN else 0
    while depth:
        event, _ = next(events)
        if event in _OPEN:
            depth += 1
        elif event in _CLOSE:
            depth -= 1


def _value(events: Iterator[Event], event: str, value: Any) -> Any:
    if event not in _OPEN:
        return value
    parts, size, depth, comma = [_OPEN[event]], 0, 1, False
    while depth:
        event, value = next(events)
        if event in _CLOSE:
            depth -= 1
            part, comma = _CLOSE[event], True
        else:
            lead = "," if comma else ""
            if event in _OPEN:
                depth += 1
                part, comma = lead + _OPEN[event], False
            elif event == "map_key":
                part, comma = f"{lead}{json.dumps(value, ensure_ascii=False)}:", False
            else:
                part, comma = lead + json.dumps(value, ensure_ascii=False), True
        parts.append(part)
        size += len(part)
        if size > _LONGEST_NESTED:
            raise _Unexpected(f"has a nested value of more than {_LONGEST_NESTED >> 20} MB")
    return "".join(parts)
