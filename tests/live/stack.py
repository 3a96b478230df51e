"""The whole stack on one machine, as deployed: code server, daemon and web server on Postgres."""

import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import dagster as dg
import grpc
import yaml
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES, RunRecord
from grpc_health.v1 import health_pb2, health_pb2_grpc
from processes import Server, free_port, until
from project import Project

from healthscore_assets.contracts import CONTRACTS, FILES

PROGRAMS = Path(sys.executable).parent
MONTH = "dagster/partition"
BACKFILL = "dagster/backfill"
JOB = "months"
NOT_DONE = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    *IN_PROGRESS_RUN_STATUSES,
    dg.DagsterRunStatus.CANCELING,
]
SHORTER = {
    "run_coordinator": {"config": {"dequeue_interval_seconds": 1}},
    "run_monitoring": {"poll_interval_seconds": 2},
}
"""What differs from the project's instance settings: nobody waits that long in a test."""
_DAEMON = (
    "from dagster._daemon import controller; controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2; "
    "from dagster._daemon.cli import main; main()"
)
"""The daemon's program; of backfills it looks at every 30 s else, which no setting changes."""


class Stack:
    """Servers over one project's folders, on one Dagster instance; see `running_stack`."""

    def __init__(self, root: Path, project: Project, storage: Mapping[str, Any]) -> None:
        self.project = project
        self.home = root / "dagster_home"
        self.home.mkdir(parents=True)
        settings = yaml.safe_load(
            files("healthscore_assets.orchestration").joinpath("dagster.yaml").read_text()
        )
        settings = _merged(settings, {**SHORTER, "storage": storage})
        (self.home / "dagster.yaml").write_text(yaml.safe_dump(settings))
        self._code_port, self._web_port = free_port(), free_port()
        workspace = root / "workspace.yaml"
        at = {"host": "127.0.0.1", "port": self._code_port, "location_name": "healthscore"}
        workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": at}]}))
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HEALTH", "DAGSTER"))}
        self.settings = {
            "DAGSTER_HOME": str(self.home),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS": "1",
            "HEALTHSCORE_EXPORTS": str(project.exports),
            "HEALTHSCORE_LOOKUPS": str(project.lookups),
            "HEALTHSCORE_LAKE": str(project.lake),
        }
        """What tells a program where the project and its instance are."""
        self.environment = clean | self.settings

        def server(name: str, *command: str) -> Server:
            log = root / f"{name}.log"
            return Server(name, [PROGRAMS / command[0], *command[1:]], root, self.environment, log)

        module, port = "healthscore_assets.definitions", str(self._code_port)
        self.code = server("code", "dagster", "api", "grpc", "-m", module, "-p", port)
        self.daemon = server("daemon", "python", "-c", _DAEMON, "run", "-w", str(workspace))
        web = ["-w", str(workspace), "-h", "127.0.0.1", "-p", str(self._web_port)]
        self.web = server("web", "dagster-webserver", *web)
        self.servers = [self.code, self.daemon, self.web]
        self.instance = dg.DagsterInstance.from_config(str(self.home))

    # Servers

    def start_code(self) -> None:
        """Start the code server and wait until it serves the graph."""
        self.code.start()
        self.wait("the code server to serve", self._serves, 120)

    def start(self, *, sensors: bool) -> None:
        """Start everything and wait until all of it answers; with sensors as they are, or off."""
        self.code.start()
        self.web.start()
        self.wait("the code server to serve", self._serves, 120)
        self.wait("the web server to load the graph", self._loaded, 120)
        if not sensors:
            self._switch_sensors_off()
        self.daemon.start()
        self.wait("the daemon to beat", self._beats, 120)

    def stop(self) -> None:
        """Stop everything that runs."""
        for each in reversed(self.servers):
            each.stop()
        self.instance.dispose()

    def wait(self, what: str, ask: Any, seconds: float, *, every: float = 0.1) -> Any:
        """Ask until the answer is true; fails with the ends of the logs."""
        return until(what, ask, seconds, self.servers, every=every)

    def _serves(self) -> bool:
        with grpc.insecure_channel(f"127.0.0.1:{self._code_port}") as channel:
            request = health_pb2.HealthCheckRequest(service="DagsterApi")
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=2)
            except grpc.RpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def _loaded(self) -> bool:
        try:
            return bool(self._sensors())
        except OSError:
            return False

    def _sensors(self) -> list[dict[str, Any]]:
        told = self.graphql(
            """{ repositoriesOrError { ... on RepositoryConnection {
                nodes { sensors { name sensorState { id status } } } } } }"""
        )
        nodes = told["repositoriesOrError"].get("nodes", [])
        return [sensor for node in nodes for sensor in node["sensors"]]

    def _switch_sensors_off(self) -> None:
        for sensor in self._sensors():
            told = self.graphql(
                """mutation($id: String!) { stopSensor(id: $id) {
                    __typename ... on PythonError { message } } }""",
                id=sensor["sensorState"]["id"],
            )
            assert told["stopSensor"]["__typename"] == "StopSensorMutationResult", told

    def _beats(self) -> bool:
        return {"BACKFILL", "QUEUED_RUN_COORDINATOR", "MONITORING", "SENSOR"} <= {
            *self.instance.get_daemon_heartbeats()
        }

    # What a person does in the UI

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._web_port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            told = json.load(response)
        assert "errors" not in told, told["errors"]
        return dict(told["data"])

    def launch(self, month: str, tables: Sequence[str] = (), **tags: str) -> str:
        """Materialize the tables of a month (default: all); returns the id of the run."""
        told = self.graphql(
            """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
                ... on LaunchRunSuccess { run { runId } }
                ... on PythonError { message } ... on InvalidSubsetError { message } } }""",
            p={
                "selector": {
                    "repositoryLocationName": "healthscore",
                    "repositoryName": "__repository__",
                    "pipelineName": "__ASSET_JOB",
                    "assetSelection": [
                        {"path": [table]} for table in tables or (*CONTRACTS, *FILES)
                    ],
                },
                "mode": "default",
                "runConfigData": {},
                "executionMetadata": {
                    "tags": [{"key": k, "value": v} for k, v in {MONTH: month, **tags}.items()]
                },
            },
        )
        assert "run" in told["launchRun"], told
        return str(told["launchRun"]["run"]["runId"])

    def backfill(self, months: Sequence[str], tables: Sequence[str] = ()) -> str:
        """Materialize months of tables (default: all) from the page of the assets."""
        paths = [{"path": [table]} for table in tables or (*CONTRACTS, *FILES)]
        return self._backfill({"assetSelection": paths, "partitionNames": list(months)})

    def backfill_job(self, months: Sequence[str], job: str = JOB) -> str:
        """Launch a backfill from the page of a job: one run per month."""
        repository = {
            "repositoryLocationName": "healthscore",
            "repositoryName": "__repository__",
        }
        selector = {
            "partitionSetName": f"{job}_partition_set",
            "repositorySelector": repository,
        }
        return self._backfill({"selector": selector, "partitionNames": list(months)})

    def _backfill(self, parameters: Mapping[str, Any]) -> str:
        told = self.graphql(
            """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
                ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
                ... on PartitionSetNotFoundError { message } } }""",
            p=parameters,
        )
        assert "backfillId" in told["launchPartitionBackfill"], told
        return str(told["launchPartitionBackfill"]["backfillId"])

    def cancel_backfill(self, backfill: str) -> None:
        told = self.graphql(
            """mutation($id: String!) { cancelPartitionBackfill(backfillId: $id) {
                __typename ... on PythonError { message } } }""",
            id=backfill,
        )
        assert told["cancelPartitionBackfill"]["__typename"] == "CancelBackfillSuccess", told

    # What became of it

    def runs(self, **tags: str) -> list[RunRecord]:
        """Runs with these tags, the oldest first."""
        return list(self.instance.get_run_records(dg.RunsFilter(tags=tags), ascending=True))

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None, run_id
        return run.status

    def finished(self, run_id: str, seconds: float = 240) -> dg.DagsterRunStatus:
        """How a run ended, once it has."""
        self.wait(f"run {run_id} to end", lambda: self.status(run_id) not in NOT_DONE, seconds)
        return self.status(run_id)

    def ticks(self, sensor: str) -> int:
        """How often a sensor has looked."""
        return sum(
            len(self.instance.get_ticks(state.instigator_origin_id, state.selector_id))
            for state in self.instance.all_instigator_state()
            if state.instigator_name == sensor
        )

    def idle(self) -> bool:
        """Whether no run waits or goes on."""
        return not self.instance.get_run_records(dg.RunsFilter(statuses=NOT_DONE), limit=1)

    def backfill_ended(self, backfill: str, seconds: float) -> str:
        """How a backfill ended, once it has and no run of it goes on."""

        def ended() -> str | None:
            found = self.instance.get_backfill(backfill)
            assert found is not None, backfill
            going = self.instance.get_run_records(
                dg.RunsFilter(tags={BACKFILL: backfill}, statuses=NOT_DONE), limit=1
            )
            return found.status.value if found.status.value in _ENDED and not going else None

        return str(self.wait(f"backfill {backfill} to end", ended, seconds, every=0.5))


_ENDED = ("COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED")


@contextmanager
def running_stack(
    root: Path, project: Project, storage: Mapping[str, Any], *, sensors: bool = False
) -> Iterator[Stack]:
    """A stack that is up, and down afterwards whatever happens."""
    stack = Stack(root, project, storage)
    try:
        stack.start(sensors=sensors)
        yield stack
    finally:
        stack.stop()


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = (
            _merged(old, value)
            if isinstance(old, Mapping) and isinstance(value, Mapping)
            else value
        )
    return merged
