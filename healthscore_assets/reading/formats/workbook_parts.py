"""The parts of an .xlsx file, looked at before they are unpacked for good.

Calamine unpacks whatever it is given, and makes room for every cell of the rectangle around the
cells of a sheet: two cells in opposite corners take 400 GB, and the process is gone. It also reads
a cell that shows an error as blank.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

_LARGEST, _LARGEST_UNCHECKED, _RATIO = 2 << 30, 100 << 20, 200
_LARGEST_INDEX, _LARGEST_ROW = 16 << 20, 64 << 20
_MOST_CELLS = 64 << 20
_MOST_ROWS, _MOST_COLUMNS = 1 << 20, 1 << 14
_MOST_ERRORS = 1_000_000
_BLOCK = 1 << 20

_OLE = b"\xd0\xcf\x11\xe0"
_INDEX, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_TEXTS = "xl/sharedstrings.xml"

_PREFIX = rb"(?:[\w.-]+:)?"
_ROW_END = re.compile(rb"</" + _PREFIX + rb"row\s*>")
_DATA_END = re.compile(rb"</" + _PREFIX + rb"sheetData\s*>")
_CELL = re.compile(rb"<" + _PREFIX + rb"c[\s/>]")
_REFERENCE = re.compile(rb"""["']([A-Za-z]+)([0-9]+)["']""")
_VALUE = re.compile(rb"<" + _PREFIX + rb"[vt](?:\s[^>]*)?(?<!/)>[^<]")
_ERROR = re.compile(
    rb"<" + _PREFIX + rb"c\s([^>]*\bt\s*=\s*[\"']e[\"'][^>]*)(?<!/)>(.*?)</" + _PREFIX + rb"c\s*>",
    re.DOTALL,
)
_ERROR_TEXT = re.compile(rb"<" + _PREFIX + rb"v[^>]*>([^<]*)<")
_EMPTY_TEXT = re.compile(rb"<si\s*/>|<si>\s*(?:<t(?:\s[^>]*)?(?:/>|></t>)\s*)?</si>")


class Unusable(Exception):
    """Why the bytes are not a workbook that can be read, and what to do."""

    def __init__(self, what: str, todo: str = "save it again as .xlsx") -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo


@dataclass(frozen=True)
class Parts:
    """Where the sheets are, and whether a cell with a text may be blank all the same."""

    path: Path
    members: dict[str, zipfile.ZipInfo]
    sheets: dict[str, str]
    has_empty_text: bool


@dataclass
class Scan:
    """What the XML of a sheet says: rows with a value, and cells that show an error.

    Errors are by row and column, both counted from 0.
    """

    rows: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)


def parts_of(path: Path) -> Parts:
    """Look at everything but the sheets; raises Unusable for what is no workbook, or not safe."""
    members = _members(path)
    has_empty_text = False
    for name, member in members.items():
        if name.endswith((".xml", ".rels")) and not name.startswith("xl/worksheets/"):
            tail = b""
            for block in _blocks(path, member):
                if name == _TEXTS:
                    has_empty_text |= _EMPTY_TEXT.search(tail + block) is not None
                    tail = block[-256:]
    if _INDEX not in members or _RELATIONS not in members:
        raise Unusable("is a zip file without a workbook")
    return Parts(path, members, _sheets(path, members), has_empty_text)


def scan_of(parts: Parts, sheet: str) -> Scan:
    """Look at a sheet; raises Unusable where reading it would take more memory than there is."""
    member = parts.members.get(parts.sheets.get(sheet, ""))
    if member is None:
        raise Unusable(f"does not hold the sheet {sheet!r} that it lists")
    scan, letters, numbers, sure, ended = Scan(), {b"A"}, {b"1"}, True, False
    for rows in _whole_rows(parts.path, member):
        found = _REFERENCE.findall(rows)
        letters.update(column for column, _ in found)
        numbers.update({number for _, number in found})
        sure = sure and len(_CELL.findall(rows)) <= len(found)
        data = [b""] if ended else _DATA_END.split(rows, maxsplit=1)
        ended = ended or len(data) > 1  # what follows are no rows, though it is looked at
        scan.rows += sum(1 for row in _ROW_END.split(data[0]) if _VALUE.search(row))
        if b'"e"' in rows or b"'e'" in rows:
            scan.errors.update(_errors(rows))
            if len(scan.errors) > _MOST_ERRORS:
                raise Unusable(f"has more than {_MOST_ERRORS} cells with errors", "mend them")
    if not sure or _area(max(map(_column, letters)), max(map(_row, numbers))) > _MOST_CELLS:
        _refuse_large(parts.path, member, sheet)
    return scan


def _members(path: Path) -> dict[str, zipfile.ZipInfo]:
    """The members by name in lower case, which is how they are looked up."""
    with path.open("rb") as stream:
        if stream.read(4) == _OLE:
            raise Unusable("is protected by a password, or an old .xls workbook")
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise Unusable(f"is not a workbook ({error})") from None
    members = {member.filename.lower().replace("\\", "/"): member for member in listed}
    if len(members) < len(listed):
        raise Unusable("holds two parts of one name")
    packed = sum(member.compress_size for member in listed)
    size = sum(member.file_size for member in listed)
    if size > _LARGEST or (size > _LARGEST_UNCHECKED and size > _RATIO * packed):
        raise Unusable(
            f"unpacks to {size >> 20} MB, {size // max(packed, 1)} times its size",
            "export fewer rows or columns",
        )
    return members


