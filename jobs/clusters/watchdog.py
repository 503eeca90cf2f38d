"""End this process when a task takes too long, even if it never gives another thread its turn."""

from __future__ import annotations

import faulthandler
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["no_longer_than"]

_LOCK: Final = threading.Lock()
_DEADLINES: Final[dict[int, float]] = {}  # by thread: a worker may have several


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """End the process, after writing on stderr where each thread is, if the body takes longer.

    Python's own watchdog does that. It needs no lock of the interpreter, which compiled code that hangs
    would keep; there is but one a process, so it is set to the nearest deadline of all threads.
    """
    thread = threading.get_ident()
    with _LOCK:
        _DEADLINES[thread] = time.monotonic() + seconds
        _set_watchdog()
    try:
        yield
    finally:
        with _LOCK:
            del _DEADLINES[thread]
            _set_watchdog()


def _set_watchdog() -> None:
    faulthandler.cancel_dump_traceback_later()
    if _DEADLINES:
        left = min(_DEADLINES.values()) - time.monotonic()
        faulthandler.dump_traceback_later(max(left, 1e-3), exit=True, file=sys.__stderr__ or 2)
