"""Who may write an index, and which snapshots are being read: two locks that go with their process, however it ends.

The one writer's is filelock's. What readers hold together is the system's own (flock): filelock's shared lock is a
database that every reader writes, and an index may lie where it can only be read.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOOK_SECONDS = 0.1
"""How often a writer that waits looks whether it may."""


@contextmanager
def alone(path: Path, *, wait: bool) -> Iterator[None]:
    """Holds the lock in the file `path`, which is made where there is none. Raises BlockingIOError where another one
    holds it and this one is not to `wait`, and OSError where it cannot be made."""
    lock = FileLock(path, timeout=-1 if wait else 0, poll_interval=LOOK_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        held = True
    else:
        held = False
    if held:
        del lock  # at once: a signal that comes while it is taken down would be lost
        raise BlockingIOError(str(path))
    try:
        yield
    finally:
        lock.release()


def lease(folder: Path, *, alone: bool = False) -> int:
    """A descriptor with a lock on the folder's `readers`, which keeps it from being removed until it is closed.

    Raises FileNotFoundError or BlockingIOError when the folder is gone or going, or (`alone`) is being read.
    """
    path = folder / "readers"
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        os.stat(path)  # the lock may be on a file that was removed before it was had
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
