"""Servers as processes of their own: started, watched, and gone afterwards."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")


@dataclass
class Server:
    """A command that runs until it is stopped, in a process group of its own, and its log.

    The kernel kills it when the tests' own process is killed, so that nothing survives those.
    """

    name: str
    command: Sequence[str | Path]
    folder: Path
    environment: Mapping[str, str]
    log: Path
    user: str | None = None
    stop_with: signal.Signals = signal.SIGTERM
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _orphans: list[psutil.Process] = field(default_factory=list, repr=False)

    def start(self) -> None:
        """Start it, again if need be; the log goes on."""
        assert not self.alive, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.user,
            )

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    def children(self) -> list[psutil.Process]:
        """What it started and what those started, without those that have ended."""
        try:
            return [e for e in psutil.Process(self.pid).children(recursive=True) if going(e.pid)]
        except psutil.NoSuchProcess:
            return []

    def kill(self, *, children: bool = True) -> None:
        """As a machine that fails or the kernel short of memory does; by default all of it."""
        if self._process is None:
            return
        started = self.children()
        if children:
            self._signal_all(signal.SIGKILL)
        else:
            self._orphans += started
            self._process.kill()
        self._process.wait(10)
        if children:
            until(f"{self.name} to die", lambda: not any(going(e.pid) for e in started), 30)

    def stop(self) -> None:
        """Ask, wait, then kill what is left of the group."""
        if self._process is None:
            return
        if self.alive:
            self._process.send_signal(self.stop_with)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(15)
        self.kill()
        for orphan in self._orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                orphan.kill()
        self._process = None

    def _signal_all(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def tail(self, lines: int = 25) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def going(pid: int) -> bool:
    """Whether a process is there and has not ended: one that nobody asked after is a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    what: str, ask: Callable[[], T], seconds: float, servers: Sequence[Server] = (), *, every=0.1
) -> T:
    """Ask until the answer is true, and return it; else fail saying what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            logs = "".join(f"\n--- {each.name}\n{each.tail()}" for each in servers)
            raise AssertionError(f"waited {seconds:.0f} s for {what}; last: {answer!r}{logs}")
        time.sleep(every)