def _sheets(path: Path, members: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    """The member of each sheet by the sheet's name."""
    targets: dict[str, str] = {}
    for element in _elements(path, members[_RELATIONS]):
        target = element.get("Target", "").lower().replace("\\", "/")
        whole = target.lstrip("/") if target.startswith(("/", "xl/")) else f"xl/{target}"
        targets[element.get("Id", "")] = whole
    sheets: dict[str, str] = {}
    for element in _elements(path, members[_INDEX]):
        if element.tag.rpartition("}")[2] == "sheet":
            ids = [v for k, v in element.attrib.items() if k.rpartition("}")[2] == "id"]
            sheets[element.get("name", "")] = targets.get(ids[0], "") if ids else ""
    return sheets


def _elements(path: Path, member: zipfile.ZipInfo) -> Iterator[ElementTree.Element]:
    if member.file_size > _LARGEST_INDEX:
        raise Unusable(f"has a list of sheets of {member.file_size >> 20} MB")
    try:
        # Whatever encoding it claims: calamine takes all XML for UTF-8, too.
        parser = ElementTree.XMLParser(encoding="utf-8")
        root = ElementTree.fromstring(b"".join(_blocks(path, member)), parser)
    except ElementTree.ParseError as error:
        raise Unusable(f"has a list of sheets that is not XML ({error})") from None
    return root.iter()


def _blocks(path: Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked bytes; raises Unusable where there are more, or fewer, than the file says.

    `zipfile` stops at the size that the file claims, and other readers do not.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unusable("is compressed in a way that spreadsheets do not use")
    if member.flag_bits & 1:
        raise Unusable("is protected by a password", "save it without one")
    size = 0
    try:
        for block in _unpacked(path, member):
            size += len(block)
            if size > member.file_size:
                break
            yield block
    except zlib.error as error:
        raise Unusable(f"is damaged ({error})", "copy it again") from None
    if size != member.file_size:
        raise Unusable(
            f"holds {member.filename!r} of another size than it says", "save it again as .xlsx"
        )


def _unpacked(path: Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(member.header_offset)
        head = stream.read(30)
        lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        stream.seek(lengths, 1)
        left = member.compress_size
        unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        while left and (packed := stream.read(min(_BLOCK, left))):
            left -= len(packed)
            if member.compress_type == zipfile.ZIP_STORED:
                yield packed
                continue
            while packed and not unpack.eof:
                yield unpack.decompress(packed, _BLOCK)
                packed = unpack.unconsumed_tail
        while member.compress_type != zipfile.ZIP_STORED and (
            more := unpack.decompress(b"", _BLOCK)
        ):
            yield more


def _whole_rows(path: Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The XML of a sheet in pieces, none of which ends within a row."""
    kept = b""
    for block in _blocks(path, member):
        kept += block
        cut = _last_row_end(kept)
        if cut:
            yield kept[:cut]
            kept = kept[cut:]
        elif len(kept) > _LARGEST_ROW:
            raise Unusable(f"has a row of more than {_LARGEST_ROW >> 20} MB")
    yield kept


def _last_row_end(xml: bytes) -> int:
    at = len(xml)
    while (at := xml.rfind(b"</", 0, at)) >= 0:
        if found := _ROW_END.match(xml, at):
            return found.end()
    return 0


def _errors(rows: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    for attributes, content in _ERROR.findall(rows):
        place, text = _REFERENCE.search(attributes), _ERROR_TEXT.search(content)
        if place is None:
            raise Unusable("has a cell with an error and without a place")
        shown = text[1].decode(errors="replace") if text else "#ERROR!"
        yield (_row(place[2]) - 1, _column(place[1]) - 1), shown


def _column(letters: bytes) -> int:
    """``A`` is 1; all that is beyond the last column is the one after it."""
    if len(letters) > 3:
        return _MOST_COLUMNS + 1
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _row(digits: bytes) -> int:
    return int(digits) if len(digits) <= 7 else _MOST_ROWS * 10


def _area(columns: int, rows: int) -> int:
    return columns * rows if columns <= _MOST_COLUMNS and rows <= _MOST_ROWS else _MOST_CELLS + 1


def _refuse_large(path: Path, member: zipfile.ZipInfo, sheet: str) -> None:
    """Find where the values are, with an XML parser: slower, and only where in doubt."""
    places = _Places()
    parser = expat.ParserCreate("utf-8", " ")
    parser.StartElementHandler = places.start
    try:
        for block in _blocks(path, member):
            parser.Parse(block)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Unusable(f"has a sheet {sheet!r} that is not XML ({error})") from None
    if places.area() > _MOST_CELLS:
        raise Unusable(
            f"has a sheet {sheet!r} with cells up to row {places.rows[1]}, column "
            f"{places.columns[1]}: more than {_MOST_CELLS} cells between the first and the last",
            "delete the cells outside of the table",
        )


class _Places:
    """The first and the last row and column that have a value."""

    def __init__(self) -> None:
        self.rows, self.columns = [10**9, 0], [10**9, 0]
        self._row, self._column = 0, 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "row":
            self._row = _number(attributes.get("r"), self._row + 1)
            self._column = 0
        elif name == "c":
            place = re.fullmatch(r"([A-Za-z]+)(\d+)", attributes.get("r", ""))
            self._column = _column(place[1].encode()) if place else self._column + 1
            if place:
                self._row = _number(place[2], self._row)
        elif name in ("v", "is"):
            self._widen(self.rows, self._row)
            self._widen(self.columns, self._column)

    def area(self) -> int:
        (top, bottom), (left, right) = self.rows, self.columns
        if bottom > _MOST_ROWS or right > _MOST_COLUMNS:
            return _MOST_CELLS + 1
        return max(0, bottom - top + 1) * max(0, right - left + 1)

    def _widen(self, span: list[int], at: int) -> None:
        span[0], span[1] = min(span[0], at), max(span[1], at)


def _number(text: str | None, other: int) -> int:
    return _row(text.encode()) if text and text.isascii() and text.isdigit() else other
