"""How the work of a cluster is cut, by the size of what is read."""

import ibis
import pytest

from healthscore_assets.lake.spark.sizes import Cuts, process_memory, rows_in_memory

MIB = 1024**2


def test_rows_in_memory() -> None:
    schema = ibis.schema({"client_id": "string", "value": "float64", "months_ago": "int64"})
    assert rows_in_memory(1_000, schema) == 1_000 * (24 + 8 + 8)


@pytest.mark.parametrize(
    ("size", "cores", "tasks"),
    [
        (0, 8, 1),
        (7 * MIB, 8, 1),  # not worth a second task
        (40 * MIB, 8, 5),  # 8 MiB each
        (400 * MIB, 8, 8),  # all cores; 7 would hold it
        (6_400 * MIB, 8, 100),  # 64 MiB each
        (6_401 * MIB, 8, 101),
        (6_400 * MIB, 400, 400),
    ],
)
def test_tasks_of_a_shuffle(size: int, cores: int, tasks: int) -> None:
    assert Cuts().shuffle_partitions(size, cores) == tasks


@pytest.mark.parametrize(
    ("largest", "of_machine", "mib"),
    [
        (0, None, 1_024),
        (500 * MIB, None, 2_024),
        (500 * MIB, 4_000 * MIB, 2_000),  # half of what there is
        (500 * MIB, 1_000 * MIB, 1_024),  # but a GiB at least
        (50_000 * MIB, None, 16 * 1_024),
    ],
)
def test_memory_of_a_process(largest: int, of_machine: int | None, mib: int) -> None:
    assert process_memory(largest, of_machine) == mib


def test_cuts_are_what_settings_say() -> None:
    told = {"spark.healthscore.task": 100, "spark.healthscore.smallestCompiled": 0}
    cuts = Cuts.of_settings(lambda name, default: told.get(name, int(default.removesuffix("b"))))
    assert cuts == Cuts(100, Cuts().smallest_task, 0)
    assert cuts.shuffle_partitions(1_001, 4) == 11
