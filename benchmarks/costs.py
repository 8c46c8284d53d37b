"""What a piece of work costs, measured in a process of its own: seconds, processor seconds, memory."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

COST = "cost.json"


@dataclass(frozen=True)
class Cost:
    """Wall and processor seconds (children of the process included), and its highest memory in MB.

    A busy machine stretches the wall time; processor seconds hardly.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float

    @classmethod
    def read(cls, folder: Path) -> Cost | None:
        """What was noted in the folder, or None."""
        path = folder / COST
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def write(self, folder: Path) -> None:
        """Notes it in the folder."""
        (folder / COST).write_text(json.dumps(asdict(self)), encoding="utf-8")


def apart(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Cost]:
    """What the function gives for the arguments in a fresh process, and what it cost there."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, function, arguments).result()


def _measured(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Cost]:
    begun, before = time.perf_counter(), cpu_seconds()
    given = function(*arguments)
    return given, Cost(time.perf_counter() - begun, cpu_seconds() - before, memory_mb("VmHWM"))


def cpu_seconds() -> float:
    """Processor seconds of this process and its ended children, so far."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def memory_mb(field: str) -> float:
    """Linux's count of this process's resident memory: "VmRSS" is now, "VmHWM" the most so far.

    getrusage would count what the parent held when the process was made.
    """
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def size_mb(folder: Path) -> float:
    """What the files under the folder take up."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
