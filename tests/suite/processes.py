"""Processes that tests start."""

from __future__ import annotations

import os
import select


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Wait until a process has ended, a zombie included; tell whether it has."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)
