"""Which files a run touches after one month's export was corrected."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure
from benchmarks.goals.lake_files import ARCHIVE, File, files_of, place_of
from benchmarks.goals.project import Project
from benchmarks.goals.reach import reached
from benchmarks.sizes import month_after
from healthscore_assets.assets.graph import stages
from healthscore_assets.orchestration.plan import RAW, Graph
from healthscore_assets.orchestration.workplace import Workplace


def corrected_month(data: Dataset, correction: Dataset, work: Path) -> list[Figure]:
    """A month is delivered again with other numbers; compares the lake before and after.

    Two sets of tables and months bound what may be touched: by the declared windows, which also
    plan the run, and by those of `reach`, which nobody plans by.
    Parameters: ``correction`` is the same size by another seed.
    """
    project = Project.of(work / "project", data.files, data.lookups)
    project.run()
    before = files_of(project.lake)
    corrected = len(data.files) // 3
    project.deliver(correction.files[corrected])
    project.run()
    after = files_of(project.lake)
    months = data.size.all_months()
    month = months[corrected]
    declared, by_hand = allowed(_graph(project), month, months[-1]), reached(month, months)
    touched = {name for name in before | after if before.get(name) != after.get(name)}
    other = [name for name in touched if _bytes(before, name) != _bytes(after, name)]
    places = {place_of(name) for name in touched}
    tables = {place for place in places if place[0] != ARCHIVE}
    outside = sorted(
        f"{folder} {at}"
        for folder, at in tables
        if (folder, at) not in by_hand or (folder.removesuffix("_csv"), at) not in declared
    )
    kept = sorted(name for name in touched if place_of(name)[0] == ARCHIVE)
    met = not outside and len(kept) == 1 and kept[0] not in before
    return [
        Figure(
            "A corrected month touches only its own files and those of months that read it",
            f"{len(outside)} others",
            met,
            f"of {len(after)} files {len(touched)} were written, {len(other)} with other bytes:"
            f" {len(kept)} in the archive, and {len(tables)} tables of months, where the windows"
            f" written by hand allow {len(by_hand)}"
            + (f"; not allowed: {', '.join(outside[:5])}" if outside else ""),
        )
    ]


def _bytes(files: Mapping[str, File], name: str) -> str | None:
    return files[name].sha256 if name in files else None


def allowed(graph: Graph, month: str, last: str) -> set[tuple[str, str]]:
    """Tables and months that read the raw table of a month, directly or through others."""
    found: set[tuple[str, str]] = set()
    to_follow = [(RAW, month)]
    while to_follow:
        table, at = to_follow.pop()
        if (table, at) in found or at > last:
            continue
        found.add((table, at))
        to_follow += [(sibling, at) for sibling in graph.steps[table]]
        to_follow += [
            (reader, month_after(at, later))
            for reader, inputs in graph.reads.items()
            if table in inputs
            for later in range(inputs[table] + 1)
        ]
    return found


def _graph(project: Project) -> Graph:
    folder = project.folder
    return Graph.of(stages(Workplace.at(folder / "exports", folder / "lookups", project.lake)))
