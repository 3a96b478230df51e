"""Broken exports by the thousand: each is taken in, or refused in one line, and nothing is lost.

python tests/fuzz_intake.py --files 10000 --seed 1

Files of every shape and format are rendered, broken and loaded. A finding is any exception (the
reconciliation check raises too), a reason of more than one line or that names no file, a file that
says nothing at all, and memory or time beyond the bounds. The bytes of a finding are kept under
--keep, those of a crash of the interpreter in its folder `current`. Exit status 1 on any finding.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import intake_load
from dirt import LONG, LONG_MEASURES, WIDE, Rendered, TidyMonth, Use, render
from dirt_files import LONG_FORMATS, WIDE_FORMATS

SECONDS = 20
"""What one file of a few rows may take."""

MEGABYTES = 600
"""What the process may grow by after the first files."""

FINDINGS = Path(tempfile.gettempdir()) / "healthscore-fuzz"

WARM_UP = 50
"""Files after which every library is loaded."""

WHOLE = 20
"""Files that are not broken, to show that the others were good before."""

NASTY_CELLS = (
    *("", " ", "--", "null", "NaN", "inf", "-inf", "1e308", "1e999", "-1", "0x10", "1,00", "1 000"),
    *("99999999999999999999999", "9" * 400, "1.7976931348623157e308", "5e-324", "75%", "%", "٣"),
    *("\x00", '"', '""', "'", '"unclosed', "a,b", '["a","b"]', "[", "{", "\\", "=1+1", "Total"),
    *("_PENDO_T_abc", "VISITOR-UNIQUE-ID", "ACCOUNT-UNIQUE-ID", "\ufeff", "\u200b", "\u00a0"),
    *("2024-13-45", "0000-00-00", "9999-12-31", "1714521600000000", "-1714521600000", "3/4/24"),
    *("Account ID", "Visitor ID", "Clicks for X", "Clicks for ", "\r", "\n", "\t", ";" * 50),
    *("x" * 100_000, "\U0001f600", "Last 30 days", "Apr 1 - Apr 16", "2024-05-01/2024-05-31"),
)
NASTY_VALUES = (0.0, 0.5, 32.0, 44641.0, 1e12, 9007199254740994.0, 1e18, 1e300)
NASTY_BYTES = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b'"',
    b"\n",
    b"\r",
    b",",
    b"\x80" * 9,
)
FEATURES = ("Reports | Charts", "Export, all", "Ünïcode", "Export - Old")
CLIENTS = ("acme", "007", "Zürich", "Smith, Jane")


def tidy_month(rng: random.Random) -> TidyMonth:
    measures = rng.choice([*map(sorted, LONG_MEASURES), ["clicks", "days_active"]])
    uses = {}
    for _ in range(rng.randint(2, 12)):
        client, feature = rng.choice(CLIENTS), rng.choice(FEATURES)
        key = (client, f"v{rng.randint(1, 3)}", feature, rng.choice(measures))
        uses[key] = Use(*key, float(rng.randint(1, 5)))
    return TidyMonth("2024-05", tuple(uses.values()), (("idle", "v9"),))


def sample(rng: random.Random, nasty: bool = False) -> Rendered:
    """An inbox of any shape and format, valid unless its cells are nasty."""
    tidy = tidy_month(rng)
    if nasty:
        tidy = replace(tidy, uses=tuple(_nasty(use, rng) for use in tidy.uses))
    fits = any({use.measure for use in tidy.uses} <= held for held in LONG_MEASURES)
    shape = rng.choice(LONG if fits and rng.random() < 0.6 else WIDE)
    formats = sorted(set(LONG_FORMATS if shape in LONG else WIDE_FORMATS))
    rendered = render(tidy, rng, shape, rng.choice(formats))
    if nasty:  # the lookups are people's, and good
        listed = "".join(f'"{feature}",Area\n' for feature in FEATURES)
        rendered.lookups["product_areas.csv"] = f"feature,area\n{listed}"
    return rendered


def _nasty(use: Use, rng: random.Random) -> Use:
    """Half of the uses with one cell that is none, whatever the format."""
    cell = rng.choice(NASTY_CELLS)
    changes: tuple[dict[str, str | float], ...] = (
        *({"client": cell}, {"visitor": cell}, {"feature": cell}),
        {"value": rng.choice(NASTY_VALUES)},
    )
    return replace(use, **rng.choice(changes)) if rng.random() < 0.5 else use  # type: ignore[arg-type]


# ------------------------------------------------------------------------------- how they break


def flipped(content: bytes, rng: random.Random) -> bytes:
    broken = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 30))):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def without_a_piece(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.randint(1, 40) :]


def with_a_piece_again(content: bytes, rng: random.Random) -> bytes:
    start, to = rng.randrange(len(content)), rng.randrange(len(content))
    return content[:to] + content[start : start + rng.randint(1, 200)] + content[to:]


def with_nasty_bytes(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + rng.choice(NASTY_BYTES) + content[at:]


def lines_swapped(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


def cell_replaced(content: bytes, rng: random.Random) -> bytes:
    """One cell of what looks like delimited text; its bytes elsewhere."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    text = content.decode(encoding, errors="surrogateescape" if encoding == "utf-8" else "replace")
    delimiter = max(",;\t:", key=text.count)
    lines = text.split("\n")
    line = rng.randrange(len(lines))
    cells = lines[line].split(delimiter)
    cells[rng.randrange(len(cells))] = rng.choice(NASTY_CELLS)
    lines[line] = delimiter.join(cells)
    broken = "\n".join(lines)
    if encoding == "utf-8":
        return broken.encode(errors="surrogateescape")
    return broken.encode(encoding, errors="replace")


