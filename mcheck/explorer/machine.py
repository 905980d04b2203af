"""What of the machine this process uses, and what more it may use."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")
_MEMINFO = Path("/proc/meminfo")
_GROUPS = [  # of version 2 and of version 1: the limit, what is used, what of it can be dropped
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (
        Path("/sys/fs/cgroup/memory"),
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
]
_UNKNOWN = 4 << 30


def resident_bytes() -> int:
    """The resident set of this process in bytes.

    Where the system does not tell the present size (macOS), its largest size so far.
    """
    import resource

    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else largest * 1024
    return pages * resource.getpagesize()


def available_bytes() -> int:
    """What the system could still give to this process, in bytes; 4 GiB where it does not tell.

    The smaller one of what the machine has left and what the process's control group has left.
    """
    found = [n for n in (_of_machine(), _of_group()) if n is not None]
    return min(found, default=_UNKNOWN)


def _of_machine() -> int | None:
    try:
        line = re.search(r"^MemAvailable:\s+(\d+) kB", _MEMINFO.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(line[1]) * 1024 if line else None


def _of_group() -> int | None:
    """What is left of the limit of the control group that this process sees as the root."""
    try:
        for group, most, used, cached in _GROUPS:
            if (group / most).is_file():
                return _left(group, most, used, cached)
    except (OSError, ValueError):
        pass
    return None


def _left(group: Path, most: str, used: str, cached: str) -> int | None:
    limit = (group / most).read_text().strip()
    if not limit.isdigit():
        return None
    pages = re.search(rf"^{cached} (\d+)", (group / "memory.stat").read_text(), re.MULTILINE)
    taken = int((group / used).read_text()) - (int(pages[1]) if pages else 0)
    return max(0, int(limit) - taken)


def usable_cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
