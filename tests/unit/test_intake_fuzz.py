"""The first files of the fuzz run; `python tests/fuzz_intake.py` does ten thousand."""

from pathlib import Path

from fuzz_intake import run


def test_broken_files_are_taken_in_or_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    assert run(300, seed=1, keep=tmp_path).found == []
