"""Settings of servers and the like from a YAML lookup; what was found is never repeated.

A secret may stand where its name should.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.setting_types import SECRET_NAME
from healthscore_assets.lookups.yaml_file import YamlFile

S = TypeVar("S", bound=BaseModel)
Place = tuple[str, ...]


def validated(
    file: YamlFile, kind: type[S], docs: str, variable: str, told: Callable[[Place], Place] = tuple
) -> S:
    """The settings of a file; headings with nothing below them are as if they were not there.

    Parameters: ``docs`` is the page that lists them, ``variable`` the name of a secret for example,
    ``told`` gives the place of a setting in the file by that in the model.
    Raises LookupRefused for the first that is wrong, with its line.
    """
    values = {name: value for name, value in file.values.items() if value is not None}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise _refusal(file, error, docs, variable, told) from None


def _refusal(
    file: YamlFile,
    error: ValidationError,
    docs: str,
    variable: str,
    told: Callable[[Place], Place],
) -> LookupRefused:
    first: Any = error.errors(include_input=False)[0]
    within = told(tuple(map(str, first["loc"])))
    name = ".".join(within)
    place = file.innermost(name) or name.partition(".")[0]
    if first["type"] == "extra_forbidden":
        return file.refused(name, f"setting {name} does not exist", f"{docs} lists them")
    if first["type"] == "missing":
        return file.refused(name, f"setting {place} needs {within[-1]}", "add it")
    if first["type"] == "string_pattern_mismatch" and first["ctx"]["pattern"] == SECRET_NAME:
        return file.refused(
            name,
            f"setting {name}: expected the name of an environment variable, such as {variable}",
            "put the secret into that variable, never into this file",
        )
    says = first["msg"].removeprefix("Value error, ")
    says = says[0].lower() + says[1:]
    of = f"setting {place}: " if place else ""
    return file.refused(name, f"{of}{says}", f"{docs} explains it")
