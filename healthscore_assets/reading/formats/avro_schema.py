"""What an Avro schema says of its columns, and which ones are not safe to read."""

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fastavro
from fastavro.types import Schema

_NUMBERS = frozenset({"null", "int", "long", "float", "double"})
_LEAST_WIDTH = {
    "null": 0,
    "boolean": 1,
    "int": 1,
    "long": 1,
    "float": 4,
    "double": 8,
    "bytes": 1,
    "string": 1,
}
_COMPLEX = frozenset({"array", "map", "enum", "fixed", "record", "error"})
_DEEPEST, _MOST_NODES = 32, 100_000


class Unusable(Exception):
    """Why a schema is not that of a table."""


@dataclass(frozen=True)
class AvroSchema:
    """The columns of the records, which of them are numbers, and the schema as fastavro has it."""

    names: tuple[str, ...]
    numeric: tuple[bool, ...]
    parsed: Schema

    def of_fields(self, names: Sequence[str]) -> Schema | None:
        """The schema of some fields, so that the others are passed over; None for all of them.

        A field may be of a type that another one defines: then all are read.
        """
        assert isinstance(self.parsed, dict)
        fields = [field for field in self.parsed["fields"] if field["name"] in names]
        if not all(_is_plain(field["type"]) for field in fields):
            return None
        return fastavro.parse_schema(
            {"type": "record", "name": self.parsed["name"], "fields": fields}
        )


@functools.lru_cache(maxsize=64)
def schema_of(text: bytes) -> AvroSchema:
    """Understand the schema in a file's header; raises Unusable.

    A schema that refers to itself, or whose arrays have items of no bytes, lets a file of a few
    bytes unfold into any number of values, and the first one overflows the stack of the reader.
    """
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        raise Unusable("its schema is not JSON") from None
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise Unusable("its values are not records")
    if sum(1 for _ in _nodes(schema)) > _MOST_NODES:
        raise Unusable("its schema is too large")
    if _Walk().size(schema, 0).width == 0:
        raise Unusable("its records are empty")
    fields = schema["fields"]
    try:
        parsed = fastavro.parse_schema(schema)
    except (fastavro.schema.SchemaParseException, *_MALFORMED) as error:
        raise Unusable(f"its schema is not one of Avro's ({error})") from None
    return AvroSchema(
        tuple(field["name"] for field in fields),
        tuple(_is_number(field["type"]) for field in fields),
        parsed,
    )


def _is_plain(kind: Any) -> bool:
    """Whether a type is told by itself: one of Avro's own, or a choice of such."""
    if isinstance(kind, list):
        return all(map(_is_plain, kind))
    if isinstance(kind, dict):
        return isinstance(kind["type"], str) and kind["type"] in _LEAST_WIDTH
    return kind in _LEAST_WIDTH


_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


def _nodes(schema: Any) -> Iterator[Any]:
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


@dataclass(frozen=True)
class _Size:
    """The fewest bytes of a value, and the most values that it takes apart from arrays and maps."""

    width: int
    values: int


class _Walk:
    """The size of every type of a schema."""

    def __init__(self) -> None:
        self._named: dict[str, _Size] = {}

    def size(self, schema: Any, depth: int) -> _Size:
        if depth > _DEEPEST:
            raise Unusable(f"its schema is more than {_DEEPEST} levels deep")
        if isinstance(schema, list):
            branches = [self.size(branch, depth + 1) for branch in schema]
            return _Size(1, max((branch.values for branch in branches), default=1))
        kind = schema.get("type") if isinstance(schema, dict) else schema
        if isinstance(kind, dict | list):
            return self.size(kind, depth + 1)
        if not isinstance(kind, str):
            raise Unusable(f"its schema has a type that is not a name: {str(kind)[:80]}")
        if kind in _LEAST_WIDTH:
            return _Size(_LEAST_WIDTH[kind], 1)
        if isinstance(schema, dict) and kind in _COMPLEX:
            return self._complex(kind, schema, depth)
        short = kind.rpartition(".")[2]
        if short not in self._named:
            raise Unusable(f"its schema refers to {kind[:80]!r} within it, or without defining it")
        return self._named[short]

    def _complex(self, kind: str, schema: dict[str, Any], depth: int) -> _Size:
        if kind in ("array", "map"):
            item = self.size(schema.get("items" if kind == "array" else "values"), depth + 1)
            if kind == "array" and item.width == 0:
                raise Unusable("its schema has an array of nothing")
            return _Size(1, item.values)
        if kind == "enum":
            return self._define(schema, _Size(1, 1))
        if kind == "fixed":
            width = schema.get("size")
            if not isinstance(width, int) or width < 0:
                raise Unusable("its schema has a fixed type without a size")
            return self._define(schema, _Size(width, 1))
        fields = schema.get("fields")
        if not isinstance(fields, list) or not all(_is_field(field) for field in fields):
            raise Unusable("its schema has a record without fields")
        sizes = [self.size(field["type"], depth + 1) for field in fields]
        values = 1 + sum(size.values for size in sizes)
        if values > _MOST_NODES:
            raise Unusable("its schema is too large")
        return self._define(schema, _Size(sum(size.width for size in sizes), values))

    def _define(self, schema: dict[str, Any], size: _Size) -> _Size:
        name = schema.get("name")
        if not isinstance(name, str):
            raise Unusable("its schema has a type without a name")
        short = name.rpartition(".")[2]
        if short in self._named:
            raise Unusable(f"its schema defines {short[:80]!r} twice")
        self._named[short] = size
        return size


def _is_field(field: Any) -> bool:
    return isinstance(field, dict) and isinstance(field.get("name"), str) and "type" in field


def _is_number(schema: Any) -> bool:
    """Whether no value of a type is anything but a number or null; a date is none."""
    if isinstance(schema, list):
        return all(_is_number(branch) for branch in schema)
    if isinstance(schema, dict):
        if schema.get("logicalType") == "decimal":
            return True
        return "logicalType" not in schema and _is_number(schema.get("type"))
    return schema in _NUMBERS
