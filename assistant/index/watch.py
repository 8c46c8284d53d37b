"""A folder followed: refreshed at once, and again whenever it has changed and been quiet since."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from watchfiles import watch

QUIET_SECONDS = 2.0
"""How long nothing may change before what changed is read: a file that is being copied is not read half."""
LONGEST_SECONDS = 60.0
"""A folder that is never quiet is refreshed this often."""
SURE_SECONDS = 600.0
"""A folder without a change is refreshed this often all the same: a network share tells of no changes, and a watch can
lose one (watchfiles forgets what comes while it times out, and every error of a watch that it ignores)."""
RETRY_SECONDS = 30.0
"""When a refresh is tried again that could not be done, because another one was at work or the disk was full."""


def follow(folder: Path, refresh: Callable[[], bool], *, besides: Path) -> None:
    """Calls `refresh`, then again after every change in `folder` and every SURE_SECONDS without one; ends only with an
    exception, as KeyboardInterrupt.

    `refresh` tells whether it was done; if not, it is called again after RETRY_SECONDS. Changes under
    `besides`, where it writes, do not count.
    """
    done = refresh()
    while True:
        if done:
            done = _until_undone(folder, refresh, os.path.realpath(besides))
        else:
            time.sleep(RETRY_SECONDS)
            done = refresh()


def _until_undone(folder: Path, refresh: Callable[[], bool], besides: str) -> bool:
    """Refreshes after each change. Returns False once that is not done, True once `folder` is another one."""
    if (watched := _identity(folder)) is None:
        return False
    settled, refreshed_at = False, time.monotonic()
    for changes in watch(folder, step=int(QUIET_SECONDS * 1000), debounce=int(LONGEST_SECONDS * 1000),
                         rust_timeout=int(QUIET_SECONDS * 1000), yield_on_timeout=True, ignore_permission_denied=True,
                         watch_filter=lambda _, path: not Path(os.path.realpath(path)).is_relative_to(besides)):
        # Once without a change, for what changed before the watch began.
        if changes or not settled or time.monotonic() - refreshed_at > SURE_SECONDS:
            if not refresh():
                return False
            settled, refreshed_at = True, time.monotonic()
        if _identity(folder) != watched:
            break
    return True


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from one put in its place, of which a watch learns nothing; None where there is none."""
    try:
        status = os.stat(folder)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
