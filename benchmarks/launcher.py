"""Runs commands one after the other, and tells what the system accounts for them.

    python -S launcher.py LIMIT_BYTES ERRORS COMMAND [--then COMMAND]...

A process of its own, as small as can be: a child starts with the peak memory of what forked it.
Prints JSON: seconds, CPU seconds and peak bytes of each command, its exit status, and whether it
was stopped at the limit; ends with the first that fails. What they say on standard error goes to
the file ERRORS.
"""

import json
import os
import select
import signal
import sys
import time

THEN = "--then"

_EVERY = 50
"""Milliseconds between two looks at the memory."""


def main() -> None:
    """Run what the command line says."""
    limit, errors, *words = sys.argv[1:]
    _first_to_go()
    commands: list[list[str]] = [[]]
    for word in words:
        if word == THEN:
            commands.append([])
        else:
            commands[-1].append(word)
    said = os.open(errors, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDWR)
    used = []
    for command in commands:
        started = time.perf_counter()
        pid = os.posix_spawn(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing, 0),
                (os.POSIX_SPAWN_DUP2, nothing, 1),
                (os.POSIX_SPAWN_DUP2, said, 2),
            ],
        )
        stopped = _stopped_at(int(limit), pid)
        _, status, usage = os.wait4(pid, 0)
        used.append(
            {
                "seconds": time.perf_counter() - started,
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_bytes": usage.ru_maxrss * 1024,
                "status": os.waitstatus_to_exitcode(status),
                "stopped": stopped,
            }
        )
        if status:
            break
    print(json.dumps(used))


def _stopped_at(limit: int, pid: int) -> bool:
    """Wait for the end of a process; whether it was killed for taking more than it may.

    What counts is memory that it has filled and that is its own: neither mappings that are
    reserved alone, nor files. Children of it are not watched.
    """
    if not hasattr(os, "pidfd_open"):
        return False  # not on Linux: no limit
    process = os.pidfd_open(pid)
    try:
        end = select.poll()
        end.register(process, select.POLLIN)
        while not end.poll(_EVERY):
            if _own_bytes(pid) > limit:
                signal.pidfd_send_signal(process, signal.SIGKILL)
                return True
        return False
    finally:
        os.close(process)


def _own_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:  # noqa: PTH123 - pathlib makes this process larger
        _, resident, shared, *_ = map(int, file.read().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def _first_to_go() -> None:
    """Should the system run out of memory all the same, it takes these and nobody else."""
    adjusted = "/proc/self/oom_score_adj"
    if os.access(adjusted, os.W_OK):
        with open(adjusted, "w") as file:  # noqa: PTH123
            file.write("1000")


if __name__ == "__main__":
    main()
