"""Two lakes, file by file."""

from collections.abc import Mapping

from project import Project


def files_of(project: Project) -> dict[str, bytes]:
    """What readers see of a lake: every table's months, and the copies for spreadsheets."""
    return {
        path: data
        for path, data in project.bytes_of_lake().items()
        if not path.startswith(("_stage/", "archive/"))
    }


def differing(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """Paths of files that only one of two lakes has, or that hold other bytes in it."""
    return sorted(path for path in {*one, *other} if one.get(path) != other.get(path))
