"""A local folder for what a process needs until it ends."""

import fcntl
import os
import shutil
import tempfile
import weakref
from pathlib import Path

_PREFIX = "healthscore-process-"
_LOCK = ".lock"


class ProcessFolder:
    """A folder in the system's temporary folder that goes away with the process.

    What a killed process left behind is removed by the next that makes such a folder. One in use
    is known by a lock on a file in it, which the system takes off however its process ends.
    """

    def __init__(self) -> None:
        _remove_abandoned(Path(tempfile.gettempdir()))
        lock = None
        while lock is None:  # another process may take the folder for abandoned until it is locked
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
            lock = _taken(self.path / _LOCK, os.O_CREAT)
        weakref.finalize(self, _remove, self.path, lock, os.getpid())


def _remove(folder: Path, lock: int, owner: int) -> None:
    if os.getpid() == owner:  # not a process that was forked off
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _remove_abandoned(where: Path) -> None:
    for lock in where.glob(f"{_PREFIX}*/{_LOCK}"):
        taken = _taken(lock)
        if taken is not None:
            shutil.rmtree(lock.parent, ignore_errors=True)
            os.close(taken)


def _taken(lock: Path, flags: int = 0) -> int | None:
    """The file opened and locked; None where it is gone, or is another process's or user's."""
    try:
        opened = os.open(lock, os.O_RDWR | flags, 0o600)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        return None
    if os.fstat(opened).st_nlink == 0:
        os.close(opened)
        return None
    return opened
