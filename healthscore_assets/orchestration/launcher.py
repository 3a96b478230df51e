"""A run launcher that tells when the process of a run is gone."""

import functools
import time

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

from healthscore_assets.orchestration.worker import is_gone

_COMES_BACK_SECONDS = 120.0


class WatchedRunLauncher(DefaultRunLauncher):
    """Runs go to the code server, as with the stock launcher.

    That one cannot tell a run whose process was killed together with the code server: such a run
    stays "started" until its longest runtime is over. Here the daemon asks, for every started run,
    whether its process is alive, or else whether the code server still knows it.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Asked by the daemon's run monitoring."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed only where it is certain, and where the run could be launched again.

        A code server that cannot be reached is given two minutes to come back: Dagster gives a
        retry up for good that it cannot launch.
        """
        knows = self._known_to_its_server(run)
        if knows is None:
            since = self._unreachable.setdefault(run.run_id, time.monotonic())
            gone = time.monotonic() - since > _COMES_BACK_SECONDS and is_gone(run) is True
        else:
            self._unreachable.pop(run.run_id, None)
            here = is_gone(run)
            gone = here if here is not None else not knows
        if gone:
            return CheckRunHealthResult(WorkerStatus.FAILED, "The process of the run is gone.")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    @functools.cached_property
    def _unreachable(self) -> dict[str, float]:
        return {}

    def _known_to_its_server(self, run: dg.DagsterRun) -> bool | None:
        """Whether the code server has the run; None where it does not answer.

        A run of the command line has no server: it is known as long as its process is there.
        """
        client = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        if client is None:
            return True
        try:
            answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run.run_id))
        except DagsterUserCodeUnreachableError:
            return None
        return deserialize_value(answer, CanCancelExecutionResult).can_cancel
