"""YAML lookups, read strictly: values, and the line of each setting for what is said of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from healthscore_assets.lookups.refused import LookupRefused


@dataclass(frozen=True)
class YamlFile:
    """What a file says.

    ``lines`` are those of its settings, by name with those that each is within:
    ``health.bands.green``.
    """

    path: Path
    values: dict[str, Any]
    lines: dict[str, int]

    def refused(self, name: str, what: str, todo: str) -> LookupRefused:
        """What is wrong with a setting, with its line or that of the setting it is within."""
        return LookupRefused(self.path, f"line {self.line(name)}", what, todo)

    def line(self, name: str) -> int:
        """The line of a setting, else of the innermost one that it is within."""
        return self.lines.get(self.innermost(name), 1)

    def innermost(self, name: str) -> str:
        """The setting of the file that a name is within; empty where there is no such."""
        while name and name not in self.lines:
            name = name.rpartition(".")[0]
        return name


def read_yaml(path: Path, empty_means: str) -> YamlFile:
    """Read a file of ``setting: value`` lines; an empty one has no settings.

    Parameters: ``empty_means`` is what a person gets who creates an empty file.
    Raises LookupRefused for a missing file, text that is not YAML or not UTF-8, other things than
    settings, and a setting given twice, naming the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LookupRefused(
            path, "", "no such file", f"create it; an empty file means {empty_means}"
        ) from None
    except OSError as error:
        raise LookupRefused(path, "", f"cannot be read ({error.strerror})", "check it") from None
    except UnicodeDecodeError:
        raise LookupRefused(path, "", "is not UTF-8 text", "save it as UTF-8") from None
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else ""
        raise LookupRefused(
            path, place, "is not YAML", "check the indentation and colons"
        ) from None
    if tree is None:
        return YamlFile(path, {}, {})
    if not isinstance(tree, yaml.MappingNode):
        raise LookupRefused(path, "line 1", "expected `setting: value` lines", "rewrite it")
    return YamlFile(path, values, _lines(path, tree))


def _lines(path: Path, tree: yaml.MappingNode, within: str = "") -> dict[str, int]:
    lines: dict[str, int] = {}
    for key, value in tree.value:
        name, line = f"{within}{key.value}", key.start_mark.line + 1
        if name in lines:
            raise LookupRefused(
                path,
                f"line {line}",
                f"setting {name} is given twice",
                f"keep one; the other is on line {lines[name]}",
            )
        lines[name] = line
        if isinstance(value, yaml.MappingNode):
            lines |= _lines(path, value, f"{name}.")
    return lines
