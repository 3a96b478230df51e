"""CSV lookups, read strictly: a line is understood or refused, never skipped."""

import csv
import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from healthscore_assets.lookups.refused import LookupRefused


def read_rows(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line's number and its cells by column, trimmed; blank lines are allowed.

    Raises LookupRefused for a file that is missing or not UTF-8, a missing, repeated or unknown
    column, a line with more or fewer cells than the header, and a blank cell in a required column.
    """
    try:
        text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        columns = ",".join(required)
        raise LookupRefused(path, "", "no such file", f"create it, first line {columns}") from None
    except OSError as error:
        raise LookupRefused(path, "", f"cannot be read ({error.strerror})", "check it") from None
    except UnicodeDecodeError as error:
        raise LookupRefused(
            path, f"byte {error.start + 1}", "is not UTF-8 text", "save it as CSV UTF-8"
        ) from None
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _check_header(path, header, required, optional)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = reader.line_num
            if len(cells) != len(header):
                raise LookupRefused(
                    path,
                    f"line {line}",
                    f"has {len(cells)} cells, expected {len(header)} ({', '.join(header)})",
                    "put quotes around a value that holds a comma",
                )
            row = {name: " ".join(cell.split()) for name, cell in zip(header, cells, strict=True)}
            for name in required:
                if not row[name]:
                    raise LookupRefused(
                        path,
                        f"line {line}, column {name}",
                        "is blank",
                        "fill it or delete the line",
                    )
            yield line, row
    except csv.Error as error:
        raise LookupRefused(
            path, f"line {reader.line_num}", f"is not CSV ({error})", "check its quotes"
        ) from None


def _check_header(
    path: Path, header: list[str], required: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    missing = [name for name in required if name not in header]
    if missing:
        raise LookupRefused(
            path,
            "line 1",
            f"expected the columns {', '.join(required)}, found {', '.join(header) or 'nothing'}",
            f"add {', '.join(missing)}",
        )
    for name in header:
        if name not in required + optional or header.count(name) > 1:
            known = ", ".join(required + optional)
            raise LookupRefused(
                path,
                "line 1",
                f"column {name!r} is unknown or repeated",
                f"the columns are {known}",
            )
