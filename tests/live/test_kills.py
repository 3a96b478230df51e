"""kill -9 of the process of a run, at random moments: every month stays whole.

The runs of the code server first, two at a time on two months, as the daemon launches them; then
those of the command line, where nothing but the next command can clear up.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import psutil
import pyarrow.parquet as pq
import pytest
from moments import Tally, Watch
from postgres import Postgres
from processes import until
from project import COMMAND, Project
from stack import NOT_DONE, Stack, running_stack

from healthscore_assets.contracts import CONTRACTS

SEED = 20240229
SERVER_KILLS, COMMAND_KILLS = 40, 12
# Far enough apart that neither reads the other.
LANES = ("2022-06", "2024-06")
EARLIER = ("2022-04", "2022-05", "2024-04", "2024-05")
CLICKS = ({"acme": 5, "bolt": 3}, {"acme": 5, "bolt": 40, "cogs": 7})
"""A month's export and its correction."""


@dataclass
class Truth:
    """The lakes that undisturbed runs make, by which export of the last months was delivered."""

    lakes: list[dict[str, bytes]]

    def month(self, month: str, version: int) -> dict[str, bytes]:
        return {path: data for path, data in self.lakes[version].items() if month in path}

    def same(self, project: Project, version: int) -> None:
        """The whole lake is the undisturbed one, archive and all, and nothing is left aside."""
        found = lake_of(project)
        expected = self.lakes[version] | {p: b for p, b in found.items() if p[:8] == "archive/"}
        assert found.keys() == expected.keys()
        assert [path for path in found if found[path] != expected[path]] == []

    def whole(self, project: Project, month: str) -> None:
        """Every file of the month is readable, keeps its schema and is the old or the new one."""
        found = {path: data for path, data in lake_of(project).items() if month in path}
        assert found.keys() == self.month(month, 0).keys()
        for path, data in found.items():
            assert data in [lake[path] for lake in self.lakes], f"{path}: neither old nor new"
            if path.endswith(".parquet"):
                columns = pq.read_table(project.lake / path, partitioning=None).column_names
                assert columns == list(CONTRACTS[path.split("/")[0]].columns)

    def others_untouched(self, project: Project) -> None:
        found = lake_of(project)
        same = [p for p in self.lakes[0] if not any(month in p for month in LANES)]
        assert {p: found.get(p) for p in same} == {p: self.lakes[0][p] for p in same}


def lake_of(project: Project) -> dict[str, bytes]:
    """What lies in the lake but for what is being written aside."""
    found = project.bytes_of_lake()
    return {path: data for path, data in found.items() if not path.startswith("_stage/")}


