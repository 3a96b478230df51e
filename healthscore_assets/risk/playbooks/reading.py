"""Playbooks, from ``lookups/playbooks/<name>.md``."""

import functools
import re
from pathlib import Path

import yaml

from healthscore_assets.lake.content import version_of
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.risk.playbooks.examples import examples
from healthscore_assets.risk.playbooks.filling import fill, refuse_unknown_names
from healthscore_assets.risk.playbooks.playbook import Playbook
from healthscore_assets.risk.roles import ROLES

_KEYS = ("goal", "owner", "timeframe")
_SECTIONS = ("Steps", "Message")
_FENCE = "---"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEADING = re.compile(r"#{1,2}\s+(.*?)\s*#*\s*")
_STEP = re.compile(r"\d+[.)]\s+(\S.*)")

Line = tuple[int, str]


def read_playbooks(folder: Path) -> dict[str, Playbook]:
    """Every playbook of a folder by its name, each read once until its file changes.

    A missing folder has none. Raises LookupRefused for the first that cannot be used, naming file
    and line.
    """
    files = sorted(path for path in folder.glob("*.md") if not path.name.startswith("."))
    return {path.stem: read_playbook(path) for path in files}


def read_playbook(path: Path) -> Playbook:
    """One playbook; see `read_playbooks`."""
    return _read(path, version_of(path))


@functools.lru_cache(maxsize=128)
def _read(path: Path, _version: object) -> Playbook:
    if not _NAME.fullmatch(path.stem):
        what = "expected a name of small letters, digits and _"
        raise LookupRefused(path, "", what, "rename it, as in save_call.md")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise LookupRefused(path, "", f"cannot be read ({error.strerror})", "check it") from None
    except UnicodeDecodeError:
        raise LookupRefused(path, "", "is not UTF-8 text", "save it as UTF-8") from None
    end = _end_of_front_matter(path, lines)
    said = _front_matter(path, lines[1:end])
    sections = _sections(path, list(enumerate(lines, start=1))[end + 1 :])
    message = sections["Message"]
    first = message[0][0]
    playbook = Playbook(
        name=path.stem,
        path=path,
        goal=said["goal"],
        owner=said["owner"],
        timeframe=said["timeframe"],
        steps=_steps(path, sections["Steps"]),
        message="\n" * (first - 1) + "\n".join(text for _, text in message),
    )
    refuse_unknown_names(playbook)
    for story in examples():
        fill(playbook, story)
    return playbook


def _end_of_front_matter(path: Path, lines: list[str]) -> int:
    """The index of the line that ends the front matter."""
    if not lines or lines[0].rstrip() != _FENCE:
        todo = f"begin with a line {_FENCE}, then goal, owner and timeframe, then {_FENCE}"
        raise LookupRefused(path, "line 1", "has no front matter", todo)
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _FENCE:
            return number
    what = "the front matter does not end"
    raise LookupRefused(path, "line 1", what, f"put a line {_FENCE} after it")


def _front_matter(path: Path, lines: list[str]) -> dict[str, str]:
    """The values of `_KEYS`. The first of the lines is line 2 of the file."""
    try:
        tree = yaml.compose("\n".join(lines), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 2}" if mark else ""
        what = "the front matter is not YAML"
        raise LookupRefused(path, place, what, "put values with a colon in quotes") from None
    if tree is not None and not isinstance(tree, yaml.MappingNode):
        raise LookupRefused(path, "line 2", "expected `key: value` lines", "rewrite it")
    said: dict[str, str] = {}
    for key, value in tree.value if tree else ():
        place, name = f"line {key.start_mark.line + 2}", str(key.value)
        if name not in _KEYS:
            todo = f"the keys are {', '.join(_KEYS)}"
            raise LookupRefused(path, place, f"key {name} does not exist", todo)
        if name in said:
            raise LookupRefused(path, place, f"key {name} is given twice", "keep one")
        text = " ".join(value.value.split()) if isinstance(value, yaml.ScalarNode) else ""
        if not text or value.tag != "tag:yaml.org,2002:str":
            raise LookupRefused(path, place, f"{name}: expected text", "write a few words")
        if name == "owner" and text not in ROLES:
            todo = f"the roles are {', '.join(ROLES)}"
            raise LookupRefused(path, place, f"owner: there is no role {text}", todo)
        said[name] = text
    for name in _KEYS:
        if name not in said:
            what = f"the front matter has no {name}"
            raise LookupRefused(path, "line 1", what, f"add a line `{name}: ...`")
    return said


def _sections(path: Path, lines: list[Line]) -> dict[str, list[Line]]:
    """The lines below each heading, blank ones at either end left out."""
    sections: dict[str, list[Line]] = {}
    within: list[Line] | None = None
    for number, text in lines:
        heading = _HEADING.fullmatch(text)
        if heading:
            name = heading[1]
            if name not in _SECTIONS or not text.startswith("## "):
                todo = "the headings are ## Steps and ## Message; deeper ones begin with ###"
                raise LookupRefused(path, f"line {number}", f"heading {text!r} is unknown", todo)
            if name in sections:
                what = f"there is a second ## {name}"
                raise LookupRefused(path, f"line {number}", what, "keep one")
            within = sections[name] = []
        elif within is not None:
            within.append((number, text))
        elif text.strip():
            what = "expected ## Steps or ## Message after the front matter"
            raise LookupRefused(path, f"line {number}", what, "move the text below one of them")
    last = max((number for number, text in lines if text.strip()), default=1)
    for name in _SECTIONS:
        if name not in sections:
            what = f"there is no ## {name}"
            raise LookupRefused(path, f"line {last}", what, f"add the section ## {name}")
        rows = sections[name]
        while rows and not rows[-1][1].strip():
            rows.pop()
        while rows and not rows[0][1].strip():
            rows.pop(0)
        if not rows:
            at = next(number for number, text in lines if _is_heading(text, name))
            what = f"## {name} has nothing below it"
            raise LookupRefused(path, f"line {at}", what, "write it")
    return sections


def _is_heading(text: str, name: str) -> bool:
    heading = _HEADING.fullmatch(text)
    return heading is not None and heading[1] == name


def _steps(path: Path, lines: list[Line]) -> tuple[str, ...]:
    """The points of a numbered list; indented lines go on with the point above."""
    steps: list[str] = []
    for number, text in lines:
        step = _STEP.fullmatch(text.rstrip())
        if step:
            steps.append(step[1])
        elif steps and text.startswith((" ", "\t")) and text.strip():
            steps[-1] += f" {text.strip()}"
        elif text.strip():
            what = f"expected a numbered step, found {text.strip()!r}"
            todo = "write `1. ...`, and indent lines that go on with a step"
            raise LookupRefused(path, f"line {number}", what, todo)
    return tuple(steps)
