"""Options that all commands share, and how commands end."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from healthscore_assets.lake.engine_name import EngineName

if TYPE_CHECKING:
    from healthscore_assets.lake.lake import Lake
    from healthscore_assets.orchestration.workplace import Workplace


_PANEL = "Where things are"

Exports = Annotated[
    Path,
    typer.Option(
        envvar="HEALTHSCORE_EXPORTS",
        help="Folder of exports; usage lies in its subfolder pendo.",
        rich_help_panel=_PANEL,
    ),
]
Lookups = Annotated[
    Path,
    typer.Option(
        envvar="HEALTHSCORE_LOOKUPS",
        help="Folder of product_areas.csv, internal_domains.csv and scoring.yaml.",
        rich_help_panel=_PANEL,
    ),
]
LakeFolder = Annotated[
    str,
    typer.Option(
        "--lake",
        envvar="HEALTHSCORE_LAKE",
        help="Folder of the tables, or s3://bucket/prefix.",
        rich_help_panel=_PANEL,
    ),
]
EngineOption = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        envvar="HEALTHSCORE_ENGINE",
        help="What computes the tables.",
        rich_help_panel=_PANEL,
    ),
]

EXPORTS = Path("exports")
LOOKUPS = Path("lookups")
LAKE = "lake"
ENGINE = EngineName.DUCKDB


def workplace_of(
    exports: Path, lookups: Path, lake: str, engine: EngineName = ENGINE
) -> "Workplace":
    """The folders that the options name.

    Ends the command where the lake can be neither a folder nor in an object store.
    """
    from healthscore_assets.orchestration.workplace import Workplace

    try:
        return Workplace.at(exports, lookups, lake, engine)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--lake") from None


def lake_of(lake: str) -> "Lake":
    """The lake alone, for commands that read its tables: Dagster is not loaded.

    Ends the command where it can be neither a folder nor in an object store.
    """
    from healthscore_assets.lake.lake import Lake

    try:
        return Lake.at(lake)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--lake") from None


def month_option(value: str | None) -> str | None:
    """Check that an option is a month, ``YYYY-MM``."""
    from healthscore_assets.lake.months import ordinal

    if value is not None:
        try:
            ordinal(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return value


def complain(lines: Iterable[str]) -> None:
    """One line per problem on standard error, as long as it needs to be."""
    for line in lines:
        print(" ".join(line.split()), file=sys.stderr)


def end(*lines: str) -> NoReturn:
    """End with status 1 and the reasons."""
    complain(lines)
    raise typer.Exit(1)