def as_it_is(content: bytes, _: random.Random) -> bytes:
    return content


Break = Callable[[bytes, random.Random], bytes]
BREAKS: tuple[Break, ...] = (
    *(flipped, cut, without_a_piece, with_a_piece_again, with_nasty_bytes, lines_swapped),
    *(cell_replaced, cell_replaced, cell_replaced, as_it_is),
)


def broken(content: bytes, rng: random.Random) -> bytes:
    """The content broken in one to three ways; of an archive, half are broken inside."""
    if content[:2] == b"\x1f\x8b" and rng.random() < 0.5:
        return gzip.compress(rng.choice(BREAKS)(gzip.decompress(content), rng), mtime=0)
    if content[:2] == b"PK" and rng.random() < 0.5:
        return _inside_zip(content, rng)
    for _ in range(rng.choice((1, 1, 2, 3))):
        content = rng.choice(BREAKS)(content, rng) if content else content
    return content


def _inside_zip(content: bytes, rng: random.Random) -> bytes:
    """One member of the workbook broken, the archive around it whole."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        chosen = rng.choice([n for n in old.namelist() if "sheet" in n or "shared" in n])
        for name in old.namelist():
            member = old.read(name)
            new.writestr(name, rng.choice(BREAKS)(member, rng) if name == chosen else member)
    return stream.getvalue()


# ------------------------------------------------------------------------------------ the verdict


@dataclass
class Findings:
    """What came of the files, and what should not have."""

    outcomes: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    slowest: float = 0.0


def run(files: int, seed: int, keep: Path, megabytes: int = MEGABYTES) -> Findings:
    """Break and load so many files; the same seed breaks them the same way."""
    findings = Findings()
    base = None
    for number in range(files):
        rng = random.Random(f"{seed}/{number}")
        whole = number < WHOLE
        nasty = not whole and rng.random() < 0.4
        rendered = sample(rng, nasty)
        name = rng.choice([name for name in rendered.files if not name.endswith(".yaml")])
        if not whole and not (nasty and rng.random() < 0.7):
            rendered.files[name] = broken(rendered.files[name], rng)
        folder = keep / "current" / f"{number}"  # new, so that nothing remembers another file
        _write(rendered, folder)
        kind = f"{rendered.shape}{Path(name).suffix.lower()}"
        wrong = _wrong(folder, rendered if whole else None, findings)
        if number == WARM_UP:
            base = _peak()
        elif base is not None and _peak() - base > megabytes:
            wrong = f"memory grew by {_peak() - base} MB"
            base = _peak()
        if wrong:
            findings.found.append(f"file {number} of seed {seed} ({kind}): {wrong}")
            shutil.move(folder, keep / f"finding-{seed}-{number}")
        else:
            shutil.rmtree(folder)
    return findings


def _write(rendered: Rendered, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for below, contents in (
        ("inbox", rendered.files.items()),
        ("lookups", ((name, text.encode()) for name, text in rendered.lookups.items())),
    ):
        (folder / below).mkdir(parents=True)
        for name, content in contents:
            (folder / below / name).write_bytes(content)


def _wrong(folder: Path, whole: Rendered | None, findings: Findings) -> str:
    """What is wrong with how an inbox was taken in, or nothing."""
    start = time.perf_counter()
    try:
        loaded = intake_load.load(folder / "inbox", folder / "lookups")
    except BaseException as error:  # whatever it is, a file made the reader fall over
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        findings.outcomes["raised"] += 1
        return "".join(traceback.format_exception(error))
    seconds = time.perf_counter() - start
    findings.slowest = max(findings.slowest, seconds)
    said = loaded.usage or loaded.quarantine or loaded.problems or loaded.visitors
    findings.outcomes["refused" if loaded.problems else "loaded"] += 1
    names = [path.name for path in (folder / "inbox").iterdir()]
    for line in loaded.problems:
        if len(line.splitlines()) != 1:
            return f"a reason of {len(line.splitlines())} lines: {line!r}"
        if not any(name in line for name in names):
            return f"a reason that names no file: {line!r}"
    if not said:
        return "nothing was said of the file"
    if seconds > SECONDS:
        return f"took {seconds:.1f} s"
    if whole:
        found = sum(float(row["value"]) for row in loaded.usage)
        if found != sum(whole.expected.values()) or loaded.problems or loaded.quarantine:
            return f"a whole file came back otherwise: {loaded.problems} {loaded.quarantine}"
    return ""


def _peak() -> int:
    """The most memory the process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def report(findings: Findings, files: int, seconds: float) -> Iterable[str]:
    counts = ", ".join(f"{count:,} {what}" for what, count in findings.outcomes.most_common())
    yield f"{files:,} files in {seconds:.0f} s: {counts}"
    yield f"slowest {findings.slowest:.2f} s, most memory {_peak():,} MB"
    yield from findings.found
    yield f"{len(findings.found)} findings"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=FINDINGS)
    arguments = parser.parse_args()
    start = time.perf_counter()
    findings = run(arguments.files, arguments.seed, arguments.keep)
    print("\n".join(report(findings, arguments.files, time.perf_counter() - start)))
    return 1 if findings.found else 0


if __name__ == "__main__":
    sys.exit(main())
