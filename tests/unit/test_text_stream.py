"""Text files: what encoding they are in, and no more of them than they should hold."""

import gzip
from pathlib import Path

import pytest

from healthscore_assets.reading.formats.encodings import encoding_of, text_of
from healthscore_assets.reading.refused import ExportRefused

TEXT = "Account ID,Visitor ID,Clicks for Übersicht\na,v,1\n"


def kept(folder: Path, content: bytes, name: str = "2024-05.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(folder: Path, content: bytes, name: str = "2024-05.csv") -> str:
    path = kept(folder, content, name)
    with pytest.raises(ExportRefused) as refused:
        read(path, name)
    return str(refused.value)


def read(path: Path, name: str) -> None:
    with text_of(path, name, encoding_of(path, name)) as stream:
        while stream.read(1 << 20):
            pass


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),  # with a byte order mark
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_are_told_apart(tmp_path: Path, written: str, told: str) -> None:
    path = kept(tmp_path, TEXT.encode(written))
    assert encoding_of(path, path.name) == told
    with text_of(path, path.name, told) as stream:
        assert stream.read(1 << 20).decode("utf-8-sig") == TEXT


def test_utf_16_with_the_other_byte_order_mark(tmp_path: Path) -> None:
    path = kept(tmp_path, b"\xfe\xff" + TEXT.encode("utf-16-be"))
    assert encoding_of(path, path.name) == "utf-16"


def last_line(folder: Path, content: bytes) -> str:
    """The last line of a file as it is read, in text."""
    path = kept(folder, content)
    with text_of(path, path.name, encoding_of(path, path.name)) as stream:
        blocks = list(iter(lambda: stream.read(1 << 20), b""))
    return b"".join(blocks).decode().splitlines()[-1]


def test_a_letter_beyond_ascii_far_into_the_file(tmp_path: Path) -> None:
    start = b"Account ID,Visitor ID,Clicks for X\n" + b"a,v,1\n" * 1_000_000  # 6 MB
    assert last_line(tmp_path, start + "é,v,1\n".encode()) == "é,v,1"
    assert last_line(tmp_path, start + b"\xe9,v,1\n") == "é,v,1"
    assert "but for byte 6,000,039" in refusal(tmp_path, start + "é,".encode() + b"\xe9\n")


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_letters_that_two_reads_cut(tmp_path: Path, before: int) -> None:
    start = b"a" * ((1 << 20) - before)  # a read is of a MiB
    assert last_line(tmp_path, start + "é漢b".encode()).endswith("aé漢b")
    assert last_line(tmp_path, start + b"\xe9\xe9b").endswith("aééb")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("é,v\n".encode() + b"\xe9,w\n", "is UTF-8 text but for byte 6, which is not"),
        (b"\xef\xbb\xbfa,v\n\xe9,w\n", "is UTF-8 text but for byte 8, which is not"),
        (b"a,\x81\n", "is not a table in UTF-8, UTF-16 or Windows-1252 text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "it holds zero bytes"),
        (TEXT.encode("utf-16")[:-1], "is not utf-16-le text to its end"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, content: bytes, says: str) -> None:
    line = refusal(tmp_path, content)
    assert line.startswith("2024-05.csv: ")
    assert says in line


def test_a_file_that_unpacks_to_far_more_than_an_export(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,v,1\n" * 40_000_000, compresslevel=9)  # 240 MB of one row
    assert len(packed) < 1 << 20
    path = kept(tmp_path, packed, "2024-05.csv.gz")
    blocks = []
    with (
        pytest.raises(ExportRefused, match="unpacks to over 200 times its size"),
        text_of(path, path.name, "utf-8") as stream,
    ):
        blocks.extend(len(block) for block in iter(lambda: stream.read(1 << 20), b""))
    # It is given up at 100 MiB, however much there is.
    assert 99 << 20 <= sum(blocks) <= 100 << 20


def test_a_small_file_may_unpack_to_much(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,v,1\n" * 1_000_000)  # 6 MB, 300 to 1000 times its size
    path = kept(tmp_path, packed, "2024-05.csv.gz")
    assert encoding_of(path, path.name) == "utf-8"
