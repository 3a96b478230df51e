"""Runs that bring usage into the inbox, and make no month."""

import dagster as dg

PULLED = "pulled_export"
"""The asset; it stands before the inbox, so nothing of the graph is made from it directly."""

PULLS = "pulls"
ONE_AT_A_TIME = {"healthscore/pull": "yes"}
"""Tag of runs of which the queue starts one at a time."""


def is_pull(run: dg.DagsterRun) -> bool:
    """Whether a run pulls, and makes no tables."""
    return run.job_name == PULLS or run.asset_selection == {dg.AssetKey(PULLED)}
