"""The start of the command, which is most of a short one: counted, not timed."""

import subprocess
import sys
from pathlib import Path

COUNTED = """
import atexit, gc, sys
from healthscore_assets.cli import main
atexit.register(lambda: print(sum(each["collections"] for each in gc.get_stats())))
main()
"""


def test_python_hardly_looks_for_garbage_in_what_is_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, "run", "--exports", tmp_path, "--lake", tmp_path / "lake"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "lookups/product_areas.csv: no such file" in done.stderr
    assert int(done.stdout.split()[-1]) < 100  # 709 times as Python does by itself