def deliver(project: Project, month: str, version: int) -> None:
    project.deliver_month(month, CLICKS[version])


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that is done, with the history of its runs; to be copied."""
    project = Project.make(tmp_path_factory.mktemp("delivered") / "project")
    for month in (*EARLIER, *LANES):
        deliver(project, month, 0)
    assert project.run("run").returncode == 0
    return project


def copied(project: Project, root: Path) -> Project:
    shutil.copytree(project.root, root)
    return Project(root)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory, delivered: Project) -> Truth:
    project = copied(delivered, tmp_path_factory.mktemp("undisturbed") / "project")
    lakes = [lake_of(project)]
    for month in LANES:
        deliver(project, month, 1)
    assert project.run("run").returncode == 0
    lakes.append(lake_of(project))
    # Corrections change most tables; what is the same in both would prove nothing.
    changed = {p.split("/")[0] for p in lakes[0] if lakes[0][p] != lakes[1][p]}
    assert {"raw_pendo_export", "cleaned_usage", "momentum", "client_scores"} <= changed
    return Truth(lakes)


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, database: Postgres, delivered: Project
) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("kills")
    project = copied(delivered, root / "project")
    with running_stack(root, project, database.database("kills")) as stack:
        yield stack


# Runs of the code server


@dataclass
class Lane:
    """One month, made again and again with the other export; each run is killed once."""

    stack: Stack
    truth: Truth
    month: str
    tally: Tally
    version: int = 0
    run_id: str = ""
    plan: tuple[str, float] = ("", 0.0)
    moment: float | None = None
    process: psutil.Process | None = None
    killed: bool = False
    launched: float = 0.0
    asked: float = 0.0
    watch: Watch | None = None
    loading: set[int] = field(default_factory=set)

    def launch(self, plan: tuple[str, float]) -> None:
        self.version = 1 - self.version
        deliver(self.stack.project, self.month, self.version)
        self.watch = Watch(self.stack.project.lake, self.month)
        self.loading = {each.pid for each in self.stack.code.children()}
        self.plan, self.moment, self.process, self.killed = plan, None, None, False
        self.launched = time.monotonic()
        # A crashed run is run again by itself; here the next one is this test's own.
        self.run_id = self.stack.launch(self.month, **{"dagster/max_retries": "0"})

    def step(self) -> bool:
        """Kill if the moment has come; says whether the run has ended and was found in order."""
        assert self.watch is not None
        now = time.monotonic()
        if not self.killed and self._due(now):
            self._kill()
        if now - self.asked < 0.05:
            return False
        self.asked = now
        status = self.stack.status(self.run_id)
        if self.process is None and not self.killed:
            self._find(status, now)
        if status in NOT_DONE:
            if now - self.launched > 240:
                tails = "\n".join(server.tail() for server in self.stack.servers)
                raise AssertionError(f"run {self.run_id} of {self.month} hangs: {status}\n{tails}")
            return False
        self._judge(status)
        return True

    def _due(self, now: float) -> bool:
        if self.plan[0] == "promotion":
            return self.process is not None and self.watch.replaced() >= self.plan[1]
        return self.moment is not None and now >= self.moment

    def _find(self, status: dg.DagsterRunStatus, now: float) -> None:
        """The process to kill, and when."""
        if self.plan[0] == "loading":
            if status is dg.DagsterRunStatus.STARTING:
                new = [each for each in self.stack.code.children() if each.pid not in self.loading]
                if new:
                    self.process, self.moment = new[-1], now + self.plan[1]
        elif status is dg.DagsterRunStatus.STARTED or self.plan[0] == "promotion":
            for event in self.stack.instance.all_logs(
                self.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT
            ):
                if found := re.search(r"Started process for run \(pid: (\d+)\)", event.message):
                    try:
                        self.process = psutil.Process(int(found[1]))
                    except psutil.NoSuchProcess:
                        return
                    self.moment = now + self.plan[1]

    def _kill(self) -> None:
        self.killed = True
        assert self.process is not None
        try:
            self.process.kill()
        except psutil.NoSuchProcess:
            self.process = None

    def _judge(self, status: dg.DagsterRunStatus) -> None:
        replaced = self.watch.replaced()
        if status is dg.DagsterRunStatus.FAILURE:
            assert self.killed, f"run {self.run_id} of {self.month} failed by itself"
            self.tally.count(replaced, self.watch.files)
        else:
            assert status is dg.DagsterRunStatus.SUCCESS
            assert replaced == self.watch.files
            self.tally.outlived += 1
        self.truth.whole(self.stack.project, self.month)
        self.truth.others_untouched(self.stack.project)


def moments(rng: random.Random, working: float, files: int) -> Iterator[tuple[str, float]]:
    """When to kill, without end: while the process loads, while it works, at a promotion.

    Those while it works are spread over the seconds that work takes, one in each tenth in turn;
    of the promotions each has its turn, the last one too, after which the run has only to end.
    """
    tenths: list[int] = []
    numbers: list[int] = []
    while True:
        for kind in ("working", "promotion", "working", "loading", "working", "promotion"):
            if kind == "loading":
                yield kind, rng.uniform(0, 2)
            elif kind == "promotion":
                numbers = numbers or [files, *rng.sample(range(1, files), files - 1)]
                yield kind, numbers.pop(0)
            else:
                tenths = tenths or rng.sample(range(10), 10)
                yield kind, working * (tenths.pop() + rng.random()) / 10


def test_runs_of_the_code_server_are_killed_and_every_month_stays_whole(
    stack: Stack, truth: Truth
) -> None:
    assert lake_of(stack.project) == truth.lakes[0]
    rng, tally, began = random.Random(SEED), Tally(), time.monotonic()
    lanes = [Lane(stack, truth, month, tally) for month in LANES]
    # Nobody disturbs these two, which tell how long the work takes when both go on.
    ids = [stack.launch(month) for month in LANES]
    assert [stack.finished(each) for each in ids] == [dg.DagsterRunStatus.SUCCESS] * 2
    assert lake_of(stack.project) == truth.lakes[0]
    records = [stack.instance.get_run_record_by_id(each) for each in ids]
    working = sum(each.end_time - each.start_time for each in records) / 2
    files = Watch(stack.project.lake, LANES[0]).files
    plans = moments(rng, working, files)
    for lane in lanes:
        lane.launch(next(plans))
    going = list(lanes)
    while going:
        for lane in list(going):
            if lane.step():
                if tally.total + len(going) - 1 < SERVER_KILLS:
                    lane.launch(next(plans))
                else:
                    going.remove(lane)
        time.sleep(0.002)
    # Afterwards nothing is in the way of an undisturbed run.
    for lane in lanes:
        deliver(stack.project, lane.month, 1)
    ids = [stack.launch(month) for month in LANES]
    assert [stack.finished(each) for each in ids] == [dg.DagsterRunStatus.SUCCESS] * 2
    truth.same(stack.project, 1)
    print(
        f"\ncode server, {working:.1f} s of work a run: {tally}; {time.monotonic() - began:.0f} s"
    )
    assert tally.total >= SERVER_KILLS
    assert len(tally.kills) == 3


# Runs of the command line


def test_the_command_is_killed_and_the_next_one_goes_on(
    tmp_path: Path, delivered: Project, truth: Truth
) -> None:
    project = copied(delivered, tmp_path / "project")
    assert lake_of(project) == truth.lakes[0]
    rng, tally, began = random.Random(SEED), Tally(), time.monotonic()
    version, month = 0, LANES[-1]
    # The first month is made good before the last is killed again and again.
    started = time.monotonic()
    deliver(project, LANES[0], 1)
    assert project.run("run").returncode == 0
    seconds = time.monotonic() - started
    while tally.total < COMMAND_KILLS:
        version = 1 - version
        deliver(project, month, version)
        for attempt in range(3):
            watch = Watch(project.lake, month)
            # The file that tells what was taken in is promoted first: then it is touch and go.
            at = rng.uniform(0.3, 1) * seconds if attempt else None
            if killed_command(project, watch, at):
                tally.count(watch.replaced(), watch.files)
            else:
                tally.outlived += 1
            truth.whole(project, month)
        done = project.run("run")
        assert done.returncode == 0, done.stderr
        # Nobody told the next command of the crash: it found by itself what was left to do.
        same = truth.month(month, version)
        found = lake_of(project)
        assert [path for path in same if found[path] != same[path]] == []
    deliver(project, month, 1)
    assert project.run("run").returncode == 0
    truth.same(project, 1)
    print(f"\ncommand line, {seconds:.1f} s a command: {tally}; {time.monotonic() - began:.0f} s")


def killed_command(project: Project, watch: Watch, seconds: float | None) -> bool:
    """Run the command and kill it after so long, or at its first promotion; says whether it did."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HEALTHSCORE", "DAGSTER"))}
    began = time.monotonic()
    command = subprocess.Popen(
        [COMMAND, "run"],
        cwd=project.root,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def due() -> bool:
        if command.poll() is not None:
            return True
        if seconds is None:
            return watch.replaced() > 0
        return time.monotonic() - began > seconds

    try:
        until("the moment to kill the command", due, 120, every=0.0005)
    finally:
        if command.poll() is None:
            os.killpg(command.pid, signal.SIGKILL)
        ended = command.wait(10)
    return ended == -signal.SIGKILL
