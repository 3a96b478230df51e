"""What the ids of features and pages stand for, and their product areas: two tables joined."""

from collections.abc import Mapping, Sequence

from healthscore_assets.pendo.definitions import Definition
from healthscore_assets.pendo.fivetran.versions import Version, latest


def joined(
    histories: Mapping[str, Sequence[Version]], groups: Mapping[str, Sequence[Version]]
) -> dict[str, dict[str, Definition]]:
    """By file, the definitions that it tells: the latest version of each id, with its group's name.

    Parameters: the versions of features and pages, and those of groups, by file.
    A group tells those in it, too, so that a month that uses them is known to have read it. A
    blank name leaves the id; no group, or one that no file knows, is no area.
    """
    areas = {key: (file, version.name) for file, key, version in _latest_of(groups)}
    told: dict[str, dict[str, Definition]] = {file: {} for file in (*histories, *groups)}
    for file, key, version in _latest_of(histories):
        of_group, area = areas.get(version.group_id, ("", ""))
        if not version.name and not area:
            continue
        told[file][key] = Definition(version.name or key, area or None)
        if area:
            told[of_group][key] = told[file][key]
    return told


def _latest_of(files: Mapping[str, Sequence[Version]]) -> list[tuple[str, str, Version]]:
    """The version that counts of each id, among those of all files, and the file that tells it."""
    found = latest(version for versions in files.values() for version in versions)
    at = {id(version): file for file, versions in files.items() for version in versions}
    return [(at[id(version)], key, version) for key, version in found.items()]
