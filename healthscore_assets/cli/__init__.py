"""The ``healthscore`` command: a thin skin over the graph and its tables.

Each command is a file; heavy imports wait until a command runs, so that help is quick.
"""

import atexit
import gc
import sys

import typer

from healthscore_assets.cli.alerts import alerts
from healthscore_assets.cli.check import check
from healthscore_assets.cli.deliver import deliver
from healthscore_assets.cli.demo import demo
from healthscore_assets.cli.explain import explain
from healthscore_assets.cli.options import complain
from healthscore_assets.cli.pull import pull
from healthscore_assets.cli.run import run
from healthscore_assets.cli.scores import scores
from healthscore_assets.cli.status import status
from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.unavailable import LakeUnavailable

app = typer.Typer(
    name="healthscore",
    help="Fair, explained 0-100 client health scores from raw Pendo usage exports.\n\n"
    "Put the exports in exports/pendo/ and describe your product in lookups/product_areas.csv. "
    "Then: healthscore run, healthscore status, healthscore scores, healthscore explain CLIENT.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (demo, check, pull, run, status, scores, explain, deliver):
    app.command()(command)
app.add_typer(alerts, name="alerts")


_NEW_OBJECTS = 50_000
"""So many at a time are looked through for garbage, where 700 are usual.

What is imported stays, and looking through it again and again was a third of a short command.
"""


def main() -> None:
    """Entry point of the command. A lake that cannot be used ends it with 1 and the reason."""
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)  # the process ends: nothing has to be looked through once more
    try:
        app()
    except (LakeRefused, LakeUnavailable) as error:
        complain([str(error)])
        sys.exit(1)
