"""Runs commands one after the other, and tells what the system accounts for them.

    python -S launcher.py LIMIT_BYTES ERRORS COMMAND [--then COMMAND]...

A process of its own, as small as can be: a child starts with the peak memory of what forked it.
Prints JSON: seconds, CPU seconds and peak bytes of each command, and its exit status; stops at the
first that fails. What they say on standard error goes to the file ERRORS.
"""

import json
import os
import resource
import sys
import time

THEN = "--then"


def main() -> None:
    """Run what the command line says."""
    limit, errors, *words = sys.argv[1:]
    if int(limit):
        # Anonymous memory alone: a command fails with an error of its own, before it is killed.
        resource.setrlimit(resource.RLIMIT_DATA, (int(limit), int(limit)))
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
        _, status, usage = os.wait4(pid, 0)
        used.append(
            {
                "seconds": time.perf_counter() - started,
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_bytes": usage.ru_maxrss * 1024,
                "status": os.waitstatus_to_exitcode(status),
            }
        )
        if status:
            break
    print(json.dumps(used))


if __name__ == "__main__":
    main()
