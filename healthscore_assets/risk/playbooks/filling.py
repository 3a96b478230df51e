"""A message filled with a client's story. Templates come from people, so they are boxed in."""

import functools
import re
import traceback
from dataclasses import fields
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.risk.playbooks.playbook import Playbook
from healthscore_assets.risk.playbooks.story_parts import Story
from healthscore_assets.risk.playbooks.words import FILTERS, NotTold, printed

VARIABLES = tuple(field.name for field in fields(Story))
"""What a message can name."""

_OF_JINJA = (
    *("abs", "capitalize", "default", "first", "int", "join", "last", "length", "lower", "map"),
    *("rejectattr", "round", "selectattr", "sum", "title", "trim", "upper"),
)
"""Filters that always give the same for the same, and nothing large for something small."""

_FAILURES = (
    *(TemplateError, NotTold, TypeError, ValueError, LookupError, ArithmeticError),
    *(AttributeError, MemoryError, RecursionError, SyntaxError),
)
"""What a template can make of itself; see the documentation of Jinja's sandbox."""

_GROWING: dict[type[nodes.Node], str] = {
    nodes.Assign: "{% set %} is not allowed",
    nodes.AssignBlock: "{% set %} is not allowed",
    nodes.Macro: "{% macro %} is not allowed",
    nodes.Include: "{% include %} is not allowed",
    nodes.Import: "{% import %} is not allowed",
    nodes.FromImport: "{% import %} is not allowed",
    nodes.Extends: "{% extends %} is not allowed",
}
"""What lets a small template make a large message, or read what is not the story."""

_CLASS = re.compile(r"'[\w.]*?(\w+) object'")


class _Box(ImmutableSandboxedEnvironment):
    """Templates may look at a story and loop over what it lists, so all of them end soon."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call(self, _context: Context, _called: Any, *_: Any, **__: Any) -> Any:
        """Filters do what is needed: methods blow up texts, ranges and macros never end."""
        raise SecurityError("nothing can be called")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """With numbers only, and no powers: both make a small template a large message."""
        numbers = all(isinstance(side, int | float) for side in (left, right))
        if operator == "**" or not numbers:
            raise SecurityError(f"{operator} is only for numbers, and powers are refused")
        return super().call_binop(context, operator, left, right)


def _box() -> _Box:
    box = _Box(
        undefined=StrictUndefined,
        autoescape=False,  # plain text, for mails
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=printed,
    )
    box.filters = {name: box.filters[name] for name in _OF_JINJA} | FILTERS
    box.globals = {}
    return box


_BOX = _box()


def fill(playbook: Playbook, story: Story) -> str:
    """The message of a playbook to, or about, the client of a story.

    Raises LookupRefused, naming file and line, where the template cannot be filled, or nothing
    comes of it.
    """
    values = {name: getattr(story, name) for name in VARIABLES}
    try:
        filled = _template(playbook).render(values).strip()
    except _FAILURES as error:
        raise _refusal(playbook, error) from None
    if not filled:
        raise LookupRefused(
            playbook.path,
            f"line {_first_line(playbook)}",
            "the message comes out empty",
            "write text that does not depend on what is known of the client",
        )
    return filled


def refuse_unknown_names(playbook: Playbook) -> None:
    """Raise LookupRefused where a message names a variable that no story has, used or not.

    And where it might grow without bounds: by names of its own, or loops within loops.
    """
    try:
        tree = _BOX.parse(playbook.message)
        _refuse_growth(tree)
        unknown = meta.find_undeclared_variables(tree) - {*VARIABLES}
        names = list(tree.find_all(nodes.Name))
    except _FAILURES as error:
        raise _refusal(playbook, error) from None
    for name in names:
        if name.name in unknown:
            raise LookupRefused(
                playbook.path,
                f"line {name.lineno}",
                f"{name.name!r} is unknown",
                f"a message can name {', '.join(VARIABLES)}",
            )


def _refuse_growth(tree: nodes.Template) -> None:
    for kind, says in _GROWING.items():
        for found in tree.find_all(kind):
            raise TemplateSyntaxError(says, found.lineno)
    for loop in tree.find_all(nodes.For):
        if not list(loop.iter.find_all(nodes.Name)) and not isinstance(loop.iter, nodes.Name):
            raise TemplateSyntaxError("loops are over what the story lists", loop.lineno)
        for inner in loop.find_all(nodes.For):
            raise TemplateSyntaxError("a loop within a loop is not allowed", inner.lineno)


@functools.lru_cache(maxsize=64)
def _template(playbook: Playbook) -> Template:
    return _BOX.from_string(playbook.message)


def _refusal(playbook: Playbook, error: BaseException) -> LookupRefused:
    """What went wrong, by the line of the file."""
    says, todo = " ".join(str(error).split()).rstrip("."), "correct the message"
    if isinstance(error, TemplateSyntaxError):
        says = str(error.message).rstrip(".")
        todo = f"the filters are {', '.join(sorted(_BOX.filters))}" if "filter" in says else todo
    elif isinstance(error, SecurityError):
        todo = "name what the story has, with filters"
    elif isinstance(error, UndefinedError) and says.startswith(("'None' ", "tuple object ")):
        todo = "it is not known of every client: ask first, by {% if ... %}"
    elif isinstance(error, RecursionError):
        says = "it is nested too deeply"
    says = _CLASS.sub(r"\1", says)
    place = f"line {_line(playbook, error)}"
    return LookupRefused(playbook.path, place, f"the message fails: {says}", todo)


def _line(playbook: Playbook, error: BaseException) -> int:
    """The line on which a template failed: Jinja puts it into the traceback."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    within = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == "<template>" and frame.lineno is not None
    ]
    return within[-1] if within else _first_line(playbook)


def _first_line(playbook: Playbook) -> int:
    return len(playbook.message) - len(playbook.message.lstrip("\n")) + 1
