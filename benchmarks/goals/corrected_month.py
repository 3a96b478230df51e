"""Which files a run touches after one month's export was corrected."""

from pathlib import Path

from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure
from benchmarks.goals.lake_files import belongs, files_of
from benchmarks.goals.project import Project
from benchmarks.sizes import month_after
from healthscore_assets.assets.graph import stages
from healthscore_assets.orchestration.plan import RAW, Graph
from healthscore_assets.orchestration.workplace import Workplace


def corrected_month(data: Dataset, correction: Dataset, work: Path) -> list[Figure]:
    """The middle month is delivered again with other numbers; compares the lake before and after.

    Parameters: ``correction`` is the same size by another seed.
    """
    project = Project.of(work / "project", data.files, data.lookups)
    project.run()
    before = files_of(project.lake)
    middle = len(data.files) // 2
    project.deliver(correction.files[middle])
    project.run()
    after = files_of(project.lake)
    months = data.size.all_months()
    may = allowed(_graph(project), months[middle], months[-1])
    touched = {name for name in before | after if before.get(name) != after.get(name)}
    other = {
        name
        for name in touched
        if name not in before or name not in after or before[name].sha256 != after[name].sha256
    }
    outside = sorted(name for name in touched if not belongs(name, may))
    return [
        Figure(
            "A corrected month touches only its own files and those of months that read it",
            f"{len(outside)} others",
            not outside,
            f"of {len(after)} files {len(touched)} were written, {len(other)} of them with other"
            f" bytes; {len(may)} tables and months may be"
            + (f"; not allowed: {', '.join(outside[:5])}" if outside else ""),
        )
    ]


def allowed(graph: Graph, month: str, last: str) -> set[tuple[str, str]]:
    """Tables and months that read the raw table of a month, directly or through others."""
    reached: set[tuple[str, str]] = set()
    to_follow = [(RAW, month)]
    while to_follow:
        table, at = to_follow.pop()
        if (table, at) in reached or at > last:
            continue
        reached.add((table, at))
        to_follow += [(sibling, at) for sibling in graph.steps[table]]
        to_follow += [
            (reader, month_after(at, later))
            for reader, inputs in graph.reads.items()
            if table in inputs
            for later in range(inputs[table] + 1)
        ]
    return reached


def _graph(project: Project) -> Graph:
    folder = project.folder
    return Graph.of(stages(Workplace.at(folder / "exports", folder / "lookups", project.lake)))
