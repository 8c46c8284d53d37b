"""What the C library keeps of memory that is free: glibc has an arena for each few threads, each in pieces."""

from __future__ import annotations

import ctypes

ARENAS = 2
"""By default eight a processor. A server's threads wait for one another anyway; with two arenas what one has freed is there
for the next (benchmarks/load.py, a day)."""
_M_ARENA_MAX = -8


def few_arenas() -> None:
    """Has all threads that are still to come share ARENAS; nothing where the C library is not glibc."""
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        set_option(_M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Hands free memory back to the system (some 10 ms); nothing where the C library is not glibc."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
